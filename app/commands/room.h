/* SPDX-License-Identifier: ISC
 *
 * Rooms, for the commands that have to do with them. */
#ifndef APP_ROOM_H
#define APP_ROOM_H

#include "app/output.h"
#include "bytes/arena.h"

#include <sotto/engine.h>

/* Copies of what the engine says of its rooms, in the arena. */
typedef struct app_rooms {
    sotto_room *at;
    size_t count, size;
    bytes_arena *arena;
} app_rooms;
SOTTO_MUST_CHECK sotto_status app_rooms_read(app_rooms *ret, bytes_arena *, sotto_engine *);

/* The room of this address; *ret_is is false when it was not joined. */
SOTTO_MUST_CHECK sotto_status app_room_find(sotto_engine *, const char *jid, bool *ret_is, bool *ret_joined);

/* What a room is, as a sentence: "encrypted for 3 of 4 other members". */
void app_room_print_state(const app_output *, app_stream, sotto_status reason, uint32_t number, uint32_t total,
                          sotto_bytes text);
/* The same in one word, for --json: "encrypted", "public", "anonymous", "left", "broken". */
const char *app_room_state(sotto_status reason);

#endif
