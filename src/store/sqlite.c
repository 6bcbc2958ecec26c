/* SPDX-License-Identifier: ISC
 *
 * The store in one SQLite file. This is the one file that knows SQLite, and all SQL that is not a step of the schema
 * is here. SQLite sees sealed values only: what is readable lives in the store's own buffer and is wiped after use.
 *
 * WAL with synchronous=FULL: one sync a transaction, and it is on the disk when write returns. The lock is exclusive
 * and kept from open to close, so the index of the WAL needs no shared memory (there is no -shm file), and a second
 * process learns at once that the store is taken. */
#include "store/sqlite.h"

#include <errno.h>
#include <stdio.h>

#include <sqlite3.h>

#include "bytes/cursor.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "crypto/cipher.h"
#include "crypto/curve.h"
#include "crypto/hash.h"
#include "store/files.h"
#include "store/nonces.h"
#include "store/record.h"
#include "store/vault.h"

#define MESSAGE_BYTES  256
#define ROW_BYTES_MAX  (SOTTO_RECORD_BYTES_MAX + SOTTO_STORE_KEY_BYTES_MAX + 1024u)
#define VAULT_ROW_ROOM 256u
#define BUFFER_KEPT    (64u * 1024u) /* larger ones are given back after use */

enum { GET, SCAN, PUT, REMOVE, BEGIN, COMMIT, ROLLBACK, STATEMENTS };

static const char *const statement_texts[STATEMENTS] = {
    [GET] = "SELECT value FROM records WHERE key = ?1",
    [SCAN] = "SELECT key, value FROM records WHERE key >= ?1 ORDER BY key",
    [PUT] = "INSERT INTO records (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    [REMOVE] = "DELETE FROM records WHERE key = ?1",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
};

typedef struct sqlite_store {
    sotto_store base;
    const sotto_host *host;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    uint8_t data_key[STORE_VAULT_KEY_BYTES];
    bytes_buffer buffer; /* one value, readable or sealed; empty between calls */
    bool visiting;
    store_nonces nonces; /* of the write at hand */
    char message[MESSAGE_BYTES];
    uint64_t opening; /* its number; 0: not counted */
    store_path path;  /* beside which it is written */
} sqlite_store;

static void close_store(sqlite_store *store);

/* ---- SQLite's results ---- */

static sotto_status status_of(int result, int error) {
    switch (result & 0xff) {
    case SQLITE_NOMEM:
        return SOTTO_FAIL(NO_MEMORY);
    case SQLITE_FULL:
        return SOTTO_FAIL(STORE_FULL);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return SOTTO_FAIL(STORE_LOCKED);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* our SQL is right, so the tables are not */
    case SQLITE_SCHEMA:
    case SQLITE_TOOBIG:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return SOTTO_FAIL(STORE_CORRUPT);
    case SQLITE_IOERR:
        if (result == SQLITE_IOERR_NOMEM) return SOTTO_FAIL(NO_MEMORY);
        return error == ENOSPC || error == EDQUOT ? SOTTO_FAIL(STORE_FULL) : SOTTO_FAIL(STORE_FAILED);
    default:
        return SOTTO_FAIL(STORE_FAILED);
    }
}

/* Keeps what SQLite says: the roll-back that follows a failure would replace it. Its messages name tables and files,
 * never values. */
static sotto_status failed(sqlite_store *store, int result) {
    (void)snprintf(store->message, sizeof store->message, "%s (%d)", sqlite3_errmsg(store->db), result);
    return status_of(result, sqlite3_system_errno(store->db));
}

static sotto_status check(sqlite_store *store, int result) {
    return result == SQLITE_OK ? SOTTO_OK : failed(store, result);
}

static sotto_status execute(sqlite_store *store, const char *sql) {
    return check(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL));
}

static sotto_status bind(sqlite_store *store, sqlite3_stmt *statement, int place, sotto_bytes value) {
    /* A NULL pointer would be SQL's NULL, which nothing compares with. */
    const void *at = value.len == 0 ? "" : (const void *)value.at;
    return check(store, sqlite3_bind_blob64(statement, place, at, value.len, SQLITE_STATIC));
}

