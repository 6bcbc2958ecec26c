/* SPDX-License-Identifier: ISC
 *
 * Certificates of exactly so many bytes, and of one more. */
#include <openssl/ssl.h>
#include <stdlib.h>

#include <sotto/limits.h>

#include "groups.h"
#include "pair.h"

/* In TLS 1.3 around a single certificate: the length of the context, of the list, of the certificate, and of no
 * extensions (RFC 8446 section 4.4.2). */
#define AROUND (1 + 3 + 3 + 2)

/* A certificate of so many bytes, most of them a name that is too long to count. An RSA key: its signature has one
 * size. */
static test_certificate certificate_of(int size) {
    static char name[SOTTO_CERTIFICATE_BYTES_MAX];
    size_t len = (size_t)size - 1500;
    memset(name, 'x', sizeof name);
    for (int tries = 0; tries < 8; tries++) {
        const test_wish wish = {.raw_dns = name, .raw_dns_len = len, .key = TEST_KEY_RSA_2048};
        test_certificate made = test_certificate_make(&wish);
        int got = i2d_X509(made.x509, NULL);
        if (got == size) return made;
        len = (size_t)((int)len + size - got);
        test_certificate_free(&made);
    }
    fail_msg("no certificate of %d bytes", size);
    return (test_certificate){NULL, NULL};
}

/* The context's own configuration has the same limit; what a hostile server shows is put behind its back. */
static void shown(pair *p, int size) {
    const test_wish usual = {.names = "DNS:im.example", .key = TEST_KEY_RSA_2048}; /* the place of the large one */
    test_certificate small = test_certificate_make(&usual), large = certificate_of(size);
    const test_certificate *chain[] = {&small};
    pair_contexts(p, &small, chain, 1);
    SSL_CTX *ssl = p->server_context->ssl;
    assert_int_equal(SSL_CTX_use_certificate(ssl, large.x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ssl, large.key), 1);
    pair_engines(p, "im.example", NULL);
    pair_pump(p, 0);
    test_certificate_free(&small);
    test_certificate_free(&large);
}

/* limit: SOTTO_CERTIFICATE_BYTES_MAX */
static void test_certificate_bytes(void **state) {
    (void)state;
    pair p;
    shown(&p, (int)SOTTO_CERTIFICATE_BYTES_MAX - AROUND);
    assert_true(tls_engine_state(p.client) & TLS_WANTS_VERDICT);
    tls_engine_verdict(p.client, true);
    pair_pump(&p, 0);
    assert_int_equal(tls_engine_plain_in(p.client, (sotto_bytes){(const uint8_t *)"x", 1}), 1);
    pair_free(&p);
    shown(&p, (int)SOTTO_CERTIFICATE_BYTES_MAX - AROUND + 1);
    assert_true(tls_engine_state(p.client) & TLS_FAILED);
    assert_status(tls_engine_error(p.client), TLS_FAILED);
    pair_free(&p);
}

int limits_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificate_bytes),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
