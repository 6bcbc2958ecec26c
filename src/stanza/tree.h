/* SPDX-License-Identifier: ISC
 *
 * The one place where expat is used: builds trees for stanza_parse, stanza_parser and stanza_reader. An expat parser is
 * kept open inside a wrapper element (the stream header, or one of our own) and gets one whole element at a time, as
 * stanza/cut.h cut it. Expat remembers every name it has ever seen, and is in the middle of something after an error:
 * so it is thrown away after every error and every STANZA_TREE_RENEW bytes, and the next one is given the wrapper
 * again. */
#ifndef STANZA_TREE_H
#define STANZA_TREE_H

#include "stanza/element.h"

#define STANZA_TREE_RENEW (256u * 1024u)

typedef struct stanza_tree stanza_tree;

/* Takes no parser yet. NULL: out of memory. */
stanza_tree *stanza_tree_new(const sotto_host *);
void stanza_tree_free(stanza_tree *);
/* Forgets everything that was read, the wrapper too. */
void stanza_tree_reset(stanza_tree *);

/* The XML declaration of a stream, in front of its header. XML_FORBIDDEN when it is another processing instruction. */
SOTTO_MUST_CHECK sotto_status stanza_tree_declaration(stanza_tree *, sotto_bytes text);
/* The wrapper: a start tag, or with `closed` an empty element. */
SOTTO_MUST_CHECK sotto_status stanza_tree_header(stanza_tree *, bytes_arena *, sotto_bytes text, bool closed,
                                                 const stanza_element **ret);
/* One element inside the wrapper. `wrapper` is its start tag, for the case that expat has to begin anew. On error the
 * arena is back at its mark and the next element can be read. */
SOTTO_MUST_CHECK sotto_status stanza_tree_read(stanza_tree *, bytes_arena *, sotto_bytes wrapper, sotto_bytes text,
                                               const stanza_element **ret);
/* The end tag of the wrapper. */
SOTTO_MUST_CHECK sotto_status stanza_tree_close(stanza_tree *, sotto_bytes wrapper, sotto_bytes text);

#endif
