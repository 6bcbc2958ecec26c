/* SPDX-License-Identifier: ISC
 *
 * A map whose changes can be taken back: to a mark (a step that failed), or all of them (a commit that failed). */
#ifndef ENGINE_STAGE_H
#define ENGINE_STAGE_H

#include "bytes/map.h"

typedef struct engine_stage {
    bytes_map map;
    struct stage_change *log; /* what each change replaced, oldest first */
    size_t log_len, log_size;
} engine_stage;

void engine_stage_init(engine_stage *, const sotto_host *);
SOTTO_MUST_CHECK sotto_status engine_stage_put(engine_stage *, sotto_bytes key, sotto_bytes value);
SOTTO_MUST_CHECK sotto_status engine_stage_remove(engine_stage *, sotto_bytes key);
size_t engine_stage_mark(const engine_stage *);
/* Takes back every change since the mark. Never fails: what it needs was put aside by the changes. */
void engine_stage_pop(engine_stage *, size_t mark);
/* Keeps the map as it is and forgets how to go back. */
void engine_stage_settle(engine_stage *);
/* Forgets everything, map and log. */
void engine_stage_clear(engine_stage *);

#endif
