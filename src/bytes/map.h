/* SPDX-License-Identifier: ISC
 *
 * An ordered map from bytes to bytes, owning copies of both. Balanced by priorities that do not depend on the keys, so
 * that nobody who chooses keys can make it slow. Larger maps have an index besides, by which looking up one key is
 * short; where it is of no help (no memory for it, or keys that were chosen to collide in it) the tree is. Everything
 * is wiped when it goes. Entries can be taken out and put back without memory being needed, which is what makes changes
 * revocable. */
#ifndef BYTES_MAP_H
#define BYTES_MAP_H

#include <sotto/types.h>

typedef struct bytes_map_entry bytes_map_entry;

typedef struct bytes_map {
    const sotto_host *host;
    bytes_map_entry *root;
    size_t count;
    uint64_t sequence; /* of priorities */
    bytes_map_entry **index;
    size_t index_size; /* a power of two; 0: none */
    uint64_t seed;     /* of the index */
} bytes_map;

void bytes_map_init(bytes_map *, const sotto_host *);
/* Sets or replaces; an empty value is a value like any other. NO_MEMORY: the map is as before. */
SOTTO_MUST_CHECK sotto_status bytes_map_put(bytes_map *, sotto_bytes key, sotto_bytes value);
/* Spans live until the entry is replaced or removed. */
bool bytes_map_get(const bytes_map *, sotto_bytes key, sotto_bytes *ret_value);
void bytes_map_remove(bytes_map *, sotto_bytes key);
/* The first entry whose key is at least `key` (or, with `beyond`, greater). */
bool bytes_map_from(const bytes_map *, sotto_bytes key, bool beyond, sotto_bytes *ret_key, sotto_bytes *ret_value);
void bytes_map_clear(bytes_map *);
/* Looking at all of it, in order: the first entry, and the one behind an entry that is in the map; NULL: none. */
const bytes_map_entry *bytes_map_first(const bytes_map *);
const bytes_map_entry *bytes_map_next(const bytes_map_entry *);
/* Takes all entries out, in order, and gives them to `take`, whose they are. The map is empty afterwards; its index
 * stays, empty, unless it is large. */
typedef void bytes_map_take(void *arg, bytes_map_entry *);
void bytes_map_drain(bytes_map *, bytes_map_take *, void *arg);

/* Every bit of the key and of the seed is in every bit of it; for places in tables, not against who chooses keys. */
uint64_t bytes_map_hash(sotto_bytes key, uint64_t seed);

/* Entries by themselves. NULL: out of memory. */
bytes_map_entry *bytes_map_entry_new(const sotto_host *, sotto_bytes key, sotto_bytes value);
sotto_bytes bytes_map_entry_key(const bytes_map_entry *);
sotto_bytes bytes_map_entry_value(const bytes_map_entry *);
void bytes_map_entry_free(const sotto_host *, bytes_map_entry *); /* NULL is allowed */
/* Puts an entry in, which the map owns from then on; returns the one it displaced, now the caller's, or NULL. */
bytes_map_entry *bytes_map_attach(bytes_map *, bytes_map_entry *);
/* Takes an entry out, now the caller's; NULL when there is none. */
bytes_map_entry *bytes_map_detach(bytes_map *, sotto_bytes key);

#endif
