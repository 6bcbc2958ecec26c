/* SPDX-License-Identifier: ISC
 *
 * CPace (draft-irtf-cfrg-cpace, suite CPACE-RISTR255-SHA512): two people who share a password agree on a strong key,
 * and whoever is between them, or in place of one of them, gets one guess a run and nothing to try others on
 * afterwards. Initiator and responder are told apart (transcript_ir), and the key is confirmed both ways before it is
 * given out:
 *
 *     begin   (password, sid, channel)             -> run, and the share that is sent with own data
 *     finish  (run, role, the peer's share, data)  -> claim, and the tag that is sent
 *     confirm (claim, the peer's tag)              -> key
 *
 * A run and a claim are spent by their next step, whatever comes of it: a second share, or a second tag, against the
 * same secret would be a second guess. Nothing here waits, sends or keeps: the caller does, and counts failures.
 *
 * The password comes prepared: the draft asks for one form of a text (RFC 8265), which takes tables of Unicode that
 * this floor does not have. Bytes that differ are different passwords here. */
#ifndef CRYPTO_CPACE_H
#define CRYPTO_CPACE_H

#include <sotto/types.h>

#define CRYPTO_CPACE_PASSWORD_BYTES_MAX 1024u
#define CRYPTO_CPACE_SID_BYTES_MAX      64u   /* an exporter's value, or a hash */
#define CRYPTO_CPACE_CHANNEL_BYTES_MAX  8192u /* two full JIDs have at most 6,142 */

typedef struct crypto_cpace_share {
    uint8_t bytes[32];
} crypto_cpace_share;
typedef struct crypto_cpace_tag {
    uint8_t bytes[64];
} crypto_cpace_tag;
/* The draft's ISK. It is for deriving keys from (HKDF), not a key to use. */
typedef struct crypto_cpace_key {
    uint8_t bytes[64];
} crypto_cpace_key;

typedef enum crypto_cpace_role { CRYPTO_CPACE_INITIATOR, CRYPTO_CPACE_RESPONDER } crypto_cpace_role;

/* What both sides must have alike. */
typedef struct crypto_cpace_input {
    sotto_bytes password; /* PRS: prepared, not empty */
    sotto_bytes sid;      /* of this run and no other; not empty */
    sotto_bytes channel;  /* CI: what else both know; who they are goes here or into the data, the initiator first */
} crypto_cpace_input;

typedef struct crypto_cpace_run {
    crypto_cpace_share share; /* to be sent */
    uint8_t scalar[32];
    uint8_t sid[CRYPTO_CPACE_SID_BYTES_MAX];
    size_t sid_len; /* 0: spent */
} crypto_cpace_run;

typedef struct crypto_cpace_claim {
    crypto_cpace_key key;
    crypto_cpace_tag expected; /* from the peer, if it has the password */
    bool open;                 /* false: spent */
} crypto_cpace_claim;

/* The password is not kept. USAGE: something is empty that must not be, or too long. NO_RANDOM, CRYPTO_FAILED. */
SOTTO_MUST_CHECK sotto_status crypto_cpace_begin(crypto_cpace_run *ret, const crypto_cpace_input *, const sotto_host *);
/* What each side sent beside its share (ADa, ADb; empty is allowed, SOTTO_CPACE_DATA_BYTES_MAX at most) is part of what
 * they agree on. BAD_KEY: the share is no element of the group, is the neutral one, or is our own come back (a mirror
 * would confirm itself with our own tag); TOO_LARGE: the peer's data; in these cases the run is spent. USAGE, and
 * nothing changed: a spent run, own data too long. */
SOTTO_MUST_CHECK sotto_status crypto_cpace_finish(crypto_cpace_claim *ret, crypto_cpace_tag *ret_tag,
                                                  crypto_cpace_run *, crypto_cpace_role own, sotto_bytes own_data,
                                                  const crypto_cpace_share *peer, sotto_bytes peer_data);
/* BAD_MAC: another password, or another view of anything above. USAGE: a spent claim. */
SOTTO_MUST_CHECK sotto_status crypto_cpace_confirm(crypto_cpace_key *ret, crypto_cpace_claim *,
                                                   const crypto_cpace_tag *peer);
/* Spends a run or claim that is not gone on with. */
void crypto_cpace_run_wipe(crypto_cpace_run *);
void crypto_cpace_claim_wipe(crypto_cpace_claim *);

#endif
