/* SPDX-License-Identifier: ISC
 *
 * What is particular to the store in memory. */
#include <stdio.h>

#include "fixture.h"

typedef struct walk {
    int next;
    uintptr_t lowest; /* of the frames that visit was called in: the scan walks the tree by calling itself */
    uintptr_t highest;
} walk;

static sotto_status count_ordered(void *arg, sotto_bytes key, sotto_bytes value) {
    walk *w = arg;
    char expected[16];
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    if (frame < w->lowest) w->lowest = frame;
    if (frame > w->highest) w->highest = frame;
    (void)snprintf(expected, sizeof expected, "%08d", w->next++);
    assert_true(bytes_is(key, expected));
    assert_true(bytes_is(value, expected));
    return SOTTO_OK;
}

static void check_walk(sotto_store *store, int first, int end) {
    walk w = {first, UINTPTR_MAX, 0};
    assert_ok(store->methods->scan(store, BYTES_NONE, count_ordered, &w));
    assert_int_equal(w.next, end);
    assert_true(w.highest - w.lowest < 20 * 1024); /* 16 to 22 levels; a list would have as many as records */
}

/* Keys that come in order are the worst that can happen to a tree that is not balanced. */
static void test_many_in_order(void **state) {
    fixture *f = *state;
    const int count = 20000;
    char key[16];
    for (int i = count - 1; i >= 0; i--) {
        (void)snprintf(key, sizeof key, "%08d", i);
        assert_ok(put(f->store, key, key));
    }
    check_walk(f->store, 0, count);
    for (int i = 0; i < count - 5; i++) {
        (void)snprintf(key, sizeof key, "%08d", i);
        assert_ok(put(f->store, key, NULL));
    }
    check_walk(f->store, count - 5, count);
}

static void test_arguments(void **state) {
    fixture *f = *state;
    sotto_store *store = NULL;
    assert_fails(sotto_store_memory(NULL, &f->host.host), "usage");
    assert_fails(sotto_store_memory(&store, NULL), "usage");
    f->host.memory_left = 0;
    assert_fails(sotto_store_memory(&store, &f->host.host), "no-memory");
    assert_null(store);
}

int run_memory(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_many_in_order, fixture_setup_memory, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_arguments, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("store memory", tests, NULL, NULL);
}
