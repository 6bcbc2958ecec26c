/* SPDX-License-Identifier: ISC
 *
 * The way out: what becomes of a stanza of the application. */
#ifndef ENGINE_SEND_H
#define ENGINE_SEND_H

#include "engine/state.h"

/* SOTTO_INPUT_SEND and SOTTO_INPUT_CANCEL. */
SOTTO_MUST_CHECK sotto_status engine_send(sotto_engine *, const sotto_input *);
SOTTO_MUST_CHECK sotto_status engine_cancel(sotto_engine *, uint64_t ticket);
/* A stanza that left in the clear for a room on a stream that is gone: what becomes of it now. */
SOTTO_MUST_CHECK sotto_status engine_send_again(sotto_engine *, const sotto_output *, const outbox_way *);
/* A message of the engine's own: it goes the way every other one goes, always sealed, and is told to nobody. */
#define ENGINE_ANY_SEAL SIZE_MAX
typedef struct engine_errand {
    size_t seal;         /* the one that carries it */
    sotto_bytes dialect; /* ... for devices of this dialect; empty: any */
    bool verified;       /* ... and for verified keys alone */
    sotto_bytes got;     /* the contact's keys that do not get it, and no own ones: their first got_bytes bytes each */
    size_t got_bytes;    /* 0: everybody */
    uint64_t seen_before_ms; /* not to keys first seen then or later, unless they are verified; 0: whenever it was */
    bool waits;              /* held while keys are asked for; otherwise it is dropped */
    bool peer_alone;         /* no own devices, unless they are whom it is for */
    bool undecided;          /* also to keys that nobody decided about */
    bool any_way;            /* whatever way the person chose for messages (via) */
    const uint8_t *only;     /* to this key alone; NULL: to all of them */
    bool sealed;             /* what came of it: it left, for these keys; or not, and why */
    seal_keys allowed;
    sotto_status reason;
} engine_errand;
SOTTO_MUST_CHECK sotto_status engine_send_errand(sotto_engine *, sotto_bytes stanza, engine_errand *);

/* Refuses what is held and does not wait for longer (SOTTO_BRIEF_HELD_MS); *ret_next_ms: when there will be more of it.
 */
SOTTO_MUST_CHECK sotto_status engine_send_overdue(sotto_engine *, uint64_t *ret_next_ms);
SOTTO_MUST_CHECK sotto_status engine_send_holds_brief(sotto_engine *, bool *ret);

/* Looks again at what is held for the JIDs in engine->changed, until nothing changes any more. */
SOTTO_MUST_CHECK sotto_status engine_send_review(sotto_engine *);

/* How a room would be reached now. reason: OK; AGAIN: keys are being asked for; else why it cannot be. number: of the
 * `total` other members, those with a device that would get it. */
typedef struct engine_outlook {
    sotto_status reason;
    uint32_t number, total;
} engine_outlook;
SOTTO_MUST_CHECK sotto_status engine_send_outlook(sotto_engine *, sotto_bytes room, engine_outlook *ret);

#endif
