/* SPDX-License-Identifier: ISC */
#include "trust/vouch.h"

#define NONE                                                                                                           \
    { TRUST_TO_NOBODY, TRUST_WHAT_THE_KEY }

/* XEP-0450 sections 4.1 to 4.4: by decision, and by whose key it is (a contact's, an own one). */
static const trust_vouch_message messages[SOTTO_TRUST_DISTRUSTED + 1][2][TRUST_VOUCH_MESSAGES] = {
    [SOTTO_TRUST_UNDECIDED] = {{NONE, NONE}, {NONE, NONE}},
    [SOTTO_TRUST_BLIND] = {{NONE, NONE}, {NONE, NONE}},
    [SOTTO_TRUST_VERIFIED] = {{{TRUST_TO_OWN, TRUST_WHAT_THE_KEY}, {TRUST_TO_OWNER, TRUST_WHAT_OWN_KEYS}},
                              {{TRUST_TO_CONTACTS, TRUST_WHAT_THE_KEY}, {TRUST_TO_OWN, TRUST_WHAT_ALL_KEYS}}},
    [SOTTO_TRUST_DISTRUSTED] = {{{TRUST_TO_OWN, TRUST_WHAT_THE_KEY}, NONE},
                                {{TRUST_TO_CONTACTS, TRUST_WHAT_THE_KEY}, NONE}},
};

const trust_vouch_message *trust_vouch_spread(sotto_trust decision, bool own) {
    return messages[(unsigned)decision <= SOTTO_TRUST_DISTRUSTED ? decision : SOTTO_TRUST_UNDECIDED][own];
}

/* What a statement from a verified key does, by what it says and what is recorded of the key it is about. Distrust
 * wins: it is believed against everything, and nothing but a person takes it back. */
static const trust_vouch effects[2][SOTTO_TRUST_DISTRUSTED + 1] = {
    /* undecided, blind, verified, distrusted */
    {TRUST_VOUCH_VERIFY, TRUST_VOUCH_VERIFY, TRUST_VOUCH_IGNORE, TRUST_VOUCH_IGNORE},
    {TRUST_VOUCH_REFUSE, TRUST_VOUCH_REFUSE, TRUST_VOUCH_REFUSE, TRUST_VOUCH_IGNORE},
};

trust_vouch trust_vouch_take(const trust_vouch_facts *facts) {
    if (!facts->inside || (unsigned)facts->recorded > SOTTO_TRUST_DISTRUSTED) return TRUST_VOUCH_IGNORE;
    /* Own devices may speak about anybody's keys, a contact's about that contact's alone (XEP-0450
     * sections 4.1.2, 4.2.2).
     */
    if (!facts->own && !facts->of_sender) return TRUST_VOUCH_IGNORE;
    if (facts->voice == SOTTO_TRUST_DISTRUSTED) return TRUST_VOUCH_IGNORE;
    if (facts->voice != SOTTO_TRUST_VERIFIED) return TRUST_VOUCH_WAIT;
    if (!facts->known) return TRUST_VOUCH_FETCH;
    return effects[facts->distrust][facts->recorded];
}

const char *trust_vouch_to_name(trust_vouch_to to) {
    static const char *const names[] = {"own", "owner", "contacts", "nobody"};
    return (unsigned)to <= TRUST_TO_NOBODY ? names[to] : "unknown";
}

const char *trust_vouch_what_name(trust_vouch_what what) {
    static const char *const names[] = {"the-key", "own-keys", "all-keys"};
    return (unsigned)what <= TRUST_WHAT_ALL_KEYS ? names[what] : "unknown";
}

const char *trust_vouch_name(trust_vouch verdict) {
    static const char *const names[] = {"ignore", "wait", "fetch", "verify", "refuse"};
    return (unsigned)verdict <= TRUST_VOUCH_REFUSE ? names[verdict] : "unknown";
}
