/* SPDX-License-Identifier: ISC
 *
 * Making and opening the SQLite store: files and their modes, what is not a store, versions, locks, crashes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

static void assert_opens_as(fixture *f, const char *reason) {
    sotto_store *store = NULL;
    assert_fails(sotto_sqlite_open(&store, &f->options), reason);
    assert_null(store);
}

static void assert_same_file(const char *path, const file_bytes *before) {
    file_bytes now = file_read(path);
    assert_int_equal(now.at == NULL, before->at == NULL);
    assert_int_equal(now.len, before->len);
    if (now.at != NULL) assert_memory_equal(now.at, before->at, now.len);
    free(now.at);
}

static void test_persistence(void **state) {
    fixture *f = *state;
    fixture_open(f);
    assert_ok(put(f->store, "romeo", "montague"));
    assert_ok(put(f->store, "juliet", "capulet"));
    fixture_close(f);
    f->options.create = false;
    fixture_open(f);
    assert_scan(f->store, BYTES_NONE, "juliet=capulet romeo=montague ");
    assert_ok(put(f->store, "romeo", NULL));
    fixture_close(f);
    fixture_open(f);
    assert_scan(f->store, BYTES_NONE, "juliet=capulet ");
}

static void check_modes(fixture *f, mode_t mask) {
    mode_t before = umask(mask);
    sotto_status status = sotto_sqlite_open(&f->store, &f->options);
    if (sotto_ok(status)) status = put(f->store, "a", "1");
    (void)umask(before);
    assert_ok(status);
    assert_int_equal(file_mode(f->path), 0600);
    assert_int_equal(file_mode(f->key_path), 0600);
    assert_int_equal(file_mode(fixture_name(f, "account-wal")), 0600);
    assert_false(file_exists(fixture_name(f, "account-shm")));
    fixture_close(f);
    /* Nothing but the three files stays: they can be removed only so. */
    assert_int_equal(file_mode(fixture_name(f, "account-opening")), 0600);
    assert_int_equal(unlink(fixture_name(f, "account-opening")), 0);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(unlink(f->key_path), 0);
    assert_int_equal(rmdir(f->folder), 0);
    assert_int_equal(mkdir(f->folder, 0700), 0);
}

static void test_modes(void **state) {
    fixture *f = *state;
    check_modes(f, 0);
    check_modes(f, 0777);
    check_modes(f, 0022);
}

/* ---- copied back (T18) ---- */

static uint64_t setbacks(fixture *f) {
    fixture_open(f);
    uint64_t count = f->store->setbacks;
    fixture_close(f);
    return count;
}

static void test_copied_back(void **state) {
    fixture *f = *state;
    assert_int_equal(setbacks(f), 0);
    assert_int_equal(setbacks(f), 0);
    file_bytes yesterday = file_read(f->path);
    assert_int_equal(setbacks(f), 0); /* what was copied has not seen this one */
    file_write(f->path, bytes_of(yesterday.at, yesterday.len));
    assert_int_equal(setbacks(f), 1);
    assert_int_equal(setbacks(f), 1); /* noticed once, and remembered */
    file_write(f->path, bytes_of(yesterday.at, yesterday.len));
    assert_int_equal(setbacks(f), 1); /* the copy knows nothing of the first time */
    file_bytes today = file_read(f->path);
    assert_int_equal(setbacks(f), 1);
    file_write(f->path, bytes_of(today.at, today.len));
    assert_int_equal(setbacks(f), 2);
    free(yesterday.at);
    free(today.at);
}

/* A store that was killed right after it was opened counts as opened. */
static void test_copied_back_from_the_last_opening(void **state) {
    fixture *f = *state;
    file_bytes before;
    assert_int_equal(setbacks(f), 0);
    before = file_read(f->path);
    fixture_open(f);
    fixture_close(f);
    file_write(f->path, bytes_of(before.at, before.len));
    assert_int_equal(setbacks(f), 1);
    free(before.at);
}

