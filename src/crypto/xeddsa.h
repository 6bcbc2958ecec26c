/* SPDX-License-Identifier: ISC
 *
 * The key pair that XEdDSA makes of a Curve25519 scalar. */
#ifndef CRYPTO_XEDDSA_H
#define CRYPTO_XEDDSA_H

#include "crypto/curve.h"

typedef struct crypto_xeddsa_pair {
    uint8_t scalar[32]; /* of the public key: the one given, clamped, or its negative */
    crypto_ed25519_public public_key;
} crypto_xeddsa_pair;

SOTTO_MUST_CHECK sotto_status crypto_xeddsa_pair_from(crypto_xeddsa_pair *ret, const uint8_t scalar[32]);

#endif
