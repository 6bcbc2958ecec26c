/* SPDX-License-Identifier: ISC
 *
 * What a dialect that protects the text of <body/> alone (0.3) makes of everything else a message can hold: one const
 * table, the golden text of which is test/policy/content.txt. Content never leaves in the clear: it is sealed, left out
 * and said, or the message is refused. */
#ifndef SEAL_OMEMO_CONTENT_H
#define SEAL_OMEMO_CONTENT_H

#include "seal/seal.h"
#include "stanza/writer.h"

/* What such a dialect could not protect and what came beside the encryption, for whoever shows a message: hints, which
 * change no meaning and hide nothing (T6). Never from the inside of an envelope. */
#define OMEMO_NS_UNPROTECTED "urn:sotto:unprotected:0"

/* Beside a <body/>. SAID: SOTTO_EVENT_REDUCED names it. */
typedef enum omemo_fate {
    OMEMO_SEALED,
    OMEMO_CLEAR,      /* no content: asks for a receipt, names a thread, is addressed to servers */
    OMEMO_CLEAR_SAID, /* says which message is meant, by its id, and nothing of what is said */
    OMEMO_DROPPED,
    OMEMO_DROPPED_SAID
} omemo_fate;

/* In a message that has nothing that can be sealed, when nobody of the audience has a better dialect. */
typedef enum omemo_alone {
    OMEMO_ALONE_SENT,
    OMEMO_ALONE_REFUSED, /* CANNOT_PROTECT */
    OMEMO_ALONE_SILENT   /* nothing is sent, and nobody misses it */
} omemo_alone;

/* When it comes beside such an encryption. */
typedef enum omemo_found { OMEMO_FOUND_NOTHING, OMEMO_FOUND_HINT } omemo_found;

typedef struct omemo_content_rule {
    const char *what; /* as people are told */
    const char *ns;
    const char *name; /* NULL: every element of the namespace */
    omemo_fate fate;
    omemo_alone alone;
    omemo_found found;
} omemo_content_rule;

/* Ended by one without a namespace, which is what everything else falls under. */
extern const omemo_content_rule omemo_content_rules[];
const omemo_content_rule *omemo_content_rule_of(const stanza_element *child);
const char *omemo_fate_name(omemo_fate);
const char *omemo_alone_name(omemo_alone);
const char *omemo_found_name(omemo_found);

/* What such a dialect can do for a stanza. */
typedef struct omemo_reduced {
    bool has_body;        /* there is something to seal: ... */
    sotto_bytes text;     /* ... the text of the first body that is not empty */
    omemo_alone alone;    /* without a body: what becomes of it */
    sotto_bytes left_out; /* names, ", " between them; what is said; empty: nothing */
} omemo_reduced;

SOTTO_MUST_CHECK sotto_status omemo_content_reduce(const stanza_element *stanza, bytes_arena *, omemo_reduced *ret);

/* Writes what may stay beside the encryption. Hints and such are not among it: they are every dialect's. */
void omemo_content_write_clear(stanza_writer *, const stanza_element *stanza);
/* The stanza as it is handed on: what addresses it, the text as its body, and the hints. Whatever else was in the clear
 * beside the encryption is gone. MALFORMED: not text; NO_MEMORY, TOO_LARGE. */
SOTTO_MUST_CHECK sotto_status omemo_content_rebuild(const seal_env *, const stanza_element *outer, sotto_bytes text,
                                                    sotto_bytes *ret);

#endif
