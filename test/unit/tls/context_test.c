/* SPDX-License-Identifier: ISC
 *
 * Contexts: where roots and keys come from, and what is refused. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bytes/span.h"
#include "groups.h"
#include "pair.h"

static const test_wish usual = {.common_name = "lab", .names = "DNS:im.example"};

static sotto_status client_with(tls_client_config config) {
    tls_context *context = NULL;
    config.host = sotto_host_default();
    sotto_status status = tls_context_client(&context, &config);
    if (!sotto_ok(status)) assert_null(context);
    tls_context_free(context);
    return status;
}

static void test_roots(void **state) {
    (void)state;
    test_certificate one = test_certificate_make(&usual), two = test_certificate_make(&usual);
    const test_certificate *both[] = {&one, &two};
    sotto_bytes pem = test_pem(both, 2), key = test_pem_key(&one);
    assert_fine(client_with((tls_client_config){.roots_pem = pem}));
    assert_fine(client_with((tls_client_config){.system_roots = true}));
    assert_fine(client_with((tls_client_config){.system_roots = true, .roots_pem = pem}));
    assert_status(client_with((tls_client_config){.system_roots = false}), USAGE);
    assert_status(client_with((tls_client_config){.roots_pem = bytes_text("not PEM")}), MALFORMED);
    assert_status(client_with((tls_client_config){.roots_pem = key}), MALFORMED);
    /* The second is cut: half a file is no list of roots. */
    assert_status(client_with((tls_client_config){.roots_pem = bytes_of(pem.at, pem.len - 60)}), MALFORMED);
    assert_status(client_with((tls_client_config){.roots_file = "/nonexistent/roots.pem"}), NOT_FOUND);
    test_pem_free(&pem);
    test_pem_free(&key);
    test_certificate_free(&one);
    test_certificate_free(&two);
}

static void test_roots_file(void **state) {
    (void)state;
    test_certificate one = test_certificate_make(&usual);
    const test_certificate *all[] = {&one};
    sotto_bytes pem = test_pem(all, 1);
    char path[] = "/tmp/sotto-roots-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, pem.at, pem.len), (ssize_t)pem.len);
    assert_int_equal(close(file), 0);
    assert_fine(client_with((tls_client_config){.roots_file = path}));
    assert_int_equal(unlink(path), 0);
    test_pem_free(&pem);
    test_certificate_free(&one);
}

static void test_server_key(void **state) {
    (void)state;
    test_certificate one = test_certificate_make(&usual), two = test_certificate_make(&usual);
    const test_certificate *all[] = {&one};
    sotto_bytes pem = test_pem(all, 1), key = test_pem_key(&two);
    tls_context *context = NULL;
    tls_server_config config = {.host = sotto_host_default(), .certificates_pem = pem, .key_pem = key};
    assert_status(tls_context_server(&context, &config), MALFORMED);
    config.key_pem = bytes_text("no key");
    assert_status(tls_context_server(&context, &config), MALFORMED);
    config.certificates_pem = key;
    assert_status(tls_context_server(&context, &config), MALFORMED);
    assert_null(context);
    test_pem_free(&pem);
    test_pem_free(&key);
    test_certificate_free(&one);
    test_certificate_free(&two);
}

/* A library context of its own works the same. */
static void test_own_library(void **state) {
    (void)state;
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    assert_non_null(library);
    test_certificate own = test_certificate_make(&usual);
    const test_certificate *chain[] = {&own};
    sotto_bytes pem = test_pem(chain, 1), key = test_pem_key(&own);
    tls_client_config client = {.host = sotto_host_default(), .library = library, .roots_pem = pem};
    tls_server_config server = {
        .host = sotto_host_default(), .library = library, .certificates_pem = pem, .key_pem = key};
    pair p;
    assert_fine(tls_context_client(&p.client_context, &client));
    assert_fine(tls_context_server(&p.server_context, &server));
    pair_engines(&p, "im.example", NULL);
    pair_accept(&p);
    assert_true(tls_engine_facts(p.client)->path_valid);
    pair_free(&p);
    OSSL_LIB_CTX_free(library);
    test_pem_free(&pem);
    test_pem_free(&key);
    test_certificate_free(&own);
}

int context_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_roots_file),
        cmocka_unit_test(test_server_key),
        cmocka_unit_test(test_own_library),
    };
    return cmocka_run_group_tests_name("context", tests, NULL, NULL);
}
