/* SPDX-License-Identifier: ISC
 *
 * Files that somebody else had in hands: what is changed is noticed, what is secret is not there to be read. */
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

static void make_store(fixture *f) {
    fixture_open(f);
    assert_ok(put(f->store, "a", "first value"));
    assert_ok(put(f->store, "b", "second value"));
    assert_ok(put(f->store, "c", "third value"));
    fixture_close(f);
}

/* b is damaged; a and c are as they were; writing b makes it whole. */
static void assert_only_b_is_lost(fixture *f) {
    fixture_open(f);
    assert_fails(get_nothing(f->store, "b"), "store-corrupt");
    assert_string_equal(sotto_sqlite_message(f->store), "a value that is not what was written under its key");
    assert_fails(scan_nothing(f->store), "store-corrupt");
    assert_value(f->store, "a", "first value");
    assert_value(f->store, "c", "third value");
    assert_scan(f->store, bytes_text("a"), "a=first value ");
    assert_ok(put(f->store, "b", "new value"));
    assert_scan(f->store, BYTES_NONE, "a=first value b=new value c=third value ");
    fixture_close(f);
}

static void test_every_flipped_bit(void **state) {
    fixture *f = *state;
    uint8_t sealed[128];
    make_store(f);
    size_t len = raw_blob(f->path, "SELECT value FROM records WHERE key = x'62'", sealed, sizeof sealed);
    assert_int_equal(len, strlen("second value") + 40);
    for (size_t i = 0; i < len; i++) {
        sealed[i] ^= (uint8_t)(1u << i % 8);
        raw_sql(f->path, "UPDATE records SET value = ?1 WHERE key = x'62'", bytes_of(sealed, len));
        fixture_open(f);
        assert_fails(get_nothing(f->store, "b"), "store-corrupt");
        fixture_close(f);
        sealed[i] ^= (uint8_t)(1u << i % 8);
    }
    raw_sql(f->path, "UPDATE records SET value = ?1 WHERE key = x'62'", bytes_of(sealed, len));
    fixture_open(f);
    assert_value(f->store, "b", "second value");
    fixture_close(f);
    sealed[30] ^= 1;
    raw_sql(f->path, "UPDATE records SET value = ?1 WHERE key = x'62'", bytes_of(sealed, len));
    assert_only_b_is_lost(f);
}

static void test_other_lengths(void **state) {
    fixture *f = *state;
    uint8_t sealed[128] = {0};
    make_store(f);
    size_t len = raw_blob(f->path, "SELECT value FROM records WHERE key = x'62'", sealed, sizeof sealed);
    const size_t lengths[] = {1, 39, 40, len - 1, len + 1};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        raw_sql(f->path, "UPDATE records SET value = ?1 WHERE key = x'62'", bytes_of(sealed, lengths[i]));
        fixture_open(f);
        assert_fails(get_nothing(f->store, "b"), "store-corrupt");
        fixture_close(f);
    }
    raw_sql(f->path, "UPDATE records SET value = x'' WHERE key = x'62'", BYTES_NONE);
    assert_only_b_is_lost(f);
    /* Larger than anything we write, by little and by much. */
    raw_sql(f->path, "UPDATE records SET value = zeroblob(2097152 + 41) WHERE key = x'62'", BYTES_NONE);
    assert_only_b_is_lost(f);
    raw_sql(f->path, "UPDATE records SET value = zeroblob(50000000) WHERE key = x'62'", BYTES_NONE);
    fixture_open(f);
    assert_fails(get_nothing(f->store, "b"), "store-corrupt");
    assert_value(f->store, "a", "first value");
}

static void test_swapped(void **state) {
    fixture *f = *state;
    make_store(f);
    raw_sql(f->path, "UPDATE records SET value = (SELECT value FROM records WHERE key = x'61') WHERE key = x'62'",
            BYTES_NONE);
    assert_only_b_is_lost(f);
    /* A record under another key, which nobody gave it. */
    raw_sql(f->path, "UPDATE records SET key = x'6263' WHERE key = x'62'", BYTES_NONE);
    fixture_open(f);
    assert_value(f->store, "b", NULL);
    assert_fails(get_nothing(f->store, "bc"), "store-corrupt");
}

/* A value of another store, sealed with the same key file under the same key. */
static void test_from_another_store(void **state) {
    fixture *f = *state;
    uint8_t sealed[128];
    make_store(f);
    f->options.path = fixture_name(f, "second");
    make_store(f);
    size_t len =
        raw_blob(fixture_name(f, "second"), "SELECT value FROM records WHERE key = x'62'", sealed, sizeof sealed);
    raw_sql(f->path, "UPDATE records SET value = ?1 WHERE key = x'62'", bytes_of(sealed, len));
    f->options.path = f->path;
    assert_only_b_is_lost(f);
}

/* Views and triggers of a foreign hand do not run. */
static void test_hostile_schema(void **state) {
    fixture *f = *state;
    make_store(f);
    raw_sql(f->path, "CREATE TRIGGER t AFTER INSERT ON records BEGIN DELETE FROM records WHERE key = x'61'; END",
            BYTES_NONE);
    fixture_open(f);
    assert_ok(put(f->store, "d", "fourth value"));
    assert_value(f->store, "a", "first value");
    fixture_close(f);
    raw_sql(f->path, "ALTER TABLE records RENAME TO kept", BYTES_NONE);
    raw_sql(f->path, "CREATE VIEW records AS SELECT * FROM kept", BYTES_NONE);
    sotto_store *store = NULL;
    assert_fails(sotto_sqlite_open(&store, &f->options), "store-corrupt");
}

