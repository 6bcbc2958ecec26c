/* SPDX-License-Identifier: ISC
 *
 * What a sender may cost before anything of theirs was authenticated.
 *
 * Key exchanges (T20) cost five agreements and a prekey. Each JID has SOTTO_OMEMO_EXCHANGES_PER_HOUR of them, counted
 * in records, because a program that is started for each message must not begin anew. Of JIDs that have no tie to us
 * there may be SOTTO_OMEMO_STRANGERS_PER_HOUR, so that neither work nor records grow with the names a server or a
 * sender can make up; those of contacts are counted apart and are not locked out by that.
 *
 * Messages that fail (T17) cost one agreement and the keys they skip, in each of two sessions. A JID of which
 * SOTTO_OMEMO_FORGERIES_PER_HOUR failed has its next messages read still, but with little work for each. That count is
 * volatile: whatever fails leaves no record. */
#ifndef SEAL_OMEMO_BUDGET_H
#define SEAL_OMEMO_BUDGET_H

#include "seal/omemo/self.h"

typedef struct omemo_budget {
    uint64_t since_ms; /* start of the hour */
    uint32_t count;    /* key exchanges in it, this one included; 0: nothing was spent */
    bool stranger;
} omemo_budget;

/* One key exchange more. TOO_LARGE: it is not worked on. */
SOTTO_MUST_CHECK sotto_status omemo_budget_take(seal_env *, sotto_bytes jid, bool stranger, omemo_budget *ret);
/* Stages what was taken, and deletes what is over. */
SOTTO_MUST_CHECK sotto_status omemo_budget_stage(seal_env *, sotto_bytes jid, const omemo_budget *);

/* True: so many messages of the JID failed that little work is done for its next ones. */
bool omemo_budget_is_spent(const omemo_self *, const seal_env *, sotto_bytes jid);
/* One more failed. */
SOTTO_MUST_CHECK sotto_status omemo_budget_failed(omemo_self *, const seal_env *, sotto_bytes jid);

#endif