/* ... and one that was copied while it was open is behind it as soon as it is closed. */
static void test_copied_while_open(void **state) {
    fixture *f = *state;
    fixture_open(f);
    assert_ok(put(f->store, "a", "1"));
    file_bytes during = file_read(f->path), wal = file_read(fixture_name(f, "account-wal"));
    fixture_close(f);
    file_write(f->path, bytes_of(during.at, during.len));
    file_write(fixture_name(f, "account-wal"), bytes_of(wal.at, wal.len));
    fixture_open(f);
    assert_value(f->store, "a", "1"); /* the copy is whole */
    assert_int_equal(f->store->setbacks, 1);
    fixture_close(f);
    free(during.at);
    free(wal.at);
}

static void test_no_setback(void **state) {
    fixture *f = *state;
    assert_int_equal(setbacks(f), 0);
    assert_int_equal(setbacks(f), 0);
    /* Moved without the number. */
    assert_int_equal(unlink(fixture_name(f, "account-opening")), 0);
    assert_int_equal(setbacks(f), 0);
    /* Killed before the number was written: the store is ahead. */
    file_write(fixture_name(f, "account-opening"), bytes_text("1\n"));
    assert_int_equal(setbacks(f), 0);
    /* Whatever is no number. */
    static const char *const bad[] = {
        "", "\n", "99", "9x\n", "-1\n", "99999999999999999999\n", "999999999999999999999999\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        file_write(fixture_name(f, "account-opening"), bytes_text(bad[i]));
        assert_int_equal(setbacks(f), 0);
    }
    /* A new store where one was deleted. */
    file_write(fixture_name(f, "account-opening"), bytes_text("77\n"));
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(setbacks(f), 0);
    assert_int_equal(setbacks(f), 0);
    /* The control: this number is looked at. */
    file_write(fixture_name(f, "account-opening"), bytes_text("77\n"));
    assert_int_equal(setbacks(f), 1);
}

/* Where the number cannot be written, openings cannot be told apart: the store does not open. */
static void test_number_cannot_be_written(void **state) {
    fixture *f = *state;
    assert_int_equal(setbacks(f), 0);
    assert_int_equal(unlink(fixture_name(f, "account-opening")), 0);
    assert_int_equal(mkdir(fixture_name(f, "account-opening"), 0700), 0);
    assert_opens_as(f, "store-failed");
    assert_int_equal(rmdir(fixture_name(f, "account-opening")), 0);
    assert_int_equal(setbacks(f), 0);
}

static void test_header(void **state) {
    fixture *f = *state;
    fixture_open(f);
    fixture_close(f);
    file_bytes all = file_read(f->path);
    assert_true(all.len > 100);
    assert_int_equal(all.at[18], 2); /* WAL, for writing and for reading */
    assert_int_equal(all.at[19], 2);
    assert_memory_equal(all.at + 60, "\0\0\0\1", 4);
    assert_memory_equal(all.at + 68, "Sott", 4);
    free(all.at);
}

static void test_not_found(void **state) {
    fixture *f = *state;
    f->options.create = false;
    assert_opens_as(f, "not-found");
    assert_false(file_exists(f->path));
    assert_false(file_exists(f->key_path));
    f->options.path = fixture_name(f, "missing/account");
    assert_opens_as(f, "not-found");
    f->options.create = true;
    assert_opens_as(f, "store-failed");
    f->options.path = f->path;
    f->options.key_path = fixture_name(f, "missing/key");
    assert_opens_as(f, "store-failed");
    assert_false(file_exists(f->path));
}

static void test_usage(void **state) {
    fixture *f = *state;
    assert_fails(sotto_sqlite_open(NULL, &f->options), "usage");
    sotto_store *store = NULL;
    assert_fails(sotto_sqlite_open(&store, NULL), "usage");
    f->options.key_path = NULL;
    assert_opens_as(f, "usage"); /* no key file and no passphrase */
    f->options.key_path = f->key_path;
    f->options.host = NULL;
    assert_opens_as(f, "usage");
    f->options.host = &f->host.host;
    const char *bad[] = {NULL, "", "/", ".", "..", "/tmp/", "/tmp/."};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        f->options.path = bad[i];
        assert_opens_as(f, "usage");
    }
    char *endless = malloc(5000);
    assert_non_null(endless);
    memset(endless, 'a', 5000);
    endless[4999] = 0;
    f->options.path = endless;
    assert_opens_as(f, "usage");
    free(endless);
}

