/* SPDX-License-Identifier: ISC
 *
 * The cursor, against the buffer and against what no buffer writes. */
#include "bytes/cursor.h"

#include "bytes/buffer.h"
#include "bytes/span.h"
#include "groups.h"
#include "rig.h"

#define OVER(literal) bytes_cursor_over(BYTES_LITERAL(literal))

static void reads_what_the_buffer_wrote(void **state) {
    (void)state;
    static const uint64_t numbers[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, (uint64_t)1 << 63, UINT64_MAX};
    uint8_t memory[200], three[3];
    bytes_buffer buffer;
    sotto_bytes all;
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    bytes_buffer_u8(&buffer, 200);
    bytes_buffer_u32(&buffer, 4000000000u);
    bytes_buffer_u64(&buffer, UINT64_MAX - 1);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) bytes_buffer_varint(&buffer, numbers[i]);
    bytes_buffer_block(&buffer, BYTES_LITERAL("block"));
    bytes_buffer_block(&buffer, BYTES_NONE);
    bytes_buffer_text(&buffer, "abcdef");
    assert_ok(bytes_buffer_end(&buffer, &all));
    bytes_cursor cursor = bytes_cursor_over(all);
    assert_true(bytes_cursor_more(&cursor));
    assert_int_equal(bytes_cursor_u8(&cursor), 200);
    assert_int_equal(bytes_cursor_u32(&cursor), 4000000000u);
    assert_true(bytes_cursor_u64(&cursor) == UINT64_MAX - 1);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_true(bytes_cursor_varint(&cursor) == numbers[i]);
    assert_true(bytes_is(bytes_cursor_block(&cursor), "block"));
    assert_int_equal(bytes_cursor_block(&cursor).len, 0);
    assert_true(bytes_is(bytes_cursor_take(&cursor, 3), "abc"));
    bytes_cursor_into(&cursor, three, 3);
    assert_memory_equal(three, "def", 3);
    assert_false(bytes_cursor_more(&cursor));
    assert_ok(bytes_cursor_end(&cursor));
}

static void nothing_is_complete(void **state) {
    (void)state;
    bytes_cursor cursor = bytes_cursor_over(BYTES_NONE);
    assert_int_equal(bytes_cursor_take(&cursor, 0).len, 0);
    assert_ok(bytes_cursor_end(&cursor));
}

static void too_little_sticks(void **state) {
    (void)state;
    uint8_t four[4] = {1, 2, 3, 4};
    bytes_cursor cursor = OVER("abc");
    bytes_cursor_into(&cursor, four, 4);
    assert_zero(four, 4);
    assert_int_equal(bytes_cursor_u8(&cursor), 0); /* there was a byte, but no more */
    assert_int_equal(bytes_cursor_take(&cursor, 1).len, 0);
    assert_int_equal(bytes_cursor_u32(&cursor), 0);
    assert_true(bytes_cursor_u64(&cursor) == 0);
    assert_true(bytes_cursor_varint(&cursor) == 0);
    assert_int_equal(bytes_cursor_block(&cursor).len, 0);
    assert_false(bytes_cursor_more(&cursor));
    assert_status(bytes_cursor_end(&cursor), MALFORMED);
}

static void each_reader_fails_alone(void **state) {
    (void)state;
    bytes_cursor cursor = OVER("");
    assert_int_equal(bytes_cursor_u8(&cursor), 0);
    assert_status(bytes_cursor_end(&cursor), MALFORMED);
    cursor = OVER("abc");
    assert_int_equal(bytes_cursor_u32(&cursor), 0);
    assert_status(bytes_cursor_end(&cursor), MALFORMED);
    cursor = OVER("abcdefg");
    assert_true(bytes_cursor_u64(&cursor) == 0);
    assert_status(bytes_cursor_end(&cursor), MALFORMED);
    cursor = OVER("abc");
    assert_int_equal(bytes_cursor_take(&cursor, SIZE_MAX).len, 0);
    assert_status(bytes_cursor_end(&cursor), MALFORMED);
}

static void left_over_bytes(void **state) {
    (void)state;
    bytes_cursor cursor = OVER("ab");
    assert_int_equal(bytes_cursor_u8(&cursor), 'a');
    assert_status(bytes_cursor_end(&cursor), MALFORMED);
}

static void varints_that_are_none(void **state) {
    (void)state;
    bytes_cursor cursor = OVER("\x80\x80"); /* no end */
    assert_true(bytes_cursor_varint(&cursor) == 0);
    assert_status(bytes_cursor_end(&cursor), MALFORMED);
    cursor = OVER("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"); /* 2^64 and more */
    assert_true(bytes_cursor_varint(&cursor) == 0);
    assert_status(bytes_cursor_end(&cursor), MALFORMED);
    cursor = OVER("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"); /* 11 bytes */
    assert_true(bytes_cursor_varint(&cursor) == 0);
    assert_status(bytes_cursor_end(&cursor), MALFORMED);
    cursor = OVER("\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00"); /* 1, overlong, in 10 bytes */
    assert_true(bytes_cursor_varint(&cursor) == 1);
    assert_ok(bytes_cursor_end(&cursor));
}

static void blocks_that_are_too_long(void **state) {
    (void)state;
    bytes_cursor cursor = OVER("\x03xy");
    assert_int_equal(bytes_cursor_block(&cursor).len, 0);
    assert_status(bytes_cursor_end(&cursor), MALFORMED);
    cursor = OVER("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01xy"); /* pointer + length would wrap */
    assert_int_equal(bytes_cursor_block(&cursor).len, 0);
    assert_status(bytes_cursor_end(&cursor), MALFORMED);
}

int cursor_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_the_buffer_wrote),
        cmocka_unit_test(nothing_is_complete),
        cmocka_unit_test(too_little_sticks),
        cmocka_unit_test(each_reader_fails_alone),
        cmocka_unit_test(left_over_bytes),
        cmocka_unit_test(varints_that_are_none),
        cmocka_unit_test(blocks_that_are_too_long),
    };
    return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
