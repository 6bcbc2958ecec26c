/* SPDX-License-Identifier: ISC
 *
 * The one buffer type: owned (grows up to a mandatory ceiling) or borrowed (the caller's fixed memory). Writing is
 * sticky: after the first failure the rest does nothing, and bytes_buffer_end, which is the only way to the bytes,
 * tells. Wiped when it grows and when it is freed. */
#ifndef BYTES_BUFFER_H
#define BYTES_BUFFER_H

#include <sotto/types.h>

typedef struct bytes_buffer {
    const sotto_host *host; /* NULL: borrowed */
    uint8_t *at;
    size_t len;
    size_t size;
    size_t ceiling;
    sotto_status status;
} bytes_buffer;

void bytes_buffer_owned(bytes_buffer *, const sotto_host *, size_t ceiling);
void bytes_buffer_borrowed(bytes_buffer *, void *at, size_t size);
/* Room for so many more bytes at once: only saves growing step by step. */
void bytes_buffer_reserve(bytes_buffer *, size_t len);
/* An owned buffer's memory, from now on the caller's: bytes_free(host, at, *ret_size). The buffer is empty afterwards.
 * NULL: nothing was written, or something failed. */
uint8_t *bytes_buffer_release(bytes_buffer *, size_t *ret_len, size_t *ret_size);
/* The bytes may not be the buffer's own: growing wipes them before they were read. */
void bytes_buffer_put(bytes_buffer *, sotto_bytes);
void bytes_buffer_text(bytes_buffer *, const char *);
void bytes_buffer_u8(bytes_buffer *, uint8_t);
void bytes_buffer_u32(bytes_buffer *, uint32_t); /* big-endian, so that keys of records sort as numbers do */
void bytes_buffer_u64(bytes_buffer *, uint64_t);
void bytes_buffer_varint(bytes_buffer *, uint64_t);   /* protobuf's */
void bytes_buffer_block(bytes_buffer *, sotto_bytes); /* varint length, then the bytes */
void bytes_buffer_decimal(bytes_buffer *, uint64_t);
void bytes_buffer_fail(bytes_buffer *, sotto_status); /* makes the buffer fail, unless it has already */
/* Room for `len` bytes to be written by the caller, already counted; NULL when the buffer has failed or is full (or
 * when it is borrowed and has no memory at all). */
uint8_t *bytes_buffer_room(bytes_buffer *, size_t len);
void bytes_buffer_cut(bytes_buffer *, size_t len);    /* wipes and forgets what is beyond len */
void bytes_buffer_drop(bytes_buffer *, size_t count); /* wipes and forgets the first bytes; the rest moves down */
/* The bytes written so far (valid until the next change). NO_MEMORY; TOO_LARGE over the ceiling of an owned buffer;
 * NO_ROOM in a borrowed one; or what bytes_buffer_fail was given. */
SOTTO_MUST_CHECK sotto_status bytes_buffer_end(const bytes_buffer *, sotto_bytes *ret);
/* Empties, wiping; keeps the memory and clears a failure. */
void bytes_buffer_reset(bytes_buffer *);
/* Wipes and frees what is owned; what is borrowed is left as it is, because it is the caller's result. An owned buffer
 * can be used again. */
void bytes_buffer_free(bytes_buffer *);

#endif
