/* SPDX-License-Identifier: ISC
 *
 * Fleeting records: 'a' id → question; 'n' owner note → id (so that a question is asked once); 'd' time what → empty
 * (so that the first is the next due); 't' owner note → time of a timer. */
#include "engine/ask.h"

#include "bytes/base64.h"
#include "bytes/cursor.h"
#include "engine/env.h"
#include "engine/output.h"
#include "engine/part.h"
#include "engine/record.h"
#include "stanza/writer.h"

#define ID_RANDOM_BYTES 9

static sotto_bytes key_end(bytes_buffer *key) {
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(key, &ret)) ? ret : BYTES_NONE;
}

static sotto_bytes note_key(engine_key_room *room, char space, size_t owner, sotto_bytes note) {
    bytes_buffer *key = engine_key_begin(room, space);
    bytes_buffer_u8(key, (uint8_t)owner);
    bytes_buffer_put(key, note);
    return key_end(key);
}

static sotto_bytes id_key(engine_key_room *room, sotto_bytes id) {
    bytes_buffer *key = engine_key_begin(room, 'a');
    bytes_buffer_put(key, id);
    return key_end(key);
}

/* what: 'a' for a question (detail: its id) or 't' for a timer (detail: its note). */
static sotto_bytes due_key(engine_key_room *room, uint64_t at_ms, char what, size_t owner, sotto_bytes detail) {
    bytes_buffer *key = engine_key_begin(room, 'd');
    bytes_buffer_u64(key, at_ms);
    bytes_buffer_u8(key, (uint8_t)what);
    bytes_buffer_u8(key, (uint8_t)owner);
    bytes_buffer_put(key, detail);
    return key_end(key);
}

bool engine_asking(const sotto_engine *engine, size_t owner, sotto_bytes note) {
    engine_key_room room;
    sotto_bytes value;
    return bytes_map_get(&engine->fleeting.map, note_key(&room, 'n', owner, note), &value);
}

static sotto_status write_iq(sotto_engine *engine, bytes_buffer *out, bool set, sotto_bytes to, sotto_bytes payload,
                             sotto_bytes id) {
    const stanza_element *inner;
    SOTTO_TRY(stanza_parse(&engine->arena, payload, &inner));
    stanza_writer writer;
    stanza_writer_init(&writer, out, STANZA_NS_CLIENT);
    stanza_open(&writer, "iq", STANZA_NS_CLIENT);
    stanza_put_text(&writer, "type", set ? "set" : "get");
    stanza_put(&writer, "id", id);
    if (to.len > 0) stanza_put(&writer, "to", to);
    stanza_copy(&writer, inner);
    stanza_close(&writer);
    return SOTTO_OK;
}

static sotto_status stage_iq(sotto_engine *engine, size_t owner, bool set, sotto_bytes to, sotto_bytes payload,
                             sotto_bytes id) {
    bytes_buffer buffer;
    bytes_buffer_owned(&buffer, engine->host, SOTTO_STANZA_BYTES_MAX);
    sotto_status status = write_iq(engine, &buffer, set, to, payload, id);
    sotto_bytes iq = BYTES_NONE;
    if (sotto_ok(status)) status = bytes_buffer_end(&buffer, &iq);
    sotto_output output = {.kind = SOTTO_OUTPUT_STANZA, .stanza = iq, .seal = engine_owner_name(engine, owner)};
    if (sotto_ok(status)) status = engine_output_stage(engine, &output, OUTBOX_ASK);
    bytes_buffer_free(&buffer);
    return status;
}

static sotto_status new_id(sotto_engine *engine, bytes_buffer *ret) {
    uint8_t random[ID_RANDOM_BYTES];
    SOTTO_TRY(engine_random(engine, random, sizeof random));
    bytes_hex_put(ret, bytes_of(random, sizeof random));
    return SOTTO_OK;
}

static sotto_status remember(sotto_engine *engine, const engine_question *ask, sotto_bytes id) {
    uint64_t deadline = engine->now_ms + SOTTO_ASK_WAIT_MS;
    engine_key_room room;
    uint8_t at[SOTTO_JID_BYTES_MAX + ENGINE_NOTE_BYTES_MAX + 32];
    bytes_buffer value;
    bytes_buffer_borrowed(&value, at, sizeof at);
    bytes_buffer_u8(&value, (uint8_t)ask->owner);
    bytes_buffer_u64(&value, deadline);
    bytes_buffer_block(&value, ask->to);
    bytes_buffer_block(&value, ask->note);
    sotto_bytes encoded;
    SOTTO_TRY(bytes_buffer_end(&value, &encoded));
    SOTTO_TRY(engine_stage_put(&engine->fleeting, id_key(&room, id), encoded));
    SOTTO_TRY(engine_stage_put(&engine->fleeting, note_key(&room, 'n', ask->owner, ask->note), id));
    return engine_stage_put(&engine->fleeting, due_key(&room, deadline, 'a', ask->owner, id), BYTES_NONE);
}

