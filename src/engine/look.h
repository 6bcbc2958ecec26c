/* SPDX-License-Identifier: ISC
 *
 * What is open with whom, as the seals tell it. */
#ifndef ENGINE_LOOK_H
#define ENGINE_LOOK_H

#include "engine/state.h"

/* sotto_engine_sessions */
SOTTO_MUST_CHECK sotto_status engine_look_sessions(sotto_engine *, sotto_bytes jid, sotto_session_visit *, void *arg);

#endif
