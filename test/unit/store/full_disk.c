/* SPDX-License-Identifier: ISC
 *
 * A disk that is full or broken after n writes, for every n: a write is all or nothing, what was there stays, and
 * when there is room again the same store goes on. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "fixture.h"

static sotto_status open_failing(fixture *f) {
    store_sqlite_setup setup = {.vfs = "failing"};
    return store_sqlite_open_with(&f->store, &f->options, &setup);
}

/* Twenty records of 3,000 bytes: some 20 pages. */
static sotto_status write_many(sotto_store *store, uint8_t fill) {
    static uint8_t values[3000];
    sotto_change changes[20];
    char keys[20][2];
    memset(values, fill, sizeof values);
    for (size_t i = 0; i < 20; i++) {
        keys[i][0] = 'k';
        keys[i][1] = (char)('a' + i);
        changes[i] = (sotto_change){bytes_of(keys[i], 2), bytes_of(values, sizeof values)};
    }
    return store->methods->write(store, changes, 20);
}

typedef struct filled {
    uint8_t fill;
    int count;
} filled;

static sotto_status compare_fill(void *arg, sotto_bytes key, sotto_bytes value) {
    filled *expected = arg;
    (void)key;
    assert_int_equal(value.len, 3000);
    assert_int_equal(value.at[0], expected->fill);
    assert_int_equal(value.at[2999], expected->fill);
    expected->count++;
    return SOTTO_OK;
}

static void assert_filled(sotto_store *store, uint8_t fill) {
    filled expected = {fill, 0};
    assert_ok(store->methods->scan(store, bytes_text("k"), compare_fill, &expected));
    assert_int_equal(expected.count, 20);
}

/* Writes 'b' over 'a' with a disk that gives out after n writes or syncs, for every n until there is enough. */
static void check_every_write(fixture *f, long *left, int result, const char *reason) {
    (void)failing_vfs();
    long failures = 0;
    for (;; failures++) {
        disk = (failing_disk){.writes_left = -1, .syncs_left = -1, .result = result};
        assert_ok(open_failing(f));
        assert_ok(write_many(f->store, 'a'));
        *left = failures;
        sotto_status status = write_many(f->store, 'b');
        if (sotto_ok(status)) break;
        assert_fails(status, reason);
        assert_true(strlen(sotto_sqlite_message(f->store)) > 0);
        assert_filled(f->store, 'a'); /* it goes on reading while the disk is full */
        *left = -1;
        if (failures % 2 == 0) {
            assert_filled(f->store, 'a');
            assert_ok(write_many(f->store, 'c'));
            assert_filled(f->store, 'c');
        }
        fixture_close(f);
        assert_ok(open_failing(f));
        assert_filled(f->store, failures % 2 == 0 ? 'c' : 'a');
        fixture_close(f);
    }
    *left = -1;
    assert_true(failures > 0);
    assert_filled(f->store, 'b');
    fixture_close(f);
    f->options.create = false;
    fixture_open(f);
    assert_filled(f->store, 'b');
}

static void test_full(void **state) {
    check_every_write(*state, &disk.writes_left, SQLITE_FULL, "store-full");
}

static void test_write_errors(void **state) {
    check_every_write(*state, &disk.writes_left, SQLITE_IOERR_WRITE, "store-failed");
}

static void test_sync_errors(void **state) {
    check_every_write(*state, &disk.syncs_left, SQLITE_FULL, "store-failed");
}

/* A transaction larger than SQLite's cache reaches the WAL before it is committed. */
static void test_full_with_a_large_transaction(void **state) {
    fixture *f = *state;
    (void)failing_vfs();
    const size_t len = 1500000;
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    memset(bytes, 'x', len);
    const sotto_change changes[] = {{BYTES_LITERAL("a"), BYTES_LITERAL("2")},
                                    {BYTES_LITERAL("b"), bytes_of(bytes, len)},
                                    {BYTES_LITERAL("c"), bytes_of(bytes, len)},
                                    {BYTES_LITERAL("d"), bytes_of(bytes, len)}};
    assert_ok(open_failing(f));
    assert_ok(put(f->store, "a", "1"));
    for (long left = 0; left < 2000; left += 397) {
        disk.writes_left = left;
        assert_fails(f->store->methods->write(f->store, changes, 4), "store-full");
        assert_scan(f->store, BYTES_NONE, "a=1 ");
    }
    disk.writes_left = -1;
    assert_ok(f->store->methods->write(f->store, changes, 4));
    assert_value(f->store, "a", "2");
    fixture_close(f);
    fixture_open(f);
    assert_value(f->store, "a", "2");
    assert_ok(get_nothing(f->store, "d"));
    free(bytes);
}

