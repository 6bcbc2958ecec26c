/* SPDX-License-Identifier: ISC
 *
 * What the files about Curve25519 share. */
#ifndef CRYPTO_POINT_H
#define CRYPTO_POINT_H

#include <sotto/types.h>

/* Whether a coordinate is below p, all 256 bits counted. For public values. */
bool crypto_point_is_canonical(const uint8_t form[32]);
/* RFC 7748 section 5, decodeScalar25519. */
void crypto_point_clamp(uint8_t scalar[32]);

#endif
