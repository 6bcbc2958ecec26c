/* SPDX-License-Identifier: ISC
 *
 * Ciphers. The output is written into room of the caller's buffer and cut off again when anything fails, so that
 * nothing unauthenticated is ever left there. */
#include <sodium.h>

#include "crypto/cipher.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "bytes/memory.h"
#include "crypto/fetched.h"
#include "crypto/hash.h"
#include "crypto/padding.h"

#define BLOCK             16
#define MESSAGE_BYTES_MAX ((size_t)INT_MAX - 2 * BLOCK) /* libcrypto counts in int */

static sotto_status library_failed(void) {
    ERR_clear_error();
    return SOTTO_FAIL(CRYPTO_FAILED);
}

/* Room in the buffer, or its failure; len is not 0. */
static sotto_status some_room(uint8_t **ret, bytes_buffer *buffer, size_t len) {
    SOTTO_TRY(buffer->status);
    *ret = bytes_buffer_room(buffer, len);
    if (*ret) return SOTTO_OK;
    return sotto_ok(buffer->status) ? SOTTO_FAIL(NO_ROOM) : buffer->status;
}

static sotto_status room(uint8_t **ret, bytes_buffer *buffer, size_t len) {
    return len > 0 ? some_room(ret, buffer, len) : buffer->status;
}

static sotto_status cbc_encrypt(uint8_t *out, const uint8_t key[32], const uint8_t iv[16], sotto_bytes message) {
    const crypto_fetched *fetched = crypto_fetched_get();
    if (!fetched) return SOTTO_FAIL(CRYPTO_FAILED);
    int most = 0, last = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool done = context && EVP_EncryptInit_ex2(context, fetched->cbc256, key, iv, NULL) == 1;
    if (done && message.len > 0) done = EVP_EncryptUpdate(context, out, &most, message.at, (int)message.len) == 1;
    done = done && EVP_EncryptFinal_ex(context, out + most, &last) == 1;
    EVP_CIPHER_CTX_free(context);
    return done && (size_t)(most + last) == crypto_cbc_size(message.len) ? SOTTO_OK : library_failed();
}

sotto_status crypto_cbc_encrypt(bytes_buffer *ret, const uint8_t key[32], const uint8_t iv[16], sotto_bytes message) {
    const size_t before = ret->len;
    uint8_t *out = NULL;
    if (message.len > MESSAGE_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    SOTTO_TRY(room(&out, ret, crypto_cbc_size(message.len)));
    sotto_status status = cbc_encrypt(out, key, iv, message);
    if (!sotto_ok(status)) bytes_buffer_cut(ret, before);
    return status;
}

static sotto_status cbc_decrypt(uint8_t *out, const uint8_t key[32], const uint8_t iv[16], sotto_bytes ciphertext) {
    const crypto_fetched *fetched = crypto_fetched_get();
    if (!fetched) return SOTTO_FAIL(CRYPTO_FAILED);
    int len = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool done = context && EVP_DecryptInit_ex2(context, fetched->cbc256, key, iv, NULL) == 1 &&
                EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
                EVP_DecryptUpdate(context, out, &len, ciphertext.at, (int)ciphertext.len) == 1;
    EVP_CIPHER_CTX_free(context);
    return done && (size_t)len == ciphertext.len ? SOTTO_OK : library_failed();
}

sotto_status crypto_cbc_decrypt(bytes_buffer *ret, const uint8_t key[32], const uint8_t iv[16],
                                sotto_bytes ciphertext) {
    const size_t before = ret->len;
    uint8_t *out = NULL;
    if (ciphertext.len == 0 || ciphertext.len % BLOCK != 0) return SOTTO_FAIL(MALFORMED);
    if (ciphertext.len > MESSAGE_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    SOTTO_TRY(room(&out, ret, ciphertext.len));
    sotto_status status = cbc_decrypt(out, key, iv, ciphertext);
    if (sotto_ok(status)) {
        size_t padding = crypto_padding_of(out + ciphertext.len - BLOCK);
        if (padding == 0)
            status = SOTTO_FAIL(MALFORMED);
        else
            bytes_buffer_cut(ret, before + ciphertext.len - padding);
    }
    if (!sotto_ok(status)) bytes_buffer_cut(ret, before);
    return status;
}

/* The cipher for a key of this size, when everything can be processed. */
static sotto_status gcm_cipher(const EVP_CIPHER **ret, sotto_bytes key, sotto_bytes iv, sotto_bytes aad,
                               sotto_bytes text) {
    if ((key.len != 16 && key.len != 32) || (iv.len != 12 && iv.len != 16)) return SOTTO_FAIL(USAGE);
    if (aad.len > MESSAGE_BYTES_MAX || text.len > MESSAGE_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    const crypto_fetched *fetched = crypto_fetched_get();
    if (!fetched) return SOTTO_FAIL(CRYPTO_FAILED);
    *ret = key.len == 16 ? fetched->gcm128 : fetched->gcm256;
    return SOTTO_OK;
}

static sotto_status gcm_encrypt(uint8_t *out, uint8_t ret_tag[16], const EVP_CIPHER *cipher, sotto_bytes key,
                                sotto_bytes iv, sotto_bytes aad, sotto_bytes message) {
    uint8_t tag[16], rest[BLOCK];
    int len = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool done = context && EVP_EncryptInit_ex2(context, cipher, NULL, NULL, NULL) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, (int)iv.len, NULL) == 1 &&
                EVP_EncryptInit_ex2(context, NULL, key.at, iv.at, NULL) == 1;
    if (done && aad.len > 0) done = EVP_EncryptUpdate(context, NULL, &len, aad.at, (int)aad.len) == 1;
    if (done && message.len > 0) done = EVP_EncryptUpdate(context, out, &len, message.at, (int)message.len) == 1;
    done = done && EVP_EncryptFinal_ex(context, rest, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!done) return library_failed();
    for (size_t i = 0; i < sizeof tag; i++) ret_tag[i] = tag[i];
    return SOTTO_OK;
}

sotto_status crypto_gcm_encrypt(bytes_buffer *ret, uint8_t ret_tag[16], sotto_bytes key, sotto_bytes iv,
                                sotto_bytes aad, sotto_bytes message) {
    const size_t before = ret->len;
    const EVP_CIPHER *cipher = NULL;
    uint8_t *out = NULL;
    SOTTO_TRY(gcm_cipher(&cipher, key, iv, aad, message));
    SOTTO_TRY(room(&out, ret, message.len));
    sotto_status status = gcm_encrypt(out, ret_tag, cipher, key, iv, aad, message);
    if (!sotto_ok(status)) bytes_buffer_cut(ret, before);
    return status;
}

static sotto_status gcm_decrypt(uint8_t *out, const EVP_CIPHER *cipher, sotto_bytes key, sotto_bytes iv,
                                sotto_bytes aad, sotto_bytes ciphertext, const uint8_t tag[16]) {
    uint8_t expected[16], rest[BLOCK];
    int len = 0;
    for (size_t i = 0; i < sizeof expected; i++) expected[i] = tag[i]; /* libcrypto takes it without const */
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool done = context && EVP_DecryptInit_ex2(context, cipher, NULL, NULL, NULL) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, (int)iv.len, NULL) == 1 &&
                EVP_DecryptInit_ex2(context, NULL, key.at, iv.at, NULL) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof expected, expected) == 1;
    if (done && aad.len > 0) done = EVP_DecryptUpdate(context, NULL, &len, aad.at, (int)aad.len) == 1;
    if (done && ciphertext.len > 0)
        done = EVP_DecryptUpdate(context, out, &len, ciphertext.at, (int)ciphertext.len) == 1;
    bool held = done && EVP_DecryptFinal_ex(context, rest, &len) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!done) return library_failed();
    if (!held) ERR_clear_error();
    return held ? SOTTO_OK : SOTTO_FAIL(BAD_MAC);
}

