/* SPDX-License-Identifier: ISC
 *
 * Notifications are headlines from the account's bare JID to full JIDs, only to clients that asked for the node with
 * +notify in what they announce (XEP-0163 section 4.3.1). */
#include "lab/server/notify.h"

#include "lab/server/disco.h"
#include "lab/server/node.h"
#include "lab/server/roster.h"

bool lab_notify_may_read(const lab_account *whose, const lab_node *node, sotto_bytes bare) {
    if (bytes_equal(whose->jid, bare)) return true;
    switch (node->config.access) {
    case LAB_OPEN:
        return true;
    case LAB_PRESENCE:
        return lab_roster_sees(whose, bare);
    case LAB_WHITELIST:
        return false;
    }
    return false;
}

static sotto_status write_item(lab_draft *draft, const lab_node *node, sotto_bytes id, sotto_bytes payload) {
    stanza_open(&draft->w, "item", LAB_NS_PUBSUB_EVENT);
    stanza_put(&draft->w, "id", id);
    if (node->config.deliver_payloads && payload.len > 0) {
        const stanza_element *element = NULL;
        SOTTO_TRY(lab_parse(draft->server, payload, &element));
        stanza_copy(&draft->w, element);
    }
    stanza_close(&draft->w);
    return SOTTO_OK;
}

static sotto_status write_change(lab_draft *draft, const lab_node *node, lab_change change, sotto_bytes id,
                                 sotto_bytes payload) {
    const char *name = change == LAB_CHANGE_DELETE ? "delete" : change == LAB_CHANGE_PURGE ? "purge" : "items";
    stanza_open(&draft->w, name, LAB_NS_PUBSUB_EVENT);
    stanza_put(&draft->w, "node", node->name);
    if (change == LAB_CHANGE_ITEM) SOTTO_TRY(write_item(draft, node, id, payload));
    if (change == LAB_CHANGE_RETRACT) {
        stanza_open(&draft->w, "retract", LAB_NS_PUBSUB_EVENT);
        stanza_put(&draft->w, "id", id);
        stanza_close(&draft->w);
    }
    stanza_close(&draft->w);
    return SOTTO_OK;
}

static sotto_status notify_one(lab_session *session, const lab_account *whose, const lab_node *node, lab_change change,
                               sotto_bytes id, sotto_bytes payload) {
    lab_server *server = session->server;
    char room[32];
    lab_draft draft;
    lab_draft_begin(&draft, server);
    stanza_open(&draft.w, "message", STANZA_NS_CLIENT);
    stanza_put_text(&draft.w, "type", "headline");
    stanza_put(&draft.w, "id", lab_next_id(server, room));
    stanza_put(&draft.w, "from", whose->jid);
    stanza_put(&draft.w, "to", session->jid);
    stanza_open(&draft.w, "event", LAB_NS_PUBSUB_EVENT);
    sotto_status status = write_change(&draft, node, change, id, payload);
    if (!sotto_ok(status)) {
        lab_draft_free(&draft);
        return status;
    }
    return lab_draft_say(&draft, session);
}

/* XEP-0163 section 4.3.2: subscribed are the account itself and those who see its presence. */
static bool is_subscriber(const lab_session *session, const lab_account *whose, const lab_node *node) {
    return session->available && !lab_node_is_hidden(session->server, session->account, node->name) &&
           lab_roster_sees(whose, session->account->jid) && lab_notify_may_read(whose, node, session->account->jid) &&
           lab_disco_wants(&session->features, node->name);
}

sotto_status lab_notify(lab_server *server, lab_account *whose, const lab_node *node, lab_change change, sotto_bytes id,
                        sotto_bytes payload) {
    for (lab_session *session = server->sessions; session; session = session->next) {
        if (!is_subscriber(session, whose, node)) continue;
        bytes_arena_mark mark = bytes_arena_here(&server->arena);
        sotto_status status = notify_one(session, whose, node, change, id, payload);
        bytes_arena_back(&server->arena, mark);
        SOTTO_TRY(status);
    }
    return SOTTO_OK;
}

sotto_status lab_notify_last(lab_session *session, lab_account *whose, const lab_list *before) {
    lab_server *server = session->server;
    for (const lab_node *node = whose->nodes; node; node = node->next) {
        const lab_item *item = lab_node_last(node);
        if (!item || node->config.send_last != LAB_LAST_ON_PRESENCE || !is_subscriber(session, whose, node)) continue;
        if (before && lab_disco_wants(before, node->name)) continue;
        bytes_arena_mark mark = bytes_arena_here(&server->arena);
        sotto_status status = notify_one(session, whose, node, LAB_CHANGE_ITEM, item->id, item->payload);
        bytes_arena_back(&server->arena, mark);
        SOTTO_TRY(status);
    }
    return SOTTO_OK;
}

sotto_status lab_notify_arrival(lab_session *session, const lab_list *before) {
    for (lab_account *whose = session->server->accounts; whose; whose = whose->next) {
        if (lab_roster_sees(whose, session->account->jid)) SOTTO_TRY(lab_notify_last(session, whose, before));
    }
    return SOTTO_OK;
}
