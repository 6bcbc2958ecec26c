/* SPDX-License-Identifier: ISC
 *
 * What people type becomes the same bytes on both sides, or is refused. */
#include "stanza/password.h"

#include "rig.h"

#define ROOM 64u

typedef struct password_case {
    const char *typed, *prepared;
} password_case;

static const password_case accepted_cases[] = {
    {"wherefore", "wherefore"},
    {"  two words\t\r\n", "two words"},
    {"Case Counts", "Case Counts"},
    {"~!\"'&<>", "~!\"'&<>"},
    /* RFC 4013 section 3 */
    {"I\xc2\xadX", "IX"},
    {"user", "user"},
    {"USER", "USER"},
    {"\xc2\xaa", "a"},
    {"\xe2\x85\xa8", "IX"},
    /* u and its diaeresis as one or two; a no-break space, also at the ends; something newer than the tables */
    {"T\xc3\xbcren", "T\xc3\xbcren"},
    {"Tu\xcc\x88ren", "T\xc3\xbcren"},
    {"\xc2\xa0K\xc3\xa4se\xc2\xa0um\xc2\xa0", "K\xc3\xa4se um"},
    {"\xf0\x9f\xa7\x80", "\xf0\x9f\xa7\x80"},
};

static const char *const refused_cases[] = {
    "",
    " ",
    "\t\n",
    "a\tb",
    "a\x7f"
    "b",
    "\xc2\xad",
    "\xc2\xa0",
    "\xff",
    "a\xc3",
    "\xc3\xbc\x07",
    "\xee\x80\x80",
    "\xd8\xa7"
    "1", /* RFC 4013 section 3: bidirectional */
};

static sotto_status prepare(const char *typed, uint8_t room[ROOM], sotto_bytes *ret) {
    bytes_buffer out;
    bytes_buffer_borrowed(&out, room, ROOM);
    sotto_status status = stanza_password_prepare(&out, bytes_text(typed));
    return sotto_ok(status) ? bytes_buffer_end(&out, ret) : status;
}

static void accepted(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof accepted_cases / sizeof accepted_cases[0]; i++) {
        uint8_t room[ROOM], again[ROOM];
        sotto_bytes prepared, twice;
        assert_fine(prepare(accepted_cases[i].typed, room, &prepared));
        assert_bytes(prepared, accepted_cases[i].prepared);
        assert_fine(prepare(accepted_cases[i].prepared, again, &twice));
        assert_bytes(twice, accepted_cases[i].prepared);
    }
}

static void refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused_cases / sizeof refused_cases[0]; i++) {
        uint8_t room[ROOM];
        sotto_bytes prepared;
        assert_status(prepare(refused_cases[i], room, &prepared), MALFORMED);
    }
}

static void too_long(void **state) {
    (void)state;
    static uint8_t text[2048], room[ROOM];
    bytes_buffer out;
    memset(text, 'x', sizeof text);
    bytes_buffer_borrowed(&out, room, ROOM);
    assert_status(stanza_password_prepare(&out, bytes_of(text, ROOM + 1)), NO_ROOM);
    text[0] = 0xc3;
    text[1] = 0xbc;
    bytes_buffer_borrowed(&out, room, ROOM);
    assert_status(stanza_password_prepare(&out, bytes_of(text, ROOM + 1)), NO_ROOM);
    assert_status(stanza_password_prepare(&out, bytes_of(text, sizeof text)), NO_ROOM);
}

const struct CMUnitTest password_tests[] = {cmocka_unit_test(accepted), cmocka_unit_test(refused),
                                            cmocka_unit_test(too_long)};
RIG_GROUP(password_tests);
