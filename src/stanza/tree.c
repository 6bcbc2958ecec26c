/* SPDX-License-Identifier: ISC
 *
 * Building trees. A frame for every open element, a list of the prefixes in force; one piece of arena for each start
 * tag. Names and text are spans into the raw bytes wherever those say the same, which is looked at byte by byte. */
#include "stanza/tree.h"

#include <expat.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include <sotto/limits.h>

#include "bytes/memory.h"
#include "stanza/memory.h"

#define SEPARATOR     1 /* no Char of XML 1.0, not even as a reference */
#define OWN_BYTES_MAX (256u * 1024u)
#define NOWHERE       UINT_MAX

typedef struct frame {
    stanza_element *element;
    stanza_element *last_child;
    stanza_node *last;
    size_t start;           /* where the start tag begins in the raw bytes */
    sotto_bytes default_ns; /* in force inside */
    unsigned default_level; /* of the frame that declared it */
    unsigned low_prefix;    /* lowest frame that bound a prefix used inside */
    unsigned low_default;   /* lowest frame that declared a default namespace used inside */
} frame;

typedef struct binding {
    sotto_bytes prefix;
    sotto_bytes uri;
    sotto_bytes here; /* bound by the wrapper: the copy in the arena of the element being read, once needed */
    unsigned level;
} binding;

struct stanza_tree {
    const sotto_host *host;
    XML_Parser expat;
    bytes_arena own;    /* names the wrapper declares */
    bytes_arena *arena; /* of the caller, during a call */
    sotto_status status;
    sotto_bytes raw; /* the piece being read, in the arena */
    size_t fed;      /* bytes expat was given before this piece */
    unsigned open;   /* frames in use; the wrapper is frame 0 */
    unsigned bound;
    bool declared; /* an XML declaration was read */
    bool closed;   /* the wrapper has ended */
    bool has_next_default;
    sotto_bytes next_default; /* declared by the start tag that comes next */
    sotto_bytes wrapper_ns;
    stanza_element *root;
    bool unbound;         /* expat missed a prefix */
    stanza_node *growing; /* a text node with room behind it, and that room */
    uint8_t *growing_at;
    size_t growing_size;
    frame frames[SOTTO_STANZA_DEPTH_MAX + 1];
    binding bindings[SOTTO_STANZA_PREFIXES_MAX];
};

typedef struct triplet {
    sotto_bytes uri, local, prefix;
} triplet;

static void fail(stanza_tree *tree, sotto_status status) {
    if (sotto_ok(tree->status)) tree->status = status;
    XML_StopParser(tree->expat, XML_FALSE);
}

/* "uri^local^prefix", "uri^local" or "local". */
static triplet split(const XML_Char *name) {
    const char *first = strchrnul(name, SEPARATOR);
    size_t len = (size_t)(first - name);
    if (*first == 0) return (triplet){.local = bytes_of(name, len)};
    const char *local = first + 1;
    const char *second = strchrnul(local, SEPARATOR);
    triplet parts = {.uri = bytes_of(name, len), .local = bytes_of(local, (size_t)(second - local))};
    if (*second != 0) parts.prefix = bytes_text(second + 1);
    return parts;
}

static bool names_fit(triplet parts) {
    return parts.local.len <= SOTTO_STANZA_NAME_BYTES_MAX && parts.prefix.len <= SOTTO_STANZA_NAME_BYTES_MAX;
}

/* The span of the raw bytes at `at` if it has exactly these bytes, else none. */
static sotto_bytes in_raw(const stanza_tree *tree, size_t at, sotto_bytes bytes) {
    if (at > tree->raw.len || bytes.len > tree->raw.len - at) return BYTES_NONE;
    sotto_bytes span = {tree->raw.at + at, bytes.len};
    return bytes_equal(span, bytes) ? span : BYTES_NONE;
}

