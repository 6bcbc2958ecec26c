/* SPDX-License-Identifier: ISC
 *
 * Counting stanzas and speaking about it. */
#include "stream/management.h"

#include <inttypes.h>
#include <stdio.h>

#include "stream/names.h"

void stream_management_start(stream_management *counts, uint32_t sent, uint32_t handled) {
    *counts = (stream_management){.on = true, .sent = sent, .acked = sent, .received = handled, .handled = handled};
}

uint32_t stream_management_count(stream_management *counts) {
    return counts->on ? ++counts->received : 0;
}

void stream_management_ask(stream_wire *wire) {
    stanza_writer writer;
    stream_wire_write(wire, &writer);
    stanza_leaf(&writer, "r", STREAM_NS_MANAGEMENT, BYTES_NONE);
}

void stream_management_answer(const stream_management *counts, stream_wire *wire) {
    stanza_writer writer;
    stream_wire_write(wire, &writer);
    stanza_open(&writer, "a", STREAM_NS_MANAGEMENT);
    stanza_put_number(&writer, "h", counts->handled);
    stanza_close(&writer);
}

/* Differences are taken modulo 2^32 and compared with what is open, which is far below 2^31. */
sotto_status stream_management_handled(stream_management *counts, stream_wire *wire, uint32_t count) {
    if (!counts->on) return SOTTO_OK;
    if (count - counts->handled > counts->received - counts->handled) return SOTTO_FAIL(USAGE);
    counts->handled = count;
    if (counts->asked && counts->received - count <= counts->received - counts->asked_at) {
        counts->asked = false;
        stream_management_answer(counts, wire);
        return stream_wire_out(wire)->status;
    }
    return SOTTO_OK;
}

void stream_management_asked(stream_management *counts, stream_wire *wire) {
    if (!counts->on) return;
    counts->asked = counts->handled != counts->received;
    counts->asked_at = counts->received;
    stream_management_answer(counts, wire);
}

sotto_status stream_management_answered(stream_management *counts, stream_wire *wire, const stanza_element *answer) {
    uint64_t h;
    if (!counts->on) return SOTTO_OK;
    if (!stanza_attribute_number(answer, "h", 0, UINT32_MAX, &h)) return SOTTO_FAIL(BAD_SERVER);
    if ((uint32_t)h - counts->acked > counts->sent - counts->acked) {
        char extra[128];
        (void)snprintf(extra, sizeof extra,
                       "<handled-count-too-high xmlns='" STREAM_NS_MANAGEMENT "' h='%" PRIu64 "' send-count='%" PRIu32
                       "'/>",
                       h, counts->sent);
        stream_wire_error(wire, "undefined-condition", extra);
        return SOTTO_FAIL(BAD_SERVER);
    }
    counts->acked = (uint32_t)h;
    return SOTTO_OK;
}
