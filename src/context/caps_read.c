/* SPDX-License-Identifier: ISC
 *
 * XEP-0115 from the other side: which string a hash is over, rebuilt from an answer to disco#info. */
#include <stdlib.h>

#include "bytes/base64.h"
#include "context/caps.h"
#include "crypto/hash.h"

#define NS_INFO       "http://jabber.org/protocol/disco#info"
#define NS_CAPS       "http://jabber.org/protocol/caps"
#define NS_DATA       "jabber:x:data"
#define NS_XML        "http://www.w3.org/XML/1998/namespace"
#define STRING_MAX    ((size_t)SOTTO_STANZA_BYTES_MAX)
#define HASH_BYTES    32u
#define ENCODED_BYTES 44u

bool context_caps_read(const stanza_element *presence, context_caps *ret) {
    bool several = false;
    const stanza_element *c = stanza_only_child(presence, "c", NS_CAPS, &several);
    context_caps caps = {stanza_attribute_of(c, "hash"), stanza_attribute_of(c, "node"), stanza_attribute_of(c, "ver")};
    if (c == NULL || several || caps.hash.len == 0 || caps.node.len == 0 || caps.ver.len == 0 ||
        caps.hash.len > SOTTO_CAPS_TEXT_MAX || caps.node.len > SOTTO_CAPS_TEXT_MAX ||
        caps.ver.len > SOTTO_CAPS_TEXT_MAX)
        return false;
    *ret = caps;
    return true;
}

/* ---- lists of texts, in i;octet order ---- */

typedef struct text_list {
    bytes_arena *arena;
    sotto_bytes *at;
    size_t count;
} text_list;

static sotto_status list_begin(text_list *list, bytes_arena *arena) {
    *list = (text_list){.arena = arena};
    list->at = bytes_arena_take(arena, SOTTO_CAPS_ENTRIES_MAX * sizeof *list->at);
    return list->at != NULL ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

/* A `<` inside would let one list of texts hash like another (XEP-0115 section 7.1 leaves that to us). */
static sotto_status list_add(text_list *list, sotto_bytes text) {
    if (list->count == SOTTO_CAPS_ENTRIES_MAX) return SOTTO_FAIL(TOO_LARGE);
    if (text.len > 0 && memchr(text.at, '<', text.len) != NULL) return SOTTO_FAIL(MALFORMED);
    list->at[list->count++] = text;
    return SOTTO_OK;
}

static int compare_texts(const void *a, const void *b) {
    const sotto_bytes *one = a, *other = b;
    return bytes_compare(*one, *other);
}

static void list_sort(text_list *list) {
    if (list->count > 1) qsort(list->at, list->count, sizeof *list->at, compare_texts);
}

static bool has_twins(const text_list *list) {
    for (size_t i = 1; i < list->count; i++)
        if (bytes_equal(list->at[i - 1], list->at[i])) return true;
    return false;
}

static void list_write(const text_list *list, bytes_buffer *out) {
    for (size_t i = 0; i < list->count; i++) {
        bytes_buffer_put(out, list->at[i]);
        bytes_buffer_u8(out, '<');
    }
}

/* ---- identities and features ---- */

static sotto_status joined_identity(bytes_arena *arena, const stanza_element *identity, sotto_bytes *ret) {
    const sotto_bytes parts[] = {stanza_attribute_of(identity, "category"), stanza_attribute_of(identity, "type"),
                                 stanza_attribute_ns(identity, "lang", NS_XML), stanza_attribute_of(identity, "name")};
    size_t len = 3, at = 0;
    for (size_t i = 0; i < 4; i++) len += parts[i].len;
    uint8_t *text = bytes_arena_take(arena, len);
    if (text == NULL) return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < 4; i++) {
        if (i > 0) text[at++] = '/';
        if (parts[i].len > 0) memcpy(text + at, parts[i].at, parts[i].len);
        at += parts[i].len;
    }
    *ret = bytes_of(text, len);
    return SOTTO_OK;
}