/* Expat 2.9 would rather have its functions of 64 bits called, which 2.5 does not have yet. A stanza is far shorter
 * than either can count. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
/* Where the token at hand begins in the raw bytes. */
static size_t position(const stanza_tree *tree) {
    return (size_t)XML_GetCurrentByteIndex(tree->expat) - tree->fed;
}

static size_t token_len(const stanza_tree *tree) {
    return (size_t)XML_GetCurrentByteCount(tree->expat);
}
#pragma GCC diagnostic pop

/* A namespace of the wrapper, where the element's tree can keep it. */
static sotto_bytes import(stanza_tree *tree, sotto_bytes ns) {
    if (ns.len == 0) return BYTES_NONE;
    if (bytes_is(ns, STANZA_NS_CLIENT)) return BYTES_LITERAL(STANZA_NS_CLIENT);
    sotto_bytes copy = BYTES_NONE;
    if (!bytes_arena_copy(tree->arena, ns, &copy)) fail(tree, SOTTO_FAIL(NO_MEMORY));
    return copy;
}

/* The namespace a prefix stands for; notes in the frame where that was bound. */
static sotto_bytes resolve(stanza_tree *tree, frame *user, sotto_bytes prefix) {
    if (bytes_is(prefix, "xml")) return BYTES_LITERAL(STANZA_NS_XML);
    for (unsigned i = tree->bound; i > 0; i--) {
        binding *bound = &tree->bindings[i - 1];
        if (!bytes_equal(bound->prefix, prefix)) continue;
        if (bound->level < user->low_prefix) user->low_prefix = bound->level;
        if (bound->level > 0) return bound->uri;
        if (!bound->here.at) bound->here = import(tree, bound->uri);
        return bound->here;
    }
    fail(tree, SOTTO_FAIL(MALFORMED));
    return BYTES_NONE;
}

/* Comes before the start tag that holds the declaration. */
static void on_namespace(void *arg, const XML_Char *prefix, const XML_Char *uri) {
    stanza_tree *tree = arg;
    if (!sotto_ok(tree->status)) return;
    sotto_bytes name = bytes_text(prefix), value = bytes_text(uri);
    if (name.len > SOTTO_STANZA_NAME_BYTES_MAX || value.len > SOTTO_STANZA_NAME_BYTES_MAX) {
        fail(tree, SOTTO_FAIL(TOO_LARGE));
        return;
    }
    if (bytes_is(name, "xml")) return; /* may be declared, as what it is anyway */
    bytes_arena *arena = tree->open == 0 ? &tree->own : tree->arena;
    sotto_bytes copy = BYTES_NONE;
    if (value.len > 0 && !bytes_arena_copy(arena, value, &copy)) {
        fail(tree, SOTTO_FAIL(NO_MEMORY));
        return;
    }
    if (!prefix) {
        tree->has_next_default = true;
        tree->next_default = copy;
        return;
    }
    if (tree->bound == SOTTO_STANZA_PREFIXES_MAX) {
        fail(tree, SOTTO_FAIL(TOO_LARGE));
        return;
    }
    binding bound = {.uri = copy, .level = tree->open};
    if (!bytes_arena_copy(arena, name, &bound.prefix)) {
        fail(tree, SOTTO_FAIL(NO_MEMORY));
        return;
    }
    tree->bindings[tree->bound++] = bound;
}

/* Gives a copy out of memory that start() has taken for it. Empty is not absent: it has an address. */
static sotto_bytes place(uint8_t **free_at, sotto_bytes bytes) {
    sotto_bytes copy = {*free_at, bytes.len};
    if (bytes.len > 0) memcpy(*free_at, bytes.at, bytes.len);
    *free_at += bytes.len;
    return copy;
}

