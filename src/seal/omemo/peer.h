/* SPDX-License-Identifier: ISC
 *
 * What is remembered of one device of a JID: its key, and the session with it. Messages are written in the current
 * session only, which is with that key. One other session is a record of its own, read only when a message fits nothing
 * else: the one before; or of two that were begun at once the one that lost; or one with another identity that came in
 * the name of the device. */
#ifndef SEAL_OMEMO_PEER_H
#define SEAL_OMEMO_PEER_H

#include "seal/omemo/session.h"
#include "seal/omemo/skipped.h"

#define OMEMO_UNANSWERED_MS   (30ull * 24 * 3600 * 1000) /* a session nobody confirmed is replaced after this (T24) */
#define OMEMO_PREVIOUS_CHAINS 16 /* receiving chains of the current session after which the other is forgotten */

typedef struct omemo_peer {
    const omemo_dialect *dialect;
    uint32_t device;
    bool known;                       /* key and fingerprint are */
    omemo_identity key;               /* in the dialect's wire form */
    crypto_x25519_public fingerprint; /* in the form that all dialects share: by it keys are compared and trusted */
    bool has_session;
    bool has_previous;
    bool reply_due;    /* an empty message, once it gives nothing away (T23) */
    bool contested;    /* another identity wrote in its name: the bundle must say whose the device is (T9) */
    bool pinned;       /* its identity was seen in a better dialect: it is not written to in this one any more (T15) */
    uint32_t sessions; /* how many there were: numbers are not given twice */
    uint32_t number;   /* of the current one; names its skipped keys */
    uint32_t beat_chain; /* the receiving chain a heartbeat was sent for */
    uint32_t until;      /* the previous session goes when the current one has so many receiving chains */
    uint64_t begun_ms;   /* when the current session was started by us */
    uint64_t healed_ms;  /* when one was last started only because a message came without */
    omemo_session session;
} omemo_peer;

/* NOT_FOUND gives a device of which nothing is known, and OK. */
SOTTO_MUST_CHECK sotto_status omemo_peer_load(seal_env *, sotto_bytes jid, const omemo_dialect *, uint32_t device,
                                              omemo_peer *ret);
SOTTO_MUST_CHECK sotto_status omemo_peer_save(seal_env *, sotto_bytes jid, const omemo_peer *);
SOTTO_MUST_CHECK sotto_status omemo_peer_decode(omemo_peer *ret, const omemo_dialect *, uint32_t device,
                                                sotto_bytes value);
/* One of which nothing is known. */
omemo_peer omemo_peer_new(const omemo_dialect *, uint32_t device);
/* Whether a session is with the device's identity. */
bool omemo_peer_is_with(const omemo_peer *, const omemo_session *);

/* True: messages can be written to it without its bundle. */
bool omemo_peer_ready(const omemo_peer *, uint64_t now_ms);
/* Sets key and fingerprint. *ret_changed: it was known with another key (T9). BAD_KEY. */
SOTTO_MUST_CHECK sotto_status omemo_peer_learn(omemo_peer *, const omemo_identity *, bool *ret_changed);

typedef struct omemo_previous {
    uint32_t number; /* of the session */
    uint32_t beat_chain;
    bool crossed;      /* it and the current one were begun by both sides at once */
    uint64_t since_ms; /* when it became the other one */
    omemo_session session;
} omemo_previous;
SOTTO_MUST_CHECK sotto_status omemo_previous_load(seal_env *, sotto_bytes jid, const omemo_peer *, omemo_previous *ret);
SOTTO_MUST_CHECK sotto_status omemo_previous_save(seal_env *, sotto_bytes jid, const omemo_peer *,
                                                  const omemo_previous *);
/* Drops it with its skipped keys; nothing happens when there is none. */
SOTTO_MUST_CHECK sotto_status omemo_previous_drop(seal_env *, sotto_bytes jid, omemo_peer *);
/* Takes its place. When there was one already, that is dropped. */
SOTTO_MUST_CHECK sotto_status omemo_previous_set(seal_env *, sotto_bytes jid, omemo_peer *, const omemo_previous *);
/* The current session as what it would be as the previous one. */
void omemo_peer_as_previous(const omemo_peer *, uint64_t now_ms, omemo_previous *ret);
/* The current session becomes the previous one; the peer has none afterwards. */
SOTTO_MUST_CHECK sotto_status omemo_peer_retire(seal_env *, sotto_bytes jid, omemo_peer *);
/* The previous session becomes the current one, and the current one, if any, the previous one. */
SOTTO_MUST_CHECK sotto_status omemo_peer_swap(seal_env *, sotto_bytes jid, omemo_peer *, const omemo_previous *);
/* Both sessions go, with all their keys. */
SOTTO_MUST_CHECK sotto_status omemo_peer_forget(seal_env *, sotto_bytes jid, omemo_peer *);

/* Fills a key for the world: jid is borrowed. */
void omemo_peer_key(const omemo_peer *, sotto_bytes jid, seal_key *ret);

#endif
