/* SPDX-License-Identifier: ISC
 *
 * Records: 'R' 'r' room → the room; 'R' 'm' and 'R' 'n' room → lists of members; 'R' 'o' room 0 nick → an occupant; 'R'
 * 'c' room → how many occupants there are. */
#include "engine/room_row.h"

#include "bytes/cursor.h"
#include "engine/record.h"

#define ROW_VERSION   1u
#define WHY_BYTES_MAX 64u

static sotto_bytes room_key(engine_key_room *memory, char kind, sotto_bytes room) {
    bytes_buffer *key = engine_key_begin(memory, 'R');
    bytes_buffer_u8(key, (uint8_t)kind);
    bytes_buffer_put(key, room);
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(key, &ret)) ? ret : BYTES_NONE;
}

/* ---- the room ---- */

static uint8_t flags_of(const engine_room *room) {
    return (uint8_t)((room->told ? 1 : 0) | (room->info.members_only ? 2 : 0) | (room->info.shows_jids ? 4 : 0) |
                     (room->info.persistent ? 8 : 0) | (room->info.occupant_ids ? 16 : 0) |
                     (room->info.archive ? 32 : 0) | (room->anonymous ? 64 : 0) | (room->informed ? 128 : 0));
}

static sotto_status decode(sotto_bytes jid, sotto_bytes value, engine_room *ret) {
    bytes_cursor in = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&in), stage = bytes_cursor_u8(&in);
    engine_room room = {.jid = jid, .stage = (room_stage)stage, .tries = bytes_cursor_u8(&in)};
    room.asked = bytes_cursor_u8(&in);
    uint8_t flags = bytes_cursor_u8(&in);
    room.failed = (sotto_status){(int)(bytes_cursor_u32(&in) & 0xffff)};
    room.told_reason = (sotto_status){(int)(bytes_cursor_u32(&in) & 0xffff)};
    room.told_number = bytes_cursor_u32(&in);
    room.told_total = bytes_cursor_u32(&in);
    room.nick = bytes_cursor_block(&in);
    room.why = bytes_cursor_block(&in);
    if (!sotto_ok(bytes_cursor_end(&in)) || version != ROW_VERSION || stage > ROOM_IN) return SOTTO_FAIL(STORE_CORRUPT);
    room.told = (flags & 1) != 0;
    room.info =
        (context_room_info){(flags & 2) != 0, (flags & 4) != 0, (flags & 8) != 0, (flags & 16) != 0, (flags & 32) != 0};
    room.anonymous = (flags & 64) != 0;
    room.informed = (flags & 128) != 0;
    *ret = room;
    return SOTTO_OK;
}

sotto_status engine_room_get(sotto_engine *engine, sotto_bytes jid, engine_room *ret) {
    engine_key_room memory;
    sotto_bytes value, copy;
    if (jid.len == 0 || jid.len > SOTTO_ROOM_JID_BYTES_MAX) return SOTTO_FAIL(NOT_FOUND);
    SOTTO_TRY(engine_record_get(engine, room_key(&memory, 'r', jid), &value));
    if (!bytes_arena_copy(&engine->arena, jid, &copy)) return SOTTO_FAIL(NO_MEMORY);
    return decode(copy, value, ret);
}

sotto_status engine_room_put(sotto_engine *engine, const engine_room *room) {
    engine_key_room memory;
    uint8_t at[SOTTO_JID_PART_BYTES_MAX + WHY_BYTES_MAX + 64];
    bytes_buffer out;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u8(&out, ROW_VERSION);
    bytes_buffer_u8(&out, (uint8_t)room->stage);
    bytes_buffer_u8(&out, room->tries);
    bytes_buffer_u8(&out, room->asked);
    bytes_buffer_u8(&out, flags_of(room));
    bytes_buffer_u32(&out, (uint32_t)room->failed.code);
    bytes_buffer_u32(&out, (uint32_t)room->told_reason.code);
    bytes_buffer_u32(&out, room->told_number);
    bytes_buffer_u32(&out, room->told_total);
    bytes_buffer_block(&out, room->nick);
    bytes_buffer_block(&out, room->why.len <= WHY_BYTES_MAX ? room->why : BYTES_NONE);
    sotto_bytes value;
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return engine_record_put(engine, room_key(&memory, 'r', room->jid), value);
}

typedef struct row_scan {
    engine_room_row_visit *visit;
    void *arg;
} row_scan;

static sotto_status visit_row(void *arg, sotto_bytes key, sotto_bytes value) {
    const row_scan *scan = arg;
    engine_room room;
    SOTTO_TRY(decode(bytes_after(key, 2), value, &room));
    return scan->visit(scan->arg, &room);
}

sotto_status engine_room_scan(sotto_engine *engine, engine_room_row_visit *visit, void *arg) {
    row_scan scan = {visit, arg};
    return engine_record_scan(engine, BYTES_LITERAL("Rr"), visit_row, &scan);
}

