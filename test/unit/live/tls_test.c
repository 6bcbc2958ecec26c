/* SPDX-License-Identifier: ISC
 *
 * The anonymous mode of the TLS engine: the published certificate made again from its description, data before the
 * client's Finished, ALPN that must be agreed on, and no other certificate. */
#include "rogue.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "crypto/hash.h"

/* ---- the certificate ---- */

static EVP_PKEY *key_of(const char *sentence) {
    uint8_t seed[32];
    assert_ok(crypto_hash_of(CRYPTO_SHA256, seed, bytes_text(sentence)));
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    assert_non_null(key);
    return key;
}

static X509 *certificate_of(EVP_PKEY *key) {
    X509 *x = X509_new();
    assert_non_null(x);
    assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 1), 1);
    X509_NAME *name = X509_get_subject_name(x);
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", V_ASN1_UTF8STRING, (const unsigned char *)"sotto live", -1, -1, 0), 1);
    assert_int_equal(X509_set_issuer_name(x, name), 1);
    assert_int_equal(ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "19700101000000Z"), 1);
    assert_int_equal(ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "99991231235959Z"), 1);
    assert_int_equal(X509_set_pubkey(x, key), 1);
    assert_true(X509_sign(x, key, NULL) > 0);
    return x;
}

static void test_the_certificate_is_what_it_says(void **state) {
    (void)state;
    EVP_PKEY *key = key_of("sotto live certificate 0");
    X509 *x = certificate_of(key);
    unsigned char *der = NULL, *pkcs8 = NULL;
    int len = i2d_X509(x, &der);
    assert_true(len > 0 && bytes_equal(bytes_of(der, (size_t)len), live_certificate()));
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    len = i2d_PKCS8_PRIV_KEY_INFO(info, &pkcs8);
    assert_true(len > 0 && bytes_equal(bytes_of(pkcs8, (size_t)len), live_certificate_key()));
    OPENSSL_free(der);
    OPENSSL_free(pkcs8);
    PKCS8_PRIV_KEY_INFO_free(info);
    X509_free(x);
    EVP_PKEY_free(key);
}

/* ---- pairs ---- */

typedef struct ends {
    rig host;
    tls_context *client_context, *server_context;
    tls_engine *client, *server;
} ends;

static int setup(void **state) {
    ends *e = calloc(1, sizeof *e);
    assert_non_null(e);
    rig_start(&e->host);
    tls_anonymous_config config = {
        .host = &e->host.host, .certificate = live_certificate(), .key = live_certificate_key()};
    assert_ok(tls_context_anonymous(&e->client_context, &config));
    config.server = true;
    assert_ok(tls_context_anonymous(&e->server_context, &config));
    *state = e;
    return 0;
}

static int teardown(void **state) {
    ends *e = *state;
    tls_engine_free(e->client);
    tls_engine_free(e->server);
    tls_context_free(e->client_context);
    tls_context_free(e->server_context);
    rig_end(&e->host);
    free(e);
    return 0;
}

static void begin(ends *e, const char *const *client_alpn, const char *const *server_alpn) {
    assert_ok(tls_engine_new(&e->client, e->client_context, NULL, client_alpn));
    assert_ok(tls_engine_new(&e->server, e->server_context, NULL, server_alpn));
}

static size_t carry(tls_engine *from, tls_engine *to) {
    uint8_t piece[16384];
    size_t all = 0;
    for (size_t got; (got = tls_engine_records_out(from, piece, sizeof piece)) > 0; all += got)
        (void)tls_engine_records_in(to, bytes_of(piece, got));
    return all;
}

static void assert_plain(tls_engine *engine, const char *text) {
    char got[64] = "";
    size_t len = tls_engine_plain_out(engine, got, sizeof got - 1);
    got[len] = 0;
    assert_string_equal(got, text);
}

static void test_data_with_the_servers_flight(void **state) {
    ends *e = *state;
    uint8_t early[32], late[32], random[32], same[32];
    begin(e, rogue_alpn, rogue_alpn);
    assert_status(tls_engine_export(e->client, LIVE_EXPORTER, late), STATE);
    assert_status(tls_engine_export(e->server, LIVE_EXPORTER, early), STATE);
    assert_status(tls_engine_client_random(e->server, same), STATE);
    assert_ok(tls_engine_client_random(e->client, random));
    assert_int_equal(tls_engine_state(e->server) & (TLS_WANTS_EARLY | TLS_WANTS_PLAIN), 0);
    assert_int_equal(tls_engine_plain_in(e->server, BYTES_LITERAL("too early")), 0);
    carry(e->client, e->server);
    assert_int_equal(tls_engine_state(e->server) & (TLS_WANTS_EARLY | TLS_WANTS_PLAIN), TLS_WANTS_EARLY);
    assert_ok(tls_engine_export(e->server, LIVE_EXPORTER, early));
    assert_ok(tls_engine_client_random(e->server, same));
    assert_memory_equal(random, same, 32);
    assert_int_equal(tls_engine_plain_in(e->server, BYTES_LITERAL("proof")), 5);
    assert_int_equal(tls_engine_plain_in(e->server, BYTES_LITERAL(" and more")), 9);
    assert_true(carry(e->server, e->client) < 2500); /* a certificate; with a hybrid group 1,088 bytes more */
    assert_true((tls_engine_state(e->client) & (TLS_HAS_PLAIN | TLS_WANTS_PLAIN)) == (TLS_HAS_PLAIN | TLS_WANTS_PLAIN));
    assert_plain(e->client, "proof");
    assert_plain(e->client, " and more");
    assert_ok(tls_engine_export(e->client, LIVE_EXPORTER, late));
    assert_memory_equal(early, late, 32);
    assert_int_equal(tls_engine_plain_in(e->client, BYTES_LITERAL("stanza")), 6);
    carry(e->client, e->server);
    assert_int_equal(tls_engine_state(e->server) & (TLS_WANTS_EARLY | TLS_WANTS_PLAIN | TLS_HAS_PLAIN),
                     TLS_WANTS_PLAIN | TLS_HAS_PLAIN);
    assert_plain(e->server, "stanza");
    assert_ok(tls_engine_export(e->server, LIVE_EXPORTER, late));
    assert_memory_equal(early, late, 32);
    assert_int_equal(tls_engine_plain_in(e->server, BYTES_LITERAL("answer")), 6);
    carry(e->server, e->client);
    assert_plain(e->client, "answer");
    assert_int_equal(tls_engine_facts(e->client)->version, 0x0304);
    assert_true(bytes_is(tls_engine_facts(e->client)->alpn, LIVE_ALPN));
    assert_ok(tls_engine_export(e->client, "EXPORTER-another", late));
    assert_memory_not_equal(early, late, 32);
}

