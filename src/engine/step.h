/* SPDX-License-Identifier: ISC */
#ifndef ENGINE_STEP_H
#define ENGINE_STEP_H

#include "engine/state.h"

/* Stages what the input means. When it fails the caller takes back what was staged. */
SOTTO_MUST_CHECK sotto_status engine_step_do(sotto_engine *, const sotto_input *);

#endif
