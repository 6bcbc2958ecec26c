/* SPDX-License-Identifier: ISC
 *
 * Who asks questions and sets timers: the seals, and parts of the engine itself (rooms, the archive). An owner is the
 * number of a seal, or from ENGINE_OWNER_FIRST on that of a part. */
#ifndef ENGINE_PART_H
#define ENGINE_PART_H

#include "engine/state.h"

typedef enum engine_owner {
    ENGINE_OWNER_FIRST = 0xF0,
    ENGINE_OWNER_ARCHIVE = ENGINE_OWNER_FIRST,
    ENGINE_OWNER_ROOM,
    ENGINE_OWNER_CONTACT,
    ENGINE_OWNER_COMPARE,
    ENGINE_OWNER_REQUEST,
    ENGINE_OWNER_FEATURE,
    ENGINE_OWNER_END
} engine_owner;

/* A part of the engine that asks: its answers, timers and timeouts come back here, as they come to a seal. Of the input
 * kind, note, answer and status are set. */
typedef sotto_status engine_part_input(sotto_engine *, const seal_input *);

/* ONLINE, OFFLINE, ANSWER, TIMER, for the owner of a question or timer. */
SOTTO_MUST_CHECK sotto_status engine_owner_input(sotto_engine *, size_t owner, const seal_input *);
/* The name of the seal; empty for what leaves in the clear by its nature, as the questions of parts do. */
sotto_bytes engine_owner_name(const sotto_engine *, size_t owner);

#endif
