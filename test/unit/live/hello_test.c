/* SPDX-License-Identifier: ISC
 *
 * Secrets of before in the anonymous mode of TLS, and looking into a ClientHello for the identity of one. */
#include "rogue.h"

#include <openssl/crypto.h>

#include "tls/hello.h"
#include "tls/parts.h"

typedef struct ends {
    rig host;
    tls_context *client_context, *server_context;
    tls_engine *client, *server;
    tls_secret secret, other;
    uint8_t hello[4096];
    size_t hello_len;
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
    memset(&e->secret, 0x5a, sizeof e->secret);
    memset(&e->other, 0x33, sizeof e->other);
    *state = e;
    return 0;
}

static void end_both(ends *e) {
    tls_engine_free(e->client);
    tls_engine_free(e->server);
    e->client = e->server = NULL;
}

static int teardown(void **state) {
    ends *e = *state;
    end_both(e);
    tls_context_free(e->client_context);
    tls_context_free(e->server_context);
    rig_end(&e->host);
    free(e);
    return 0;
}

/* Both, and the ClientHello on its way. */
static void begin(ends *e, const tls_secret *offered, const tls_secret *known) {
    end_both(e);
    assert_ok(tls_engine_new_anonymous(&e->client, e->client_context, rogue_alpn, offered));
    assert_ok(tls_engine_new_anonymous(&e->server, e->server_context, rogue_alpn, known));
    e->hello_len = tls_engine_records_out(e->client, e->hello, sizeof e->hello);
    assert_in_range(e->hello_len, 100, sizeof e->hello - 1);
}

static void carry(tls_engine *from, tls_engine *to) {
    uint8_t piece[16384];
    for (size_t got; (got = tls_engine_records_out(from, piece, sizeof piece)) > 0;)
        (void)tls_engine_records_in(to, bytes_of(piece, got));
}

/* Data with the server's flight, and back; true: both are done. */
static bool shake(ends *e) {
    (void)tls_engine_records_in(e->server, bytes_of(e->hello, e->hello_len));
    if ((tls_engine_state(e->server) & TLS_WANTS_EARLY) == 0) return false;
    assert_int_equal(tls_engine_plain_in(e->server, BYTES_LITERAL("proof")), 5);
    carry(e->server, e->client);
    if ((tls_engine_state(e->client) & TLS_FAILED) != 0) return false;
    char got[8];
    assert_int_equal(tls_engine_plain_out(e->client, got, sizeof got), 5);
    carry(e->client, e->server);
    return (tls_engine_state(e->server) & TLS_WANTS_PLAIN) != 0;
}

static void assert_agreed(const tls_engine *engine, bool secret) {
    tls_agreed agreed;
    assert_ok(tls_engine_agreed(engine, &agreed));
    assert_int_equal(agreed.secret, secret);
    bool hybrid = OpenSSL_version_num() >= 0x30500000ul; /* found at run time, by the name of the group */
    assert_int_equal(agreed.group, hybrid ? TLS_GROUP_X25519MLKEM768 : TLS_GROUP_X25519);
    assert_string_equal(tls_group_name(agreed.group), hybrid ? "X25519MLKEM768" : "X25519");
    assert_int_equal(agreed.suite, 0x1301);
    assert_string_equal(tls_suite_name(agreed.suite), "TLS_AES_128_GCM_SHA256");
    assert_true(bytes_is(agreed.alpn, LIVE_ALPN));
}

static void test_a_secret_of_before(void **state) {
    ends *e = *state;
    tls_agreed agreed;
    uint8_t one[32], same[32];
    begin(e, &e->secret, &e->secret);
    assert_status(tls_engine_agreed(e->client, &agreed), STATE);
    assert_status(tls_engine_agreed(e->server, &agreed), STATE);
    (void)tls_engine_records_in(e->server, bytes_of(e->hello, e->hello_len));
    assert_agreed(e->server, true); /* known before anything is said */
    begin(e, &e->secret, &e->secret);
    assert_true(shake(e));
    assert_agreed(e->client, true);
    assert_agreed(e->server, true);
    assert_false(tls_engine_facts(e->client)->has_certificate);
    assert_ok(tls_engine_export(e->client, LIVE_EXPORTER, one));
    assert_ok(tls_engine_export(e->server, LIVE_EXPORTER, same));
    assert_memory_equal(one, same, 32);
}

/* Whoever has no secret offers one that nobody has. */
static void test_a_secret_that_is_not_known(void **state) {
    ends *e = *state;
    begin(e, &e->other, &e->secret);
    assert_true(shake(e));
    assert_agreed(e->client, false);
    assert_agreed(e->server, false);
    assert_true(bytes_equal(tls_engine_facts(e->client)->leaf, live_certificate()));
    begin(e, &e->secret, NULL);
    assert_true(shake(e));
    assert_agreed(e->server, false);
    begin(e, NULL, &e->secret);
    assert_true(shake(e));
    assert_agreed(e->client, false);
}

