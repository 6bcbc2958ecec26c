/* SPDX-License-Identifier: ISC */
#include "app/commands/room.h"

#include <string.h>

#include "bytes/span.h"

static sotto_status room_add(void *arg, const sotto_room *room) {
    app_rooms *rooms = arg;
    if (rooms->count == rooms->size) {
        size_t size = rooms->size * 2 + 8;
        sotto_room *grown = bytes_arena_take(rooms->arena, size * sizeof *grown);
        if (!grown) return SOTTO_FAIL(NO_MEMORY);
        if (rooms->count > 0) memcpy(grown, rooms->at, rooms->count * sizeof *grown);
        rooms->at = grown;
        rooms->size = size;
    }
    sotto_room *copy = &rooms->at[rooms->count++];
    *copy = *room;
    bool copied = bytes_arena_copy(rooms->arena, room->jid, &copy->jid) &&
                  bytes_arena_copy(rooms->arena, room->nick, &copy->nick);
    return copied ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

sotto_status app_rooms_read(app_rooms *ret, bytes_arena *arena, sotto_engine *engine) {
    *ret = (app_rooms){.arena = arena};
    return sotto_engine_rooms(engine, room_add, ret);
}

typedef struct room_search {
    const char *jid;
    bool is, joined;
} room_search;

static sotto_status room_look(void *arg, const sotto_room *room) {
    room_search *search = arg;
    if (!bytes_is(room->jid, search->jid)) return SOTTO_OK;
    search->is = true;
    search->joined = room->joined;
    return SOTTO_OK;
}

sotto_status app_room_find(sotto_engine *engine, const char *jid, bool *ret_is, bool *ret_joined) {
    room_search search = {.jid = jid};
    SOTTO_TRY(sotto_engine_rooms(engine, room_look, &search));
    *ret_is = search.is;
    *ret_joined = search.joined;
    return SOTTO_OK;
}

const char *app_room_state(sotto_status reason) {
    switch (reason.code) {
    case 0:
        return "encrypted";
    case SOTTO_E_ROOM_PUBLIC:
        return "public";
    case SOTTO_E_ROOM_ANONYMOUS:
        return "anonymous";
    case SOTTO_E_ROOM_LEFT:
        return "left";
    default:
        return "broken";
    }
}

void app_room_print_state(const app_output *output, app_stream stream, sotto_status reason, uint32_t number,
                          uint32_t total, sotto_bytes text) {
    switch (reason.code) {
    case 0:
        if (total == 0)
            app_print(output, stream, "encrypted, but nobody else is a member");
        else
            app_print(output, stream, "encrypted for %u of %u other members", (unsigned)number, (unsigned)total);
        return;
    case SOTTO_E_ROOM_PUBLIC:
        app_print(output, stream, "public: anybody may enter, so nothing can be encrypted for it");
        return;
    case SOTTO_E_ROOM_ANONYMOUS:
        app_print(output, stream, "anonymous: it hides who is in it, so nothing can be encrypted for it");
        return;
    default:
        app_print(output, stream, "%s%s%s%.*s%s",
                  sotto_is(reason, SOTTO_E_ROOM_LEFT) ? "" : "cannot be encrypted now: ", sotto_status_text(reason),
                  text.len > 0 ? " (" : "", (int)text.len, text.len > 0 ? (const char *)text.at : "",
                  text.len > 0 ? ")" : "");
        return;
    }
}
