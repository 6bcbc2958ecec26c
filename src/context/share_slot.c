/* SPDX-License-Identifier: ISC
 *
 * Upload services (XEP-0363): finding one, and the place it gives for one file. */
#include "context/share.h"

#include <string.h>
#include <strings.h>

#include "stanza/jid.h"

#define NS_INFO    "http://jabber.org/protocol/disco#info"
#define NS_ITEMS   "http://jabber.org/protocol/disco#items"
#define NS_DATA    "jabber:x:data"
#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"

void context_disco_write(stanza_writer *w, bool items) {
    stanza_open(w, "query", items ? NS_ITEMS : NS_INFO);
    stanza_close(w);
}

static bool is_known(sotto_bytes jid, const sotto_bytes *known, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(known[i], jid)) return true;
    return false;
}

void context_services_read(const stanza_element *iq, bytes_arena *arena, sotto_bytes ret[SOTTO_UPLOAD_SERVICES_MAX],
                           size_t *count) {
    const stanza_element *query = stanza_child(iq, "query", NS_ITEMS);
    for (const stanza_element *one = stanza_first(query); one; one = stanza_next(query, one)) {
        stanza_jid jid;
        if (*count == SOTTO_UPLOAD_SERVICES_MAX) return;
        /* An item with a node is something inside a service, not a service. */
        if (!stanza_is(one, "item", NS_ITEMS) || stanza_attribute_of(one, "node").at) continue;
        if (!sotto_ok(stanza_jid_parse(arena, stanza_attribute_of(one, "jid"), &jid)) || jid.resource.len > 0) continue;
        if (!is_known(jid.bare, ret, *count)) ret[(*count)++] = jid.bare;
    }
}

/* A decimal number in a text, or 0: a limit that cannot be read is one that was not said. */
static uint64_t number_of(sotto_bytes text) {
    uint64_t value = 0;
    if (text.len > 18) return 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') return 0;
        value = value * 10 + (uint64_t)(text.at[i] - '0');
    }
    return value;
}

static sotto_bytes text_in(const stanza_element *element, bytes_arena *arena) {
    sotto_bytes text;
    return element && stanza_text(element, arena, &text) ? text : BYTES_NONE;
}

static sotto_bytes field_of(const stanza_element *form, const char *name, bytes_arena *arena) {
    for (const stanza_element *field = stanza_first(form); field; field = stanza_next(form, field))
        if (stanza_is(field, "field", NS_DATA) && bytes_is(stanza_attribute_of(field, "var"), name))
            return text_in(stanza_child(field, "value", NS_DATA), arena);
    return BYTES_NONE;
}

bool context_upload_read(const stanza_element *iq, bytes_arena *arena, uint64_t *ret_most) {
    const stanza_element *query = stanza_child(iq, "query", NS_INFO);
    bool found = false;
    *ret_most = 0;
    for (const stanza_element *one = stanza_first(query); one; one = stanza_next(query, one)) {
        if (stanza_is(one, "feature", NS_INFO) && bytes_is(stanza_attribute_of(one, "var"), CONTEXT_NS_UPLOAD))
            found = true;
        if (stanza_is(one, "x", NS_DATA) && bytes_is(field_of(one, "FORM_TYPE", arena), CONTEXT_NS_UPLOAD))
            *ret_most = number_of(field_of(one, "max-file-size", arena));
    }
    return found;
}

void context_slot_ask(stanza_writer *w, const char *name, uint64_t size, const char *type) {
    stanza_open(w, "request", CONTEXT_NS_UPLOAD);
    stanza_put_text(w, "filename", name);
    stanza_put_number(w, "size", size);
    stanza_put_text(w, "content-type", type);
    stanza_close(w);
}

/* ---- the slot ---- */

/* XEP-0363 section 5: only these, whatever else a service would like a client to say in its name. */
static const char *header_name(sotto_bytes name) {
    static const char *const names[] = {"Authorization", "Cookie", "Expires"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (name.len == strlen(names[i]) && strncasecmp((const char *)name.at, names[i], name.len) == 0)
            return names[i];
    return NULL;
}

static bool header_is_safe(sotto_bytes value) {
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] < ' ' || value.at[i] == 0x7f) return false;
    return true;
}

static sotto_status headers_read(const stanza_element *put, bytes_arena *arena, context_slot *ret) {
    for (const stanza_element *one = stanza_first(put); one; one = stanza_next(put, one)) {
        const char *name = header_name(stanza_attribute_of(one, "name"));
        sotto_bytes value;
        if (!stanza_is(one, "header", CONTEXT_NS_UPLOAD) || !name) continue;
        if (!stanza_text(one, arena, &value)) return SOTTO_FAIL(NO_MEMORY);
        if (ret->header_count == SOTTO_UPLOAD_HEADERS_MAX || value.len > SOTTO_UPLOAD_HEADER_BYTES_MAX)
            return SOTTO_FAIL(TOO_LARGE);
        if (!header_is_safe(value)) return SOTTO_FAIL(MALFORMED);
        ret->headers[ret->header_count].name = name;
        ret->headers[ret->header_count++].value = value;
    }
    return SOTTO_OK;
}

sotto_status context_slot_read(const stanza_element *iq, bytes_arena *arena, context_slot *ret) {
    const stanza_element *slot = stanza_child(iq, "slot", CONTEXT_NS_UPLOAD);
    const stanza_element *put = stanza_child(slot, "put", CONTEXT_NS_UPLOAD);
    context_slot read = {.header_count = 0};
    read.put = stanza_attribute_of(put, "url");
    read.get = stanza_attribute_of(stanza_child(slot, "get", CONTEXT_NS_UPLOAD), "url");
    if (!context_url_is_safe(read.put) || !context_url_is_safe(read.get)) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(headers_read(put, arena, &read));
    *ret = read;
    return SOTTO_OK;
}

sotto_bytes context_slot_refusal(const stanza_element *iq, bytes_arena *arena, uint64_t *ret_most) {
    const stanza_element *error = stanza_child(iq, "error", STANZA_NS_CLIENT);
    const stanza_element *large = stanza_child(error, "file-too-large", CONTEXT_NS_UPLOAD);
    *ret_most = number_of(text_in(stanza_child(large, "max-file-size", CONTEXT_NS_UPLOAD), arena));
    sotto_bytes text = text_in(stanza_child(error, "text", NS_STANZAS), arena);
    if (text.len > 0) return text;
    for (const stanza_element *one = stanza_first(error); one; one = stanza_next(error, one))
        if (bytes_is(one->ns, NS_STANZAS)) return one->name;
    return BYTES_NONE;
}