sotto_status engine_room_delete(sotto_engine *engine, sotto_bytes jid) {
    engine_key_room memory;
    SOTTO_TRY(engine_room_occupant_clear(engine, jid));
    SOTTO_TRY(engine_record_put(engine, room_key(&memory, ROOM_LIST_READ, jid), BYTES_NONE));
    SOTTO_TRY(engine_record_put(engine, room_key(&memory, ROOM_LIST_GATHERED, jid), BYTES_NONE));
    return engine_record_put(engine, room_key(&memory, 'r', jid), BYTES_NONE);
}

/* ---- members ---- */

/* Where it is, or would be. */
static size_t place_of(const room_members *members, sotto_bytes jid) {
    size_t low = 0, high = members->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bytes_compare(members->at[middle].jid, jid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

room_member *engine_room_members_find(const room_members *members, sotto_bytes jid) {
    size_t place = place_of(members, jid);
    return place < members->count && bytes_equal(members->at[place].jid, jid) ? &members->at[place] : NULL;
}

static sotto_status make_place(sotto_engine *engine, room_members *members) {
    if (members->count < members->size) return SOTTO_OK;
    size_t size = members->size * 2 + 16;
    room_member *grown = bytes_arena_take(&engine->arena, size * sizeof *grown);
    if (grown == NULL) return SOTTO_FAIL(NO_MEMORY);
    if (members->count > 0) memcpy(grown, members->at, members->count * sizeof *grown);
    members->at = grown;
    members->size = size;
    return SOTTO_OK;
}

sotto_status engine_room_members_set(sotto_engine *engine, room_members *members, sotto_bytes jid,
                                     context_affiliation affiliation) {
    room_member *known = engine_room_members_find(members, jid);
    if (known != NULL) {
        known->affiliation = affiliation;
        return SOTTO_OK;
    }
    if (members->count >= SOTTO_ROOM_MEMBERS_MAX) return SOTTO_FAIL(TOO_LARGE);
    SOTTO_TRY(make_place(engine, members));
    sotto_bytes copy;
    if (!bytes_arena_copy(&engine->arena, jid, &copy)) return SOTTO_FAIL(NO_MEMORY);
    size_t place = place_of(members, jid);
    memmove(members->at + place + 1, members->at + place, (members->count - place) * sizeof *members->at);
    members->at[place] = (room_member){copy, affiliation};
    members->count++;
    return SOTTO_OK;
}

void engine_room_members_remove(room_members *members, sotto_bytes jid) {
    room_member *known = engine_room_members_find(members, jid);
    if (known == NULL) return;
    size_t place = (size_t)(known - members->at);
    memmove(known, known + 1, (members->count - place - 1) * sizeof *known);
    members->count--;
}

sotto_status engine_room_members_get(sotto_engine *engine, sotto_bytes room, room_list list, room_members *ret) {
    engine_key_room memory;
    sotto_bytes value;
    *ret = (room_members){0};
    sotto_status status = engine_record_get(engine, room_key(&memory, (char)list, room), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    bytes_cursor in = bytes_cursor_over(value);
    room_members read = {0};
    bool sound = bytes_cursor_u8(&in) == ROW_VERSION;
    while (sound && bytes_cursor_more(&in)) {
        uint8_t affiliation = bytes_cursor_u8(&in);
        sotto_bytes jid = bytes_cursor_block(&in);
        SOTTO_TRY(make_place(engine, &read));
        sound =
            affiliation <= CONTEXT_OWNER && (read.count == 0 || bytes_compare(read.at[read.count - 1].jid, jid) < 0);
        read.at[read.count++] = (room_member){jid, (context_affiliation)affiliation};
    }
    if (!sound || !sotto_ok(bytes_cursor_end(&in))) return SOTTO_FAIL(STORE_CORRUPT);
    *ret = read;
    return SOTTO_OK;
}

sotto_status engine_room_members_put(sotto_engine *engine, sotto_bytes room, room_list list,
                                     const room_members *members) {
    engine_key_room memory;
    bytes_buffer out;
    sotto_bytes value = BYTES_NONE;
    bytes_buffer_owned(&out, engine->host, SOTTO_RECORD_BYTES_MAX);
    bytes_buffer_u8(&out, ROW_VERSION);
    for (size_t i = 0; i < members->count; i++) {
        bytes_buffer_u8(&out, (uint8_t)members->at[i].affiliation);
        bytes_buffer_block(&out, members->at[i].jid);
    }
    sotto_status status = bytes_buffer_end(&out, &value);
    if (sotto_ok(status))
        status =
            engine_record_put(engine, room_key(&memory, (char)list, room), members->count > 0 ? value : BYTES_NONE);
    bytes_buffer_free(&out);
    return status;
}

/* ---- occupants ---- */

static sotto_bytes occupant_key(engine_key_room *memory, sotto_bytes room, sotto_bytes nick) {
    bytes_buffer *key = engine_key_begin(memory, 'R');
    bytes_buffer_u8(key, 'o');
    bytes_buffer_put(key, room);
    bytes_buffer_u8(key, 0);
    bytes_buffer_put(key, nick);
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(key, &ret)) ? ret : BYTES_NONE;
}

static sotto_status occupant_decode(sotto_bytes nick, sotto_bytes value, room_occupant *ret) {
    bytes_cursor in = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&in), affiliation = bytes_cursor_u8(&in);
    room_occupant read = {.nick = nick, .affiliation = (context_affiliation)affiliation};
    read.real = bytes_cursor_block(&in);
    read.occupant_id = bytes_cursor_block(&in);
    if (!sotto_ok(bytes_cursor_end(&in)) || version != ROW_VERSION || affiliation > CONTEXT_OWNER)
        return SOTTO_FAIL(STORE_CORRUPT);
    *ret = read;
    return SOTTO_OK;
}

static sotto_status count_get(sotto_engine *engine, sotto_bytes room, uint32_t *ret) {
    engine_key_room memory;
    sotto_bytes value;
    *ret = 0;
    sotto_status status = engine_record_get(engine, room_key(&memory, 'c', room), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    bytes_cursor in = bytes_cursor_over(value);
    *ret = bytes_cursor_u32(&in);
    return sotto_ok(bytes_cursor_end(&in)) ? SOTTO_OK : SOTTO_FAIL(STORE_CORRUPT);
}

static sotto_status count_put(sotto_engine *engine, sotto_bytes room, uint32_t count) {
    engine_key_room memory;
    uint8_t at[4];
    bytes_buffer out;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u32(&out, count);
    return engine_record_put(engine, room_key(&memory, 'c', room), count > 0 ? bytes_of(at, sizeof at) : BYTES_NONE);
}

sotto_status engine_room_occupant_get(sotto_engine *engine, sotto_bytes room, sotto_bytes nick, room_occupant *ret) {
    engine_key_room memory;
    sotto_bytes value;
    SOTTO_TRY(engine_record_get(engine, occupant_key(&memory, room, nick), &value));
    return occupant_decode(nick, value, ret);
}

sotto_status engine_room_occupant_put(sotto_engine *engine, sotto_bytes room, const room_occupant *occupant) {
    engine_key_room memory;
    room_occupant old;
    bytes_buffer out;
    sotto_bytes value = BYTES_NONE;
    uint32_t count;
    sotto_status status = engine_room_occupant_get(engine, room, occupant->nick, &old);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) {
        SOTTO_TRY(count_get(engine, room, &count));
        if (count >= SOTTO_ROOM_OCCUPANTS_MAX) return SOTTO_OK;
        SOTTO_TRY(count_put(engine, room, count + 1));
    } else {
        SOTTO_TRY(status);
    }
    bytes_buffer_owned(&out, engine->host, SOTTO_STANZA_BYTES_MAX);
    bytes_buffer_u8(&out, ROW_VERSION);
    bytes_buffer_u8(&out, (uint8_t)occupant->affiliation);
    bytes_buffer_block(&out, occupant->real);
    bytes_buffer_block(&out, occupant->occupant_id);
    status = bytes_buffer_end(&out, &value);
    if (sotto_ok(status)) status = engine_record_put(engine, occupant_key(&memory, room, occupant->nick), value);
    bytes_buffer_free(&out);
    return status;
}

sotto_status engine_room_occupant_remove(sotto_engine *engine, sotto_bytes room, sotto_bytes nick) {
    engine_key_room memory;
    room_occupant old;
    uint32_t count;
    sotto_status status = engine_room_occupant_get(engine, room, nick, &old);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    SOTTO_TRY(count_get(engine, room, &count));
    SOTTO_TRY(count_put(engine, room, count > 0 ? count - 1 : 0));
    return engine_record_put(engine, occupant_key(&memory, room, nick), BYTES_NONE);
}

typedef struct occupant_scan {
    size_t skip; /* of each key, what stands before the nick */
    engine_room_occupant_visit *visit;
    void *arg;
} occupant_scan;

static sotto_status visit_occupant(void *arg, sotto_bytes key, sotto_bytes value) {
    const occupant_scan *scan = arg;
    room_occupant occupant;
    SOTTO_TRY(occupant_decode(bytes_after(key, scan->skip), value, &occupant));
    return scan->visit(scan->arg, &occupant);
}

sotto_status engine_room_occupant_scan(sotto_engine *engine, sotto_bytes room, engine_room_occupant_visit *visit,
                                       void *arg) {
    engine_key_room memory;
    sotto_bytes prefix = occupant_key(&memory, room, BYTES_NONE);
    occupant_scan scan = {prefix.len, visit, arg};
    return engine_record_scan(engine, prefix, visit_occupant, &scan);
}

static sotto_status delete_record(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)value;
    return engine_record_put(arg, key, BYTES_NONE);
}

sotto_status engine_room_occupant_clear(sotto_engine *engine, sotto_bytes room) {
    engine_key_room memory;
    SOTTO_TRY(engine_record_scan(engine, occupant_key(&memory, room, BYTES_NONE), delete_record, engine));
    return count_put(engine, room, 0);
}
