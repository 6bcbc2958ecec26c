/* SPDX-License-Identifier: ISC
 *
 * TLS contexts and handshakes of a client, with OpenSSL's memory and randomness running out. That is no mistake of the
 * server, and no fault of its certificate. */
#include "starve.h"

#include <openssl/rand.h>
#include <string.h>

#include "../tls/certificates.h"
#include "tls/context.h"

typedef struct tls_stage {
    sotto_bytes root_pem, chain_pem, key_pem;
    tls_context *client_context, *server_context;
    tls_engine *client, *server;
} tls_stage;

static const char *const alpn[] = {"xmpp-client", NULL};

static void stage_start(tls_stage *s) {
    *s = (tls_stage){0};
    const test_wish root_wish = {.common_name = "root",
                                 .basic = "critical,CA:TRUE",
                                 .constraints = "permitted;DNS:im.example",
                                 .key = TEST_KEY_ED25519};
    test_certificate root = test_certificate_make(&root_wish);
    const test_wish leaf_wish = {.names = "DNS:im.example,DNS:chat.im.example," TEST_SRV_NAME "_xmpp-client.im.example",
                                 .issuer = &root,
                                 .key = TEST_KEY_ED25519};
    test_certificate leaf = test_certificate_make(&leaf_wish);
    const test_certificate *roots[] = {&root}, *chain[] = {&leaf};
    s->root_pem = test_pem(roots, 1);
    s->chain_pem = test_pem(chain, 1);
    s->key_pem = test_pem_key(&leaf);
    test_certificate_free(&root);
    test_certificate_free(&leaf);
}

static void stage_end(tls_stage *s) {
    test_pem_free(&s->root_pem);
    test_pem_free(&s->chain_pem);
    test_pem_free(&s->key_pem);
}

static sotto_status make_client(tls_stage *s) {
    tls_client_config config = {.host = &supply_host, .roots_pem = s->root_pem};
    return tls_context_client(&s->client_context, &config);
}

static sotto_status make_server(tls_stage *s) {
    tls_server_config config = {.host = &supply_host, .certificates_pem = s->chain_pem, .key_pem = s->key_pem};
    return tls_context_server(&s->server_context, &config);
}

static void free_contexts(tls_stage *s) {
    tls_context_free(s->client_context);
    tls_context_free(s->server_context);
    s->client_context = s->server_context = NULL;
    assert_int_equal(supply_lent(SUPPLY_HOST), 0);
}

static void free_both(tls_stage *s) {
    tls_engine_free(s->client);
    tls_engine_free(s->server);
    s->client = s->server = NULL;
}

/* ---- contexts ---- */

static sotto_status call_context(void *arg) {
    return make_client(arg);
}

static void after_context(void *arg, sotto_status status, bytes_buffer *out) {
    tls_stage *s = arg;
    (void)out;
    if (!sotto_ok(status)) {
        assert_null(s->client_context);
        assert_int_equal(supply_lent(SUPPLY_HOST), 0);
    }
    free_contexts(s);
}

static void test_context(void **state) {
    (void)state;
    tls_stage s;
    const starved_script script = {"a TLS context",   NULL,         call_context, after_context,
                                   SOTTO_E_MALFORMED, STARVED_ALONE};
    stage_start(&s);
    starved_anew count = starve_anew(&script, &s);
    print_message("a TLS context: %zu failures, of these hidden %zu; %zu survived\n", count.failures, count.hidden,
                  count.survived[SUPPLY_OPENSSL]);
    assert_true(count.failures > 20);
    assert_int_equal(count.survived[SUPPLY_HOST], 0);
    stage_end(&s);
}

/* ---- handshakes: the client's side ---- */

static size_t carry(tls_engine *from, tls_engine *to) {
    uint8_t bytes[16384];
    size_t got = tls_engine_records_out(from, bytes, sizeof bytes), given = 0;
    while (given < got) {
        size_t taken = tls_engine_records_in(to, bytes_of(bytes + given, got - given));
        if (taken == 0) break;
        given += taken;
    }
    return got;
}

