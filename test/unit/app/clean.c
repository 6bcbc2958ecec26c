/* SPDX-License-Identifier: ISC
 *
 * Nothing that a terminal could take for a command, and nothing that forges a line, gets through. */
#include "app_tests.h"

#include <string.h>

#include "app/clean.h"
#include "bytes/span.h"
#include "stanza/utf8.h"

#define BAD "\xef\xbf\xbd" /* U+FFFD */

static void line_is(sotto_bytes text, bool ascii, const char *wanted) {
    char room[512];
    bytes_buffer to;
    sotto_bytes got;
    bytes_buffer_borrowed(&to, room, sizeof room);
    app_clean_line(&to, text, ascii);
    assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
    assert_int_equal(got.len, strlen(wanted));
    assert_memory_equal(got.at, wanted, got.len);
}

static void test_plain_text_stays(void **state) {
    (void)state;
    const char *text = "Wherefore art thou, Roméo? 你好 👩‍👩‍👧 हिन्दी می‌خواهم";
    line_is(bytes_text(text), false, text);
}

static void test_escape_sequences(void **state) {
    (void)state;
    line_is(BYTES_LITERAL("\033[2Jx\033]0;title\007y"), false, BAD "[2Jx" BAD "]0;title" BAD "y");
    line_is(BYTES_LITERAL("\xc2\x9b"
                          "31m"),
            false, BAD "31m"); /* CSI as U+009B */
    line_is(BYTES_LITERAL("\x9b"
                          "31m"),
            false, BAD "31m"); /* and as the byte, which is no UTF-8 */
    line_is(BYTES_LITERAL("\0\x7f\x08"), false, BAD BAD BAD);
}

static void test_lines_cannot_be_forged(void **state) {
    (void)state;
    line_is(BYTES_LITERAL("a\nb\r\nc\rd\xe2\x80\xa8"
                          "e\xe2\x80\xa9"
                          "f\xc2\x85g\vh\ti"),
            false, "a b c d e f g h i");
}

static void test_directions(void **state) {
    (void)state;
    line_is(bytes_text("\u202e\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069\u200e\u200f\u061c"), false,
            BAD BAD BAD BAD BAD BAD BAD BAD BAD BAD BAD BAD);
}

static void test_invisible(void **state) {
    (void)state;
    line_is(bytes_text("a\u200b\u2060\ufeff\u00ad\u3164\U000e0041\ue000\ufffe"), false,
            "a" BAD BAD BAD BAD BAD BAD BAD BAD);
}

static void test_not_utf8(void **state) {
    (void)state;
    line_is(BYTES_LITERAL("\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80|\xe4\xbd"), false,
            BAD BAD "|" BAD BAD BAD "|" BAD BAD BAD BAD "|" BAD BAD);
}

static void test_ascii_terminal(void **state) {
    (void)state;
    line_is(bytes_text("a\u00dbz你"), true, "a?z?"); /* U+00DB ends in the byte 9B */
    line_is(BYTES_LITERAL("\xff\033"), true, "??");
}

/* Every code point there is: what comes out is never a control, a direction, or more than one line. */
static void test_all_code_points(void **state) {
    (void)state;
    for (uint32_t point = 0; point < 0x110000; point++) {
        if (point >= 0xd800 && point < 0xe000) continue;
        uint8_t form[4], room[16];
        bytes_buffer to;
        sotto_bytes got;
        size_t at = 0;
        uint32_t out = 0;
        bytes_buffer_borrowed(&to, room, sizeof room);
        app_clean_line(&to, bytes_of(form, stanza_utf8_put(form, point)), false);
        assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
        assert_true(stanza_utf8_next(got, &at, &out));
        assert_int_equal(at, got.len);
        assert_true(out >= 0x20 && !(out >= 0x7f && out < 0xa0));
        assert_true(out == point || out == 0xfffd || out == ' ');
        assert_false(out >= 0x202a && out <= 0x202e);
        assert_false(out >= 0x2028 && out <= 0x2029);
        assert_false(out >= 0x2066 && out <= 0x2069);
    }
}

static void test_several_lines_have_a_margin(void **state) {
    (void)state;
    char room[256];
    bytes_buffer to;
    sotto_bytes got;
    bytes_buffer_borrowed(&to, room, sizeof room);
    app_clean_lines(&to, BYTES_LITERAL("one\r\ntwo\n\nromeo@montague.example (verified): no\033[A"), "  | ", false);
    assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
    const char *wanted = "one\n  | two\n  | \n  | romeo@montague.example (verified): no" BAD "[A";
    assert_int_equal(got.len, strlen(wanted));
    assert_memory_equal(got.at, wanted, got.len);
}

static void test_width(void **state) {
    (void)state;
    assert_int_equal(app_clean_width(bytes_text("abc")), 3);
    assert_int_equal(app_clean_width(bytes_text("e\u0301")), 1);
    assert_int_equal(app_clean_width(bytes_text("你好")), 4);
    assert_int_equal(app_clean_width(BYTES_LITERAL("\xff")), 1);
}

/* ---- printing ---- */

static void test_print_cleans_arguments(void **state) {
    (void)state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_print(&output, APP_ERR, "%s|%.*s|%u|%zu|%llu|%c|%%\n", "a\nb\033", 3, "x\ryz", 7u, (size_t)8, 9ull, 10);
    assert_string_equal(kept.err, "a b" BAD "|x y|7|8|9| |%\n");
    assert_string_equal(kept.out, "");
}

static void test_print_of_nothing(void **state) {
    (void)state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_print(&output, APP_OUT, "%s%.*s", "", 0, "unused");
    app_print_lines(&output, APP_OUT, BYTES_NONE, "> ");
    assert_string_equal(kept.out, "");
}

static void test_colours(void **state) {
    (void)state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_colour_to(&output, APP_OUT, APP_RED);
    output.screen.colours = true;
    app_colour_to(&output, APP_OUT, APP_RED); /* not a terminal */
    assert_string_equal(kept.out, "");
    output.screen.out_terminal = true;
    app_colour_to(&output, APP_OUT, APP_RED);
    assert_string_equal(kept.out, "\033[31m");
    app_colour_to(&output, APP_ERR, APP_RED); /* standard error is not */
    assert_string_equal(kept.err, "");
}

int app_tests_clean(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_text_stays),
        cmocka_unit_test(test_escape_sequences),
        cmocka_unit_test(test_lines_cannot_be_forged),
        cmocka_unit_test(test_directions),
        cmocka_unit_test(test_invisible),
        cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_ascii_terminal),
        cmocka_unit_test(test_all_code_points),
        cmocka_unit_test(test_several_lines_have_a_margin),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_print_cleans_arguments),
        cmocka_unit_test(test_print_of_nothing),
        cmocka_unit_test(test_colours),
    };
    return cmocka_run_group_tests_name("app: clean", tests, NULL, NULL);
}
