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
/* A person's decision, which own and their verified devices are told of (engine/vouch.h). NOT_FOUND: no such key. */
SOTTO_MUST_CHECK sotto_status engine_keyring_decide(sotto_engine *, sotto_bytes jid, const uint8_t key[32], sotto_trust,
                                                    seal_word);
/* What a verified device said of it, voice being whose device that is: recorded and told, and not passed on. */
SOTTO_MUST_CHECK sotto_status engine_keyring_vouched(sotto_engine *, sotto_bytes jid, const uint8_t key[32],
                                                     sotto_trust, sotto_bytes voice);
/* A seal says on whose word a key of its own is to count as verified; followed after its call (seal_env.vouch). */
SOTTO_MUST_CHECK sotto_status engine_keyring_vouch(sotto_engine *, sotto_bytes jid, const uint8_t key[32],
                                                   seal_voucher);
/* Whoever was known under another JID is known as `jid` now: what is recorded of the key is taken over, when the new
 * JID is nobody we know (no key, not on the roster, never spoken to; not the own one); *ret_taken. */
SOTTO_MUST_CHECK sotto_status engine_keyring_known_as(sotto_engine *, sotto_bytes jid, sotto_bytes old_jid,
                                                      const uint8_t key[32], bool *ret_taken);
/* Whether it is verified as another JID's, or is one of our own account's: an alarm then. */
SOTTO_MUST_CHECK sotto_status engine_keyring_is_others(sotto_engine *, sotto_bytes jid, const uint8_t key[32],
                                                       bool *ret);
/* What is recorded of a key. NOT_FOUND. */
SOTTO_MUST_CHECK sotto_status engine_keyring_find(sotto_engine *, sotto_bytes jid, const uint8_t key[32],
                                                  sotto_key *ret);
/* Every verified key of anybody, those of one JID together; spans live for the visit. */
typedef sotto_status engine_verified_visit(void *arg, const sotto_key *);
SOTTO_MUST_CHECK sotto_status engine_keyring_verified(sotto_engine *, engine_verified_visit *, void *arg);
/* Its dialect, else the seal's name. */
sotto_bytes engine_keyring_dialect(const sotto_engine *, size_t seal, const seal_key *);

/* Whether keys of a seal (as a key names it) are those of devices, on lists, and not of live sessions. */
bool engine_keyring_is_stored(const sotto_engine *, sotto_bytes seal);

/* The list of jid changed: which keys are on it is looked at later. */
SOTTO_MUST_CHECK sotto_status engine_keyring_list_changed(sotto_engine *, sotto_bytes jid);
/* What seals told in this step and could not be followed inside their calls. */
SOTTO_MUST_CHECK sotto_status engine_keyring_later(sotto_engine *);
/* How many accepted keys were taken off the list since then. */
SOTTO_MUST_CHECK sotto_status engine_keyring_gone(sotto_engine *, sotto_bytes jid, uint64_t since_ms, uint32_t *ret);
/* The first bytes of every recorded key that is on the list, as far as we know; in the call's arena. */
SOTTO_MUST_CHECK sotto_status engine_keyring_here(sotto_engine *, sotto_bytes jid, size_t prefix, sotto_bytes *ret);
/* What was decided elsewhere about a key that need not have been seen here. TOO_LARGE: more than SOTTO_KEYS_MAX of the
 * JID. */
SOTTO_MUST_CHECK sotto_status engine_keyring_record(sotto_engine *, sotto_bytes jid, const uint8_t key[32],
                                                    uint32_t device, sotto_trust);
/* The same of a key of this seal, whatever the seal. */
SOTTO_MUST_CHECK sotto_status engine_keyring_record_of(sotto_engine *, size_t seal, sotto_bytes jid,
                                                       const uint8_t key[32], uint32_t device, sotto_trust);
/* The recorded keys of one JID, read once for many verdicts; in the call's arena. */
typedef struct engine_ring {
    sotto_bytes jid;
    struct engine_ring_key *first;
    bool any_verified;
} engine_ring;
SOTTO_MUST_CHECK sotto_status engine_ring_load(sotto_engine *, sotto_bytes jid, engine_ring *ret);
sotto_trust engine_ring_trust(const engine_ring *, const uint8_t key[32]);
uint64_t engine_ring_first_seen(const engine_ring *, const uint8_t key[32]); /* UINT64_MAX: it is not recorded */
/* Whether a key may be sent to now. For own devices: a contact whose keys were verified is answered for by verified own
 * devices alone (T7, own list too): `ring->any_verified` is then set by the caller. */
trust_key_use engine_ring_verdict(const sotto_engine *, const engine_ring *, const uint8_t key[32]);
/* Whether a key may be sent to now, by itself. */
SOTTO_MUST_CHECK sotto_status engine_keyring_accepts(sotto_engine *, sotto_bytes jid, const uint8_t key[32], bool *ret);
/* What is sealed for these keys is sealed with: "omemo:2", "omemo:0.3", and with both "omemo:2+0.3"; in the arena. */
SOTTO_MUST_CHECK sotto_status engine_keyring_dialects(sotto_engine *, size_t seal, const seal_keys *, sotto_bytes *ret);
/* Seals' lists joined with what is recorded; then recorded keys that no list has. */
SOTTO_MUST_CHECK sotto_status engine_keyring_visit(sotto_engine *, sotto_bytes jid, sotto_key_visit *, void *arg);

#endif
