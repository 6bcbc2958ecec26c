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

#endif