/* Node, element, attributes and their strings in one piece of arena; NULL: failed. */
static stanza_node *start(stanza_tree *tree, frame *top, triplet name, const XML_Char **attributes) {
    size_t count = 0, strings = 0;
    for (; attributes[2 * count]; count++) {
        triplet parts = split(attributes[2 * count]);
        if (!names_fit(parts)) {
            fail(tree, SOTTO_FAIL(TOO_LARGE));
            return NULL;
        }
        if (memchr(parts.local.at, ':', parts.local.len)) {
            /* Out of memory for a prefix, expat takes its declaration for an attribute (getAttributeId in 2.5). */
            fail(tree, SOTTO_FAIL(NO_MEMORY));
            return NULL;
        }
        strings += parts.local.len + strlen(attributes[2 * count + 1]);
    }
    if (count > SOTTO_STANZA_ATTRIBUTES_MAX) {
        fail(tree, SOTTO_FAIL(TOO_LARGE));
        return NULL;
    }
    sotto_bytes written = in_raw(tree, top->start + 1 + (name.prefix.len > 0 ? name.prefix.len + 1 : 0), name.local);
    strings += written.at ? 0 : name.local.len;

    struct {
        stanza_node node;
        stanza_element element;
        stanza_attribute attributes[];
    } *piece = bytes_arena_take(tree->arena, sizeof *piece + count * sizeof piece->attributes[0] + strings + 1);
    if (!piece) {
        fail(tree, SOTTO_FAIL(NO_MEMORY));
        return NULL;
    }
    uint8_t *free_at = (uint8_t *)&piece->attributes[count];
    piece->node.element = &piece->element;
    piece->element.name = written.at ? written : place(&free_at, name.local);
    for (size_t i = 0; i < count; i++) {
        triplet parts = split(attributes[2 * i]);
        stanza_attribute *made = &piece->attributes[i];
        made->name = place(&free_at, parts.local);
        made->value = place(&free_at, bytes_text(attributes[2 * i + 1]));
        if (parts.prefix.len > 0) made->ns = resolve(tree, top, parts.prefix);
        made->next = i + 1 < count ? made + 1 : NULL;
    }
    if (count > 0) piece->element.attributes = piece->attributes;
    return sotto_ok(tree->status) ? &piece->node : NULL;
}

/* The frame of a start tag, with the default namespace in force inside. */
static frame frame_of(stanza_tree *tree, unsigned level) {
    frame made = {.start = position(tree), .low_prefix = NOWHERE, .low_default = NOWHERE, .default_level = level};
    if (tree->has_next_default) {
        if (level == 0) tree->wrapper_ns = tree->next_default;
        made.default_ns = level == 0 ? import(tree, tree->next_default) : tree->next_default;
    } else if (level > 0) {
        made.default_ns = tree->frames[level - 1].default_ns;
        made.default_level = tree->frames[level - 1].default_level;
    }
    tree->has_next_default = false;
    return made;
}

static void on_start(void *arg, const XML_Char *tag, const XML_Char **attributes) {
    stanza_tree *tree = arg;
    if (!sotto_ok(tree->status)) return;
    unsigned level = tree->open;
    triplet name = split(tag);
    if (level > SOTTO_STANZA_DEPTH_MAX || !names_fit(name)) {
        fail(tree, SOTTO_FAIL(TOO_LARGE));
        return;
    }
    if (level <= 1 && tree->root) { /* something beside the one element */
        fail(tree, SOTTO_FAIL(MALFORMED));
        return;
    }
    frame *top = &tree->frames[level];
    *top = frame_of(tree, level);
    stanza_node *node = start(tree, top, name, attributes);
    if (!node) return;
    stanza_element *element = node->element;
    if (name.prefix.len > 0) {
        element->ns = resolve(tree, top, name.prefix);
    } else {
        element->ns = top->default_ns;
        top->low_default = top->default_level;
    }
    top->element = element;
    tree->open++;
    if (level <= 1) tree->root = element;
    if (level == 0) return;

    frame *outer = &tree->frames[level - 1];
    element->outer_ns = outer->default_ns;
    if (level == 1) return;
    element->parent = outer->element;
    if (outer->last)
        outer->last->next = node;
    else
        outer->element->first = node;
    outer->last = node;
    if (outer->last_child) outer->last_child->next = element;
    outer->last_child = element;
}

