/* SPDX-License-Identifier: ISC
 *
 * Contacts who lost their device or changed their client, and nobody told us. What was sealed for them is kept until
 * one of their keys says something, so that a new device can be sent what the old one took with it; and when there are
 * signs that they cannot read any more, a person is told, once. None of it changes how anything is sent. */
#ifndef ENGINE_DOUBT_H
#define ENGINE_DOUBT_H

#include "engine/contact.h"
#include "engine/deliver.h"

#define ENGINE_GOT_BYTES 8u /* of a key, by which the devices that got a message are remembered */

/* A stanza left, sealed for these keys: kept when it holds a text. Writes into *contact, which the caller puts;
 * *ret_changed then. */
SOTTO_MUST_CHECK sotto_status engine_doubt_sent(sotto_engine *, sotto_bytes jid, const stanza_element *,
                                                const seal_keys *allowed, engine_contact *, bool *ret_changed);

/* Signs (trust/doubt.h). arrived: something sealed by this key; what was sealed for it earlier is confirmed. clear: a
 * stanza that came in the clear. list: their list has changed; gone tells that it is empty now. accepted: a key of
 * theirs may be sent to from now on. silence: looks how long nothing was confirmed. */
SOTTO_MUST_CHECK sotto_status engine_doubt_arrived(sotto_engine *, const engine_arrival *, const seal_key *);
SOTTO_MUST_CHECK sotto_status engine_doubt_clear(sotto_engine *, const engine_arrival *);
SOTTO_MUST_CHECK sotto_status engine_doubt_list(sotto_engine *, sotto_bytes jid, bool gone);
SOTTO_MUST_CHECK sotto_status engine_doubt_accepted(sotto_engine *, const sotto_key *);
SOTTO_MUST_CHECK sotto_status engine_doubt_silence(sotto_engine *, sotto_bytes jid, engine_contact *);

/* How many kept messages no device got that is still on the list. */
SOTTO_MUST_CHECK sotto_status engine_doubt_missed(sotto_engine *, sotto_bytes jid, const engine_contact *,
                                                  uint32_t *ret);
/* Sends them again, to the accepted devices that did not get them. */
SOTTO_MUST_CHECK sotto_status engine_doubt_resend(sotto_engine *, sotto_bytes jid, const sotto_input *);

#endif
