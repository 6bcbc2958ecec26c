/* SPDX-License-Identifier: ISC
 *
 * What is read out of certificates. Judging it is tested with src/trust. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include <sotto/limits.h>

#include "bytes/span.h"
#include "groups.h"
#include "pair.h"

static const tls_facts *facts_for(pair *p, const test_wish *wish) {
    test_certificate own = test_certificate_make(wish);
    const test_certificate *chain[] = {&own};
    pair_contexts(p, &own, chain, 1);
    pair_engines(p, "im.example", NULL);
    pair_pump(p, 0);
    test_certificate_free(&own);
    const tls_facts *facts = tls_engine_facts(p->client);
    assert_non_null(facts);
    assert_true(facts->has_certificate);
    return facts;
}

static void test_names(void **state) {
    (void)state;
    const test_wish wish = {.names = "DNS:im.example,DNS:*.im.example,email:a@b.example," TEST_SRV_NAME
                                     "_xmpp-client.im.example," TEST_XMPP_ADDR "im.example,IP:192.0.2.1"};
    pair p;
    const tls_facts *facts = facts_for(&p, &wish);
    assert_int_equal(facts->dns_count, 2);
    assert_true(bytes_is(facts->dns_names[0], "im.example"));
    assert_true(bytes_is(facts->dns_names[1], "*.im.example"));
    assert_int_equal(facts->srv_count, 1);
    assert_true(bytes_is(facts->srv_names[0], "_xmpp-client.im.example"));
    pair_free(&p);
}

static void test_confusing_names(void **state) {
    (void)state;
    static const char nul[] = "im.example\0.attacker.example";
    const test_wish bad[] = {
        {.raw_dns = nul, .raw_dns_len = sizeof nul - 1},
        {.raw_dns = "im\xc3\xa4.example", .raw_dns_len = 12},
        {.raw_dns = "im.example\n", .raw_dns_len = 11},
        {.raw_dns = "", .raw_dns_len = 0},
        {.common_name = "im.example"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pair p;
        const tls_facts *facts = facts_for(&p, &bad[i]);
        assert_int_equal(facts->dns_count, 0);
        assert_int_equal(facts->srv_count, 0);
        pair_free(&p);
    }
}

static void test_leaf_and_key(void **state) {
    (void)state;
    const test_wish wish = {.names = "DNS:im.example"};
    test_certificate own = test_certificate_make(&wish);
    const test_certificate *chain[] = {&own};
    pair p;
    pair_contexts(&p, &own, chain, 1);
    pair_engines(&p, "im.example", NULL);
    pair_pump(&p, 0);
    const tls_facts *facts = tls_engine_facts(p.client);
    unsigned char *der = NULL, *spki = NULL, digest[32];
    int der_len = i2d_X509(own.x509, &der), spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(own.x509), &spki);
    assert_int_equal(facts->leaf.len, (size_t)der_len);
    assert_memory_equal(facts->leaf.at, der, (size_t)der_len);
    assert_int_equal(EVP_Digest(spki, (size_t)spki_len, digest, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(facts->spki_sha256, digest, 32);
    assert_true(strlen(facts->cipher) > 0);
    OPENSSL_free(der);
    OPENSSL_free(spki);
    test_certificate_free(&own);
    pair_free(&p);
}

/* More names than anybody needs: the first so many count, and nothing breaks. limit: SOTTO_CERTIFICATE_NAMES_MAX */
static void test_many_names(void **state) {
    (void)state;
    static char names[700 * 20];
    size_t at = 0;
    for (int i = 0; i < 700; i++) {
        at += (size_t)snprintf(names + at, sizeof names - at, "%sDNS:h%d.example", i > 0 ? "," : "", i);
    }
    const test_wish wish = {.names = names};
    pair p;
    assert_int_equal(facts_for(&p, &wish)->dns_count, SOTTO_CERTIFICATE_NAMES_MAX);
    pair_free(&p);
}

int facts_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_confusing_names),
        cmocka_unit_test(test_leaf_and_key),
        cmocka_unit_test(test_many_names),
    };
    return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
