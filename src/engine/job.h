/* SPDX-License-Identifier: ISC
 *
 * Work for the host on behalf of a seal: an output, answered by a later input. A job does not survive the engine. */
#ifndef ENGINE_JOB_H
#define ENGINE_JOB_H

#include "engine/state.h"

SOTTO_MUST_CHECK sotto_status engine_job_start(sotto_engine *, size_t seal, sotto_bytes request, sotto_bytes note);
/* Hands the answer to the seal that asked. NOT_FOUND: no such job. */
SOTTO_MUST_CHECK sotto_status engine_job_answer(sotto_engine *, uint64_t job, sotto_bytes answer);

#endif
