/* SPDX-License-Identifier: ISC
 *
 * The requests of XEP-0060 that PEP needs: publish, items, retract, create, delete, purge, configure. Only the owner
 * changes nodes; who may read them is the node's access model. */
#include "lab/server/pep.h"

#include "lab/server/config.h"
#include "lab/server/node.h"
#include "lab/server/notify.h"

static const lab_error not_found = {"cancel", "item-not-found", NULL};
static const lab_error forbidden = {"auth", "forbidden", NULL};
static const lab_error bad_request = {"modify", "bad-request", NULL};
static const lab_error no_node = {"modify", "bad-request", "nodeid-required"};
static const lab_error no_item = {"modify", "bad-request", "item-required"};
static const lab_error bad_payload = {"modify", "bad-request", "invalid-payload"};
static const lab_error no_payload = {"modify", "bad-request", "payload-required"};
static const lab_error too_big = {"modify", "not-acceptable", "payload-too-big"};
static const lab_error too_many_nodes = {"cancel", "conflict", "max-nodes-exceeded"};
static const lab_error too_many_items = {"cancel", "not-allowed", "max-items-exceeded"};
static const lab_error precondition = {"cancel", "conflict", "precondition-not-met"};
static const lab_error bad_options = {"modify", "bad-request", "invalid-options"};
static const lab_error not_acceptable = {"modify", "not-acceptable", NULL};
static const lab_error exists = {"cancel", "conflict", NULL};
static const lab_error closed = {"cancel", "not-allowed", "closed-node"};
static const lab_error strangers = {"auth", "not-authorized", "presence-subscription-required"};
static const lab_error not_implemented = {"cancel", "feature-not-implemented", NULL};

/* One request while it is being answered. */
typedef struct request {
    lab_server *server;
    lab_account *whose, *actor;
    const stanza_element *iq, *pubsub, *op;
    sotto_bytes node_name;
    lab_node *node; /* NULL: there is none of this name */
} request;

static sotto_status refuse(const request *r, lab_error error) {
    return lab_bounce(r->server, r->iq, error);
}

/* ---- publish ---- */

/* Reads <publish-options/>; the node's configuration must be what they say, or it is made so when the node is new. */
static lab_form read_options(const request *r, lab_node_config *config, unsigned *ret_given) {
    const stanza_element *options = stanza_child(r->pubsub, "publish-options", LAB_NS_PUBSUB);
    *config = lab_config_default();
    *ret_given = 0;
    if (!options) return LAB_FORM_READ;
    return lab_config_read(r->server, options, LAB_FORM_PUBLISH_OPTIONS, true, config, ret_given);
}

/* Checks the one item; *ret_error is set and false returned when it cannot be published. */
static bool item_check(const request *r, const stanza_element **ret_item, lab_error *ret_error) {
    bool several = false;
    const stanza_element *item = stanza_only_child(r->op, "item", LAB_NS_PUBSUB, &several);
    *ret_item = item;
    if (several) {
        *ret_error = too_many_items;
    } else if (!item) {
        *ret_error = no_item;
    } else if (stanza_count(item) == 0) {
        *ret_error = no_payload;
    } else if (stanza_count(item) > 1) {
        *ret_error = bad_payload;
    } else if (stanza_first(item)->raw.len > LAB_PAYLOAD_BYTES_MAX) {
        *ret_error = too_big;
    } else {
        return true;
    }
    return false;
}

/* The payload as text that stands alone, in the arena. */
static sotto_status payload_text(lab_server *server, const stanza_element *payload, sotto_bytes *ret) {
    lab_draft draft;
    lab_draft_begin(&draft, server);
    stanza_copy(&draft.w, payload);
    sotto_bytes text = BYTES_NONE;
    sotto_status status = lab_draft_end(&draft, &text);
    if (sotto_ok(status) && !bytes_arena_copy(&server->arena, text, ret)) status = SOTTO_FAIL(NO_MEMORY);
    lab_draft_free(&draft);
    return status;
}

