/* SPDX-License-Identifier: ISC
 *
 * Records: 'H' order → the stanza and what it waits for. */
#include "engine/held.h"

#include "bytes/cursor.h"
#include "engine/record.h"

#define ROW_VERSION 1u

static sotto_bytes row_key(engine_key_room *room, uint64_t order) {
    bytes_buffer *key = engine_key_begin(room, 'H');
    bytes_buffer_u64(key, order);
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(key, &ret)) ? ret : BYTES_NONE;
}

sotto_status engine_held_put(sotto_engine *engine, const engine_held *held) {
    bytes_buffer out;
    bytes_buffer_owned(&out, engine->host, SOTTO_RECORD_BYTES_MAX);
    bytes_buffer_u8(&out, ROW_VERSION);
    bytes_buffer_u64(&out, held->ticket);
    bytes_buffer_u8(&out, (uint8_t)held->encrypt);
    bytes_buffer_u64(&out, held->since_ms);
    bytes_buffer_u32(&out, (uint32_t)held->reason.code);
    bytes_buffer_block(&out, held->jid);
    bytes_buffer_block(&out, held->stanza);
    sotto_bytes value;
    sotto_status status = bytes_buffer_end(&out, &value);
    engine_key_room room;
    if (sotto_ok(status)) status = engine_record_put(engine, row_key(&room, held->order), value);
    bytes_buffer_free(&out);
    return status;
}

static sotto_status decode(sotto_bytes key, sotto_bytes value, engine_held *ret) {
    bytes_cursor at = bytes_cursor_over(bytes_after(key, 1)), in = bytes_cursor_over(value);
    engine_held held = {.order = bytes_cursor_u64(&at)};
    uint8_t version = bytes_cursor_u8(&in);
    held.ticket = bytes_cursor_u64(&in);
    held.encrypt = (sotto_encrypt)bytes_cursor_u8(&in);
    held.since_ms = bytes_cursor_u64(&in);
    held.reason = (sotto_status){(int)(bytes_cursor_u32(&in) & 0xffff)};
    held.jid = bytes_cursor_block(&in);
    held.stanza = bytes_cursor_block(&in);
    if (!sotto_ok(bytes_cursor_end(&in)) || version != ROW_VERSION || held.encrypt > SOTTO_ENCRYPT_NEVER)
        return SOTTO_FAIL(STORE_CORRUPT);
    *ret = held;
    return SOTTO_OK;
}

typedef struct held_scan {
    engine_held_visit *visit;
    void *arg;
} held_scan;

static sotto_status visit_row(void *arg, sotto_bytes key, sotto_bytes value) {
    const held_scan *scan = arg;
    engine_held held;
    SOTTO_TRY(decode(key, value, &held));
    return scan->visit(scan->arg, &held);
}

sotto_status engine_held_scan(sotto_engine *engine, engine_held_visit *visit, void *arg) {
    held_scan scan = {visit, arg};
    return engine_record_scan(engine, BYTES_LITERAL("H"), visit_row, &scan);
}

typedef struct held_total {
    uint64_t last;
    size_t count;
} held_total;

static sotto_status add_up(void *arg, const engine_held *held) {
    held_total *total = arg;
    total->last = held->order;
    total->count++;
    return SOTTO_OK;
}

sotto_status engine_held_add(sotto_engine *engine, engine_held *held) {
    held_total total = {0};
    SOTTO_TRY(engine_held_scan(engine, add_up, &total));
    if (total.count >= SOTTO_HELD_MAX) return SOTTO_FAIL(OUTBOX_FULL);
    held->order = total.last + 1;
    return engine_held_put(engine, held);
}

sotto_status engine_held_remove(sotto_engine *engine, uint64_t order) {
    engine_key_room room;
    return engine_record_put(engine, row_key(&room, order), BYTES_NONE);
}
