/* SPDX-License-Identifier: ISC
 *
 * Golden texts: what a table prints must be what a text in test/policy says. A change of one is a change of the other,
 * and can be read. */
#ifndef TEST_TRUST_GOLDEN_H
#define TEST_TRUST_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct golden {
    char text[32768];
    size_t len;
} golden;

static inline void golden_add(golden *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void golden_add(golden *g, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int len = vsnprintf(g->text + g->len, sizeof g->text - g->len, format, args);
    va_end(args);
    assert_true(len >= 0 && (size_t)len < sizeof g->text - g->len);
    g->len += (size_t)len;
}

/* The part of the file that begins with the line which the table begins with, up to the next empty line. */
static inline void golden_compare(const golden *g, const char *file) {
    char path[512], line[64];
    static char all[65536];
    snprintf(path, sizeof path, "%s/%s", POLICY_FOLDER, file);
    snprintf(line, sizeof line, "\n\n%.*s", (int)strcspn(g->text, "\n"), g->text);
    line[sizeof line - 1] = 0;
    FILE *in = fopen(path, "r");
    if (in == NULL) fail_msg("no %s; the table says:\n%s", path, g->text);
    all[fread(all, 1, sizeof all - 1, in)] = 0;
    fclose(in);
    char *table = strstr(all, line);
    if (table == NULL) fail_msg("%s has no such table as\n%s", path, g->text);
    char *end = strstr(table + 2, "\n\n");
    if (end != NULL) end[1] = 0;
    assert_string_equal(g->text, table + 2);
}

#endif
