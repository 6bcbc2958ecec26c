/* SPDX-License-Identifier: ISC
 *
 * What many TLS connections share: the roots to trust, or the certificate to show, and which TLS is good enough (RFC
 * 9325: 1.2 at least, 1.3 preferred; no compression, no renegotiation, no tickets). A context must outlive its engines.
 */
#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include "tls/engine.h"

/* OpenSSL's OSSL_LIB_CTX: a context of their own lets tests give TLS its randomness. NULL: the process's. */
struct ossl_lib_ctx_st;

typedef struct tls_client_config {
    const sotto_host *host;
    struct ossl_lib_ctx_st *library;
    /* Roots to trust: the system's, and those given. With roots_pem or roots_file alone (--ca FILE) the system's do not
     * count. */
    bool system_roots;
    sotto_bytes roots_pem;   /* certificates in PEM, one after the other; empty: none */
    const char *roots_file;  /* the same in a file; NULL: none */
    uint64_t verify_time_ms; /* when certificates are to be valid; 0: now, by the system's clock */
} tls_client_config;

/* USAGE: no roots at all. MALFORMED: PEM that holds no certificate. NOT_FOUND: the file cannot be read.
 * CRYPTO_FAILED, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status tls_context_client(tls_context **ret, const tls_client_config *);

typedef struct tls_server_config {
    const sotto_host *host;
    struct ossl_lib_ctx_st *library;
    sotto_bytes certificates_pem; /* the leaf first, then what leads to a root */
    sotto_bytes key_pem;          /* of the leaf, without a passphrase */
} tls_server_config;

/* MALFORMED: no certificate, no key, or a key of another certificate. CRYPTO_FAILED, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status tls_context_server(tls_context **ret, const tls_server_config *);

/* TLS 1.3 between two who prove themselves inside the channel: the server shows a certificate that everybody has, key
 * and all, and the client takes no other. ALPN must be offered and chosen. No verdict is waited for. */
typedef struct tls_anonymous_config {
    const sotto_host *host;
    struct ossl_lib_ctx_st *library;
    bool server;
    sotto_bytes certificate; /* DER; outlives the context */
    sotto_bytes key;         /* DER of PKCS #8; server */
} tls_anonymous_config;

/* MALFORMED: no certificate, no key, or a key of another certificate. CRYPTO_FAILED, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status tls_context_anonymous(tls_context **ret, const tls_anonymous_config *);

void tls_context_free(tls_context *);

#endif
