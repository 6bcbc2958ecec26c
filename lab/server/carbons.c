/* SPDX-License-Identifier: ISC
 *
 * Carbons are made for messages to and from full JIDs; a message to a bare JID reaches all resources anyway. */
#include "lab/server/carbons.h"

sotto_status lab_carbons_iq(lab_session *session, const stanza_element *iq) {
    bool enable = stanza_is(stanza_first(iq), "enable", LAB_NS_CARBONS);
    if (!lab_type_is(iq, "set") || (!enable && !stanza_is(stanza_first(iq), "disable", LAB_NS_CARBONS))) {
        return lab_bounce(session->server, iq, (lab_error){"modify", "bad-request", NULL});
    }
    session->carbons = enable;
    return lab_answer_empty(session->server, iq);
}

/* XEP-0280 section 6.1. */
static bool eligible(const stanza_element *message) {
    if (stanza_child(message, "private", LAB_NS_CARBONS) || stanza_child(message, "no-copy", LAB_NS_HINTS))
        return false;
    if (lab_type_is(message, "chat")) return true;
    sotto_bytes type = stanza_attribute_of(message, "type");
    return (!type.at || bytes_is(type, "normal")) && stanza_child(message, "body", STANZA_NS_CLIENT);
}

static sotto_status copy_to(lab_session *session, const char *direction, const stanza_element *message) {
    sotto_bytes own = session->account->jid;
    lab_draft draft;
    lab_draft_begin(&draft, session->server);
    stanza_open(&draft.w, "message", STANZA_NS_CLIENT);
    stanza_put_text(&draft.w, "type", "chat");
    stanza_put(&draft.w, "from", own);
    stanza_put(&draft.w, "to", session->jid);
    stanza_open(&draft.w, direction, LAB_NS_CARBONS);
    stanza_open(&draft.w, "forwarded", LAB_NS_FORWARD);
    stanza_copy(&draft.w, message);
    return lab_draft_say(&draft, session);
}

static sotto_status copies(lab_session *except, const char *direction, const stanza_element *message) {
    if (!eligible(message)) return SOTTO_OK;
    for (lab_session *at = NULL; (at = lab_session_of(except->server, except->account, at));) {
        if (at != except && at->carbons) SOTTO_TRY(copy_to(at, direction, message));
    }
    return SOTTO_OK;
}

sotto_status lab_carbons_sent(lab_session *sender, const stanza_element *message) {
    return copies(sender, "sent", message);
}

sotto_status lab_carbons_received(lab_session *receiver, const stanza_element *message) {
    return copies(receiver, "received", message);
}
