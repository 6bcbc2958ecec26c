/* SPDX-License-Identifier: ISC
 *
 * disco#info and disco#items (XEP-0030). Clients are asked when their caps are new, each by itself: what one client
 * says of a hash is not believed about another. */
#include "lab/server/disco.h"

#include "lab/server/archive.h"
#include "lab/server/node.h"
#include "lab/server/notify.h"
#include "lab/server/roster.h"

static const char *const server_features[] = {
    LAB_NS_DISCO_INFO, LAB_NS_DISCO_ITEMS, "urn:xmpp:ping", "msgoffline", LAB_NS_CARBONS, NULL,
};

static const char *const account_features[] = {
    LAB_NS_DISCO_INFO,
    LAB_NS_DISCO_ITEMS,
    "urn:xmpp:ping",
    LAB_NS_PUBSUB,
    LAB_NS_PUBSUB "#access-open",
    LAB_NS_PUBSUB "#access-presence",
    LAB_NS_PUBSUB "#access-whitelist",
    LAB_NS_PUBSUB "#auto-create",
    LAB_NS_PUBSUB "#auto-subscribe",
    LAB_NS_PUBSUB "#config-node",
    LAB_NS_PUBSUB "#config-node-max",
    LAB_NS_PUBSUB "#create-and-configure",
    LAB_NS_PUBSUB "#create-nodes",
    LAB_NS_PUBSUB "#delete-items",
    LAB_NS_PUBSUB "#delete-nodes",
    LAB_NS_PUBSUB "#filtered-notifications",
    LAB_NS_PUBSUB "#item-ids",
    LAB_NS_PUBSUB "#last-published",
    LAB_NS_PUBSUB "#multi-items",
    LAB_NS_PUBSUB "#persistent-items",
    LAB_NS_PUBSUB "#presence-notifications",
    LAB_NS_PUBSUB "#presence-subscribe",
    LAB_NS_PUBSUB "#publish",
    LAB_NS_PUBSUB "#publish-options",
    LAB_NS_PUBSUB "#purge-nodes",
    LAB_NS_PUBSUB "#retract-items",
    LAB_NS_PUBSUB "#retrieve-default",
    LAB_NS_PUBSUB "#retrieve-items",
    NULL,
};

/* ---- what the server says ---- */

static void write_identity(lab_draft *draft, const char *category, const char *type) {
    stanza_open(&draft->w, "identity", LAB_NS_DISCO_INFO);
    stanza_put_text(&draft->w, "category", category);
    stanza_put_text(&draft->w, "type", type);
    stanza_close(&draft->w);
}

static void write_features(lab_draft *draft, const char *const *features) {
    for (; *features; features++) {
        stanza_open(&draft->w, "feature", LAB_NS_DISCO_INFO);
        stanza_put_text(&draft->w, "var", *features);
        stanza_close(&draft->w);
    }
}

static void write_info(lab_draft *draft, const lab_account *whose, bool of_node) {
    static const char *const node_features[] = {LAB_NS_PUBSUB, NULL};
    if (of_node) {
        write_identity(draft, "pubsub", "leaf");
        write_features(draft, node_features);
    } else if (whose) {
        write_identity(draft, "account", "registered");
        write_identity(draft, "pubsub", "pep");
        write_features(draft, account_features);
        lab_archive_features(draft, whose);
    } else {
        write_identity(draft, "server", "im");
        write_features(draft, server_features);
    }
}

static void write_items(lab_draft *draft, const lab_account *whose, sotto_bytes asker) {
    for (const lab_node *node = whose ? whose->nodes : NULL; node; node = node->next) {
        if (!lab_notify_may_read(whose, node, asker)) continue;
        stanza_open(&draft->w, "item", LAB_NS_DISCO_ITEMS);
        stanza_put(&draft->w, "jid", whose->jid);
        stanza_put(&draft->w, "node", node->name);
        stanza_close(&draft->w);
    }
}

/* XEP-0030 section 8: strangers learn nothing of an account, not even that it exists. */
sotto_status lab_disco_iq(lab_server *server, lab_account *whose, sotto_bytes asker, const stanza_element *iq) {
    static const lab_error unavailable = {"cancel", "service-unavailable", NULL};
    static const lab_error not_found = {"cancel", "item-not-found", NULL};
    const stanza_element *query = stanza_first(iq);
    if (!lab_type_is(iq, "get") || !bytes_is(query->name, "query")) return lab_bounce(server, iq, unavailable);
    if (whose && !lab_roster_sees(whose, asker)) return lab_bounce(server, iq, unavailable);
    sotto_bytes name = stanza_attribute_of(query, "node");
    if (name.len > 0) {
        const lab_node *node = whose ? lab_node_find(whose, name) : NULL;
        if (!node || !lab_notify_may_read(whose, node, asker)) return lab_bounce(server, iq, not_found);
    }
    lab_draft draft;
    lab_draft_begin(&draft, server);
    lab_draft_answer(&draft, iq);
    stanza_open_as(&draft.w, query->name, query->ns);
    stanza_put(&draft.w, "node", name);
    if (bytes_is(query->ns, LAB_NS_DISCO_INFO)) {
        write_info(&draft, whose, name.len > 0);
    } else if (name.len == 0) {
        write_items(&draft, whose, asker);
    }
    return lab_draft_reply(&draft, iq);
}

