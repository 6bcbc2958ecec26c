/* SPDX-License-Identifier: ISC
 *
 * Writing stanzas, forwards, into a buffer. Escapes what must be escaped, declares namespaces where they change, and
 * copies untouched elements byte for byte where that means the same. Sticky like its buffer. Characters that XML 1.0
 * cannot carry (control characters, broken UTF-8) make the buffer fail with MALFORMED. */
#ifndef STANZA_WRITER_H
#define STANZA_WRITER_H

#include "bytes/buffer.h"
#include "stanza/element.h"

#define STANZA_WRITER_DEPTH 64

typedef struct stanza_writer {
    bytes_buffer *out;
    unsigned depth;
    bool tag_open;     /* the start tag still lacks its > */
    unsigned prefixes; /* made up for attributes of that start tag */
    struct {
        sotto_bytes name, ns;
    } open[STANZA_WRITER_DEPTH]; /* borrowed: names and namespaces outlive the writer */
    sotto_bytes outer_ns;
} stanza_writer;

/* outer_ns: the default namespace where the result will stand ("jabber:client" for stanzas). */
void stanza_writer_init(stanza_writer *, bytes_buffer *out, const char *outer_ns);
/* A name without a prefix; ns is empty for none. More than STANZA_WRITER_DEPTH open elements: TOO_LARGE. */
void stanza_open(stanza_writer *, const char *name, const char *ns);
void stanza_open_as(stanza_writer *, sotto_bytes name, sotto_bytes ns);
/* A plain attribute, or one named "xml:...". An absent value (.at NULL) writes none. Nobody looks for a second of the
 * same name. Without an open start tag, as in every other call out of order, the buffer fails with STATE. */
void stanza_put(stanza_writer *, const char *name, sotto_bytes value);
void stanza_put_text(stanza_writer *, const char *name, const char *value);
void stanza_put_number(stanza_writer *, const char *name, uint64_t value);
void stanza_put_ns(stanza_writer *, const stanza_attribute *); /* copies a qualified (or plain) attribute */
void stanza_write(stanza_writer *, sotto_bytes text);          /* character data, escaped */
void stanza_write_text(stanza_writer *, const char *text);
void stanza_close(stanza_writer *);
void stanza_leaf(stanza_writer *, const char *name, const char *ns, sotto_bytes text); /* open, text, close */
/* A whole element of a tree: its raw bytes where they mean the same here, else written anew. Only the start tags that
 * need it are written anew; what is inside is again copied where it can be. */
void stanza_copy(stanza_writer *, const stanza_element *);
/* The start tag alone (name, namespace, all attributes); children are the caller's, then stanza_close. */
void stanza_copy_open(stanza_writer *, const stanza_element *);

#endif
