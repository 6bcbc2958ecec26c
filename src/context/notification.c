/* SPDX-License-Identifier: ISC */
#include "context/notification.h"

#define NS_EVENT "http://jabber.org/protocol/pubsub#event"

bool context_notification_read(const stanza_element *message, const stanza_jid *from, context_notification *ret) {
    bool several = false;
    const stanza_element *event = stanza_only_child(message, "event", NS_EVENT, &several);
    if (event == NULL || several || bytes_is(stanza_attribute_of(message, "type"), "error")) return false;
    if (from == NULL || from->local.len == 0 || from->resource.len > 0) return false;
    const stanza_element *what = stanza_first(event);
    if (what == NULL || !bytes_is(what->ns, NS_EVENT)) return false;
    sotto_bytes node = stanza_attribute_of(what, "node");
    if (node.len == 0) return false;
    if (bytes_is(what->name, "items")) {
        *ret = (context_notification){node, what};
        return true;
    }
    if (bytes_is(what->name, "purge") || bytes_is(what->name, "delete")) {
        *ret = (context_notification){node, NULL};
        return true;
    }
    return false;
}
