/* SPDX-License-Identifier: ISC
 *
 * Proofs: a signature over everything that makes a session this one. */
#ifndef SEAL_LIVE_PROOF_H
#define SEAL_LIVE_PROOF_H

#include "crypto/curve.h"
#include "seal/live/frame.h"

typedef struct live_circumstances {
    uint8_t exporter[32];
    sotto_bytes initiator, responder; /* full JIDs */
    bool by_initiator;
    uint8_t earlier[32]; /* SHA-256 of the other side's message before: of the first proof, in the second; of the
                            you-first that asked for it, in the first; zeros where it was not asked for */
    sotto_bytes secret;  /* id of the retained secret that was the PSK; empty: none */
} live_circumstances;

SOTTO_MUST_CHECK sotto_status live_proof_make(live_message *ret, const live_circumstances *, const crypto_identity *,
                                              const sotto_host *);
/* BAD_KEY: the own key comes back, or no key at all. BAD_SIGNATURE. */
SOTTO_MUST_CHECK sotto_status live_proof_check(const live_message *, const live_circumstances *,
                                               const crypto_identity *own);
/* What the later proof says of the earlier one. */
SOTTO_MUST_CHECK sotto_status live_proof_hash(uint8_t ret[32], const live_message *);

#endif
