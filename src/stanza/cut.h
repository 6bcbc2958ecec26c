/* SPDX-License-Identifier: ISC
 *
 * Finding where an element ends, before anybody parses it. XMPP's restricted XML (RFC 6120 section 11.1) can be cut
 * with a few states: a '>' outside quotes and CDATA ends a tag, and start tags minus end tags is the depth. The cutter
 * never decides that something is well-formed: expat reads every piece afterwards and must find exactly the one element
 * in it. So a wrong cut can only be an error, never another reading. What it buys: expat always gets whole elements (no
 * token is ever scanned twice, whatever the pieces on the wire), limits hold while bytes arrive, a piece is its raw
 * bytes. */
#ifndef STANZA_CUT_H
#define STANZA_CUT_H

#include <sotto/types.h>

typedef enum stanza_cut_found {
    STANZA_CUT_MORE,       /* everything was consumed, nothing has ended */
    STANZA_CUT_ELEMENT,    /* a whole element */
    STANZA_CUT_START,      /* only with `header`: a start tag */
    STANZA_CUT_END,        /* an end tag that belongs to something outside */
    STANZA_CUT_DECLARATION /* only with `header`: <? to ?> */
} stanza_cut_found;

typedef struct stanza_cut {
    unsigned state;      /* 0: nothing of a piece seen yet */
    unsigned depth;      /* elements open now */
    unsigned elements;   /* start tags so far */
    unsigned attributes; /* of the start tag at hand: opened quotes */
    unsigned matched;    /* characters of the mark that ends or begins something */
    uint8_t quote;
    bool slash;  /* the last character of the tag was one */
    bool header; /* a stream header is expected, not a whole element */
} stanza_cut;

/* A piece begins with its '<'; {0} (or .header alone set) is a fresh cutter, and it is fresh again after each piece.
 * TOO_LARGE, XML_FORBIDDEN or MALFORMED as soon as the byte that shows it is there. */
SOTTO_MUST_CHECK sotto_status stanza_cut_run(stanza_cut *, sotto_bytes in, size_t *ret_used, stanza_cut_found *ret);

static inline bool stanza_cut_space(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

#endif
