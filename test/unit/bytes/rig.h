/* SPDX-License-Identifier: ISC
 *
 * A host for tests: counts what is lent, sees whether memory comes back wiped, fails on demand, and gives the same
 * "random" bytes every time. */
#ifndef TEST_RIG_H
#define TEST_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <sotto/types.h>

typedef struct rig {
    sotto_host host;
    size_t lent;           /* bytes */
    size_t allocations;    /* so far */
    size_t fail_at;        /* this allocation fails (counted from 1), and all after it; 0: none */
    size_t dirty;          /* pieces that came back with something in them */
    size_t random_calls;   /* so far */
    size_t random_fail_at; /* as fail_at */
    uint64_t random_state;
} rig;

static inline void *rig_resize(void *arg, void *at, size_t old_size, size_t new_size) {
    rig *r = arg;
    const uint8_t *bytes = at;
    for (size_t i = 0; i < old_size; i++) {
        if (bytes[i] == 0) continue;
        r->dirty++;
        break;
    }
    if (new_size > 0) {
        r->allocations++;
        if (r->fail_at > 0 && r->allocations >= r->fail_at) return NULL;
    }
    r->lent = r->lent - old_size + new_size;
    if (new_size > 0) {
        uint8_t *moved = realloc(at, new_size);
        assert_non_null(moved);
        if (!at) memset(moved, 0xa5, new_size); /* nobody may count on zeros */
        return moved;
    }
    free(at);
    return NULL;
}

/* xorshift64* */
static inline uint64_t rig_next(rig *r) {
    r->random_state ^= r->random_state >> 12;
    r->random_state ^= r->random_state << 25;
    r->random_state ^= r->random_state >> 27;
    return r->random_state * UINT64_C(2685821657736338717);
}

static inline sotto_status rig_random(void *arg, void *out, size_t len) {
    rig *r = arg;
    uint8_t *at = out;
    r->random_calls++;
    bool fails = r->random_fail_at > 0 && r->random_calls >= r->random_fail_at;
    if (fails) len /= 2; /* a half filled buffer is the worst failure */
    for (size_t i = 0; i < len; i++) at[i] = (uint8_t)(rig_next(r) >> 56);
    return fails ? SOTTO_FAIL(SYSTEM) : SOTTO_OK;
}

static inline void rig_start(rig *r) {
    memset(r, 0, sizeof *r);
    r->host = (sotto_host){.arg = r, .resize = rig_resize, .random = rig_random};
    r->random_state = 88172645463325252u;
}

/* Everything is back, and wiped. */
static inline void rig_end(const rig *r) {
    assert_int_equal(r->lent, 0);
    assert_int_equal(r->dirty, 0);
}

#define assert_status(expression, constant)                                                                            \
    assert_string_equal(sotto_status_name(expression), sotto_status_name(SOTTO_FAIL(constant)))
#define assert_ok(expression) assert_string_equal(sotto_status_name(expression), "ok")
#define assert_zero(at, size) assert_true(rig_is_zero(at, size))

static inline bool rig_is_zero(const void *at, size_t size) {
    const uint8_t *bytes = at;
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) any |= bytes[i];
    return any == 0;
}

#endif
