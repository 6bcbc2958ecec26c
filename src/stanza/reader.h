/* SPDX-License-Identifier: ISC
 *
 * Cutting a stream of bytes into a stream header and stanzas (RFC 6120 section 4). Feeds as it comes, in any pieces. */
#ifndef STANZA_READER_H
#define STANZA_READER_H

#include "stanza/element.h"

typedef struct stanza_reader stanza_reader;

typedef enum stanza_reader_event {
    STANZA_READER_MORE,   /* nothing whole yet: feed more */
    STANZA_READER_OPEN,   /* the stream header: *ret is <stream:stream> without children */
    STANZA_READER_STANZA, /* a whole first-level child */
    STANZA_READER_CLOSE   /* </stream:stream> */
} stanza_reader_event;

/* stanza_bytes_max: of one first-level child; it can be raised after login. Never counts as more than
 * SOTTO_STANZA_BYTES_MAX, so that what was read once can be parsed again. */
SOTTO_MUST_CHECK sotto_status stanza_reader_new(stanza_reader **ret, const sotto_host *, size_t stanza_bytes_max);
void stanza_reader_limit(stanza_reader *, size_t stanza_bytes_max);
/* Hands in bytes; *ret_used says how many were consumed: reading stops right after each event, so that bytes behind
 * <proceed/> or </stream:stream> stay the caller's (RFC 6120 section 5.4.3.3). The tree of an event lives in the arena
 * given. Whitespace between stanzas is skipped. <stream:stream/> gives OPEN, and CLOSE with the next call. MALFORMED,
 * TOO_LARGE, XML_FORBIDDEN, NO_MEMORY: the reader is unusable then and repeats its error. STATE after CLOSE. Either way
 * stanza_reader_restart makes it usable again. *ret is NULL where the event has no element. */
SOTTO_MUST_CHECK sotto_status stanza_reader_feed(stanza_reader *, bytes_arena *, sotto_bytes in, size_t *ret_used,
                                                 stanza_reader_event *ret_event, const stanza_element **ret);
/* Starts a new stream (after TLS, after SASL): everything before is forgotten. */
SOTTO_MUST_CHECK sotto_status stanza_reader_restart(stanza_reader *);
/* True while bytes of an unfinished element are inside. */
bool stanza_reader_inside(const stanza_reader *);
void stanza_reader_free(stanza_reader *);

#endif
