/* SPDX-License-Identifier: ISC
 *
 * context/notification.h: a notification is one of a person's bare JID, about one node (T4). context/delay.h reads the
 * same stanza: its time is one that XEP-0082 can write. */
#include "context/notification.h"

#include "context/delay.h"
#include "senders.h"

#define NS_EVENT "http://jabber.org/protocol/pubsub#event"

static void check(const fuzz_sent *sent, const context_notification *found) {
    MUST(sent->has_from && sent->from.local.len > 0 && sent->from.resource.len == 0);
    MUST(found->node.len > 0);
    MUST(!bytes_is(stanza_attribute_of(sent->stanza, "type"), "error"));
    const stanza_element *event = stanza_child(sent->stanza, "event", NS_EVENT);
    MUST(event && (!found->items || found->items->parent == event));
    if (found->items) MUST(stanza_is(found->items, "items", NS_EVENT));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_sent sent;
    fuzz_sent_start(&sent, data, size);
    if (sent.stanza) {
        context_notification found = {0};
        if (context_notification_read(sent.stanza, fuzz_sent_from(&sent), &found)) check(&sent, &found);
        uint64_t ms = UINT64_MAX;
        if (context_delay_read(sent.stanza, &ms))
            MUST(ms < UINT64_C(253402400000000) && stanza_child(sent.stanza, "delay", "urn:xmpp:delay"));
    }
    fuzz_sent_end(&sent);
    return 0;
}
