/* SPDX-License-Identifier: ISC
 *
 * The versions of the store's file, as a table: step n makes version n+1 out of version n, and version 0 is an empty
 * file. A released step never changes; a new version is one more line. One row is outside of the table's reach: `meta`
 * with the name 'data-key', which must be readable in every version before anything is changed, and which has a
 * version of its own (store/vault.h). */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <stdint.h>

#define STORE_APPLICATION_ID 0x536f7474 /* "Sott", in the header of the file, for file(1) and for us */

typedef struct store_schema {
    const char *const *steps; /* SQL, run in one transaction together with the new version number */
    uint32_t version;         /* how many there are, and so the version that results */
} store_schema;

extern const store_schema store_schema_now;

#endif
