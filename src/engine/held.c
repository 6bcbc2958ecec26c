/* SPDX-License-Identifier: ISC
 *
 * Records: 'H' order → the stanza and what it waits for. */
#include "engine/held.h"

#include "bytes/cursor.h"
#include "engine/record.h"

#define ROW_VERSION_1 1u /* messages alone */
#define ROW_VERSION   2u

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
    bytes_buffer_u8(&out, held->brief ? 1 : 0);
    if (held->brief) bytes_buffer_block(&out, held->lane);
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
    held.brief = version == ROW_VERSION && bytes_cursor_u8(&in) != 0;
    held.lane = held.brief ? bytes_cursor_block(&in) : held.jid;
    if (!sotto_ok(bytes_cursor_end(&in)) || version < ROW_VERSION_1 || version > ROW_VERSION ||
        held.encrypt > SOTTO_ENCRYPT_NEVER)
        return SOTTO_FAIL(STORE_CORRUPT);
    *ret = held;
    return SOTTO_OK;
}

/* The orders of all rows: keys alone, because all stanzas together may be more than a call's arena holds. */
typedef struct order_list {
    const sotto_engine *engine;
    size_t count;
    uint64_t at[SOTTO_HELD_MAX];
} order_list;

static sotto_status add_order(order_list *list, sotto_bytes key) {
    bytes_cursor in = bytes_cursor_over(bytes_after(key, 1));
    uint64_t order = bytes_cursor_u64(&in);
    if (!sotto_ok(bytes_cursor_end(&in)) || list->count == SOTTO_HELD_MAX) return SOTTO_FAIL(STORE_CORRUPT);
    size_t at = list->count++;
    for (; at > 0 && list->at[at - 1] > order; at--) list->at[at] = list->at[at - 1];
    list->at[at] = order;
    return SOTTO_OK;
}

static sotto_status add_stored(void *arg, sotto_bytes key, sotto_bytes value) {
    order_list *list = arg;
    sotto_bytes staged;
    (void)value;
    return bytes_map_get(&list->engine->records.map, key, &staged) ? SOTTO_OK : add_order(list, key);
}

static sotto_status list_orders(sotto_engine *engine, order_list *list) {
    *list = (order_list){.engine = engine};
    SOTTO_TRY(engine_mirror_scan(&engine->mirror, engine->store, BYTES_LITERAL("H"), add_stored, list));
    sotto_bytes at = BYTES_LITERAL("H"), key, value;
    for (bool more = bytes_map_from(&engine->records.map, at, false, &key, &value);
         more && bytes_starts_with(key, BYTES_LITERAL("H"));
         more = bytes_map_from(&engine->records.map, at, true, &key, &value)) {
        if (value.len > 0) SOTTO_TRY(add_order(list, key));
        at = key;
    }
    return SOTTO_OK;
}

static sotto_status visit_order(sotto_engine *engine, uint64_t order, engine_held_visit *visit, void *arg) {
    engine_key_room room;
    sotto_bytes key = row_key(&room, order), value;
    engine_held held;
    sotto_status status = engine_record_get(engine, key, &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK; /* an earlier visit removed it */
    SOTTO_TRY(status);
    SOTTO_TRY(decode(key, value, &held));
    return visit(arg, &held);
}

sotto_status engine_held_scan(sotto_engine *engine, engine_held_visit *visit, void *arg) {
    order_list list;
    SOTTO_TRY(list_orders(engine, &list));
    for (size_t i = 0; i < list.count; i++) {
        bytes_arena_mark mark = bytes_arena_here(&engine->arena);
        SOTTO_TRY(visit_order(engine, list.at[i], visit, arg));
        bytes_arena_back(&engine->arena, mark);
    }
    return SOTTO_OK;
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