/* An identity that was seen on the wire is worth nothing without its key. */
static void test_a_wrong_binder_is_fatal(void **state) {
    ends *e = *state;
    memcpy(e->other.identity, e->secret.identity, sizeof e->other.identity);
    begin(e, &e->other, &e->secret);
    assert_false(shake(e));
    assert_true((tls_engine_state(e->server) & TLS_FAILED) != 0);
    assert_int_equal(tls_engine_error(e->server).code, SOTTO_E_TLS_FAILED);
    carry(e->server, e->client);
    assert_true((tls_engine_state(e->client) & TLS_FAILED) != 0);
}

/* The server wants another key share first: the same identity is offered again, with a binder over all of it. */
static void test_a_retry_request(void **state) {
    ends *e = *state;
    assert_int_equal(SSL_CTX_set1_groups_list(e->client_context->ssl, "P-256:X25519"), 1);
    assert_int_equal(SSL_CTX_set1_groups_list(e->server_context->ssl, "X25519"), 1);
    for (unsigned known = 0; known < 2; known++) {
        tls_agreed agreed;
        begin(e, &e->secret, known ? &e->secret : NULL);
        (void)tls_engine_records_in(e->server, bytes_of(e->hello, e->hello_len));
        assert_int_equal(tls_engine_state(e->server) & (TLS_WANTS_EARLY | TLS_FAILED), 0); /* it asks */
        carry(e->server, e->client);
        e->hello_len = tls_engine_records_out(e->client, e->hello, sizeof e->hello);
        tls_hello hello;
        assert_ok(tls_hello_read(bytes_of(e->hello, e->hello_len), &hello));
        assert_true(bytes_equal(hello.identity, bytes_of(e->secret.identity, sizeof e->secret.identity)));
        assert_true(shake(e));
        assert_ok(tls_engine_agreed(e->client, &agreed));
        assert_true(agreed.secret == (known == 1) && agreed.group == TLS_GROUP_X25519);
    }
}

/* psk_dhe_ke alone: never the secret without a key exchange (RFC 8446 section 4.2.9). */
static void test_a_secret_never_stands_alone(void **state) {
    ends *e = *state;
    static const uint8_t modes[] = {0, 45, 0, 2, 1, 1};
    begin(e, &e->secret, NULL);
    uint8_t *at = memmem(e->hello, e->hello_len, modes, sizeof modes);
    assert_non_null(at);
    at[5] = 0; /* psk_ke alone, with a binder that is wrong besides: it must not even be looked at */
    tls_engine_free(e->server);
    assert_ok(tls_engine_new_anonymous(&e->server, e->server_context, rogue_alpn, &e->secret));
    assert_false(shake(e));
}

/* Nobody who looks can tell by the length whether there is a secret (T29). */
static void test_all_hellos_have_one_length(void **state) {
    ends *e = *state;
    size_t len = 0;
    for (unsigned i = 0; i < 40; i++) {
        assert_ok(rig_random(&e->host, &e->other, sizeof e->other));
        begin(e, i & 1 ? &e->other : &e->secret, NULL);
        if (i == 0) len = e->hello_len;
        assert_int_equal(e->hello_len, len);
    }
    assert_true(len + 200 < LIVE_FRAME_BYTES);
}

/* T29: nor can he tell proofs from other first messages, or short stanzas from one another. */
static void test_records_are_padded(void **state) {
    ends *e = *state;
    uint8_t piece[4096];
    begin(e, &e->secret, &e->secret);
    assert_true(shake(e));
    carry(e->server, e->client);
    size_t first = 0;
    for (size_t len = 1; len <= 256; len++) {
        static const uint8_t zeros[256];
        assert_int_equal(tls_engine_plain_in(e->client, bytes_of(zeros, len)), len);
        size_t got = tls_engine_records_out(e->client, piece, sizeof piece);
        if (len == 1) first = got;
        assert_int_equal(got, first + (len / 128) * 128); /* one byte of content tells its type */
    }
    assert_int_equal(first, 5 + 128 + 16);
}

/* ---- looking into it ---- */

static void test_the_identity_of_a_hello(void **state) {
    ends *e = *state;
    tls_hello hello;
    uint8_t random[32];
    begin(e, &e->secret, NULL);
    assert_ok(tls_hello_read(bytes_of(e->hello, e->hello_len), &hello));
    assert_true(bytes_equal(hello.identity, bytes_of(e->secret.identity, sizeof e->secret.identity)));
    assert_ok(tls_engine_client_random(e->client, random));
    assert_memory_equal(hello.random, random, sizeof random);
    begin(e, NULL, NULL);
    assert_ok(tls_hello_read(bytes_of(e->hello, e->hello_len), &hello));
    assert_int_equal(hello.identity.len, 0);
}

