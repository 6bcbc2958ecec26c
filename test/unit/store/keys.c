/* SPDX-License-Identifier: ISC
 *
 * What opens the store: key files, passphrases, and changing the one for the other. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "store/vault.h"

#define SELECT_ROW "SELECT value FROM meta WHERE name = 'data-key'"
#define UPDATE_ROW "UPDATE meta SET value = ?1 WHERE name = 'data-key'"

static void assert_opens_as(fixture *f, const char *reason) {
    sotto_store *store = NULL;
    assert_fails(sotto_sqlite_open(&store, &f->options), reason);
    assert_null(store);
}

static void use_passphrase(fixture *f, const char *passphrase) {
    f->options.key_path = NULL;
    f->options.passphrase = bytes_text(passphrase);
}

static void use_key_file(fixture *f, const char *path) {
    f->options.key_path = path;
    f->options.passphrase = BYTES_NONE;
}

static void make_store(fixture *f) {
    fixture_open(f);
    assert_ok(put(f->store, "a", "1"));
    fixture_close(f);
}

static void assert_opens(fixture *f) {
    fixture_open(f);
    assert_value(f->store, "a", "1");
    fixture_close(f);
}

static void test_key_file(void **state) {
    fixture *f = *state;
    make_store(f);
    file_bytes key = file_read(f->key_path);
    assert_int_equal(key.len, 32);
    /* Another, a short and a long one, none, and something that is no file. */
    const uint8_t zeros[33] = {0};
    const size_t lengths[] = {0, 31, 32, 33};
    for (size_t i = 0; i < 4; i++) {
        file_write(f->key_path, bytes_of(zeros, lengths[i]));
        assert_int_equal(chmod(f->key_path, 0600), 0);
        assert_opens_as(f, "wrong-passphrase");
    }
    assert_int_equal(unlink(f->key_path), 0);
    assert_opens_as(f, "wrong-passphrase");
    assert_false(file_exists(f->key_path)); /* none is made for a store that has one somewhere */
    assert_int_equal(mkdir(f->key_path, 0700), 0);
    assert_opens_as(f, "wrong-passphrase");
    assert_int_equal(rmdir(f->key_path), 0);
    assert_int_equal(mkfifo(f->key_path, 0600), 0);
    assert_opens_as(f, "wrong-passphrase");
    assert_int_equal(unlink(f->key_path), 0);
    use_passphrase(f, "open sesame");
    assert_opens_as(f, "wrong-passphrase");
    /* And back; a link to it is as good. */
    file_write(fixture_name(f, "elsewhere"), bytes_of(key.at, key.len));
    assert_int_equal(chmod(fixture_name(f, "elsewhere"), 0600), 0);
    assert_int_equal(symlink("elsewhere", f->key_path), 0);
    use_key_file(f, f->key_path);
    assert_opens(f);
    free(key.at);
}

static void test_exposed_key_file(void **state) {
    fixture *f = *state;
    make_store(f);
    const mode_t modes[] = {0640, 0620, 0604, 0602, 0601, 0610, 0644, 0666};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(f->key_path, modes[i]), 0);
        assert_opens_as(f, "key-exposed");
    }
    assert_int_equal(unlink(f->path), 0);
    assert_opens_as(f, "key-exposed"); /* nor is a new store made with it */
    assert_false(file_exists(f->path));
    assert_int_equal(chmod(f->key_path, 0400), 0);
    make_store(f);
}

/* As after a crash between the two, or with two accounts: a key file that is there is used and stays as it is. */
static void test_key_file_from_before(void **state) {
    fixture *f = *state;
    make_store(f);
    file_bytes key = file_read(f->key_path);
    f->options.path = fixture_name(f, "second");
    make_store(f);
    file_bytes again = file_read(f->key_path);
    assert_int_equal(again.len, 32);
    assert_memory_equal(key.at, again.at, 32);
    assert_opens(f);
    f->options.path = f->path;
    assert_opens(f);
    free(key.at);
    free(again.at);
}

static void test_key_link_to_nowhere(void **state) {
    fixture *f = *state;
    assert_int_equal(symlink(fixture_name(f, "stick"), f->key_path), 0);
    assert_opens_as(f, "store-failed");
    assert_false(file_exists(fixture_name(f, "stick")));
    assert_false(file_exists(f->path));
}

static void test_passphrase(void **state) {
    fixture *f = *state;
    use_passphrase(f, "open sesame");
    make_store(f);
    assert_false(file_exists(f->key_path));
    assert_opens(f);
    use_passphrase(f, "open barley");
    assert_opens_as(f, "wrong-passphrase");
    use_passphrase(f, "open sesame ");
    assert_opens_as(f, "wrong-passphrase");
    use_key_file(f, f->key_path);
    assert_opens_as(f, "wrong-passphrase");
    assert_false(file_exists(f->key_path));
    use_passphrase(f, "open sesame");
    assert_opens(f);
    assert_false(file_contains(f->path, BYTES_LITERAL("open sesame")));
}

