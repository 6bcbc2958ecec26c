/* SPDX-License-Identifier: ISC
 *
 * The way in: what becomes of a stanza of the server. */
#ifndef ENGINE_RECEIVE_H
#define ENGINE_RECEIVE_H

#include "engine/deliver.h"

SOTTO_MUST_CHECK sotto_status engine_receive(sotto_engine *, sotto_bytes raw);

/* A stanza of the server that came at now_ms, and who it says it is from; parsed into the call's arena. */
SOTTO_MUST_CHECK sotto_status engine_arrival_read(sotto_engine *, sotto_bytes raw, uint64_t now_ms,
                                                  engine_arrival *ret);

/* A message whose origin was checked: the stanza itself, or one that was forwarded by somebody who may (a carbon, an
 * archive). */
SOTTO_MUST_CHECK sotto_status engine_receive_message(sotto_engine *, const engine_arrival *);

/* The application showed a JID (as it was addressed) our presence, or that we are not there for it any more. */
SOTTO_MUST_CHECK sotto_status engine_roster_shown(sotto_engine *, sotto_bytes jid, bool shown);

/* Whether a bare JID is on the roster, as far as this stream's server says. */
SOTTO_MUST_CHECK sotto_status engine_roster_lists(sotto_engine *, sotto_bytes jid, bool *ret);

/* A stream begins anew and its roster is to come: who was removed meanwhile is nobody to be answered. */
SOTTO_MUST_CHECK sotto_status engine_roster_forget(sotto_engine *);

#endif