static sotto_bytes column(sqlite3_stmt *statement, int place) {
    const void *at = sqlite3_column_blob(statement, place); /* first: it may convert, and change the length */
    return bytes_of(at, at == NULL ? 0 : (size_t)sqlite3_column_bytes(statement, place));
}

/* Runs a statement that returns no rows. */
static sotto_status run(sqlite_store *store, sqlite3_stmt *statement) {
    int result = sqlite3_step(statement);
    sotto_status status = result == SQLITE_DONE ? SOTTO_OK : failed(store, result);
    (void)sqlite3_reset(statement); /* says again what the step said */
    return status;
}

static sotto_status prepare(sqlite_store *store, sqlite3_stmt **ret, const char *sql) {
    return check(store, sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL));
}

/* The one number a statement results in. */
static sotto_status ask_number(sqlite_store *store, const char *sql, sqlite3_int64 *ret) {
    sqlite3_stmt *statement = NULL;
    SOTTO_TRY(prepare(store, &statement, sql));
    int result = sqlite3_step(statement);
    sotto_status status = result == SQLITE_ROW ? SOTTO_OK : failed(store, result);
    if (sotto_ok(status)) *ret = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return status;
}

/* Ends a transaction that something failed in; a full disk may have done so already. The statement that is ready takes
 * no memory: preparing one may fail too, and would leave the transaction open under whatever comes next. */
static void roll_back(sqlite_store *store) {
    if (sqlite3_get_autocommit(store->db) != 0) return;
    sqlite3_stmt *statement = store->statements[ROLLBACK];
    if (statement == NULL) { /* while opening: what fails there closes the file */
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
        return;
    }
    (void)sqlite3_step(statement);
    (void)sqlite3_reset(statement);
}

/* Commits what went well, and takes back what did not. */
static sotto_status end_transaction(sqlite_store *store, sotto_status status) {
    if (sotto_ok(status)) status = execute(store, "COMMIT");
    if (!sotto_ok(status)) roll_back(store);
    return status;
}

/* ---- opening ---- */

static sotto_status setting(sqlite_store *store, int option, int value) {
    return check(store, sqlite3_db_config(store->db, option, value, (int *)NULL));
}

/* A file may have been made by somebody else: nothing in its schema may run, or be more than tables. */
static sotto_status harden(sqlite_store *store) {
    SOTTO_TRY(setting(store, SQLITE_DBCONFIG_DEFENSIVE, 1));
    SOTTO_TRY(setting(store, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0));
    SOTTO_TRY(setting(store, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0));
    SOTTO_TRY(setting(store, SQLITE_DBCONFIG_ENABLE_VIEW, 0));
    SOTTO_TRY(setting(store, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0));
    SOTTO_TRY(setting(store, SQLITE_DBCONFIG_DQS_DML, 0));
    SOTTO_TRY(setting(store, SQLITE_DBCONFIG_DQS_DDL, 0));
    (void)sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, (int)ROW_BYTES_MAX);
    (void)sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 0);
    return SOTTO_OK;
}

/* locking_mode before anything is read, or the WAL would get a shared index. secure_delete: what was deleted shall not
 * stay in free pages. The WAL is carried over after 256 pages, so that old states are soon written over in it too, and
 * then used again from its start: cutting it to nothing each time would double the cost of a write. Only what a large
 * transaction made it grow by is given back (doc/store.md). */
static sotto_status configure(sqlite_store *store) {
    return execute(store, "PRAGMA locking_mode = EXCLUSIVE;"
                          "PRAGMA mmap_size = 0;"
                          "PRAGMA temp_store = MEMORY;"
                          "PRAGMA cell_size_check = ON;"
                          "PRAGMA secure_delete = ON;"
                          "PRAGMA wal_autocheckpoint = 256;"
                          "PRAGMA journal_size_limit = 1310720;"
                          "PRAGMA synchronous = FULL;");
}

