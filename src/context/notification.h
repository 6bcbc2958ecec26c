/* SPDX-License-Identifier: ISC
 *
 * Recognizing PEP notifications (XEP-0163 section 4.3), from whom they may come (T4). */
#ifndef CONTEXT_NOTIFICATION_H
#define CONTEXT_NOTIFICATION_H

#include "stanza/element.h"
#include "stanza/jid.h"

typedef struct context_notification {
    sotto_bytes node;
    const stanza_element
        *items; /* <items/> with <item/> or <retract/> children; NULL: the node was purged or deleted */
} context_notification;

/* True when the message is one. from: the sender, which for a person's node must be a bare JID with a local part: a
 * notification from a full JID or a server is somebody's forgery, and is not recognized. */
bool context_notification_read(const stanza_element *message, const stanza_jid *from, context_notification *ret);

#endif
