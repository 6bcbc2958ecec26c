/* SPDX-License-Identifier: ISC
 *
 * Personal eventing (XEP-0163, a profile of XEP-0060): what clients ask for. Who is told is lab/server/notify.h. */
#ifndef LAB_PEP_H
#define LAB_PEP_H

#include "lab/server/inside.h"

/* An iq with <pubsub/> to `whose` account from `actor`. */
SOTTO_MUST_CHECK sotto_status lab_pep_iq(lab_server *, lab_account *whose, lab_account *actor,
                                         const stanza_element *iq);
/* Puts an item into a node (made where it is missing: open, all items kept), or removes it (empty payload). NOT_FOUND,
 * MALFORMED. */
SOTTO_MUST_CHECK sotto_status lab_pep_plant(lab_server *, lab_account *, sotto_bytes node, sotto_bytes id,
                                            sotto_bytes payload, bool notify);

#endif
