/* SPDX-License-Identifier: ISC
 *
 * What the tests of src/stanza share: a host that counts and can fail, an arena over it, trees written out as text. */
#ifndef TEST_STANZA_RIG_H
#define TEST_STANZA_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bytes/buffer.h"
#include "stanza/element.h"

typedef struct rig {
    sotto_host host;
    size_t taken;   /* bytes out now */
    size_t calls;   /* allocations so far */
    size_t fail_at; /* the number of the allocation that fails; 0: none */
    bool failed;    /* it did */
    bytes_arena arena;
    bytes_buffer out;
    bytes_buffer notes;
} rig;

int rig_setup(void **state);
int rig_teardown(void **state); /* fails when memory of the host is still out */

/* expat's allocations (malloc in src/stanza): the n-th from now on fails; 0: none. */
void rig_fail_malloc(size_t n);
bool rig_malloc_failed(void);
/* Blocks out now; only differences mean something. */
size_t rig_malloc_live(void);
/* Whether anything freed between the two had bytes behind the size of expat's blocks that were not wiped. */
void rig_watch_free(void);
bool rig_free_was_dirty(void);

#define assert_status(expression, constant) assert_int_equal((expression).code, SOTTO_E_##constant)
#define assert_fine(expression)             assert_int_equal((expression).code, 0)
#define assert_bytes(bytes, text)           rig_assert_bytes(bytes, bytes_text(text), __FILE__, __LINE__)
void rig_assert_bytes(sotto_bytes got, sotto_bytes wanted, const char *file, int line);

/* A tree that must be there. */
const stanza_element *rig_parse(rig *, const char *text);
/* The status that parsing gives; the arena must be back where it was on errors. */
sotto_status rig_parse_status(rig *, sotto_bytes text);
/* Everything a tree says, one line a thing; with `whole` also its raw bytes and marks. Valid until the next call. */
sotto_bytes rig_dump(rig *, const stanza_element *, bool whole);
void rig_dump_to(bytes_buffer *, const stanza_element *, unsigned depth, bool whole);
/* `count` times `text`, then what follows; in the arena of the rig. */
sotto_bytes rig_many(rig *, const char *before, size_t count, const char *text, const char *behind);

extern const struct CMUnitTest parse_tests[], hostile_tests[], reader_tests[], writer_tests[], jid_tests[],
    password_tests[], memory_tests[];
extern const size_t parse_tests_count, hostile_tests_count, reader_tests_count, writer_tests_count, jid_tests_count,
    password_tests_count, memory_tests_count;

#define RIG_TEST(function) cmocka_unit_test_setup_teardown(function, rig_setup, rig_teardown)
#define RIG_GROUP(name)    const size_t name##_count = sizeof name / sizeof name[0]

#endif
