/* SPDX-License-Identifier: ISC
 *
 * Service discovery (XEP-0030): what the server and its accounts say of themselves, and what clients answer when the
 * server asks them (XEP-0115; the answers decide about PEP notifications). */
#ifndef LAB_DISCO_H
#define LAB_DISCO_H

#include "lab/server/inside.h"

/* disco#info or disco#items to the server or (whose not NULL) to an account. asker: bare. */
SOTTO_MUST_CHECK sotto_status lab_disco_iq(lab_server *, lab_account *whose, sotto_bytes asker,
                                           const stanza_element *iq);
/* Presence came: where it has new caps, asks the client; *ret_asked tells. */
SOTTO_MUST_CHECK sotto_status lab_disco_caps(lab_session *, const stanza_element *presence, bool *ret_asked);
/* An iq result of a session that may hold its features. *ret_ours: it answers the server's own question. */
SOTTO_MUST_CHECK sotto_status lab_disco_answer(lab_session *, const stanza_element *iq, bool *ret_ours);
/* Whether the client wants the notifications of a node. */
bool lab_disco_wants(const lab_list *features, sotto_bytes node);

#endif
