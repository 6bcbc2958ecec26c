/* SPDX-License-Identifier: ISC
 *
 * Running an operation with every n-th allocation, and every n-th draw of randomness, failing. */
#ifndef TEST_STARVED_STARVE_H
#define TEST_STARVED_STARVE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bytes/buffer.h"
#include "bytes/span.h"
#include "supply.h"

#define assert_ok(expression) assert_string_equal(sotto_status_name(expression), "ok")
#define assert_status(expression, constant)                                                                            \
    assert_string_equal(sotto_status_name(expression), sotto_status_name(SOTTO_FAIL(constant)))

/* The operation. On failure it must have left everything as it was. */
typedef sotto_status starved_call(void *arg);

/* A conversation is played through once without shortage, then starved. An operation that survives a failure is done,
 * and cannot be tried again: the conversation is played once more, and that failure left out. What is repeated because
 * of a failure (a question, say) is not starved again, or there would be no end: operations of one `shape` are starved
 * once. */
#define STARVED_SHAPES_MAX   512
#define STARVED_SURVIVED_MAX 128
typedef struct starved {
    bool plain; /* nothing fails */
    uint64_t shapes[STARVED_SHAPES_MAX];
    size_t shape_count; /* so far in this run */
    size_t failures;
    struct {
        uint64_t shape;
        supply_fault fault;
    } survived[STARVED_SURVIVED_MAX];
    size_t survived_count;
    bool again; /* one more was survived in this run */
} starved;

/* Tried where it stands, with n = 1, 2, 3..., until it goes through without a failure; `unchanged` (may be NULL) looks
 * after each failure. Returns what the last run said, which counts. */
typedef void starved_look(void *arg);
sotto_status starve(starved *, uint64_t shape, const char *what, starved_call *call, starved_look *unchanged,
                    void *arg);

/* Whether the n-th fails alone and with all later ones, or (where a run takes long) alone. */
typedef enum starved_modes { STARVED_BOTH, STARVED_ALONE } starved_modes;

/* Prepared anew for each n. `call` is the operation. `after` sees what came of it: with status OK it appends the result
 * to `out`, else it tries again, without shortage, and does the same; so all results must be equal. Memory must be back
 * after each. */
typedef struct starved_script {
    const char *what;
    void (*prepare)(void *arg);
    starved_call *call;
    void (*after)(void *arg, sotto_status, bytes_buffer *out);
    int hides; /* what OpenSSL may say instead when one of its allocations fails alone, and no trace of it is left */
    starved_modes modes;
} starved_script;
typedef struct starved_anew {
    size_t failures;
    size_t hidden;                   /* of these */
    size_t survived[SUPPLY_SOURCES]; /* by whose shortage it was */
} starved_anew;
starved_anew starve_anew(const starved_script *, void *arg);

/* A failure is NO_MEMORY or NO_RANDOM; where OpenSSL is at fault also CRYPTO_FAILED. */
void starve_check(const char *what, sotto_status, supply_fault);
const char *starve_text(supply_fault);

/* Nothing is lent, nothing came back unwiped. */
int starve_setup(void **state);
int starve_teardown(void **state);

#define STARVED(test) cmocka_unit_test_setup_teardown(test, starve_setup, starve_teardown)

int bytes_group(void);
int stanza_group(void);
int store_group(void);
int crypto_group(void);
int tls_group(void);
int stream_group(void);
int engine_group(void);
int talk_group(void);
int everybody_group(void);

#endif
