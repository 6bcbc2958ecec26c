/* SPDX-License-Identifier: ISC
 *
 * Message carbons (XEP-0280): what one device sends or gets, the account's others get a copy of. */
#ifndef LAB_CARBONS_H
#define LAB_CARBONS_H

#include "lab/server/inside.h"

/* enable or disable. */
SOTTO_MUST_CHECK sotto_status lab_carbons_iq(lab_session *, const stanza_element *iq);
/* Copies to the other sessions of the account that enabled carbons. */
SOTTO_MUST_CHECK sotto_status lab_carbons_sent(lab_session *sender, const stanza_element *message);
SOTTO_MUST_CHECK sotto_status lab_carbons_received(lab_session *receiver, const stanza_element *message);

#endif
