/* SPDX-License-Identifier: ISC
 *
 * The engine's ports and states. */
#include <stdlib.h>
#include <string.h>

#include "bytes/span.h"
#include "groups.h"
#include "pair.h"

static void say(tls_engine *from, tls_engine *to, pair *p, const char *text) {
    char got[64];
    size_t len = strlen(text);
    assert_int_equal(tls_engine_plain_in(from, bytes_text(text)), len);
    pair_pump(p, 0);
    assert_true(tls_engine_state(to) & TLS_HAS_PLAIN);
    assert_int_equal(tls_engine_plain_out(to, got, sizeof got), len);
    assert_memory_equal(got, text, len);
    assert_false(tls_engine_state(to) & TLS_HAS_PLAIN);
}

static void test_conversation(void **state) {
    (void)state;
    pair p;
    pair_usual(&p);
    assert_int_equal(tls_engine_state(p.client), TLS_WANTS_RECORDS | TLS_HAS_RECORDS);
    assert_int_equal(tls_engine_state(p.server), TLS_WANTS_RECORDS);
    assert_null(tls_engine_facts(p.client));
    pair_accept(&p);
    assert_int_equal(tls_engine_state(p.client), TLS_WANTS_RECORDS | TLS_WANTS_PLAIN);
    assert_int_equal(tls_engine_state(p.server), TLS_WANTS_RECORDS | TLS_WANTS_PLAIN);
    assert_int_equal(tls_engine_facts(p.client)->version, 0x0304);
    assert_int_equal(tls_engine_facts(p.server)->version, 0x0304);
    assert_false(tls_engine_facts(p.server)->has_certificate);
    say(p.client, p.server, &p, "But soft, what light");
    say(p.server, p.client, &p, "Ay me");
    pair_free(&p);
}

static void test_byte_by_byte(void **state) {
    (void)state;
    pair p;
    pair_usual(&p);
    pair_pump(&p, 1);
    tls_engine_verdict(p.client, true);
    pair_pump(&p, 1);
    say(p.client, p.server, &p, "one at a time");
    pair_free(&p);
}

/* T14's floor: nothing is written and nothing handed out before the certificate was judged. */
static void test_nothing_before_verdict(void **state) {
    (void)state;
    pair p;
    pair_usual(&p);
    pair_pump(&p, 0);
    assert_true(tls_engine_state(p.client) & TLS_WANTS_VERDICT);
    assert_false(tls_engine_state(p.client) & TLS_WANTS_PLAIN);
    assert_int_equal(tls_engine_plain_in(p.client, bytes_text("secret")), 0);
    assert_int_equal(tls_engine_plain_in(p.server, bytes_text("early")), 5);
    pair_pump(&p, 0);
    char got[8];
    assert_false(tls_engine_state(p.client) & TLS_HAS_PLAIN);
    assert_int_equal(tls_engine_plain_out(p.client, got, sizeof got), 0);
    tls_engine_verdict(p.client, true);
    assert_int_equal(tls_engine_plain_out(p.client, got, sizeof got), 5);
    assert_memory_equal(got, "early", 5);
    pair_free(&p);
}

static void test_verdict_refused(void **state) {
    (void)state;
    pair p;
    pair_usual(&p);
    pair_pump(&p, 0);
    tls_engine_verdict(p.client, false);
    assert_true(tls_engine_state(p.client) & TLS_FAILED);
    assert_status(tls_engine_error(p.client), BAD_CERTIFICATE);
    tls_engine_verdict(p.client, true); /* too late */
    assert_int_equal(tls_engine_plain_in(p.client, bytes_text("secret")), 0);
    assert_status(tls_engine_error(p.client), BAD_CERTIFICATE);
    pair_free(&p);
}

static void test_large(void **state) {
    (void)state;
    pair p;
    pair_usual(&p);
    pair_accept(&p);
    size_t size = 1024 * 1024, sent = 0, received = 0;
    uint8_t *bytes = malloc(size), *got = malloc(size);
    assert_non_null(bytes);
    assert_non_null(got);
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(i * 7 + i / 251);
    while (received < size) {
        sent += tls_engine_plain_in(p.server, bytes_of(bytes + sent, size - sent));
        uint8_t records[4096];
        size_t count = tls_engine_records_out(p.server, records, sizeof records), given = 0;
        while (given < count) {
            given += tls_engine_records_in(p.client, bytes_of(records + given, count - given));
            received += tls_engine_plain_out(p.client, got + received, size - received);
        }
    }
    assert_int_equal(sent, size);
    assert_memory_equal(bytes, got, size);
    free(bytes);
    free(got);
    pair_free(&p);
}

