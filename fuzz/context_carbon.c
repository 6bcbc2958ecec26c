/* SPDX-License-Identifier: ISC
 *
 * context/carbon.h: nothing passes for a copy that did not come from the own account, holds one message, and names us
 * as its sender or its recipient (T1). */
#include "context/carbon.h"

#include "senders.h"

static bool names_account(bytes_arena *arena, const stanza_element *inner, const char *attribute) {
    stanza_jid jid;
    return sotto_ok(stanza_jid_parse(arena, stanza_attribute_of(inner, attribute), &jid)) &&
           bytes_is(jid.bare, FUZZ_ACCOUNT);
}

static void check_true(fuzz_sent *sent, const stanza_element *inner, const stanza_jid *from) {
    stanza_jid said;
    MUST(fuzz_sent_by_account(sent));
    MUST(stanza_is(inner, "message", STANZA_NS_CLIENT));
    MUST(stanza_is(inner->parent, "forwarded", "urn:xmpp:forward:0"));
    const stanza_element *copy = inner->parent->parent;
    MUST(copy->parent == sent->stanza && bytes_is(copy->ns, "urn:xmpp:carbons:2"));
    MUST(names_account(&sent->arena, inner, bytes_is(copy->name, "sent") ? "from" : "to"));
    MUST(!stanza_child(inner, "sent", "urn:xmpp:carbons:2") && !stanza_child(inner, "received", "urn:xmpp:carbons:2"));
    MUST_OK(stanza_jid_parse(&sent->arena, stanza_attribute_of(inner, "from"), &said));
    MUST(bytes_equal(said.full, from->full));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_sent sent;
    fuzz_sent_start(&sent, data, size);
    if (sent.stanza) {
        context_carbon found;
        const stanza_element *inner = NULL;
        stanza_jid from = {0};
        MUST_OK(context_carbon_read(sent.stanza, fuzz_sent_from(&sent), bytes_text(FUZZ_ACCOUNT), &sent.arena, &found,
                                    &inner, &from));
        if (found == CONTEXT_CARBON_SENT || found == CONTEXT_CARBON_RECEIVED)
            check_true(&sent, inner, &from);
        else
            MUST(!inner && from.full.len == 0);
        bool any = stanza_child(sent.stanza, "sent", "urn:xmpp:carbons:2") ||
                   stanza_child(sent.stanza, "received", "urn:xmpp:carbons:2");
        MUST(any == (found != CONTEXT_CARBON_NONE));
    }
    fuzz_sent_end(&sent);
    return 0;
}
