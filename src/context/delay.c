/* SPDX-License-Identifier: ISC */
#include "context/delay.h"

#include "stanza/time.h"

#define NS_DELAY "urn:xmpp:delay"

bool context_delay_read(const stanza_element *stanza, uint64_t *ret_ms) {
    const stanza_element *delay = stanza_child(stanza, "delay", NS_DELAY);
    return delay != NULL && stanza_time_read(stanza_attribute_of(delay, "stamp"), ret_ms);
}
