/* SPDX-License-Identifier: ISC
 *
 * What a room says (XEP-0045): who is in it and as what, what it is configured to be, its lists of members, invitations
 * (XEP-0249 too). Reading alone: whether it is believed, and what follows, is the engine's. */
#ifndef CONTEXT_ROOM_H
#define CONTEXT_ROOM_H

#include "stanza/element.h"
#include "stanza/jid.h"

#define CONTEXT_NS_ROOM       "http://jabber.org/protocol/muc"
#define CONTEXT_NS_ROOM_USER  "http://jabber.org/protocol/muc#user"
#define CONTEXT_NS_ROOM_ADMIN "http://jabber.org/protocol/muc#admin"

/* In the order of what they may. */
typedef enum context_affiliation {
    CONTEXT_OUTCAST,
    CONTEXT_NONE,
    CONTEXT_MEMBER,
    CONTEXT_ADMIN,
    CONTEXT_OWNER
} context_affiliation;

/* What is written for the room is meant for these (XEP-0384 section 5.8.1; T35). */
static inline bool context_affiliation_reads(context_affiliation affiliation) {
    return affiliation >= CONTEXT_MEMBER && affiliation <= CONTEXT_OWNER;
}
const char *context_affiliation_name(context_affiliation);

/* Status codes (section 15.6) that say something here, as bits. */
typedef enum context_room_status {
    CONTEXT_ROOM_SHOWS_JIDS = 1 << 0,      /* 100: everybody may see the real JIDs */
    CONTEXT_ROOM_AFFILIATION = 1 << 1,     /* 101 */
    CONTEXT_ROOM_CONFIGURED = 1 << 2,      /* 104 */
    CONTEXT_ROOM_SELF = 1 << 3,            /* 110 */
    CONTEXT_ROOM_NOW_OPEN_JIDS = 1 << 4,   /* 172 */
    CONTEXT_ROOM_NOW_ANONYMOUS = 1 << 5,   /* 173, 174 */
    CONTEXT_ROOM_CREATED = 1 << 6,         /* 201 */
    CONTEXT_ROOM_NICK_GIVEN = 1 << 7,      /* 210 */
    CONTEXT_ROOM_BANNED = 1 << 8,          /* 301 */
    CONTEXT_ROOM_NICK_CHANGED = 1 << 9,    /* 303 */
    CONTEXT_ROOM_KICKED = 1 << 10,         /* 307 */
    CONTEXT_ROOM_NOT_MEMBER = 1 << 11,     /* 321 */
    CONTEXT_ROOM_MEMBERS_ONLY = 1 << 12,   /* 322 */
    CONTEXT_ROOM_SHUT_DOWN = 1 << 13,      /* 332 */
    CONTEXT_ROOM_CONNECTION_LOST = 1 << 14 /* 333 */
} context_room_status;

typedef enum context_presence_kind {
    CONTEXT_PRESENCE_HERE,
    CONTEXT_PRESENCE_GONE,
    CONTEXT_PRESENCE_ERROR,
    CONTEXT_PRESENCE_OTHER /* of a type that rooms do not send */
} context_presence_kind;

typedef struct context_room_presence {
    context_presence_kind kind;
    bool from_room; /* it has muc#user: a plain presence says nothing of affiliations */
    bool has_real;
    stanza_jid real;
    sotto_bytes occupant_id; /* XEP-0421; empty: none */
    context_affiliation affiliation;
    sotto_bytes new_nick; /* with NICK_CHANGED */
    uint32_t status;
    sotto_bytes condition; /* ERROR: of RFC 6120 section 8.3.3; empty: none */
} context_room_presence;

/* A presence from room/nick. MALFORMED: several <x/>, several items, an affiliation nobody knows, a real JID that is
 * none, a nick change without the new nick, several occupant ids (T31). */
SOTTO_MUST_CHECK sotto_status context_room_presence_read(const stanza_element *presence, bytes_arena *,
                                                         context_room_presence *ret);

/* A message from the room itself: its configuration changed, or the affiliation of somebody who is not there. */
typedef struct context_room_notice {
    uint32_t status;
    bool has_item;
    stanza_jid real;
    context_affiliation affiliation;
} context_room_notice;
/* MALFORMED as above; without muc#user all is zero. */
SOTTO_MUST_CHECK sotto_status context_room_notice_read(const stanza_element *message, bytes_arena *,
                                                       context_room_notice *ret);

/* The occupant id the room put into a stanza; empty: none. False: several, or one without an id or with one that is too
 * long. */
SOTTO_MUST_CHECK bool context_room_occupant_id(const stanza_element *, sotto_bytes *ret);

/* What disco#info says. What is said of both, or of neither, counts as the worse one. */
typedef struct context_room_info {
    bool members_only;
    bool shows_jids; /* non-anonymous */
    bool persistent;
    bool occupant_ids; /* stamps them: nobody else's are passed on (XEP-0421 section 3) */
    bool archive;      /* XEP-0313 */
} context_room_info;
/* MALFORMED: not the answer of a room. */
SOTTO_MUST_CHECK sotto_status context_room_info_read(const stanza_element *iq, context_room_info *ret);

/* One list of the four (sections 9.5, 10.5, 10.8). visit gets bare JIDs. MALFORMED: an item of another affiliation, or
 * without a JID; not such an answer at all. A failure of visit is returned. */
typedef sotto_status context_room_member_visit(void *arg, sotto_bytes jid);
SOTTO_MUST_CHECK sotto_status context_room_list_read(const stanza_element *iq, context_affiliation, bytes_arena *,
                                                     context_room_member_visit *, void *arg);

typedef struct context_room_invitation {
    sotto_bytes room;   /* bare */
    sotto_bytes from;   /* bare; empty: not said */
    sotto_bytes reason; /* may be empty */
} context_room_invitation;
/* Mediated (section 7.8.2: from a room) or direct (XEP-0249); *ret_is: it is one. Failures of this machine alone. */
SOTTO_MUST_CHECK sotto_status context_room_invitation_read(const stanza_element *message, const stanza_jid *from,
                                                           bytes_arena *, context_room_invitation *ret, bool *ret_is);

#endif
