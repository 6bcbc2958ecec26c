/* SPDX-License-Identifier: ISC
 *
 * Presence (RFC 6121 section 4) and what hangs on it: who sees whom, and what a client said it wants to be told. */
#ifndef LAB_PRESENCE_H
#define LAB_PRESENCE_H

#include "lab/server/inside.h"

/* A stamped presence stanza of a session. */
SOTTO_MUST_CHECK sotto_status lab_presence_take(lab_session *, const stanza_element *);
/* The session is gone without having said so. */
SOTTO_MUST_CHECK sotto_status lab_presence_lost(lab_session *);
/* Shows the presences of all of `whose` available sessions to all available sessions of `whom`, as unavailable when
 * `gone`. */
SOTTO_MUST_CHECK sotto_status lab_presence_show(lab_server *, lab_account *whose, lab_account *whom, bool gone);

#endif
