/* SPDX-License-Identifier: ISC
 *
 * What every fuzz target stands on: a host that notices memory that is lost or comes back unwiped, inputs as exact
 * pieces of the heap (so that reading one byte too far is seen), and choices made by the bytes of the input. What runs
 * over many bytes is in rig.c, whose loops no coverage is counted of. */
#ifndef FUZZ_RIG_H
#define FUZZ_RIG_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sotto/limits.h>

#include "bytes/arena.h"
#include "bytes/buffer.h"
#include "bytes/span.h"

/* The one function of a target. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input whatever; if not, the process ends, and the input is a finding. */
#define MUST(expression)                                                                                               \
    do {                                                                                                               \
        if (!(expression)) fuzz_broken(__FILE__, __LINE__, #expression);                                               \
    } while (0)
#define MUST_OK(expression) fuzz_must_ok((expression), __FILE__, __LINE__, #expression)

_Noreturn void fuzz_broken(const char *file, int line, const char *what);

static inline void fuzz_must_ok(sotto_status status, const char *file, int line, const char *what) {
    if (sotto_ok(status)) return;
    (void)fprintf(stderr, "%s: ", sotto_status_name(status));
    fuzz_broken(file, line, what);
}

/* ---- the host ---- */

typedef struct fuzz_host {
    sotto_host host;
    size_t lent;
    size_t calls;
    size_t fail_at; /* this allocation and all after it fail; 0: none */
    uint64_t random_state;
} fuzz_host;

void *fuzz_resize(void *arg, void *at, size_t old_size, size_t new_size);
/* The same every time. */
sotto_status fuzz_random(void *arg, void *out, size_t len);

static inline void fuzz_host_start(fuzz_host *host) {
    *host = (fuzz_host){.host = {.arg = host, .resize = fuzz_resize, .random = fuzz_random},
                        .random_state = UINT64_C(88172645463325252)};
}

static inline void fuzz_host_end(const fuzz_host *host) {
    MUST(host->lent == 0);
}

/* ---- the input ---- */

/* A copy that ends where its memory ends; freed by fuzz_exact_free. */
static inline sotto_bytes fuzz_exact(sotto_bytes bytes) {
    uint8_t *copy = malloc(bytes.len > 0 ? bytes.len : 1);
    MUST(copy != NULL);
    if (bytes.len > 0) memcpy(copy, bytes.at, bytes.len);
    return bytes_of(copy, bytes.len);
}

static inline void fuzz_exact_free(sotto_bytes bytes) {
    free((void *)(uintptr_t)bytes.at);
}

/* Choices: taken from the front; zeros when nothing is left. */
static inline uint8_t fuzz_u8(sotto_bytes *in) {
    if (in->len == 0) return 0;
    uint8_t byte = in->at[0];
    *in = bytes_after(*in, 1);
    return byte;
}

static inline uint32_t fuzz_u32(sotto_bytes *in) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) value = value << 8 | fuzz_u8(in);
    return value;
}

static inline size_t fuzz_below(sotto_bytes *in, size_t bound) {
    return fuzz_u8(in) % bound;
}

static inline bool fuzz_flip(sotto_bytes *in) {
    return (fuzz_u8(in) & 1) != 0;
}

/* Up to `most` bytes behind a length of one byte. */
static inline sotto_bytes fuzz_piece(sotto_bytes *in, size_t most) {
    size_t len = fuzz_u8(in);
    if (len > most) len = most;
    if (len > in->len) len = in->len;
    sotto_bytes piece = bytes_of(in->at, len);
    *in = bytes_after(*in, len);
    return piece;
}

/* The rest up to a newline, which is eaten: inputs that people can read and write. */
static inline sotto_bytes fuzz_line(sotto_bytes *in) {
    const uint8_t *end = in->len > 0 ? memchr(in->at, '\n', in->len) : NULL;
    size_t len = end ? (size_t)(end - in->at) : in->len;
    sotto_bytes line = bytes_of(in->at, len);
    *in = bytes_after(*in, len + (end ? 1 : 0));
    return line;
}

/* Reads every byte, so that a sanitizer sees spans that point nowhere. A hash of them. */
uint64_t fuzz_touch(sotto_bytes);

/* A span lies inside another. */
static inline bool fuzz_inside(sotto_bytes part, sotto_bytes whole) {
    if (part.len == 0) return true;
    uintptr_t at = (uintptr_t)part.at, from = (uintptr_t)whole.at;
    return at >= from && at + part.len <= from + whole.len;
}

#endif