static void on_end(void *arg, const XML_Char *tag) {
    (void)tag;
    stanza_tree *tree = arg;
    if (!sotto_ok(tree->status)) return;
    unsigned level = --tree->open;
    while (tree->bound > 0 && tree->bindings[tree->bound - 1].level >= level) tree->bound--;
    if (level == 0) {
        tree->closed = true;
        return;
    }
    frame *top = &tree->frames[level];
    size_t end = position(tree) + token_len(tree);
    if (end > tree->raw.len || end < top->start) {
        fail(tree, SOTTO_FAIL(MALFORMED));
        return;
    }
    top->element->raw = bytes_of(tree->raw.at + top->start, end - top->start);
    top->element->standalone = top->low_prefix >= level;
    top->element->own_default = top->low_default >= level;
    frame *outer = &tree->frames[level - 1];
    if (top->low_prefix < outer->low_prefix) outer->low_prefix = top->low_prefix;
    if (top->low_default < outer->low_default) outer->low_default = top->low_default;
}

/* Adds to a text node whose bytes do not lie in one run of the raw bytes. Room doubles, so many pieces cost O(n). */
static bool append(stanza_tree *tree, stanza_node *node, sotto_bytes text) {
    size_t len = node->text.len + text.len;
    if (tree->growing != node || len > tree->growing_size) {
        size_t size = len < 32 ? 64 : len * 2;
        uint8_t *at = bytes_arena_take(tree->arena, size);
        if (!at) return false;
        if (node->text.len > 0) memcpy(at, node->text.at, node->text.len);
        tree->growing = node;
        tree->growing_at = at;
        tree->growing_size = size;
    }
    memcpy(tree->growing_at + node->text.len, text.at, text.len);
    node->text = bytes_of(tree->growing_at, len);
    return true;
}

static void on_text(void *arg, const XML_Char *at, int len) {
    stanza_tree *tree = arg;
    if (!sotto_ok(tree->status) || len <= 0) return;
    if (tree->open <= 1) { /* beside the one element */
        fail(tree, SOTTO_FAIL(MALFORMED));
        return;
    }
    frame *top = &tree->frames[tree->open - 1];
    sotto_bytes text = bytes_of(at, (size_t)len);
    sotto_bytes span = in_raw(tree, position(tree), text);
    stanza_node *last = top->last;
    if (last && !last->element && span.at && last->text.at + last->text.len == span.at) {
        last->text.len += span.len;
        return;
    }
    if (!last || last->element) {
        stanza_node *node = bytes_arena_take(tree->arena, sizeof *node);
        if (!node) {
            fail(tree, SOTTO_FAIL(NO_MEMORY));
            return;
        }
        if (last)
            last->next = node;
        else
            top->element->first = node;
        top->last = last = node;
        if (span.at) {
            node->text = span;
            return;
        }
    }
    if (!append(tree, last, text)) fail(tree, SOTTO_FAIL(NO_MEMORY));
}

/* RFC 6120 section 11.4 and 11.6: version 1.0, and nothing but UTF-8. */
static void on_declaration(void *arg, const XML_Char *version, const XML_Char *encoding, int standalone) {
    (void)standalone;
    stanza_tree *tree = arg;
    tree->declared = true;
    if (!version || strcmp(version, "1.0") != 0)
        fail(tree, SOTTO_FAIL(MALFORMED));
    else if (encoding && strcasecmp(encoding, "UTF-8") != 0)
        fail(tree, SOTTO_FAIL(MALFORMED));
}

/* The cutter has refused these already; here they are refused once more. */
static void on_instruction(void *arg, const XML_Char *target, const XML_Char *data) {
    (void)target;
    (void)data;
    fail(arg, SOTTO_FAIL(XML_FORBIDDEN));
}

static void on_comment(void *arg, const XML_Char *data) {
    (void)data;
    fail(arg, SOTTO_FAIL(XML_FORBIDDEN));
}

