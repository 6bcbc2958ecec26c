/* SPDX-License-Identifier: ISC
 *
 * Questions to servers: their payloads, and the notes in which an answer brings back what it is about. The engine
 * matches answers by id and by who answers (T5). */
#include "seal/omemo/self.h"

#include <string.h>

#include "bytes/cursor.h"

#define NS_PUBSUB  "http://jabber.org/protocol/pubsub"
#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"

sotto_bytes omemo_note_encode(omemo_note_text *text, const omemo_note *note) {
    bytes_buffer out;
    sotto_bytes ret = BYTES_NONE;
    bytes_buffer_borrowed(&out, text->at, sizeof text->at);
    bytes_buffer_u8(&out, (uint8_t)note->kind);
    bytes_buffer_u8(&out, note->attempt);
    bytes_buffer_u8(&out, note->dialect);
    bytes_buffer_u32(&out, note->number);
    bytes_buffer_put(&out, note->jid);
    return sotto_ok(bytes_buffer_end(&out, &ret)) ? ret : BYTES_NONE;
}

sotto_status omemo_note_decode(sotto_bytes text, omemo_note *ret) {
    bytes_cursor c = bytes_cursor_over(text);
    uint8_t kind = bytes_cursor_u8(&c);
    ret->attempt = bytes_cursor_u8(&c);
    ret->dialect = bytes_cursor_u8(&c);
    ret->number = bytes_cursor_u32(&c);
    ret->jid = c.rest;
    if (c.failed || kind == 0 || kind >= OMEMO_NOTE_END || ret->dialect >= OMEMO_DIALECTS) return SOTTO_FAIL(USAGE);
    ret->kind = (omemo_note_kind)kind;
    return SOTTO_OK;
}

bool omemo_asking(seal_env *env, const omemo_note *note) {
    omemo_note_text text;
    return env->asking(env, omemo_note_encode(&text, note));
}

sotto_status omemo_timer(seal_env *env, const omemo_note *note, uint64_t at_ms) {
    omemo_note_text text;
    return env->timer(env, omemo_note_encode(&text, note), at_ms);
}

sotto_status omemo_ask_payload(seal_env *env, bool set, sotto_bytes to, const bytes_buffer *out,
                               const omemo_note *note) {
    sotto_bytes payload;
    omemo_note_text text;
    SOTTO_TRY(bytes_buffer_end(out, &payload));
    return env->ask(env, set, to, payload, omemo_note_encode(&text, note));
}

/* XEP-0060 section 6.5. */
sotto_status omemo_ask_items(seal_env *env, const char *node, const char *item, const omemo_note *note) {
    uint8_t memory[512];
    bytes_buffer out;
    stanza_writer w;
    sotto_bytes to = bytes_equal(note->jid, env->account) ? BYTES_NONE : note->jid;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    stanza_open(&w, "pubsub", NS_PUBSUB);
    stanza_open(&w, "items", NS_PUBSUB);
    stanza_put_text(&w, "node", node);
    if (item) {
        stanza_open(&w, "item", NS_PUBSUB);
        stanza_put_text(&w, "id", item);
        stanza_close(&w);
    }
    stanza_close(&w);
    stanza_close(&w);
    return omemo_ask_payload(env, false, to, &out, note);
}

sotto_status omemo_ask_list(seal_env *env, const omemo_note *note) {
    return omemo_ask_items(env, omemo_dialects[note->dialect]->devices_node, NULL, note);
}

sotto_status omemo_ask_bundle(seal_env *env, const omemo_note *note) {
    omemo_place place;
    omemo_dialect_place(omemo_dialects[note->dialect], note->number, &place);
    return omemo_ask_items(env, place.node, place.item, note);
}

const stanza_element *omemo_answer_items(const stanza_element *iq, const char *node) {
    const stanza_element *items = stanza_only_child(stanza_child(iq, "pubsub", NS_PUBSUB), "items", NS_PUBSUB, NULL);
    return items && bytes_is(stanza_attribute_of(items, "node"), node) ? items : NULL;
}

/* Where a device's bundle has a node of its own its item may have any id: Dino and others name it by a number. */
const stanza_element *omemo_answer_bundle(const stanza_element *iq, const omemo_dialect *dialect, uint32_t device) {
    omemo_place place;
    omemo_dialect_place(dialect, device, &place);
    const stanza_element *items = omemo_answer_items(iq, place.node);
    for (const stanza_element *item = stanza_first(items); item; item = stanza_next(items, item)) {
        uint64_t id;
        if (!dialect->node_each && !stanza_attribute_number(item, "id", device, device, &id)) continue;
        return stanza_child(item, "bundle", dialect->ns);
    }
    return NULL;
}

bool omemo_answer_is_error(const stanza_element *iq, const char *condition, const char *ns) {
    const stanza_element *error = stanza_child(iq, "error", STANZA_NS_CLIENT);
    return error && stanza_child(error, condition, ns ? ns : NS_STANZAS) != NULL;
}

sotto_bytes omemo_answer_text(const stanza_element *iq, bytes_arena *arena) {
    const stanza_element *error = stanza_child(iq, "error", STANZA_NS_CLIENT);
    sotto_bytes text;
    if (!error) return BYTES_NONE;
    const stanza_element *told = stanza_child(error, "text", NS_STANZAS);
    if (told && stanza_text(told, arena, &text) && text.len > 0) return text;
    for (const stanza_element *one = stanza_first(error); one; one = stanza_next(error, one)) {
        if (bytes_is(one->ns, NS_STANZAS)) return one->name;
    }
    return BYTES_NONE;
}
