/* SPDX-License-Identifier: ISC
 *
 * Names, sentences and classes of the statuses. */
#include <ctype.h>

#include "groups.h"
#include "rig.h"

#define ROW(constant, number, name, sentence) {number, name},
static const struct {
    int code;
    const char *name;
} rows[] = {SOTTO_STATUS_TABLE(ROW)};
#define ROWS (sizeof rows / sizeof *rows)

static void some_rows(void **state) {
    (void)state;
    assert_string_equal(sotto_status_name(SOTTO_OK), "ok");
    assert_string_equal(sotto_status_name(SOTTO_FAIL(BAD_MAC)), "bad-mac");
    assert_string_equal(sotto_status_text(SOTTO_FAIL(BAD_MAC)), "a message that fails authentication");
    assert_string_equal(sotto_status_name((sotto_status){999}), "unknown");
    assert_non_null(sotto_status_text((sotto_status){-1}));
}

static void every_row_has_its_name_and_a_sentence(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        sotto_status status = {rows[i].code};
        assert_string_equal(sotto_status_name(status), rows[i].name);
        assert_true(strlen(sotto_status_text(status)) > strlen(rows[i].name) / 2);
        assert_string_not_equal(sotto_status_text(status), sotto_status_text((sotto_status){999}));
        for (const char *c = rows[i].name; *c; c++) assert_true(islower((unsigned char)*c) || *c == '-');
        for (size_t j = 0; j < i; j++) assert_string_not_equal(rows[i].name, rows[j].name);
    }
}

static void classes(void **state) {
    (void)state;
    assert_int_equal(sotto_class(SOTTO_OK), SOTTO_CLASS_OK);
    assert_int_equal(sotto_class(SOTTO_FAIL(CLOSED)), SOTTO_CLASS_PEER);
    assert_int_equal(sotto_class(SOTTO_FAIL(NO_MEMORY)), SOTTO_CLASS_OURS);
    assert_int_equal(sotto_class(SOTTO_FAIL(TIMEOUT)), SOTTO_CLASS_LATER);
    assert_int_equal(sotto_class(SOTTO_FAIL(CANCELLED)), SOTTO_CLASS_REFUSED);
    assert_int_equal(sotto_class(SOTTO_FAIL(USAGE)), SOTTO_CLASS_MISUSE);
    for (size_t i = 0; i < ROWS; i++) {
        sotto_status_class class = sotto_class((sotto_status){rows[i].code});
        assert_in_range(class, SOTTO_CLASS_PEER, SOTTO_CLASS_MISUSE);
    }
}

int status_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_rows),
        cmocka_unit_test(every_row_has_its_name_and_a_sentence),
        cmocka_unit_test(classes),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
