/* SPDX-License-Identifier: ISC
 *
 * Who reads what is written for a room, and who wrote what comes out of it. Fleeting records: 'g' room 0 id → the
 * ticket of a message that left for the room. */
#include "bytes/cursor.h"
#include "engine/archive.h"
#include "engine/env.h"
#include "engine/output.h"
#include "engine/record.h"
#include "engine/room_part.h"

/* ---- readers ---- */

sotto_status engine_room_audience(sotto_engine *engine, sotto_bytes room, const sotto_bytes **ret, size_t *ret_count) {
    room_members members;
    SOTTO_TRY(engine_room_members_get(engine, room, ROOM_LIST_READ, &members));
    sotto_bytes *jids = bytes_arena_take(&engine->arena, (members.count + 1) * sizeof *jids);
    if (jids == NULL) return SOTTO_FAIL(NO_MEMORY);
    *ret = jids;
    *ret_count = 0;
    for (size_t i = 0; i < members.count; i++) {
        if (!context_affiliation_reads(members.at[i].affiliation)) continue;
        if (!bytes_equal(members.at[i].jid, engine->account.bare)) jids[(*ret_count)++] = members.at[i].jid;
    }
    return SOTTO_OK;
}

/* ---- writers ---- */

static sotto_status find_room(sotto_engine *engine, sotto_bytes bare, engine_room *ret, bool *ret_is) {
    sotto_status status = engine_room_get(engine, bare, ret);
    *ret_is = sotto_ok(status);
    return sotto_is(status, SOTTO_E_NOT_FOUND) ? SOTTO_OK : status;
}

static sotto_status find_occupant(sotto_engine *engine, sotto_bytes room, sotto_bytes nick, room_occupant *ret) {
    sotto_status status = engine_room_occupant_get(engine, room, nick, ret);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) return status;
    *ret = (room_occupant){.nick = nick};
    return SOTTO_OK;
}

sotto_status engine_room_occupant_of(sotto_engine *engine, const stanza_jid *jid, bool *ret_is_room,
                                     sotto_bytes *ret_real) {
    engine_room room;
    room_occupant occupant;
    *ret_real = BYTES_NONE;
    SOTTO_TRY(find_room(engine, jid->bare, &room, ret_is_room));
    if (!*ret_is_room || jid->resource.len == 0 || room.stage != ROOM_IN) return SOTTO_OK;
    SOTTO_TRY(find_occupant(engine, room.jid, jid->resource, &occupant));
    *ret_real = occupant.real;
    return SOTTO_OK;
}

typedef struct id_search {
    sotto_engine *engine;
    sotto_bytes id;
    sotto_bytes real;
    bool found;
} id_search;

static sotto_status compare_id(void *arg, const room_occupant *occupant) {
    id_search *search = arg;
    if (search->found || !bytes_equal(occupant->occupant_id, search->id)) return SOTTO_OK;
    search->found = true;
    return bytes_arena_copy(&search->engine->arena, occupant->real, &search->real) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

/* Whose nick it is now says nothing about an older message; an id that the room stamps (XEP-0421) does. A live one must
 * agree with it as well. Two of those ids, or none in them, are nobody's. */
static sotto_status real_of(sotto_engine *engine, const engine_room *room, const engine_arrival *a, sotto_bytes *ret) {
    room_occupant occupant;
    sotto_bytes id = BYTES_NONE;
    *ret = BYTES_NONE;
    if (room->info.occupant_ids && !context_room_occupant_id(a->stanza, &id)) return SOTTO_OK;
    if (!a->delayed) {
        SOTTO_TRY(find_occupant(engine, room->jid, a->nick, &occupant));
        bool other = id.len > 0 && occupant.occupant_id.len > 0 && !bytes_equal(id, occupant.occupant_id);
        if (!other) *ret = occupant.real;
        return SOTTO_OK;
    }
    if (id.len == 0) return SOTTO_OK;
    id_search search = {.engine = engine, .id = id};
    SOTTO_TRY(engine_room_occupant_scan(engine, room->jid, compare_id, &search));
    *ret = search.real;
    return SOTTO_OK;
}

sotto_status engine_room_attribute(sotto_engine *engine, engine_arrival *a) {
    engine_room room;
    bool is_room;
    if (!a->has_from || a->room.len > 0) return SOTTO_OK;
    bool archived = a->tally != NULL;
    SOTTO_TRY(find_room(engine, a->from.bare, &room, &is_room));
    bool groupchat = bytes_is(stanza_attribute_of(a->stanza, "type"), "groupchat");
    if (!is_room && !groupchat) return SOTTO_OK;
    a->room = a->from.bare;
    a->nick = a->from.resource;
    if (!is_room || a->nick.len == 0) return SOTTO_OK;
    if (archived && a->has_occupant) { /* XEP-0313 section 8.4: that is the room's own word */
        a->real = a->occupant.bare;
        return SOTTO_OK;
    }
    if (room.stage != ROOM_IN) return SOTTO_OK;
    return real_of(engine, &room, a, &a->real);
}

/* ---- our own ---- */

static sotto_bytes sent_key(engine_key_room *memory, sotto_bytes room, sotto_bytes id) {
    bytes_buffer *key = engine_key_begin(memory, 'g');
    bytes_buffer_put(key, room);
    bytes_buffer_u8(key, 0);
    bytes_buffer_put(key, id);
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(key, &ret)) ? ret : BYTES_NONE;
}

