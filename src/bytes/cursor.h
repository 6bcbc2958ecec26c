/* SPDX-License-Identifier: ISC
 *
 * Reading what bytes_buffer wrote. Sticky: after the first failure everything reads as zero or empty, and
 * bytes_cursor_end tells. No pointer is ever moved before its length was compared. */
#ifndef BYTES_CURSOR_H
#define BYTES_CURSOR_H

#include <sotto/types.h>

typedef struct bytes_cursor {
    sotto_bytes rest;
    bool failed;
} bytes_cursor;

static inline bytes_cursor bytes_cursor_over(sotto_bytes all) {
    return (bytes_cursor){all, false};
}
sotto_bytes bytes_cursor_take(bytes_cursor *, size_t len);
void bytes_cursor_into(bytes_cursor *, void *out, size_t len); /* copies exactly len, or zeroes out */
uint8_t bytes_cursor_u8(bytes_cursor *);
uint32_t bytes_cursor_u32(bytes_cursor *);
uint64_t bytes_cursor_u64(bytes_cursor *);
uint64_t bytes_cursor_varint(bytes_cursor *); /* at most 10 bytes, value at most 2^64-1; overlong forms are accepted */
sotto_bytes bytes_cursor_block(bytes_cursor *);
static inline bool bytes_cursor_more(const bytes_cursor *c) {
    return !c->failed && c->rest.len > 0;
}
/* MALFORMED when anything was missing, or when bytes are left over. */
SOTTO_MUST_CHECK sotto_status bytes_cursor_end(const bytes_cursor *);

#endif
