/* SPDX-License-Identifier: ISC
 *
 * Vectors are written in hex, as their sources have them. */
#ifndef TEST_CRYPTO_VECTORS_H
#define TEST_CRYPTO_VECTORS_H

#include "../bytes/rig.h"
#include "bytes/base64.h"
#include "bytes/span.h"

#define VECTOR_BYTES_MAX 256

typedef struct vector {
    uint8_t at[VECTOR_BYTES_MAX];
    size_t len;
} vector;

static inline vector unhex(const char *text) {
    vector v = {.len = 0};
    bytes_buffer buffer;
    sotto_bytes got = BYTES_NONE;
    bytes_buffer_borrowed(&buffer, v.at, sizeof v.at);
    assert_ok(bytes_hex_get(&buffer, bytes_text(text)));
    assert_ok(bytes_buffer_end(&buffer, &got));
    v.len = got.len;
    return v;
}

static inline sotto_bytes span(const vector *v) {
    return bytes_of(v->at, v->len);
}

/* Into a field of exactly `size` bytes. */
static inline void unhex_into(void *out, size_t size, const char *text) {
    vector v = unhex(text);
    assert_int_equal(v.len, size);
    memcpy(out, v.at, size);
}

static inline void assert_hex(const void *at, size_t size, const char *text) {
    vector v = unhex(text);
    assert_int_equal(v.len, size);
    assert_memory_equal(at, v.at, size);
}

/* Makes libcrypto's memory fail on demand; before libcrypto is used at all. */
bool failure_install(void);

/* The groups of tests of this program, one a file. Each returns the number of failures. */
int cipher_group(void);
int convert_group(void);
int cpace_group(void);
int ed25519_group(void);
int failure_group(void);
int field_group(void);
int hash_group(void);
int x25519_group(void);
int xeddsa_group(void);

#endif
