/* SPDX-License-Identifier: ISC
 *
 * Secrets of before as external PSKs, and what was agreed on. OpenSSL passes over such a secret in silence when its
 * hash is not the suite's, and refuses it without a session id context: engine.c holds that it was really used. */
#include <openssl/err.h>

#include "bytes/memory.h"
#include "crypto/hash.h"
#include "tls/parts.h"

static const unsigned char suite[] = {0x13, 0x01}; /* AES-128-GCM, SHA-256: for the hash alone */
static const unsigned char id_context[] = "sotto live";

static SSL_SESSION *session_new(SSL *ssl, const tls_secret *secret) {
    SSL_SESSION *session = SSL_SESSION_new();
    const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, suite);
    if (session && cipher && SSL_SESSION_set1_master_key(session, secret->key, sizeof secret->key) == 1 &&
        SSL_SESSION_set_cipher(session, cipher) == 1 &&
        SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1 &&
        SSL_SESSION_set1_id_context(session, id_context, sizeof id_context - 1) == 1 &&
        SSL_SESSION_set_max_early_data(session, 0) == 1)
        return session;
    SSL_SESSION_free(session);
    return NULL;
}

/* Called again after a retry request, with the hash that was chosen: there is one alone. */
int tls_secret_use(SSL *ssl, const EVP_MD *hash, const unsigned char **ret_identity, size_t *ret_len,
                   SSL_SESSION **ret) {
    const tls_secret *secret = tls_engine_secret(ssl, false);
    (void)hash;
    *ret = NULL;
    if (!secret) return 1;
    *ret = session_new(ssl, secret);
    if (!*ret) return 0;
    *ret_identity = secret->identity;
    *ret_len = sizeof secret->identity;
    return 1;
}

int tls_secret_find(SSL *ssl, const unsigned char *identity, size_t len, SSL_SESSION **ret) {
    const tls_secret *secret = tls_engine_secret(ssl, false);
    *ret = NULL;
    if (!secret || len != sizeof secret->identity || !crypto_equal(identity, secret->identity, len)) return 1;
    (void)tls_engine_secret(ssl, true);
    *ret = session_new(ssl, secret);
    return *ret ? 1 : 0;
}

sotto_status tls_secret_context(SSL_CTX *ssl, bool server) {
    if (SSL_CTX_set_session_id_context(ssl, id_context, sizeof id_context - 1) != 1)
        return tls_failure(SOTTO_FAIL(CRYPTO_FAILED));
    if (server)
        SSL_CTX_set_psk_find_session_callback(ssl, tls_secret_find);
    else
        SSL_CTX_set_psk_use_session_callback(ssl, tls_secret_use);
    return SOTTO_OK;
}

/* ---- what was agreed on ---- */

/* OpenSSL knows numbers of its own for what it had early, and flags those of TLS otherwise. */
static uint16_t group_of(const SSL *ssl) {
    SSL *asked;
    memcpy(&asked, &ssl, sizeof asked); /* its macro takes away const, and changes nothing */
    long group = SSL_get_negotiated_group(asked);
    if (group == NID_X25519) return TLS_GROUP_X25519;
    return (group & TLSEXT_nid_unknown) != 0 ? (uint16_t)(group & 0xffff) : 0;
}

void tls_agreed_read(const SSL *ssl, tls_agreed *ret) {
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    const unsigned char *alpn = NULL;
    unsigned alpn_len = 0;
    SSL_get0_alpn_selected(ssl, &alpn, &alpn_len);
    *ret = (tls_agreed){.secret = SSL_session_reused(ssl) == 1,
                        .group = group_of(ssl),
                        .suite = cipher ? SSL_CIPHER_get_protocol_id(cipher) : 0,
                        .alpn = bytes_of(alpn, alpn_len)};
}

const char *tls_group_name(uint16_t group) {
    if (group == TLS_GROUP_X25519) return "X25519";
    return group == TLS_GROUP_X25519MLKEM768 ? "X25519MLKEM768" : NULL;
}

const char *tls_suite_name(uint16_t number) {
    if (number == 0x1301) return "TLS_AES_128_GCM_SHA256";
    return number == 0x1303 ? "TLS_CHACHA20_POLY1305_SHA256" : NULL;
}
