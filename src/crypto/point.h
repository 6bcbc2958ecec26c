/* SPDX-License-Identifier: ISC
 *
 * What the files about Curve25519 share. */
#ifndef CRYPTO_POINT_H
#define CRYPTO_POINT_H

#include "crypto/curve.h"

/* Whether a coordinate is below p, all 256 bits counted. For public values. */
bool crypto_point_is_canonical(const uint8_t form[32]);
/* RFC 7748 section 5, decodeScalar25519. */
void crypto_point_clamp(uint8_t scalar[32]);
/* u of the point with this y (the top bit is ignored), without any check and without a branch. */
void crypto_point_to_u(uint8_t ret_u[32], const uint8_t y_form[32]);
/* The public key of a private one. */
SOTTO_MUST_CHECK sotto_status crypto_x25519_publish(crypto_x25519_public *ret, const crypto_x25519_private *);

#endif
