/* SPDX-License-Identifier: ISC
 *
 * Where a stanza goes (RFC 6121 section 8): messages, presence and iqs to a full JID, a bare JID, the server itself, or
 * nowhere. */
#ifndef LAB_ROUTER_H
#define LAB_ROUTER_H

#include "lab/server/inside.h"

/* A stamped stanza of an account's client. session: NULL when that client has gone since (a delayed stanza). */
SOTTO_MUST_CHECK sotto_status lab_route(lab_server *, lab_account *, lab_session *, const stanza_element *);
/* A message joins the offline store (XEP-0160), where it belongs there. *ret_kept (may be NULL) tells whether a place
 * was found or none was needed; false: the store is full. `since_ms`: when it came. */
SOTTO_MUST_CHECK sotto_status lab_offline_keep(lab_server *, lab_account *, sotto_bytes message, uint64_t since_ms,
                                               bool delayed, bool *ret_kept);
/* What the offline store holds goes to a session that has become available. */
SOTTO_MUST_CHECK sotto_status lab_offline_release(lab_session *);

#endif