/* Sets bytes of the row that holds the data key, and says how the store opens then. */
static void check_row(fixture *f, size_t at, sotto_bytes bytes, const char *reason) {
    uint8_t row[256], changed[256];
    size_t len = raw_blob(f->path, SELECT_ROW, row, sizeof row);
    memcpy(changed, row, len);
    assert_true(at + bytes.len <= len);
    memcpy(changed + at, bytes.at, bytes.len);
    raw_sql(f->path, UPDATE_ROW, bytes_of(changed, len));
    assert_opens_as(f, reason);
    raw_sql(f->path, UPDATE_ROW, bytes_of(row, len));
}

/* limit: SOTTO_STORE_PASSES_MAX, SOTTO_STORE_KIBIBYTES_MAX */
static void test_hostile_parameters(void **state) {
    fixture *f = *state;
    use_passphrase(f, "open sesame");
    make_store(f);
    uint8_t row[256];
    size_t len = raw_blob(f->path, SELECT_ROW, row, sizeof row);
    assert_int_equal(len, 2 + 16 + 4 + 4 + 72);
    /* version, kind, salt, passes at 18, kibibytes at 22 */
    assert_memory_equal(row + 18, "\0\0\0\3\0\1\0\0", 8);
    check_row(f, 0, BYTES_LITERAL("\2"), "store-corrupt");
    check_row(f, 1, BYTES_LITERAL("\0"), "store-corrupt");
    check_row(f, 1, BYTES_LITERAL("\1"), "store-corrupt"); /* a key file's row is shorter */
    check_row(f, 1, BYTES_LITERAL("\3"), "store-corrupt");
    check_row(f, 18, BYTES_LITERAL("\0\0\0\0"), "store-corrupt");
    check_row(f, 18, BYTES_LITERAL("\0\0\0\x11"), "store-corrupt");
    check_row(f, 18, BYTES_LITERAL("\xff\xff\xff\xff"), "store-corrupt");
    check_row(f, 22, BYTES_LITERAL("\0\0\0\7"), "store-corrupt");
    check_row(f, 22, BYTES_LITERAL("\0\4\0\1"), "store-corrupt");
    check_row(f, 22, BYTES_LITERAL("\xff\xff\xff\xff"), "store-corrupt");
    check_row(f, 18, BYTES_LITERAL("\0\0\0\2"), "wrong-passphrase");
    check_row(f, 2, BYTES_LITERAL("salt"), "wrong-passphrase");
    check_row(f, len - 1, bytes_of((uint8_t[]){row[len - 1] ^ 1}, 1), "wrong-passphrase");
    raw_sql(f->path, UPDATE_ROW, bytes_of(row, len - 1));
    assert_opens_as(f, "store-corrupt");
    raw_sql(f->path, "UPDATE meta SET value = x''", BYTES_NONE);
    assert_opens_as(f, "store-corrupt");
    raw_sql(f->path, "DELETE FROM meta", BYTES_NONE);
    assert_opens_as(f, "store-corrupt");
    raw_sql(f->path, "INSERT INTO meta (name, value) VALUES ('data-key', ?1)", bytes_of(row, len));
    assert_opens(f);
}

/* The row's own sealing, with nothing below it: what is put before the box cannot be changed for something cheaper. */
static void test_vault_context(void **state) {
    fixture *f = *state;
    const store_secret secret = {.from_file = true, .file_key = {1, 2, 3}};
    const uint8_t data_key[32] = {4, 5, 6};
    uint8_t room[128], opened[32] = {0};
    bytes_buffer buffer;
    sotto_bytes row = BYTES_NONE;
    bytes_buffer_borrowed(&buffer, room, sizeof room);
    assert_ok(store_vault_seal(&buffer, data_key, &secret, &f->host.host));
    assert_ok(bytes_buffer_end(&buffer, &row));
    assert_int_equal(row.len, 2 + 72);
    assert_ok(store_vault_open(opened, row, &secret, &f->host.host));
    assert_memory_equal(opened, data_key, 32);
    memset(opened, 0, sizeof opened);
    const store_secret other = {.from_file = true, .file_key = {1, 2, 4}};
    assert_fails(store_vault_open(opened, row, &other, &f->host.host), "wrong-passphrase");
    for (size_t i = 0; i < row.len; i++) {
        room[i] ^= 0x40;
        assert_fails(store_vault_open(opened, row, &secret, &f->host.host),
                     i < 2 ? "store-corrupt" : "wrong-passphrase");
        room[i] ^= 0x40;
        assert_fails(store_vault_open(opened, bytes_of(room, i), &secret, &f->host.host), "store-corrupt");
    }
    assert_memory_equal(opened, (const uint8_t[32]){0}, 32);
}

