/* SPDX-License-Identifier: ISC
 *
 * sotto rooms: the rooms that were joined, what they are, who is in them, and with how many devices. */
#include <string.h>

#include "app/commands/commands.h"
#include "app/commands/room.h"
#include "app/json.h"
#include "app/keys.h"
#include "app/task.h"
#include "bytes/span.h"

#define ARENA_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define JSON_BYTES_MAX  (64u * 1024u)

typedef struct member {
    char jid[SOTTO_JID_BYTES_MAX + 1];
    sotto_bytes affiliation, nick;
} member;

typedef struct members {
    member *at;
    size_t count, size;
    bytes_arena *arena;
} members;

typedef struct showing {
    app_task *task;
    bytes_arena arena;
    bool json;
} showing;

static sotto_status member_add(void *arg, const sotto_room_member *shown) {
    members *all = arg;
    if (all->count == all->size) {
        size_t size = all->size * 2 + 8;
        member *grown = bytes_arena_take(all->arena, size * sizeof *grown);
        if (!grown) return SOTTO_FAIL(NO_MEMORY);
        if (all->count > 0) memcpy(grown, all->at, all->count * sizeof *grown);
        all->at = grown;
        all->size = size;
    }
    member *copy = &all->at[all->count++];
    size_t len = shown->jid.len < sizeof copy->jid ? shown->jid.len : 0;
    if (len > 0) memcpy(copy->jid, shown->jid.at, len);
    copy->jid[len] = 0;
    bool copied = bytes_arena_copy(all->arena, shown->affiliation, &copy->affiliation) &&
                  bytes_arena_copy(all->arena, shown->nick, &copy->nick);
    return copied ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

/* Devices on the list, and those of them that what is said in the room is encrypted to. */
static sotto_status count_devices(const showing *s, const char *jid, size_t *ret_devices, size_t *ret_accepted) {
    app_keys keys;
    *ret_devices = *ret_accepted = 0;
    if (!*jid) return SOTTO_OK;
    SOTTO_TRY(app_keys_read(&keys, app_session_engine(s->task->session), jid));
    app_keys_devices(&keys);
    for (size_t i = 0; i < keys.count; i++) {
        const app_key *key = &keys.at[i];
        if (!key->active) continue;
        ++*ret_devices;
        bool accepted = key->trust == SOTTO_TRUST_BLIND || key->trust == SOTTO_TRUST_VERIFIED;
        if (key->known && accepted) ++*ret_accepted;
    }
    return SOTTO_OK;
}

static sotto_status put_line(const showing *s, bytes_buffer *text) {
    sotto_bytes all;
    sotto_status status = bytes_buffer_end(text, &all);
    if (sotto_ok(status)) app_put(s->task->output, APP_OUT, all);
    bytes_buffer_free(text);
    return status;
}

static sotto_status show_member(const showing *s, sotto_bytes room, const member *m) {
    const app_output *output = s->task->output;
    size_t devices, accepted;
    SOTTO_TRY(count_devices(s, m->jid, &devices, &accepted));
    if (!s->json) {
        app_print(output, APP_OUT, "     %s  %.*s", *m->jid ? m->jid : "(hidden)", (int)m->affiliation.len,
                  (const char *)m->affiliation.at);
        if (m->nick.len > 0) app_print(output, APP_OUT, ", here as %.*s", (int)m->nick.len, (const char *)m->nick.at);
        app_print(output, APP_OUT, ", %zu of %zu devices used\n", accepted, devices);
        return SOTTO_OK;
    }
    bytes_buffer text;
    bytes_buffer_owned(&text, sotto_host_default(), JSON_BYTES_MAX);
    app_json json = app_json_begin(&text);
    app_json_text(&json, "room", room);
    if (*m->jid)
        app_json_text(&json, "member", bytes_text(m->jid));
    else
        app_json_null(&json, "member");
    app_json_text(&json, "affiliation", m->affiliation);
    if (m->nick.len > 0)
        app_json_text(&json, "nick", m->nick);
    else
        app_json_null(&json, "nick");
    app_json_number(&json, "devices", devices);
    app_json_number(&json, "used", accepted);
    app_json_end(&json);
    return put_line(s, &text);
}

static sotto_status show_room(const showing *s, const sotto_room *room) {
    const app_output *output = s->task->output;
    if (!s->json) {
        app_print(output, APP_OUT, "%.*s, as %.*s: ", (int)room->jid.len, (const char *)room->jid.at,
                  (int)room->nick.len, (const char *)room->nick.at);
        if (room->settled)
            app_room_print_state(output, APP_OUT, room->reason, room->number, room->total, BYTES_NONE);
        else
            app_print(output, APP_OUT, "%s",
                      room->joined ? "entered, not known yet what it is" : "not entered now; sotto listen does");
        app_print(output, APP_OUT, "\n");
        return SOTTO_OK;
    }
    bytes_buffer text;
    bytes_buffer_owned(&text, sotto_host_default(), JSON_BYTES_MAX);
    app_json json = app_json_begin(&text);
    app_json_text(&json, "room", room->jid);
    app_json_text(&json, "nick", room->nick);
    app_json_bool(&json, "joined", room->joined);
    app_json_text(&json, "state", bytes_text(room->settled ? app_room_state(room->reason) : "unknown"));
    if (room->settled && !sotto_ok(room->reason))
        app_json_text(&json, "reason", bytes_text(sotto_status_name(room->reason)));
    app_json_number(&json, "reached", room->number);
    app_json_number(&json, "others", room->total);
    app_json_end(&json);
    return put_line(s, &text);
}

static sotto_status show_all(showing *s) {
    app_rooms rooms;
    sotto_engine *engine = app_session_engine(s->task->session);
    SOTTO_TRY(app_rooms_read(&rooms, &s->arena, engine));
    if (rooms.count == 0 && !s->json)
        app_print(s->task->output, APP_OUT, "You have joined no room: sotto join ROOM.\n");
    for (size_t i = 0; i < rooms.count; i++) {
        members all = {.arena = &s->arena};
        SOTTO_TRY(show_room(s, &rooms.at[i]));
        SOTTO_TRY(sotto_engine_room_members(engine, rooms.at[i].jid, member_add, &all));
        for (size_t k = 0; k < all.count; k++) SOTTO_TRY(show_member(s, rooms.at[i].jid, &all.at[k]));
    }
    return SOTTO_OK;
}

static void rooms_begin(app_task *task) {
    showing s = {.task = task, .json = app_argument(&task->arguments, "json") != NULL};
    bytes_arena_init(&s.arena, sotto_host_default(), ARENA_BYTES_MAX);
    sotto_status status = show_all(&s);
    bytes_arena_clear(&s.arena);
    if (sotto_ok(status))
        app_task_finish(task, APP_DONE);
    else
        app_task_fail(task, status, app_session_jid(task->session));
}

const app_task_class app_rooms_task = {"rooms", sizeof(app_task), NULL, rooms_begin, NULL};
