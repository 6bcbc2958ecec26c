/* SPDX-License-Identifier: ISC */
#include "floor.h"

#include <sqlite3.h>

#include "measure.h"

struct floor_store {
    sqlite3 *db;
    sqlite3_stmt *put, *remove, *begin, *commit;
};

static void fine(floor_store *store, int result, int wanted) {
    if (result == wanted) return;
    fprintf(stderr, "the floor: %s\n", sqlite3_errmsg(store->db));
    exit(1);
}

static sqlite3_stmt *prepared(floor_store *store, const char *sql) {
    sqlite3_stmt *statement = NULL;
    fine(store, sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), SQLITE_OK);
    return statement;
}

floor_store *floor_open(const char *path) {
    floor_store *store = calloc(1, sizeof *store);
    bench_check(store != NULL);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    fine(store, sqlite3_open_v2(path, &store->db, flags, NULL), SQLITE_OK);
    fine(store,
         sqlite3_exec(store->db,
                      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                      "CREATE TABLE records (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
                      NULL, NULL, NULL),
         SQLITE_OK);
    store->put = prepared(store, "INSERT INTO records (key, value) VALUES (?1, ?2) "
                                 "ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    store->remove = prepared(store, "DELETE FROM records WHERE key = ?1");
    store->begin = prepared(store, "BEGIN IMMEDIATE");
    store->commit = prepared(store, "COMMIT");
    return store;
}

static void run(floor_store *store, sqlite3_stmt *statement) {
    fine(store, sqlite3_step(statement), SQLITE_DONE);
    (void)sqlite3_reset(statement);
}

void floor_write(floor_store *store, const sotto_change *changes, size_t count) {
    run(store, store->begin);
    for (size_t i = 0; i < count; i++) {
        sotto_bytes key = changes[i].key, value = changes[i].value;
        sqlite3_stmt *statement = value.len == 0 ? store->remove : store->put;
        (void)sqlite3_bind_blob64(statement, 1, key.at, key.len, SQLITE_STATIC);
        if (value.len > 0) (void)sqlite3_bind_blob64(statement, 2, value.at, value.len, SQLITE_STATIC);
        run(store, statement);
    }
    run(store, store->commit);
}

void floor_close(floor_store *store) {
    (void)sqlite3_finalize(store->put);
    (void)sqlite3_finalize(store->remove);
    (void)sqlite3_finalize(store->begin);
    (void)sqlite3_finalize(store->commit);
    (void)sqlite3_close(store->db);
    free(store);
}

const char *floor_version(void) {
    return sqlite3_libversion();
}