static void on_doctype(void *arg, const XML_Char *name, const XML_Char *system, const XML_Char *public, int subset) {
    (void)name;
    (void)system;
    (void)public;
    (void)subset;
    fail(arg, SOTTO_FAIL(XML_FORBIDDEN));
}

/* ---- the parser of expat: begun, fed, thrown away ---- */

static void drop(stanza_tree *tree) {
    if (tree->expat) XML_ParserFree(tree->expat);
    tree->expat = NULL;
    bytes_arena_clear(&tree->own);
    tree->wrapper_ns = BYTES_NONE;
    tree->open = tree->bound = 0;
    tree->closed = tree->declared = tree->has_next_default = false;
    tree->fed = 0;
}

static sotto_status begin(stanza_tree *tree) {
    const XML_Memory_Handling_Suite memory = {stanza_memory_new, stanza_memory_resize, stanza_memory_free};
    const XML_Char separator[] = {SEPARATOR, 0};
    drop(tree);
    /* The encoding given here overrides what a declaration says; on_declaration refuses anything else. */
    tree->expat = XML_ParserCreate_MM("UTF-8", &memory, separator);
    if (!tree->expat) return SOTTO_FAIL(NO_MEMORY);
    XML_SetReturnNSTriplet(tree->expat, 1);
    XML_SetUserData(tree->expat, tree);
    XML_SetElementHandler(tree->expat, on_start, on_end);
    XML_SetCharacterDataHandler(tree->expat, on_text);
    XML_SetStartNamespaceDeclHandler(tree->expat, on_namespace);
    XML_SetXmlDeclHandler(tree->expat, on_declaration);
    XML_SetProcessingInstructionHandler(tree->expat, on_instruction);
    XML_SetCommentHandler(tree->expat, on_comment);
    XML_SetStartDoctypeDeclHandler(tree->expat, on_doctype);
    return SOTTO_OK;
}

static sotto_status status_of(enum XML_Error error) {
    switch (error) {
    case XML_ERROR_NO_MEMORY:
        return SOTTO_FAIL(NO_MEMORY);
    case XML_ERROR_UNDEFINED_ENTITY: /* any but the five predefined: RFC 6120 section 11.1 */
    case XML_ERROR_RECURSIVE_ENTITY_REF:
    case XML_ERROR_BINARY_ENTITY_REF:
    case XML_ERROR_ATTRIBUTE_EXTERNAL_ENTITY_REF:
    case XML_ERROR_EXTERNAL_ENTITY_HANDLING:
    case XML_ERROR_ENTITY_DECLARED_IN_PE:
    case XML_ERROR_PARAM_ENTITY_REF:
    case XML_ERROR_MISPLACED_XML_PI:
        return SOTTO_FAIL(XML_FORBIDDEN);
    default:
        return SOTTO_FAIL(MALFORMED);
    }
}

/* Gives expat a piece; tree->raw is the copy of it in the arena, or empty for what needs no tree. */
static sotto_status feed(stanza_tree *tree, bytes_arena *arena, sotto_bytes text) {
    if (text.len > SOTTO_STANZA_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE); /* XML_Parse takes an int */
    tree->arena = arena;
    tree->status = SOTTO_OK;
    tree->root = NULL;
    tree->unbound = false;
    tree->growing = NULL;
    for (unsigned i = 0; i < tree->bound; i++) tree->bindings[i].here = BYTES_NONE;
    enum XML_Status result = XML_Parse(tree->expat, (const char *)text.at, (int)text.len, 0);
    tree->fed += text.len;
    SOTTO_TRY(tree->status);
    if (result == XML_STATUS_OK) return SOTTO_OK;
    enum XML_Error error = XML_GetErrorCode(tree->expat);
    tree->unbound = error == XML_ERROR_UNBOUND_PREFIX;
    return status_of(error);
}

stanza_tree *stanza_tree_new(const sotto_host *host) {
    stanza_tree *tree = bytes_new(host, sizeof *tree);
    if (!tree) return NULL;
    tree->host = host;
    bytes_arena_init(&tree->own, host, OWN_BYTES_MAX);
    return tree;
}

