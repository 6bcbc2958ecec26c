/* SPDX-License-Identifier: ISC */
#include "context/roster.h"

#define NS_ROSTER "jabber:iq:roster"

static sotto_status read_item(const stanza_element *item, bytes_arena *arena, context_roster_visit *visit, void *arg) {
    stanza_jid jid;
    sotto_status status = stanza_jid_parse(arena, stanza_attribute_of(item, "jid"), &jid);
    if (sotto_is(status, SOTTO_E_BAD_JID)) return SOTTO_OK; /* a broken entry says nothing */
    SOTTO_TRY(status);
    sotto_bytes subscription = stanza_attribute_of(item, "subscription");
    context_roster_item ret = {
        .jid = jid.bare,
        .sees_our_presence = bytes_is(subscription, "from") || bytes_is(subscription, "both"),
        .removed = bytes_is(subscription, "remove"),
    };
    return visit(arg, &ret);
}

sotto_status context_roster_read(const stanza_element *iq, const stanza_jid *from, sotto_bytes account,
                                 bytes_arena *arena, context_roster_visit *visit, void *arg, bool *ret_is) {
    *ret_is = false;
    if (!stanza_is(iq, "iq", STANZA_NS_CLIENT)) return SOTTO_OK;
    sotto_bytes type = stanza_attribute_of(iq, "type");
    if (!bytes_is(type, "result") && !bytes_is(type, "set")) return SOTTO_OK;
    const stanza_element *query = stanza_child(iq, "query", NS_ROSTER);
    if (query == NULL) return SOTTO_OK;
    if (from != NULL && !bytes_equal(from->full, account)) return SOTTO_OK; /* RFC 6121 section 2.1.6; T3 */
    *ret_is = true;
    for (const stanza_element *item = stanza_first(query); item != NULL; item = stanza_next(query, item))
        if (stanza_is(item, "item", NS_ROSTER)) SOTTO_TRY(read_item(item, arena, visit, arg));
    return SOTTO_OK;
}