/* SQLite would take this for a URI, and make the file "x" in memory. */
static void test_name_like_a_uri(void **state) {
    fixture *f = *state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(f->folder), 0);
    f->options.path = "file:x?mode=memory";
    sotto_status status = sotto_sqlite_open(&f->store, &f->options);
    assert_int_equal(chdir(before), 0);
    assert_ok(status);
    assert_ok(put(f->store, "a", "1"));
    assert_true(file_exists(fixture_name(f, "file:x?mode=memory")));
}

static void test_links(void **state) {
    fixture *f = *state;
    fixture_open(f);
    assert_ok(put(f->store, "a", "1"));
    fixture_close(f);
    /* In the last part of the path none is followed: neither to a store nor to nowhere. */
    f->options.path = fixture_name(f, "link");
    assert_int_equal(symlink(f->path, f->options.path), 0);
    assert_opens_as(f, "store-corrupt");
    assert_int_equal(unlink(f->options.path), 0);
    assert_int_equal(symlink(fixture_name(f, "nowhere"), f->options.path), 0);
    assert_opens_as(f, "store-corrupt");
    assert_false(file_exists(fixture_name(f, "nowhere")));
    /* Folders may be links: many a home is. */
    const char *folder = fixture_name(f, "folder");
    assert_int_equal(symlink(f->folder, folder), 0);
    f->options.path = fixture_name(f, "folder/account");
    fixture_open(f);
    assert_value(f->store, "a", "1");
}

static void test_no_plain_file(void **state) {
    fixture *f = *state;
    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_opens_as(f, "store-corrupt");
    assert_int_equal(rmdir(f->path), 0);
    assert_int_equal(mkfifo(f->path, 0600), 0);
    assert_opens_as(f, "store-corrupt");
}

static void check_foreign(fixture *f) {
    file_bytes before = file_read(f->path);
    assert_opens_as(f, "store-corrupt");
    assert_same_file(f->path, &before);
    assert_false(file_exists(fixture_name(f, "account-wal")));
    free(before.at);
}

static void test_foreign(void **state) {
    fixture *f = *state;
    file_write(f->path, bytes_text("Two households, both alike in dignity, in fair Verona, where we lay our scene. "
                                   "From ancient grudge break to new mutiny, where civil blood makes civil hands"));
    check_foreign(f);
    file_write(f->path, BYTES_LITERAL("\n"));
    check_foreign(f);
    /* An empty file is no beginning: a store gets its name when it is complete. */
    file_write(f->path, BYTES_LITERAL(""));
    check_foreign(f);
    raw_sql(f->path, "CREATE TABLE records (key, value)", BYTES_NONE);
    check_foreign(f);
    raw_sql(f->path, "PRAGMA journal_mode = WAL", BYTES_NONE);
    check_foreign(f);
    raw_sql(f->path, "PRAGMA application_id = 1399813236", BYTES_NONE);
    check_foreign(f); /* our sign, version 0 */
    raw_sql(f->path, "PRAGMA user_version = -1", BYTES_NONE);
    check_foreign(f);
    raw_sql(f->path, "PRAGMA user_version = 1", BYTES_NONE);
    check_foreign(f); /* and no tables */
}

static void test_truncated(void **state) {
    fixture *f = *state;
    fixture_open(f);
    char value[3001];
    memset(value, 'v', sizeof value);
    value[3000] = 0;
    for (int i = 0; i < 40; i++) assert_ok(put(f->store, (char[]){'k', (char)('0' + i), 0}, value));
    fixture_close(f);
    file_bytes whole = file_read(f->path);
    const size_t lengths[] = {0, 1, 50, 100, 1000, 4096, 5000, 8192, whole.len / 2, whole.len - 4096};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        file_write(f->path, bytes_of(whole.at, lengths[i]));
        assert_opens_as(f, "store-corrupt");
        assert_int_equal(unlink(f->path), 0);
    }
    file_write(f->path, bytes_of(whole.at, whole.len));
    fixture_open(f);
    assert_value(f->store, "k0", value);
    free(whole.at);
}

