/* SPDX-License-Identifier: ISC
 *
 * Hashes, HMAC, key derivation. SHA-256, which every message needs, takes the short way of sha256.c; SHA-1 (entity
 * capabilities, SCRAM) and SHA-512 (Ed25519, SCRAM) go through EVP. */
#include <sodium.h>

#include "crypto/hash.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "bytes/memory.h"
#include "bytes/span.h"
#include "crypto/fetched.h"
#include "crypto/sha256.h"

#define HKDF_BLOCKS_MAX 255u /* RFC 5869 section 2.3 */

size_t crypto_hash_size(crypto_hash_kind kind) {
    switch (kind) {
    case CRYPTO_SHA1:
        return 20;
    case CRYPTO_SHA256:
        return 32;
    case CRYPTO_SHA512:
        return 64;
    }
    return 0;
}

static sotto_status library_failed(void) {
    ERR_clear_error();
    return SOTTO_FAIL(CRYPTO_FAILED);
}

static const EVP_MD *digest_of(const crypto_fetched *fetched, crypto_hash_kind kind) {
    switch (kind) {
    case CRYPTO_SHA1:
        return fetched->sha1;
    case CRYPTO_SHA256:
        return fetched->sha256;
    case CRYPTO_SHA512:
        return fetched->sha512;
    }
    return NULL;
}

sotto_status crypto_hash_of(crypto_hash_kind kind, uint8_t *ret, sotto_bytes message) {
    if (crypto_hash_size(kind) == 0) return SOTTO_FAIL(USAGE);
    if (kind == CRYPTO_SHA256) {
        crypto_sha256(ret, message);
        return SOTTO_OK;
    }
    const crypto_fetched *fetched = crypto_fetched_get();
    if (!fetched) return SOTTO_FAIL(CRYPTO_FAILED);
    if (EVP_Digest(message.at, message.len, ret, NULL, digest_of(fetched, kind), NULL) == 1) return SOTTO_OK;
    bytes_wipe(ret, crypto_hash_size(kind));
    return library_failed();
}

static sotto_status hmac_evp(crypto_hash_kind kind, uint8_t *ret, sotto_bytes key, const sotto_bytes *message,
                             size_t count) {
    static const uint8_t nothing[1] = {0}; /* a key at NULL would mean "keep the key" */
    const crypto_fetched *fetched = crypto_fetched_get();
    if (!fetched) return SOTTO_FAIL(CRYPTO_FAILED);
    char name[] = "SHA512";
    if (kind == CRYPTO_SHA1) memcpy(name, "SHA1", sizeof "SHA1");
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                 OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(fetched->hmac);
    bool done = context && EVP_MAC_init(context, key.len > 0 ? key.at : nothing, key.len, params) == 1;
    for (size_t i = 0; done && i < count; i++) {
        if (message[i].len > 0) done = EVP_MAC_update(context, message[i].at, message[i].len) == 1;
    }
    size_t size = 0;
    done = done && EVP_MAC_final(context, ret, &size, crypto_hash_size(kind)) == 1;
    EVP_MAC_CTX_free(context);
    if (done) return SOTTO_OK;
    bytes_wipe(ret, crypto_hash_size(kind));
    return library_failed();
}

sotto_status crypto_hmac(crypto_hash_kind kind, uint8_t *ret, sotto_bytes key, const sotto_bytes *message,
                         size_t count) {
    if (crypto_hash_size(kind) == 0) return SOTTO_FAIL(USAGE);
    if (kind != CRYPTO_SHA256) return hmac_evp(kind, ret, key, message, count);
    crypto_sha256_hmac(ret, key, message, count);
    return SOTTO_OK;
}

