/* SPDX-License-Identifier: ISC
 *
 * Records: 'Q' archive → the cursor; 'B' archive, 0, number → when it came, who wrote it in
 * a room, the stanza. */
#include "engine/backlog.h"

#include "bytes/cursor.h"
#include "engine/record.h"

#define ROW_VERSION 1u
#define ROW_BYTES   (SOTTO_ARCHIVE_ID_BYTES_MAX + 64u)

static sotto_bytes key_end(bytes_buffer *key) {
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(key, &ret)) ? ret : BYTES_NONE;
}

static sotto_bytes backlog_key(engine_key_room *room, sotto_bytes archive) {
    bytes_buffer *key = engine_key_begin(room, 'Q');
    bytes_buffer_put(key, archive);
    return key_end(key);
}

static sotto_bytes row_key(engine_key_room *room, sotto_bytes archive, uint64_t number) {
    bytes_buffer *key = engine_key_begin(room, 'B');
    bytes_buffer_put(key, archive);
    bytes_buffer_u8(key, 0);
    bytes_buffer_u64(key, number);
    return key_end(key);
}

static sotto_status decode(sotto_bytes archive, sotto_bytes value, engine_backlog *ret) {
    bytes_cursor in = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&in), flags = bytes_cursor_u8(&in);
    engine_backlog backlog = {
        .archive = archive, .known = (flags & 1) != 0, .hole = (flags & 2) != 0, .ids = (flags & 4) != 0};
    backlog.last = bytes_cursor_block(&in);
    backlog.last_ms = bytes_cursor_u64(&in);
    backlog.first = bytes_cursor_u64(&in);
    backlog.next = bytes_cursor_u64(&in);
    bool good = sotto_ok(bytes_cursor_end(&in)) && version == ROW_VERSION && backlog.first <= backlog.next &&
                backlog.last.len <= SOTTO_ARCHIVE_ID_BYTES_MAX;
    if (!good) return SOTTO_FAIL(STORE_CORRUPT);
    *ret = backlog;
    return SOTTO_OK;
}

sotto_status engine_backlog_get(sotto_engine *engine, sotto_bytes archive, engine_backlog *ret) {
    engine_key_room room;
    sotto_bytes value;
    sotto_status status = engine_record_get(engine, backlog_key(&room, archive), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) {
        *ret = (engine_backlog){.archive = archive};
        return SOTTO_OK;
    }
    SOTTO_TRY(status);
    return decode(archive, value, ret);
}

sotto_status engine_backlog_put(sotto_engine *engine, const engine_backlog *backlog) {
    engine_key_room room;
    uint8_t at[ROW_BYTES];
    bytes_buffer out;
    sotto_bytes value;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u8(&out, ROW_VERSION);
    bytes_buffer_u8(&out, (uint8_t)((backlog->known ? 1 : 0) | (backlog->hole ? 2 : 0) | (backlog->ids ? 4 : 0)));
    bytes_buffer_block(&out, backlog->last);
    bytes_buffer_u64(&out, backlog->last_ms);
    bytes_buffer_u64(&out, backlog->first);
    bytes_buffer_u64(&out, backlog->next);
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return engine_record_put(engine, backlog_key(&room, backlog->archive), value);
}

/* ---- what waits ---- */

static sotto_status put_row(sotto_engine *engine, const engine_backlog *backlog, sotto_bytes real, sotto_bytes raw) {
    engine_key_room room;
    bytes_buffer out;
    sotto_bytes value;
    bytes_buffer_owned(&out, engine->host, SOTTO_RECORD_BYTES_MAX);
    bytes_buffer_u64(&out, engine->now_ms);
    bytes_buffer_block(&out, real);
    bytes_buffer_put(&out, raw);
    sotto_status status = bytes_buffer_end(&out, &value);
    if (sotto_ok(status)) status = engine_record_put(engine, row_key(&room, backlog->archive, backlog->next), value);
    bytes_buffer_free(&out);
    return status;
}

sotto_status engine_backlog_wait(sotto_engine *engine, sotto_bytes archive, sotto_bytes real, sotto_bytes raw,
                                 bool *ret_full) {
    engine_backlog backlog;
    SOTTO_TRY(engine_backlog_get(engine, archive, &backlog));
    *ret_full = backlog.next - backlog.first >= SOTTO_ARCHIVE_WAITING_MAX;
    if (*ret_full) return SOTTO_OK;
    SOTTO_TRY(put_row(engine, &backlog, real, raw));
    backlog.next++;
    return engine_backlog_put(engine, &backlog);
}

sotto_status engine_backlog_take(sotto_engine *engine, sotto_bytes archive, bool *ret_is, sotto_bytes *ret_real,
                                 sotto_bytes *ret, uint64_t *ret_ms) {
    engine_backlog backlog;
    engine_key_room room;
    sotto_bytes value;
    *ret_is = false;
    SOTTO_TRY(engine_backlog_get(engine, archive, &backlog));
    if (backlog.first == backlog.next) return SOTTO_OK;
    sotto_bytes key = row_key(&room, archive, backlog.first);
    sotto_status status = engine_record_get(engine, key, &value);
    SOTTO_TRY(status);
    bytes_cursor in = bytes_cursor_over(value);
    *ret_ms = bytes_cursor_u64(&in);
    *ret_real = bytes_cursor_block(&in);
    *ret = in.rest;
    if (in.failed) return SOTTO_FAIL(STORE_CORRUPT);
    SOTTO_TRY(engine_record_put(engine, key, BYTES_NONE));
    backlog.first++;
    *ret_is = true;
    return engine_backlog_put(engine, &backlog);
}

/* ---- all of them ---- */

typedef struct backlog_scan {
    sotto_engine *engine;
    engine_backlog_visit *visit;
} backlog_scan;

static sotto_status visit_row(void *arg, sotto_bytes key, sotto_bytes value) {
    const backlog_scan *scan = arg;
    engine_backlog backlog;
    SOTTO_TRY(decode(bytes_after(key, 1), value, &backlog));
    return backlog.hole || backlog.first < backlog.next ? scan->visit(scan->engine, &backlog) : SOTTO_OK;
}

sotto_status engine_backlog_scan(sotto_engine *engine, engine_backlog_visit *visit) {
    backlog_scan scan = {engine, visit};
    return engine_record_scan(engine, BYTES_LITERAL("Q"), visit_row, &scan);
}
