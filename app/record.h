/* SPDX-License-Identifier: ISC
 *
 * What a session puts into the history: for every command alike, in the transaction that has the message itself. */
#ifndef APP_RECORD_H
#define APP_RECORD_H

#include "app/message.h"

/* A message arrived; `read`: somebody took it. A receipt or an error changes the fate of what it speaks of. */
SOTTO_MUST_CHECK sotto_status app_record_delivery(app_history *, const app_message *, bool read, uint64_t seq);
/* A stanza was handed over for sending; what has no text is not kept. */
SOTTO_MUST_CHECK sotto_status app_record_send(app_history *, sotto_engine *, sotto_bytes stanza, uint64_t ticket,
                                              sotto_bytes own, uint64_t now_ms);
/* The server has it; seal empty: in the clear. */
SOTTO_MUST_CHECK sotto_status app_record_sent(app_history *, sotto_engine *, uint64_t ticket, sotto_bytes seal);
/* The same of a live session: the other side has it. */
SOTTO_MUST_CHECK sotto_status app_record_arrived(app_history *, sotto_engine *, uint64_t ticket, sotto_bytes seal);
/* An event about a message of ours, or that it was taken back (APP_FATE_FAILED). */
SOTTO_MUST_CHECK sotto_status app_record_fate(app_history *, uint64_t ticket, app_fate);

/* How far the keys are trusted that a message to jid goes to: as far as the least trusted of them. */
sotto_trust app_record_trust(sotto_engine *, sotto_bytes jid, sotto_bytes seal);
/* What an event says about the fate of a message; NONE: nothing. */
app_fate app_record_fate_of(const sotto_event *);

#endif
