/* SPDX-License-Identifier: ISC
 *
 * As fast as EVP allows: algorithms are looked up once, contexts are kept and used again, a hash is set once in each
 * HMAC context. So libomemo-c pays for its own work and for nothing that a host could spare it. */
#include "provider.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdlib.h>

#define MACS_KEPT 8

struct bench_provider {
    EVP_MAC *hmac;
    EVP_MD *sha512;
    EVP_CIPHER *cbc;
    EVP_CIPHER *ctr;
    EVP_CIPHER_CTX *cipher;
    EVP_MAC_CTX *macs[MACS_KEPT]; /* not in use, their hash set */
    size_t count;
};

static int random_bytes(uint8_t *data, size_t len, void *arg) {
    (void)arg;
    return RAND_bytes(data, (int)len) == 1 ? 0 : SG_ERR_UNKNOWN;
}

static EVP_MAC_CTX *mac_take(bench_provider *provider) {
    if (provider->count > 0) return provider->macs[--provider->count];
    char name[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                 OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(provider->hmac);
    if (context && EVP_MAC_CTX_set_params(context, params) == 1) return context;
    EVP_MAC_CTX_free(context);
    return NULL;
}

static int hmac_init(void **ret, const uint8_t *key, size_t key_len, void *arg) {
    EVP_MAC_CTX *context = mac_take(arg);
    *ret = context;
    return context && EVP_MAC_init(context, key, key_len, NULL) == 1 ? 0 : SG_ERR_UNKNOWN;
}

static int hmac_update(void *context, const uint8_t *data, size_t len, void *arg) {
    (void)arg;
    return EVP_MAC_update(context, data, len) == 1 ? 0 : SG_ERR_UNKNOWN;
}

static int hmac_final(void *context, signal_buffer **output, void *arg) {
    (void)arg;
    size_t size = 0;
    *output = signal_buffer_alloc(32);
    if (!*output) return SG_ERR_NOMEM;
    return EVP_MAC_final(context, signal_buffer_data(*output), &size, 32) == 1 ? 0 : SG_ERR_UNKNOWN;
}

static void hmac_cleanup(void *context, void *arg) {
    bench_provider *provider = arg;
    if (context && provider->count < MACS_KEPT)
        provider->macs[provider->count++] = context;
    else
        EVP_MAC_CTX_free(context);
}

static int sha512_init(void **ret, void *arg) {
    const bench_provider *provider = arg;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    *ret = context;
    return context && EVP_DigestInit_ex2(context, provider->sha512, NULL) == 1 ? 0 : SG_ERR_UNKNOWN;
}

static int sha512_update(void *context, const uint8_t *data, size_t len, void *arg) {
    (void)arg;
    return EVP_DigestUpdate(context, data, len) == 1 ? 0 : SG_ERR_UNKNOWN;
}

static int sha512_final(void *context, signal_buffer **output, void *arg) {
    const bench_provider *provider = arg;
    *output = signal_buffer_alloc(64);
    if (!*output) return SG_ERR_NOMEM;
    bool done = EVP_DigestFinal_ex(context, signal_buffer_data(*output), NULL) == 1 &&
                EVP_DigestInit_ex2(context, provider->sha512, NULL) == 1;
    return done ? 0 : SG_ERR_UNKNOWN;
}

static void sha512_cleanup(void *context, void *arg) {
    (void)arg;
    EVP_MD_CTX_free(context);
}

static const EVP_CIPHER *cipher_of(const bench_provider *provider, int which, size_t key_len) {
    if (key_len != 32) return NULL;
    return which == SG_CIPHER_AES_CBC_PKCS5 ? provider->cbc : provider->ctr;
}

static int encrypt_bytes(signal_buffer **output, int which, const uint8_t *key, size_t key_len, const uint8_t *iv,
                         size_t iv_len, const uint8_t *text, size_t len, void *arg) {
    const bench_provider *provider = arg;
    const EVP_CIPHER *cipher = cipher_of(provider, which, key_len);
    uint8_t out[1024];
    int most = 0, last = 0;
    if (!cipher || iv_len != 16 || len > sizeof out - 16) return SG_ERR_INVAL;
    bool done = EVP_EncryptInit_ex2(provider->cipher, cipher, key, iv, NULL) == 1 &&
                EVP_EncryptUpdate(provider->cipher, out, &most, text, (int)len) == 1 &&
                EVP_EncryptFinal_ex(provider->cipher, out + most, &last) == 1;
    *output = done ? signal_buffer_create(out, (size_t)(most + last)) : NULL;
    return *output ? 0 : SG_ERR_UNKNOWN;
}

static int decrypt_bytes(signal_buffer **output, int which, const uint8_t *key, size_t key_len, const uint8_t *iv,
                         size_t iv_len, const uint8_t *text, size_t len, void *arg) {
    const bench_provider *provider = arg;
    const EVP_CIPHER *cipher = cipher_of(provider, which, key_len);
    uint8_t out[1024];
    int most = 0, last = 0;
    if (!cipher || iv_len != 16 || len > sizeof out - 16) return SG_ERR_INVAL;
    bool done = EVP_DecryptInit_ex2(provider->cipher, cipher, key, iv, NULL) == 1 &&
                EVP_DecryptUpdate(provider->cipher, out, &most, text, (int)len) == 1 &&
                EVP_DecryptFinal_ex(provider->cipher, out + most, &last) == 1;
    *output = done ? signal_buffer_create(out, (size_t)(most + last)) : NULL;
    return *output ? 0 : SG_ERR_UNKNOWN;
}

bench_provider *bench_provider_new(void) {
    bench_provider *provider = calloc(1, sizeof *provider);
    if (!provider) abort();
    provider->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    provider->sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
    provider->cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    provider->ctr = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
    provider->cipher = EVP_CIPHER_CTX_new();
    if (!provider->hmac || !provider->sha512 || !provider->cbc || !provider->ctr || !provider->cipher) abort();
    return provider;
}

void bench_provider_free(bench_provider *provider) {
    while (provider->count > 0) EVP_MAC_CTX_free(provider->macs[--provider->count]);
    EVP_CIPHER_CTX_free(provider->cipher);
    EVP_CIPHER_free(provider->ctr);
    EVP_CIPHER_free(provider->cbc);
    EVP_MD_free(provider->sha512);
    EVP_MAC_free(provider->hmac);
    free(provider);
}

signal_crypto_provider bench_provider_table(bench_provider *provider) {
    return (signal_crypto_provider){.random_func = random_bytes,
                                    .hmac_sha256_init_func = hmac_init,
                                    .hmac_sha256_update_func = hmac_update,
                                    .hmac_sha256_final_func = hmac_final,
                                    .hmac_sha256_cleanup_func = hmac_cleanup,
                                    .sha512_digest_init_func = sha512_init,
                                    .sha512_digest_update_func = sha512_update,
                                    .sha512_digest_final_func = sha512_final,
                                    .sha512_digest_cleanup_func = sha512_cleanup,
                                    .encrypt_func = encrypt_bytes,
                                    .decrypt_func = decrypt_bytes,
                                    .user_data = provider};
}
