/* SPDX-License-Identifier: ISC
 *
 * Marking, and the places where a secret stops being one. Each is a function that the linker sends here (--wrap), so
 * the code that is checked is the code that is shipped, and nothing else is let through:
 *
 *     crypto_scalarmult_curve25519_base      a public key comes out; that it worked
 *     crypto_scalarmult_ed25519_base_noclamp a public key or the R of a signature comes out; that it worked
 *     crypto_scalarmult_curve25519           that it worked: the peer's key was of small order or not (T25)
 *     crypto_scalarmult_ristretto255         that it worked: the peer's share was an element of the group or not
 *     crypto_sign_ed25519_seed_keypair       a public key comes out
 *     crypto_sign_ed25519_detached           a signature comes out
 *     crypto_aead_xchacha20poly1305_ietf_decrypt  the verdict over its tag
 *     crypto_equal                           the verdict over a MAC, never where two differ
 *     crypto_padding_of                      after the MAC: how long the message is
 *     bytes_base64_count_in                  how many characters are digits, padding and blanks
 *     bytes_base64_good                      whether all digits were some, never which was not
 *
 * What the libraries themselves branch on inside is in known.supp. */
#include "secrets.h"

#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>

#include "bytes/base64_form.h"

void secret(const void *at, size_t len) {
    VALGRIND_MAKE_MEM_UNDEFINED(at, len);
}

void declassify(const void *at, size_t len) {
    VALGRIND_MAKE_MEM_DEFINED(at, len);
}

void declassify_bytes(sotto_bytes bytes) {
    declassify(bytes.at, bytes.len);
}

void must_be_public(const void *at, size_t len) {
    (void)VALGRIND_CHECK_MEM_IS_DEFINED(at, len);
}

bool secrets_watched(void) {
    return RUNNING_ON_VALGRIND != 0;
}

unsigned secrets_reports(void) {
    return (unsigned)VALGRIND_COUNT_ERRORS;
}

void secret_make(void *at, size_t len) {
    static uint32_t state = 1;
    uint8_t *bytes = at;
    for (size_t i = 0; i < len; i++) {
        state = state * 1664525u + 1013904223u; /* nothing here has to be unpredictable */
        bytes[i] = (uint8_t)(state >> 24);
    }
    secret(at, len);
}

/* ---- the host ---- */

#define PIECES 256

static struct piece {
    uint8_t *at;
    size_t len;
} pieces[PIECES];

static void *host_resize(void *arg, void *at, size_t old_size, size_t new_size) {
    (void)arg;
    (void)old_size;
    size_t i = 0;
    while (i < PIECES && pieces[i].at != at) i++;
    if (i == PIECES) abort(); /* more at once than a case needs */
    if (new_size == 0) {
        free(at);
        pieces[i] = (struct piece){NULL, 0};
        return NULL;
    }
    void *moved = realloc(at, new_size);
    if (moved) pieces[i] = (struct piece){moved, new_size};
    return moved;
}

static sotto_status host_random(void *arg, void *out, size_t len) {
    (void)arg;
    secret_make(out, len);
    return SOTTO_OK;
}

const sotto_host secret_host = {.arg = NULL, .resize = host_resize, .random = host_random};

/* What malloc gave is not all written yet; looking at that would be reported. */
static bool is_written(const uint8_t *at, size_t len) {
    uint8_t bits[64], any = 0;
    if (len > sizeof bits || VALGRIND_GET_VBITS(at, bits, len) != 1) return false;
    for (size_t i = 0; i < len; i++) any |= bits[i];
    return any == 0;
}

unsigned secret_find(sotto_bytes text) {
    unsigned found = 0;
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t at = 0; pieces[i].at && at + text.len <= pieces[i].len; at++) {
            if (!is_written(pieces[i].at + at, text.len)) continue;
            if (memcmp(pieces[i].at + at, text.at, text.len) != 0) continue;
            secret(pieces[i].at + at, text.len);
            found++;
        }
    }
    return found;
}

/* ---- the places ---- */

static int verdict(int result) {
    declassify(&result, sizeof result);
    return result;
}

/* The names are the linker's. */
int __real_crypto_scalarmult_curve25519_base(uint8_t *q, const uint8_t *n);
int __wrap_crypto_scalarmult_curve25519_base(uint8_t *q, const uint8_t *n);
int __real_crypto_scalarmult_ed25519_base_noclamp(uint8_t *q, const uint8_t *n);
int __wrap_crypto_scalarmult_ed25519_base_noclamp(uint8_t *q, const uint8_t *n);
int __real_crypto_scalarmult_curve25519(uint8_t *q, const uint8_t *n, const uint8_t *p);
int __wrap_crypto_scalarmult_curve25519(uint8_t *q, const uint8_t *n, const uint8_t *p);
int __real_crypto_scalarmult_ristretto255(uint8_t *q, const uint8_t *n, const uint8_t *p);
int __wrap_crypto_scalarmult_ristretto255(uint8_t *q, const uint8_t *n, const uint8_t *p);
int __real_crypto_sign_ed25519_seed_keypair(uint8_t *pk, uint8_t *sk, const uint8_t *seed);
int __wrap_crypto_sign_ed25519_seed_keypair(uint8_t *pk, uint8_t *sk, const uint8_t *seed);
int __real_crypto_sign_ed25519_detached(uint8_t *sig, unsigned long long *siglen, const uint8_t *m,
                                        unsigned long long mlen, const uint8_t *sk);
