/* SPDX-License-Identifier: ISC */
#include "app/commands/room.h"

#include <stdio.h>
#include <string.h>

#include "bytes/span.h"
#include "stanza/jid.h"

#define JID_ARENA_BYTES 65536u

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
    bool is, joined, settled;
    sotto_status reason;
    uint32_t number;
} room_search;

static sotto_status room_look(void *arg, const sotto_room *room) {
    room_search *search = arg;
    if (!bytes_is(room->jid, search->jid)) return SOTTO_OK;
    search->is = true;
    search->joined = room->joined;
    search->settled = room->settled;
    search->reason = room->reason;
    search->number = room->number;
    return SOTTO_OK;
}

sotto_status app_room_find(sotto_engine *engine, const char *jid, bool *ret_is, bool *ret_joined) {
    room_search search = {.jid = jid};
    SOTTO_TRY(sotto_engine_rooms(engine, room_look, &search));
    *ret_is = search.is;
    *ret_joined = search.joined;
    return SOTTO_OK;
}

/* Not told yet: what is handed to the engine waits until it knows. */
sotto_status app_room_readable(sotto_engine *engine, const char *jid) {
    room_search search = {.jid = jid};
    SOTTO_TRY(sotto_engine_rooms(engine, room_look, &search));
    if (!search.is) return SOTTO_FAIL(NOT_JOINED);
    if (!search.settled) return SOTTO_OK;
    SOTTO_TRY(search.reason);
    return search.number > 0 ? SOTTO_OK : SOTTO_FAIL(NO_DEVICE);
}

/* ---- one of those who are in it ---- */

bool app_room_nick_read(const char *typed, char ret_room[SOTTO_JID_BYTES_MAX + 1],
                        char ret_nick[SOTTO_JID_PART_BYTES_MAX + 1]) {
    bytes_arena arena;
    stanza_jid jid;
    bytes_arena_init(&arena, sotto_host_default(), JID_ARENA_BYTES);
    bool good = sotto_ok(stanza_jid_parse(&arena, bytes_text(typed), &jid)) && jid.local.len > 0 &&
                jid.resource.len > 0 && jid.bare.len <= SOTTO_JID_BYTES_MAX &&
                jid.resource.len <= SOTTO_JID_PART_BYTES_MAX;
    if (good) {
        (void)snprintf(ret_room, SOTTO_JID_BYTES_MAX + 1, "%.*s", (int)jid.bare.len, (const char *)jid.bare.at);
        (void)snprintf(ret_nick, SOTTO_JID_PART_BYTES_MAX + 1, "%.*s", (int)jid.resource.len,
                       (const char *)jid.resource.at);
    }
    bytes_arena_clear(&arena);
    return good;
}

typedef struct nick_search {
    const char *nick;
    char *jid;
    bool found;
} nick_search;

static sotto_status nick_look(void *arg, const sotto_room_member *member) {
    nick_search *search = arg;
    if (!bytes_is(member->nick, search->nick) || member->jid.len > SOTTO_JID_BYTES_MAX) return SOTTO_OK;
    search->found = true;
    (void)snprintf(search->jid, SOTTO_JID_BYTES_MAX + 1, "%.*s", (int)member->jid.len,
                   member->jid.len > 0 ? (const char *)member->jid.at : "");
    return SOTTO_OK;
}

bool app_room_occupant(sotto_engine *engine, const char *room, const char *nick, const char *own,
                       char ret[SOTTO_JID_BYTES_MAX + 1], app_trouble *trouble) {
    room_search search = {.jid = room};
    nick_search who = {.nick = nick, .jid = ret};
    ret[0] = '\0';
    sotto_status status = sotto_engine_rooms(engine, room_look, &search);
    if (sotto_ok(status) && (!search.is || !search.joined))
        return app_trouble_set(trouble, "Not sent: you are not in %s. sotto join %s enters it.", room, room);
    if (sotto_ok(status)) status = sotto_engine_room_members(engine, bytes_text(room), nick_look, &who);
    if (!sotto_ok(status)) {
        app_trouble_status(trouble, status, own, room);
        return false;
    }
    if (search.settled && sotto_is(search.reason, SOTTO_E_ROOM_PUBLIC))
        return app_trouble_set(trouble,
                               "Not sent: anybody may enter %s, and private messages go through private rooms only. "
                               "Nothing left. Write to their own address, if you know it.",
                               room);
    if (search.settled && sotto_is(search.reason, SOTTO_E_ROOM_ANONYMOUS))
        return app_trouble_set(
            trouble, "Not sent: %s hides who is in it, so nothing can be encrypted for them. Nothing left.", room);
    if (!who.found)
        return app_trouble_set(trouble, "Not sent: nobody in %s is called %s now. sotto rooms shows who is there.",
                               room, nick);
    if (!ret[0])
        return app_trouble_set(
            trouble, "Not sent: %s does not say who %s is, so nothing can be encrypted for them. Nothing left.", room,
            nick);
    if (strcmp(ret, own) == 0)
        return app_trouble_set(trouble, "Not sent: in %s you are called %s yourself.", room, nick);
    return true;
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