/* `path` is absolute, so that no name is taken for a URI, and exists; NOFOLLOW is about its last part. */
static sotto_status connect(sqlite_store *store, const store_path *path, const char *vfs) {
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW |
                SQLITE_OPEN_EXRESCODE;
    int result = sqlite3_open_v2(path->text, &store->db, flags, vfs);
    if (store->db == NULL) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(check(store, result));
    SOTTO_TRY(harden(store));
    /* SQLite opens for reading what it may not write, and would say so at the first write only. */
    return sqlite3_db_readonly(store->db, "main") != 0 ? SOTTO_FAIL(STORE_FAILED) : SOTTO_OK;
}

static sotto_status new_store(sqlite_store **ret, const sotto_host *host, const store_path *path, const char *vfs) {
    sqlite_store *store = bytes_new(host, sizeof *store);
    if (store == NULL) return SOTTO_FAIL(NO_MEMORY);
    store->host = host;
    bytes_buffer_owned(&store->buffer, host, SOTTO_RECORD_BYTES_MAX + CRYPTO_BOX_EXTRA);
    sotto_status status = connect(store, path, vfs);
    if (!sotto_ok(status)) {
        close_store(store);
        return status;
    }
    *ret = store;
    return SOTTO_OK;
}

static void close_store(sqlite_store *store) {
    for (size_t i = 0; i < STATEMENTS; i++) (void)sqlite3_finalize(store->statements[i]);
    (void)sqlite3_close(store->db); /* carries the WAL over into the file and removes it */
    bytes_buffer_free(&store->buffer);
    bytes_free(store->host, store, sizeof *store);
}

/* The schema's steps after `from`, and the number that says they were made. Inside a transaction. */
static sotto_status upgrade(sqlite_store *store, const store_schema *schema, uint32_t from) {
    for (uint32_t i = from; i < schema->version; i++) SOTTO_TRY(execute(store, schema->steps[i]));
    char sql[64];
    (void)snprintf(sql, sizeof sql, "PRAGMA user_version = %u", (unsigned)schema->version);
    return execute(store, sql);
}

/* Waits for nobody: a store in use is STORE_LOCKED. Afterwards the lock is ours until close. */
static sotto_status lock_and_read_version(sqlite_store *store, uint32_t *ret, uint32_t newest) {
    sqlite3_int64 id = 0, version = 0;
    SOTTO_TRY(execute(store, "BEGIN EXCLUSIVE"));
    sotto_status status = ask_number(store, "PRAGMA application_id", &id);
    if (sotto_ok(status)) status = ask_number(store, "PRAGMA user_version", &version);
    sotto_status ended = execute(store, "ROLLBACK"); /* nothing was changed, and nothing shall be */
    SOTTO_TRY(status);
    SOTTO_TRY(ended);
    if (id != STORE_APPLICATION_ID || version < 1) return SOTTO_FAIL(STORE_CORRUPT);
    if (version > newest) return SOTTO_FAIL(STORE_NEWER);
    *ret = (uint32_t)version;
    return SOTTO_OK;
}

static sotto_status use_wal(sqlite_store *store) {
    sqlite3_stmt *statement = NULL;
    SOTTO_TRY(prepare(store, &statement, "PRAGMA journal_mode = WAL"));
    int result = sqlite3_step(statement);
    sotto_status status = result == SQLITE_ROW ? SOTTO_OK : failed(store, result);
    if (sotto_ok(status) && !bytes_is(column(statement, 0), "wal")) status = SOTTO_FAIL(STORE_FAILED);
    (void)sqlite3_finalize(statement);
    return status;
}

/* ---- the key of the data ---- */

static sotto_status read_secret(store_secret *ret, const char *key_path, sotto_bytes passphrase) {
    *ret = (store_secret){.from_file = key_path != NULL, .passphrase = passphrase};
    if (key_path == NULL) return SOTTO_OK;
    sotto_status status = store_key_read(ret->file_key, key_path);
    return sotto_is(status, SOTTO_E_NOT_FOUND) ? SOTTO_FAIL(WRONG_PASSPHRASE) : status;
}