static sotto_status answer_published(const request *r, sotto_bytes id) {
    lab_draft draft;
    lab_draft_begin(&draft, r->server);
    lab_draft_answer(&draft, r->iq);
    stanza_open(&draft.w, "pubsub", LAB_NS_PUBSUB);
    stanza_open(&draft.w, "publish", LAB_NS_PUBSUB);
    stanza_put(&draft.w, "node", r->node_name);
    stanza_open(&draft.w, "item", LAB_NS_PUBSUB);
    stanza_put(&draft.w, "id", id);
    return lab_draft_reply(&draft, r->iq);
}

static sotto_status publish_item(request *r, const stanza_element *item) {
    char room[32];
    sotto_bytes id = stanza_attribute_of(item, "id"), payload = BYTES_NONE;
    if (id.len == 0) id = lab_next_id(r->server, room);
    SOTTO_TRY(payload_text(r->server, stanza_first(item), &payload));
    if (r->node->config.persist) SOTTO_TRY(lab_node_put(r->server, r->node, id, payload));
    SOTTO_TRY(lab_notify(r->server, r->whose, r->node, LAB_CHANGE_ITEM, id, payload));
    return answer_published(r, id);
}

static sotto_status publish(request *r) {
    const stanza_element *item = NULL;
    lab_error error;
    if (!item_check(r, &item, &error)) return refuse(r, error);
    lab_node_config wanted;
    unsigned given = 0;
    lab_form form = read_options(r, &wanted, &given);
    if (form == LAB_FORM_UNKNOWN || form == LAB_FORM_REFUSED) return refuse(r, precondition);
    if (form != LAB_FORM_READ) return refuse(r, bad_options);
    if (r->node && !lab_config_meets(&r->node->config, &wanted, given)) return refuse(r, precondition);
    if (!r->node) {
        if (r->whose->node_count >= LAB_NODES_MAX) return refuse(r, too_many_nodes);
        SOTTO_TRY(lab_node_new(r->server, r->whose, r->node_name, wanted, &r->node));
    }
    return publish_item(r, item);
}

/* ---- items ---- */

static sotto_status write_stored(lab_draft *draft, const lab_item *item) {
    const stanza_element *payload = NULL;
    SOTTO_TRY(lab_parse(draft->server, item->payload, &payload));
    stanza_open(&draft->w, "item", LAB_NS_PUBSUB);
    stanza_put(&draft->w, "id", item->id);
    stanza_copy(&draft->w, payload);
    stanza_close(&draft->w);
    return SOTTO_OK;
}

/* The items with the ids that were asked for, in that order; those that do not exist are left out. */
static sotto_status write_asked(lab_draft *draft, const request *r) {
    for (const stanza_element *at = stanza_first(r->op); at; at = stanza_next(r->op, at)) {
        if (!stanza_is(at, "item", LAB_NS_PUBSUB)) continue;
        const lab_item *item = lab_node_item(r->node, stanza_attribute_of(at, "id"));
        if (item) SOTTO_TRY(write_stored(draft, item));
    }
    return SOTTO_OK;
}

/* The newest `most`, oldest of them first. */
static sotto_status write_newest(lab_draft *draft, const request *r, uint64_t most) {
    size_t skip = r->node->count > most ? r->node->count - (size_t)most : 0;
    for (const lab_item *item = r->node->items; item; item = item->next) {
        if (skip > 0) {
            skip--;
        } else {
            SOTTO_TRY(write_stored(draft, item));
        }
    }
    return SOTTO_OK;
}

