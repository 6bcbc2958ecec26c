/* SPDX-License-Identifier: ISC
 *
 * PEP nodes and their items, without a word about who may do what. */
#ifndef LAB_NODE_H
#define LAB_NODE_H

#include "lab/server/inside.h"

/* Whether this client, or any, is not to know of such a node. */
bool lab_node_is_hidden(const lab_server *, const lab_account *client, sotto_bytes name);
lab_node *lab_node_find(const lab_account *, sotto_bytes name);
/* TOO_LARGE: the account has LAB_NODES_MAX. */
SOTTO_MUST_CHECK sotto_status lab_node_new(lab_server *, lab_account *, sotto_bytes name, lab_node_config,
                                           lab_node **ret);
void lab_node_remove(lab_server *, lab_account *, lab_node *);
lab_item *lab_node_item(const lab_node *, sotto_bytes id);
lab_item *lab_node_last(const lab_node *);
/* Adds an item, or replaces the one with this id, as the newest; the oldest beyond max_items go. */
SOTTO_MUST_CHECK sotto_status lab_node_put(lab_server *, lab_node *, sotto_bytes id, sotto_bytes payload);
/* False: there was none. */
bool lab_node_drop(lab_server *, lab_node *, sotto_bytes id);
/* Keeps the newest `count` items. */
void lab_node_trim(lab_server *, lab_node *, uint64_t count);
void lab_node_free_all(lab_server *, lab_account *);

#endif
