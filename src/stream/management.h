/* SPDX-License-Identifier: ISC
 *
 * The counters of XEP-0198, the same for both roles; all of them wrap at 2^32. */
#ifndef STREAM_MANAGEMENT_H
#define STREAM_MANAGEMENT_H

#include "stanza/element.h"
#include "stream/wire.h"

typedef struct stream_management {
    bool on;
    uint32_t sent, acked;       /* our stanzas: written; handled by the other side */
    uint32_t received, handled; /* theirs: handed to the owner; dealt with, says the owner */
    bool asked;                 /* they asked when `asked_at` were received, and not all of those were handled then */
    uint32_t asked_at;
} stream_management;

/* A new session starts at 0; a resumed one where both sides stood. */
void stream_management_start(stream_management *, uint32_t sent, uint32_t handled);
/* The next received stanza's number, 0 when not on. */
uint32_t stream_management_count(stream_management *);
/* The owner dealt with `count`; answers a question that is still open. USAGE: more than were received. */
SOTTO_MUST_CHECK sotto_status stream_management_handled(stream_management *, stream_wire *, uint32_t count);
/* <r/> came: says at once what was handled (XEP-0198 section 4), and again when the rest was. */
void stream_management_asked(stream_management *, stream_wire *);
/* <a/> came. BAD_SERVER: it has no h, or acknowledges what was never sent (a stream error is written then). */
SOTTO_MUST_CHECK sotto_status stream_management_answered(stream_management *, stream_wire *, const stanza_element *);
/* <r/>, <a h=''/>. */
void stream_management_ask(stream_wire *);
void stream_management_answer(const stream_management *, stream_wire *);

#endif