static sotto_status read_or_make_secret(store_secret *ret, const char *key_path, sotto_bytes passphrase,
                                        const sotto_host *host) {
    *ret = (store_secret){.from_file = key_path != NULL, .passphrase = passphrase};
    return key_path == NULL ? SOTTO_OK : store_key_read_or_make(ret->file_key, key_path, host);
}

/* Seals store->data_key into the file. */
static sotto_status write_vault(sqlite_store *store, const store_secret *secret) {
    bytes_buffer row;
    bytes_buffer_owned(&row, store->host, VAULT_ROW_ROOM);
    sotto_status status = store_vault_seal(&row, store->data_key, secret, store->host);
    sotto_bytes sealed = BYTES_NONE;
    if (sotto_ok(status)) status = bytes_buffer_end(&row, &sealed);
    sqlite3_stmt *statement = NULL;
    if (sotto_ok(status)) {
        status = prepare(store, &statement, "INSERT OR REPLACE INTO meta (name, value) VALUES ('data-key', ?1)");
    }
    if (sotto_ok(status)) status = bind(store, statement, 1, sealed);
    if (sotto_ok(status)) status = run(store, statement);
    (void)sqlite3_finalize(statement);
    bytes_buffer_free(&row);
    return status;
}

/* The row first: where it is missing, no key would help. */
static sotto_status read_vault(sqlite_store *store, const sotto_sqlite_options *options) {
    sqlite3_stmt *statement = NULL;
    store_secret secret = {0};
    SOTTO_TRY(prepare(store, &statement, "SELECT value FROM meta WHERE name = 'data-key'"));
    int result = sqlite3_step(statement);
    sotto_status status = result == SQLITE_ROW    ? read_secret(&secret, options->key_path, options->passphrase)
                          : result == SQLITE_DONE ? SOTTO_FAIL(STORE_CORRUPT)
                                                  : failed(store, result);
    if (sotto_ok(status)) status = store_vault_open(store->data_key, column(statement, 0), &secret, store->host);
    bytes_wipe(&secret, sizeof secret);
    (void)sqlite3_finalize(statement);
    return status;
}

/* ---- counting openings ---- */

#define COUNT_BYTES 16

/* The number of the last opening, and the setbacks there were; none yet in a new store. */
static sotto_status read_count(sqlite_store *store, uint64_t *ret_number, uint64_t *ret_setbacks) {
    sqlite3_stmt *statement = NULL;
    SOTTO_TRY(prepare(store, &statement, "SELECT value FROM meta WHERE name = 'opening'"));
    int result = sqlite3_step(statement);
    sotto_status status = result == SQLITE_ROW || result == SQLITE_DONE ? SOTTO_OK : failed(store, result);
    *ret_number = *ret_setbacks = 0;
    if (result == SQLITE_ROW) {
        bytes_cursor row = bytes_cursor_over(column(statement, 0));
        *ret_number = bytes_cursor_u64(&row);
        *ret_setbacks = bytes_cursor_u64(&row);
        if (!sotto_ok(bytes_cursor_end(&row))) status = SOTTO_FAIL(STORE_CORRUPT);
    }
    (void)sqlite3_finalize(statement);
    return status;
}

static sotto_status write_count(sqlite_store *store, uint64_t number, uint64_t setbacks) {
    uint8_t memory[COUNT_BYTES];
    bytes_buffer out;
    sotto_bytes row;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_u64(&out, number);
    bytes_buffer_u64(&out, setbacks);
    SOTTO_TRY(bytes_buffer_end(&out, &row));
    sqlite3_stmt *statement = NULL;
    SOTTO_TRY(prepare(store, &statement, "INSERT OR REPLACE INTO meta (name, value) VALUES ('opening', ?1)"));
    sotto_status status = bind(store, statement, 1, row);
    if (sotto_ok(status)) status = run(store, statement);
    (void)sqlite3_finalize(statement);
    return status;
}

/* T18: a store that is behind the number beside it was copied back. First the store, then the number: a crash between
 * the two leaves a store that is ahead, which is no setback. */
