/* SPDX-License-Identifier: ISC
 *
 * context/roster.h: a roster is believed from the own account alone (T3); items are bare JIDs in normal form. */
#include "context/roster.h"

#include "senders.h"

typedef struct seen {
    fuzz_sent *sent;
    size_t items;
} seen;

static sotto_status visit(void *arg, const context_roster_item *item) {
    seen *s = arg;
    stanza_jid jid;
    MUST_OK(stanza_jid_parse(&s->sent->arena, item->jid, &jid));
    MUST(bytes_equal(jid.full, item->jid) && jid.resource.len == 0);
    MUST(!(item->sees_our_presence && item->removed));
    s->items++;
    return SOTTO_OK;
}

static sotto_status refuse(void *arg, const context_roster_item *item) {
    (void)arg;
    (void)item;
    return SOTTO_FAIL(NO_MEMORY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_sent sent;
    fuzz_sent_start(&sent, data, size);
    if (sent.stanza) {
        seen s = {&sent, 0};
        bool is = true;
        MUST_OK(context_roster_read(sent.stanza, fuzz_sent_from(&sent), bytes_text(FUZZ_ACCOUNT), &sent.arena, visit,
                                    &s, &is));
        if (is) MUST((!sent.has_from || fuzz_sent_by_account(&sent)) && stanza_is(sent.stanza, "iq", STANZA_NS_CLIENT));
        MUST(is || s.items == 0);
        MUST(s.items <= stanza_count(stanza_child(sent.stanza, "query", "jabber:iq:roster")));
        sotto_status status = context_roster_read(sent.stanza, fuzz_sent_from(&sent), bytes_text(FUZZ_ACCOUNT),
                                                  &sent.arena, refuse, NULL, &is);
        MUST(sotto_ok(status) == (s.items == 0));
    }
    fuzz_sent_end(&sent);
    return 0;
}
