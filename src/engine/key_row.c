/* SPDX-License-Identifier: ISC */
#include "engine/key_row.h"

#include "bytes/cursor.h"
#include "engine/record.h"

#define VERSION_1   1u /* without gone_ms */
#define ROW_VERSION 2u

sotto_bytes engine_key_row_key(engine_key_room *room, sotto_bytes jid, const uint8_t *key) {
    bytes_buffer *out = engine_key_begin(room, 'T');
    bytes_buffer_put(out, jid);
    bytes_buffer_u8(out, 0);
    if (key != NULL) bytes_buffer_put(out, bytes_of(key, 32));
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(out, &ret)) ? ret : BYTES_NONE;
}

sotto_status engine_key_row_decode(sotto_bytes value, engine_key_row *ret) {
    bytes_cursor in = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&in), trust = bytes_cursor_u8(&in);
    engine_key_row row = {
        .trust = (sotto_trust)trust, .device = bytes_cursor_u32(&in), .seal = bytes_cursor_block(&in)};
    bytes_cursor_into(&in, row.fingerprint, sizeof row.fingerprint);
    row.first_seen_ms = bytes_cursor_u64(&in);
    row.last_used_ms = bytes_cursor_u64(&in);
    if (version == ROW_VERSION) row.gone_ms = bytes_cursor_u64(&in);
    if (!sotto_ok(bytes_cursor_end(&in)) || version < VERSION_1 || version > ROW_VERSION ||
        trust > SOTTO_TRUST_DISTRUSTED)
        return SOTTO_FAIL(STORE_CORRUPT);
    *ret = row;
    return SOTTO_OK;
}

sotto_status engine_key_row_get(sotto_engine *engine, sotto_bytes jid, const uint8_t *key, engine_key_row *ret) {
    engine_key_room room;
    sotto_bytes value;
    SOTTO_TRY(engine_record_get(engine, engine_key_row_key(&room, jid, key), &value));
    return engine_key_row_decode(value, ret);
}

sotto_status engine_key_row_put(sotto_engine *engine, sotto_bytes jid, const uint8_t *key, const engine_key_row *row) {
    engine_key_room room;
    uint8_t at[128];
    bytes_buffer out;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u8(&out, ROW_VERSION);
    bytes_buffer_u8(&out, (uint8_t)row->trust);
    bytes_buffer_u32(&out, row->device);
    bytes_buffer_block(&out, row->seal);
    bytes_buffer_put(&out, bytes_of(row->fingerprint, sizeof row->fingerprint));
    bytes_buffer_u64(&out, row->first_seen_ms);
    bytes_buffer_u64(&out, row->last_used_ms);
    bytes_buffer_u64(&out, row->gone_ms);
    sotto_bytes value;
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return engine_record_put(engine, engine_key_row_key(&room, jid, key), value);
}