static sotto_status gather(bytes_arena *arena, const stanza_element *query, text_list *identities,
                           text_list *features) {
    SOTTO_TRY(list_begin(identities, arena));
    SOTTO_TRY(list_begin(features, arena));
    for (const stanza_element *child = stanza_first(query); child != NULL; child = stanza_next(query, child)) {
        if (stanza_is(child, "identity", NS_INFO)) {
            sotto_bytes text;
            SOTTO_TRY(joined_identity(arena, child, &text));
            SOTTO_TRY(list_add(identities, text));
        } else if (stanza_is(child, "feature", NS_INFO)) {
            SOTTO_TRY(list_add(features, stanza_attribute_of(child, "var")));
        }
    }
    list_sort(identities);
    list_sort(features);
    return has_twins(identities) || has_twins(features) ? SOTTO_FAIL(MALFORMED) : SOTTO_OK;
}

/* ---- forms (XEP-0128) ---- */

static sotto_status write_field(bytes_arena *arena, const stanza_element *field, bytes_buffer *out) {
    text_list values;
    bytes_arena_mark mark = bytes_arena_here(arena);
    SOTTO_TRY(list_begin(&values, arena));
    for (const stanza_element *child = stanza_first(field); child != NULL; child = stanza_next(field, child)) {
        sotto_bytes text;
        if (!stanza_is(child, "value", NS_DATA)) continue;
        if (!stanza_text(child, arena, &text)) return SOTTO_FAIL(NO_MEMORY);
        SOTTO_TRY(list_add(&values, text));
    }
    list_sort(&values);
    list_write(&values, out);
    bytes_arena_back(arena, mark);
    return SOTTO_OK;
}

static const stanza_element *find_field(const stanza_element *form, sotto_bytes name, size_t *ret_count) {
    const stanza_element *found = NULL;
    *ret_count = 0;
    for (const stanza_element *field = stanza_first(form); field != NULL; field = stanza_next(form, field)) {
        if (!stanza_is(field, "field", NS_DATA) || !bytes_equal(stanza_attribute_of(field, "var"), name)) continue;
        found = field;
        ++*ret_count;
    }
    return found;
}

/* What kind of form it is; *ret_is false: it says nothing, or not in the way that counts, and is left out. */
static sotto_status form_type(bytes_arena *arena, const stanza_element *form, sotto_bytes *ret, bool *ret_is) {
    size_t count;
    const stanza_element *field = find_field(form, BYTES_LITERAL("FORM_TYPE"), &count);
    *ret_is = false;
    if (count > 1) return SOTTO_FAIL(MALFORMED);
    if (field == NULL || !bytes_is(stanza_attribute_of(field, "type"), "hidden")) return SOTTO_OK;
    bool several = false;
    const stanza_element *value = stanza_only_child(field, "value", NS_DATA, &several);
    if (several) return SOTTO_FAIL(MALFORMED);
    if (value == NULL) return SOTTO_OK;
    if (!stanza_text(value, arena, ret)) return SOTTO_FAIL(NO_MEMORY);
    *ret_is = true;
    return SOTTO_OK;
}

static sotto_status write_form(bytes_arena *arena, const stanza_element *form, sotto_bytes type, bytes_buffer *out) {
    text_list names;
    SOTTO_TRY(list_begin(&names, arena));
    for (const stanza_element *field = stanza_first(form); field != NULL; field = stanza_next(form, field)) {
        sotto_bytes name = stanza_attribute_of(field, "var");
        if (stanza_is(field, "field", NS_DATA) && !bytes_is(name, "FORM_TYPE")) SOTTO_TRY(list_add(&names, name));
    }
    list_sort(&names);
    if (has_twins(&names)) return SOTTO_FAIL(MALFORMED);
    bytes_buffer_put(out, type);
    bytes_buffer_u8(out, '<');
    for (size_t i = 0; i < names.count; i++) {
        size_t count;
        bytes_buffer_put(out, names.at[i]);
        bytes_buffer_u8(out, '<');
        SOTTO_TRY(write_field(arena, find_field(form, names.at[i], &count), out));
    }
    return SOTTO_OK;
}

