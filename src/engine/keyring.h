/* SPDX-License-Identifier: ISC
 *
 * What is known about keys: trust by (bare JID, key), and alarms. */
#ifndef ENGINE_KEYRING_H
#define ENGINE_KEYRING_H

#include "engine/state.h"
#include "trust/key.h"

/* Records a key that a seal learnt; the first time the policy decides and an event tells (and an alarm, when the same
 * key is known under another JID, or the device id had another key; T9). */
SOTTO_MUST_CHECK sotto_status engine_keyring_seen(sotto_engine *, size_t seal, const seal_key *);
/* A message was opened with it: last used, kept to the day. */
SOTTO_MUST_CHECK sotto_status engine_keyring_used(sotto_engine *, sotto_bytes jid, const uint8_t key[32]);
/* UNDECIDED for a key nobody has seen. */
SOTTO_MUST_CHECK sotto_status engine_keyring_trust(sotto_engine *, sotto_bytes jid, const uint8_t key[32],
                                                   sotto_trust *ret);
/* A person's decision. NOT_FOUND: no such key. */
SOTTO_MUST_CHECK sotto_status engine_keyring_decide(sotto_engine *, sotto_bytes jid, const uint8_t key[32],
                                                    sotto_trust);
/* The recorded keys of one JID, read once for many verdicts; in the call's arena. */
typedef struct engine_ring {
    sotto_bytes jid;
    struct engine_ring_key *first;
    bool any_verified;
} engine_ring;
SOTTO_MUST_CHECK sotto_status engine_ring_load(sotto_engine *, sotto_bytes jid, engine_ring *ret);
/* Whether a key may be sent to now. For own devices: a contact whose keys were verified is answered for by verified own
 * devices alone (T7, own list too): `ring->any_verified` is then set by the caller. */
trust_key_use engine_ring_verdict(const sotto_engine *, const engine_ring *, const uint8_t key[32]);
/* Whether a key may be sent to now, by itself. */
SOTTO_MUST_CHECK sotto_status engine_keyring_accepts(sotto_engine *, sotto_bytes jid, const uint8_t key[32], bool *ret);
/* Seals' lists joined with what is recorded; then recorded keys that no list has. */
SOTTO_MUST_CHECK sotto_status engine_keyring_visit(sotto_engine *, sotto_bytes jid, sotto_key_visit *, void *arg);

#endif
