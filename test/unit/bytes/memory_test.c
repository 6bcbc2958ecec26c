/* SPDX-License-Identifier: ISC
 *
 * Memory, spans, and the host that comes with the library. */
#include "bytes/memory.h"

#include "bytes/span.h"
#include "groups.h"
#include "rig.h"

static void new_memory_is_zeroed(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    uint8_t *at = bytes_new(&r.host, 100);
    assert_non_null(at);
    assert_zero(at, 100);
    memset(at, 7, 100);
    bytes_free(&r.host, at, 100);
    rig_end(&r);
}

static void new_fails_without_memory(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    r.fail_at = 1;
    assert_null(bytes_new(&r.host, 100));
    rig_end(&r);
}

static void free_takes_null(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    bytes_free(&r.host, NULL, 0);
    assert_int_equal(r.allocations, 0);
}

static void resize_keeps_zeroes_and_wipes(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    uint8_t *at = bytes_new(&r.host, 4);
    assert_non_null(at);
    memcpy(at, "abcd", 4);
    at = bytes_resize(&r.host, at, 4, 10);
    assert_non_null(at);
    assert_memory_equal(at, "abcd\0\0\0\0\0\0", 10);
    at = bytes_resize(&r.host, at, 10, 2);
    assert_non_null(at);
    assert_memory_equal(at, "ab", 2);
    assert_int_equal(r.lent, 2);
    bytes_free(&r.host, at, 2);
    rig_end(&r);
}

static void resize_from_nothing(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    uint8_t *at = bytes_resize(&r.host, NULL, 0, 3);
    assert_non_null(at);
    assert_zero(at, 3);
    bytes_free(&r.host, at, 3);
    rig_end(&r);
}

static void resize_that_fails_leaves_the_old_piece(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    uint8_t *at = bytes_new(&r.host, 4);
    assert_non_null(at);
    memcpy(at, "abcd", 4);
    r.fail_at = 2;
    assert_null(bytes_resize(&r.host, at, 4, 100));
    assert_memory_equal(at, "abcd", 4);
    bytes_free(&r.host, at, 4);
    rig_end(&r);
}

static void wipe(void **state) {
    (void)state;
    uint8_t key[5] = {1, 2, 3, 4, 5};
    bytes_wipe(key + 1, 3);
    assert_memory_equal(key, ((uint8_t[]){1, 0, 0, 0, 5}), 5);
    bytes_wipe(NULL, 0);
}

static void spans(void **state) {
    (void)state;
    assert_int_equal(BYTES_LITERAL("abc").len, 3);
    assert_int_equal(bytes_text(NULL).len, 0);
    assert_true(bytes_equal(BYTES_NONE, bytes_text("")));
    assert_true(bytes_is(BYTES_LITERAL("abc"), "abc"));
    assert_false(bytes_is(BYTES_LITERAL("abc"), "abd"));
    assert_false(bytes_is(BYTES_LITERAL("abc"), "ab"));
    assert_true(bytes_starts_with(BYTES_LITERAL("abc"), BYTES_LITERAL("ab")));
    assert_true(bytes_starts_with(BYTES_LITERAL("abc"), BYTES_NONE));
    assert_false(bytes_starts_with(BYTES_LITERAL("ab"), BYTES_LITERAL("abc")));
    assert_true(bytes_is(bytes_after(BYTES_LITERAL("abc"), 1), "bc"));
    assert_int_equal(bytes_after(BYTES_LITERAL("abc"), 3).len, 0);
    assert_int_equal(bytes_after(BYTES_LITERAL("abc"), SIZE_MAX).len, 0);
}

static void order_of_spans(void **state) {
    (void)state;
    assert_true(bytes_compare(BYTES_LITERAL("a"), BYTES_LITERAL("b")) < 0);
    assert_true(bytes_compare(BYTES_LITERAL("b"), BYTES_LITERAL("aa")) > 0);
    assert_true(bytes_compare(BYTES_LITERAL("a"), BYTES_LITERAL("aa")) < 0);
    assert_true(bytes_compare(BYTES_LITERAL("aa"), BYTES_LITERAL("a")) > 0);
    assert_true(bytes_compare(BYTES_LITERAL("\x7f"), BYTES_LITERAL("\x80")) < 0);
    assert_int_equal(bytes_compare(BYTES_NONE, BYTES_NONE), 0);
    assert_true(bytes_compare(BYTES_NONE, BYTES_LITERAL("a")) < 0);
    assert_int_equal(bytes_compare(BYTES_LITERAL("ab"), BYTES_LITERAL("ab")), 0);
}

static void the_default_host(void **state) {
    (void)state;
    const sotto_host *host = sotto_host_default();
    assert_ptr_equal(host, sotto_host_default());
    uint8_t *at = host->resize(host->arg, NULL, 0, 4);
    assert_non_null(at);
    memcpy(at, "abcd", 4);
    at = host->resize(host->arg, at, 4, 4000);
    assert_non_null(at);
    assert_memory_equal(at, "abcd", 4);
    assert_null(host->resize(host->arg, at, 4000, 0));
    /* Two times 600 bytes (more than the 256 that getrandom promises at once) that are neither zero nor equal. */
    uint8_t a[600] = {0}, b[600] = {0};
    assert_ok(host->random(host->arg, a, sizeof a));
    assert_ok(host->random(host->arg, b, sizeof b));
    assert_false(rig_is_zero(a + sizeof a - 32, 32));
    assert_memory_not_equal(a, b, sizeof a);
    assert_ok(host->random(host->arg, NULL, 0));
}

int memory_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zeroed),
        cmocka_unit_test(new_fails_without_memory),
        cmocka_unit_test(free_takes_null),
        cmocka_unit_test(resize_keeps_zeroes_and_wipes),
        cmocka_unit_test(resize_from_nothing),
        cmocka_unit_test(resize_that_fails_leaves_the_old_piece),
        cmocka_unit_test(wipe),
        cmocka_unit_test(spans),
        cmocka_unit_test(order_of_spans),
        cmocka_unit_test(the_default_host),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
