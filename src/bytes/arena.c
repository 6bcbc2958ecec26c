/* SPDX-License-Identifier: ISC
 *
 * The arena is a list of chunks, newest first, each twice the one before. What is behind `used` in a chunk is always
 * zero (new chunks are, and going back wipes), so taking needs no clearing. */
#include "bytes/arena.h"

#include <stdalign.h>
#include <string.h>

#include "bytes/memory.h"

#define CHUNK_BYTES_MIN 1024u

struct bytes_arena_chunk {
    struct bytes_arena_chunk *older;
    size_t size; /* of data */
    size_t used;
    alignas(max_align_t) uint8_t data[];
};

static size_t chunk_total(const struct bytes_arena_chunk *chunk) {
    return sizeof *chunk + chunk->size;
}

void bytes_arena_init(bytes_arena *arena, const sotto_host *host, size_t ceiling) {
    *arena = (bytes_arena){.host = host, .ceiling = ceiling};
}

static void chunk_free(bytes_arena *arena, struct bytes_arena_chunk *chunk) {
    if (!chunk) return;
    arena->total -= chunk_total(chunk);
    bytes_free(arena->host, chunk, chunk_total(chunk));
}

/* The most data a new chunk could have below the ceiling. */
static size_t chunk_room(const bytes_arena *arena) {
    size_t left = arena->ceiling - arena->total;
    return left > sizeof(struct bytes_arena_chunk) ? left - sizeof(struct bytes_arena_chunk) : 0;
}

static void spare_drop(bytes_arena *arena) {
    chunk_free(arena, arena->spare);
    arena->spare = NULL;
}

/* A chunk with room for `size` bytes becomes the newest. */
static bool chunk_push(bytes_arena *arena, size_t size) {
    struct bytes_arena_chunk *chunk = arena->spare;
    if (chunk && chunk->size >= size) {
        arena->spare = NULL;
    } else {
        spare_drop(arena);
        size_t room = chunk_room(arena);
        if (size > room) return false;
        size_t wanted = arena->chunk ? arena->chunk->size : CHUNK_BYTES_MIN / 2;
        wanted = wanted > SIZE_MAX / 2 ? SIZE_MAX : wanted * 2;
        if (wanted > room) wanted = room;
        if (wanted < size) wanted = size;
        chunk = bytes_new(arena->host, sizeof *chunk + wanted);
        if (!chunk) return false;
        chunk->size = wanted;
        arena->total += chunk_total(chunk);
    }
    chunk->older = arena->chunk;
    arena->chunk = chunk;
    return true;
}

void *bytes_arena_take(bytes_arena *arena, size_t size) {
    const size_t step = alignof(max_align_t);
    if (size > SIZE_MAX - step) return NULL;
    size_t whole = size == 0 ? step : (size + step - 1) / step * step;
    if (!arena->chunk || whole > arena->chunk->size - arena->chunk->used) {
        if (!chunk_push(arena, whole)) return NULL;
    }
    void *at = arena->chunk->data + arena->chunk->used;
    arena->chunk->used += whole;
    return at;
}

bool bytes_arena_copy(bytes_arena *arena, sotto_bytes bytes, sotto_bytes *ret) {
    if (bytes.len == SIZE_MAX) return false;
    uint8_t *at = bytes_arena_take(arena, bytes.len + 1);
    if (!at) return false;
    if (bytes.len > 0) memcpy(at, bytes.at, bytes.len);
    *ret = (sotto_bytes){at, bytes.len};
    return true;
}

bytes_arena_mark bytes_arena_here(const bytes_arena *arena) {
    return (bytes_arena_mark){arena->chunk, arena->chunk ? arena->chunk->used : 0};
}

void bytes_arena_back(bytes_arena *arena, bytes_arena_mark mark) {
    while (arena->chunk != mark.chunk) {
        struct bytes_arena_chunk *chunk = arena->chunk;
        arena->chunk = chunk->older;
        if (arena->spare && arena->spare->size >= chunk->size) {
            chunk_free(arena, chunk);
        } else {
            spare_drop(arena);
            bytes_wipe(chunk->data, chunk->used);
            chunk->used = 0;
            arena->spare = chunk;
        }
    }
    if (!arena->chunk) return;
    bytes_wipe(arena->chunk->data + mark.used, arena->chunk->used - mark.used);
    arena->chunk->used = mark.used;
}

void bytes_arena_clear(bytes_arena *arena) {
    bytes_arena_back(arena, (bytes_arena_mark){NULL, 0});
    spare_drop(arena);
}
