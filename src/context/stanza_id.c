/* SPDX-License-Identifier: ISC */
#include "context/stanza_id.h"

#include "bytes/span.h"

#define NS_STANZA_ID "urn:xmpp:sid:0"

sotto_bytes context_stanza_id(const stanza_element *message, sotto_bytes by) {
    sotto_bytes found = BYTES_NONE;
    for (const stanza_element *child = stanza_first(message); child != NULL; child = stanza_next(message, child)) {
        if (!stanza_is(child, "stanza-id", NS_STANZA_ID) || !bytes_equal(stanza_attribute_of(child, "by"), by))
            continue;
        if (found.at != NULL) return BYTES_NONE;
        found = stanza_attribute_of(child, "id");
        if (found.len == 0) return BYTES_NONE;
    }
    return found;
}