static sotto_status new_client(tls_stage *s) {
    return tls_engine_new(&s->client, s->client_context, "im.example", alpn);
}

/* The first flight. */
static sotto_status call_hello(void *arg) {
    return new_client(arg);
}

static void after_hello(void *arg, sotto_status status, bytes_buffer *out) {
    tls_stage *s = arg;
    (void)out;
    if (!sotto_ok(status)) assert_null(s->client);
    free_both(s);
}

/* The server's flight is there. */
static void prepare_flight(void *arg) {
    tls_stage *s = arg;
    assert_ok(new_client(s));
    assert_ok(tls_engine_new(&s->server, s->server_context, NULL, alpn));
    assert_true(carry(s->client, s->server) > 0);
}

/* Its certificates are read and their path looked at; a name for the channel, and something each way. */
static sotto_status call_flight(void *arg) {
    tls_stage *s = arg;
    uint8_t name[32];
    (void)carry(s->server, s->client);
    SOTTO_TRY(tls_engine_error(s->client));
    if (tls_engine_facts(s->client) == NULL) return SOTTO_FAIL(STATE);
    tls_engine_verdict(s->client, true);
    SOTTO_TRY(tls_engine_exporter(s->client, name));
    if (tls_engine_plain_in(s->client, BYTES_LITERAL("to the server")) == 0) return tls_engine_error(s->client);
    return tls_engine_error(s->client);
}

static void put_facts(bytes_buffer *out, const tls_facts *facts) {
    bytes_buffer_u8(out, facts->has_certificate);
    bytes_buffer_u8(out, facts->path_valid);
    bytes_buffer_text(out, facts->path_error ? facts->path_error : "valid");
    for (size_t i = 0; i < facts->dns_count; i++) bytes_buffer_block(out, facts->dns_names[i]);
    for (size_t i = 0; i < facts->srv_count; i++) bytes_buffer_block(out, facts->srv_names[i]);
    bytes_buffer_put(out, bytes_of(facts->spki_sha256, sizeof facts->spki_sha256));
    bytes_buffer_u32(out, (uint32_t)facts->version);
    bytes_buffer_text(out, facts->cipher);
    bytes_buffer_put(out, facts->alpn);
}

/* A handshake that failed is over, and says nothing of the certificate. One that survived says what it should. That the
 * contexts are as good as ever is shown by the next n, which gets further. */
static void after_flight(void *arg, sotto_status status, bytes_buffer *out) {
    tls_stage *s = arg;
    const tls_facts *facts = tls_engine_facts(s->client);
    if (sotto_ok(status)) put_facts(out, facts);
    free_both(s);
}

static void shake_starved(const starved_script *script) {
    tls_stage s;
    stage_start(&s);
    assert_ok(make_client(&s));
    assert_ok(make_server(&s));
    starved_anew count = starve_anew(script, &s);
    print_message("%s: %zu failures, of these hidden %zu; %zu survived\n", script->what, count.failures, count.hidden,
                  count.survived[SUPPLY_OPENSSL]);
    assert_true(count.failures > 100);
    assert_true(count.hidden < count.failures / 10);
    assert_int_equal(count.survived[SUPPLY_HOST] + count.survived[SUPPLY_TLS_RANDOM], 0);
    free_contexts(&s);
    stage_end(&s);
}

static void test_hello(void **state) {
    (void)state;
    shake_starved(&(starved_script){"a client's hello", NULL, call_hello, after_hello, 0, STARVED_BOTH});
}

static void test_flight(void **state) {
    (void)state;
    shake_starved(&(starved_script){"a server's flight", prepare_flight, call_flight, after_flight, SOTTO_E_TLS_FAILED,
                                    STARVED_BOTH});
}

int tls_group(void) {
    const struct CMUnitTest tests[] = {STARVED(test_context), STARVED(test_hello), STARVED(test_flight)};
    return cmocka_run_group_tests_name("starved: tls", tests, NULL, NULL);
}