/* T(i) = HMAC(PRK, T(i-1) | info | i), RFC 5869 section 2.3. */
static sotto_status hkdf_expand(crypto_hash_kind kind, uint8_t *ret, size_t size, sotto_bytes prk, sotto_bytes info) {
    const size_t hash = crypto_hash_size(kind);
    uint8_t block[CRYPTO_HASH_BYTES_MAX];
    sotto_status status = SOTTO_OK;
    size_t before = 0;
    uint8_t number = 0;
    for (size_t at = 0; at < size; at += hash) {
        number++;
        const sotto_bytes parts[] = {bytes_of(block, before), info, bytes_of(&number, 1)};
        status = crypto_hmac(kind, block, prk, parts, 3);
        if (!sotto_ok(status)) break;
        memcpy(ret + at, block, size - at < hash ? size - at : hash);
        before = hash;
    }
    bytes_wipe(block, sizeof block);
    if (!sotto_ok(status)) bytes_wipe(ret, size);
    return status;
}

sotto_status crypto_hkdf(crypto_hash_kind kind, uint8_t *ret, size_t size, sotto_bytes secret, sotto_bytes salt,
                         sotto_bytes info) {
    const size_t hash = crypto_hash_size(kind);
    if (hash == 0 || size > HKDF_BLOCKS_MAX * hash) return SOTTO_FAIL(USAGE);
    if (kind == CRYPTO_SHA256 && crypto_sha256_hkdf(ret, size, secret, salt, info)) return SOTTO_OK;
    uint8_t prk[CRYPTO_HASH_BYTES_MAX];
    /* HMAC pads its key with zeros, so an empty salt already is RFC 5869's string of zeros. */
    SOTTO_TRY(crypto_hmac(kind, prk, salt, &secret, 1));
    sotto_status status = hkdf_expand(kind, ret, size, bytes_of(prk, hash), info);
    bytes_wipe(prk, sizeof prk);
    return status;
}

sotto_status crypto_pbkdf2(crypto_hash_kind kind, uint8_t *ret, size_t size, sotto_bytes password, sotto_bytes salt,
                           uint32_t iterations) {
    if (crypto_hash_size(kind) == 0 || iterations == 0 || iterations > INT_MAX || size == 0 || size > INT_MAX ||
        password.len > INT_MAX || salt.len > INT_MAX)
        return SOTTO_FAIL(USAGE);
    const crypto_fetched *fetched = crypto_fetched_get();
    if (!fetched) return SOTTO_FAIL(CRYPTO_FAILED);
    if (PKCS5_PBKDF2_HMAC((const char *)password.at, (int)password.len, salt.at, (int)salt.len, (int)iterations,
                          digest_of(fetched, kind), (int)size, ret) == 1)
        return SOTTO_OK;
    bytes_wipe(ret, size);
    return library_failed();
}

sotto_status crypto_argon2id(uint8_t ret[32], sotto_bytes passphrase, const uint8_t salt[16], uint32_t passes,
                             uint32_t kibibytes) {
    _Static_assert(crypto_pwhash_argon2id_SALTBYTES == 16, "the size of a salt");
    const size_t memory = (size_t)kibibytes * 1024;
    if (passes < crypto_pwhash_argon2id_OPSLIMIT_MIN || memory < crypto_pwhash_argon2id_MEMLIMIT_MIN ||
        memory / 1024 != kibibytes || passphrase.len > crypto_pwhash_argon2id_PASSWD_MAX)
        return SOTTO_FAIL(USAGE);
    SOTTO_TRY(crypto_fetched_get() ? SOTTO_OK : SOTTO_FAIL(CRYPTO_FAILED));
    const char *text = passphrase.len > 0 ? (const char *)passphrase.at : ""; /* declared to be never NULL */
    if (crypto_pwhash_argon2id(ret, 32, text, passphrase.len, salt, passes, memory,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0)
        return SOTTO_OK;
    bytes_wipe(ret, 32);
    return SOTTO_FAIL(NO_MEMORY); /* with arguments in range, nothing else can be missing */
}

bool crypto_equal(const void *a, const void *b, size_t len) {
    return CRYPTO_memcmp(a, b, len) == 0;
}

sotto_status crypto_random(const sotto_host *host, void *out, size_t len) {
    if (sotto_ok(host->random(host->arg, out, len))) return SOTTO_OK;
    bytes_wipe(out, len);
    return SOTTO_FAIL(NO_RANDOM);
}
