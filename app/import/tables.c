/* SPDX-License-Identifier: ISC
 *
 * Reading other programs' tables; the only file of the program that has to do with SQLite itself. */
#include "app/import/tables.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/home/home.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define BUSY_MS    2000 /* for the other program to end a transaction */
#define STEP_OPS   100000
#define STEPS_MAX  300u /* of so many operations, for one query; the largest store there can be takes some tens */
#define LENGTH_MAX (1024 * 1024) /* of a value, also of one that a column computes */

struct app_tables {
    sqlite3 *db;
    unsigned steps; /* of the query under way */
    char path[APP_PATH_SIZE];
};

/* A damaged table can be one without an end: its pages lead to each other. */
static int on_step(void *arg) {
    app_tables *tables = arg;
    return ++tables->steps > STEPS_MAX ? 1 : 0;
}

static bool guard(sqlite3 *db) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) == SQLITE_OK &&
           sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) == SQLITE_OK &&
           sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL) == SQLITE_OK &&
           sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) == SQLITE_OK &&
           sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0) >= 0 &&
           sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LENGTH_MAX) >= 0 && sqlite3_busy_timeout(db, BUSY_MS) == SQLITE_OK &&
           sqlite3_exec(db, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0", NULL, NULL, NULL) == SQLITE_OK;
}

static bool failed(const app_tables *tables, app_trouble *trouble) {
    return app_trouble_set(trouble, "%s cannot be read: %s. Nothing was changed.", tables->path,
                           sqlite3_errmsg(tables->db));
}

bool app_tables_open(app_tables **ret, const char *path, app_trouble *trouble) {
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode))
        return app_trouble_set(trouble, "There is no file %s.", path);
    app_tables *tables = bytes_new(sotto_host_default(), sizeof *tables);
    if (!tables) return app_trouble_set(trouble, "Out of memory.");
    (void)snprintf(tables->path, sizeof tables->path, "%s", path);
    int result = sqlite3_open_v2(path, &tables->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK && guard(tables->db)) {
        sqlite3_progress_handler(tables->db, STEP_OPS, on_step, tables);
        *ret = tables;
        return true;
    }
    (void)failed(tables, trouble);
    app_tables_close(tables);
    return false;
}

static app_tables_value value_of(sqlite3_stmt *row, int column, char type) {
    app_tables_value value = {.there = false};
    int is = sqlite3_column_type(row, column);
    if (type == 'n') {
        value.there = is == SQLITE_INTEGER;
        if (value.there) value.number = sqlite3_column_int64(row, column);
        return value;
    }
    int len = sqlite3_column_bytes(row, column);
    value.there =
        is == (type == 't' ? SQLITE_TEXT : SQLITE_BLOB) && len > 0 && (unsigned)len <= APP_TABLES_VALUE_BYTES_MAX;
    if (value.there) value.bytes = bytes_of(sqlite3_column_blob(row, column), (size_t)len);
    return value;
}

bool app_tables_read(app_tables *tables, const char *query, const char *types, app_tables_visit *visit, void *arg,
                     app_trouble *trouble) {
    sqlite3_stmt *row = NULL;
    app_tables_value values[APP_TABLES_COLUMNS_MAX];
    bool more = true;
    tables->steps = 0;
    if (sqlite3_prepare_v2(tables->db, query, -1, &row, NULL) != SQLITE_OK) return failed(tables, trouble);
    int result = SQLITE_ROW;
    while (more && (result = sqlite3_step(row)) == SQLITE_ROW) {
        for (int i = 0; types[i]; i++) values[i] = value_of(row, i, types[i]);
        more = visit(arg, values);
    }
    bool good = result == SQLITE_DONE;
    if (more && !good) (void)failed(tables, trouble);
    (void)sqlite3_finalize(row);
    return good;
}

void app_tables_close(app_tables *tables) {
    if (!tables) return;
    (void)sqlite3_close(tables->db);
    bytes_free(sotto_host_default(), tables, sizeof *tables);
}