/* Whether as many questions as may be are open. Others are not asked, as with one that is open already: what wants the
 * answer asks again, and a stanza that leads to a question is no error of its reader. */
static bool is_full(const sotto_engine *engine) {
    sotto_bytes key = BYTES_LITERAL("n"), value;
    size_t open = 0;
    if (engine->fleeting.map.count < SOTTO_ASKS_MAX) return false;
    while (open < SOTTO_ASKS_MAX && bytes_map_from(&engine->fleeting.map, key, true, &key, &value) && key.len > 0 &&
           key.at[0] == 'n')
        open++;
    return open == SOTTO_ASKS_MAX;
}

sotto_status engine_ask(sotto_engine *engine, size_t owner, bool set, sotto_bytes to, sotto_bytes payload,
                        sotto_bytes note) {
    if (note.len > ENGINE_NOTE_BYTES_MAX || to.len > SOTTO_JID_BYTES_MAX) return SOTTO_FAIL(USAGE);
    if (!engine->online || engine_asking(engine, owner, note)) return SOTTO_OK;
    if (is_full(engine)) return SOTTO_OK;
    uint8_t at[2 * ID_RANDOM_BYTES];
    bytes_buffer id_buffer;
    bytes_buffer_borrowed(&id_buffer, at, sizeof at);
    SOTTO_TRY(new_id(engine, &id_buffer));
    sotto_bytes id;
    SOTTO_TRY(bytes_buffer_end(&id_buffer, &id));
    SOTTO_TRY(stage_iq(engine, owner, set, to, payload, id));
    return remember(engine, &(engine_question){owner, to, note}, id);
}

/* Removes a question from all its records; *ret gets copies of its spans. */
static sotto_status take(sotto_engine *engine, sotto_bytes id, engine_question *ret) {
    engine_key_room room;
    sotto_bytes value, copy;
    if (!bytes_map_get(&engine->fleeting.map, id_key(&room, id), &value)) return SOTTO_FAIL(NOT_FOUND);
    if (!bytes_arena_copy(&engine->arena, value, &copy)) return SOTTO_FAIL(NO_MEMORY);
    bytes_cursor in = bytes_cursor_over(copy);
    ret->owner = bytes_cursor_u8(&in);
    uint64_t deadline = bytes_cursor_u64(&in);
    ret->to = bytes_cursor_block(&in);
    ret->note = bytes_cursor_block(&in);
    SOTTO_TRY(bytes_cursor_end(&in));
    SOTTO_TRY(engine_stage_remove(&engine->fleeting, due_key(&room, deadline, 'a', ret->owner, id)));
    SOTTO_TRY(engine_stage_remove(&engine->fleeting, note_key(&room, 'n', ret->owner, ret->note)));
    return engine_stage_remove(&engine->fleeting, id_key(&room, id));
}

/* Whether `from` may answer what was asked of `to`: the same JID; for the own account, itself in any form, its server,
 * or nobody named (RFC 6120 section 8.1.2.1; T5). */
static bool may_answer(const sotto_engine *engine, sotto_bytes to, const stanza_jid *from) {
    bool own = to.len == 0 || bytes_equal(to, engine->account.bare);
    if (from == NULL) return own;
    if (own)
        return bytes_equal(from->bare, engine->account.bare) ||
               (to.len == 0 && bytes_equal(from->full, engine->account.domain));
    return bytes_equal(from->full, to);
}

sotto_status engine_ask_take(sotto_engine *engine, sotto_bytes id, const stanza_jid *from, engine_question *ret,
                             bool *ret_is) {
    *ret_is = false;
    engine_key_room room;
    sotto_bytes value;
    if (id.len != 2 * ID_RANDOM_BYTES || !bytes_map_get(&engine->fleeting.map, id_key(&room, id), &value))
        return SOTTO_OK;
    bytes_cursor in = bytes_cursor_over(bytes_after(value, 9));
    if (!may_answer(engine, bytes_cursor_block(&in), from)) return SOTTO_OK;
    SOTTO_TRY(take(engine, id, ret));
    *ret_is = true;
    return SOTTO_OK;
}

