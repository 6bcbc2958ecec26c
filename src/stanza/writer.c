/* SPDX-License-Identifier: ISC
 *
 * The writer. Elements are written without prefixes, their namespace as the default one; only qualified attributes need
 * prefixes, which are made up for the start tag they stand in. */
#include "stanza/writer.h"

#include <string.h>

#include "stanza/utf8.h"

#define NS_XMLNS "http://www.w3.org/2000/xmlns/"

static bool fine(const stanza_writer *w) {
    return sotto_ok(w->out->status);
}

static void fail(stanza_writer *w, sotto_status status) {
    bytes_buffer_fail(w->out, status);
}

/* ---- characters ---- */

enum { PLAIN, REFUSED, ESCAPED, ESCAPED_IN_VALUES };

/* XML 1.0 section 2.2 has no control characters but tab, line feed and carriage return. Those would not survive being
 * read again (sections 2.11 and 3.3.3) where they are written as references here. */
static unsigned kind_of(uint8_t c) {
    switch (c) {
    case '&':
    case '<':
    case '>':
    case '\r':
        return ESCAPED;
    case '"':
    case '\'':
    case '\t':
    case '\n':
        return ESCAPED_IN_VALUES;
    default:
        return c < 0x20 ? REFUSED : PLAIN;
    }
}

static const char *reference(uint8_t c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    default:
        return "&#13;";
    }
}

/* Eight characters at once, as most are: ASCII, none of them &, <, >, quotes or control characters. A byte of `x` is
 * zero where (x - 0x01...) & ~x has its high bit (and perhaps one above it, which only costs the long way). */
static bool eight_plain(const uint8_t *at) {
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    uint64_t x;
    memcpy(&x, at, sizeof x);
    uint64_t amp = (x & ~ones) ^ (ones * '&');         /* & and ' */
    uint64_t angle = (x & ~(ones * 2)) ^ (ones * '<'); /* < and > */
    uint64_t quote = x ^ (ones * '"');
    uint64_t found =
        ((amp - ones) & ~amp) | ((angle - ones) & ~angle) | ((quote - ones) & ~quote) | ((x - ones * 0x20) & ~x) | x;
    return (found & highs) == 0;
}

static void escape(stanza_writer *w, sotto_bytes text, bool value) {
    size_t from = 0, at = 0;
    while (at < text.len) {
        if (text.len - at >= 8 && eight_plain(text.at + at)) {
            at += 8;
            continue;
        }
        uint8_t c = text.at[at];
        if (c >= 0x80) {
            uint32_t point;
            if (!stanza_utf8_next(text, &at, &point) || point == 0xfffe || point == 0xffff) {
                fail(w, SOTTO_FAIL(MALFORMED));
                return;
            }
            continue;
        }
        unsigned kind = kind_of(c);
        if (kind == REFUSED) {
            fail(w, SOTTO_FAIL(MALFORMED));
            return;
        }
        if (kind == ESCAPED || (kind == ESCAPED_IN_VALUES && value)) {
            bytes_buffer_put(w->out, bytes_of(text.at + from, at - from));
            bytes_buffer_text(w->out, reference(c));
            from = at + 1;
        }
        at++;
    }
    if (at > from) bytes_buffer_put(w->out, bytes_of(text.at + from, at - from));
}

/* Names come from our own code or from a tree; this keeps anything else from becoming markup. */
static bool name_fits(sotto_bytes name) {
    for (size_t at = 0; at < name.len;) {
        uint8_t c = name.at[at];
        uint32_t point;
        if (!stanza_utf8_next(name, &at, &point)) return false;
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool inner = (c >= '0' && c <= '9') || c == '-' || c == '.';
        if (c >= 0x80) letter = point >= 0xc0 && point != 0xfffe && point != 0xffff;
        if (c == 0xc2 && point == 0xb7) inner = at > 2;
        if (!letter && (!inner || at == 1)) return false;
    }
    return name.len > 0;
}

/* ---- tags ---- */

static sotto_bytes default_ns(const stanza_writer *w) {
    for (unsigned i = w->depth; i > 0; i--) {
        /* An element of the xml: namespace leaves the default one as it is. */
        if (!bytes_is(w->open[i - 1].ns, STANZA_NS_XML)) return w->open[i - 1].ns;
    }
    return w->outer_ns;
}

static void finish_tag(stanza_writer *w) {
    if (w->tag_open) bytes_buffer_u8(w->out, '>');
    w->tag_open = false;
}

static void put_name(stanza_writer *w, sotto_bytes name, sotto_bytes ns) {
    if (bytes_is(ns, STANZA_NS_XML)) bytes_buffer_text(w->out, "xml:");
    bytes_buffer_put(w->out, name);
}

static void put_value(stanza_writer *w, sotto_bytes value) {
    bytes_buffer_text(w->out, "='");
    escape(w, value, true);
    bytes_buffer_u8(w->out, '\'');
}

void stanza_writer_init(stanza_writer *w, bytes_buffer *out, const char *outer_ns) {
    *w = (stanza_writer){.out = out, .outer_ns = bytes_text(outer_ns)};
}

