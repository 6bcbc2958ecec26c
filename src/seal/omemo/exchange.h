/* SPDX-License-Identifier: ISC
 *
 * X3DH (XEP-0384 section 4.2): starting a session from another device's bundle, and accepting one. Randomness comes in
 * as key pairs. */
#ifndef SEAL_OMEMO_EXCHANGE_H
#define SEAL_OMEMO_EXCHANGE_H

#include "seal/omemo/session.h"

/* What a session is started from: another device's bundle with one of its prekeys picked. */
typedef struct omemo_offer {
    omemo_identity identity;
    crypto_x25519_public signed_key;
    crypto_signature signature;
    crypto_x25519_public prekey;
    uint32_t signed_id;
    uint32_t prekey_id;
    bool verified;             /* omemo_offer_verify said so, and left here ... */
    crypto_x25519_public form; /* ... the identity as agreements need it */
} omemo_offer;

/* Signs a signed prekey as a bundle of the dialect has it. NO_RANDOM, CRYPTO_FAILED. */
SOTTO_MUST_CHECK sotto_status omemo_offer_sign(const omemo_dialect *, const crypto_identity *own,
                                               const crypto_x25519_public *signed_key, const sotto_host *random,
                                               crypto_signature *ret);
/* Checks the signature of the signed prekey, and the form of all three keys. BAD_SIGNATURE, BAD_KEY. */
SOTTO_MUST_CHECK sotto_status omemo_offer_verify(omemo_offer *, const omemo_dialect *);

/* Verifies the offer unless that was done, before any agreement (T30). BAD_SIGNATURE, BAD_KEY (small order, not
 * canonical, or our own identity), CRYPTO_FAILED. The first message needs a fresh ratchet pair besides. */
SOTTO_MUST_CHECK sotto_status omemo_exchange_initiate(omemo_session *ret, const omemo_dialect *,
                                                      const crypto_identity *own, const crypto_x25519_pair *ephemeral,
                                                      const omemo_offer *);

/* The session a key exchange asks for; the message in it must then be read with it. The caller found the pairs by the
 * ids in the exchange. BAD_KEY, CRYPTO_FAILED. */
SOTTO_MUST_CHECK sotto_status omemo_exchange_accept(omemo_session *ret, const omemo_dialect *,
                                                    const crypto_identity *own, const crypto_x25519_pair *signed_pair,
                                                    const crypto_x25519_pair *prekey, const omemo_kex *);

#endif
