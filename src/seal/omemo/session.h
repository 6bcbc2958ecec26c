/* SPDX-License-Identifier: ISC
 *
 * The Double Ratchet (XEP-0384 section 4.3) after a key exchange: one fixed-size struct, no allocation, no randomness
 * of its own. Two habits differ from the textbook and are invisible on the wire:
 * - The send half of a ratchet step is put off until something is sent, so reading costs one agreement and not two.
 * - Reading works on a copy. omemo_session_read changes nothing; what it found out is in a step, which
 *   omemo_session_apply makes the truth once the caller has checked everything else (the payload, the envelope). A
 *   forged message, or a true one with a damaged payload, therefore leaves no trace (T17).
 *
 * The associated data of a message are both identities as they are on the wire, each with the dialect's key prefix: in
 * omemo:2 the initiator's and then the responder's, whoever writes (X3DH section 3.3); in 0.3 the writer's and then the
 * reader's, which is libsignal's way. A session keeps the wire forms, so it belongs to one dialect, and whoever stores
 * it stores which.
 *
 * Keys of messages that were skipped are kept outside, by chain and number, through omemo_skipped. A chain is a
 * receiving chain, counted from 1. What is forgotten depends on events alone, not on time (section 4.3 recommends it):
 * more than SOTTO_OMEMO_SKIP_MAX keys push out the oldest, and OMEMO_CHAINS ratchet steps later a chain's are dropped.
 * How far keys were pushed out is remembered: a message from before that point may never have been read (TOO_OLD),
 * while any other that is behind and has no key was (DUPLICATE).
 */
#ifndef SEAL_OMEMO_SESSION_H
#define SEAL_OMEMO_SESSION_H

#include "bytes/arena.h"
#include "seal/omemo/dialect.h"

#define OMEMO_CHAINS           16
#define OMEMO_CHAIN_NAME_BYTES 8
#define OMEMO_PLAIN_BYTES_MAX  256 /* what one message may carry; a payload's key and MAC are 48 */
#define OMEMO_SESSION_BYTES    454 /* encoded */

typedef struct omemo_session {
    omemo_identity initiator; /* in the dialect's wire form */
    omemo_identity responder;
    crypto_x25519_public ephemeral; /* of the key exchange: tells a repeated one from a new one */
    uint32_t prekey_id;             /* of the key exchange */
    uint32_t signed_id;
    uint8_t root[32];
    crypto_x25519_pair own;    /* newest own ratchet pair */
    crypto_x25519_public peer; /* newest ratchet key of the peer */
    uint8_t send_chain[32];
    uint8_t receive_chain[32];
    uint32_t send_n; /* number of the next message */
    uint32_t send_pn;
    uint32_t receive_n;
    uint32_t chain;      /* receiving chains so far */
    uint32_t skipped;    /* keys kept outside */
    uint32_t gone_chain; /* up to this message, keys were pushed out; chain 0: none */
    uint32_t gone_n;
    bool initiated;   /* we are the initiator */
    bool unconfirmed; /* ... and nothing came back yet: every message carries the key exchange */
    bool owes;        /* the send half of the last ratchet step is still to be done */
    uint8_t past[OMEMO_CHAINS][OMEMO_CHAIN_NAME_BYTES]; /* first bytes of the ratchet keys of chains before, at chain %
                                                           OMEMO_CHAINS */
} omemo_session;

/* Where keys of skipped messages are kept. */
typedef struct omemo_skipped {
    void *arg;
    /* NOT_FOUND when it is not there. */
    sotto_status (*find)(void *arg, uint32_t chain, uint32_t n, uint8_t ret[32]);
    sotto_status (*remove)(void *arg, uint32_t chain, uint32_t n);
    /* Keys of `count` messages in a row, the first with number n. */
    sotto_status (*keep)(void *arg, uint32_t chain, uint32_t n, const uint8_t (*keys)[32], uint32_t count);
    /* The `count` oldest: of the lowest chain, in it of the lowest number. Tells which was the last of them. */
    sotto_status (*evict)(void *arg, uint32_t count, uint32_t *ret_chain, uint32_t *ret_n);
    /* All of one chain; tells how many there were. */
    sotto_status (*forget)(void *arg, uint32_t chain, uint32_t *ret_count);
} omemo_skipped;