static sotto_status count_opening(sqlite_store *store, const store_path *path) {
    uint64_t number, setbacks, beside;
    SOTTO_TRY(read_count(store, &number, &setbacks));
    SOTTO_TRY(store_opening_read(&beside, path));
    if (number < beside) {
        setbacks++;
        number = beside;
    }
    SOTTO_TRY(write_count(store, ++number, setbacks));
    SOTTO_TRY(store_opening_write(path, number));
    store->base.setbacks = setbacks;
    store->opening = number;
    store->path = *path;
    return SOTTO_OK;
}

/* ---- making a store ---- */

static sotto_status build(sqlite_store *store, const store_schema *schema, const store_secret *secret) {
    SOTTO_TRY(crypto_random(store->host, store->data_key, sizeof store->data_key));
    SOTTO_TRY(configure(store));
    /* Nobody knows this file yet: a crash leaves rubbish under a name that is never used again. */
    SOTTO_TRY(execute(store, "PRAGMA journal_mode = MEMORY"));
    SOTTO_TRY(execute(store, "BEGIN EXCLUSIVE"));
    char sql[64];
    (void)snprintf(sql, sizeof sql, "PRAGMA application_id = %d", STORE_APPLICATION_ID);
    sotto_status status = execute(store, sql);
    if (sotto_ok(status)) status = upgrade(store, schema, 0);
    if (sotto_ok(status)) status = write_vault(store, secret);
    return end_transaction(store, status);
}

/* In this order, so that a crash at any point leaves a store that opens, or none: the key file and its name are on the
 * disk; the store is complete under another name; the name is changed. A file with the store's name is therefore
 * never half a store, and an empty one is damage and not a beginning. */
static sotto_status create(const store_path *path, const sotto_sqlite_options *options,
                           const store_sqlite_setup *setup) {
    const store_schema *schema = setup->schema == NULL ? &store_schema_now : setup->schema;
    store_secret secret;
    SOTTO_TRY(read_or_make_secret(&secret, options->key_path, options->passphrase, options->host));
    store_path fresh;
    sotto_status status = store_file_new(&fresh, path->text);
    if (sotto_ok(status)) {
        sqlite_store *store = NULL;
        status = new_store(&store, options->host, &fresh, setup->vfs);
        if (sotto_ok(status)) status = build(store, schema, &secret);
        if (store != NULL) close_store(store);
        if (sotto_ok(status)) store_opening_remove(path); /* of a store that was deleted */
        if (sotto_ok(status))
            status = store_file_install(&fresh, path->text);
        else
            store_file_remove(&fresh);
    }
    bytes_wipe(&secret, sizeof secret);
    return status;
}

/* ---- the port ---- */

static void empty_buffer(sqlite_store *store) {
    if (store->buffer.size > BUFFER_KEPT)
        bytes_buffer_free(&store->buffer);
    else
        bytes_buffer_reset(&store->buffer);
}

static sotto_status idle(const sqlite_store *store) {
    return store->visiting ? SOTTO_FAIL(STATE) : SOTTO_OK;
}

/* Opens a sealed value and shows it. */
static sotto_status show(sqlite_store *store, sotto_bytes key, sotto_bytes sealed, sotto_visit *visit, void *arg) {
    sotto_bytes value = BYTES_NONE;
    sotto_status status = crypto_box_get(&store->buffer, store->data_key, key, sealed);
    if (sotto_ok(status)) status = bytes_buffer_end(&store->buffer, &value);
    /* Too large for the buffer: nothing that we wrote. */
    bool damaged = sotto_is(status, SOTTO_E_BAD_MAC) || sotto_is(status, SOTTO_E_TOO_LARGE);
    if (damaged) {
        (void)snprintf(store->message, sizeof store->message, "a value that is not what was written under its key");
        status = SOTTO_FAIL(STORE_CORRUPT);
    }
    if (sotto_ok(status)) {
        store->visiting = true;
        status = visit(arg, key, value);
        store->visiting = false;
    }
    empty_buffer(store);
    return status;
}