/* ---- what clients say ---- */

/* node#ver of a presence, in the arena; empty without caps. */
static sotto_status caps_of(lab_server *server, const stanza_element *presence, sotto_bytes *ret) {
    const stanza_element *c = stanza_child(presence, "c", LAB_NS_CAPS);
    sotto_bytes node = stanza_attribute_of(c, "node"), ver = stanza_attribute_of(c, "ver");
    *ret = BYTES_NONE;
    if (node.len == 0 || ver.len == 0) return SOTTO_OK;
    lab_draft draft;
    lab_draft_begin(&draft, server);
    bytes_buffer_put(&draft.out, node);
    bytes_buffer_u8(&draft.out, '#');
    bytes_buffer_put(&draft.out, ver);
    sotto_bytes text = BYTES_NONE;
    sotto_status status = bytes_buffer_end(&draft.out, &text);
    if (sotto_ok(status) && !bytes_arena_copy(&server->arena, text, ret)) status = SOTTO_FAIL(NO_MEMORY);
    lab_draft_free(&draft);
    return status;
}

sotto_status lab_disco_caps(lab_session *session, const stanza_element *presence, bool *ret_asked) {
    lab_server *server = session->server;
    sotto_bytes caps = BYTES_NONE;
    char room[32];
    *ret_asked = false;
    SOTTO_TRY(caps_of(server, presence, &caps));
    if (caps.len == 0 || bytes_equal(caps, session->caps)) return SOTTO_OK;
    SOTTO_TRY(lab_keep(server, caps, &session->caps));
    SOTTO_TRY(lab_keep(server, lab_next_id(server, room), &session->question));
    *ret_asked = true;
    lab_draft draft;
    lab_draft_begin(&draft, server);
    stanza_open(&draft.w, "iq", STANZA_NS_CLIENT);
    stanza_put_text(&draft.w, "type", "get");
    stanza_put(&draft.w, "id", session->question);
    stanza_put(&draft.w, "from", session->account->jid);
    stanza_put(&draft.w, "to", session->jid);
    stanza_open(&draft.w, "query", LAB_NS_DISCO_INFO);
    stanza_put(&draft.w, "node", session->caps);
    return lab_draft_say(&draft, session);
}

static bool ends_in_notify(sotto_bytes feature) {
    const size_t len = sizeof "+notify" - 1;
    return feature.len > len && memcmp(feature.at + feature.len - len, "+notify", len) == 0;
}

bool lab_disco_wants(const lab_list *features, sotto_bytes node) {
    for (const lab_piece *piece = features->first; piece; piece = piece->next) {
        if (ends_in_notify(piece->bytes) && piece->bytes.len == node.len + sizeof "+notify" - 1 &&
            bytes_starts_with(piece->bytes, node)) {
            return true;
        }
    }
    return false;
}

static sotto_status read_features(lab_server *server, const stanza_element *query, lab_list *ret) {
    for (const stanza_element *at = stanza_first(query); at; at = stanza_next(query, at)) {
        sotto_bytes var = stanza_attribute_of(at, "var");
        if (!stanza_is(at, "feature", LAB_NS_DISCO_INFO) || !ends_in_notify(var)) continue;
        if (ret->count < LAB_FEATURES_MAX && !lab_list_has(ret, var)) SOTTO_TRY(lab_list_add(server, ret, var));
    }
    return SOTTO_OK;
}

/* Whoever asked: what a client says of itself as a whole, or for the caps it announced, is what it can do. */
sotto_status lab_disco_answer(lab_session *session, const stanza_element *iq, bool *ret_ours) {
    lab_server *server = session->server;
    sotto_bytes id = stanza_attribute_of(iq, "id");
    *ret_ours = session->question.len > 0 && bytes_equal(id, session->question) &&
                bytes_equal(stanza_attribute_of(iq, "to"), session->account->jid);
    const stanza_element *query = stanza_child(iq, "query", LAB_NS_DISCO_INFO);
    if (!query) return SOTTO_OK;
    sotto_bytes node = stanza_attribute_of(query, "node");
    if (node.len > 0 && !bytes_equal(node, session->caps)) return SOTTO_OK;
    lab_list before = session->features;
    lab_list now = {0};
    sotto_status status = read_features(server, query, &now);
    if (!sotto_ok(status)) {
        lab_list_clear(server, &now);
        return status;
    }
    session->features = now;
    status = session->available ? lab_notify_arrival(session, &before) : SOTTO_OK;
    lab_list_clear(server, &before);
    return status;
}
