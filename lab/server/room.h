/* SPDX-License-Identifier: ISC
 *
 * Rooms (XEP-0045) at rooms.DOMAIN: who may enter, who is there under which nick, lists of members, configuration,
 * invitations, private messages; occupant ids (XEP-0421), pings to oneself (XEP-0410). And the lies a hostile one tells
 * about them. */
#ifndef LAB_ROOM_H
#define LAB_ROOM_H

#include <sotto/limits.h>

#include "lab/server/inside.h"

#define LAB_ROOM_DOMAIN "rooms."

/* What a hostile room does. */
#define LAB_ROOM_REFUSES_LISTS    1u  /* nobody may read who is a member */
#define LAB_ROOM_FORGES_MEMBER    2u  /* mallory@DOMAIN is on the list of members */
#define LAB_ROOM_RETURNS_OUTCASTS 4u  /* outcasts are on the list of members as well */
#define LAB_ROOM_MIXES_LISTS      8u  /* the list of members holds owners */
#define LAB_ROOM_SAYS_NOTHING     16u /* of what was configured */
#define LAB_ROOM_NO_ITEM          32u /* presence without anybody's JID, though it says that it shows them */

/* A room with this configuration and nobody in it. BAD_JID, STATE (there is one already). */
SOTTO_MUST_CHECK sotto_status lab_server_room(lab_server *, const char *local, bool members_only, bool shows_jids);
/* Configures it anew, by an owner who is not there. NOT_FOUND. */
SOTTO_MUST_CHECK sotto_status lab_server_room_configure(lab_server *, const char *local, bool members_only,
                                                        bool shows_jids);
/* Gives somebody an affiliation ("owner" ... "outcast"), by an owner who is not there; who loses the right to be in it
 * is removed. NOT_FOUND, USAGE. */
SOTTO_MUST_CHECK sotto_status lab_server_room_affiliate(lab_server *, const char *local, const char *jid,
                                                        const char *affiliation);
SOTTO_MUST_CHECK sotto_status lab_server_room_kick(lab_server *, const char *local, const char *nick);
/* Lies of LAB_ROOM_ from now on. */
SOTTO_MUST_CHECK sotto_status lab_server_room_lie(lab_server *, const char *local, unsigned lies);

/* ---- for the router ---- */

bool lab_room_is(const lab_server *, sotto_bytes domain);
SOTTO_MUST_CHECK sotto_status lab_room_presence(lab_server *, const stanza_element *, const stanza_jid *to);
SOTTO_MUST_CHECK sotto_status lab_room_message(lab_server *, const stanza_element *, const stanza_jid *to);
SOTTO_MUST_CHECK sotto_status lab_room_iq(lab_server *, const stanza_element *, const stanza_jid *to);
void lab_room_free_all(lab_server *);

#endif
