/* SPDX-License-Identifier: ISC
 *
 * Ids that servers give to stanzas (XEP-0359). Anybody can write such an element: the id counts only with `by` naming
 * somebody whose stanzas pass through him, and only when he announces that he takes away what others forge. The second
 * is for the caller to know. */
#ifndef CONTEXT_STANZA_ID_H
#define CONTEXT_STANZA_ID_H

#include "stanza/element.h"

/* The id `by` (a bare JID, normalized) gave; empty: none, or two ("at most one <stanza-id/> extension element with the
 * same XMPP address as value of the 'by' attribute", section 3). */
sotto_bytes context_stanza_id(const stanza_element *message, sotto_bytes by);

#endif