static sotto_status items(request *r) {
    if (!r->node) return refuse(r, not_found);
    if (!lab_notify_may_read(r->whose, r->node, r->actor->jid)) {
        return refuse(r, r->node->config.access == LAB_PRESENCE ? strangers : closed);
    }
    uint64_t most = LAB_ITEMS_MAX;
    if (stanza_attribute_of(r->op, "max_items").at &&
        !stanza_attribute_number(r->op, "max_items", 1, UINT32_MAX, &most)) {
        return refuse(r, bad_request);
    }
    lab_draft draft;
    lab_draft_begin(&draft, r->server);
    lab_draft_answer(&draft, r->iq);
    stanza_open(&draft.w, "pubsub", LAB_NS_PUBSUB);
    stanza_open(&draft.w, "items", LAB_NS_PUBSUB);
    stanza_put(&draft.w, "node", r->node_name);
    bool by_id = stanza_child(r->op, "item", LAB_NS_PUBSUB) != NULL;
    sotto_status status = by_id ? write_asked(&draft, r) : write_newest(&draft, r, most);
    if (!sotto_ok(status)) {
        lab_draft_free(&draft);
        return status;
    }
    return lab_draft_reply(&draft, r->iq);
}

/* ---- retract, create, delete, purge ---- */

static sotto_status retract(request *r) {
    const stanza_element *item = stanza_child(r->op, "item", LAB_NS_PUBSUB);
    sotto_bytes id = stanza_attribute_of(item, "id");
    if (id.len == 0) return refuse(r, no_item);
    if (!r->node || !lab_node_drop(r->server, r->node, id)) return refuse(r, not_found);
    sotto_bytes notify = stanza_attribute_of(r->op, "notify");
    if (r->node->config.notify_retract || bytes_is(notify, "true") || bytes_is(notify, "1")) {
        SOTTO_TRY(lab_notify(r->server, r->whose, r->node, LAB_CHANGE_RETRACT, id, BYTES_NONE));
    }
    return lab_answer_empty(r->server, r->iq);
}

static sotto_status create(request *r) {
    if (r->node) return refuse(r, exists);
    if (r->whose->node_count >= LAB_NODES_MAX) return refuse(r, too_many_nodes);
    lab_node_config config = lab_config_default();
    unsigned given = 0;
    const stanza_element *configure = stanza_child(r->pubsub, "configure", LAB_NS_PUBSUB);
    if (configure && stanza_first(configure)) {
        lab_form form = lab_config_read(r->server, configure, LAB_FORM_NODE_CONFIG, false, &config, &given);
        if (form == LAB_FORM_REFUSED) return refuse(r, not_acceptable);
        if (form != LAB_FORM_READ) return refuse(r, bad_request);
    }
    SOTTO_TRY(lab_node_new(r->server, r->whose, r->node_name, config, &r->node));
    return lab_answer_empty(r->server, r->iq);
}

static sotto_status delete_node(request *r) {
    if (!r->node) return refuse(r, not_found);
    if (r->node->config.notify_delete) {
        SOTTO_TRY(lab_notify(r->server, r->whose, r->node, LAB_CHANGE_DELETE, BYTES_NONE, BYTES_NONE));
    }
    lab_node_remove(r->server, r->whose, r->node);
    return lab_answer_empty(r->server, r->iq);
}

static sotto_status purge(request *r) {
    if (!r->node) return refuse(r, not_found);
    lab_node_trim(r->server, r->node, 0);
    SOTTO_TRY(lab_notify(r->server, r->whose, r->node, LAB_CHANGE_PURGE, BYTES_NONE, BYTES_NONE));
    return lab_answer_empty(r->server, r->iq);
}

/* ---- configuration (XEP-0060 section 8.2) ---- */

static sotto_status answer_config(const request *r, const char *op, const lab_node_config *config) {
    lab_draft draft;
    lab_draft_begin(&draft, r->server);
    lab_draft_answer(&draft, r->iq);
    stanza_open(&draft.w, "pubsub", LAB_NS_PUBSUB_OWNER);
    stanza_open(&draft.w, op, LAB_NS_PUBSUB_OWNER);
    if (r->node_name.len > 0) stanza_put(&draft.w, "node", r->node_name);
    lab_config_write(&draft, config);
    return lab_draft_reply(&draft, r->iq);
}

static sotto_status configure_get(request *r) {
    return r->node ? answer_config(r, "configure", &r->node->config) : refuse(r, not_found);
}

