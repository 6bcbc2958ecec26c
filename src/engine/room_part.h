/* SPDX-License-Identifier: ISC
 *
 * Between the files of rooms alone. */
#ifndef ENGINE_ROOM_PART_H
#define ENGINE_ROOM_PART_H

#include "engine/room.h"

/* Asks what the room is and who its members are, all of it anew; until that is answered nothing is sent to it. */
SOTTO_MUST_CHECK sotto_status room_ask_all(sotto_engine *, engine_room *);
/* Asks (again) for what is not answered yet. */
SOTTO_MUST_CHECK sotto_status room_ask_missing(sotto_engine *, const engine_room *);
/* An answer to one of these; `which` is its bit. */
SOTTO_MUST_CHECK sotto_status room_take_answer(sotto_engine *, engine_room *, uint8_t which, const seal_input *);
/* Somebody's affiliation, as the room says it now. */
SOTTO_MUST_CHECK sotto_status room_affiliation(sotto_engine *, const engine_room *, sotto_bytes jid,
                                               context_affiliation);
/* Sends the presence that enters it. */
SOTTO_MUST_CHECK sotto_status room_enter(sotto_engine *, engine_room *);
/* Entering, or learning what it is, failed: told, and tried again later. text: what the room said. */
SOTTO_MUST_CHECK sotto_status room_fail(sotto_engine *, engine_room *, sotto_status reason, sotto_bytes text);
/* The one timer of a room. */
SOTTO_MUST_CHECK sotto_status room_timer(sotto_engine *, sotto_bytes room, uint64_t in_ms);
/* What waits for the room leaves, or is refused, when that can be decided now. */
SOTTO_MUST_CHECK sotto_status room_release(sotto_engine *, const engine_room *);
/* ... is refused. */
SOTTO_MUST_CHECK sotto_status room_refuse_waiting(sotto_engine *, sotto_bytes room, sotto_status reason);
SOTTO_MUST_CHECK sotto_status room_tell(sotto_engine *, engine_room *, sotto_status reason, uint32_t number,
                                        uint32_t total, sotto_bytes text);

#endif
