/* SPDX-License-Identifier: ISC
 *
 * Stanzas the server writes: copies with other addresses, answers and errors. */
#include "lab/server/inside.h"

void lab_draft_begin(lab_draft *draft, lab_server *server) {
    draft->server = server;
    bytes_buffer_owned(&draft->out, server->host, LAB_DRAFT_BYTES_MAX);
    stanza_writer_init(&draft->w, &draft->out, STANZA_NS_CLIENT);
}

sotto_status lab_draft_end(lab_draft *draft, sotto_bytes *ret) {
    for (unsigned left = draft->w.depth; left > 0; left--) stanza_close(&draft->w); /* a failed writer stays open */
    return bytes_buffer_end(&draft->out, ret);
}

void lab_draft_free(lab_draft *draft) {
    bytes_buffer_free(&draft->out);
}

void lab_draft_children(lab_draft *draft, const stanza_element *element) {
    for (const stanza_node *node = element->first; node; node = node->next) {
        if (node->element) {
            stanza_copy(&draft->w, node->element);
        } else {
            stanza_write(&draft->w, node->text);
        }
    }
}

void lab_draft_copy(lab_draft *draft, const stanza_element *element, sotto_bytes from, sotto_bytes to) {
    stanza_open_as(&draft->w, element->name, element->ns);
    for (const stanza_attribute *at = element->attributes; at; at = at->next) {
        if (at->ns.len == 0 && (bytes_is(at->name, "from") || bytes_is(at->name, "to"))) continue;
        stanza_put_ns(&draft->w, at);
    }
    stanza_put(&draft->w, "from", from);
    stanza_put(&draft->w, "to", to);
    lab_draft_children(draft, element);
}

void lab_draft_answer(lab_draft *draft, const stanza_element *iq) {
    stanza_open(&draft->w, "iq", STANZA_NS_CLIENT);
    stanza_put_text(&draft->w, "type", "result");
    stanza_put(&draft->w, "id", stanza_attribute_of(iq, "id"));
    stanza_put(&draft->w, "from", stanza_attribute_of(iq, "to"));
    stanza_put(&draft->w, "to", stanza_attribute_of(iq, "from"));
}

static sotto_status draft_send(lab_draft *draft, lab_session *session) {
    sotto_bytes stanza = BYTES_NONE;
    SOTTO_TRY(lab_draft_end(draft, &stanza));
    SOTTO_TRY(lab_saw(draft->server, stanza));
    return session ? lab_deliver_bytes(session, stanza, draft->server->now_ms, false) : SOTTO_OK;
}

sotto_status lab_draft_say(lab_draft *draft, lab_session *session) {
    sotto_status status = draft_send(draft, session);
    lab_draft_free(draft);
    return status;
}

sotto_status lab_draft_reply(lab_draft *draft, const stanza_element *stanza) {
    return lab_draft_say(draft, lab_session_find(draft->server, stanza_attribute_of(stanza, "from")));
}

sotto_status lab_parse(lab_server *server, sotto_bytes text, const stanza_element **ret) {
    return stanza_parser_read(server->parser, &server->arena, text, ret);
}

sotto_status lab_answer_empty(lab_server *server, const stanza_element *iq) {
    lab_draft draft;
    lab_draft_begin(&draft, server);
    lab_draft_answer(&draft, iq);
    return lab_draft_reply(&draft, iq);
}

bool lab_type_is(const stanza_element *stanza, const char *type) {
    return bytes_is(stanza_attribute_of(stanza, "type"), type);
}

/* RFC 6120 section 8.3.1: an error never answers an error, and a result needs no answer. */
sotto_status lab_bounce(lab_server *server, const stanza_element *stanza, lab_error error) {
    if (lab_type_is(stanza, "error") || lab_type_is(stanza, "result")) return SOTTO_OK;
    lab_draft draft;
    lab_draft_begin(&draft, server);
    stanza_open_as(&draft.w, stanza->name, stanza->ns);
    stanza_put_text(&draft.w, "type", "error");
    stanza_put(&draft.w, "id", stanza_attribute_of(stanza, "id"));
    stanza_put(&draft.w, "from", stanza_attribute_of(stanza, "to"));
    stanza_put(&draft.w, "to", stanza_attribute_of(stanza, "from"));
    stanza_open(&draft.w, "error", STANZA_NS_CLIENT);
    stanza_put_text(&draft.w, "type", error.type);
    stanza_leaf(&draft.w, error.condition, LAB_NS_STANZAS, BYTES_NONE);
    if (error.detail) stanza_leaf(&draft.w, error.detail, LAB_NS_PUBSUB_ERRORS, BYTES_NONE);
    return lab_draft_reply(&draft, stanza);
}
