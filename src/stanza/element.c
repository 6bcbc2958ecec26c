/* SPDX-License-Identifier: ISC
 *
 * Parsing one stanza, and looking into trees. */
#include "stanza/element.h"

#include <sotto/limits.h>

#include "bytes/memory.h"
#include "stanza/cut.h"
#include "stanza/tree.h"

#define WRAPPER BYTES_LITERAL("<w xmlns='" STANZA_NS_CLIENT "'>")

struct stanza_parser {
    const sotto_host *host;
    stanza_tree *tree;
};

sotto_status stanza_parser_new(stanza_parser **ret, const sotto_host *host) {
    stanza_parser *parser = bytes_new(host, sizeof *parser);
    if (!parser) return SOTTO_FAIL(NO_MEMORY);
    parser->host = host;
    parser->tree = stanza_tree_new(host);
    if (!parser->tree) {
        bytes_free(host, parser, sizeof *parser);
        return SOTTO_FAIL(NO_MEMORY);
    }
    *ret = parser;
    return SOTTO_OK;
}

void stanza_parser_free(stanza_parser *parser) {
    if (!parser) return;
    stanza_tree_free(parser->tree);
    bytes_free(parser->host, parser, sizeof *parser);
}

sotto_status stanza_parser_read(stanza_parser *parser, bytes_arena *arena, sotto_bytes text,
                                const stanza_element **ret) {
    if (text.len > SOTTO_STANZA_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    stanza_cut cut = {0};
    stanza_cut_found found;
    size_t used;
    SOTTO_TRY(stanza_cut_run(&cut, text, &used, &found));
    if (found != STANZA_CUT_ELEMENT || used != text.len) return SOTTO_FAIL(MALFORMED);
    return stanza_tree_read(parser->tree, arena, WRAPPER, text, ret);
}

sotto_status stanza_parse(bytes_arena *arena, sotto_bytes text, const stanza_element **ret) {
    stanza_parser parser = {arena->host, stanza_tree_new(arena->host)};
    if (!parser.tree) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = stanza_parser_read(&parser, arena, text, ret);
    stanza_tree_free(parser.tree);
    return status;
}

static bool matches(sotto_bytes text, const char *wanted) {
    return !wanted || bytes_is(text, wanted);
}

bool stanza_is(const stanza_element *element, const char *name, const char *ns) {
    return element && matches(element->name, name) && matches(element->ns, ns);
}

sotto_bytes stanza_attribute_ns(const stanza_element *element, const char *name, const char *ns) {
    for (const stanza_attribute *a = element ? element->attributes : NULL; a; a = a->next) {
        if (matches(a->name, name) && matches(a->ns, ns)) return a->value;
    }
    return BYTES_NONE;
}

sotto_bytes stanza_attribute_of(const stanza_element *element, const char *name) {
    return stanza_attribute_ns(element, name, "");
}

const stanza_element *stanza_first(const stanza_element *element) {
    for (const stanza_node *node = element ? element->first : NULL; node; node = node->next) {
        if (node->element) return node->element;
    }
    return NULL;
}

const stanza_element *stanza_next(const stanza_element *parent, const stanza_element *child) {
    return parent && child && child->parent == parent ? child->next : NULL;
}

static const stanza_element *from(const stanza_element *child, const char *name, const char *ns) {
    while (child && !stanza_is(child, name, ns)) child = child->next;
    return child;
}

const stanza_element *stanza_child(const stanza_element *element, const char *name, const char *ns) {
    return from(stanza_first(element), name, ns);
}

const stanza_element *stanza_only_child(const stanza_element *element, const char *name, const char *ns,
                                        bool *ret_several) {
    const stanza_element *child = stanza_child(element, name, ns);
    bool several = child && from(child->next, name, ns);
    if (ret_several) *ret_several = several;
    return several ? NULL : child;
}

size_t stanza_count(const stanza_element *element) {
    size_t count = 0;
    for (const stanza_element *child = stanza_first(element); child; child = child->next) count++;
    return count;
}

bool stanza_text(const stanza_element *element, bytes_arena *arena, sotto_bytes *ret) {
    size_t len = 0, pieces = 0;
    const stanza_node *only = NULL;
    for (const stanza_node *node = element ? element->first : NULL; node; node = node->next) {
        if (node->element) continue;
        len += node->text.len;
        pieces++;
        only = node;
    }
    if (pieces < 2) {
        *ret = only ? only->text : BYTES_NONE;
        return true;
    }
    uint8_t *at = bytes_arena_take(arena, len);
    if (!at) return false;
    sotto_bytes all = {at, len};
    for (const stanza_node *node = element->first; node; node = node->next) {
        if (node->element) continue;
        memcpy(at, node->text.at, node->text.len);
        at += node->text.len;
    }
    *ret = all;
    return true;
}

bool stanza_attribute_number(const stanza_element *element, const char *name, uint64_t least, uint64_t most,
                             uint64_t *ret) {
    sotto_bytes digits = stanza_attribute_of(element, name);
    uint64_t value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9') return false;
        unsigned digit = digits.at[i] - '0';
        if (value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    if (digits.len == 0 || value < least || value > most) return false;
    *ret = value;
    return true;
}
