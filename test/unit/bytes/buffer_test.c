/* SPDX-License-Identifier: ISC
 *
 * The buffer. */
#include "bytes/buffer.h"

#include "bytes/memory.h"
#include "bytes/span.h"
#include "groups.h"
#include "rig.h"

static void assert_holds(const bytes_buffer *buffer, sotto_bytes expected) {
    sotto_bytes got = BYTES_NONE;
    assert_ok(bytes_buffer_end(buffer, &got));
    assert_int_equal(got.len, expected.len);
    if (expected.len > 0) assert_memory_equal(got.at, expected.at, expected.len);
}

static void what_is_written(void **state) {
    (void)state;
    rig r;
    bytes_buffer buffer;
    rig_start(&r);
    bytes_buffer_owned(&buffer, &r.host, 1000);
    assert_holds(&buffer, BYTES_NONE);
    bytes_buffer_put(&buffer, BYTES_LITERAL("ab"));
    bytes_buffer_put(&buffer, BYTES_NONE);
    bytes_buffer_text(&buffer, "cd");
    bytes_buffer_u8(&buffer, 0xfe);
    bytes_buffer_u32(&buffer, 0x01020304);
    bytes_buffer_u64(&buffer, UINT64_C(0x8182838485868788));
    bytes_buffer_block(&buffer, BYTES_LITERAL("xyz"));
    assert_holds(&buffer, BYTES_LITERAL("abcd\xfe\x01\x02\x03\x04\x81\x82\x83\x84\x85\x86\x87\x88\x03xyz"));
    bytes_buffer_free(&buffer);
    rig_end(&r);
}

