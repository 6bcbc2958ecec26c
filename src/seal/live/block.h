/* SPDX-License-Identifier: ISC
 *
 * Blocks of doc/live.md: a length of 4 bytes, and the bytes. What is signed or hashed is made of them, so that no two
 * lists of parts give the same bytes. */
#ifndef SEAL_LIVE_BLOCK_H
#define SEAL_LIVE_BLOCK_H

#include "bytes/buffer.h"
#include "bytes/cursor.h"

static inline void live_block_put(bytes_buffer *out, sotto_bytes part) {
    bytes_buffer_u32(out, (uint32_t)part.len);
    bytes_buffer_put(out, part);
}

static inline sotto_bytes live_block_take(bytes_cursor *c) {
    return bytes_cursor_take(c, bytes_cursor_u32(c));
}

#endif