/* A WAL whose file is gone is played into no other: not into a new store either. */
static void test_orphaned_wal(void **state) {
    fixture *f = *state;
    fixture_open(f);
    assert_ok(put(f->store, "a", "1"));
    file_copy(fixture_name(f, "account-wal"), fixture_name(f, "copy-wal"));
    fixture_close(f);
    f->options.path = fixture_name(f, "copy");
    assert_opens_as(f, "store-corrupt");
    f->options.create = false;
    assert_opens_as(f, "store-corrupt");
    assert_false(file_exists(fixture_name(f, "copy")));
    assert_int_equal(unlink(fixture_name(f, "copy-wal")), 0);
    assert_opens_as(f, "not-found");
}

/* ---- versions ---- */

static const char *const steps_of_test[] = {
    ("CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
     "CREATE TABLE records (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"),
    "CREATE TABLE second (a INTEGER)",
    "ALTER TABLE second ADD COLUMN b; INSERT INTO second (a, b) VALUES (2, 3)",
    "CREATE TABLE fourth (a); INSERT INTO nowhere VALUES (1)",
};

static sotto_status open_version(fixture *f, uint32_t version) {
    store_schema schema = {steps_of_test, version};
    store_sqlite_setup setup = {.schema = &schema};
    return store_sqlite_open_with(&f->store, &f->options, &setup);
}

static void test_migrations(void **state) {
    fixture *f = *state;
    char text[16];
    assert_ok(open_version(f, 1));
    assert_ok(put(f->store, "a", "1"));
    fixture_close(f);
    assert_ok(open_version(f, 3));
    assert_value(f->store, "a", "1");
    assert_ok(put(f->store, "b", "2"));
    fixture_close(f);
    assert_int_equal(raw_blob(f->path, "SELECT a || b FROM second", text, sizeof text), 2);
    assert_memory_equal(text, "23", 2);
    assert_ok(open_version(f, 3)); /* and not again */
    assert_scan(f->store, BYTES_NONE, "a=1 b=2 ");
    fixture_close(f);
    assert_int_equal(raw_blob(f->path, "SELECT count(*) || (SELECT user_version FROM pragma_user_version) FROM second",
                              text, sizeof text),
                     2);
    assert_memory_equal(text, "13", 2);
    assert_fails(open_version(f, 2), "store-newer");
}

static void test_new_store_has_every_step(void **state) {
    fixture *f = *state;
    char text[16];
    assert_ok(open_version(f, 3));
    fixture_close(f);
    assert_int_equal(raw_blob(f->path, "SELECT a || b FROM second", text, sizeof text), 2);
}

static void test_failing_migration(void **state) {
    fixture *f = *state;
    char text[16];
    assert_ok(open_version(f, 1));
    assert_ok(put(f->store, "a", "1"));
    fixture_close(f);
    assert_fails(open_version(f, 4), "store-corrupt");
    assert_int_equal(raw_blob(f->path, "SELECT count(*) FROM sqlite_schema", text, sizeof text), 1);
    assert_memory_equal(text, "2", 1);
    assert_ok(open_version(f, 1));
    assert_value(f->store, "a", "1");
}

static void test_newer(void **state) {
    fixture *f = *state;
    fixture_open(f);
    assert_ok(put(f->store, "a", "1"));
    fixture_close(f);
    raw_sql(f->path, "PRAGMA user_version = 2", BYTES_NONE);
    file_bytes before = file_read(f->path);
    assert_opens_as(f, "store-newer");
    /* Said before the key is asked for: a newer version may keep it in another way. */
    f->options.key_path = fixture_name(f, "other-key");
    assert_opens_as(f, "store-newer");
    assert_false(file_exists(f->options.key_path));
    assert_same_file(f->path, &before);
    assert_false(file_exists(fixture_name(f, "account-wal")));
    free(before.at);
}

