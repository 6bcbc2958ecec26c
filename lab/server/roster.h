/* SPDX-License-Identifier: ISC
 *
 * The roster (RFC 6121 section 2) and subscriptions (section 3, appendix A). */
#ifndef LAB_ROSTER_H
#define LAB_ROSTER_H

#include "lab/server/inside.h"

lab_contact *lab_roster_find(const lab_account *, sotto_bytes bare);
/* True when `whom` may see `whose` presence: a subscription, or the account itself. */
bool lab_roster_sees(const lab_account *whose, sotto_bytes whom_bare);
/* An iq of a session about its roster. */
SOTTO_MUST_CHECK sotto_status lab_roster_iq(lab_session *, const stanza_element *iq);
/* presence of type subscribe, subscribed, unsubscribe or unsubscribed, from an account to a bare JID. */
SOTTO_MUST_CHECK sotto_status lab_roster_subscription(lab_server *, lab_account *, const stanza_element *);
/* Requests that wait for an answer, to a session that has become available. */
SOTTO_MUST_CHECK sotto_status lab_roster_pending(lab_session *);
/* Both see each other from now on. */
SOTTO_MUST_CHECK sotto_status lab_roster_befriend(lab_server *, lab_account *, lab_account *);
void lab_roster_free(lab_server *, lab_account *);

#endif
