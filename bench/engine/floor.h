/* SPDX-License-Identifier: ISC
 *
 * The floor: SQLite by itself, with the layout of our store (key and value, WITHOUT ROWID, so that records lie in the
 * order of their keys), WAL and synchronous=FULL, exclusive, its own defaults otherwise; prepared statements, nothing
 * encrypted, nothing checked. */
#ifndef BENCH_ENGINE_FLOOR_H
#define BENCH_ENGINE_FLOOR_H

#include <sotto/store.h>

#define FLOOR_LAYOUT                                                                                                   \
    "records (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID; WAL, synchronous=FULL, locking_mode=EXCLUSIVE, other "  \
    "settings SQLite's defaults; prepared upsert and delete; values not encrypted"

typedef struct floor_store floor_store;

floor_store *floor_open(const char *path);
void floor_write(floor_store *, const sotto_change *, size_t count); /* one transaction */
void floor_close(floor_store *);
const char *floor_version(void);

#endif
