/* SPDX-License-Identifier: ISC
 *
 * malloc that wipes. */
#include "stanza/memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/memory.h"

typedef struct block {
    size_t size;
    alignas(max_align_t) unsigned char data[];
} block;

static block *block_of(void *at) {
    return (block *)(void *)((unsigned char *)at - offsetof(block, data));
}

void *stanza_memory_new(size_t size) {
    if (size > SIZE_MAX / 2) return NULL;
    block *made = malloc(offsetof(block, data) + size);
    if (!made) return NULL;
    made->size = size;
    return (unsigned char *)made + offsetof(block, data);
}

void *stanza_memory_resize(void *at, size_t size) {
    void *moved = stanza_memory_new(size);
    if (!moved || !at) return moved;
    size_t old = block_of(at)->size;
    memcpy(moved, at, old < size ? old : size);
    stanza_memory_free(at);
    return moved;
}

void stanza_memory_free(void *at) {
    if (!at) return;
    block *gone = block_of(at);
    bytes_wipe(gone->data, gone->size);
    free(gone);
}
