/* SPDX-License-Identifier: ISC
 *
 * Base64 and hex. */
#include "bytes/base64.h"

#include <stdio.h>

#include "bytes/span.h"
#include "groups.h"
#include "rig.h"

/* RFC 4648 section 10, and the digits that it does not have. */
static const struct {
    sotto_bytes plain;
    const char *text;
} pairs[] = {
    {{(const uint8_t *)"", 0}, ""},
    {{(const uint8_t *)"f", 1}, "Zg=="},
    {{(const uint8_t *)"fo", 2}, "Zm8="},
    {{(const uint8_t *)"foo", 3}, "Zm9v"},
    {{(const uint8_t *)"foob", 4}, "Zm9vYg=="},
    {{(const uint8_t *)"fooba", 5}, "Zm9vYmE="},
    {{(const uint8_t *)"foobar", 6}, "Zm9vYmFy"},
    {{(const uint8_t *)"\xfb\xff\xbf\xfe", 4}, "+/+//g=="},
};

static void the_pairs_both_ways(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        uint8_t memory[16], out[8];
        bytes_buffer buffer;
        sotto_bytes got;
        bytes_buffer_borrowed(&buffer, memory, bytes_base64_size(pairs[i].plain.len));
        bytes_base64_put(&buffer, pairs[i].plain);
        assert_ok(bytes_buffer_end(&buffer, &got));
        assert_true(bytes_is(got, pairs[i].text));
        bytes_buffer_borrowed(&buffer, memory, pairs[i].plain.len); /* exactly */
        assert_ok(bytes_base64_get(&buffer, bytes_text(pairs[i].text)));
        assert_ok(bytes_buffer_end(&buffer, &got));
        assert_true(bytes_equal(got, pairs[i].plain));
        assert_ok(bytes_base64_into(out, pairs[i].plain.len, bytes_text(pairs[i].text)));
        assert_memory_equal(out, pairs[i].plain.at, pairs[i].plain.len);
    }
}

/* All 64 digits: every value at every place of a group, among the first eight and behind them, and every character that
 * is none. */
static void every_character_at_every_place(void **state) {
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (uint32_t place = 0; place < 12; place++) {
        for (uint32_t c = 0; c < 256; c++) {
            uint8_t text[12], out[9], expected[9] = {0};
            memset(text, 'A', sizeof text);
            memset(out, 9, sizeof out);
            text[place] = (uint8_t)c;
            const char *found = c == 0 ? NULL : strchr(digits, (int)c);
            sotto_status status = bytes_base64_into(out, 9, bytes_of(text, 12));
            if (!found) {
                assert_status(status, MALFORMED);
                assert_zero(out, 9);
                continue;
            }
            assert_ok(status);
            uint32_t word = (uint32_t)(found - digits) << (18 - place % 4 * 6);
            for (uint32_t i = 0; i < 3; i++) expected[place / 4 * 3 + i] = (uint8_t)(word >> (16 - 8 * i));
            assert_memory_equal(out, expected, 9);
        }
    }
}

/* Every value beside every other, written and read eight at a time and one at a time: nothing runs over from one to the
 * next. A blank anywhere has it read one at a time. */
static void neighbours_do_not_mix(void **state) {
    (void)state;
    for (uint32_t a = 0; a < 64; a++) {
        for (uint32_t b = 0; b < 64; b++) {
            uint8_t plain[9], memory[16], spaced[16], out[9];
            bytes_buffer text;
            sotto_bytes got;
            uint32_t word = a << 18 | b << 12 | a << 6 | b;
            for (uint32_t i = 0; i < 9; i++) plain[i] = (uint8_t)(word >> (16 - i % 3 * 8));
            bytes_buffer_borrowed(&text, memory, sizeof memory);
            bytes_base64_put(&text, bytes_of(plain, 9));
            assert_ok(bytes_buffer_end(&text, &got));
            assert_int_equal(got.len, 12);
            assert_memory_equal(got.at, got.at + 8, 4);
            assert_memory_equal(got.at, got.at + 4, 4);
            assert_ok(bytes_base64_into(out, 9, got));
            assert_memory_equal(out, plain, 9);
            uint32_t blank = (a + b) % 13;
            memcpy(spaced, got.at, blank);
            spaced[blank] = (uint8_t) " \t\r\n"[a % 4];
            memcpy(spaced + blank + 1, got.at + blank, 12 - blank);
            assert_ok(bytes_base64_into(out, 9, bytes_of(spaced, 13)));
            assert_memory_equal(out, plain, 9);
        }
    }
}

