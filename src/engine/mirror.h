/* SPDX-License-Identifier: ISC
 *
 * Records that were read or written lately, as the store has them: sealing a message asks for the same few records
 * several times, and a conversation for the same ones with every message. Only what is committed is in here; what is
 * staged lies over it (engine/record.h). The store is lent to the engine alone, so nothing else changes it.
 *
 * Bounded: records that are kept hold secrets, so the room is small. Places are found by a hash of the key, four to a
 * choice; a hand goes round and gives back, wiped, what nobody asked for since it came by. */
#ifndef ENGINE_MIRROR_H
#define ENGINE_MIRROR_H

#include <sotto/store.h>

#include "bytes/map.h"

#define ENGINE_MIRROR_BYTES  ((size_t)2 * 1024 * 1024)
#define ENGINE_MIRROR_PLACES 4096u

/* Keys are those of records, an empty value says that there is no such record; and, behind a zero byte, the prefixes of
 * runs: what a contact's keys are trusted for, and what is held, are always read as a whole. Behind a one: runs that
 * are too large for that. */
typedef struct engine_mirror {
    const sotto_host *host;
    struct mirror_place *places; /* NULL: nothing was kept yet */
    size_t bytes;
    size_t hand;
    uint64_t seed;
} engine_mirror;

void engine_mirror_init(engine_mirror *, const sotto_host *);
void engine_mirror_clear(engine_mirror *);
/* As the store's own functions; NO_MEMORY besides. */
SOTTO_MUST_CHECK sotto_status engine_mirror_get(engine_mirror *, sotto_store *, sotto_bytes key, sotto_visit *,
                                                void *arg);
SOTTO_MUST_CHECK sotto_status engine_mirror_scan(engine_mirror *, sotto_store *, sotto_bytes prefix, sotto_visit *,
                                                 void *arg);
/* Written by somebody who knows better: read again when it is asked for. */
void engine_mirror_forget(engine_mirror *, sotto_bytes key);
/* These were written, empty values for deletions: takes the entries over, so that it needs no memory. The map is empty
 * afterwards. */
void engine_mirror_written(engine_mirror *, bytes_map *);

#endif
