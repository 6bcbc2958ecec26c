/* SPDX-License-Identifier: ISC
 *
 * SQLite files of other programs, opened for reading only. What is in them is nobody's word: no code in them runs, no
 * value is taken that is longer than it may be. */
#ifndef APP_IMPORT_TABLES_H
#define APP_IMPORT_TABLES_H

#include "app/trouble.h"

#define APP_TABLES_VALUE_BYTES_MAX 4096u
#define APP_TABLES_COLUMNS_MAX     4u

typedef struct app_tables app_tables;

/* A column of a row: its bytes as text or blob; of a number, `number` alone. */
typedef struct app_tables_value {
    bool there; /* not NULL, and of the type that was asked for */
    sotto_bytes bytes;
    int64_t number;
} app_tables_value;

/* Every row of a query; the values live for the call. False ends it. */
typedef bool app_tables_visit(void *arg, const app_tables_value *row);

/* The path must be a plain file. */
bool app_tables_open(app_tables **ret, const char *path, app_trouble *);
/* `types`: a letter a column: 't' text, 'b' blob, 'n' number. False, with the reason unless the visitor ended it. */
bool app_tables_read(app_tables *, const char *query, const char *types, app_tables_visit *, void *arg, app_trouble *);
void app_tables_close(app_tables *);

#endif
