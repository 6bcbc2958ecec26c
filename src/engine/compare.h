/* SPDX-License-Identifier: ISC
 *
 * Comparing keys by eight characters (doc/live.md, "Verification string"): a part of the engine, because what is
 * compared is keys of all seals, and what carries it is whichever of them is best. The messages are context/compare.h,
 * whose turn it is trust/compare.h; here are the records, the way out, and what a yes does.
 *
 * What arrives is taken at the end of the step (engine_compare_later): it was opened inside a seal's call, and what
 * follows from it calls seals. */
#ifndef ENGINE_COMPARE_H
#define ENGINE_COMPARE_H

#include "engine/deliver.h"
#include "engine/part.h"

/* SOTTO_INPUT_COMPARE and SOTTO_INPUT_COMPARED. STATE: there is nothing to say yes or no to. */
SOTTO_MUST_CHECK sotto_status engine_compare_begin(sotto_engine *, sotto_bytes jid);
SOTTO_MUST_CHECK sotto_status engine_compare_say(sotto_engine *, sotto_bytes jid, bool same);

/* Something sealed was opened. *ret_hide: it was part of a comparison, and nothing that a person should see. */
SOTTO_MUST_CHECK sotto_status engine_compare_arrived(sotto_engine *, size_t seal, const engine_arrival *,
                                                     const seal_opened *, bool *ret_hide);
SOTTO_MUST_CHECK sotto_status engine_compare_later(sotto_engine *);

/* What could not leave is tried again, and what is too late ends. */
SOTTO_MUST_CHECK sotto_status engine_compare_online(sotto_engine *);
/* ... of those in engine->changed: keys are here that were asked for. */
SOTTO_MUST_CHECK sotto_status engine_compare_review(sotto_engine *);
engine_part_input engine_compare_input;

SOTTO_MUST_CHECK sotto_status engine_compare_visit(sotto_engine *, sotto_compare_visit *, void *arg);

#endif
