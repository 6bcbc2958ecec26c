/* SPDX-License-Identifier: ISC
 *
 * What is kept of rooms: the room itself, who may read what is written for it, and who is in it under which nick. Rows,
 * because a stream that is resumed after a restart does not tell any of it again. */
#ifndef ENGINE_ROOM_ROW_H
#define ENGINE_ROOM_ROW_H

#include "context/room.h"
#include "engine/state.h"

typedef enum room_stage { ROOM_OUT, ROOM_ENTERING, ROOM_IN } room_stage;

/* What was asked about a room, as bits. */
#define ROOM_ASKED_INFO    1u
#define ROOM_ASKED_OWNER   2u
#define ROOM_ASKED_ADMIN   4u
#define ROOM_ASKED_MEMBER  8u
#define ROOM_ASKED_OUTCAST 16u
#define ROOM_ASKED_FORM    32u /* the configuration of a room that this join created */
#define ROOM_ASKED_ALL     31u

typedef struct engine_room {
    sotto_bytes jid;  /* bare */
    sotto_bytes nick; /* as a resource */
    room_stage stage;
    uint8_t tries;  /* nicks that were taken, in this attempt */
    uint8_t asked;  /* what is not answered yet */
    bool anonymous; /* said so by a status code: whatever disco#info says later must come after that */
    bool informed;  /* info was read since it was asked for last */
    context_room_info info;
    sotto_status failed; /* why it is not known what the room is, or who its members are */
    sotto_bytes why;     /* what the room said about that; a word */
    bool told;           /* SOTTO_EVENT_ROOM was given for this join; with: */
    sotto_status told_reason;
    uint32_t told_number, told_total;
} engine_room;

typedef sotto_status engine_room_row_visit(void *arg, const engine_room *);

/* NOT_FOUND, STORE_*, NO_MEMORY. Spans lie in the call's arena. */
SOTTO_MUST_CHECK sotto_status engine_room_get(sotto_engine *, sotto_bytes jid, engine_room *ret);
SOTTO_MUST_CHECK sotto_status engine_room_put(sotto_engine *, const engine_room *);
SOTTO_MUST_CHECK sotto_status engine_room_scan(sotto_engine *, engine_room_row_visit *, void *arg);
/* Everything about it. */
SOTTO_MUST_CHECK sotto_status engine_room_delete(sotto_engine *, sotto_bytes jid);

/* ---- members: by JID, each once ---- */

typedef struct room_member {
    sotto_bytes jid; /* bare */
    context_affiliation affiliation;
} room_member;

typedef struct room_members {
    room_member *at; /* in the call's arena, in the order of JIDs */
    size_t count, size;
} room_members;

/* READ: what the last reading of the lists and what came after it says; GATHERED: what a reading under way has brought.
 * Nothing kept is no member. */
typedef enum room_list { ROOM_LIST_READ = 'm', ROOM_LIST_GATHERED = 'n' } room_list;
SOTTO_MUST_CHECK sotto_status engine_room_members_get(sotto_engine *, sotto_bytes room, room_list, room_members *ret);
/* An empty list is deleted. */
SOTTO_MUST_CHECK sotto_status engine_room_members_put(sotto_engine *, sotto_bytes room, room_list,
                                                      const room_members *);
/* NULL: not among them. */
room_member *engine_room_members_find(const room_members *, sotto_bytes jid);
/* Adds or changes. TOO_LARGE: SOTTO_ROOM_MEMBERS_MAX are there already. */
SOTTO_MUST_CHECK sotto_status engine_room_members_set(sotto_engine *, room_members *, sotto_bytes jid,
                                                      context_affiliation);
void engine_room_members_remove(room_members *, sotto_bytes jid);

/* ---- occupants ---- */

typedef struct room_occupant {
    sotto_bytes nick;
    sotto_bytes real;        /* bare; empty: the room does not say */
    sotto_bytes occupant_id; /* empty: none */
    context_affiliation affiliation;
} room_occupant;

typedef sotto_status engine_room_occupant_visit(void *arg, const room_occupant *);

/* NOT_FOUND, STORE_*, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status engine_room_occupant_get(sotto_engine *, sotto_bytes room, sotto_bytes nick,
                                                       room_occupant *ret);
/* Beyond SOTTO_ROOM_OCCUPANTS_MAX nothing is kept. */
SOTTO_MUST_CHECK sotto_status engine_room_occupant_put(sotto_engine *, sotto_bytes room, const room_occupant *);
SOTTO_MUST_CHECK sotto_status engine_room_occupant_remove(sotto_engine *, sotto_bytes room, sotto_bytes nick);
SOTTO_MUST_CHECK sotto_status engine_room_occupant_scan(sotto_engine *, sotto_bytes room, engine_room_occupant_visit *,
                                                        void *arg);
/* Everybody has left, as far as we know. */
SOTTO_MUST_CHECK sotto_status engine_room_occupant_clear(sotto_engine *, sotto_bytes room);

#endif