static sotto_status sqlite_get(sotto_store *base, sotto_bytes key, sotto_visit *visit, void *arg) {
    sqlite_store *store = (sqlite_store *)base;
    SOTTO_TRY(idle(store));
    SOTTO_TRY(store_key_check(key));
    sqlite3_stmt *statement = store->statements[GET];
    SOTTO_TRY(bind(store, statement, 1, key));
    int result = sqlite3_step(statement);
    sotto_status status = result == SQLITE_ROW    ? show(store, key, column(statement, 0), visit, arg)
                          : result == SQLITE_DONE ? SOTTO_FAIL(NOT_FOUND)
                                                  : failed(store, result);
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return status;
}

static sotto_status sqlite_scan(sotto_store *base, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    sqlite_store *store = (sqlite_store *)base;
    SOTTO_TRY(idle(store));
    SOTTO_TRY(store_prefix_check(prefix));
    sqlite3_stmt *statement = store->statements[SCAN];
    SOTTO_TRY(bind(store, statement, 1, prefix));
    sotto_status status = SOTTO_OK;
    /* What starts with the prefix is one run, and begins at the first key that is not below it. */
    for (bool more = true; more && sotto_ok(status);) {
        int result = sqlite3_step(statement);
        if (result != SQLITE_ROW && result != SQLITE_DONE) status = failed(store, result);
        more = result == SQLITE_ROW && bytes_starts_with(column(statement, 0), prefix);
        if (more) status = show(store, column(statement, 0), column(statement, 1), visit, arg);
    }
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return status;
}

static sotto_status change(sqlite_store *store, const sotto_change *c) {
    bool removes = c->value.len == 0;
    sqlite3_stmt *statement = store->statements[removes ? REMOVE : PUT];
    sotto_bytes sealed = BYTES_NONE;
    sotto_status status = bind(store, statement, 1, c->key);
    if (sotto_ok(status) && !removes) {
        status = crypto_box_put(&store->buffer, store->data_key, c->key, c->value, &store->nonces.host);
        if (sotto_ok(status)) status = bytes_buffer_end(&store->buffer, &sealed);
        if (sotto_ok(status)) status = bind(store, statement, 2, sealed);
    }
    if (sotto_ok(status)) status = run(store, statement);
    (void)sqlite3_clear_bindings(statement);
    empty_buffer(store);
    return status;
}

static sotto_status sqlite_write(sotto_store *base, const sotto_change *changes, size_t count) {
    sqlite_store *store = (sqlite_store *)base;
    SOTTO_TRY(idle(store));
    SOTTO_TRY(store_changes_check(changes, count));
    if (count == 0) return SOTTO_OK;
    SOTTO_TRY(run(store, store->statements[BEGIN]));
    sotto_status status = SOTTO_OK;
    store_nonces_begin(&store->nonces, store->host, changes, count);
    for (size_t i = 0; sotto_ok(status) && i < count; i++) status = change(store, &changes[i]);
    store_nonces_end(&store->nonces);
    if (sotto_ok(status)) status = run(store, store->statements[COMMIT]);
    if (!sotto_ok(status)) roll_back(store);
    return status;
}

/* What was copied while it was open shall be behind it from now on. Should this fail, it is as if the process had been
 * killed. */
static void count_closing(sqlite_store *store) {
    if (store->opening == 0) return;
    sotto_status status = write_count(store, store->opening + 1, store->base.setbacks);
    if (sotto_ok(status)) status = store_opening_write(&store->path, store->opening + 1);
    (void)status;
}

static void sqlite_close(sotto_store *base) {
    if (base == NULL) return;
    count_closing((sqlite_store *)base);
    close_store((sqlite_store *)base);
}

static const sotto_store_class sqlite_methods = {sqlite_get, sqlite_scan, sqlite_write, sqlite_close};

/* ---- what a host calls ---- */

