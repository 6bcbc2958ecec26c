/* SPDX-License-Identifier: ISC
 *
 * Two engines and the memory between them. */
#include "pair.h"

#include "bytes/span.h"

void pair_contexts(pair *p, const test_certificate *root, const test_certificate *const *chain, size_t count) {
    sotto_bytes roots = test_pem(&root, 1), certificates = test_pem(chain, count), key = test_pem_key(chain[0]);
    tls_client_config client = {.host = sotto_host_default(), .roots_pem = roots};
    tls_server_config server = {.host = sotto_host_default(), .certificates_pem = certificates, .key_pem = key};
    assert_fine(tls_context_client(&p->client_context, &client));
    assert_fine(tls_context_server(&p->server_context, &server));
    test_pem_free(&roots);
    test_pem_free(&certificates);
    test_pem_free(&key);
}

void pair_engines(pair *p, const char *domain, const char *const *alpn) {
    assert_fine(tls_engine_new(&p->client, p->client_context, domain, alpn));
    assert_fine(tls_engine_new(&p->server, p->server_context, NULL, alpn));
}

void pair_usual(pair *p) {
    const test_wish wish = {.common_name = "lab", .names = "DNS:im.example"};
    test_certificate own = test_certificate_make(&wish);
    const test_certificate *chain[] = {&own};
    pair_contexts(p, &own, chain, 1);
    pair_engines(p, "im.example", NULL);
    test_certificate_free(&own);
}

static size_t carry(tls_engine *from, tls_engine *to, size_t step) {
    uint8_t bytes[16384];
    size_t got = tls_engine_records_out(from, bytes, step > 0 && step < sizeof bytes ? step : sizeof bytes);
    size_t given = 0;
    while (given < got) {
        size_t taken = tls_engine_records_in(to, bytes_of(bytes + given, got - given));
        if (taken == 0) break;
        given += taken;
    }
    return got;
}

void pair_pump(pair *p, size_t step) {
    while (carry(p->client, p->server, step) + carry(p->server, p->client, step) > 0) {
    }
}

void pair_accept(pair *p) {
    pair_pump(p, 0);
    assert_true(tls_engine_state(p->client) & TLS_WANTS_VERDICT);
    tls_engine_verdict(p->client, true);
    pair_pump(p, 0);
}

void pair_free(pair *p) {
    tls_engine_free(p->client);
    tls_engine_free(p->server);
    tls_context_free(p->client_context);
    tls_context_free(p->server_context);
    *p = (pair){NULL, NULL, NULL, NULL};
}
