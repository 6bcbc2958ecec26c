/* SPDX-License-Identifier: ISC
 *
 * Curve25519 in its two forms: agreement (X25519, RFC 7748) and signatures (Ed25519, RFC 8032; XEdDSA). Keys of
 * different kinds are different types, so that a swap does not compile. */
#ifndef CRYPTO_CURVE_H
#define CRYPTO_CURVE_H

#include <sotto/types.h>

typedef struct crypto_x25519_public {
    uint8_t bytes[32];
} crypto_x25519_public;
typedef struct crypto_x25519_private {
    uint8_t bytes[32];
} crypto_x25519_private;
typedef struct crypto_x25519_pair {
    crypto_x25519_private private_key;
    crypto_x25519_public public_key;
} crypto_x25519_pair;
typedef struct crypto_ed25519_public {
    uint8_t bytes[32];
} crypto_ed25519_public;
typedef struct crypto_signature {
    uint8_t bytes[64];
} crypto_signature;

/* An identity: one key for agreement and signatures. It is kept either as an Ed25519 seed (as Sotto makes them) or as
 * a Curve25519 scalar (as other clients do, imported); the wire sees no difference (XEP-0384 section 4.2). */
typedef struct crypto_identity {
    uint8_t is_scalar; /* 0: seed, 1: scalar */
    uint8_t secret[32];
    crypto_ed25519_public ed25519; /* the public forms, always filled in */
    crypto_x25519_private x25519_private;
    crypto_x25519_public x25519;
} crypto_identity;

/* Once per process before anything else in crypto; may be called again. CRYPTO_FAILED. */
SOTTO_MUST_CHECK sotto_status crypto_start(void);

SOTTO_MUST_CHECK sotto_status crypto_x25519_new(crypto_x25519_pair *ret, const sotto_host *);
/* The public key of a private one. */
SOTTO_MUST_CHECK sotto_status crypto_x25519_derive(crypto_x25519_pair *ret, const crypto_x25519_private *);
/* Agreement. BAD_KEY when the peer's key is not canonical (high bit set, u >= p; T26) or of small order, so that the
 * result would be all zero (T25); ret is wiped then. */
SOTTO_MUST_CHECK sotto_status crypto_x25519_agree(uint8_t ret[32], const crypto_x25519_private *,
                                                  const crypto_x25519_public *);
/* Canonical, not of small order. For keys that are stored before they are used. */
SOTTO_MUST_CHECK sotto_status crypto_x25519_check(const crypto_x25519_public *);

SOTTO_MUST_CHECK sotto_status crypto_identity_new(crypto_identity *ret, const sotto_host *);
SOTTO_MUST_CHECK sotto_status crypto_identity_from_seed(crypto_identity *ret, const uint8_t seed[32]);
/* The Ed25519 form of a scalar has sign bit 0 (XEdDSA section 2.3). */
SOTTO_MUST_CHECK sotto_status crypto_identity_from_scalar(crypto_identity *ret, const uint8_t scalar[32]);
/* Ed25519 with a seed; XEdDSA with a scalar (64 random bytes). Both verify with crypto_ed25519_verify. */
SOTTO_MUST_CHECK sotto_status crypto_identity_sign(crypto_signature *ret, const crypto_identity *, sotto_bytes message,
                                                   const sotto_host *);
/* XEdDSA as its specification has it, randomness given. */
SOTTO_MUST_CHECK sotto_status crypto_xeddsa_sign(crypto_signature *ret, const uint8_t scalar[32], sotto_bytes message,
                                                 const uint8_t random[64]);
/* Strict (RFC 8032 section 5.1.7 without cofactor; S < L, no small-order A or R; T27). BAD_KEY, BAD_SIGNATURE. */
SOTTO_MUST_CHECK sotto_status crypto_ed25519_verify(const crypto_ed25519_public *, sotto_bytes message,
                                                    const crypto_signature *);
/* Birational map (RFC 7748 section 4.1). BAD_KEY: not on the curve, not canonical, small order, or with a torsion
 * component (T26). */
SOTTO_MUST_CHECK sotto_status crypto_ed25519_to_x25519(crypto_x25519_public *ret, const crypto_ed25519_public *);
/* The same for a key that is not converted: canonical, on the curve, and in the subgroup of prime order. For keys whose
 * very bytes are compared or signed. BAD_KEY. */
SOTTO_MUST_CHECK sotto_status crypto_x25519_check_order(const crypto_x25519_public *);
/* sign: 0 or 1, the top bit of the result. BAD_KEY as above. */
SOTTO_MUST_CHECK sotto_status crypto_x25519_to_ed25519(crypto_ed25519_public *ret, const crypto_x25519_public *,
                                                       int sign);

#endif
