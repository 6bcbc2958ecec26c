/* SPDX-License-Identifier: ISC
 *
 * What the hook of a test makes of stanzas: each passes here once on the way in and once on the way out to each
 * session. Without a hook everything passes. */
#ifndef LAB_HOSTILITY_H
#define LAB_HOSTILITY_H

#include "lab/server/inside.h"

/* A stamped stanza came from a session: routed now, later, twice, or never. */
SOTTO_MUST_CHECK sotto_status lab_hostility_in(lab_session *, const stanza_element *);
/* A stanza is about to wait for a session. */
SOTTO_MUST_CHECK sotto_status lab_hostility_out(lab_session *, sotto_bytes, uint64_t since_ms, bool delayed);
/* Routes and delivers what is due by now. */
SOTTO_MUST_CHECK sotto_status lab_hostility_due(lab_server *);
/* The session ends: what it sent and was reordered is routed now; what it did not get goes back into its queue. */
SOTTO_MUST_CHECK sotto_status lab_hostility_end(lab_session *);
void lab_hostility_free(lab_server *);

#endif
