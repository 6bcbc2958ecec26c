/* SPDX-License-Identifier: ISC
 *
 * Identities as the dialects put them on the wire: an Ed25519 key in omemo:2, its Curve25519 form in 0.3. Which one the
 * bytes are only the dialect knows, so they have a type of their own, and everything that is done with them goes
 * through the dialect's table. The Curve25519 form is what both share: what people compare and what trust is recorded
 * by. */
#ifndef SEAL_OMEMO_IDENTITY_H
#define SEAL_OMEMO_IDENTITY_H

#include "crypto/curve.h"

typedef struct omemo_identity {
    uint8_t bytes[32];
} omemo_identity;

typedef struct omemo_identity_rules {
    omemo_identity (*of)(const crypto_identity *own);
    /* The Curve25519 form. BAD_KEY: not canonical, of small order, or with a torsion component (T26). */
    sotto_status (*form)(const omemo_identity *, crypto_x25519_public *ret);
    /* BAD_KEY, BAD_SIGNATURE. */
    sotto_status (*verify)(const omemo_identity *, sotto_bytes message, const crypto_signature *);
    sotto_status (*sign)(const crypto_identity *own, sotto_bytes message, const sotto_host *random,
                         crypto_signature *ret);
} omemo_identity_rules;

extern const omemo_identity_rules omemo_identity_edwards;    /* omemo:2 */
extern const omemo_identity_rules omemo_identity_montgomery; /* 0.3 */

#endif
