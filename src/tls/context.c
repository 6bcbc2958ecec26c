/* SPDX-License-Identifier: ISC
 *
 * Contexts: which TLS, which roots, whose certificate. */
#include "tls/context.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sotto/limits.h>

#include "bytes/memory.h"
#include "bytes/span.h"
#include "tls/parts.h"

/* RFC 9325 section 4.2: forward secrecy and authenticated encryption. TLS 1.3 has nothing else. */
#define CIPHERS_1_2    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!PSK"
#define SECURITY_LEVEL 2 /* 112 bits: no RSA below 2048, no SHA-1 and no MD5 in a chain */

static sotto_status context_new(tls_context **ret, const sotto_host *host, OSSL_LIB_CTX *library, bool server) {
    tls_context *context = bytes_new(host, sizeof *context);
    if (!context) return SOTTO_FAIL(NO_MEMORY);
    ERR_clear_error();
    SSL_CTX *ssl = SSL_CTX_new_ex(library, NULL, server ? TLS_server_method() : TLS_client_method());
    *context = (tls_context){.host = host, .ssl = ssl, .server = server};
    if (!ssl || SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ssl, CIPHERS_1_2) != 1) {
        sotto_status status = tls_failure(SOTTO_FAIL(CRYPTO_FAILED));
        tls_context_free(context);
        return status;
    }
    SSL_CTX_set_security_level(ssl, SECURITY_LEVEL);
    SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
    SSL_CTX_set_mode(ssl,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    if (server) SSL_CTX_set_alpn_select_cb(ssl, tls_alpn_select, NULL);
    *ret = context;
    return SOTTO_OK;
}

/* Adds every certificate of the PEM to the store, the first lines of comment skipped as PEM readers do. */
static sotto_status roots_add(X509_STORE *store, BIO *pem) {
    size_t count = 0;
    for (;;) {
        X509 *certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL);
        if (!certificate) break;
        /* What follows from its extensions is found out now: OpenSSL would do it in the middle of a handshake and,
         * where memory is short then, take the root for a bad one for ever. */
        sotto_status known = X509_check_purpose(certificate, -1, 0) == 1 ? SOTTO_OK : tls_failure(SOTTO_OK);
        int added = sotto_ok(known) ? X509_STORE_add_cert(store, certificate) : 0;
        X509_free(certificate);
        SOTTO_TRY(known);
        if (added != 1) return tls_failure(SOTTO_FAIL(CRYPTO_FAILED));
        count++;
    }
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    sotto_status status = tls_failure(SOTTO_FAIL(MALFORMED));
    return count > 0 && at_end && sotto_is(status, SOTTO_E_MALFORMED) ? SOTTO_OK : status;
}

static BIO *pem_bio(sotto_bytes pem) {
    return pem.len > INT_MAX ? NULL : BIO_new_mem_buf(pem.at, (int)pem.len);
}

static sotto_status roots_from_bytes(X509_STORE *store, sotto_bytes pem) {
    BIO *bio = pem_bio(pem);
    if (!bio) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = roots_add(store, bio);
    BIO_free(bio);
    return status;
}

static sotto_status roots_from_file(X509_STORE *store, const char *path) {
    BIO *bio = BIO_new_file(path, "r");
    if (!bio) return tls_failure(SOTTO_FAIL(NOT_FOUND));
    sotto_status status = roots_add(store, bio);
    BIO_free(bio);
    return status;
}

static sotto_status client_configure(tls_context *context, const tls_client_config *config) {
    X509_STORE *store = SSL_CTX_get_cert_store(context->ssl);
    if (!config->system_roots && config->roots_pem.len == 0 && !config->roots_file) return SOTTO_FAIL(USAGE);
    if (config->system_roots && SSL_CTX_set_default_verify_paths(context->ssl) != 1)
        return tls_failure(SOTTO_FAIL(CRYPTO_FAILED));
    if (config->roots_pem.len > 0) SOTTO_TRY(roots_from_bytes(store, config->roots_pem));
    if (config->roots_file) SOTTO_TRY(roots_from_file(store, config->roots_file));
    if (config->verify_time_ms > 0) {
        X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context->ssl), (time_t)(config->verify_time_ms / 1000));
    }
    SSL_CTX_set_verify_depth(context->ssl, SOTTO_CERTIFICATE_CHAIN_MAX);
    SSL_CTX_set_max_cert_list(context->ssl, SOTTO_CERTIFICATE_BYTES_MAX);
    return SOTTO_OK;
}

sotto_status tls_context_client(tls_context **ret, const tls_client_config *config) {
    tls_context *context;
    SOTTO_TRY(context_new(&context, config->host, config->library, false));
    sotto_status status = client_configure(context, config);
    if (!sotto_ok(status)) {
        tls_context_free(context);
        return status;
    }
    *ret = context;
    return SOTTO_OK;
}

static sotto_status server_certificates(SSL_CTX *ssl, BIO *pem) {
    X509 *leaf = PEM_read_bio_X509(pem, NULL, NULL, NULL);
    int used = leaf ? SSL_CTX_use_certificate(ssl, leaf) : 0;
    X509_free(leaf);
    if (used != 1) return tls_failure(SOTTO_FAIL(MALFORMED));
    for (;;) {
        X509 *certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL);
        if (!certificate) break;
        if (SSL_CTX_add0_chain_cert(ssl, certificate) != 1) {
            X509_free(certificate);
            return tls_failure(SOTTO_FAIL(CRYPTO_FAILED));
        }
    }
    sotto_status status = tls_failure(SOTTO_OK); /* the end of the text is told as a failure too */
    return status;
}

