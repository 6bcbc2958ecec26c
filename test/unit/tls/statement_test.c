/* SPDX-License-Identifier: ISC
 *
 * Certificates that say whose key is whose: every way in which one does not. */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "../bytes/rig.h"

#include "bytes/span.h"
#include "certificates.h"
#include "groups.h"
#include "tls/statement.h"

#define ROMEO    "romeo@montague.example"
#define XMPP     TEST_XMPP_ADDR ROMEO
#define BINDING  "what is signed"
#define CA_BASIC "critical,CA:TRUE"

typedef struct court {
    rig host;
    bytes_arena arena;
    test_certificate root;
    sotto_bytes roots_pem, text;
} court;

static void court_begin(court *c, const char *constraints) {
    rig_start(&c->host);
    bytes_arena_init(&c->arena, &c->host.host, 1u << 20);
    c->root =
        test_certificate_make(&(test_wish){.common_name = "Verona", .basic = CA_BASIC, .constraints = constraints});
    const test_certificate *list[] = {&c->root};
    c->roots_pem = test_pem(list, 1);
}

static void court_end(court *c) {
    test_pem_free(&c->roots_pem);
    test_certificate_free(&c->root);
    bytes_arena_clear(&c->arena);
    rig_end(&c->host);
}

static sotto_bytes der_of(court *c, const test_certificate *certificate) {
    unsigned char *der = NULL;
    sotto_bytes copy;
    int len = i2d_X509(certificate->x509, &der);
    assert_true(len > 0);
    assert_true(bytes_arena_copy(&c->arena, bytes_of(der, (size_t)len), &copy));
    OPENSSL_free(der);
    return copy;
}

static sotto_bytes signature_of(court *c, const test_certificate *by, sotto_bytes message) {
    sotto_bytes pem = test_pem_key(by), signature;
    assert_ok(tls_statement_sign(pem, NULL, message, &c->arena, &signature));
    test_pem_free(&pem);
    return signature;
}

static sotto_status judge_chain(court *c, const sotto_bytes *chain, size_t count, sotto_bytes signature) {
    tls_statement said = {.jid = BYTES_LITERAL(ROMEO),
                          .signed_bytes = BYTES_LITERAL(BINDING),
                          .signature = signature,
                          .certificates = chain,
                          .certificate_count = count};
    tls_client_config roots = {.host = &c->host.host, .roots_pem = c->roots_pem};
    return tls_statement_check(&said, &roots, &c->arena, &c->text);
}

static sotto_status judge(court *c, test_wish wish) {
    if (wish.issuer == NULL) wish.issuer = &c->root;
    test_certificate leaf = test_certificate_make(&wish);
    sotto_bytes der = der_of(c, &leaf), signature = signature_of(c, &leaf, BYTES_LITERAL(BINDING));
    test_certificate_free(&leaf);
    return judge_chain(c, &der, 1, signature);
}

static void test_one_that_holds(void **state) {
    (void)state;
    static const test_key keys[] = {TEST_KEY_P256, TEST_KEY_P384, TEST_KEY_ED25519, TEST_KEY_RSA_2048};
    court c;
    court_begin(&c, NULL);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        assert_ok(judge(&c, (test_wish){.common_name = "Romeo", .names = XMPP, .key = keys[i]}));
        assert_true(bytes_is(c.text, "CN = Romeo / CN = Verona"));
    }
    assert_ok(judge(&c, (test_wish){.names = "DNS:a.example," XMPP, .usage = "clientAuth"}));
    assert_ok(judge(&c, (test_wish){.names = XMPP, .key_usage = "critical,digitalSignature"}));
    court_end(&c);
}

static void test_one_that_does_not(void **state) {
    (void)state;
    const test_wish bad[] = {
        {.names = NULL},
        {.names = TEST_XMPP_ADDR "juliet@capulet.example"},
        {.names = TEST_XMPP_ADDR "romeo@montague.example.attacker"},
        {.names = TEST_SRV_NAME ROMEO},
        {.names = "email:" ROMEO ",DNS:montague.example"},
        {.common_name = ROMEO},
        {.names = XMPP, .until = -60},
        {.names = XMPP, .from = 3600},
        {.names = XMPP, .usage = "serverAuth"},
        {.names = XMPP, .key_usage = "critical,keyAgreement"},
        {.names = XMPP, .critical_unknown = "1.2.3.4.5"},
        {.names = XMPP, .hash = EVP_sha1()},
        {.names = XMPP, .key = TEST_KEY_RSA_1024},
    };
    court c;
    court_begin(&c, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sotto_status status = judge(&c, bad[i]);
        if (!sotto_is(status, SOTTO_E_BAD_CERTIFICATE)) fail_msg("%zu: %s", i, sotto_status_name(status));
    }
    court_end(&c);
}

