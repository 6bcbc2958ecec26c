/* SPDX-License-Identifier: ISC */
#include "bare.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "bench/engine/measure.h"
#include "seal/live/certificate.h"
#include "seal/live/self.h"
#include "tls/engine.h"

#define PIECE_BYTES 16384u

struct bare {
    SSL_CTX *client, *server;
    EVP_PKEY *keys[2]; /* of client and server */
    uint8_t public_keys[2][32];
    uint8_t identity[TLS_SECRET_IDENTITY_BYTES], key[32];
};

static const unsigned char suite[] = {0x13, 0x01};
static const unsigned char id_context[] = "bench";
static const unsigned char alpn[] = "\014" LIVE_ALPN;

static bare *bare_of(const SSL *ssl) {
    return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

static SSL_SESSION *session_of(SSL *ssl) {
    const bare *b = bare_of(ssl);
    SSL_SESSION *session = SSL_SESSION_new();
    bench_check(session != NULL && SSL_SESSION_set1_master_key(session, b->key, sizeof b->key) == 1 &&
                SSL_SESSION_set_cipher(session, SSL_CIPHER_find(ssl, suite)) == 1 &&
                SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1 &&
                SSL_SESSION_set1_id_context(session, id_context, sizeof id_context - 1) == 1);
    return session;
}

/* A client always offers something; who has no secret, what nobody knows. */
static int psk_use(SSL *ssl, const EVP_MD *hash, const unsigned char **ret, size_t *ret_len,
                   SSL_SESSION **ret_session) {
    (void)hash;
    *ret_session = session_of(ssl);
    *ret = bare_of(ssl)->identity;
    *ret_len = TLS_SECRET_IDENTITY_BYTES;
    return 1;
}

static int psk_find(SSL *ssl, const unsigned char *identity, size_t len, SSL_SESSION **ret_session) {
    bool found = SSL_get_app_data(ssl) != NULL && len == TLS_SECRET_IDENTITY_BYTES &&
                 CRYPTO_memcmp(identity, bare_of(ssl)->identity, len) == 0;
    *ret_session = found ? session_of(ssl) : NULL;
    return 1;
}

static int alpn_choose(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                       unsigned int in_len, void *arg) {
    (void)ssl;
    (void)arg;
    return SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_len, alpn, sizeof alpn - 1, in, in_len) ==
                   OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static SSL_CTX *context_new(bare *b, const SSL_METHOD *method) {
    char groups[] = "*X25519MLKEM768:*X25519", groups_less[] = "X25519", signatures[] = "ed25519";
    SSL_CTX *ssl = SSL_CTX_new(method);
    bench_check(ssl != NULL && SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION) == 1 &&
                SSL_CTX_set_ciphersuites(ssl, "TLS_AES_128_GCM_SHA256") == 1 &&
                SSL_CTX_set1_sigalgs_list(ssl, signatures) == 1);
    bench_check(SSL_CTX_set1_groups_list(ssl, groups) == 1 || SSL_CTX_set1_groups_list(ssl, groups_less) == 1);
    bench_check(SSL_CTX_set_session_id_context(ssl, id_context, sizeof id_context - 1) == 1);
    SSL_CTX_clear_options(ssl, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_app_data(ssl, b);
    return ssl;
}

static void server_certificate(SSL_CTX *ssl) {
    const unsigned char *at = live_certificate().at, *key_at = live_certificate_key().at;
    X509 *certificate = d2i_X509(NULL, &at, (long)live_certificate().len);
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &key_at, (long)live_certificate_key().len);
    bench_check(SSL_CTX_use_certificate(ssl, certificate) == 1 && SSL_CTX_use_PrivateKey(ssl, key) == 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

bare *bare_new(void) {
    bare *b = calloc(1, sizeof *b);
    bench_check(b != NULL && RAND_bytes(b->key, sizeof b->key) == 1 &&
                RAND_bytes(b->identity, sizeof b->identity) == 1);
    for (size_t i = 0; i < 2; i++) {
        size_t len = sizeof b->public_keys[i];
        b->keys[i] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        bench_check(b->keys[i] != NULL && EVP_PKEY_get_raw_public_key(b->keys[i], b->public_keys[i], &len) == 1);
    }
    b->client = context_new(b, TLS_client_method());
    b->server = context_new(b, TLS_server_method());
    SSL_CTX_set_psk_use_session_callback(b->client, psk_use);
    SSL_CTX_set_psk_find_session_callback(b->server, psk_find);
    SSL_CTX_set_alpn_select_cb(b->server, alpn_choose, NULL);
    bench_check(SSL_CTX_set_alpn_protos(b->client, alpn, sizeof alpn - 1) == 0);
    bench_check(SSL_CTX_set_num_tickets(b->server, 0) == 1);
    server_certificate(b->server);
    return b;
}

void bare_free(bare *b) {
    SSL_CTX_free(b->client);
    SSL_CTX_free(b->server);
    for (size_t i = 0; i < 2; i++) EVP_PKEY_free(b->keys[i]);
    free(b);
}

const char *bare_version(void) {
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}

/* ---- handshakes ---- */

static SSL *end_new(SSL_CTX *context, bool server) {
    SSL *ssl = SSL_new(context);
    bench_check(ssl != NULL);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return ssl;
}

static void carry(SSL *from, SSL *to) {
    uint8_t piece[PIECE_BYTES];
    for (int got; (got = BIO_read(SSL_get_wbio(from), piece, sizeof piece)) > 0;)
        bench_check(BIO_write(SSL_get_rbio(to), piece, got) == got);
}

static void sign(EVP_PKEY *key, const uint8_t public_key[32], const uint8_t text[32]) {
    uint8_t signature[64];
    size_t len = sizeof signature;
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    bench_check(EVP_DigestSignInit(state, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(state, signature, &len, text, 32) == 1);
    EVP_MD_CTX_free(state);
    EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
    state = EVP_MD_CTX_new();
    bench_check(EVP_DigestVerifyInit(state, NULL, NULL, NULL, other) == 1 &&
                EVP_DigestVerify(state, signature, len, text, 32) == 1);
    EVP_MD_CTX_free(state);
    EVP_PKEY_free(other);
}

static void export(SSL *ssl, uint8_t ret[32]) {
    bench_check(SSL_export_keying_material(ssl, ret, 32, LIVE_EXPORTER, sizeof LIVE_EXPORTER - 1, NULL, 0, 0) == 1);
}

bare_pair bare_shake(bare *b, bool secret, unsigned signatures) {
    bare_pair made = {end_new(b->client, false), end_new(b->server, true)};
    uint8_t one[32], other[32];
    if (secret) SSL_set_app_data(made.server, b);
    for (int done = 0; done < 2;) {
        done = SSL_do_handshake(made.client) == 1;
        carry(made.client, made.server);
        done += SSL_do_handshake(made.server) == 1;
        carry(made.server, made.client);
    }
    bench_check((SSL_session_reused(made.client) == 1) == secret);
    export(made.client, one);
    export(made.server, other);
    bench_check(memcmp(one, other, sizeof one) == 0);
    for (unsigned i = 0; i < 2 * signatures; i++) sign(b->keys[i % 2], b->public_keys[i % 2], one);
    return made;
}

void bare_end(bare_pair *pair) {
    SSL_free(pair->client);
    SSL_free(pair->server);
}

/* ---- records ---- */

size_t bare_seal(bare_pair *pair, const void *plain, size_t len, void *ret, size_t size) {
    size_t written;
    bench_check(SSL_write_ex(pair->client, plain, len, &written) == 1 && written == len);
    int got = BIO_read(SSL_get_wbio(pair->client), ret, (int)size);
    bench_check(got > 0 && BIO_ctrl_pending(SSL_get_wbio(pair->client)) == 0);
    return (size_t)got;
}

size_t bare_open(bare_pair *pair, const void *record, size_t len, void *ret, size_t size) {
    size_t got;
    bench_check(BIO_write(SSL_get_rbio(pair->server), record, (int)len) == (int)len);
    bench_check(SSL_read_ex(pair->server, ret, size, &got) == 1);
    return got;
}
