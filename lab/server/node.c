/* SPDX-License-Identifier: ISC
 *
 * PEP nodes: lists of items, oldest first. */
#include "lab/server/node.h"

#include "bytes/memory.h"

bool lab_node_is_hidden(const lab_server *server, const lab_account *client, sotto_bytes name) {
    return (server->without && bytes_starts_with(name, bytes_text(server->without))) ||
           (client->without && bytes_starts_with(name, bytes_text(client->without)));
}

lab_node *lab_node_find(const lab_account *account, sotto_bytes name) {
    for (lab_node *node = account->nodes; node; node = node->next) {
        if (bytes_equal(node->name, name)) return node;
    }
    return NULL;
}

static void item_free(lab_server *server, lab_item *item) {
    lab_let_go(server, &item->id);
    lab_let_go(server, &item->payload);
    bytes_free(server->host, item, sizeof *item);
}

static void node_free(lab_server *server, lab_node *node) {
    lab_node_trim(server, node, 0);
    lab_let_go(server, &node->name);
    bytes_free(server->host, node, sizeof *node);
}

sotto_status lab_node_new(lab_server *server, lab_account *account, sotto_bytes name, lab_node_config config,
                          lab_node **ret) {
    if (account->node_count >= LAB_NODES_MAX) return SOTTO_FAIL(TOO_LARGE);
    lab_node *node = bytes_new(server->host, sizeof *node);
    if (!node) return SOTTO_FAIL(NO_MEMORY);
    node->config = config;
    sotto_status status = lab_keep(server, name, &node->name);
    if (!sotto_ok(status)) {
        bytes_free(server->host, node, sizeof *node);
        return status;
    }
    lab_node **at = &account->nodes;
    while (*at) at = &(*at)->next;
    *at = node;
    account->node_count++;
    *ret = node;
    return SOTTO_OK;
}

void lab_node_remove(lab_server *server, lab_account *account, lab_node *node) {
    lab_node **at = &account->nodes;
    while (*at && *at != node) at = &(*at)->next;
    if (!*at) return;
    *at = node->next;
    account->node_count--;
    node_free(server, node);
}

lab_item *lab_node_item(const lab_node *node, sotto_bytes id) {
    for (lab_item *item = node->items; item; item = item->next) {
        if (bytes_equal(item->id, id)) return item;
    }
    return NULL;
}

lab_item *lab_node_last(const lab_node *node) {
    lab_item *item = node->items;
    while (item && item->next) item = item->next;
    return item;
}

bool lab_node_drop(lab_server *server, lab_node *node, sotto_bytes id) {
    lab_item **at = &node->items;
    while (*at && !bytes_equal((*at)->id, id)) at = &(*at)->next;
    lab_item *item = *at;
    if (!item) return false;
    *at = item->next;
    node->count--;
    item_free(server, item);
    return true;
}

void lab_node_trim(lab_server *server, lab_node *node, uint64_t count) {
    while (node->count > count && node->items) {
        lab_item *item = node->items;
        node->items = item->next;
        node->count--;
        item_free(server, item);
    }
}

sotto_status lab_node_put(lab_server *server, lab_node *node, sotto_bytes id, sotto_bytes payload) {
    lab_item *item = bytes_new(server->host, sizeof *item);
    if (!item) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = lab_keep(server, id, &item->id);
    if (sotto_ok(status)) status = lab_keep(server, payload, &item->payload);
    if (!sotto_ok(status)) {
        item_free(server, item);
        return status;
    }
    (void)lab_node_drop(server, node, item->id);
    lab_item **at = &node->items;
    while (*at) at = &(*at)->next;
    *at = item;
    node->count++;
    lab_node_trim(server, node, node->config.max_items);
    return SOTTO_OK;
}

void lab_node_free_all(lab_server *server, lab_account *account) {
    while (account->nodes) lab_node_remove(server, account, account->nodes);
}
