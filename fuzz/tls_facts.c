/* SPDX-License-Identifier: ISC
 *
 * What tls/facts.c reads out of certificates that anybody may have made. The input is certificates in DER, each behind
 * its length in two bytes, the server's own first; they take the place of OpenSSL's by the linker (--wrap). */
#include <openssl/x509.h>

#include "rig.h"
#include "tls/parts.h"

static STACK_OF(X509) * shown;

X509 *__wrap_SSL_get0_peer_certificate(const SSL *ssl);
STACK_OF(X509) * __wrap_SSL_get0_verified_chain(const SSL *ssl);

X509 *__wrap_SSL_get0_peer_certificate(const SSL *ssl) {
    (void)ssl;
    return sk_X509_num(shown) > 0 ? sk_X509_value(shown, 0) : NULL;
}

STACK_OF(X509) * __wrap_SSL_get0_verified_chain(const SSL *ssl) {
    (void)ssl;
    return shown;
}

static void read_certificates(sotto_bytes in) {
    while (in.len >= 2 && sk_X509_num(shown) < 4) {
        size_t len = (size_t)fuzz_u8(&in) << 8;
        len |= fuzz_u8(&in);
        if (len > in.len) len = in.len;
        sotto_bytes der = fuzz_exact(bytes_of(in.at, len));
        const unsigned char *at = der.at;
        X509 *one = d2i_X509(NULL, &at, (long)len);
        fuzz_exact_free(der);
        in = bytes_after(in, len);
        if (one) MUST(sk_X509_push(shown, one) > 0);
    }
}

static void check_name(sotto_bytes name) {
    MUST(name.len > 0);
    for (size_t i = 0; i < name.len; i++) MUST(name.at[i] > ' ' && name.at[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_host host;
    fuzz_host_start(&host);
    bytes_arena arena;
    bytes_arena_init(&arena, &host.host, 1u << 22);
    shown = sk_X509_new_null();
    MUST(shown != NULL);
    read_certificates(bytes_of(data, size));
    tls_facts facts = {.version = 0x0304};
    sotto_status status = tls_facts_read(&facts, &arena, NULL);
    if (sotto_ok(status)) {
        MUST(facts.has_certificate == (sk_X509_num(shown) > 0));
        MUST(facts.dns_count <= SOTTO_CERTIFICATE_NAMES_MAX && facts.srv_count <= SOTTO_CERTIFICATE_NAMES_MAX);
        for (size_t i = 0; i < facts.dns_count; i++) check_name(facts.dns_names[i]);
        for (size_t i = 0; i < facts.srv_count; i++) check_name(facts.srv_names[i]);
        MUST((facts.leaf.len > 0) == facts.has_certificate);
    } else {
        MUST(sotto_is(status, SOTTO_E_CRYPTO_FAILED) && !facts.has_certificate);
    }
    sk_X509_pop_free(shown, X509_free);
    bytes_arena_clear(&arena);
    fuzz_host_end(&host);
    return 0;
}
