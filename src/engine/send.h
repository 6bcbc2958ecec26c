/* SPDX-License-Identifier: ISC
 *
 * The way out: what becomes of a stanza of the application. */
#ifndef ENGINE_SEND_H
#define ENGINE_SEND_H

#include "engine/state.h"

/* SOTTO_INPUT_SEND and SOTTO_INPUT_CANCEL. */
SOTTO_MUST_CHECK sotto_status engine_send(sotto_engine *, const sotto_input *);
SOTTO_MUST_CHECK sotto_status engine_cancel(sotto_engine *, uint64_t ticket);
/* Looks again at what is held for the JIDs in engine->changed, until nothing changes any more. */
SOTTO_MUST_CHECK sotto_status engine_send_review(sotto_engine *);

#endif
