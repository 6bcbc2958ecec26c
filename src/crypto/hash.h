/* SPDX-License-Identifier: ISC
 *
 * Hashes and what is made of them: HMAC (RFC 2104), HKDF (RFC 5869), PBKDF2 (RFC 8018), Argon2id (RFC 9106). */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include <sotto/types.h>

typedef enum crypto_hash_kind { CRYPTO_SHA1, CRYPTO_SHA256, CRYPTO_SHA512 } crypto_hash_kind;
#define CRYPTO_HASH_BYTES_MAX 64

size_t crypto_hash_size(crypto_hash_kind);
/* ret holds crypto_hash_size bytes, here and below. */
SOTTO_MUST_CHECK sotto_status crypto_hash_of(crypto_hash_kind, uint8_t *ret, sotto_bytes message);
/* Over the concatenation of `count` spans. ret holds crypto_hash_size bytes. */
SOTTO_MUST_CHECK sotto_status crypto_hmac(crypto_hash_kind, uint8_t *ret, sotto_bytes key, const sotto_bytes *message,
                                          size_t count);
/* RFC 5869, extract then expand; a salt of length 0 is as many zero bytes as the hash has. At most 255 hashes: USAGE.
 */
SOTTO_MUST_CHECK sotto_status crypto_hkdf(crypto_hash_kind, uint8_t *ret, size_t size, sotto_bytes secret,
                                          sotto_bytes salt, sotto_bytes info);
SOTTO_MUST_CHECK sotto_status crypto_pbkdf2(crypto_hash_kind, uint8_t *ret, size_t size, sotto_bytes password,
                                            sotto_bytes salt, uint32_t iterations);
/* 64 MiB, 3 passes; the parameters are written beside the result by the caller. */
SOTTO_MUST_CHECK sotto_status crypto_argon2id(uint8_t ret[32], sotto_bytes passphrase, const uint8_t salt[16],
                                              uint32_t passes, uint32_t kibibytes);

/* In constant time. */
bool crypto_equal(const void *a, const void *b, size_t len);
/* From the host's generator, all or NO_RANDOM (out is wiped then). */
SOTTO_MUST_CHECK sotto_status crypto_random(const sotto_host *, void *out, size_t len);

#endif
