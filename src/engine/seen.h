/* SPDX-License-Identifier: ISC
 *
 * Ids of messages that were handed on, for what nothing else tells from its copies: what came in the clear, and what
 * could not be read. The last SOTTO_ARCHIVE_SEEN_MAX of them, in the commit of what they stand for. */
#ifndef ENGINE_SEEN_H
#define ENGINE_SEEN_H

#include "engine/state.h"

/* by: who gave the id (a bare JID). Remembers it; *ret_first: it was not known. What is longer than
 * SOTTO_ARCHIVE_ID_BYTES_MAX is not remembered, and first every time. */
SOTTO_MUST_CHECK sotto_status engine_seen_add(sotto_engine *, sotto_bytes by, sotto_bytes id, bool *ret_first);
SOTTO_MUST_CHECK sotto_status engine_seen_has(sotto_engine *, sotto_bytes by, sotto_bytes id, bool *ret);

#endif