static sotto_status write_forms(bytes_arena *arena, const stanza_element *query, bytes_buffer *out) {
    text_list types;
    SOTTO_TRY(list_begin(&types, arena));
    for (const stanza_element *form = stanza_first(query); form != NULL; form = stanza_next(query, form)) {
        sotto_bytes type;
        bool is = false;
        if (stanza_is(form, "x", NS_DATA)) SOTTO_TRY(form_type(arena, form, &type, &is));
        if (is && types.count == SOTTO_CAPS_FORMS_MAX) return SOTTO_FAIL(TOO_LARGE);
        if (is) SOTTO_TRY(list_add(&types, type));
    }
    list_sort(&types);
    if (has_twins(&types)) return SOTTO_FAIL(MALFORMED);
    for (size_t i = 0; i < types.count; i++)
        for (const stanza_element *form = stanza_first(query); form != NULL; form = stanza_next(query, form)) {
            sotto_bytes type;
            bool is = false;
            if (stanza_is(form, "x", NS_DATA)) SOTTO_TRY(form_type(arena, form, &type, &is));
            if (is && bytes_equal(type, types.at[i])) SOTTO_TRY(write_form(arena, form, type, out));
        }
    return SOTTO_OK;
}

/* ---- the hash ---- */

static sotto_status write_string(bytes_arena *arena, const stanza_element *query, bytes_buffer *out) {
    text_list identities, features;
    SOTTO_TRY(gather(arena, query, &identities, &features));
    list_write(&identities, out);
    list_write(&features, out);
    return write_forms(arena, query, out);
}

static sotto_status encode(crypto_hash_kind kind, size_t size, sotto_bytes string, sotto_bytes ver) {
    uint8_t hash[HASH_BYTES], at[ENCODED_BYTES];
    bytes_buffer encoded;
    sotto_bytes text;
    SOTTO_TRY(crypto_hash_of(kind, hash, string));
    bytes_buffer_borrowed(&encoded, at, sizeof at);
    bytes_base64_put(&encoded, bytes_of(hash, size));
    SOTTO_TRY(bytes_buffer_end(&encoded, &text));
    return bytes_equal(text, ver) ? SOTTO_OK : SOTTO_FAIL(BAD_MAC);
}

static const stanza_element *query_of(const stanza_element *iq) {
    return bytes_is(stanza_attribute_of(iq, "type"), "result") ? stanza_child(iq, "query", NS_INFO) : NULL;
}

sotto_status context_caps_check(bytes_arena *arena, const stanza_element *iq, sotto_bytes hash, sotto_bytes ver) {
    const stanza_element *query = query_of(iq);
    bool sha1 = bytes_is(hash, "sha-1");
    bytes_buffer out;
    sotto_bytes string;
    if (query == NULL) return SOTTO_FAIL(MALFORMED);
    if (!sha1 && !bytes_is(hash, "sha-256")) return SOTTO_FAIL(UNSUPPORTED);
    bytes_buffer_owned(&out, arena->host, STRING_MAX);
    sotto_status status = write_string(arena, query, &out);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &string);
    if (sotto_ok(status)) status = encode(sha1 ? CRYPTO_SHA1 : CRYPTO_SHA256, sha1 ? 20 : 32, string, ver);
    bytes_buffer_free(&out);
    return status;
}

bool context_caps_has(const stanza_element *iq, const char *feature) {
    const stanza_element *query = query_of(iq);
    for (const stanza_element *child = stanza_first(query); child != NULL; child = stanza_next(query, child))
        if (stanza_is(child, "feature", NS_INFO) && bytes_is(stanza_attribute_of(child, "var"), feature)) return true;
    return false;
}
