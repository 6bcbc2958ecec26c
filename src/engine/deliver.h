/* SPDX-License-Identifier: ISC
 *
 * What arrived, and how it is handed on: with how it was protected, and how far its key is trusted. */
#ifndef ENGINE_DELIVER_H
#define ENGINE_DELIVER_H

#include "engine/outbox.h"
#include "engine/state.h"

/* What came of messages out of an archive. */
typedef struct engine_tally {
    uint32_t handed, unreadable;
} engine_tally;

/* A stanza and what the engine checked of where it comes from. */
typedef struct engine_arrival {
    const stanza_element *stanza;
    stanza_jid from; /* valid when has_from */
    bool has_from;
    bool delayed;
    uint64_t time_ms; /* of the delay stamp, else now */

    /* Of what was forwarded, and what came out of an archive. */
    bool forwarded;      /* it was inside of another stanza, and can hold no other itself */
    sotto_carbon carbon; /* what another device of ours did with it */
    sotto_bytes archive; /* whose archive gave it archive_id; both empty: none that may be believed */
    sotto_bytes archive_id;
    engine_tally *tally; /* it comes out of an archive; counts what comes of it. NULL: it came live */
    bool sealed_only;    /* nothing of it counts in the clear */
    bool has_occupant;   /* ... of a room, which says that this is the real JID of who wrote it */
    stanza_jid occupant;

    /* Of what came through a room (engine/room.h). */
    sotto_bytes room; /* bare JID; empty: it did not */
    sotto_bytes nick; /* empty: the room itself */
    sotto_bytes real; /* bare JID of who wrote it; empty: the room does not say */
} engine_arrival;

/* Whom the server names as sender; nobody named is the own account (RFC 6120 section 8.1.2.1). */
sotto_bytes engine_arrival_sender(const sotto_engine *, const engine_arrival *);
/* Bare JID of the other side: whom it is for, when it is from the own account; else the sender. */
SOTTO_MUST_CHECK sotto_status engine_arrival_peer(sotto_engine *, const engine_arrival *, sotto_bytes *ret);

/* Somebody to whom an automatic answer tells nothing new: ourselves, people who may see our presence, and people we
 * have written to (T23). In receive.c, which knows the roster. */
SOTTO_MUST_CHECK sotto_status engine_is_answerable(sotto_engine *, sotto_bytes jid, bool *ret);

SOTTO_MUST_CHECK sotto_status engine_deliver_clear(sotto_engine *, const engine_arrival *, outbox_keep);
SOTTO_MUST_CHECK sotto_status engine_deliver_unreadable(sotto_engine *, size_t seal, const engine_arrival *,
                                                        const seal_key *, sotto_status reason);
/* Whatever a seal made of it. */
SOTTO_MUST_CHECK sotto_status engine_deliver_outcome(sotto_engine *, size_t seal, const engine_arrival *,
                                                     const seal_opened *);
/* What a seal opened by itself (env->deliver): OPENED or UNREADABLE. */
SOTTO_MUST_CHECK sotto_status engine_deliver_unasked(sotto_engine *, size_t seal, const seal_opened *);

#endif
