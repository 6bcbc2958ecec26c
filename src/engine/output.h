/* SPDX-License-Identifier: ISC
 *
 * Staging outputs. */
#ifndef ENGINE_OUTPUT_H
#define ENGINE_OUTPUT_H

#include "engine/state.h"

SOTTO_MUST_CHECK sotto_status engine_output_stage(sotto_engine *, const sotto_output *, outbox_keep);
SOTTO_MUST_CHECK sotto_status engine_event(sotto_engine *, const sotto_event *);

#endif
