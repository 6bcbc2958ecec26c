/* SPDX-License-Identifier: ISC */
#include "engine/route.h"

#define NS_STATES  "http://jabber.org/protocol/chatstates"
#define NS_HINTS   "urn:xmpp:hints"
#define NS_PROPOSE "urn:xmpp:jingle-message:0"
#define NS_PUBLISH "urn:xmpp:jinglepub:1"
#define NS_FILE    "urn:xmpp:jingle:apps:file-transfer:"

static bool is_chat_state(const stanza_element *stanza) {
    bool any = false;
    for (const stanza_element *child = stanza_first(stanza); child != NULL; child = stanza_next(stanza, child)) {
        bool state = bytes_is(child->ns, NS_STATES);
        if (!state && !bytes_is(child->ns, NS_HINTS) && !stanza_is(child, "thread", STANZA_NS_CLIENT)) return false;
        any = any || state;
    }
    return any;
}

/* XEP-0353 with a description of XEP-0234; XEP-0358. The file is with one resource, as long as that is there. */
static bool is_file_offer(const stanza_element *stanza) {
    if (stanza_child(stanza, "jinglepub", NS_PUBLISH) != NULL) return true;
    const stanza_element *description = stanza_child(stanza_child(stanza, "propose", NS_PROPOSE), "description", NULL);
    return description != NULL && bytes_starts_with(description->ns, BYTES_LITERAL(NS_FILE));
}

engine_matter engine_matter_of(const stanza_element *stanza, engine_class class, bool by_nick) {
    if (class == ENGINE_GROUPCHAT) return ENGINE_MATTER_ROOM;
    if (by_nick) return ENGINE_MATTER_OCCUPANT;
    if (class == ENGINE_IQ_CONTENT) return ENGINE_MATTER_IQ;
    if (class == ENGINE_PRESENCE_DIRECTED) return ENGINE_MATTER_PRESENCE;
    if (is_chat_state(stanza)) return ENGINE_MATTER_CHAT_STATE;
    return is_file_offer(stanza) ? ENGINE_MATTER_FILE_OFFER : ENGINE_MATTER_CHAT;
}

/* What a person chose is used for everything it can carry. NAMED is what the seal of that name is. */
static const engine_turn turns[ENGINE_MATTER_COUNT][SOTTO_VIA_LIVE + 1][2] = {
    /*                            live               stored */
    [ENGINE_MATTER_CHAT] = {[SOTTO_VIA_AUTO] = {ENGINE_TURN_AFTER, ENGINE_TURN_FIRST},
                            [SOTTO_VIA_STORED] = {ENGINE_TURN_NEVER, ENGINE_TURN_FIRST},
                            [SOTTO_VIA_LIVE] = {ENGINE_TURN_FIRST, ENGINE_TURN_NEVER}},
    [ENGINE_MATTER_CHAT_STATE] = {[SOTTO_VIA_AUTO] = {ENGINE_TURN_OPEN, ENGINE_TURN_FIRST},
                                  [SOTTO_VIA_STORED] = {ENGINE_TURN_NEVER, ENGINE_TURN_FIRST},
                                  [SOTTO_VIA_LIVE] = {ENGINE_TURN_FIRST, ENGINE_TURN_NEVER}},
    [ENGINE_MATTER_FILE_OFFER] = {[SOTTO_VIA_AUTO] = {ENGINE_TURN_FIRST, ENGINE_TURN_AFTER},
                                  [SOTTO_VIA_STORED] = {ENGINE_TURN_NEVER, ENGINE_TURN_FIRST},
                                  [SOTTO_VIA_LIVE] = {ENGINE_TURN_FIRST, ENGINE_TURN_NEVER}},
    [ENGINE_MATTER_IQ] = {[SOTTO_VIA_AUTO] = {ENGINE_TURN_FIRST, ENGINE_TURN_AFTER},
                          [SOTTO_VIA_STORED] = {ENGINE_TURN_NEVER, ENGINE_TURN_FIRST},
                          [SOTTO_VIA_LIVE] = {ENGINE_TURN_FIRST, ENGINE_TURN_NEVER}},
    [ENGINE_MATTER_PRESENCE] = {[SOTTO_VIA_AUTO] = {ENGINE_TURN_FIRST, ENGINE_TURN_AFTER},
                                [SOTTO_VIA_STORED] = {ENGINE_TURN_NEVER, ENGINE_TURN_FIRST},
                                [SOTTO_VIA_LIVE] = {ENGINE_TURN_FIRST, ENGINE_TURN_NEVER}},
    [ENGINE_MATTER_ROOM] = {[SOTTO_VIA_AUTO] = {ENGINE_TURN_NEVER, ENGINE_TURN_FIRST},
                            [SOTTO_VIA_STORED] = {ENGINE_TURN_NEVER, ENGINE_TURN_FIRST},
                            [SOTTO_VIA_LIVE] = {ENGINE_TURN_NEVER, ENGINE_TURN_NEVER}},
    [ENGINE_MATTER_OCCUPANT] = {[SOTTO_VIA_AUTO] = {ENGINE_TURN_NEVER, ENGINE_TURN_FIRST},
                                [SOTTO_VIA_STORED] = {ENGINE_TURN_NEVER, ENGINE_TURN_FIRST},
                                [SOTTO_VIA_LIVE] = {ENGINE_TURN_NEVER, ENGINE_TURN_NEVER}},
};

engine_turn engine_route(engine_matter matter, sotto_via via, bool stored) {
    if ((unsigned)matter >= ENGINE_MATTER_COUNT) return ENGINE_TURN_NEVER;
    if (via == SOTTO_VIA_NAMED) via = stored ? SOTTO_VIA_STORED : SOTTO_VIA_LIVE;
    return (unsigned)via <= SOTTO_VIA_LIVE ? turns[matter][via][stored] : ENGINE_TURN_NEVER;
}

bool engine_matter_is_brief(engine_matter matter) {
    return matter == ENGINE_MATTER_IQ || matter == ENGINE_MATTER_PRESENCE;
}

const char *engine_matter_name(engine_matter matter) {
    static const char *const names[] = {"chat", "chat-state", "file-offer", "iq", "presence", "room", "occupant"};
    return (unsigned)matter < ENGINE_MATTER_COUNT ? names[matter] : "unknown";
}

const char *engine_turn_name(engine_turn turn) {
    static const char *const names[] = {"never", "open", "first", "after"};
    return (unsigned)turn <= ENGINE_TURN_AFTER ? names[turn] : "unknown";
}