static sotto_status configure_set(request *r) {
    if (!r->node) return refuse(r, not_found);
    lab_node_config config = r->node->config;
    unsigned given = 0;
    switch (lab_config_read(r->server, r->op, LAB_FORM_NODE_CONFIG, false, &config, &given)) {
    case LAB_FORM_READ:
        break;
    case LAB_FORM_CANCELLED:
        return lab_answer_empty(r->server, r->iq);
    case LAB_FORM_REFUSED:
        return refuse(r, not_acceptable);
    case LAB_FORM_NONE:
    case LAB_FORM_UNKNOWN:
        return refuse(r, bad_request);
    }
    r->node->config = config;
    lab_node_trim(r->server, r->node, config.persist ? config.max_items : 0);
    return lab_answer_empty(r->server, r->iq);
}

static sotto_status default_get(request *r) {
    lab_node_config config = lab_config_default();
    r->node_name = BYTES_NONE;
    return answer_config(r, "default", &config);
}

/* ---- all ---- */

typedef struct operation {
    const char *name, *ns, *type;
    bool needs_node;
    bool for_all; /* not only for the owner */
    sotto_status (*run)(request *);
} operation;

static const operation operations[] = {
    {"publish", LAB_NS_PUBSUB, "set", true, false, publish},
    {"items", LAB_NS_PUBSUB, "get", true, true, items},
    {"retract", LAB_NS_PUBSUB, "set", true, false, retract},
    {"create", LAB_NS_PUBSUB, "set", true, false, create},
    {"delete", LAB_NS_PUBSUB_OWNER, "set", true, false, delete_node},
    {"purge", LAB_NS_PUBSUB_OWNER, "set", true, false, purge},
    {"configure", LAB_NS_PUBSUB_OWNER, "get", true, false, configure_get},
    {"configure", LAB_NS_PUBSUB_OWNER, "set", true, false, configure_set},
    {"default", LAB_NS_PUBSUB_OWNER, "get", false, false, default_get},
};

sotto_status lab_pep_iq(lab_server *server, lab_account *whose, lab_account *actor, const stanza_element *iq) {
    request r = {.server = server, .whose = whose, .actor = actor, .iq = iq, .pubsub = stanza_first(iq)};
    r.op = stanza_first(r.pubsub);
    if (!r.op) return refuse(&r, bad_request);
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const operation *op = &operations[i];
        if (!lab_type_is(iq, op->type) || !stanza_is(r.pubsub, "pubsub", op->ns) || !stanza_is(r.op, op->name, op->ns))
            continue;
        r.node_name = stanza_attribute_of(r.op, "node");
        if (op->needs_node && r.node_name.len == 0) return refuse(&r, no_node);
        if (!op->for_all && whose != actor) return refuse(&r, forbidden);
        if (lab_node_is_hidden(server, actor, r.node_name))
            return op->run == publish || op->run == create ? lab_answer_empty(server, iq) : refuse(&r, not_found);
        r.node = lab_node_find(whose, r.node_name);
        return op->run(&r);
    }
    return refuse(&r, not_implemented);
}

sotto_status lab_pep_plant(lab_server *server, lab_account *account, sotto_bytes name, sotto_bytes id,
                           sotto_bytes payload, bool notify) {
    lab_node *node = lab_node_find(account, name);
    if (payload.len == 0) {
        if (!node || !lab_node_drop(server, node, id)) return SOTTO_FAIL(NOT_FOUND);
        return notify ? lab_notify(server, account, node, LAB_CHANGE_RETRACT, id, BYTES_NONE) : SOTTO_OK;
    }
    const stanza_element *element = NULL;
    SOTTO_TRY(lab_parse(server, payload, &element));
    if (!node) {
        lab_node_config config = lab_config_default();
        config.access = LAB_OPEN;
        config.max_items = LAB_ITEMS_MAX;
        SOTTO_TRY(lab_node_new(server, account, name, config, &node));
    }
    SOTTO_TRY(lab_node_put(server, node, id, payload));
    return notify ? lab_notify(server, account, node, LAB_CHANGE_ITEM, id, payload) : SOTTO_OK;
}
