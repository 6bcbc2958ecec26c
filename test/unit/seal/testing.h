/* SPDX-License-Identifier: ISC
 *
 * cmocka with what it needs before it, and two assertions that say more than "not equal". */
#ifndef TEST_TESTING_H
#define TEST_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sotto/status.h>

#include "bytes/span.h"

/* The status is exactly this code (0: success). */
static inline void assert_code_at(sotto_status status, int code, const char *file, int line) {
    if (status.code == code) return;
    print_error("%s:%d: %s instead of %s\n", file, line, sotto_status_name(status),
                sotto_status_name((sotto_status){code}));
    _fail(file, line);
}
#define assert_code(status, code) assert_code_at(status, code, __FILE__, __LINE__)

static inline void assert_text_at(sotto_bytes text, const char *wanted, const char *file, int line) {
    if (bytes_is(text, wanted)) return;
    print_error("%s:%d: '%.*s' instead of '%s'\n", file, line, (int)text.len, text.len ? (const char *)text.at : "",
                wanted);
    _fail(file, line);
}
#define assert_text(text, wanted) assert_text_at(text, wanted, __FILE__, __LINE__)

#endif
