/* SPDX-License-Identifier: ISC
 *
 * The store in memory and in SQLite: made, opened, written, read. */
#include "starve.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sotto/sqlite.h>

#define VALUE_BYTES 9000u /* of a record that does not fit a page */

typedef struct store_stage {
    char folder[64], path[80], key_path[80];
    bool in_memory;
    sotto_store *store;
    bytes_buffer seen;
} store_stage;

static sotto_status open_store(store_stage *s) {
    if (s->in_memory) return sotto_store_memory(&s->store, &supply_host);
    sotto_sqlite_options options = {.path = s->path, .key_path = s->key_path, .create = true, .host = &supply_host};
    return sotto_sqlite_open(&s->store, &options);
}

static void remove_files(store_stage *s) {
    DIR *all = opendir(s->folder);
    assert_non_null(all);
    for (struct dirent *entry = readdir(all); entry != NULL; entry = readdir(all)) {
        if (entry->d_name[0] != '.') assert_int_equal(unlinkat(dirfd(all), entry->d_name, 0), 0);
    }
    (void)closedir(all);
}

/* How many files there are: what a failed beginning left. */
static size_t count_files(const store_stage *s) {
    size_t count = 0;
    DIR *all = opendir(s->folder);
    assert_non_null(all);
    for (struct dirent *entry = readdir(all); entry != NULL; entry = readdir(all)) count += entry->d_name[0] != '.';
    (void)closedir(all);
    return count;
}

static void stage_start(store_stage *s, bool in_memory) {
    *s = (store_stage){.in_memory = in_memory};
    (void)snprintf(s->folder, sizeof s->folder, "%s/sotto-starved-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(s->folder));
    (void)snprintf(s->path, sizeof s->path, "%s/account", s->folder);
    (void)snprintf(s->key_path, sizeof s->key_path, "%s/key", s->folder);
    bytes_buffer_owned(&s->seen, &supply_quiet, 1u << 20);
}

static void stage_end(store_stage *s) {
    remove_files(s);
    assert_int_equal(rmdir(s->folder), 0);
    bytes_buffer_free(&s->seen);
}

static void close_store(store_stage *s) {
    sotto_store_close(s->store);
    s->store = NULL;
    assert_int_equal(supply_lent(SUPPLY_HOST), 0);
}

static sotto_status see(void *arg, sotto_bytes k, sotto_bytes value) {
    bytes_buffer *out = arg;
    bytes_buffer_put(out, k);
    bytes_buffer_text(out, "=");
    bytes_buffer_put(out, value);
    bytes_buffer_text(out, "\n");
    return SOTTO_OK;
}

static void put_records(store_stage *s, bytes_buffer *out) {
    assert_ok(s->store->methods->scan(s->store, BYTES_NONE, see, out));
}

/* ---- making and opening ---- */

static void prepare_nothing(void *arg) {
    store_stage *s = arg;
    remove_files(s);
    s->store = NULL;
}

static void prepare_closed(void *arg) {
    store_stage *s = arg;
    s->store = NULL;
}

static sotto_status call_open(void *arg) {
    return open_store(arg);
}

static void after_open(void *arg, sotto_status status, bytes_buffer *out) {
    store_stage *s = arg;
    if (!sotto_ok(status)) {
        assert_null(s->store);
        assert_int_equal(supply_lent(SUPPLY_HOST), 0);
        assert_ok(open_store(s));
    }
    put_records(s, out);
    assert_int_equal(s->store->setbacks, 0); /* a shortage is no copy from a backup */
    assert_ok(s->store->methods->write(s->store, &(sotto_change){BYTES_LITERAL("a"), BYTES_LITERAL("1")}, 1));
    assert_true(count_files(s) <= 4);
    close_store(s);
}

static void test_opening(void **state) {
    (void)state;
    store_stage s;
    const starved_script making = {"a new store", prepare_nothing, call_open, after_open, 0, STARVED_BOTH};
    const starved_script opening = {"a store", prepare_closed, call_open, after_open, 0, STARVED_BOTH};
    stage_start(&s, false);
    starved_anew count = starve_anew(&making, &s);
    assert_true(count.failures > 2 * 100);
    assert_int_equal(count.survived[SUPPLY_HOST] + count.survived[SUPPLY_RANDOM], 0);
    count = starve_anew(&opening, &s);
    assert_true(count.failures > 2 * 50);
    assert_int_equal(count.survived[SUPPLY_HOST] + count.survived[SUPPLY_RANDOM], 0);
    stage_end(&s);
    stage_start(&s, true);
    const starved_script memory = {"a store in memory", prepare_nothing, call_open, after_open, 0, STARVED_BOTH};
    assert_int_equal(starve_anew(&memory, &s).failures, 2);
    stage_end(&s);
}

/* ---- a transaction ---- */

static const sotto_change before[] = {{{(const uint8_t *)"a", 1}, {(const uint8_t *)"1", 1}},
                                      {{(const uint8_t *)"b", 1}, {(const uint8_t *)"2", 1}},
                                      {{(const uint8_t *)"c", 1}, {(const uint8_t *)"3", 1}}};

static void prepare_records(void *arg) {
    store_stage *s = arg;
    static uint8_t large[VALUE_BYTES] = {'x'};
    remove_files(s);
    assert_ok(open_store(s));
    assert_ok(s->store->methods->write(s->store, before, 3));
    const sotto_change more = {BYTES_LITERAL("d"), bytes_of(large, sizeof large)};
    assert_ok(s->store->methods->write(s->store, &more, 1));
    if (s->in_memory) return;
    sotto_store_close(s->store); /* with nothing in its cache */
    assert_ok(open_store(s));
}

static sotto_status call_write(void *arg) {
    store_stage *s = arg;
    static uint8_t large[VALUE_BYTES] = {'y'};
    const sotto_change changes[] = {{BYTES_LITERAL("a"), BYTES_LITERAL("new")},
                                    {BYTES_LITERAL("b"), BYTES_NONE},
                                    {BYTES_LITERAL("e"), bytes_of(large, sizeof large)},
                                    {BYTES_LITERAL("f"), BYTES_LITERAL("4")}};
    return s->store->methods->write(s->store, changes, 4);
}

static void after_write(void *arg, sotto_status status, bytes_buffer *out) {
    store_stage *s = arg;
    if (!sotto_ok(status)) {
        bytes_buffer_reset(&s->seen);
        put_records(s, &s->seen); /* all as it was */
        assert_memory_equal(s->seen.at, "a=1\nb=2\nc=3\nd=x", 15);
        assert_int_equal(s->seen.len, 12 + 2 + VALUE_BYTES + 1);
        assert_ok(call_write(s));
    }
    put_records(s, out);
    if (!s->in_memory) {
        sotto_store_close(s->store); /* it is on the disk, too */
        assert_ok(open_store(s));
        put_records(s, out);
    }
    close_store(s);
}

static sotto_status call_read(void *arg) {
    store_stage *s = arg;
    bytes_buffer_reset(&s->seen);
    SOTTO_TRY(s->store->methods->get(s->store, BYTES_LITERAL("d"), see, &s->seen));
    SOTTO_TRY(s->store->methods->get(s->store, BYTES_LITERAL("a"), see, &s->seen));
    sotto_status status = s->store->methods->get(s->store, BYTES_LITERAL("z"), see, &s->seen);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) return status;
    return s->store->methods->scan(s->store, BYTES_NONE, see, &s->seen);
}

