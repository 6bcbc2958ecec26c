/* SPDX-License-Identifier: ISC
 *
 * Reading stanzas: a tree in an arena, immutable once parsed. Writing is stanza/writer.h. Nothing here knows what any
 * extension means. */
#ifndef STANZA_ELEMENT_H
#define STANZA_ELEMENT_H

#include "bytes/arena.h"
#include "bytes/span.h"

#define STANZA_NS_CLIENT "jabber:client"
#define STANZA_NS_XML    "http://www.w3.org/XML/1998/namespace"

typedef struct stanza_attribute {
    struct stanza_attribute *next;
    sotto_bytes name;
    sotto_bytes ns;    /* empty for plain attributes */
    sotto_bytes value; /* entities resolved */
} stanza_attribute;

typedef struct stanza_node {
    struct stanza_node *next;
    struct stanza_element *element; /* NULL: text */
    sotto_bytes text;               /* entities resolved */
} stanza_node;

typedef struct stanza_element {
    sotto_bytes name; /* local name */
    sotto_bytes ns;
    stanza_attribute *attributes; /* in document order; namespace declarations are not among them */
    stanza_node *first;
    const struct stanza_element *parent; /* NULL for the root */
    const struct stanza_element *next;   /* the next element beside it */
    sotto_bytes raw;      /* its bytes as received, start tag to end tag (of a stream header: its start tag) */
    bool standalone;      /* raw parses to the same by itself inside a parent whose default namespace is `outer_ns`:
                             no prefix used that was bound outside */
    bool own_default;     /* nothing inside uses the default namespace outside: outer_ns does not matter for raw */
    sotto_bytes outer_ns; /* the default namespace in force outside its start tag when it was read */
} stanza_element;

/* One whole element. Its default namespace outside is jabber:client. The tree lives in the arena, spans into a copy of
 * text there. An XML declaration belongs to a stream, not here. MALFORMED, TOO_LARGE, XML_FORBIDDEN, NO_MEMORY; the
 * arena is back at its mark then. */
SOTTO_MUST_CHECK sotto_status stanza_parse(bytes_arena *, sotto_bytes text, const stanza_element **ret);

/* A parser kept open between stanzas: the same result as stanza_parse, without the cost of a new one each time. */
typedef struct stanza_parser stanza_parser;
SOTTO_MUST_CHECK sotto_status stanza_parser_new(stanza_parser **ret, const sotto_host *);
SOTTO_MUST_CHECK sotto_status stanza_parser_read(stanza_parser *, bytes_arena *, sotto_bytes text,
                                                 const stanza_element **ret);
void stanza_parser_free(stanza_parser *);

/* ---- looking; every function accepts NULL and answers NULL or empty then. A name or namespace of NULL: any ---- */
bool stanza_is(const stanza_element *, const char *name, const char *ns);
sotto_bytes stanza_attribute_of(const stanza_element *,
                                const char *name); /* plain attribute; empty .at==NULL: absent */
sotto_bytes stanza_attribute_ns(const stanza_element *, const char *name, const char *ns);
const stanza_element *stanza_first(const stanza_element *); /* first child element */
const stanza_element *stanza_next(const stanza_element *parent, const stanza_element *child);
/* First child with this name and namespace. */
const stanza_element *stanza_child(const stanza_element *, const char *name, const char *ns);
/* The only such child; NULL when there is none, and *ret_several (may be NULL) tells when there are several (T31). */
const stanza_element *stanza_only_child(const stanza_element *, const char *name, const char *ns, bool *ret_several);
size_t stanza_count(const stanza_element *); /* child elements */
/* All the text directly inside, joined (in the arena when it is in pieces). False: out of memory. */
SOTTO_MUST_CHECK bool stanza_text(const stanza_element *, bytes_arena *, sotto_bytes *ret);
/* A decimal attribute within [least, most]; false otherwise, or absent. */
SOTTO_MUST_CHECK bool stanza_attribute_number(const stanza_element *, const char *name, uint64_t least, uint64_t most,
                                              uint64_t *ret);

#endif
