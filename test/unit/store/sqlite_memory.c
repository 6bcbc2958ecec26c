/* SPDX-License-Identifier: ISC
 *
 * SQLite takes memory of its own, not the host's. Here it runs out at every allocation in turn. */
#include <stdlib.h>

#include <sqlite3.h>

#include "fixture.h"

static sqlite3_mem_methods real;
static long allocations_left = -1; /* before every other fails; below 0: no end */

static bool spend(void) {
    if (allocations_left == 0) return false;
    if (allocations_left > 0) allocations_left--;
    return true;
}

static void *failing_malloc(int size) {
    return spend() ? real.xMalloc(size) : NULL;
}
static void *failing_realloc(void *at, int size) {
    return spend() ? real.xRealloc(at, size) : NULL;
}

void use_failing_sqlite_memory(void) {
    int result = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
    sqlite3_mem_methods methods = real;
    methods.xMalloc = failing_malloc;
    methods.xRealloc = failing_realloc;
    if (result != SQLITE_OK || sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK) abort();
}

static void test_opening(void **state) {
    fixture *f = *state;
    fixture_open(f);
    assert_ok(put(f->store, "a", "1"));
    fixture_close(f);
    long failures = 0;
    for (;; failures++) {
        allocations_left = failures;
        sotto_status status = sotto_sqlite_open(&f->store, &f->options);
        allocations_left = -1;
        if (sotto_ok(status)) break;
        assert_fails(status, "no-memory");
        assert_int_equal(f->host.live, 0);
    }
    assert_true(failures > 20);
    assert_value(f->store, "a", "1");
}

static void test_making(void **state) {
    fixture *f = *state;
    long failures = 0;
    for (;; failures++) {
        allocations_left = failures;
        sotto_status status = sotto_sqlite_open(&f->store, &f->options);
        allocations_left = -1;
        if (sotto_ok(status)) break;
        assert_fails(status, "no-memory");
        if (file_exists(f->path)) break; /* made; the rest is opening */
    }
    assert_true(failures > 20);
    if (f->store == NULL) fixture_open(f);
    assert_ok(put(f->store, "a", "1"));
    assert_value(f->store, "a", "1");
}

static void test_using(void **state) {
    fixture *f = *state;
    static uint8_t large[20000] = {1};
    const sotto_change changes[] = {{BYTES_LITERAL("a"), BYTES_LITERAL("2")},
                                    {BYTES_LITERAL("b"), bytes_of(large, sizeof large)},
                                    {BYTES_LITERAL("c"), BYTES_NONE}};
    fixture_open(f);
    assert_ok(put(f->store, "a", "1"));
    assert_ok(put(f->store, "c", "1"));
    fixture_close(f);
    long failures = 0;
    for (;; failures++) {
        fixture_open(f); /* with nothing in its cache */
        allocations_left = failures;
        sotto_status status = f->store->methods->write(f->store, changes, 3);
        allocations_left = -1;
        if (sotto_ok(status)) break;
        assert_fails(status, "no-memory");
        assert_scan(f->store, BYTES_NONE, "a=1 c=1 ");
        fixture_close(f);
        fixture_open(f);
        allocations_left = failures;
        status = scan_nothing(f->store);
        allocations_left = -1;
        if (!sotto_ok(status)) assert_fails(status, "no-memory");
        assert_scan(f->store, BYTES_NONE, "a=1 c=1 ");
        fixture_close(f);
    }
    assert_true(failures > 0);
    assert_value(f->store, "a", "2");
    assert_value(f->store, "c", NULL);
}

int run_sqlite_memory(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_opening, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_making, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_using, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("store SQLite's memory", tests, NULL, NULL);
}