/* What reading a message would change. Holds secrets: wipe it. */
typedef struct omemo_step {
    omemo_session next;
    bool used;           /* a skipped key was used ... */
    uint32_t used_chain; /* ... this one */
    uint32_t used_n;
    uint32_t chain;      /* that the message belongs to */
    bool stepped;        /* a new ratchet key */
    uint8_t (*keys)[32]; /* of newly skipped messages, in the arena */
    struct {
        uint32_t chain, n, count;
    } kept[2];
} omemo_step;

/* Sessions as a key exchange leaves them (called by omemo/exchange.c). `secret` is X3DH's. */
void omemo_session_begin(omemo_session *session, const uint8_t secret[32], const crypto_x25519_public *peer_signed);
void omemo_session_answer(omemo_session *session, const uint8_t secret[32], const crypto_x25519_pair *own_signed);

/* The other side's identity, in the dialect's wire form. */
const omemo_identity *omemo_session_peer(const omemo_session *);

/* True: the next message needs a fresh ratchet pair, made by the caller. */
static inline bool omemo_session_owes(const omemo_session *session) {
    return session->owes;
}

/* Appends the whole message (with the key exchange around it while unconfirmed: *ret_kex). `device`: our own, which
 * key exchanges of 0.3 name. `fresh` is only looked at, and must not be NULL, when the session owes. On failure the
 * session is as it was. TOO_LARGE, BAD_KEY, STATE, CRYPTO_FAILED, what the buffer says. */
SOTTO_MUST_CHECK sotto_status omemo_session_write(omemo_session *, const omemo_dialect *, uint32_t device,
                                                  const crypto_x25519_pair *fresh, sotto_bytes plain, bytes_buffer *ret,
                                                  bool *ret_kex);

/* What reading a message would cost, before any of it is spent: how many keys it skips; and whether its ratchet key is
 * one of this session, so that nothing has to be agreed. */
uint64_t omemo_session_ahead(const omemo_session *, const omemo_message *);
bool omemo_session_knows(const omemo_session *, const omemo_message *);

/* Appends what a message carries. DUPLICATE, TOO_OLD, TOO_FAR (before any derivation), BAD_KEY, BAD_MAC, MALFORMED,
 * TOO_LARGE, NO_MEMORY, what find says. */
SOTTO_MUST_CHECK sotto_status omemo_session_read(const omemo_session *, const omemo_dialect *, const omemo_message *,
                                                 const omemo_skipped *, bytes_arena *, omemo_step *ret,
                                                 bytes_buffer *ret_plain);
/* Stages what the step found out; the session is changed last. What the functions of omemo_skipped say. */
SOTTO_MUST_CHECK sotto_status omemo_session_apply(omemo_session *, const omemo_step *, const omemo_skipped *);

void omemo_session_encode(bytes_buffer *, const omemo_session *);
/* Exactly what encode wrote. STORE_CORRUPT, STORE_NEWER. */
SOTTO_MUST_CHECK sotto_status omemo_session_decode(omemo_session *ret, sotto_bytes);

/* One step of a message chain (KDF_CK): the key of this message, and the next chain key, which may be `chain`. */
void omemo_session_chain(const uint8_t chain[32], uint8_t ret_message[32], uint8_t ret_next[32]);
/* The three keys in a message key. 80 bytes: cipher 32, MAC 32, IV 16. */
SOTTO_MUST_CHECK sotto_status omemo_session_expand(const omemo_dialect *, const uint8_t message[32], uint8_t ret[80]);

#endif