sotto_status crypto_gcm_decrypt(bytes_buffer *ret, sotto_bytes key, sotto_bytes iv, sotto_bytes aad,
                                sotto_bytes ciphertext, const uint8_t tag[16]) {
    const size_t before = ret->len;
    const EVP_CIPHER *cipher = NULL;
    uint8_t *out = NULL;
    SOTTO_TRY(gcm_cipher(&cipher, key, iv, aad, ciphertext));
    SOTTO_TRY(room(&out, ret, ciphertext.len));
    sotto_status status = gcm_decrypt(out, cipher, key, iv, aad, ciphertext, tag);
    if (!sotto_ok(status)) bytes_buffer_cut(ret, before);
    return status;
}

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
_Static_assert(CRYPTO_BOX_EXTRA == NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES, "what a box adds");

sotto_status crypto_box_put(bytes_buffer *ret, const uint8_t key[32], sotto_bytes context, sotto_bytes message,
                            const sotto_host *host) {
    const size_t before = ret->len;
    uint8_t *out = NULL;
    if (message.len > SIZE_MAX - CRYPTO_BOX_EXTRA) return SOTTO_FAIL(TOO_LARGE);
    SOTTO_TRY(some_room(&out, ret, message.len + CRYPTO_BOX_EXTRA));
    sotto_status status = crypto_random(host, out, NONCE);
    if (sotto_ok(status) && crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE, NULL, message.at, message.len,
                                                                       context.at, context.len, NULL, out, key) != 0)
        status = SOTTO_FAIL(CRYPTO_FAILED);
    if (!sotto_ok(status)) bytes_buffer_cut(ret, before);
    return status;
}

/* libsodium compares the tag first and decrypts after that. */
sotto_status crypto_box_get(bytes_buffer *ret, const uint8_t key[32], sotto_bytes context, sotto_bytes box) {
    const size_t before = ret->len;
    uint8_t *out = NULL;
    if (box.len < CRYPTO_BOX_EXTRA) return SOTTO_FAIL(BAD_MAC);
    SOTTO_TRY(room(&out, ret, box.len - CRYPTO_BOX_EXTRA));
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, box.at + NONCE, box.len - NONCE, context.at,
                                                   context.len, box.at, key) == 0)
        return SOTTO_OK;
    bytes_buffer_cut(ret, before);
    return SOTTO_FAIL(BAD_MAC);
}
