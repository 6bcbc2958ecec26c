/* SPDX-License-Identifier: ISC
 *
 * The way in: what becomes of a stanza of the server. */
#ifndef ENGINE_RECEIVE_H
#define ENGINE_RECEIVE_H

#include "engine/state.h"

SOTTO_MUST_CHECK sotto_status engine_receive(sotto_engine *, sotto_bytes raw);

/* What a seal opened by itself (env->deliver): OPENED or UNREADABLE. */
SOTTO_MUST_CHECK sotto_status engine_receive_opened(sotto_engine *, size_t seal, const seal_opened *);

/* A stream begins anew and its roster is to come: who was removed meanwhile is nobody to be answered. */
SOTTO_MUST_CHECK sotto_status engine_roster_forget(sotto_engine *);

#endif
