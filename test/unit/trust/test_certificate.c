/* SPDX-License-Identifier: ISC
 *
 * Which certificates prove a domain: names against names in a table, and real certificates, made here, through a real
 * handshake. The rows are those of the interoperability matrix (RFC 9525, 5280, 4985, 9325). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include <sotto/limits.h>

#include "../tls/pair.h"
#include "bytes/span.h"
#include "groups.h"
#include "trust/certificate.h"

/* ---- names ---- */

static trust_certificate_reason judge_names(const char *dns, const char *srv, const char *domain) {
    sotto_bytes dns_name = bytes_text(dns), srv_name = bytes_text(srv);
    trust_certificate certificate = {.has_certificate = true,
                                     .path_valid = true,
                                     .dns_names = &dns_name,
                                     .dns_count = dns ? 1 : 0,
                                     .srv_names = &srv_name,
                                     .srv_count = srv ? 1 : 0};
    trust_certificate_reference reference = {bytes_text(domain), "_xmpp-client"};
    return trust_certificate_judge(&certificate, &reference);
}

static void test_names(void **state) {
    (void)state;
    static const struct {
        const char *dns, *srv, *domain;
        trust_certificate_reason expected;
    } rows[] = {
        {"im.example", NULL, "im.example", TRUST_CERTIFICATE_ACCEPTED},
        {"IM.Example", NULL, "im.example", TRUST_CERTIFICATE_ACCEPTED},
        {"example", NULL, "example", TRUST_CERTIFICATE_ACCEPTED},
        {"localhost", NULL, "localhost", TRUST_CERTIFICATE_ACCEPTED},
        {"im.example.", NULL, "im.example", TRUST_CERTIFICATE_OTHER},
        {"xim.example", NULL, "im.example", TRUST_CERTIFICATE_OTHER},
        {"example", NULL, "im.example", TRUST_CERTIFICATE_OTHER},
        {"im.example", NULL, "example", TRUST_CERTIFICATE_OTHER},
        {"im.example.org", NULL, "im.example", TRUST_CERTIFICATE_OTHER},
        /* a wildcard is the whole left-most label, and one label */
        {"*.im.example", NULL, "chat.im.example", TRUST_CERTIFICATE_ACCEPTED},
        {"*.IM.example", NULL, "Chat.im.EXAMPLE", TRUST_CERTIFICATE_ACCEPTED},
        {"*.im.example", NULL, "im.example", TRUST_CERTIFICATE_OTHER},
        {"*.im.example", NULL, "a.b.im.example", TRUST_CERTIFICATE_OTHER},
        {"*.im.example", NULL, ".im.example", TRUST_CERTIFICATE_OTHER},
        {"c*.im.example", NULL, "chat.im.example", TRUST_CERTIFICATE_OTHER},
        {"*t.im.example", NULL, "chat.im.example", TRUST_CERTIFICATE_OTHER},
        {"chat.*.example", NULL, "chat.im.example", TRUST_CERTIFICATE_OTHER},
        {"*.*.example", NULL, "chat.im.example", TRUST_CERTIFICATE_OTHER},
        {"*.example", NULL, "im.example", TRUST_CERTIFICATE_OTHER},
        {"*.example.", NULL, "im.example.", TRUST_CERTIFICATE_OTHER},
        {"*", NULL, "im.example", TRUST_CERTIFICATE_OTHER},
        {"*", NULL, "example", TRUST_CERTIFICATE_OTHER},
        {"*.", NULL, "example.", TRUST_CERTIFICATE_OTHER},
        {"*.im.example", NULL, "*.im.example", TRUST_CERTIFICATE_ACCEPTED}, /* the same text; no such domain exists */
        {"xn--*.im.example", NULL, "xn--strae-oqa.im.example", TRUST_CERTIFICATE_OTHER},
        {"xn--strae-oqa.example", NULL, "xn--strae-oqa.example", TRUST_CERTIFICATE_ACCEPTED},
        {"*.im.example", NULL, "xn--strae-oqa.im.example", TRUST_CERTIFICATE_ACCEPTED},
        /* SRV-ID */
        {NULL, "_xmpp-client.im.example", "im.example", TRUST_CERTIFICATE_ACCEPTED},
        {NULL, "_XMPP-Client.im.example", "im.example", TRUST_CERTIFICATE_ACCEPTED},
        {NULL, "_xmpp-server.im.example", "im.example", TRUST_CERTIFICATE_OTHER},
        {NULL, "_xmpp-client.other.example", "im.example", TRUST_CERTIFICATE_OTHER},
        {NULL, "_xmpp-clientim.example", "im.example", TRUST_CERTIFICATE_OTHER},
        {NULL, "_xmpp-client.*.im.example", "chat.im.example", TRUST_CERTIFICATE_ACCEPTED},
        {NULL, "_xmpp-client", "im.example", TRUST_CERTIFICATE_OTHER},
        {NULL, "_xmpp-client.", "im.example", TRUST_CERTIFICATE_OTHER},
        {NULL, "im.example", "im.example", TRUST_CERTIFICATE_OTHER},
        {"other.example", "_xmpp-client.im.example", "im.example", TRUST_CERTIFICATE_ACCEPTED},
        {"im.example", "_xmpp-client.other.example", "im.example", TRUST_CERTIFICATE_ACCEPTED},
        /* no names, no domain, addresses */
        {NULL, NULL, "im.example", TRUST_CERTIFICATE_UNNAMED},
        {"im.example", NULL, "", TRUST_CERTIFICATE_OTHER},
        {"192.0.2.1", NULL, "192.0.2.1", TRUST_CERTIFICATE_ADDRESS},
        {"2001:db8::1", NULL, "2001:db8::1", TRUST_CERTIFICATE_ADDRESS},
        {"1.example", NULL, "1.example", TRUST_CERTIFICATE_ACCEPTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        trust_certificate_reason got = judge_names(rows[i].dns, rows[i].srv, rows[i].domain);
        if (got != rows[i].expected) {
            fail_msg("%s / %s for %s: %s", rows[i].dns ? rows[i].dns : "-", rows[i].srv ? rows[i].srv : "-",
                     rows[i].domain, trust_certificate_text(got));
        }
    }
}

static void test_path_first(void **state) {
    (void)state;
    sotto_bytes name = BYTES_LITERAL("im.example");
    trust_certificate certificate = {.dns_names = &name, .dns_count = 1};
    trust_certificate_reference reference = {name, "_xmpp-client"};
    assert_int_equal(trust_certificate_judge(&certificate, &reference), TRUST_CERTIFICATE_NONE);
    certificate.has_certificate = true;
    assert_int_equal(trust_certificate_judge(&certificate, &reference), TRUST_CERTIFICATE_PATH);
    certificate.path_valid = true;
    assert_int_equal(trust_certificate_judge(&certificate, &reference), TRUST_CERTIFICATE_ACCEPTED);
}

/* ---- real certificates ---- */

typedef struct authorities {
    test_certificate root, middle, other;
} authorities;

static authorities make_authorities(const char *middle_basic, const char *middle_constraints) {
    const test_wish root = {.common_name = "root", .basic = "critical,CA:TRUE"};
    authorities all;
    all.root = test_certificate_make(&root);
    all.other = test_certificate_make(&root);
    const test_wish middle = {.common_name = "middle",
                              .basic = middle_basic ? middle_basic : "critical,CA:TRUE",
                              .constraints = middle_constraints,
                              .issuer = &all.root};
    all.middle = test_certificate_make(&middle);
    return all;
}

static void free_authorities(authorities *all) {
    test_certificate_free(&all->root);
    test_certificate_free(&all->middle);
    test_certificate_free(&all->other);
}

static trust_certificate_reason judge(const test_certificate *root, const test_certificate *const *chain,
                                      size_t count) {
    pair p;
    pair_contexts(&p, root, chain, count);
    pair_engines(&p, "im.example", NULL);
    pair_pump(&p, 0);
    const tls_facts *facts = tls_engine_facts(p.client);
    assert_non_null(facts);
    trust_certificate certificate = {facts->has_certificate, facts->path_valid, facts->path_error, facts->dns_names,
                                     facts->dns_count,       facts->srv_names,  facts->srv_count};
    trust_certificate_reference reference = {BYTES_LITERAL("im.example"), "_xmpp-client"};
    trust_certificate_reason reason = trust_certificate_judge(&certificate, &reference);
    assert_int_equal(facts->path_valid, facts->path_error == NULL);
    pair_free(&p);
    return reason;
}

#define SRV_CLIENT TEST_SRV_NAME "_xmpp-client.im.example"
#define SRV_SERVER TEST_SRV_NAME "_xmpp-server.im.example"

static void test_leaves(void **state) {
    (void)state;
    static const struct {
        const char *what;
        test_wish wish;
        trust_certificate_reason expected;
    } rows[] = {
        {"DNS-ID", {.names = "DNS:im.example"}, TRUST_CERTIFICATE_ACCEPTED},
        {"RSA-2048", {.names = "DNS:im.example", .key = TEST_KEY_RSA_2048}, TRUST_CERTIFICATE_ACCEPTED},
        {"Ed25519", {.names = "DNS:im.example", .key = TEST_KEY_ED25519}, TRUST_CERTIFICATE_ACCEPTED},
        {"EKU serverAuth", {.names = "DNS:im.example", .usage = "serverAuth"}, TRUST_CERTIFICATE_ACCEPTED},
        {"EKU both", {.names = "DNS:im.example", .usage = "clientAuth,serverAuth"}, TRUST_CERTIFICATE_ACCEPTED},
        {"SRVName only", {.names = SRV_CLIENT}, TRUST_CERTIFICATE_ACCEPTED},
        {"CN of another, DNS-ID ours", {.common_name = "x", .names = "DNS:im.example"}, TRUST_CERTIFICATE_ACCEPTED},
        {"second name", {.names = "DNS:a.example,DNS:im.example"}, TRUST_CERTIFICATE_ACCEPTED},
        {"SRVName of servers", {.names = SRV_SERVER}, TRUST_CERTIFICATE_OTHER},
        {"wrong host", {.names = "DNS:www.example"}, TRUST_CERTIFICATE_OTHER},
        {"wildcard for the apex", {.names = "DNS:*.im.example"}, TRUST_CERTIFICATE_OTHER},
        {"wildcard below the top", {.names = "DNS:*.example"}, TRUST_CERTIFICATE_OTHER},
        {"CN ours, DNS-ID of another",
         {.common_name = "im.example", .names = "DNS:x.example"},
         TRUST_CERTIFICATE_OTHER},
        {"CN ours, SRVName of another",
         {.common_name = "im.example", .names = TEST_SRV_NAME "_xmpp-client.x.example"},
         TRUST_CERTIFICATE_OTHER},
        {"CN only", {.common_name = "im.example"}, TRUST_CERTIFICATE_UNNAMED},
        {"XmppAddr only", {.names = TEST_XMPP_ADDR "im.example"}, TRUST_CERTIFICATE_UNNAMED},
        {"XmppAddr of a person", {.names = TEST_XMPP_ADDR "a@im.example"}, TRUST_CERTIFICATE_UNNAMED},
        {"NUL inside", {.raw_dns = "im.example\0.x.example", .raw_dns_len = 21}, TRUST_CERTIFICATE_UNNAMED},
        {"expired", {.names = "DNS:im.example", .from = -7200, .until = -3600}, TRUST_CERTIFICATE_PATH},
        {"not yet valid", {.names = "DNS:im.example", .from = 3600, .until = 7200}, TRUST_CERTIFICATE_PATH},
        {"EKU clientAuth only", {.names = "DNS:im.example", .usage = "clientAuth"}, TRUST_CERTIFICATE_PATH},
        {"unknown critical extension",
         {.names = "DNS:im.example", .critical_unknown = "1.3.6.1.4.1.32473.1"},
         TRUST_CERTIFICATE_PATH},
    };
    authorities all = make_authorities(NULL, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_wish wish = rows[i].wish;
        wish.issuer = &all.root;
        test_certificate leaf = test_certificate_make(&wish);
        const test_certificate *chain[] = {&leaf};
        trust_certificate_reason got = judge(&all.root, chain, 1);
        if (got != rows[i].expected) fail_msg("%s: %s", rows[i].what, trust_certificate_text(got));
        test_certificate_free(&leaf);
    }
    free_authorities(&all);
}

static void test_self_signed(void **state) {
    (void)state;
    const test_wish wish = {.common_name = "im.example", .names = "DNS:im.example"};
    authorities all = make_authorities(NULL, NULL);
    test_certificate own = test_certificate_make(&wish);
    const test_certificate *chain[] = {&own};
    assert_int_equal(judge(&all.root, chain, 1), TRUST_CERTIFICATE_PATH);
    assert_int_equal(judge(&own, chain, 1), TRUST_CERTIFICATE_ACCEPTED); /* --ca with the certificate itself */
    test_certificate_free(&own);
    free_authorities(&all);
}

typedef struct chain_row {
    const char *what;
    const char *basic, *constraints; /* of the certificate between */
    const char *names;               /* of the leaf */
    bool without_middle, backwards, extra;
    trust_certificate_reason expected;
} chain_row;

static trust_certificate_reason judge_chain(const chain_row *row) {
    authorities all = make_authorities(row->basic, row->constraints);
    const test_wish wish = {.names = row->names ? row->names : "DNS:im.example", .issuer = &all.middle};
    test_certificate leaf = test_certificate_make(&wish);
    const test_certificate *chain[4] = {&leaf};
    size_t count = 1;
    if (row->backwards) chain[count++] = &all.root;
    if (!row->without_middle) chain[count++] = &all.middle;
    if (row->extra) chain[count++] = &all.other;
    trust_certificate_reason got = judge(&all.root, chain, count);
    test_certificate_free(&leaf);
    free_authorities(&all);
    return got;
}

static void test_chains(void **state) {
    (void)state;
    static const chain_row rows[] = {
        {.what = "two steps", .expected = TRUST_CERTIFICATE_ACCEPTED},
        {.what = "wrong order", .backwards = true, .expected = TRUST_CERTIFICATE_ACCEPTED},
        {.what = "one too many", .extra = true, .expected = TRUST_CERTIFICATE_ACCEPTED},
        {.what = "the one between is missing", .without_middle = true, .expected = TRUST_CERTIFICATE_PATH},
        {.what = "the one between is no CA", .basic = "critical,CA:FALSE", .expected = TRUST_CERTIFICATE_PATH},
        {.what = "permitted",
         .constraints = "critical,permitted;DNS:im.example",
         .expected = TRUST_CERTIFICATE_ACCEPTED},
        {.what = "not permitted",
         .constraints = "critical,permitted;DNS:ok.example",
         .expected = TRUST_CERTIFICATE_PATH},
        {.what = "excluded", .constraints = "critical,excluded;DNS:example", .expected = TRUST_CERTIFICATE_PATH},
        /* RFC 4985 section 4: constraints bind SRVName; the path itself is valid, the name does not count. */
        {.what = "SRVName permitted",
         .constraints = "permitted;DNS:example",
         .names = SRV_CLIENT,
         .expected = TRUST_CERTIFICATE_ACCEPTED},
        {.what = "SRVName permitted, with a dot",
         .constraints = "permitted;DNS:.example",
         .names = SRV_CLIENT,
         .expected = TRUST_CERTIFICATE_ACCEPTED},
        {.what = "SRVName not permitted",
         .constraints = "permitted;DNS:ok.example",
         .names = SRV_CLIENT,
         .expected = TRUST_CERTIFICATE_UNNAMED},
        {.what = "SRVName not permitted, a tail that is no label",
         .constraints = "permitted;DNS:m.example",
         .names = SRV_CLIENT,
         .expected = TRUST_CERTIFICATE_UNNAMED},
        {.what = "SRVName excluded",
         .constraints = "excluded;DNS:im.example",
         .names = SRV_CLIENT,
         .expected = TRUST_CERTIFICATE_UNNAMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        trust_certificate_reason got = judge_chain(&rows[i]);
        if (got != rows[i].expected) fail_msg("%s: %s", rows[i].what, trust_certificate_text(got));
    }
}

/* A chain of `count` certificates between root and leaf. */
static trust_certificate_reason judge_long(size_t count) {
    static test_certificate between[16];
    const test_certificate *chain[17];
    authorities all = make_authorities(NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "between %zu", i);
        const test_wish wish = {
            .common_name = name, .basic = "critical,CA:TRUE", .issuer = i == 0 ? &all.root : &between[i - 1]};
        between[i] = test_certificate_make(&wish);
    }
    const test_wish wish = {.names = "DNS:im.example", .issuer = &between[count - 1]};
    test_certificate leaf = test_certificate_make(&wish);
    chain[0] = &leaf;
    for (size_t i = 0; i < count; i++) chain[i + 1] = &between[count - 1 - i];
    trust_certificate_reason got = judge(&all.root, chain, count + 1);
    for (size_t i = 0; i < count; i++) test_certificate_free(&between[i]);
    test_certificate_free(&leaf);
    free_authorities(&all);
    return got;
}

/* limit: SOTTO_CERTIFICATE_CHAIN_MAX */
static void test_long_chains(void **state) {
    (void)state;
    assert_int_equal(judge_long(SOTTO_CERTIFICATE_CHAIN_MAX), TRUST_CERTIFICATE_ACCEPTED);
    assert_int_equal(judge_long(SOTTO_CERTIFICATE_CHAIN_MAX + 1), TRUST_CERTIFICATE_PATH);
    assert_int_equal(judge_long(14), TRUST_CERTIFICATE_PATH);
}

/* RFC 9325: no SHA-1 in the path, no RSA below 2048 bits. */
static void test_weak(void **state) {
    (void)state;
    authorities all = make_authorities(NULL, NULL);
    const test_wish middle = {
        .common_name = "weak", .basic = "critical,CA:TRUE", .issuer = &all.root, .key = TEST_KEY_RSA_1024};
    test_certificate weak = test_certificate_make(&middle);
    const test_wish by_weak = {.names = "DNS:im.example", .issuer = &weak};
    const test_wish by_sha1 = {.names = "DNS:im.example", .issuer = &all.root, .hash = EVP_sha1()};
    test_certificate leaf = test_certificate_make(&by_weak), sha1 = test_certificate_make(&by_sha1);
    /* A server of security level 2 would not show these: the lab's is lowered for that. */
    const test_certificate *weak_chain[] = {&leaf, &weak}, *sha1_chain[] = {&sha1};
    pair p;
    for (int i = 0; i < 2; i++) {
        const test_wish usual = {.names = "DNS:im.example", .issuer = &all.root};
        test_certificate good = test_certificate_make(&usual);
        const test_certificate *good_chain[] = {&good};
        pair_contexts(&p, &all.root, good_chain, 1);
        SSL_CTX *ssl = p.server_context->ssl;
        const test_certificate *const *chain = i == 0 ? weak_chain : sha1_chain;
        SSL_CTX_set_security_level(ssl, 0);
        assert_int_equal(SSL_CTX_use_certificate(ssl, chain[0]->x509), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(ssl, chain[0]->key), 1);
        if (i == 0) assert_int_equal(SSL_CTX_add1_chain_cert(ssl, weak.x509), 1);
        pair_engines(&p, "im.example", NULL);
        pair_pump(&p, 0);
        const tls_facts *facts = tls_engine_facts(p.client);
        assert_non_null(facts);
        assert_false(facts->path_valid);
        pair_free(&p);
        test_certificate_free(&good);
    }
    test_certificate_free(&leaf);
    test_certificate_free(&sha1);
    test_certificate_free(&weak);
    free_authorities(&all);
}

static void test_texts(void **state) {
    (void)state;
    for (int i = TRUST_CERTIFICATE_ACCEPTED; i <= TRUST_CERTIFICATE_OTHER; i++) {
        assert_string_not_equal(trust_certificate_text((trust_certificate_reason)i), "unknown");
    }
}

int certificate_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),       cmocka_unit_test(test_path_first), cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_self_signed), cmocka_unit_test(test_chains),     cmocka_unit_test(test_long_chains),
        cmocka_unit_test(test_weak),        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
