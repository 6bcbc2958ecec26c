/* SPDX-License-Identifier: ISC */
#include "engine/compare_row.h"

#include <string.h>

#include "bytes/cursor.h"
#include "bytes/memory.h"

#define ROW_VERSION   1u
#define ROW_BYTES_MAX (2u * 33u * SOTTO_COMPARE_KEYS_MAX + SOTTO_JID_BYTES_MAX + 1024u)

static sotto_bytes row_key(engine_key_room *room, sotto_bytes jid) {
    bytes_buffer *out = engine_key_begin(room, 'Y');
    bytes_buffer_put(out, jid);
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(out, &ret)) ? ret : BYTES_NONE;
}

static void list_put(bytes_buffer *out, const context_compare_list *list) {
    bytes_buffer_u8(out, (uint8_t)list->count);
    context_compare_list_write(out, list);
}

static void list_take(bytes_cursor *in, context_compare_list *ret) {
    size_t count = bytes_cursor_u8(in);
    sotto_bytes bytes = bytes_cursor_take(in, 33 * count);
    *ret = (context_compare_list){0};
    if (count > 0 && !sotto_ok(context_compare_list_read(bytes, ret))) in->failed = true;
}

static void encode(bytes_buffer *out, const engine_compare_run *run) {
    bytes_buffer_u8(out, ROW_VERSION);
    bytes_buffer_u8(out, (uint8_t)run->state);
    bytes_buffer_u32(out, run->fruitless);
    bytes_buffer_u64(out, run->until_ms);
    bytes_buffer_u32(out, run->unsent);
    bytes_buffer_u8(out, run->tries);
    bytes_buffer_u8(out, (uint8_t)((run->asker ? 1 : 0) | (run->said_yes ? 2 : 0)));
    bytes_buffer_u8(out, (uint8_t)run->reason);
    bytes_buffer_u8(out, (uint8_t)run->way);
    bytes_buffer_block(out, run->full);
    bytes_buffer_put(out, bytes_of(run->thread, sizeof run->thread));
    bytes_buffer_put(out, bytes_of(run->commitment, sizeof run->commitment));
    bytes_buffer_put(out, bytes_of(run->own_nonce, sizeof run->own_nonce));
    bytes_buffer_put(out, bytes_of(run->their_nonce, sizeof run->their_nonce));
    bytes_buffer_put(out, bytes_of(run->peer_key, sizeof run->peer_key));
    bytes_buffer_put(out, bytes_of(run->context, sizeof run->context));
    list_put(out, &run->own);
    list_put(out, &run->theirs);
}

static sotto_status decode(sotto_bytes jid, sotto_bytes value, engine_compare_run *ret) {
    bytes_cursor in = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&in), state = bytes_cursor_u8(&in);
    engine_compare_run run = {.jid = jid, .state = (trust_compare_state)state};
    run.fruitless = bytes_cursor_u32(&in);
    run.until_ms = bytes_cursor_u64(&in);
    run.unsent = bytes_cursor_u32(&in);
    run.tries = bytes_cursor_u8(&in);
    uint8_t flags = bytes_cursor_u8(&in), reason = bytes_cursor_u8(&in), way = bytes_cursor_u8(&in);
    run.asker = (flags & 1) != 0;
    run.said_yes = (flags & 2) != 0;
    run.reason = (context_compare_reason)reason;
    run.way = (context_compare_type)way;
    run.full = bytes_cursor_block(&in);
    bytes_cursor_into(&in, run.thread, sizeof run.thread);
    bytes_cursor_into(&in, run.commitment, sizeof run.commitment);
    bytes_cursor_into(&in, run.own_nonce, sizeof run.own_nonce);
    bytes_cursor_into(&in, run.their_nonce, sizeof run.their_nonce);
    bytes_cursor_into(&in, run.peer_key, sizeof run.peer_key);
    bytes_cursor_into(&in, run.context, sizeof run.context);
    list_take(&in, &run.own);
    list_take(&in, &run.theirs);
    bool valid = version == ROW_VERSION && state != TRUST_COMPARE_STAY && state < TRUST_COMPARE_STATES &&
                 reason < CONTEXT_COMPARE_REASONS && way <= CONTEXT_COMPARE_OMEMO;
    if (!sotto_ok(bytes_cursor_end(&in)) || !valid) return SOTTO_FAIL(STORE_CORRUPT);
    *ret = run;
    return SOTTO_OK;
}

sotto_status engine_compare_row_get(sotto_engine *engine, sotto_bytes jid, engine_compare_run *ret) {
    engine_key_room room;
    sotto_bytes value, own;
    if (!bytes_arena_copy(&engine->arena, jid, &own)) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = engine_record_get(engine, row_key(&room, jid), &value);
    *ret = (engine_compare_run){.jid = own, .state = TRUST_COMPARE_IDLE};
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    return decode(own, value, ret);
}

sotto_status engine_compare_row_put(sotto_engine *engine, const engine_compare_run *run) {
    engine_key_room room;
    uint8_t at[ROW_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes value = BYTES_NONE;
    engine_compare_run rest = {.state = TRUST_COMPARE_IDLE, .fruitless = run->fruitless};
    bool over = run->state == TRUST_COMPARE_IDLE && run->unsent == 0;
    if (over && run->fruitless == 0) return engine_record_put(engine, row_key(&room, run->jid), BYTES_NONE);
    bytes_buffer_borrowed(&out, at, sizeof at);
    encode(&out, over ? &rest : run);
    sotto_status status = bytes_buffer_end(&out, &value);
    if (sotto_ok(status)) status = engine_record_put(engine, row_key(&room, run->jid), value);
    bytes_wipe(at, sizeof at);
    return status;
}

typedef struct row_scan {
    engine_compare_row_visit *visit;
    void *arg;
} row_scan;

static sotto_status visit_row(void *arg, sotto_bytes key, sotto_bytes value) {
    const row_scan *scan = arg;
    engine_compare_run run;
    SOTTO_TRY(decode(bytes_after(key, 1), value, &run));
    return scan->visit(scan->arg, &run);
}

sotto_status engine_compare_row_scan(sotto_engine *engine, engine_compare_row_visit *visit, void *arg) {
    row_scan scan = {visit, arg};
    return engine_record_scan(engine, BYTES_LITERAL("Y"), visit_row, &scan);
}