static sotto_status drop_space(sotto_engine *engine, char space, char what) {
    uint8_t prefix = (uint8_t)space;
    sotto_bytes at = bytes_of(&prefix, 1), key, value;
    bool beyond = false;
    while (bytes_map_from(&engine->fleeting.map, at, beyond, &key, &value) && key.at[0] == (uint8_t)space) {
        sotto_bytes copy;
        if (!bytes_arena_copy(&engine->arena, key, &copy)) return SOTTO_FAIL(NO_MEMORY);
        if (what == 0 || (copy.len > 9 && copy.at[9] == (uint8_t)what))
            SOTTO_TRY(engine_stage_remove(&engine->fleeting, copy));
        at = copy;
        beyond = true;
    }
    return SOTTO_OK;
}

sotto_status engine_ask_drop_all(sotto_engine *engine) {
    SOTTO_TRY(drop_space(engine, 'a', 0));
    SOTTO_TRY(drop_space(engine, 'n', 0));
    SOTTO_TRY(drop_space(engine, 'f', 0)); /* what nobody answered (engine/feature.c) */
    return drop_space(engine, 'd', 'a');
}

sotto_status engine_fleeting_place(sotto_engine *engine, char space, size_t most) {
    uint8_t prefix = (uint8_t)space;
    sotto_bytes at = bytes_of(&prefix, 1), key, value, first = BYTES_NONE;
    size_t count = 0;
    if (engine->fleeting.map.count < most) return SOTTO_OK;
    while (count < most && bytes_map_from(&engine->fleeting.map, at, count > 0, &key, &value) && key.at[0] == prefix) {
        if (count++ == 0 && !bytes_arena_copy(&engine->arena, key, &first)) return SOTTO_FAIL(NO_MEMORY);
        at = key;
    }
    return count < most ? SOTTO_OK : engine_stage_remove(&engine->fleeting, first);
}

sotto_status engine_timer(sotto_engine *engine, size_t owner, sotto_bytes note, uint64_t at_ms) {
    if (note.len > ENGINE_NOTE_BYTES_MAX) return SOTTO_FAIL(USAGE);
    engine_key_room room, due_room;
    sotto_bytes key = note_key(&room, 't', owner, note), old;
    if (bytes_map_get(&engine->fleeting.map, key, &old)) {
        bytes_cursor in = bytes_cursor_over(old);
        uint64_t old_at = bytes_cursor_u64(&in);
        SOTTO_TRY(engine_stage_remove(&engine->fleeting, due_key(&due_room, old_at, 't', owner, note)));
    }
    if (at_ms == UINT64_MAX) return engine_stage_remove(&engine->fleeting, key);
    uint8_t at[8];
    bytes_buffer value;
    bytes_buffer_borrowed(&value, at, sizeof at);
    bytes_buffer_u64(&value, at_ms);
    SOTTO_TRY(engine_stage_put(&engine->fleeting, key, bytes_of(at, sizeof at)));
    return engine_stage_put(&engine->fleeting, due_key(&due_room, at_ms, 't', owner, note), BYTES_NONE);
}

/* The first key of space 'd', taken apart. */
static bool first_due(const sotto_engine *engine, uint64_t *ret_at, char *ret_what, size_t *ret_owner,
                      sotto_bytes *ret_detail) {
    sotto_bytes key, value;
    if (!bytes_map_from(&engine->fleeting.map, BYTES_LITERAL("d"), false, &key, &value)) return false;
    if (key.at[0] != 'd') return false;
    bytes_cursor in = bytes_cursor_over(bytes_after(key, 1));
    *ret_at = bytes_cursor_u64(&in);
    *ret_what = (char)bytes_cursor_u8(&in);
    *ret_owner = bytes_cursor_u8(&in);
    *ret_detail = in.rest;
    return !in.failed;
}

uint64_t engine_due_at(const sotto_engine *engine) {
    uint64_t at;
    char what;
    size_t owner;
    sotto_bytes detail;
    return first_due(engine, &at, &what, &owner, &detail) ? at : UINT64_MAX;
}

sotto_status engine_due_take(sotto_engine *engine, engine_due *ret, bool *ret_is) {
    uint64_t at;
    char what;
    sotto_bytes detail, copy;
    engine_due due = {0};
    *ret_is = false;
    if (!first_due(engine, &at, &what, &due.owner, &detail) || at > engine->now_ms) return SOTTO_OK;
    if (!bytes_arena_copy(&engine->arena, detail, &copy)) return SOTTO_FAIL(NO_MEMORY);
    if (what == 'a') {
        engine_question ask;
        SOTTO_TRY(take(engine, copy, &ask));
        due = (engine_due){.is_ask = true, .owner = ask.owner, .note = ask.note};
    } else {
        due.note = copy;
        SOTTO_TRY(engine_timer(engine, due.owner, copy, UINT64_MAX));
    }
    *ret = due;
    *ret_is = true;
    return SOTTO_OK;
}