/* What a crash of the newer program left in the WAL stays for the newer program. */
static void test_newer_with_wal(void **state) {
    fixture *f = *state;
    assert_ok(open_version(f, 1));
    fixture_close(f);
    assert_ok(open_version(f, 2));
    assert_ok(put(f->store, "a", "1"));
    file_copy(f->path, fixture_name(f, "copy"));
    file_copy(fixture_name(f, "account-wal"), fixture_name(f, "copy-wal"));
    fixture_close(f);
    file_bytes before = file_read(fixture_name(f, "copy"));
    file_bytes wal_before = file_read(fixture_name(f, "copy-wal"));
    f->options.path = fixture_name(f, "copy");
    assert_fails(open_version(f, 1), "store-newer");
    assert_same_file(fixture_name(f, "copy"), &before);
    assert_same_file(fixture_name(f, "copy-wal"), &wal_before);
    f->options.path = fixture_name(f, "copy");
    assert_ok(open_version(f, 2));
    assert_value(f->store, "a", "1");
    free(before.at);
    free(wal_before.at);
}

/* ---- locks and crashes ---- */

static void test_locked_in_the_same_process(void **state) {
    fixture *f = *state;
    fixture_open(f);
    assert_opens_as(f, "store-locked");
    f->options.path = fixture_name(f, "./account");
    assert_opens_as(f, "store-locked");
    assert_ok(put(f->store, "a", "1"));
    fixture_close(f);
    fixture_open(f);
    assert_value(f->store, "a", "1");
}

/* In a child: opens the store, writes, says so, and waits to be killed. */
static void hold(const fixture *f, int say) {
    sotto_store *store = NULL;
    sotto_sqlite_options options = f->options;
    options.host = sotto_host_default();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* should the test fail */
    bool done = sotto_ok(sotto_sqlite_open(&store, &options)) && sotto_ok(put(store, "a", "1"));
    char word = done ? 'y' : 'n';
    if (write(say, &word, 1) == 1) (void)pause();
    _exit(1);
}

static void test_locked_by_a_process_that_dies(void **state) {
    fixture *f = *state;
    int ends[2];
    char word = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) hold(f, ends[1]);
    assert_int_equal(read(ends[0], &word, 1), 1);
    assert_int_equal(word, 'y');
    assert_opens_as(f, "store-locked");
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(file_exists(fixture_name(f, "account-wal")));
    fixture_open(f);
    assert_value(f->store, "a", "1");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

/* The files as they are after each write, as a crash would leave them, open to exactly what was written. */
static void test_every_write_is_durable(void **state) {
    fixture *f = *state;
    sotto_sqlite_options copy = f->options;
    copy.create = false;
    fixture_open(f);
    for (int i = 0; i < 20; i++) {
        char value[8], expected[16];
        (void)snprintf(value, sizeof value, "%d", i);
        (void)snprintf(expected, sizeof expected, "a=%d ", i);
        assert_ok(put(f->store, "a", value));
        copy.path = fixture_name(f, "copy");
        file_copy(f->path, copy.path);
        file_copy(fixture_name(f, "account-wal"), fixture_name(f, "copy-wal"));
        sotto_store *store = NULL;
        assert_ok(sotto_sqlite_open(&store, &copy));
        assert_scan(store, BYTES_NONE, expected);
        sotto_store_close(store);
    }
}

/* A write that was cut short leaves the one before it. */
static void test_cut_wal(void **state) {
    fixture *f = *state;
    fixture_open(f);
    assert_ok(put(f->store, "a", "1"));
    file_bytes first = file_read(fixture_name(f, "account-wal"));
    assert_ok(put(f->store, "a", "2"));
    file_bytes second = file_read(fixture_name(f, "account-wal"));
    file_bytes file = file_read(f->path);
    fixture_close(f);
    assert_true(second.len > first.len);
    for (size_t len = first.len; len <= second.len;
         len += len < second.len && len + 997 > second.len ? second.len - len : 997) {
        file_write(f->path, bytes_of(file.at, file.len));
        file_write(fixture_name(f, "account-wal"), bytes_of(second.at, len));
        fixture_open(f);
        assert_value(f->store, "a", len == second.len ? "2" : "1");
        fixture_close(f);
    }
    free(first.at);
    free(second.at);
    free(file.at);
}