static void test_hellos_that_are_none(void **state) {
    ends *e = *state;
    tls_hello hello = {.random = {42}};
    uint8_t spoilt[4096];
    begin(e, &e->secret, NULL);
    for (size_t len = 0; len < e->hello_len; len++)
        assert_status(tls_hello_read(bytes_of(e->hello, len), &hello), MALFORMED);
    e->hello[e->hello_len] = 0; /* something behind it */
    assert_status(tls_hello_read(bytes_of(e->hello, e->hello_len + 1), &hello), MALFORMED);
    static const size_t places[] = {0, 3, 5, 6, 43}; /* kind, length; type, length; the session's id */
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        memcpy(spoilt, e->hello, e->hello_len);
        spoilt[places[i]] ^= 0x40;
        assert_status(tls_hello_read(bytes_of(spoilt, e->hello_len), &hello), MALFORMED);
    }
    /* In two records: OpenSSL reads it, and we do not look for a secret in it. */
    memcpy(spoilt, e->hello, 105);
    memcpy(spoilt + 105, e->hello, 5);
    memcpy(spoilt + 110, e->hello + 105, e->hello_len - 105);
    spoilt[3] = 0, spoilt[4] = 100;
    spoilt[108] = (uint8_t)((e->hello_len - 105) >> 8), spoilt[109] = (uint8_t)(e->hello_len - 105);
    assert_status(tls_hello_read(bytes_of(spoilt, e->hello_len + 5), &hello), MALFORMED);
    assert_int_equal(hello.random[0], 42);
    (void)tls_engine_records_in(e->server, bytes_of(spoilt, e->hello_len + 5));
    assert_true((tls_engine_state(e->server) & TLS_WANTS_EARLY) != 0);
}

/* Several identities: which one OpenSSL would take is not for us to guess. */
static void test_a_hello_with_several_identities(void **state) {
    ends *e = *state;
    tls_hello hello;
    uint8_t two[4096];
    begin(e, &e->secret, NULL);
    /* The extension is the last: kind, length, identities (len, (len, 48, age)), binders (len, (len, 32)). */
    size_t identities = 2 + 48 + 4, binders = 1 + 32, all = 2 + identities + 2 + binders, grown = identities + binders;
    uint8_t *ext = two + e->hello_len - all;
    memcpy(two, e->hello, e->hello_len);
    uint8_t identity[2 + 48 + 4], binder[1 + 32];
    assert_int_equal(ext[-4] << 8 | ext[-3], 41);
    memcpy(identity, ext + 2, sizeof identity);
    memcpy(binder, ext + 2 + identities + 2, sizeof binder);
    uint8_t *at = ext;
    *at++ = 0, *at++ = (uint8_t)(2 * identities);
    for (unsigned i = 0; i < 2; i++, at += identities) memcpy(at, identity, identities);
    *at++ = 0, *at++ = (uint8_t)(2 * binders);
    for (unsigned i = 0; i < 2; i++, at += binders) memcpy(at, binder, binders);
    ext[-2] = 0, ext[-1] = (uint8_t)(all + grown);
    size_t extensions = 5 + 4 + 2 + 32 + 1; /* then suites, compression; each of the lengths grows */
    extensions += 2u + (size_t)(two[extensions] << 8 | two[extensions + 1]);
    extensions += 1u + two[extensions];
    size_t lengths[] = {3, 7, extensions};
    for (size_t i = 0; i < 3; i++) {
        size_t old = (size_t)(two[lengths[i]] << 8 | two[lengths[i] + 1]) + grown;
        two[lengths[i]] = (uint8_t)(old >> 8), two[lengths[i] + 1] = (uint8_t)old;
    }
    assert_ok(tls_hello_read(bytes_of(two, e->hello_len + grown), &hello));
    assert_int_equal(hello.identity.len, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
const struct CMUnitTest hello_tests[] = {
    TEST(test_a_secret_of_before),          TEST(test_a_secret_that_is_not_known),
    TEST(test_a_wrong_binder_is_fatal),     TEST(test_a_retry_request),
    TEST(test_a_secret_never_stands_alone), TEST(test_all_hellos_have_one_length),
    TEST(test_records_are_padded),          TEST(test_the_identity_of_a_hello),
    TEST(test_hellos_that_are_none),        TEST(test_a_hello_with_several_identities),
};
const size_t hello_count = sizeof hello_tests / sizeof hello_tests[0];