/* Signed by the certificate itself, by somebody nobody knows, by one that is no authority; and with its whole chain. */
static void test_paths(void **state) {
    (void)state;
    court c;
    court_begin(&c, NULL);
    test_certificate own = test_certificate_make(&(test_wish){.names = XMPP});
    test_certificate middle =
        test_certificate_make(&(test_wish){.common_name = "Middle", .basic = CA_BASIC, .issuer = &c.root});
    test_certificate no_ca = test_certificate_make(&(test_wish){.common_name = "Tybalt", .issuer = &c.root});
    test_certificate leaf = test_certificate_make(&(test_wish){.names = XMPP, .issuer = &middle});
    test_certificate forged = test_certificate_make(&(test_wish){.names = XMPP, .issuer = &no_ca});
    sotto_bytes alone = der_of(&c, &own), chain[] = {der_of(&c, &leaf), der_of(&c, &middle)},
                bad[] = {der_of(&c, &forged), der_of(&c, &no_ca)};
    sotto_bytes by_leaf = signature_of(&c, &leaf, BYTES_LITERAL(BINDING));
    assert_status(judge_chain(&c, &alone, 1, signature_of(&c, &own, BYTES_LITERAL(BINDING))), BAD_CERTIFICATE);
    assert_ok(judge_chain(&c, chain, 2, by_leaf));
    assert_status(judge_chain(&c, chain, 1, by_leaf), BAD_CERTIFICATE);
    assert_status(judge_chain(&c, bad, 2, signature_of(&c, &forged, BYTES_LITERAL(BINDING))), BAD_CERTIFICATE);
    assert_status(judge_chain(&c, chain, 0, by_leaf), MALFORMED);
    sotto_bytes cut = bytes_of(chain[0].at, chain[0].len - 1);
    assert_status(judge_chain(&c, &cut, 1, by_leaf), MALFORMED);
    uint8_t room[2048] = {0};
    assert_true(chain[0].len < sizeof room);
    memcpy(room, chain[0].at, chain[0].len);
    sotto_bytes longer = bytes_of(room, chain[0].len + 1);
    assert_status(judge_chain(&c, &longer, 1, by_leaf), MALFORMED);
    assert_true(c.text.len == 0);
    chain[1] = BYTES_LITERAL("no certificate");
    assert_status(judge_chain(&c, chain, 2, by_leaf), MALFORMED);
    test_certificate_free(&own);
    test_certificate_free(&middle);
    test_certificate_free(&no_ca);
    test_certificate_free(&leaf);
    test_certificate_free(&forged);
    court_end(&c);
}

/* What an authority may not say of names it may not say of addresses there either. */
static void test_constraints(void **state) {
    (void)state;
    court c;
    court_begin(&c, "permitted;DNS:capulet.example");
    assert_status(judge(&c, (test_wish){.names = XMPP}), BAD_CERTIFICATE);
    court_end(&c);
    court_begin(&c, "permitted;DNS:montague.example");
    assert_ok(judge(&c, (test_wish){.names = XMPP}));
    court_end(&c);
}

static void test_signatures(void **state) {
    (void)state;
    static const test_key keys[] = {TEST_KEY_P256, TEST_KEY_P384, TEST_KEY_ED25519, TEST_KEY_RSA_2048};
    court c;
    court_begin(&c, NULL);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        test_certificate leaf = test_certificate_make(&(test_wish){.names = XMPP, .key = keys[i], .issuer = &c.root});
        sotto_bytes der = der_of(&c, &leaf), good = signature_of(&c, &leaf, BYTES_LITERAL(BINDING)), copy;
        assert_ok(judge_chain(&c, &der, 1, good));
        assert_status(judge_chain(&c, &der, 1, signature_of(&c, &leaf, BYTES_LITERAL("something else"))),
                      BAD_SIGNATURE);
        assert_status(judge_chain(&c, &der, 1, signature_of(&c, &c.root, BYTES_LITERAL(BINDING))), BAD_SIGNATURE);
        assert_status(judge_chain(&c, &der, 1, bytes_of(good.at, good.len - 1)), BAD_SIGNATURE);
        assert_status(judge_chain(&c, &der, 1, BYTES_NONE), BAD_SIGNATURE);
        assert_true(bytes_arena_copy(&c.arena, good, &copy));
        ((uint8_t *)(uintptr_t)copy.at)[copy.len / 2] ^= 1;
        assert_status(judge_chain(&c, &der, 1, copy), BAD_SIGNATURE);
        test_certificate_free(&leaf);
    }
    sotto_bytes none;
    assert_status(tls_statement_sign(BYTES_LITERAL("no key"), NULL, BYTES_LITERAL(BINDING), &c.arena, &none),
                  MALFORMED);
    court_end(&c);
}

int statement_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_that_holds), cmocka_unit_test(test_one_that_does_not), cmocka_unit_test(test_paths),
        cmocka_unit_test(test_constraints),    cmocka_unit_test(test_signatures),
    };
    return cmocka_run_group_tests_name("statement", tests, NULL, NULL);
}
