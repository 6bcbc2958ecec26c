/* SPDX-License-Identifier: ISC
 *
 * Fingerprints as they are shown and typed, and the QR code. */
#include "app_tests.h"

#include <string.h>

#include "app/clean.h"
#include "app/fingerprint.h"
#include "bytes/span.h"

static const uint8_t sample[APP_FINGERPRINT_BYTES] = {
    0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0,    0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
    0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe,
};
static const char shown[] = "01234567 89abcdef 00112233 44556677 8899aabb ccddeeff 10325476 98badcfe";

static bool fits(const char *typed) {
    app_fingerprint_typed read;
    return app_fingerprint_read(bytes_text(typed), &read) && app_fingerprint_fits(&read, sample);
}

static bool readable(const char *typed) {
    app_fingerprint_typed read;
    return app_fingerprint_read(bytes_text(typed), &read);
}

static void test_shown_in_groups(void **state) {
    (void)state;
    char text[APP_FINGERPRINT_TEXT_SIZE];
    app_fingerprint_text(sample, text);
    assert_string_equal(text, shown);
}

static void test_typed(void **state) {
    (void)state;
    assert_true(fits(shown));
    assert_true(fits("0123456789abcdef"));
    assert_true(fits("01:23:45:67:89:AB:cd:ef"));
    assert_true(fits("0123-4567 89ab-cdef 0"));
    assert_false(fits("01234568 89abcdef"));
    assert_false(fits("01234567 89abcdee"));
}

static void test_typed_wrongly(void **state) {
    (void)state;
    assert_false(readable("01234567 89abcde")); /* 60 bits: somebody could search for a key that fits */
    assert_false(readable(""));
    assert_false(readable("01234567 89abcdeg"));
    assert_false(readable("01234567 89abcdef\n"));
    assert_false(readable("01234567 89abcdef 00112233 44556677 8899aabb ccddeeff 10325476 98badcfe 0"));
    assert_true(readable("01234567 89abcdef 00112233 44556677 8899aabb ccddeeff 10325476 98badcfe"));
}

static void test_uri(void **state) {
    (void)state;
    char room[512];
    bytes_buffer to;
    sotto_bytes got;
    bytes_buffer_borrowed(&to, room, sizeof room);
    app_fingerprint_uri(&to, bytes_text("a?b&é@xn--e.example"), 4294967295u, sample);
    assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
    const char *wanted = "xmpp:a%3fb%26%c3%a9@xn--e.example?omemo-sid-4294967295="
                         "0123456789abcdef00112233445566778899aabbccddeeff1032547698badcfe";
    assert_int_equal(got.len, strlen(wanted));
    assert_memory_equal(got.at, wanted, got.len);
}

/* The code of one letter is 21 modules wide; with four around it 29, in 15 lines of half blocks. */
static void test_qr(void **state) {
    (void)state;
    char room[8192];
    bytes_buffer to;
    sotto_bytes got;
    bytes_buffer_borrowed(&to, room, sizeof room);
    assert_int_equal(app_fingerprint_qr(&to, BYTES_LITERAL("a"), false).code, 0);
    assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
    size_t lines = 0;
    while (got.len > 0) {
        const uint8_t *end = memchr(got.at, '\n', got.len);
        assert_non_null(end);
        size_t len = (size_t)(end - got.at);
        assert_int_equal(app_clean_width(bytes_of(got.at, len)), 29);
        if (lines == 0) assert_memory_equal(got.at, "\u2588\u2588\u2588", 9); /* the margin is light */
        /* below the margin the corner: seven dark modules, drawn as nothing, with a light row in the ring below */
        if (lines == 2)
            assert_memory_equal(got.at, "\u2588\u2588\u2588\u2588 \u2584\u2584\u2584\u2584\u2584 \u2588",
                                12 + 1 + 15 + 1 + 3);
        lines++;
        got = bytes_after(got, len + 1);
    }
    assert_int_equal(lines, 15);
}

static void test_qr_of_an_address(void **state) {
    (void)state;
    char room[16384];
    bytes_buffer uri, to;
    sotto_bytes text, got;
    char form[512];
    bytes_buffer_borrowed(&uri, form, sizeof form);
    app_fingerprint_uri(&uri, BYTES_LITERAL("juliet@capulet.example"), 1, sample);
    assert_int_equal(bytes_buffer_end(&uri, &text).code, 0);
    bytes_buffer_borrowed(&to, room, sizeof room);
    assert_int_equal(app_fingerprint_qr(&to, text, true).code, 0);
    assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
    assert_memory_equal(got.at, "\033[38;5;231m", 11);
    assert_memory_equal(got.at + got.len - 5, "\033[0m\n", 5);
}

static void test_qr_too_long(void **state) {
    (void)state;
    static uint8_t text[3000];
    char room[64];
    bytes_buffer to;
    memset(text, 'a', sizeof text);
    bytes_buffer_borrowed(&to, room, sizeof room);
    assert_int_equal(app_fingerprint_qr(&to, bytes_of(text, sizeof text), false).code, SOTTO_E_TOO_LARGE);
    assert_int_equal(app_fingerprint_qr(&to, BYTES_NONE, false).code, SOTTO_E_TOO_LARGE);
}

int app_tests_fingerprint(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shown_in_groups),
        cmocka_unit_test(test_typed),
        cmocka_unit_test(test_typed_wrongly),
        cmocka_unit_test(test_uri),
        cmocka_unit_test(test_qr),
        cmocka_unit_test(test_qr_of_an_address),
        cmocka_unit_test(test_qr_too_long),
    };
    return cmocka_run_group_tests_name("app: fingerprint", tests, NULL, NULL);
}