static void test_broken_page(void **state) {
    fixture *f = *state;
    make_store(f);
    file_bytes all = file_read(f->path);
    assert_true(all.len > 4096);
    memset(all.at + 4096, 0x5a, all.len - 4096);
    file_write(f->path, bytes_of(all.at, all.len));
    free(all.at);
    sotto_store *store = NULL;
    assert_fails(sotto_sqlite_open(&store, &f->options), "store-corrupt");
}

/* ---- what is not there to be read ---- */

static bool anywhere(const fixture *f, sotto_bytes what) {
    return file_contains(f->path, what) || file_contains(fixture_name(f, "account-wal"), what);
}

static void test_secrets_are_sealed(void **state) {
    fixture *f = *state;
    const sotto_bytes secret = BYTES_LITERAL("What light through yonder window breaks");
    sotto_change change = {BYTES_LITERAL("the-record"), secret};
    fixture_open(f);
    assert_ok(f->store->methods->write(f->store, &change, 1));
    assert_true(file_contains(fixture_name(f, "account-wal"), BYTES_LITERAL("the-record"))); /* keys are not secret */
    assert_false(anywhere(f, secret));
    assert_false(anywhere(f, bytes_of(secret.at, 8)));
    fixture_close(f);
    assert_true(file_contains(f->path, BYTES_LITERAL("the-record")));
    assert_false(anywhere(f, bytes_of(secret.at, 8)));
    file_bytes key = file_read(f->key_path);
    assert_false(anywhere(f, bytes_of(key.at, 16)));
    assert_false(anywhere(f, bytes_of(key.at + 16, 16)));
    free(key.at);
}

/* The same value is not recognized when it is written again, under the same key or another. */
static void test_equal_values_differ(void **state) {
    fixture *f = *state;
    uint8_t first[128], again[128], other[128];
    fixture_open(f);
    assert_ok(put(f->store, "a", "value"));
    assert_ok(put(f->store, "b", "value"));
    fixture_close(f);
    size_t len = raw_blob(f->path, "SELECT value FROM records WHERE key = x'61'", first, sizeof first);
    assert_int_equal(raw_blob(f->path, "SELECT value FROM records WHERE key = x'62'", other, sizeof other), len);
    fixture_open(f);
    assert_ok(put(f->store, "a", "value"));
    fixture_close(f);
    assert_int_equal(raw_blob(f->path, "SELECT value FROM records WHERE key = x'61'", again, sizeof again), len);
    assert_memory_not_equal(first, again, 24);
    assert_memory_not_equal(first, other, 24);
    assert_memory_not_equal(first + 24, again + 24, len - 24);
    assert_memory_not_equal(first + 24, other + 24, len - 24);
}

/* What was deleted or replaced before is not in the file after close, not even sealed. */
static void test_deleted_is_gone(void **state) {
    fixture *f = *state;
    uint8_t deleted[128], replaced[128], large[8192];
    fixture_open(f);
    assert_ok(put(f->store, "a", "to be deleted"));
    assert_ok(put(f->store, "b", "to be replaced"));
    char value[6001];
    memset(value, 'v', sizeof value);
    value[6000] = 0;
    assert_ok(put(f->store, "c", value)); /* on pages of its own, which become free */
    fixture_close(f);
    size_t deleted_len = raw_blob(f->path, "SELECT value FROM records WHERE key = x'61'", deleted, sizeof deleted);
    size_t replaced_len = raw_blob(f->path, "SELECT value FROM records WHERE key = x'62'", replaced, sizeof replaced);
    size_t large_len = raw_blob(f->path, "SELECT value FROM records WHERE key = x'63'", large, sizeof large);
    assert_true(anywhere(f, bytes_of(deleted, deleted_len)));
    fixture_open(f);
    assert_ok(put(f->store, "a", NULL));
    assert_ok(put(f->store, "b", "replaced"));
    assert_ok(put(f->store, "c", NULL));
    fixture_close(f);
    assert_false(file_exists(fixture_name(f, "account-wal")));
    assert_false(anywhere(f, bytes_of(deleted + 24, deleted_len - 24)));
    assert_false(anywhere(f, bytes_of(replaced + 24, replaced_len - 24)));
    assert_false(anywhere(f, bytes_of(large + large_len - 64, 64)));
    assert_false(anywhere(f, bytes_of(large + 2000, 64)));
}

int run_damage(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_every_flipped_bit),  IN_FOLDER(test_other_lengths),       IN_FOLDER(test_swapped),
        IN_FOLDER(test_from_another_store), IN_FOLDER(test_hostile_schema),      IN_FOLDER(test_broken_page),
        IN_FOLDER(test_secrets_are_sealed), IN_FOLDER(test_equal_values_differ), IN_FOLDER(test_deleted_is_gone),
    };
#undef IN_FOLDER
    return cmocka_run_group_tests_name("store damage", tests, NULL, NULL);
}