static void varints(void **state) {
    (void)state;
    static const struct {
        uint64_t value;
        sotto_bytes form;
    } cases[] = {
        {0, {(const uint8_t *)"\0", 1}},
        {127, {(const uint8_t *)"\x7f", 1}},
        {128, {(const uint8_t *)"\x80\x01", 2}},
        {300, {(const uint8_t *)"\xac\x02", 2}},
        {UINT32_MAX, {(const uint8_t *)"\xff\xff\xff\xff\x0f", 5}},
        {UINT64_MAX, {(const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t memory[10];
        bytes_buffer buffer;
        bytes_buffer_borrowed(&buffer, memory, sizeof memory);
        bytes_buffer_varint(&buffer, cases[i].value);
        assert_holds(&buffer, cases[i].form);
    }
}

static void decimals(void **state) {
    (void)state;
    uint8_t memory[64];
    bytes_buffer buffer;
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    bytes_buffer_decimal(&buffer, 0);
    bytes_buffer_u8(&buffer, ' ');
    bytes_buffer_decimal(&buffer, 1090);
    bytes_buffer_u8(&buffer, ' ');
    bytes_buffer_decimal(&buffer, UINT64_MAX);
    assert_holds(&buffer, BYTES_LITERAL("0 1090 18446744073709551615"));
}

static void grows_up_to_the_ceiling_and_wipes(void **state) {
    (void)state;
    rig r;
    bytes_buffer buffer;
    rig_start(&r);
    bytes_buffer_owned(&buffer, &r.host, 1000);
    for (size_t i = 0; i < 1000; i++) bytes_buffer_u8(&buffer, (uint8_t)(i + 1));
    sotto_bytes all;
    assert_ok(bytes_buffer_end(&buffer, &all));
    for (size_t i = 0; i < 1000; i++) assert_int_equal(all.at[i], (uint8_t)(i + 1));
    assert_true(r.lent <= 1000);
    assert_true(r.allocations <= 6);
    bytes_buffer_u8(&buffer, 1);
    all = BYTES_LITERAL("untouched");
    assert_status(bytes_buffer_end(&buffer, &all), TOO_LARGE);
    assert_true(bytes_is(all, "untouched"));
    bytes_buffer_free(&buffer);
    rig_end(&r);
}

static void failure_sticks_until_reset(void **state) {
    (void)state;
    rig r;
    bytes_buffer buffer;
    sotto_bytes all;
    rig_start(&r);
    bytes_buffer_owned(&buffer, &r.host, 4);
    bytes_buffer_text(&buffer, "abc");
    bytes_buffer_text(&buffer, "de");                  /* too much */
    bytes_buffer_text(&buffer, "f");                   /* would fit, but does nothing now */
    bytes_buffer_fail(&buffer, SOTTO_FAIL(MALFORMED)); /* the first failure stays */
    assert_status(bytes_buffer_end(&buffer, &all), TOO_LARGE);
    assert_int_equal(buffer.len, 3);
    assert_null(bytes_buffer_room(&buffer, 1));
    assert_null(bytes_buffer_room(&buffer, 0));
    bytes_buffer_reset(&buffer);
    assert_holds(&buffer, BYTES_NONE);
    bytes_buffer_text(&buffer, "gh");
    assert_holds(&buffer, BYTES_LITERAL("gh"));
    bytes_buffer_fail(&buffer, SOTTO_FAIL(MALFORMED));
    assert_status(bytes_buffer_end(&buffer, &all), MALFORMED);
    bytes_buffer_free(&buffer);
    rig_end(&r);
}

static void a_huge_length_does_not_wrap(void **state) {
    (void)state;
    rig r;
    bytes_buffer buffer;
    sotto_bytes all;
    rig_start(&r);
    bytes_buffer_owned(&buffer, &r.host, 100);
    bytes_buffer_text(&buffer, "abc");
    assert_null(bytes_buffer_room(&buffer, SIZE_MAX));
    assert_status(bytes_buffer_end(&buffer, &all), TOO_LARGE);
    bytes_buffer_free(&buffer);
    bytes_buffer_owned(&buffer, &r.host, SIZE_MAX);
    r.fail_at = 1;
    assert_null(bytes_buffer_room(&buffer, SIZE_MAX / 2 + 1));
    assert_status(bytes_buffer_end(&buffer, &all), NO_MEMORY);
    bytes_buffer_free(&buffer);
    rig_end(&r);
}

static void without_memory_what_was_written_stays(void **state) {
    (void)state;
    rig r;
    bytes_buffer buffer;
    sotto_bytes all;
    rig_start(&r);
    bytes_buffer_owned(&buffer, &r.host, 1000);
    bytes_buffer_text(&buffer, "abc");
    r.fail_at = 2;
    assert_null(bytes_buffer_room(&buffer, 500));
    assert_status(bytes_buffer_end(&buffer, &all), NO_MEMORY);
    assert_int_equal(buffer.len, 3);
    assert_memory_equal(buffer.at, "abc", 3);
    bytes_buffer_free(&buffer);
    rig_end(&r);
}

static void borrowed_memory_is_all_there_is(void **state) {
    (void)state;
    uint8_t memory[4] = {0};
    bytes_buffer buffer;
    sotto_bytes all;
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    bytes_buffer_text(&buffer, "abcd");
    assert_holds(&buffer, BYTES_LITERAL("abcd"));
    bytes_buffer_u8(&buffer, 'e');
    assert_status(bytes_buffer_end(&buffer, &all), NO_ROOM);
    bytes_buffer_free(&buffer);
    assert_memory_equal(memory, "abcd", 4); /* the result is the caller's */
    bytes_buffer_borrowed(&buffer, NULL, 0);
    assert_null(bytes_buffer_room(&buffer, 0));
    assert_holds(&buffer, BYTES_NONE);
    bytes_buffer_u8(&buffer, 'e');
    assert_status(bytes_buffer_end(&buffer, &all), NO_ROOM);
}

static void room_for_nothing(void **state) {
    (void)state;
    rig r;
    bytes_buffer buffer;
    rig_start(&r);
    bytes_buffer_owned(&buffer, &r.host, 0);
    assert_non_null(bytes_buffer_room(&buffer, 0));
    assert_non_null(bytes_buffer_room(&buffer, 0));
    assert_holds(&buffer, BYTES_NONE);
    assert_null(bytes_buffer_room(&buffer, 1));
    bytes_buffer_free(&buffer);
    rig_end(&r);
}

static void cut_wipes(void **state) {
    (void)state;
    uint8_t memory[6];
    bytes_buffer buffer;
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    bytes_buffer_text(&buffer, "abcdef");
    bytes_buffer_cut(&buffer, 10);
    assert_holds(&buffer, BYTES_LITERAL("abcdef"));
    bytes_buffer_cut(&buffer, 2);
    assert_holds(&buffer, BYTES_LITERAL("ab"));
    assert_zero(memory + 2, 4);
    bytes_buffer_reset(&buffer);
    assert_zero(memory, 6);
}

static void reserving_and_releasing(void **state) {
    (void)state;
    rig r;
    bytes_buffer buffer;
    sotto_bytes got;
    size_t len = 7, size = 7;
    uint8_t memory[4];
    rig_start(&r);
    bytes_buffer_owned(&buffer, &r.host, 1000);
    assert_null(bytes_buffer_release(&buffer, &len, &size));
    bytes_buffer_reserve(&buffer, 300);
    for (unsigned i = 0; i < 300; i++) bytes_buffer_u8(&buffer, (uint8_t)i);
    assert_int_equal(r.allocations, 1);
    bytes_buffer_reserve(&buffer, 701); /* more than it may have: the limit is told where it is passed */
    assert_ok(bytes_buffer_end(&buffer, &got));
    uint8_t *at = bytes_buffer_release(&buffer, &len, &size);
    assert_non_null(at);
    assert_int_equal(len, 300);
    assert_true(size >= 300);
    assert_int_equal(at[255], 255);
    bytes_buffer_free(&buffer); /* has nothing any more */
    assert_int_equal(r.lent, size);
    bytes_free(&r.host, at, size);
    bytes_buffer_put(&buffer, BYTES_LITERAL("again"));
    r.fail_at = r.allocations + 1;
    bytes_buffer_reserve(&buffer, 500);
    assert_status(bytes_buffer_end(&buffer, &got), NO_MEMORY);
    assert_null(bytes_buffer_release(&buffer, &len, &size));
    bytes_buffer_free(&buffer);
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    bytes_buffer_reserve(&buffer, 100);
    bytes_buffer_u32(&buffer, 1);
    assert_ok(bytes_buffer_end(&buffer, &got));
    assert_null(bytes_buffer_release(&buffer, &len, &size));
    rig_end(&r);
}

static void drop_moves_down_and_wipes(void **state) {
    (void)state;
    uint8_t memory[6];
    bytes_buffer buffer;
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    bytes_buffer_text(&buffer, "abcdef");
    bytes_buffer_drop(&buffer, 0);
    bytes_buffer_drop(&buffer, 2);
    assert_holds(&buffer, BYTES_LITERAL("cdef"));
    assert_zero(memory + 4, 2);
    bytes_buffer_drop(&buffer, 5);
    assert_holds(&buffer, BYTES_NONE);
    assert_zero(memory, 6);
    bytes_buffer_drop(&buffer, 1);
}

static void free_twice_and_use_again(void **state) {
    (void)state;
    rig r;
    bytes_buffer buffer;
    rig_start(&r);
    bytes_buffer_owned(&buffer, &r.host, 10);
    bytes_buffer_text(&buffer, "abc");
    bytes_buffer_free(&buffer);
    bytes_buffer_free(&buffer);
    bytes_buffer_text(&buffer, "de");
    assert_holds(&buffer, BYTES_LITERAL("de"));
    bytes_buffer_free(&buffer);
    rig_end(&r);
}

int buffer_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written),
        cmocka_unit_test(varints),
        cmocka_unit_test(decimals),
        cmocka_unit_test(grows_up_to_the_ceiling_and_wipes),
        cmocka_unit_test(failure_sticks_until_reset),
        cmocka_unit_test(a_huge_length_does_not_wrap),
        cmocka_unit_test(without_memory_what_was_written_stays),
        cmocka_unit_test(borrowed_memory_is_all_there_is),
        cmocka_unit_test(room_for_nothing),
        cmocka_unit_test(cut_wipes),
        cmocka_unit_test(reserving_and_releasing),
        cmocka_unit_test(drop_moves_down_and_wipes),
        cmocka_unit_test(free_twice_and_use_again),
    };
    return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