/* ---- changing the one for the other ---- */

/* True when what sealed the data key before is nowhere in the store's files. */
static bool is_gone(fixture *f, sotto_bytes old_row) {
    return !file_contains(f->path, old_row) && !file_contains(fixture_name(f, "account-wal"), old_row);
}

static void test_rekey(void **state) {
    fixture *f = *state;
    uint8_t row[256];
    make_store(f);
    size_t len = raw_blob(f->path, SELECT_ROW, row, sizeof row);
    assert_true(file_contains(f->path, bytes_of(row + len - 72, 72)));
    fixture_open(f);
    assert_ok(sotto_sqlite_rekey(f->store, NULL, bytes_text("open sesame")));
    assert_true(is_gone(f, bytes_of(row + len - 72, 72)));
    assert_ok(put(f->store, "b", "2"));
    fixture_close(f);
    assert_true(file_exists(f->key_path)); /* it may open other stores */
    assert_opens_as(f, "wrong-passphrase");
    use_passphrase(f, "open sesame");
    assert_opens(f);

    len = raw_blob(f->path, SELECT_ROW, row, sizeof row);
    fixture_open(f);
    assert_ok(sotto_sqlite_rekey(f->store, fixture_name(f, "new-key"), BYTES_NONE));
    assert_true(is_gone(f, bytes_of(row + len - 72, 72)));
    assert_int_equal(file_mode(fixture_name(f, "new-key")), 0600);
    fixture_close(f);
    assert_opens_as(f, "wrong-passphrase");
    use_key_file(f, f->key_path);
    assert_opens_as(f, "wrong-passphrase");
    use_key_file(f, fixture_name(f, "new-key"));
    assert_opens(f);

    /* And to a key file that is there already. */
    fixture_open(f);
    assert_ok(sotto_sqlite_rekey(f->store, f->key_path, BYTES_NONE));
    assert_scan(f->store, BYTES_NONE, "a=1 b=2 ");
    fixture_close(f);
    use_key_file(f, f->key_path);
    assert_opens(f);
}

static void test_rekey_that_fails(void **state) {
    fixture *f = *state;
    make_store(f);
    fixture_open(f);
    assert_fails(sotto_sqlite_rekey(f->store, NULL, BYTES_NONE), "usage");
    assert_fails(sotto_sqlite_rekey(f->store, f->key_path, bytes_text("and a passphrase")), "usage");
    assert_fails(sotto_sqlite_rekey(NULL, f->key_path, BYTES_NONE), "usage");
    assert_fails(sotto_sqlite_rekey(f->store, fixture_name(f, "missing/key"), BYTES_NONE), "store-failed");
    file_write(fixture_name(f, "short"), BYTES_LITERAL("short"));
    assert_int_equal(chmod(fixture_name(f, "short"), 0600), 0);
    assert_fails(sotto_sqlite_rekey(f->store, fixture_name(f, "short"), BYTES_NONE), "wrong-passphrase");
    f->host.random_left = 0;
    assert_fails(sotto_sqlite_rekey(f->store, NULL, bytes_text("open sesame")), "no-random");
    f->host.random_left = 1;
    assert_fails(sotto_sqlite_rekey(f->store, NULL, bytes_text("open sesame")), "no-random");
    f->host.random_left = -1;
    f->host.memory_left = 0;
    assert_fails(sotto_sqlite_rekey(f->store, NULL, bytes_text("open sesame")), "no-memory");
    f->host.memory_left = -1;
    fixture_close(f);
    assert_opens(f);

    sotto_store *memory = NULL;
    assert_ok(sotto_store_memory(&memory, &f->host.host));
    assert_fails(sotto_sqlite_rekey(memory, f->key_path, BYTES_NONE), "usage");
    assert_string_equal(sotto_sqlite_message(memory), "");
    assert_string_equal(sotto_sqlite_message(NULL), "");
    sotto_store_close(memory);
}

int run_keys(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_key_file),
        IN_FOLDER(test_exposed_key_file),
        IN_FOLDER(test_key_file_from_before),
        IN_FOLDER(test_key_link_to_nowhere),
        IN_FOLDER(test_passphrase),
        IN_FOLDER(test_hostile_parameters),
        IN_FOLDER(test_vault_context),
        IN_FOLDER(test_rekey),
        IN_FOLDER(test_rekey_that_fails),
    };
#undef IN_FOLDER
    return cmocka_run_group_tests_name("store keys", tests, NULL, NULL);
}