static void all_lengths_round_trip(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    for (size_t len = 0; len < 200; len++) {
        uint8_t plain[200];
        bytes_buffer text, back;
        sotto_bytes got;
        assert_ok(r.host.random(r.host.arg, plain, len));
        bytes_buffer_owned(&text, &r.host, 1000);
        bytes_buffer_owned(&back, &r.host, 1000);
        bytes_base64_put(&text, bytes_of(plain, len));
        assert_ok(bytes_buffer_end(&text, &got));
        assert_int_equal(got.len, bytes_base64_size(len));
        bytes_buffer_text(&back, "x");
        assert_ok(bytes_base64_get(&back, got));
        assert_ok(bytes_buffer_end(&back, &got));
        assert_true(bytes_equal(bytes_after(got, 1), bytes_of(plain, len)));
        bytes_buffer_free(&text);
        bytes_buffer_free(&back);
    }
    rig_end(&r);
}

static void blanks_are_skipped(void **state) {
    (void)state;
    uint8_t out[5];
    assert_ok(bytes_base64_into(out, 5, BYTES_LITERAL(" Zm9v\r\n\tYm E =  ")));
    assert_memory_equal(out, "fooba", 5);
    assert_ok(bytes_base64_into(out, 1, BYTES_LITERAL("Zg=\n=")));
    assert_ok(bytes_base64_into(out, 0, BYTES_LITERAL(" \n")));
}

static void texts_that_are_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "Z",        "Zg",   "Zg=",  "Zm9vY",        "Zm9vYg",    "Zm9vYg=",  /* not whole groups */
        "Zg===",    "=",    "==",   "====",         "Z===",      "Zm9v====", /* padding that is none */
        "Zg==Zg==", "Zm=v", "=Zm9", "Zm9vYg==Zm9v",                          /* padding in the middle */
        "Zh==",     "Zm9=", "Zv==", "Zm9vYmH=",                              /* bits behind the end */
        "Zm9-",     "Zm9_", "Zm9,", "Zm9\v",        "Zm\xc3\xa9"             /* other alphabets */
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint8_t memory[32];
        bytes_buffer buffer;
        sotto_bytes got;
        memset(memory, 0, sizeof memory);
        bytes_buffer_borrowed(&buffer, memory, sizeof memory);
        bytes_buffer_text(&buffer, "x");
        assert_status(bytes_base64_get(&buffer, bytes_text(texts[i])), MALFORMED);
        assert_ok(bytes_buffer_end(&buffer, &got)); /* a refused text does not break the buffer */
        assert_true(bytes_is(got, "x"));
        assert_zero(memory + 1, sizeof memory - 1);
    }
}

static void into_wants_the_exact_length(void **state) {
    (void)state;
    uint8_t out[4] = {1, 2, 3, 4};
    assert_status(bytes_base64_into(out, 4, BYTES_LITERAL("Zm9v")), MALFORMED);
    assert_zero(out, 4);
    memset(out, 1, 4);
    assert_status(bytes_base64_into(out, 2, BYTES_LITERAL("Zm9v")), MALFORMED);
    assert_zero(out, 2);
    assert_int_equal(out[2], 1);
}