void stanza_open_as(stanza_writer *w, sotto_bytes name, sotto_bytes ns) {
    if (!fine(w)) return;
    if (w->depth == STANZA_WRITER_DEPTH) {
        fail(w, SOTTO_FAIL(TOO_LARGE));
        return;
    }
    if (!name_fits(name) || bytes_is(ns, NS_XMLNS)) {
        fail(w, SOTTO_FAIL(MALFORMED));
        return;
    }
    finish_tag(w);
    bytes_buffer_u8(w->out, '<');
    put_name(w, name, ns);
    if (!bytes_is(ns, STANZA_NS_XML) && !bytes_equal(ns, default_ns(w))) {
        bytes_buffer_text(w->out, " xmlns");
        put_value(w, ns);
    }
    w->open[w->depth].name = name;
    w->open[w->depth].ns = ns;
    w->depth++;
    w->tag_open = true;
    w->prefixes = 0;
}

void stanza_open(stanza_writer *w, const char *name, const char *ns) {
    stanza_open_as(w, bytes_text(name), bytes_text(ns));
}

/* An attribute is about to be written: the name's last part must be one. */
static bool attribute_fits(stanza_writer *w, sotto_bytes name) {
    if (!fine(w)) return false;
    if (!w->tag_open)
        fail(w, SOTTO_FAIL(STATE));
    else if (!name_fits(name))
        fail(w, SOTTO_FAIL(MALFORMED));
    return fine(w);
}

void stanza_put(stanza_writer *w, const char *name, sotto_bytes value) {
    if (!value.at) return;
    sotto_bytes whole = bytes_text(name);
    bool xml = bytes_starts_with(whole, BYTES_LITERAL("xml:"));
    if (!attribute_fits(w, xml ? bytes_after(whole, 4) : whole)) return;
    if (bytes_is(whole, "xmlns")) {
        fail(w, SOTTO_FAIL(MALFORMED)); /* declarations are the writer's own */
        return;
    }
    bytes_buffer_u8(w->out, ' ');
    bytes_buffer_put(w->out, whole);
    put_value(w, value);
}

void stanza_put_text(stanza_writer *w, const char *name, const char *value) {
    stanza_put(w, name, bytes_text(value));
}

void stanza_put_number(stanza_writer *w, const char *name, uint64_t value) {
    if (!attribute_fits(w, bytes_text(name))) return;
    bytes_buffer_u8(w->out, ' ');
    bytes_buffer_text(w->out, name);
    bytes_buffer_text(w->out, "='");
    bytes_buffer_decimal(w->out, value);
    bytes_buffer_u8(w->out, '\'');
}

void stanza_put_ns(stanza_writer *w, const stanza_attribute *attribute) {
    if (!attribute_fits(w, attribute->name)) return;
    bool xml = bytes_is(attribute->ns, STANZA_NS_XML);
    bool plain = attribute->ns.len == 0;
    if (bytes_is(attribute->ns, NS_XMLNS) || (plain && bytes_is(attribute->name, "xmlns"))) {
        fail(w, SOTTO_FAIL(MALFORMED));
        return;
    }
    bytes_buffer_u8(w->out, ' ');
    if (!plain && !xml) {
        unsigned number = w->prefixes++;
        bytes_buffer_text(w->out, "xmlns:p");
        bytes_buffer_decimal(w->out, number);
        put_value(w, attribute->ns);
        bytes_buffer_text(w->out, " p");
        bytes_buffer_decimal(w->out, number);
        bytes_buffer_u8(w->out, ':');
    }
    put_name(w, attribute->name, attribute->ns);
    put_value(w, attribute->value);
}

void stanza_write(stanza_writer *w, sotto_bytes text) {
    if (!fine(w) || text.len == 0) return;
    if (w->depth == 0) {
        fail(w, SOTTO_FAIL(STATE));
        return;
    }
    finish_tag(w);
    escape(w, text, false);
}

void stanza_write_text(stanza_writer *w, const char *text) {
    stanza_write(w, bytes_text(text));
}

void stanza_close(stanza_writer *w) {
    if (!fine(w)) return;
    if (w->depth == 0) {
        fail(w, SOTTO_FAIL(STATE));
        return;
    }
    w->depth--;
    if (w->tag_open) {
        bytes_buffer_text(w->out, "/>");
        w->tag_open = false;
        return;
    }
    bytes_buffer_text(w->out, "</");
    put_name(w, w->open[w->depth].name, w->open[w->depth].ns);
    bytes_buffer_u8(w->out, '>');
}

void stanza_leaf(stanza_writer *w, const char *name, const char *ns, sotto_bytes text) {
    stanza_open(w, name, ns);
    stanza_write(w, text);
    stanza_close(w);
}

/* ---- copies ---- */

/* Whether the raw bytes parse to the same element where the writer is now. */
static bool raw_fits(const stanza_writer *w, const stanza_element *element) {
    if (!element->standalone || element->raw.len == 0) return false;
    return element->own_default || bytes_equal(default_ns(w), element->outer_ns);
}

void stanza_copy_open(stanza_writer *w, const stanza_element *element) {
    stanza_open_as(w, element->name, element->ns);
    for (const stanza_attribute *a = element->attributes; a; a = a->next) stanza_put_ns(w, a);
}

/* Trees are at most SOTTO_STANZA_DEPTH_MAX deep and the writer refuses to go deeper: so deep is the recursion. */
void stanza_copy(stanza_writer *w, const stanza_element *element) {
    if (!fine(w)) return;
    if (raw_fits(w, element)) {
        finish_tag(w);
        bytes_buffer_put(w->out, element->raw);
        return;
    }
    stanza_copy_open(w, element);
    for (const stanza_node *node = element->first; node && fine(w); node = node->next) {
        if (node->element)
            stanza_copy(w, node->element);
        else
            stanza_write(w, node->text);
    }
    stanza_close(w);
}
