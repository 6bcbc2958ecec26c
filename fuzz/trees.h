/* SPDX-License-Identifier: ISC
 *
 * Trees of stanzas, compared and looked through. */
#ifndef FUZZ_TREES_H
#define FUZZ_TREES_H

#include "rig.h"
#include "stanza/element.h"

#define FUZZ_ARENA_BYTES_MAX (64u * 1024u * 1024u)

static inline bool fuzz_same_attributes(const stanza_attribute *a, const stanza_attribute *b) {
    for (; a && b; a = a->next, b = b->next) {
        if (!bytes_equal(a->name, b->name) || !bytes_equal(a->ns, b->ns) || !bytes_equal(a->value, b->value))
            return false;
    }
    return !a && !b;
}

/* The same names, namespaces, attributes in their order, and text. */
static inline bool fuzz_same_tree(const stanza_element *a, const stanza_element *b) {
    if (!bytes_equal(a->name, b->name) || !bytes_equal(a->ns, b->ns)) return false;
    if (!fuzz_same_attributes(a->attributes, b->attributes)) return false;
    const stanza_node *x = a->first, *y = b->first;
    for (; x && y; x = x->next, y = y->next) {
        if (!x->element != !y->element) return false;
        if (x->element ? !fuzz_same_tree(x->element, y->element) : !bytes_equal(x->text, y->text)) return false;
    }
    return !x && !y;
}

typedef struct fuzz_counts {
    size_t elements, attributes, depth;
} fuzz_counts;

/* Every span is read, parents and neighbours are what they must be, pieces of text are joined. */
static inline void fuzz_walk(const stanza_element *element, size_t depth, fuzz_counts *counts) {
    counts->elements++;
    if (depth > counts->depth) counts->depth = depth;
    (void)fuzz_touch(element->name);
    (void)fuzz_touch(element->ns);
    (void)fuzz_touch(element->raw);
    MUST(element->name.len > 0);
    size_t attributes = 0;
    for (const stanza_attribute *a = element->attributes; a; a = a->next) {
        (void)fuzz_touch(a->name);
        (void)fuzz_touch(a->ns);
        (void)fuzz_touch(a->value);
        attributes++;
    }
    if (attributes > counts->attributes) counts->attributes = attributes;
    const stanza_element *last = NULL;
    for (const stanza_node *node = element->first; node; node = node->next) {
        if (!node->element) {
            (void)fuzz_touch(node->text);
            MUST(!node->next || node->next->element);
            continue;
        }
        MUST(node->element->parent == element);
        MUST(!last || last->next == node->element);
        last = node->element;
        fuzz_walk(node->element, depth + 1, counts);
    }
    MUST(!last || !last->next);
}

static inline void fuzz_check_tree(const stanza_element *root) {
    fuzz_counts counts = {0};
    fuzz_walk(root, 1, &counts);
    MUST(counts.elements <= SOTTO_STANZA_ELEMENTS_MAX);
    MUST(counts.depth <= SOTTO_STANZA_DEPTH_MAX);
    MUST(counts.attributes <= SOTTO_STANZA_ATTRIBUTES_MAX);
}

/* One stanza of a target's input; NULL: it is none. The raw bytes outlive the tree in the arena. */
static inline const stanza_element *fuzz_parse(bytes_arena *arena, sotto_bytes text) {
    const stanza_element *root;
    return sotto_ok(stanza_parse(arena, text, &root)) ? root : NULL;
}

#endif