/* ---- what runs out ---- */

static void test_out_of_memory(void **state) {
    fixture *f = *state;
    fixture_open(f);
    assert_ok(put(f->store, "a", "1"));
    fixture_close(f);
    long failures = 0;
    for (f->host.memory_left = 0;; f->host.memory_left = ++failures) {
        sotto_status status = sotto_sqlite_open(&f->store, &f->options);
        if (sotto_ok(status)) break;
        assert_fails(status, "no-memory");
        assert_int_equal(f->host.live, 0);
    }
    f->host.memory_left = -1;
    assert_true(failures > 0);
    assert_value(f->store, "a", "1");
}

static void test_out_of_memory_while_making(void **state) {
    fixture *f = *state;
    long failures = 0;
    for (f->host.memory_left = 0;; f->host.memory_left = ++failures) {
        sotto_status status = sotto_sqlite_open(&f->store, &f->options);
        if (sotto_ok(status)) break;
        assert_fails(status, "no-memory");
    }
    f->host.memory_left = -1;
    assert_true(failures > 2);
    assert_ok(put(f->store, "a", "1"));
    assert_value(f->store, "a", "1");
}

static void test_out_of_randomness(void **state) {
    fixture *f = *state;
    long failures = 0;
    for (f->host.random_left = 0;; f->host.random_left = ++failures) {
        sotto_status status = sotto_sqlite_open(&f->store, &f->options);
        if (sotto_ok(status)) break;
        assert_fails(status, "no-random");
        assert_false(file_exists(f->path));
        (void)unlink(f->key_path);
    }
    assert_int_equal(failures, 3); /* the key file, the data key, the nonce of its box */
    f->host.random_left = -1;
    assert_ok(put(f->store, "a", "1"));
    /* Nonces are drawn 64 at once: for the first of these, and for the last. */
    sotto_change changes[65];
    for (size_t i = 0; i < 65; i++)
        changes[i] = (sotto_change){i % 2 == 0 ? BYTES_LITERAL("a") : BYTES_LITERAL("b"), BYTES_LITERAL("2")};
    for (long left = 0; left < 2; left++) {
        f->host.random_left = left;
        assert_fails(f->store->methods->write(f->store, changes, 65), "no-random");
    }
    f->host.random_left = -1;
    assert_scan(f->store, BYTES_NONE, "a=1 ");
}

int run_opening(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_persistence),
        IN_FOLDER(test_modes),
        IN_FOLDER(test_copied_back),
        IN_FOLDER(test_copied_back_from_the_last_opening),
        IN_FOLDER(test_copied_while_open),
        IN_FOLDER(test_no_setback),
        IN_FOLDER(test_number_cannot_be_written),
        IN_FOLDER(test_header),
        IN_FOLDER(test_not_found),
        IN_FOLDER(test_usage),
        IN_FOLDER(test_name_like_a_uri),
        IN_FOLDER(test_links),
        IN_FOLDER(test_no_plain_file),
        IN_FOLDER(test_foreign),
        IN_FOLDER(test_truncated),
        IN_FOLDER(test_orphaned_wal),
        IN_FOLDER(test_migrations),
        IN_FOLDER(test_new_store_has_every_step),
        IN_FOLDER(test_failing_migration),
        IN_FOLDER(test_newer),
        IN_FOLDER(test_newer_with_wal),
        IN_FOLDER(test_locked_in_the_same_process),
        IN_FOLDER(test_locked_by_a_process_that_dies),
        IN_FOLDER(test_every_write_is_durable),
        IN_FOLDER(test_cut_wal),
        IN_FOLDER(test_out_of_memory),
        IN_FOLDER(test_out_of_memory_while_making),
        IN_FOLDER(test_out_of_randomness),
    };
#undef IN_FOLDER
    return cmocka_run_group_tests_name("store opening", tests, NULL, NULL);
}
