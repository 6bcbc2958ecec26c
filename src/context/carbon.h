/* SPDX-License-Identifier: ISC
 *
 * Copies of messages to and from our other devices (XEP-0280), and who may make them (T1: the CVE-2017-5589 family). */
#ifndef CONTEXT_CARBON_H
#define CONTEXT_CARBON_H

#include "stanza/element.h"
#include "stanza/jid.h"

typedef enum context_carbon {
    CONTEXT_CARBON_NONE, /* not a copy */
    CONTEXT_CARBON_SENT, /* of our server: *ret_message is what it holds, which another device of ours sent */
    CONTEXT_CARBON_RECEIVED,
    CONTEXT_CARBON_FORGED /* of somebody else, or not of the form it must have: to be ignored (section 11) */
} context_carbon;

/* from: of the outer message, NULL when it has none. account: own bare JID. *ret_from: of the message inside. Failures
 * of this machine alone: NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status context_carbon_read(const stanza_element *message, const stanza_jid *from,
                                                  sotto_bytes account, bytes_arena *, context_carbon *ret,
                                                  const stanza_element **ret_message, stanza_jid *ret_from);

#endif
