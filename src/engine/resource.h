/* SPDX-License-Identifier: ISC
 *
 * Who is available with which resource, as far as presence told: for seals that need the other side online. Kept in the
 * store too, because a stream that is resumed after a restart does not tell it again. */
#ifndef ENGINE_RESOURCE_H
#define ENGINE_RESOURCE_H

#include "context/caps.h"
#include "engine/state.h"

/* Takes note of a presence stanza and tells the seals. Occupants of rooms are nobody's resources. stranger: neither
 * sees our presence nor was ever written to. */
SOTTO_MUST_CHECK sotto_status engine_resource_take(sotto_engine *, const stanza_element *, const stanza_jid *from,
                                                   bool stranger);
/* The full JIDs a stanza to this JID is meant for: itself, or the available ones of a bare JID, this one left out. In
 * the call's arena. */
SOTTO_MUST_CHECK sotto_status engine_resource_list(sotto_engine *, const stanza_jid *to, const sotto_bytes **ret,
                                                   size_t *ret_count);
/* What the presence of a full JID said of its program; false: nothing. Spans live until resources change. */
bool engine_resource_caps(const sotto_engine *, sotto_bytes full, context_caps *ret);
/* What the store holds; at open. */
SOTTO_MUST_CHECK sotto_status engine_resource_load(sotto_engine *);
/* A stream begins anew: everybody's presence is to come. */
SOTTO_MUST_CHECK sotto_status engine_resource_forget(sotto_engine *);

#endif