/* What nobody takes does not grow without end, on either side. */
static void test_bounds(void **state) {
    (void)state;
    pair p;
    pair_usual(&p);
    pair_accept(&p);
    static uint8_t zeros[1024 * 1024];
    size_t taken = tls_engine_plain_in(p.server, bytes_of(zeros, sizeof zeros));
    assert_true(taken >= 128 * 1024 && taken < 512 * 1024);
    assert_false(tls_engine_state(p.server) & TLS_WANTS_PLAIN);
    uint8_t records[4096];
    size_t in = 0, count = 0, given = 0;
    while (tls_engine_state(p.client) & TLS_WANTS_RECORDS) {
        if (given == count) {
            count = tls_engine_records_out(p.server, records, sizeof records);
            assert_true(count > 0);
            given = 0;
        }
        size_t now = tls_engine_records_in(p.client, bytes_of(records + given, count - given));
        given += now;
        in += now;
    }
    assert_true(in >= 64 * 1024 && in <= 128 * 1024);
    assert_true(tls_engine_state(p.client) & TLS_HAS_PLAIN);
    pair_free(&p);
}

static void test_close(void **state) {
    (void)state;
    pair p;
    pair_usual(&p);
    pair_accept(&p);
    assert_int_equal(tls_engine_plain_in(p.server, bytes_text("last")), 4);
    tls_engine_close(p.server);
    assert_false(tls_engine_state(p.server) & TLS_WANTS_PLAIN);
    pair_pump(&p, 0);
    assert_false(tls_engine_state(p.client) & TLS_ENDED); /* not everything was read */
    char got[8];
    assert_int_equal(tls_engine_plain_out(p.client, got, sizeof got), 4);
    unsigned now = tls_engine_state(p.client);
    assert_true(now & TLS_ENDED);
    assert_false(now & (TLS_WANTS_RECORDS | TLS_HAS_PLAIN | TLS_FAILED));
    /* The other direction is still open. */
    assert_int_equal(tls_engine_plain_in(p.client, bytes_text("bye")), 3);
    pair_pump(&p, 0);
    assert_int_equal(tls_engine_plain_out(p.server, got, sizeof got), 3);
    pair_free(&p);
}

static void test_garbage(void **state) {
    (void)state;
    pair p;
    pair_usual(&p);
    assert_true(tls_engine_records_in(p.server, bytes_text("<?xml version='1.0'?><stream:stream>")) > 0);
    unsigned now = tls_engine_state(p.server);
    assert_true(now & TLS_FAILED);
    assert_false(now & (TLS_WANTS_RECORDS | TLS_WANTS_PLAIN | TLS_HAS_PLAIN));
    assert_status(tls_engine_error(p.server), TLS_FAILED);
    assert_true(strlen(tls_engine_error_text(p.server)) > 0);
    assert_int_equal(tls_engine_records_in(p.server, bytes_text("more")), 0);
    pair_free(&p);
}

static void test_altered_record(void **state) {
    (void)state;
    pair p;
    pair_usual(&p);
    pair_accept(&p);
    assert_int_equal(tls_engine_plain_in(p.client, bytes_text("pay 10")), 6);
    uint8_t record[256];
    size_t len = tls_engine_records_out(p.client, record, sizeof record);
    record[len - 1] ^= 1;
    assert_int_equal(tls_engine_records_in(p.server, bytes_of(record, len)), len);
    char got[8];
    assert_int_equal(tls_engine_plain_out(p.server, got, sizeof got), 0);
    assert_true(tls_engine_state(p.server) & TLS_FAILED);
    assert_status(tls_engine_error(p.server), TLS_FAILED);
    /* The alert still goes out, and tells the other side. */
    assert_true(tls_engine_state(p.server) & TLS_HAS_RECORDS);
    pair_pump(&p, 0);
    assert_true(tls_engine_state(p.client) & TLS_FAILED);
    assert_status(tls_engine_error(p.client), TLS_FAILED);
    pair_free(&p);
}

static void test_old_version(void **state) {
    (void)state;
    pair p;
    pair_usual(&p);
    tls_engine_free(p.client);
    SSL_CTX *ssl = p.client_context->ssl;
    SSL_CTX_set_security_level(ssl, 0);
    assert_int_equal(SSL_CTX_set_min_proto_version(ssl, TLS1_VERSION), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(ssl, TLS1_1_VERSION), 1);
    assert_int_equal(SSL_CTX_set_cipher_list(ssl, "ALL:@SECLEVEL=0"), 1);
    assert_fine(tls_engine_new(&p.client, p.client_context, "im.example", NULL));
    pair_pump(&p, 0);
    assert_status(tls_engine_error(p.server), TLS_FAILED);
    assert_status(tls_engine_error(p.client), TLS_FAILED);
    pair_free(&p);
}

