/* SPDX-License-Identifier: ISC
 *
 * A run of comparing keys with somebody: the record 'Y' bare JID. There is one a JID. Its nonces are secrets until the
 * run is over, so it is in no backup. */
#ifndef ENGINE_COMPARE_ROW_H
#define ENGINE_COMPARE_ROW_H

#include "context/compare.h"
#include "engine/record.h"
#include "trust/compare.h"

typedef struct engine_compare_run {
    sotto_bytes jid; /* in the call's arena */
    trust_compare_state state;
    uint32_t fruitless;            /* runs that came to nothing after they were answered, since the last good one */
    uint64_t until_ms;             /* then it is too late */
    unsigned unsent;               /* TRUST_COMPARE_SEND_…: what is still to leave */
    uint8_t tries;                 /* so often it could not */
    bool asker;                    /* we are A */
    bool said_yes;                 /* of DONE */
    context_compare_reason reason; /* of ABORT */
    context_compare_type way;
    sotto_bytes full; /* live: with whom the session is */
    uint8_t thread[CONTEXT_COMPARE_THREAD_BYTES];
    uint8_t commitment[32]; /* of A's nonce */
    uint8_t own_nonce[32], their_nonce[32];
    uint8_t peer_key[32]; /* what theirs is sealed with */
    uint8_t context[32];
    context_compare_list own, theirs;
} engine_compare_run;

/* IDLE when there is none. STORE_*, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status engine_compare_row_get(sotto_engine *, sotto_bytes jid, engine_compare_run *ret);
/* Of a run that is over no more is kept than how many came to nothing; without any, nothing. */
SOTTO_MUST_CHECK sotto_status engine_compare_row_put(sotto_engine *, const engine_compare_run *);
typedef sotto_status engine_compare_row_visit(void *arg, engine_compare_run *);
SOTTO_MUST_CHECK sotto_status engine_compare_row_scan(sotto_engine *, engine_compare_row_visit *, void *arg);

#endif
