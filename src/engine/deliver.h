/* SPDX-License-Identifier: ISC
 *
 * What arrived, and how it is handed on: with how it was protected, and how far its key is trusted. */
#ifndef ENGINE_DELIVER_H
#define ENGINE_DELIVER_H

#include "engine/outbox.h"
#include "engine/state.h"

/* A stanza and what the engine checked of where it comes from. */
typedef struct engine_arrival {
    const stanza_element *stanza;
    stanza_jid from; /* valid when has_from */
    bool has_from;
    bool delayed;
    uint64_t time_ms; /* of the delay stamp, else now */
} engine_arrival;

/* Whom the server names as sender; nobody named is the own account (RFC 6120 section 8.1.2.1). */
sotto_bytes engine_arrival_sender(const sotto_engine *, const engine_arrival *);

SOTTO_MUST_CHECK sotto_status engine_deliver_clear(sotto_engine *, const engine_arrival *, outbox_keep);
SOTTO_MUST_CHECK sotto_status engine_deliver_unreadable(sotto_engine *, size_t seal, const engine_arrival *,
                                                        const seal_key *, sotto_status reason);
/* Whatever a seal made of it. */
SOTTO_MUST_CHECK sotto_status engine_deliver_outcome(sotto_engine *, size_t seal, const engine_arrival *,
                                                     const seal_opened *);
/* What a seal opened by itself (env->deliver): OPENED or UNREADABLE. */
SOTTO_MUST_CHECK sotto_status engine_deliver_unasked(sotto_engine *, size_t seal, const seal_opened *);

#endif
