/* SPDX-License-Identifier: ISC
 *
 * Between the files of rooms alone. */
#ifndef LAB_ROOM_INSIDE_H
#define LAB_ROOM_INSIDE_H

#include "lab/server/room.h"

#define LAB_NS_ROOM       "http://jabber.org/protocol/muc"
#define LAB_NS_ROOM_USER  LAB_NS_ROOM "#user"
#define LAB_NS_ROOM_ADMIN LAB_NS_ROOM "#admin"
#define LAB_NS_ROOM_OWNER LAB_NS_ROOM "#owner"
#define LAB_NS_OCCUPANT   "urn:xmpp:occupant-id:0"
#define LAB_NS_PING       "urn:xmpp:ping"

#define LAB_ROOMS_MAX     1000u
#define LAB_OCCUPANTS_MAX 2000u /* of one room */

typedef enum lab_affiliation { LAB_OUTCAST, LAB_NONE, LAB_MEMBER, LAB_ADMIN, LAB_OWNER } lab_affiliation;

typedef struct lab_member {
    struct lab_member *next;
    sotto_bytes jid; /* bare */
    lab_affiliation affiliation;
} lab_member;

typedef struct lab_occupant {
    struct lab_occupant *next;
    sotto_bytes jid; /* full */
    sotto_bytes bare;
    sotto_bytes nick;
} lab_occupant;

typedef struct lab_room {
    struct lab_room *next;
    sotto_bytes jid;
    bool members_only, shows_jids;
    unsigned lies;
    lab_member *members;
    lab_occupant *occupants; /* in the order in which they came */
    size_t occupant_count;
} lab_room;

lab_room *lab_room_find(const lab_server *, sotto_bytes bare);
lab_affiliation lab_room_affiliation(const lab_room *, sotto_bytes bare);
const char *lab_affiliation_name(lab_affiliation);
bool lab_affiliation_read(sotto_bytes text, lab_affiliation *ret);
lab_occupant *lab_room_by_nick(const lab_room *, sotto_bytes nick);
lab_occupant *lab_room_by_jid(const lab_room *, sotto_bytes full);
/* Changes it and tells; who may not stay is removed. */
SOTTO_MUST_CHECK sotto_status lab_room_set(lab_server *, lab_room *, sotto_bytes bare, lab_affiliation);
SOTTO_MUST_CHECK sotto_status lab_room_reconfigure(lab_server *, lab_room *, bool members_only, bool shows_jids);
/* XEP-0421: the same for all of one's devices, and only here. The lab does not hide who it is. */
void lab_room_write_id(lab_draft *, const lab_room *, sotto_bytes bare);
/* A stanza of the room to a full JID. Ends and frees the draft. */
SOTTO_MUST_CHECK sotto_status lab_room_say(lab_draft *, sotto_bytes full);

#endif
