/* SPDX-License-Identifier: ISC
 *
 * Staging outputs. */
#ifndef ENGINE_OUTPUT_H
#define ENGINE_OUTPUT_H

#include "engine/state.h"

SOTTO_MUST_CHECK sotto_status engine_output_stage(sotto_engine *, const sotto_output *, outbox_keep);
/* The same of a stanza that goes to a room, or to somebody in one. */
SOTTO_MUST_CHECK sotto_status engine_output_stage_way(sotto_engine *, const sotto_output *, outbox_keep,
                                                      const outbox_way *);
SOTTO_MUST_CHECK sotto_status engine_event(sotto_engine *, const sotto_event *);

#endif
