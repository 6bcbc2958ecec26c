/* SPDX-License-Identifier: ISC
 *
 * Which seal is asked for which stanza, and in which order: a pure function. Its whole table is test/policy/seal.txt.
 *
 * What people expect on all their devices and in their archive goes by a stored seal, what concerns one resource now by
 * a live one (DESIGN.md section 5, its end). The table says who is asked; whoever then seals a stanza keeps it: none is
 * moved to another seal afterwards. */
#ifndef ENGINE_ROUTE_H
#define ENGINE_ROUTE_H

#include "engine/classify.h"
#include "trust/via.h"

/* What a stanza is about, as far as this choice goes. */
typedef enum engine_matter {
    ENGINE_MATTER_CHAT,       /* a message */
    ENGINE_MATTER_CHAT_STATE, /* a message with nothing but a chat state (XEP-0085) */
    ENGINE_MATTER_FILE_OFFER, /* a message that offers a file out of hand, not from a server */
    ENGINE_MATTER_IQ,
    ENGINE_MATTER_PRESENCE,
    ENGINE_MATTER_ROOM,     /* to everybody in a room */
    ENGINE_MATTER_OCCUPANT, /* anything to somebody by the nick he has in one: whoever has it next is another */
    ENGINE_MATTER_COUNT
} engine_matter;

/* When a seal is asked.
 *   NEVER  not for this.
 *   OPEN   before the others, for what it could do at once: nothing is begun for it, and nothing waits for it.
 *   FIRST  before those that are asked AFTER.
 *   AFTER  when all FIRST ones say that the other side authoritatively has nothing of theirs. */
typedef enum engine_turn { ENGINE_TURN_NEVER, ENGINE_TURN_OPEN, ENGINE_TURN_FIRST, ENGINE_TURN_AFTER } engine_turn;

/* class: content. by_nick: to an occupant. */
engine_matter engine_matter_of(const stanza_element *, engine_class, bool by_nick);
/* via: a person's choice; what it forbids altogether is trust/via.h's. stored: the seal needs nobody online. */
engine_turn engine_route(engine_matter, sotto_via, bool stored);

/* Stanzas that wait keep their order within a lane: messages to one JID; and, whatever waits there, what concerns one
 * resource, by the address it has. */
bool engine_matter_is_brief(engine_matter); /* the second: it describes a moment, and does not wait for long */

const char *engine_matter_name(engine_matter);
const char *engine_turn_name(engine_turn);

#endif