/* RFC 9266: the same on both sides, other on every connection; on TLS 1.2 only with the extended master secret. */
static void test_exporter(void **state) {
    (void)state;
    uint8_t client[32], server[32], again[32];
    pair p;
    pair_usual(&p);
    assert_status(tls_engine_exporter(p.client, client), STATE);
    pair_accept(&p);
    assert_fine(tls_engine_exporter(p.client, client));
    assert_fine(tls_engine_exporter(p.server, server));
    assert_memory_equal(client, server, 32);
    pair_free(&p);
    pair_usual(&p);
    pair_accept(&p);
    assert_fine(tls_engine_exporter(p.client, again));
    assert_memory_not_equal(client, again, 32);
    pair_free(&p);
}

static void version_1_2(pair *p, bool extended) {
    pair_usual(p);
    tls_engine_free(p->server);
    assert_int_equal(SSL_CTX_set_max_proto_version(p->server_context->ssl, TLS1_2_VERSION), 1);
    if (!extended) SSL_CTX_set_options(p->server_context->ssl, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    assert_fine(tls_engine_new(&p->server, p->server_context, NULL, NULL));
    pair_accept(p);
    assert_int_equal(tls_engine_facts(p->client)->version, 0x0303);
}

static void test_exporter_1_2(void **state) {
    (void)state;
    uint8_t client[32], server[32];
    pair p;
    version_1_2(&p, true);
    assert_fine(tls_engine_exporter(p.client, client));
    assert_fine(tls_engine_exporter(p.server, server));
    assert_memory_equal(client, server, 32);
    say(p.client, p.server, &p, "1.2");
    pair_free(&p);
    version_1_2(&p, false);
    assert_status(tls_engine_exporter(p.client, client), STATE);
    assert_status(tls_engine_exporter(p.server, server), STATE);
    pair_free(&p);
}

static int see_name(SSL *ssl, int *alert, void *arg) {
    (void)alert;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    strncpy(arg, name ? name : "(none)", 63);
    return SSL_TLSEXT_ERR_OK;
}

static void names_sent(const char *domain, const char *expected) {
    char seen[64] = "";
    pair p;
    pair_usual(&p);
    SSL_CTX_set_tlsext_servername_callback(p.server_context->ssl, see_name);
    SSL_CTX_set_tlsext_servername_arg(p.server_context->ssl, seen);
    tls_engine_free(p.client);
    assert_fine(tls_engine_new(&p.client, p.client_context, domain, NULL));
    pair_accept(&p);
    assert_string_equal(seen, expected);
    pair_free(&p);
}

static void test_sni(void **state) {
    (void)state;
    names_sent("im.example", "im.example");
    names_sent("192.0.2.1", "(none)"); /* RFC 6066 section 3 */
    names_sent("2001:db8::1", "(none)");
    names_sent(NULL, "(none)");
}

static void test_alpn(void **state) {
    (void)state;
    static const char *const ours[] = {"xmpp-client", NULL}, *const two[] = {"http/1.1", "xmpp-client", NULL},
                             *const other[] = {"xmpp-server", NULL};
    const char *const *offers[] = {ours, two, other, NULL};
    const char *const expected[] = {"xmpp-client", "xmpp-client", "", ""};
    for (size_t i = 0; i < 4; i++) {
        pair p;
        pair_usual(&p);
        tls_engine_free(p.client);
        tls_engine_free(p.server);
        assert_fine(tls_engine_new(&p.client, p.client_context, "im.example", offers[i]));
        assert_fine(tls_engine_new(&p.server, p.server_context, NULL, ours));
        pair_accept(&p);
        assert_true(bytes_is(tls_engine_facts(p.client)->alpn, expected[i]));
        assert_true(bytes_is(tls_engine_facts(p.server)->alpn, expected[i]));
        pair_free(&p);
    }
    static const char *const empty[] = {"", NULL};
    pair p;
    pair_usual(&p);
    tls_engine *none = NULL;
    assert_status(tls_engine_new(&none, p.client_context, "im.example", empty), USAGE);
    assert_null(none);
    pair_free(&p);
}

int engine_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversation),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_nothing_before_verdict),
        cmocka_unit_test(test_verdict_refused),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_altered_record),
        cmocka_unit_test(test_old_version),
        cmocka_unit_test(test_exporter),
        cmocka_unit_test(test_exporter_1_2),
        cmocka_unit_test(test_sni),
        cmocka_unit_test(test_alpn),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
