/* SPDX-License-Identifier: ISC
 *
 * The environment lent to a seal for one call. */
#ifndef ENGINE_ENV_H
#define ENGINE_ENV_H

#include "engine/state.h"

typedef struct engine_env {
    seal_env base; /* first: seals get a pointer to it */
    sotto_engine *engine;
    size_t seal;
} engine_env;

void engine_env_init(engine_env *, sotto_engine *, size_t seal);

/* JIDs whose held stanzas are to be looked at again before the step ends. jid empty: all. */
struct engine_changed {
    struct engine_changed *next;
    sotto_bytes jid;
};
SOTTO_MUST_CHECK sotto_status engine_changed_add(sotto_engine *, sotto_bytes jid);

/* From the host's generator, all or NO_RANDOM, whatever the host calls its failure: nobody may take it for a peer's. */
SOTTO_MUST_CHECK sotto_status engine_random(const sotto_engine *, void *out, size_t len);

/* Calls `input` of one seal, or of all. */
SOTTO_MUST_CHECK sotto_status engine_seal_input(sotto_engine *, size_t seal, const seal_input *);
SOTTO_MUST_CHECK sotto_status engine_seal_input_all(sotto_engine *, const seal_input *);

#endif
