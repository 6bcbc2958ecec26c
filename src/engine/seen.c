/* SPDX-License-Identifier: ISC
 *
 * Records: 'I' 'i' who gave it, 0, id → its number; 'I' 'n' number → the first key; 'I' 'c' → the next number. */
#include "engine/seen.h"

#include "bytes/cursor.h"
#include "engine/record.h"

static sotto_bytes key_end(bytes_buffer *key) {
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(key, &ret)) ? ret : BYTES_NONE;
}

static sotto_bytes id_key(engine_key_room *room, sotto_bytes by, sotto_bytes id) {
    bytes_buffer *key = engine_key_begin(room, 'I');
    bytes_buffer_u8(key, 'i');
    bytes_buffer_put(key, by);
    bytes_buffer_u8(key, 0);
    bytes_buffer_put(key, id);
    return key_end(key);
}

static sotto_bytes number_key(engine_key_room *room, uint64_t number) {
    bytes_buffer *key = engine_key_begin(room, 'I');
    bytes_buffer_u8(key, 'n');
    bytes_buffer_u64(key, number);
    return key_end(key);
}

static sotto_status put_number(sotto_engine *engine, sotto_bytes key, uint64_t number) {
    uint8_t at[8];
    bytes_buffer value;
    sotto_bytes encoded;
    bytes_buffer_borrowed(&value, at, sizeof at);
    bytes_buffer_u64(&value, number);
    SOTTO_TRY(bytes_buffer_end(&value, &encoded));
    return engine_record_put(engine, key, encoded);
}

static bool is_kept(sotto_bytes by, sotto_bytes id) {
    return id.len > 0 && id.len <= SOTTO_ARCHIVE_ID_BYTES_MAX &&
           by.len <= SOTTO_JID_BYTES_MAX - SOTTO_JID_PART_BYTES_MAX;
}

sotto_status engine_seen_has(sotto_engine *engine, sotto_bytes by, sotto_bytes id, bool *ret) {
    engine_key_room room;
    sotto_bytes value;
    *ret = false;
    if (!is_kept(by, id)) return SOTTO_OK;
    sotto_status status = engine_record_get(engine, id_key(&room, by, id), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    *ret = sotto_ok(status);
    return status;
}

/* The one whose place the newest takes. */
static sotto_status forget(sotto_engine *engine, uint64_t number) {
    engine_key_room room;
    sotto_bytes key = number_key(&room, number), id;
    sotto_status status = engine_record_get(engine, key, &id);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    SOTTO_TRY(engine_record_put(engine, key, BYTES_NONE));
    return engine_record_put(engine, id, BYTES_NONE);
}

sotto_status engine_seen_add(sotto_engine *engine, sotto_bytes by, sotto_bytes id, bool *ret_first) {
    engine_key_room id_room, number_room, count_room;
    bool known;
    SOTTO_TRY(engine_seen_has(engine, by, id, &known));
    *ret_first = !known;
    if (known || !is_kept(by, id)) return SOTTO_OK;
    bytes_buffer *counter = engine_key_begin(&count_room, 'I');
    bytes_buffer_u8(counter, 'c');
    sotto_bytes counter_key = key_end(counter), value;
    uint64_t number = 0;
    sotto_status status = engine_record_get(engine, counter_key, &value);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) {
        SOTTO_TRY(status);
        bytes_cursor in = bytes_cursor_over(value);
        number = bytes_cursor_u64(&in);
        if (!sotto_ok(bytes_cursor_end(&in))) return SOTTO_FAIL(STORE_CORRUPT);
    }
    sotto_bytes key = id_key(&id_room, by, id);
    SOTTO_TRY(put_number(engine, key, number));
    SOTTO_TRY(engine_record_put(engine, number_key(&number_room, number), key));
    SOTTO_TRY(put_number(engine, counter_key, number + 1));
    return number >= SOTTO_ARCHIVE_SEEN_MAX ? forget(engine, number - SOTTO_ARCHIVE_SEEN_MAX) : SOTTO_OK;
}