static sotto_status server_key(SSL_CTX *ssl, BIO *pem, OSSL_LIB_CTX *library) {
    /* An empty passphrase instead of a callback: never a question on the terminal. */
    char no_passphrase[] = "";
    EVP_PKEY *key = PEM_read_bio_PrivateKey_ex(pem, NULL, NULL, no_passphrase, library, NULL);
    int used = key ? SSL_CTX_use_PrivateKey(ssl, key) : 0;
    EVP_PKEY_free(key);
    return used == 1 && SSL_CTX_check_private_key(ssl) == 1 ? SOTTO_OK : tls_failure(SOTTO_FAIL(MALFORMED));
}

static sotto_status server_configure(tls_context *context, const tls_server_config *config) {
    BIO *certificates = pem_bio(config->certificates_pem), *key = pem_bio(config->key_pem);
    sotto_status status = certificates && key ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
    if (sotto_ok(status)) status = server_certificates(context->ssl, certificates);
    if (sotto_ok(status)) status = server_key(context->ssl, key, config->library);
    BIO_free(certificates);
    BIO_free(key);
    ERR_clear_error();
    if (sotto_ok(status) && SSL_CTX_set_num_tickets(context->ssl, 0) != 1)
        status = tls_failure(SOTTO_FAIL(CRYPTO_FAILED));
    return status;
}

sotto_status tls_context_server(tls_context **ret, const tls_server_config *config) {
    tls_context *context;
    SOTTO_TRY(context_new(&context, config->host, config->library, true));
    sotto_status status = server_configure(context, config);
    if (!sotto_ok(status)) {
        tls_context_free(context);
        return status;
    }
    *ret = context;
    return SOTTO_OK;
}

/* ---- anonymous ---- */

/* One hash alone: secrets that are kept from one session for the next one belong to a hash. */
#define ANONYMOUS_SUITES "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"
/* The star: a share is sent for it at once (OpenSSL 3.5, which is also the first to have the hybrid). */
#define ANONYMOUS_GROUPS      "*X25519MLKEM768:*X25519"
#define ANONYMOUS_GROUPS_LESS "X25519"
#define PADDED_TO             128u /* bytes of a record's content (RFC 8446 section 5.4) */

static sotto_status anonymous_key(SSL_CTX *ssl, const tls_anonymous_config *config) {
    const unsigned char *at = config->certificate.at, *key_at = config->key.at;
    if (config->certificate.len > SOTTO_CERTIFICATE_BYTES_MAX || config->key.len > SOTTO_CERTIFICATE_BYTES_MAX)
        return SOTTO_FAIL(MALFORMED);
    X509 *certificate = d2i_X509(NULL, &at, (long)config->certificate.len);
    EVP_PKEY *key = d2i_AutoPrivateKey_ex(NULL, &key_at, (long)config->key.len, config->library, NULL);
    bool used = certificate && key && SSL_CTX_use_certificate(ssl, certificate) == 1 &&
                SSL_CTX_use_PrivateKey(ssl, key) == 1 && SSL_CTX_check_private_key(ssl) == 1;
    sotto_status status = used ? SOTTO_OK : tls_failure(SOTTO_FAIL(MALFORMED));
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return status;
}

/* There is one certificate, and which one it was is looked at when the handshake is done (tls/engine.c). */
static int any_path(X509_STORE_CTX *store, void *arg) {
    (void)arg;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

static sotto_status anonymous_configure(tls_context *context, const tls_anonymous_config *config) {
    SSL_CTX *ssl = context->ssl;
    /* OpenSSL's macros take away const. */
    char signatures[] = "ed25519", groups[] = ANONYMOUS_GROUPS, groups_less[] = ANONYMOUS_GROUPS_LESS;
    context->anonymous = true;
    context->certificate = config->certificate;
    SSL_CTX_clear_options(ssl, SSL_OP_ENABLE_MIDDLEBOX_COMPAT); /* stanzas pass no such box */
    if (SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(ssl, ANONYMOUS_SUITES) != 1 || SSL_CTX_set1_sigalgs_list(ssl, signatures) != 1)
        return tls_failure(SOTTO_FAIL(CRYPTO_FAILED));
    if (SSL_CTX_set1_groups_list(ssl, groups) != 1 && SSL_CTX_set1_groups_list(ssl, groups_less) != 1)
        return tls_failure(SOTTO_FAIL(CRYPTO_FAILED));
    ERR_clear_error();
    if (SSL_CTX_set_block_padding(ssl, PADDED_TO) != 1) return tls_failure(SOTTO_FAIL(CRYPTO_FAILED));
    SOTTO_TRY(tls_secret_context(ssl, config->server));
    SSL_CTX_set_cert_verify_callback(ssl, any_path, NULL);
    if (!config->server) return SOTTO_OK;
    if (SSL_CTX_set_num_tickets(ssl, 0) != 1) return tls_failure(SOTTO_FAIL(CRYPTO_FAILED));
    return anonymous_key(ssl, config);
}

sotto_status tls_context_anonymous(tls_context **ret, const tls_anonymous_config *config) {
    tls_context *context;
    SOTTO_TRY(context_new(&context, config->host, config->library, config->server));
    sotto_status status = anonymous_configure(context, config);
    if (!sotto_ok(status)) {
        tls_context_free(context);
        return status;
    }
    *ret = context;
    return SOTTO_OK;
}

void tls_context_free(tls_context *context) {
    if (!context) return;
    SSL_CTX_free(context->ssl);
    bytes_free(context->host, context, sizeof *context);
}
