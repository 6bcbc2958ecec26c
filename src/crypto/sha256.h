/* SPDX-License-Identifier: ISC
 *
 * SHA-256 by blocks, and HMAC with a key of which several codes are made. Cannot fail and takes no memory. */
#ifndef CRYPTO_SHA256_H
#define CRYPTO_SHA256_H

#include <sotto/types.h>

/* The states after the two padded forms of the key (RFC 2104 section 4). A secret: wipe it. */
typedef struct crypto_sha256_key {
    uint32_t inner[8];
    uint32_t outer[8];
} crypto_sha256_key;

void crypto_sha256(uint8_t ret[32], sotto_bytes message);
void crypto_sha256_key_from(crypto_sha256_key *ret, sotto_bytes key);
/* HMAC-SHA-256 over the concatenation of `count` spans. ret may be part of the message. */
void crypto_sha256_mac(uint8_t ret[32], const crypto_sha256_key *, const sotto_bytes *message, size_t count);
/* The same with a key that is used once. */
void crypto_sha256_hmac(uint8_t ret[32], sotto_bytes key, const sotto_bytes *message, size_t count);
/* RFC 5869; size is at most 255 * 32. False, and nothing is done: `info` is too long (more than 200 bytes). */
bool crypto_sha256_hkdf(uint8_t *ret, size_t size, sotto_bytes secret, sotto_bytes salt, sotto_bytes info);
/* `count` times: keys[i] is the HMAC of the byte 1 with the chain as key, and the chain becomes that of the byte 2. */
void crypto_sha256_walk(uint8_t chain[32], uint8_t (*keys)[32], size_t count);

#endif
