/* SPDX-License-Identifier: ISC
 *
 * What is remembered of one device of a JID: its key, and the session with it. The session before the current one is a
 * record of its own, read only when a message fits nothing else. */
#ifndef SEAL_OMEMO_PEER_H
#define SEAL_OMEMO_PEER_H

#include "seal/omemo/session.h"
#include "seal/omemo/skipped.h"

#define OMEMO_UNANSWERED_MS   (30ull * 24 * 3600 * 1000) /* a session nobody confirmed is replaced after this (T24) */
#define OMEMO_PREVIOUS_CHAINS 16 /* receiving chains after which the session before is forgotten */

typedef struct omemo_peer {
    uint32_t device;
    bool known; /* key and fingerprint are */
    crypto_ed25519_public key;
    crypto_x25519_public fingerprint;
    bool has_session;
    bool has_previous;
    bool reply_due;      /* an empty message, once it gives nothing away (T23) */
    uint32_t sessions;   /* how many there were; the number of the current one */
    uint32_t beat_chain; /* the receiving chain a heartbeat was sent for */
    uint64_t begun_ms;   /* when the current session was started by us */
    uint64_t healed_ms;  /* when one was last started only because a message came without */
    omemo_session session;
} omemo_peer;

/* NOT_FOUND gives a device of which nothing is known, and OK. */
SOTTO_MUST_CHECK sotto_status omemo_peer_load(seal_env *, sotto_bytes jid, uint32_t device, omemo_peer *ret);
SOTTO_MUST_CHECK sotto_status omemo_peer_save(seal_env *, sotto_bytes jid, const omemo_peer *);
SOTTO_MUST_CHECK sotto_status omemo_peer_decode(omemo_peer *ret, uint32_t device, sotto_bytes value);

/* True: messages can be written to it without its bundle. */
bool omemo_peer_ready(const omemo_peer *, uint64_t now_ms);
/* Sets key and fingerprint. *ret_changed: it was known with another key (T9). BAD_KEY. */
SOTTO_MUST_CHECK sotto_status omemo_peer_learn(omemo_peer *, const crypto_ed25519_public *, bool *ret_changed);

typedef struct omemo_previous {
    uint32_t number; /* of the session */
    omemo_session session;
} omemo_previous;
SOTTO_MUST_CHECK sotto_status omemo_previous_load(seal_env *, sotto_bytes jid, uint32_t device, omemo_previous *ret);
SOTTO_MUST_CHECK sotto_status omemo_previous_save(seal_env *, sotto_bytes jid, uint32_t device, const omemo_previous *);
/* Drops it with its skipped keys; nothing happens when there is none. */
SOTTO_MUST_CHECK sotto_status omemo_previous_drop(seal_env *, sotto_bytes jid, omemo_peer *);
/* The current session becomes the previous one; the peer has none afterwards. */
SOTTO_MUST_CHECK sotto_status omemo_peer_retire(seal_env *, sotto_bytes jid, omemo_peer *);

/* Fills a key for the world: jid is borrowed. */
void omemo_peer_key(const omemo_peer *, sotto_bytes jid, seal_key *ret);

#endif