/* Whether there are as many as may be: the next ones are shown as what they are, messages of our own. */
static bool is_full(const sotto_engine *engine) {
    sotto_bytes key = BYTES_LITERAL("g"), value;
    size_t count = 0;
    while (count < SOTTO_ROOM_SENT_MAX && bytes_map_from(&engine->fleeting.map, key, true, &key, &value) &&
           key.len > 0 && key.at[0] == 'g')
        count++;
    return count == SOTTO_ROOM_SENT_MAX;
}

sotto_status engine_room_sent(sotto_engine *engine, sotto_bytes room, sotto_bytes id, uint64_t ticket) {
    engine_key_room memory;
    uint8_t at[8];
    bytes_buffer out;
    if (id.len == 0 || id.len > SOTTO_JID_PART_BYTES_MAX || is_full(engine)) return SOTTO_OK;
    sotto_bytes key = sent_key(&memory, room, id);
    if (key.len == 0) return SOTTO_OK;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u64(&out, ticket);
    return engine_stage_put(&engine->fleeting, key, bytes_of(at, sizeof at));
}

sotto_status engine_room_sent_forget(sotto_engine *engine) {
    sotto_bytes key, value, copy;
    while (bytes_map_from(&engine->fleeting.map, BYTES_LITERAL("g"), false, &key, &value) && key.at[0] == 'g') {
        if (!bytes_arena_copy(&engine->arena, key, &copy)) return SOTTO_FAIL(NO_MEMORY);
        SOTTO_TRY(engine_stage_remove(&engine->fleeting, copy));
    }
    return SOTTO_OK;
}

sotto_status engine_room_reflected(sotto_engine *engine, const engine_arrival *a, bool *ret_is) {
    engine_key_room memory;
    sotto_bytes id = stanza_attribute_of(a->stanza, "id"), value;
    *ret_is = false;
    if (id.len == 0 || id.len > SOTTO_JID_PART_BYTES_MAX || !bytes_equal(a->real, engine->account.bare))
        return SOTTO_OK;
    sotto_bytes key = sent_key(&memory, a->room, id);
    if (key.len == 0 || !bytes_map_get(&engine->fleeting.map, key, &value)) return SOTTO_OK;
    bytes_cursor in = bytes_cursor_over(value);
    uint64_t ticket = bytes_cursor_u64(&in);
    *ret_is = true;
    bool first;
    SOTTO_TRY(engine_stage_remove(&engine->fleeting, key));
    SOTTO_TRY(engine_archive_first(engine, a, &first)); /* nor does it come back from the archive */
    SOTTO_TRY(engine_archive_handed(engine, a));
    return engine_event(engine,
                        &(sotto_event){.kind = SOTTO_EVENT_DELIVERED, .ticket = ticket, .jid = a->room, .text = id});
}

/* ---- invitations ---- */

sotto_status engine_room_invited(sotto_engine *engine, const engine_arrival *a, bool *ret_taken) {
    context_room_invitation invitation;
    bool is;
    *ret_taken = false;
    SOTTO_TRY(context_room_invitation_read(a->stanza, a->has_from ? &a->from : NULL, &engine->arena, &invitation, &is));
    if (!is || a->tally != NULL) return SOTTO_OK;
    *ret_taken = stanza_child(a->stanza, "body", STANZA_NS_CLIENT) == NULL;
    return engine_event(engine, &(sotto_event){.kind = SOTTO_EVENT_INVITED,
                                               .jid = invitation.room,
                                               .text = invitation.reason,
                                               .key = {.jid = invitation.from}});
}