static void no_room(void **state) {
    (void)state;
    rig r;
    uint8_t memory[3] = {0};
    bytes_buffer buffer;
    sotto_bytes got;
    rig_start(&r);
    bytes_buffer_borrowed(&buffer, memory, 3);
    assert_status(bytes_base64_get(&buffer, BYTES_LITERAL("Zm9vYg==")), NO_ROOM);
    bytes_buffer_borrowed(&buffer, memory, 3);
    bytes_base64_put(&buffer, BYTES_LITERAL("f"));
    assert_status(bytes_buffer_end(&buffer, &got), NO_ROOM);
    assert_status(bytes_base64_get(&buffer, BYTES_LITERAL("Zg==")), NO_ROOM); /* failed before */
    bytes_buffer_owned(&buffer, &r.host, 3);
    assert_status(bytes_base64_get(&buffer, BYTES_LITERAL("Zm9vYg==")), TOO_LARGE);
    bytes_buffer_reset(&buffer);
    r.fail_at = 1;
    assert_status(bytes_base64_get(&buffer, BYTES_LITERAL("Zg==")), NO_MEMORY);
    bytes_buffer_reset(&buffer);
    assert_status(bytes_hex_get(&buffer, BYTES_LITERAL("00")), NO_MEMORY);
    bytes_buffer_reset(&buffer);
    bytes_base64_put(&buffer, bytes_of(memory, SIZE_MAX));
    assert_status(bytes_buffer_end(&buffer, &got), TOO_LARGE);
    bytes_buffer_reset(&buffer);
    bytes_hex_put(&buffer, bytes_of(memory, SIZE_MAX));
    assert_status(bytes_buffer_end(&buffer, &got), TOO_LARGE);
    bytes_buffer_free(&buffer);
    rig_end(&r);
}

static void hex_both_ways(void **state) {
    (void)state;
    for (uint32_t byte = 0; byte < 256; byte++) {
        const uint8_t plain = (uint8_t)byte;
        char expected[3], upper[3];
        uint8_t memory[2];
        bytes_buffer buffer;
        sotto_bytes got;
        snprintf(expected, sizeof expected, "%02x", byte);
        snprintf(upper, sizeof upper, "%02X", byte);
        bytes_buffer_borrowed(&buffer, memory, 2);
        bytes_hex_put(&buffer, bytes_of(&plain, 1));
        assert_ok(bytes_buffer_end(&buffer, &got));
        assert_true(bytes_is(got, expected));
        bytes_buffer_borrowed(&buffer, memory, 2);
        assert_ok(bytes_hex_get(&buffer, bytes_text(expected)));
        assert_ok(bytes_hex_get(&buffer, bytes_text(upper)));
        assert_int_equal(memory[0], byte);
        assert_int_equal(memory[1], byte);
    }
}

static void hex_that_is_refused(void **state) {
    (void)state;
    uint8_t memory[4] = {0};
    bytes_buffer buffer;
    sotto_bytes got;
    bytes_buffer_borrowed(&buffer, memory, sizeof memory);
    assert_ok(bytes_hex_get(&buffer, BYTES_NONE));
    assert_status(bytes_hex_get(&buffer, BYTES_LITERAL("0")), MALFORMED);
    assert_status(bytes_hex_get(&buffer, BYTES_LITERAL("012")), MALFORMED);
    for (uint32_t c = 0; c < 256; c++) {
        bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (digit) continue;
        const uint8_t first[2] = {(uint8_t)c, '0'}, second[2] = {'0', (uint8_t)c};
        assert_status(bytes_hex_get(&buffer, bytes_of(first, 2)), MALFORMED);
        assert_status(bytes_hex_get(&buffer, bytes_of(second, 2)), MALFORMED);
    }
    assert_ok(bytes_buffer_end(&buffer, &got));
    assert_int_equal(got.len, 0);
    assert_zero(memory, sizeof memory);
}

int base64_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pairs_both_ways),
        cmocka_unit_test(every_character_at_every_place),
        cmocka_unit_test(neighbours_do_not_mix),
        cmocka_unit_test(all_lengths_round_trip),
        cmocka_unit_test(blanks_are_skipped),
        cmocka_unit_test(texts_that_are_refused),
        cmocka_unit_test(into_wants_the_exact_length),
        cmocka_unit_test(no_room),
        cmocka_unit_test(hex_both_ways),
        cmocka_unit_test(hex_that_is_refused),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
