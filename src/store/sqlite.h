/* SPDX-License-Identifier: ISC
 *
 * The SQLite store with what only tests and recordings change: the layer below SQLite, and the table of versions. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <sotto/sqlite.h>

#include "store/schema.h"

typedef struct store_sqlite_setup {
    const char *vfs;            /* the name of a registered VFS; NULL: SQLite's own */
    const store_schema *schema; /* NULL: store_schema_now */
    bool uncounted;             /* openings are not counted, and nothing is written beside the store */
} store_sqlite_setup;

/* As sotto_sqlite_open. `setup` may be NULL; what it points to outlives the store. */
SOTTO_MUST_CHECK sotto_status store_sqlite_open_with(sotto_store **ret, const sotto_sqlite_options *,
                                                     const store_sqlite_setup *);

#endif