/* What is committed is committed, also when it cannot be carried over into the file: not at once, not at close. */
static void test_full_while_carrying_over(void **state) {
    fixture *f = *state;
    (void)failing_vfs();
    assert_ok(open_failing(f));
    assert_ok(write_many(f->store, 'a'));
    disk.writes_left = 0;
    fixture_close(f);
    assert_true(file_exists(fixture_name(f, "account-wal")));
    disk.writes_left = -1;
    assert_ok(open_failing(f));
    assert_filled(f->store, 'a');
}

/* Making a store on a disk that gives out at every n: no store, or a whole one, and nothing lying about. */
static void test_full_while_making(void **state) {
    fixture *f = *state;
    (void)failing_vfs();
    long failures = 0;
    for (;; failures++) {
        disk.writes_left = failures;
        sotto_status status = open_failing(f);
        disk.writes_left = -1;
        if (sotto_ok(status)) break;
        assert_fails(status, "store-full");
        if (file_exists(f->path)) {
            f->options.create = false; /* it failed in opening what had been made */
            assert_ok(open_failing(f));
            fixture_close(f);
            f->options.create = true;
            assert_int_equal(unlink(f->path), 0);
            assert_int_equal(unlink(fixture_name(f, "account-opening")), 0);
        }
        /* Only the key is left. */
        char only[300];
        (void)snprintf(only, sizeof only, "%s.kept", f->folder);
        assert_int_equal(rename(f->key_path, only), 0);
        assert_int_equal(rmdir(f->folder), 0);
        assert_int_equal(mkdir(f->folder, 0700), 0);
        assert_int_equal(rename(only, f->key_path), 0);
    }
    assert_true(failures > 3);
    assert_ok(put(f->store, "a", "1"));
    assert_value(f->store, "a", "1");
}

static void test_full_while_changing_keys(void **state) {
    fixture *f = *state;
    (void)failing_vfs();
    assert_ok(open_failing(f));
    assert_ok(put(f->store, "a", "1"));
    disk.writes_left = 0;
    assert_fails(sotto_sqlite_rekey(f->store, fixture_name(f, "new-key"), BYTES_NONE), "store-full");
    disk.writes_left = -1;
    fixture_close(f);
    fixture_open(f);
    assert_value(f->store, "a", "1");
}

/* One sync a transaction is the promise and the price. */
static void test_one_sync_a_transaction(void **state) {
    fixture *f = *state;
    (void)failing_vfs();
    assert_ok(open_failing(f));
    assert_ok(put(f->store, "a", "1"));
    for (int i = 0; i < 10; i++) {
        long before = disk.syncs;
        assert_ok(put(f->store, "a", "2"));
        assert_int_equal(disk.syncs, before + 1);
    }
    long before = disk.syncs;
    assert_ok(f->store->methods->write(f->store, NULL, 0));
    assert_value(f->store, "a", "2");
    assert_int_equal(disk.syncs, before);
}

int run_disk(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_full),
        IN_FOLDER(test_write_errors),
        IN_FOLDER(test_sync_errors),
        IN_FOLDER(test_full_with_a_large_transaction),
        IN_FOLDER(test_full_while_carrying_over),
        IN_FOLDER(test_full_while_making),
        IN_FOLDER(test_full_while_changing_keys),
        IN_FOLDER(test_one_sync_a_transaction),
    };
#undef IN_FOLDER
    return cmocka_run_group_tests_name("store disk", tests, NULL, NULL);
}
