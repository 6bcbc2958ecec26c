/* SPDX-License-Identifier: ISC
 *
 * PEP notifications (XEP-0163 section 4.3): what goes to whom when a node changes, and when somebody arrives. */
#ifndef LAB_NOTIFY_H
#define LAB_NOTIFY_H

#include "lab/server/inside.h"

/* Whether a bare JID may read the node. */
bool lab_notify_may_read(const lab_account *whose, const lab_node *, sotto_bytes bare);

typedef enum lab_change { LAB_CHANGE_ITEM, LAB_CHANGE_RETRACT, LAB_CHANGE_DELETE, LAB_CHANGE_PURGE } lab_change;

/* To all available sessions that want the node and may read it. `id`: ITEM and RETRACT; `payload`: ITEM. */
SOTTO_MUST_CHECK sotto_status lab_notify(lab_server *, lab_account *whose, const lab_node *, lab_change, sotto_bytes id,
                                         sotto_bytes payload);
/* The last items of `whose` to one session; not of nodes that were wanted `before` (NULL: nothing was). */
SOTTO_MUST_CHECK sotto_status lab_notify_last(lab_session *, lab_account *whose, const lab_list *before);
/* The same from the session's own account and from everybody whose presence it gets. */
SOTTO_MUST_CHECK sotto_status lab_notify_arrival(lab_session *, const lab_list *before);

#endif
