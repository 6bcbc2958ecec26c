/* SPDX-License-Identifier: ISC
 *
 * Stanzas that wait for keys or trust, in the order they were sent. */
#ifndef ENGINE_HELD_H
#define ENGINE_HELD_H

#include "engine/state.h"

typedef struct engine_held {
    uint64_t order;
    uint64_t ticket;
    sotto_encrypt encrypt;
    uint64_t since_ms;
    sotto_status reason;
    sotto_bytes jid; /* bare */
    sotto_bytes stanza;
    bool brief;       /* an iq or presence: it does not wait for long, and not for messages (engine/route.h) */
    sotto_bytes lane; /* ... but for what is held for the same address */
} engine_held;

typedef sotto_status engine_held_visit(void *arg, const engine_held *);

/* Appends: order is chosen here. OUTBOX_FULL: SOTTO_HELD_MAX wait already. */
SOTTO_MUST_CHECK sotto_status engine_held_add(sotto_engine *, engine_held *);
SOTTO_MUST_CHECK sotto_status engine_held_put(sotto_engine *, const engine_held *);
SOTTO_MUST_CHECK sotto_status engine_held_remove(sotto_engine *, uint64_t order);
/* Oldest first; the visitor may change them. */
SOTTO_MUST_CHECK sotto_status engine_held_scan(sotto_engine *, engine_held_visit *, void *arg);

#endif