static void after_read(void *arg, sotto_status status, bytes_buffer *out) {
    store_stage *s = arg;
    if (!sotto_ok(status)) assert_ok(call_read(s));
    bytes_buffer_put(out, bytes_of(s->seen.at, s->seen.len));
    put_records(s, out);
    close_store(s);
}

static void test_records(void **state) {
    (void)state;
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        store_stage s;
        const starved_script writing = {"write", prepare_records, call_write, after_write, 0, STARVED_BOTH};
        const starved_script reading = {"get and scan", prepare_records, call_read, after_read, 0, STARVED_BOTH};
        stage_start(&s, in_memory != 0);
        starved_anew count = starve_anew(&writing, &s);
        assert_true(count.failures >= 2 * 4);
        assert_int_equal(count.survived[SUPPLY_HOST] + count.survived[SUPPLY_RANDOM], 0);
        count = starve_anew(&reading, &s);
        assert_true(count.failures > 0 || in_memory != 0);
        assert_int_equal(count.survived[SUPPLY_HOST], 0);
        stage_end(&s);
    }
}

/* ---- another key file ---- */

static char new_key_path[96];

static sotto_status call_rekey(void *arg) {
    store_stage *s = arg;
    return sotto_sqlite_rekey(s->store, new_key_path, BYTES_NONE);
}

static void after_rekey(void *arg, sotto_status status, bytes_buffer *out) {
    store_stage *s = arg;
    sotto_sqlite_options options = {.path = s->path, .key_path = s->key_path, .host = &supply_host};
    if (!sotto_ok(status)) { /* the old one still opens it; and it is tried again without opening, every other time */
        if (supply_counted(SUPPLY_HOST) % 2 == 0) {
            sotto_store_close(s->store);
            assert_ok(sotto_sqlite_open(&s->store, &options));
        }
        assert_ok(s->store->methods->write(s->store, before, 3));
        assert_ok(call_rekey(s));
    }
    sotto_store_close(s->store);
    s->store = NULL;
    assert_status(sotto_sqlite_open(&s->store, &options), WRONG_PASSPHRASE);
    options.key_path = new_key_path;
    assert_ok(sotto_sqlite_open(&s->store, &options));
    put_records(s, out);
    close_store(s);
}

static void test_rekeying(void **state) {
    (void)state;
    store_stage s;
    const starved_script script = {"rekey", prepare_records, call_rekey, after_rekey, 0, STARVED_BOTH};
    stage_start(&s, false);
    (void)snprintf(new_key_path, sizeof new_key_path, "%s/key2", s.folder);
    starved_anew count = starve_anew(&script, &s);
    assert_true(count.failures > 2);
    stage_end(&s);
}

int store_group(void) {
    const struct CMUnitTest tests[] = {STARVED(test_opening), STARVED(test_records), STARVED(test_rekeying)};
    return cmocka_run_group_tests_name("starved: store", tests, NULL, NULL);
}
