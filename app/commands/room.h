/* SPDX-License-Identifier: ISC
 *
 * Rooms, for the commands that have to do with them. */
#ifndef APP_ROOM_H
#define APP_ROOM_H

#include "app/output.h"
#include "app/trouble.h"
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

/* "ROOM/NICK" as an address has it; false: it is not of that form. */
bool app_room_nick_read(const char *typed, char ret_room[SOTTO_JID_BYTES_MAX + 1],
                        char ret_nick[SOTTO_JID_PART_BYTES_MAX + 1]);
/* Whose nick it is, if something can be said to him alone through the room; false, and why not. */
bool app_room_occupant(sotto_engine *, const char *room, const char *nick, const char *own,
                       char ret[SOTTO_JID_BYTES_MAX + 1], app_trouble *);
/* Whether what is said in a room can be read by somebody now: OK; else why not. */
SOTTO_MUST_CHECK sotto_status app_room_readable(sotto_engine *, const char *jid);

/* What a room is, as a sentence: "encrypted for 3 of 4 other members". */
void app_room_print_state(const app_output *, app_stream, sotto_status reason, uint32_t number, uint32_t total,
                          sotto_bytes text);
/* The same in one word, for --json: "encrypted", "public", "anonymous", "left", "broken". */
const char *app_room_state(sotto_status reason);

#endif
