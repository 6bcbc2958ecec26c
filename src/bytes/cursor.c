/* SPDX-License-Identifier: ISC
 *
 * Reading. All lengths are compared in bytes_cursor_take, before any pointer moves. */
#include "bytes/cursor.h"

#include <string.h>

#include "bytes/span.h"

static void cursor_fail(bytes_cursor *cursor) {
    cursor->failed = true;
    cursor->rest = BYTES_NONE;
}

sotto_bytes bytes_cursor_take(bytes_cursor *cursor, size_t len) {
    if (len > cursor->rest.len) {
        cursor_fail(cursor);
        return BYTES_NONE;
    }
    if (len == 0) return (sotto_bytes){cursor->rest.at, 0};
    sotto_bytes taken = {cursor->rest.at, len};
    cursor->rest = (sotto_bytes){cursor->rest.at + len, cursor->rest.len - len};
    return taken;
}

void bytes_cursor_into(bytes_cursor *cursor, void *out, size_t len) {
    if (len == 0) return;
    sotto_bytes taken = bytes_cursor_take(cursor, len);
    if (taken.len == len)
        memcpy(out, taken.at, len);
    else
        memset(out, 0, len);
}

static uint64_t cursor_big_endian(bytes_cursor *cursor, size_t size) {
    sotto_bytes taken = bytes_cursor_take(cursor, size);
    uint64_t value = 0;
    for (size_t i = 0; i < taken.len; i++) value = value << 8 | taken.at[i];
    return value;
}

uint8_t bytes_cursor_u8(bytes_cursor *cursor) {
    return (uint8_t)cursor_big_endian(cursor, 1);
}
uint32_t bytes_cursor_u32(bytes_cursor *cursor) {
    return (uint32_t)cursor_big_endian(cursor, 4);
}
uint64_t bytes_cursor_u64(bytes_cursor *cursor) {
    return cursor_big_endian(cursor, 8);
}

/* Nine bytes carry 63 bits; of a tenth one bit is left, and nothing can follow it. */
uint64_t bytes_cursor_varint(bytes_cursor *cursor) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        sotto_bytes taken = bytes_cursor_take(cursor, 1);
        if (taken.len == 0) return 0;
        uint8_t byte = *taken.at;
        if (shift == 63 && byte > 1) break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    cursor_fail(cursor);
    return 0;
}

sotto_bytes bytes_cursor_block(bytes_cursor *cursor) {
    uint64_t len = bytes_cursor_varint(cursor);
    if (len > cursor->rest.len) {
        cursor_fail(cursor);
        return BYTES_NONE;
    }
    return bytes_cursor_take(cursor, (size_t)len);
}

sotto_status bytes_cursor_end(const bytes_cursor *cursor) {
    return cursor->failed || cursor->rest.len > 0 ? SOTTO_FAIL(MALFORMED) : SOTTO_OK;
}
