/* SPDX-License-Identifier: ISC */
#include "context/carbon.h"

#define NS_CARBONS "urn:xmpp:carbons:2"
#define NS_FORWARD "urn:xmpp:forward:0"

/* <sent/> or <received/>; <private/> is a hint to servers and no copy. NULL: neither; *ret_several: more than one. */
static const stanza_element *find_copy(const stanza_element *message, bool *ret_several) {
    const stanza_element *found = NULL;
    *ret_several = false;
    for (const stanza_element *child = stanza_first(message); child != NULL; child = stanza_next(message, child)) {
        if (!stanza_is(child, "sent", NS_CARBONS) && !stanza_is(child, "received", NS_CARBONS)) continue;
        if (found != NULL) *ret_several = true;
        found = child;
    }
    return found;
}

static bool is_bare_of(bytes_arena *arena, const stanza_element *message, const char *attribute, sotto_bytes bare,
                       stanza_jid *ret, sotto_status *ret_status) {
    sotto_bytes text = stanza_attribute_of(message, attribute);
    *ret_status = stanza_jid_parse(arena, text, ret);
    return sotto_ok(*ret_status) && (bare.len == 0 || bytes_equal(ret->bare, bare));
}

sotto_status context_carbon_read(const stanza_element *message, const stanza_jid *from, sotto_bytes account,
                                 bytes_arena *arena, context_carbon *ret, const stanza_element **ret_message,
                                 stanza_jid *ret_from) {
    bool several;
    const stanza_element *copy = find_copy(message, &several);
    *ret = copy != NULL ? CONTEXT_CARBON_FORGED : CONTEXT_CARBON_NONE;
    if (copy == NULL || several || from == NULL || !bytes_equal(from->full, account)) return SOTTO_OK;
    const stanza_element *forwarded = stanza_only_child(copy, "forwarded", NS_FORWARD, NULL);
    const stanza_element *inner = stanza_only_child(forwarded, "message", STANZA_NS_CLIENT, NULL);
    if (inner == NULL || find_copy(inner, &several) != NULL) return SOTTO_OK;
    /* What we sent is from us, what we received is to us. */
    bool sent = stanza_is(copy, "sent", NS_CARBONS);
    stanza_jid inner_from, inner_to;
    sotto_status status;
    if (!is_bare_of(arena, inner, "from", sent ? account : BYTES_NONE, &inner_from, &status))
        return sotto_class(status) == SOTTO_CLASS_OURS ? status : SOTTO_OK;
    if (!is_bare_of(arena, inner, "to", sent ? BYTES_NONE : account, &inner_to, &status))
        return sotto_class(status) == SOTTO_CLASS_OURS ? status : SOTTO_OK;
    *ret = sent ? CONTEXT_CARBON_SENT : CONTEXT_CARBON_RECEIVED;
    *ret_message = inner;
    *ret_from = inner_from;
    return SOTTO_OK;
}