static void assert_failed(tls_engine *engine, int code) {
    assert_true((tls_engine_state(engine) & TLS_FAILED) != 0);
    assert_int_equal(tls_engine_error(engine).code, code);
}

static void test_alpn_on_both_sides(void **state) {
    ends *e = *state;
    static const char *const other[] = {"sotto-live/1", NULL}, *const both[] = {"sotto-live/1", LIVE_ALPN, NULL};
    const struct {
        const char *const *client, *const *server;
        bool fine;
    } cases[] = {{rogue_alpn, rogue_alpn, true}, {both, rogue_alpn, true},  {rogue_alpn, other, false},
                 {NULL, rogue_alpn, false},      {rogue_alpn, NULL, false}, {NULL, NULL, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(e, cases[i].client, cases[i].server);
        carry(e->client, e->server);
        if (cases[i].fine)
            assert_int_equal(tls_engine_state(e->server) & TLS_FAILED, 0);
        else
            assert_failed(e->server, SOTTO_E_TLS_FAILED);
        tls_engine_free(e->client);
        tls_engine_free(e->server);
        e->client = e->server = NULL;
    }
}

/* A server that chooses nothing, as other servers do, and one with a certificate of its own. */
static void pem_of(X509 *x, EVP_PKEY *key, char certificate[2048], char secret[2048]) {
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, x), 1);
    int len = BIO_read(bio, certificate, 2047);
    certificate[len > 0 ? len : 0] = 0;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    len = BIO_read(bio, secret, 2047);
    secret[len > 0 ? len : 0] = 0;
    BIO_free(bio);
}

static void test_a_client_takes_no_other_server(void **state) {
    ends *e = *state;
    static const char *const sentences[] = {"sotto live certificate 0", "somebody's own"};
    for (unsigned i = 0; i < 3; i++) {
        char certificate[2048], secret[2048];
        EVP_PKEY *key = key_of(sentences[i % 2]);
        X509 *x = certificate_of(key);
        pem_of(x, key, certificate, secret);
        X509_free(x);
        EVP_PKEY_free(key);
        tls_server_config config = {
            .host = &e->host.host, .certificates_pem = bytes_text(certificate), .key_pem = bytes_text(secret)};
        tls_context_free(e->server_context);
        e->server_context = NULL;
        assert_ok(tls_context_server(&e->server_context, &config));
        begin(e, rogue_alpn, i == 2 ? NULL : rogue_alpn); /* 0: good; 1: another certificate; 2: no choice */
        carry(e->client, e->server);
        carry(e->server, e->client);
        if (i == 0) assert_int_equal(tls_engine_state(e->client) & TLS_FAILED, 0);
        if (i == 1) assert_failed(e->client, SOTTO_E_BAD_CERTIFICATE);
        if (i == 2) assert_failed(e->client, SOTTO_E_TLS_FAILED);
        tls_engine_free(e->client);
        tls_engine_free(e->server);
        e->client = e->server = NULL;
    }
}

static void test_configurations_that_are_none(void **state) {
    ends *e = *state;
    tls_context *none = NULL;
    tls_anonymous_config config = {.host = &e->host.host, .server = true, .key = live_certificate_key()};
    assert_status(tls_context_anonymous(&none, &config), MALFORMED);
    config.certificate = live_certificate();
    config.key = live_certificate();
    assert_status(tls_context_anonymous(&none, &config), MALFORMED);
    assert_null(none);
}

static void test_a_bad_record_ends_it(void **state) {
    ends *e = *state;
    uint8_t piece[4096];
    begin(e, rogue_alpn, rogue_alpn);
    carry(e->client, e->server);
    carry(e->server, e->client);
    assert_int_equal(tls_engine_plain_in(e->client, BYTES_LITERAL("stanza")), 6);
    size_t len = tls_engine_records_out(e->client, piece, sizeof piece);
    piece[len - 1] ^= 1;
    (void)tls_engine_records_in(e->server, bytes_of(piece, len));
    assert_failed(e->server, SOTTO_E_TLS_FAILED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
const struct CMUnitTest tls_tests[] = {
    cmocka_unit_test(test_the_certificate_is_what_it_says),
    TEST(test_data_with_the_servers_flight),
    TEST(test_alpn_on_both_sides),
    TEST(test_a_client_takes_no_other_server),
    TEST(test_configurations_that_are_none),
    TEST(test_a_bad_record_ends_it),
};
const size_t tls_count = sizeof tls_tests / sizeof tls_tests[0];
