/* SPDX-License-Identifier: ISC
 *
 * Reading the roster as it passes by: results and pushes (RFC 6121 section 2). Who may send them is checked here: a
 * roster comes from the own account alone (T3, CVE-2016-9928). */
#ifndef CONTEXT_ROSTER_H
#define CONTEXT_ROSTER_H

#include "stanza/element.h"
#include "stanza/jid.h"

typedef struct context_roster_item {
    sotto_bytes jid;        /* bare, normalized, in the arena */
    bool sees_our_presence; /* subscription from or both */
    bool removed;
} context_roster_item;

typedef sotto_status context_roster_visit(void *arg, const context_roster_item *);

/* from: NULL when the stanza has none. account: own bare JID. Calls visit for each item when the iq is a roster result
 * or push that may be believed; *ret_is tells whether it was. */
SOTTO_MUST_CHECK sotto_status context_roster_read(const stanza_element *iq, const stanza_jid *from, sotto_bytes account,
                                                  bytes_arena *, context_roster_visit *, void *arg, bool *ret_is);

#endif
