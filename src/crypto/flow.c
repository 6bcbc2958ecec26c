/* SPDX-License-Identifier: ISC
 *
 * Flows over libcrypto's contexts. CBC's last block is held back by libcrypto itself until the padding was looked at.
 */
#include "crypto/flow.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "bytes/memory.h"
#include "crypto/fetched.h"

struct crypto_flow {
    const sotto_host *host;
    EVP_CIPHER_CTX *context;
    crypto_flow_kind kind;
    uint64_t total;
};

struct crypto_digest {
    const sotto_host *host;
    EVP_MD_CTX *context;
};

static sotto_status library_failed(void) {
    ERR_clear_error();
    return SOTTO_FAIL(CRYPTO_FAILED);
}

static bool flow_start(crypto_flow *flow, const EVP_CIPHER *cipher, sotto_bytes key, sotto_bytes iv) {
    int encrypt = flow->kind == CRYPTO_FLOW_GCM_ENCRYPT ? 1 : 0;
    bool gcm = flow->kind != CRYPTO_FLOW_CBC_DECRYPT;
    flow->context = EVP_CIPHER_CTX_new();
    if (!flow->context || EVP_CipherInit_ex2(flow->context, cipher, NULL, NULL, encrypt, NULL) != 1) return false;
    if (gcm && EVP_CIPHER_CTX_ctrl(flow->context, EVP_CTRL_AEAD_SET_IVLEN, (int)iv.len, NULL) != 1) return false;
    return EVP_CipherInit_ex2(flow->context, NULL, key.at, iv.at, encrypt, NULL) == 1;
}

sotto_status crypto_flow_new(crypto_flow **ret, const sotto_host *host, crypto_flow_kind kind, sotto_bytes key,
                             sotto_bytes iv) {
    bool cbc = kind == CRYPTO_FLOW_CBC_DECRYPT;
    bool fits =
        cbc ? key.len == 32 && iv.len == 16 : (key.len == 16 || key.len == 32) && (iv.len == 12 || iv.len == 16);
    if (!fits) return SOTTO_FAIL(USAGE);
    const crypto_fetched *fetched = crypto_fetched_get();
    if (!fetched) return SOTTO_FAIL(CRYPTO_FAILED);
    crypto_flow *flow = bytes_new(host, sizeof *flow);
    if (!flow) return SOTTO_FAIL(NO_MEMORY);
    flow->host = host;
    flow->kind = kind;
    const EVP_CIPHER *cipher = cbc ? fetched->cbc256 : key.len == 16 ? fetched->gcm128 : fetched->gcm256;
    if (!flow_start(flow, cipher, key, iv)) {
        crypto_flow_free(flow);
        return library_failed();
    }
    *ret = flow;
    return SOTTO_OK;
}

sotto_status crypto_flow_put(crypto_flow *flow, sotto_bytes piece, uint8_t *out, size_t *ret_len) {
    int len = 0;
    *ret_len = 0;
    if (piece.len > CRYPTO_FLOW_PIECE_MAX || flow->total + piece.len > CRYPTO_FLOW_BYTES_MAX - 64)
        return SOTTO_FAIL(TOO_LARGE);
    if (piece.len == 0) return SOTTO_OK;
    if (EVP_CipherUpdate(flow->context, out, &len, piece.at, (int)piece.len) != 1) return library_failed();
    flow->total += piece.len;
    *ret_len = (size_t)len;
    return SOTTO_OK;
}

/* The one thing that can be wrong at the end: what was decrypted is not what was encrypted. */
static sotto_status last_failed(const crypto_flow *flow) {
    ERR_clear_error();
    if (flow->kind == CRYPTO_FLOW_GCM_ENCRYPT) return SOTTO_FAIL(CRYPTO_FAILED);
    return flow->kind == CRYPTO_FLOW_GCM_DECRYPT ? SOTTO_FAIL(BAD_MAC) : SOTTO_FAIL(MALFORMED);
}

sotto_status crypto_flow_end(crypto_flow *flow, uint8_t tag[16], uint8_t *out, size_t *ret_len) {
    int len = 0;
    *ret_len = 0;
    if (flow->kind == CRYPTO_FLOW_GCM_DECRYPT &&
        EVP_CIPHER_CTX_ctrl(flow->context, EVP_CTRL_AEAD_SET_TAG, 16, tag) != 1)
        return library_failed();
    if (EVP_CipherFinal_ex(flow->context, out, &len) != 1) return last_failed(flow);
    if (flow->kind == CRYPTO_FLOW_GCM_ENCRYPT &&
        EVP_CIPHER_CTX_ctrl(flow->context, EVP_CTRL_AEAD_GET_TAG, 16, tag) != 1)
        return library_failed();
    *ret_len = (size_t)len;
    return SOTTO_OK;
}

void crypto_flow_free(crypto_flow *flow) {
    if (!flow) return;
    EVP_CIPHER_CTX_free(flow->context); /* which wipes the key */
    bytes_free(flow->host, flow, sizeof *flow);
}

/* ---- hashes ---- */

sotto_status crypto_digest_new(crypto_digest **ret, const sotto_host *host, crypto_hash_kind kind) {
    const crypto_fetched *fetched = crypto_fetched_get();
    if (!fetched) return SOTTO_FAIL(CRYPTO_FAILED);
    crypto_digest *digest = bytes_new(host, sizeof *digest);
    if (!digest) return SOTTO_FAIL(NO_MEMORY);
    const EVP_MD *which = kind == CRYPTO_SHA1     ? fetched->sha1
                          : kind == CRYPTO_SHA256 ? fetched->sha256
                                                  : fetched->sha512;
    digest->host = host;
    digest->context = EVP_MD_CTX_new();
    if (!digest->context || EVP_DigestInit_ex2(digest->context, which, NULL) != 1) {
        crypto_digest_free(digest);
        return library_failed();
    }
    *ret = digest;
    return SOTTO_OK;
}

sotto_status crypto_digest_put(crypto_digest *digest, sotto_bytes piece) {
    if (piece.len == 0) return SOTTO_OK;
    return EVP_DigestUpdate(digest->context, piece.at, piece.len) == 1 ? SOTTO_OK : library_failed();
}

sotto_status crypto_digest_end(crypto_digest *digest, uint8_t *ret) {
    return EVP_DigestFinal_ex(digest->context, ret, NULL) == 1 ? SOTTO_OK : library_failed();
}

void crypto_digest_free(crypto_digest *digest) {
    if (!digest) return;
    EVP_MD_CTX_free(digest->context);
    bytes_free(digest->host, digest, sizeof *digest);
}
