/* SPDX-License-Identifier: ISC
 *
 * Automatic trust management (XEP-0450) by trust messages (XEP-0434): what a person decides about a key is told to own
 * devices and to the contact's, sealed and for verified keys alone; what those tell is acted on here. The rules are
 * trust/vouch.h; doc/policy.md says what they come from. */
#ifndef ENGINE_VOUCH_H
#define ENGINE_VOUCH_H

#include "engine/keyring.h"
#include "engine/send.h"

/* A person decided about a key, which is recorded already: the messages that follow are sent, or held until they can
 * be. */
SOTTO_MUST_CHECK sotto_status engine_vouch_spread(sotto_engine *, sotto_bytes jid, const uint8_t key[32], sotto_trust);

/* What they call a key: zeros when they have no name for it. */
SOTTO_MUST_CHECK sotto_status engine_vouch_name(sotto_engine *, const sotto_key *, uint8_t ret[32]);
/* How they are sent: also those that are held (engine/send.h). */
engine_errand engine_vouch_errand(const sotto_engine *);
/* Whether a key is among those an errand is for. of_peer: it is the recipient's. */
bool engine_errand_is_for(const engine_errand *, const engine_ring *, const seal_key *, bool of_peer);

/* Something sealed was opened. *ret_hide: it was a trust message and nothing that a person should see. */
SOTTO_MUST_CHECK sotto_status engine_vouch_arrived(sotto_engine *, size_t seal, const seal_opened *, bool *ret_hide);
/* A key was recorded for the first time: what was said about it before counts now. */
SOTTO_MUST_CHECK sotto_status engine_vouch_seen(sotto_engine *, sotto_bytes jid, const uint8_t key[32]);
/* A key was verified: what it said before counts now, and what those keys said whom that verifies. */
SOTTO_MUST_CHECK sotto_status engine_vouch_settle(sotto_engine *, sotto_bytes jid, const uint8_t key[32]);

#endif