int __wrap_crypto_sign_ed25519_detached(uint8_t *sig, unsigned long long *siglen, const uint8_t *m,
                                        unsigned long long mlen, const uint8_t *sk);
int __real_crypto_aead_xchacha20poly1305_ietf_decrypt(uint8_t *m, unsigned long long *mlen, uint8_t *nsec,
                                                      const uint8_t *c, unsigned long long clen, const uint8_t *ad,
                                                      unsigned long long adlen, const uint8_t *npub, const uint8_t *k);
int __wrap_crypto_aead_xchacha20poly1305_ietf_decrypt(uint8_t *m, unsigned long long *mlen, uint8_t *nsec,
                                                      const uint8_t *c, unsigned long long clen, const uint8_t *ad,
                                                      unsigned long long adlen, const uint8_t *npub, const uint8_t *k);
bool __real_crypto_equal(const void *a, const void *b, size_t len);
bool __wrap_crypto_equal(const void *a, const void *b, size_t len);
uint32_t __real_crypto_padding_of(const uint8_t *last);
uint32_t __wrap_crypto_padding_of(const uint8_t *last);
void __real_bytes_base64_count_in(bytes_base64_count *ret, sotto_bytes text);
void __wrap_bytes_base64_count_in(bytes_base64_count *ret, sotto_bytes text);
bool __real_bytes_base64_good(uint32_t wrong);
bool __wrap_bytes_base64_good(uint32_t wrong);

int __wrap_crypto_scalarmult_curve25519_base(uint8_t *q, const uint8_t *n) {
    int result = __real_crypto_scalarmult_curve25519_base(q, n);
    declassify(q, 32);
    return verdict(result);
}

int __wrap_crypto_scalarmult_ed25519_base_noclamp(uint8_t *q, const uint8_t *n) {
    int result = __real_crypto_scalarmult_ed25519_base_noclamp(q, n);
    declassify(q, 32);
    return verdict(result);
}

int __wrap_crypto_scalarmult_curve25519(uint8_t *q, const uint8_t *n, const uint8_t *p) {
    return verdict(__real_crypto_scalarmult_curve25519(q, n, p));
}

/* Twice, because libsodium branches on whether the point decodes, and so on a secret where the point is one (CPace's
 * generator): known.supp lets that through for the second call alone, told by its name; the first one, in which only
 * the scalar is secret, may branch on nothing. */
static __attribute__((noinline)) void ristretto255_scalar_alone(const uint8_t *n, const uint8_t *p) {
    uint8_t point[32], product[32];
    memcpy(point, p, sizeof point);
    declassify(point, sizeof point);
    (void)verdict(__real_crypto_scalarmult_ristretto255(product, n, point));
}

static __attribute__((noinline)) int ristretto255_both(uint8_t *q, const uint8_t *n, const uint8_t *p) {
    return verdict(__real_crypto_scalarmult_ristretto255(q, n, p));
}

int __wrap_crypto_scalarmult_ristretto255(uint8_t *q, const uint8_t *n, const uint8_t *p) {
    ristretto255_scalar_alone(n, p);
    return ristretto255_both(q, n, p);
}

int __wrap_crypto_sign_ed25519_seed_keypair(uint8_t *pk, uint8_t *sk, const uint8_t *seed) {
    int result = __real_crypto_sign_ed25519_seed_keypair(pk, sk, seed);
    declassify(pk, 32);
    declassify(sk + 32, 32); /* the public key once more */
    return result;
}

int __wrap_crypto_sign_ed25519_detached(uint8_t *sig, unsigned long long *siglen, const uint8_t *m,
                                        unsigned long long mlen, const uint8_t *sk) {
    int result = __real_crypto_sign_ed25519_detached(sig, siglen, m, mlen, sk);
    declassify(sig, 64);
    return result;
}

int __wrap_crypto_aead_xchacha20poly1305_ietf_decrypt(uint8_t *m, unsigned long long *mlen, uint8_t *nsec,
                                                      const uint8_t *c, unsigned long long clen, const uint8_t *ad,
                                                      unsigned long long adlen, const uint8_t *npub, const uint8_t *k) {
    return verdict(__real_crypto_aead_xchacha20poly1305_ietf_decrypt(m, mlen, nsec, c, clen, ad, adlen, npub, k));
}

bool __wrap_crypto_equal(const void *a, const void *b, size_t len) {
    bool result = __real_crypto_equal(a, b, len);
    declassify(&result, sizeof result);
    return result;
}

uint32_t __wrap_crypto_padding_of(const uint8_t *last) {
    uint32_t result = __real_crypto_padding_of(last);
    declassify(&result, sizeof result);
    return result;
}

void __wrap_bytes_base64_count_in(bytes_base64_count *ret, sotto_bytes text) {
    __real_bytes_base64_count_in(ret, text);
    declassify(ret, sizeof *ret);
}

bool __wrap_bytes_base64_good(uint32_t wrong) {
    bool result = __real_bytes_base64_good(wrong);
    declassify(&result, sizeof result);
    return result;
}
