/* SPDX-License-Identifier: ISC
 *
 * An arena: many small pieces, given back all at once or down to a mark, wiped then. It has a ceiling, so that what a
 * peer sends cannot make it grow without end. */
#ifndef BYTES_ARENA_H
#define BYTES_ARENA_H

#include <sotto/types.h>

typedef struct bytes_arena {
    const sotto_host *host;
    struct bytes_arena_chunk *chunk; /* newest */
    struct bytes_arena_chunk *spare; /* given back, wiped, kept for reuse; or NULL */
    size_t total;                    /* of all chunks, the spare one and their headers included; below the ceiling */
    size_t ceiling;
} bytes_arena;

typedef struct bytes_arena_mark {
    struct bytes_arena_chunk *chunk;
    size_t used;
} bytes_arena_mark;

/* Takes no memory yet. */
void bytes_arena_init(bytes_arena *, const sotto_host *, size_t ceiling);
/* Zeroed, aligned for any type; NULL: out of memory or over the ceiling. size 0 gives a valid pointer. */
void *bytes_arena_take(bytes_arena *, size_t size);
/* A copy in the arena. On failure returns false and leaves *ret alone. A NUL follows the copy (not counted). */
SOTTO_MUST_CHECK bool bytes_arena_copy(bytes_arena *, sotto_bytes, sotto_bytes *ret);
bytes_arena_mark bytes_arena_here(const bytes_arena *);
/* Wipes and gives back everything taken since the mark. One chunk may be kept for reuse. */
void bytes_arena_back(bytes_arena *, bytes_arena_mark);
/* Wipes and frees everything; the arena can be used again. */
void bytes_arena_clear(bytes_arena *);

#endif
