/* SPDX-License-Identifier: ISC
 *
 * Iqs of type get and set that are sealed, in both directions.
 *
 * Ours: whoever asks gets an answer, or an error that is made here, and never silence; and of the answers only one that
 * came sealed counts, and none after the error. Theirs: what answers them goes back through the seal they came in, and
 * never in the clear, whatever kind of iq it is. */
#ifndef ENGINE_REQUEST_H
#define ENGINE_REQUEST_H

#include "engine/state.h"

/* True for an iq of type get or set that can be answered. */
bool engine_request_is(const stanza_element *);

/* ---- ours ---- */

/* It was sealed for this full JID; only_key: for this key alone, NULL: for several, or it is not known. OUTBOX_FULL:
 * SOTTO_REQUESTS_MAX wait already. TOO_LARGE: its id. */
SOTTO_MUST_CHECK sotto_status engine_request_sealed(sotto_engine *, const stanza_element *, const stanza_jid *to,
                                                    uint64_t ticket, const uint8_t *only_key);
/* It will not be sent, or was lost: whoever asked gets an error that says why. Nothing for what is no request. */
SOTTO_MUST_CHECK sotto_status engine_request_failed(sotto_engine *, const stanza_element *, sotto_status reason);
/* The same of an output that will not reach the server. */
SOTTO_MUST_CHECK sotto_status engine_request_lost(sotto_engine *, const outbox_entry *, sotto_status reason);
/* The same of one that left, by its ticket, or all to a full JID that is not available any more; nothing for others. */
SOTTO_MUST_CHECK sotto_status engine_request_returned(sotto_engine *, uint64_t ticket, sotto_status reason);
SOTTO_MUST_CHECK sotto_status engine_request_gone(sotto_engine *, sotto_bytes full);
/* An iq came, sealed by this key, or in the clear (NULL); *ret_drop: it answers something that was answered, that
 * another key was asked, or that has not left yet. */
SOTTO_MUST_CHECK sotto_status engine_request_answer(sotto_engine *, const stanza_element *, const stanza_jid *from,
                                                    const uint8_t *sealed_by, bool *ret_drop);

/* ---- theirs ---- */

/* One came in this seal. *ret_drop: there is no place to remember it, so it is not handed on: a later answer could
 * leave in the clear. */
SOTTO_MUST_CHECK sotto_status engine_request_arrived(sotto_engine *, size_t seal, const stanza_element *,
                                                     const stanza_jid *from, bool *ret_drop);
/* Whether a stanza of the application answers one, and the seal it has to go through. */
SOTTO_MUST_CHECK sotto_status engine_request_seal(sotto_engine *, const stanza_element *, const stanza_jid *to,
                                                  size_t *ret_seal, bool *ret_is);
/* It was answered, or will not be. */
SOTTO_MUST_CHECK sotto_status engine_request_settled(sotto_engine *, const stanza_element *, const stanza_jid *to);

/* ---- time ---- */

/* At open: what is in the store is looked at in the first step. */
SOTTO_MUST_CHECK sotto_status engine_request_load(sotto_engine *);
/* Something that does not wait for long is held since then: it is looked at when its time is over. */
SOTTO_MUST_CHECK sotto_status engine_request_held(sotto_engine *);
SOTTO_MUST_CHECK sotto_status engine_request_input(sotto_engine *, const seal_input *);

#endif