static sotto_status enter(sqlite_store *store, const store_path *path, const sotto_sqlite_options *options,
                          const store_sqlite_setup *setup) {
    const store_schema *schema = setup->schema == NULL ? &store_schema_now : setup->schema;
    uint32_t version = 0;
    SOTTO_TRY(configure(store));
    SOTTO_TRY(lock_and_read_version(store, &version, schema->version));
    SOTTO_TRY(read_vault(store, options));
    SOTTO_TRY(use_wal(store));
    if (version < schema->version) {
        SOTTO_TRY(execute(store, "BEGIN IMMEDIATE"));
        SOTTO_TRY(end_transaction(store, upgrade(store, schema, version)));
    }
    for (size_t i = 0; i < STATEMENTS; i++) {
        SOTTO_TRY(prepare(store, &store->statements[i], statement_texts[i]));
    }
    return setup->uncounted ? SOTTO_OK : count_opening(store, path);
}

static sotto_status open_existing(sotto_store **ret, const store_path *path, const sotto_sqlite_options *options,
                                  const store_sqlite_setup *setup) {
    /* What a crash left in a WAL is carried over into the file when it is closed: only once we know that it is ours
     * to change. An empty WAL is SQLite's to remove again. */
    bool untouched = store_path_has_bytes(path, "-wal");
    sqlite_store *store = NULL;
    SOTTO_TRY(new_store(&store, options->host, path, setup->vfs));
    sotto_status status = setting(store, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, untouched);
    if (sotto_ok(status)) status = enter(store, path, options, setup);
    if (sotto_ok(status)) status = setting(store, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0);
    if (!sotto_ok(status)) {
        close_store(store);
        return status;
    }
    store->base.methods = &sqlite_methods;
    *ret = &store->base;
    return SOTTO_OK;
}

sotto_status store_sqlite_open_with(sotto_store **ret, const sotto_sqlite_options *options,
                                    const store_sqlite_setup *setup) {
    if (ret == NULL || options == NULL || options->path == NULL || options->host == NULL) return SOTTO_FAIL(USAGE);
    if (options->key_path == NULL && options->passphrase.len == 0) return SOTTO_FAIL(USAGE);
    const store_sqlite_setup as_usual = {NULL, NULL, false};
    if (setup == NULL) setup = &as_usual;
    SOTTO_TRY(crypto_start());
    store_path path;
    sotto_status status = store_path_resolve(&path, options->path);
    if (sotto_is(status, SOTTO_E_NOT_FOUND) && options->create) return SOTTO_FAIL(STORE_FAILED);
    SOTTO_TRY(status);
    status = store_path_look(path.text);
    bool missing = sotto_is(status, SOTTO_E_NOT_FOUND);
    /* A journal without its file: SQLite would play it into whatever gets that name. */
    bool orphan = missing && (store_path_has_bytes(&path, "-wal") || store_path_has_bytes(&path, "-journal"));
    if (orphan) return SOTTO_FAIL(STORE_CORRUPT);
    if (missing && options->create) status = create(&path, options, setup);
    SOTTO_TRY(status);
    return open_existing(ret, &path, options, setup);
}

sotto_status sotto_sqlite_open(sotto_store **ret, const sotto_sqlite_options *options) {
    return store_sqlite_open_with(ret, options, NULL);
}

sotto_status sotto_sqlite_rekey(sotto_store *base, const char *key_path, sotto_bytes passphrase) {
    if (base == NULL || base->methods != &sqlite_methods) return SOTTO_FAIL(USAGE);
    if ((key_path != NULL) == (passphrase.len > 0)) return SOTTO_FAIL(USAGE);
    sqlite_store *store = (sqlite_store *)base;
    SOTTO_TRY(idle(store));
    store_secret secret;
    SOTTO_TRY(read_or_make_secret(&secret, key_path, passphrase, store->host));
    sotto_status status = execute(store, "BEGIN IMMEDIATE");
    if (sotto_ok(status)) status = end_transaction(store, write_vault(store, &secret));
    bytes_wipe(&secret, sizeof secret);
    SOTTO_TRY(status);
    /* The old row goes out of the WAL too. The new one is committed: should this fail, the next carrying over does it.
     */
    (void)sqlite3_exec(store->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    return SOTTO_OK;
}

const char *sotto_sqlite_message(const sotto_store *base) {
    return base == NULL || base->methods != &sqlite_methods ? "" : ((const sqlite_store *)base)->message;
}