void stanza_tree_reset(stanza_tree *tree) {
    drop(tree);
}

void stanza_tree_free(stanza_tree *tree) {
    if (!tree) return;
    drop(tree);
    bytes_free(tree->host, tree, sizeof *tree);
}

sotto_status stanza_tree_declaration(stanza_tree *tree, sotto_bytes text) {
    SOTTO_TRY(begin(tree));
    tree->raw = BYTES_NONE;
    sotto_status status = feed(tree, &tree->own, text);
    if (sotto_ok(status) && !tree->declared) status = SOTTO_FAIL(MALFORMED);
    if (!sotto_ok(status)) drop(tree);
    return status;
}

static sotto_status read_header(stanza_tree *tree, bytes_arena *arena, sotto_bytes text, bool closed) {
    if (!tree->expat) SOTTO_TRY(begin(tree));
    if (!bytes_arena_copy(arena, text, &tree->raw)) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(feed(tree, arena, text));
    if (!tree->root || tree->closed != closed) return SOTTO_FAIL(MALFORMED);
    tree->root->raw = tree->raw;
    return SOTTO_OK;
}

/* A prefix can also be missing because expat was out of memory when it was declared (see start): one more try tells. */
static bool again(stanza_tree *tree, bytes_arena *arena, bytes_arena_mark mark) {
    if (!tree->unbound) return false;
    tree->unbound = false;
    drop(tree);
    bytes_arena_back(arena, mark);
    return true;
}

sotto_status stanza_tree_header(stanza_tree *tree, bytes_arena *arena, sotto_bytes text, bool closed,
                                const stanza_element **ret) {
    bytes_arena_mark mark = bytes_arena_here(arena);
    sotto_status status = read_header(tree, arena, text, closed);
    if (!sotto_ok(status) && again(tree, arena, mark)) status = read_header(tree, arena, text, closed);
    if (sotto_ok(status)) {
        *ret = tree->root;
    } else {
        drop(tree);
        bytes_arena_back(arena, mark);
    }
    return status;
}

static sotto_status read_element(stanza_tree *tree, bytes_arena *arena, sotto_bytes wrapper, sotto_bytes text) {
    if (!tree->expat) SOTTO_TRY(read_header(tree, &tree->own, wrapper, false));
    if (!bytes_arena_copy(arena, text, &tree->raw)) return SOTTO_FAIL(NO_MEMORY);
    tree->arena = arena;
    tree->frames[0].default_ns = import(tree, tree->wrapper_ns);
    SOTTO_TRY(tree->status);
    SOTTO_TRY(feed(tree, arena, text));
    bool whole = tree->open == 1 && tree->root && tree->root->raw.len == text.len;
    return whole ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

sotto_status stanza_tree_read(stanza_tree *tree, bytes_arena *arena, sotto_bytes wrapper, sotto_bytes text,
                              const stanza_element **ret) {
    bytes_arena_mark mark = bytes_arena_here(arena);
    sotto_status status = read_element(tree, arena, wrapper, text);
    if (!sotto_ok(status) && again(tree, arena, mark)) status = read_element(tree, arena, wrapper, text);
    if (sotto_ok(status))
        *ret = tree->root;
    else
        bytes_arena_back(arena, mark);
    if (!sotto_ok(status) || tree->fed > STANZA_TREE_RENEW) drop(tree);
    return status;
}

sotto_status stanza_tree_close(stanza_tree *tree, sotto_bytes wrapper, sotto_bytes text) {
    sotto_status status = tree->expat ? SOTTO_OK : read_header(tree, &tree->own, wrapper, false);
    tree->raw = BYTES_NONE;
    if (sotto_ok(status)) status = feed(tree, &tree->own, text);
    if (sotto_ok(status) && !tree->closed) status = SOTTO_FAIL(MALFORMED);
    drop(tree);
    return status;
}
