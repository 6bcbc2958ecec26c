/* SPDX-License-Identifier: ISC
 *
 * A stanza on its way out, and what the seals say about it: between the files that decide (offer.c) and that do it
 * (send.c). */
#ifndef ENGINE_SENDING_H
#define ENGINE_SENDING_H

#include "engine/contact.h"
#include "engine/route.h"
#include "engine/send.h"

/* A stanza on its way, new or held. */
typedef struct engine_sending {
    const stanza_element *stanza;
    sotto_bytes raw;
    engine_class class;
    engine_matter matter;
    bool answers; /* a request that came in this seal, and goes back through no other: */
    size_t answer_seal;
    sotto_bytes peer; /* bare JID; empty: none */
    stanza_jid to;    /* the same as it is addressed; empty: none */
    bool by_nick;     /* `to` is somebody in a room; peer is who that is, or with `nobody` the room */
    bool nobody;
    engine_contact contact;
    uint64_t ticket;
    sotto_encrypt encrypt; /* asked for with the stanza */
    uint8_t streams;       /* it left on, which ended before the server had it (engine/room_wait.c) */
    engine_errand *errand; /* the engine's own; NULL: of the application */
} engine_sending;

/* What the seals say about it. */
typedef struct engine_offer {
    engine_prospect kind;
    sotto_status reason;
    size_t seal;
    seal_audience audience;
    seal_keys keys; /* all the promise listed */
    seal_keys allowed;
    uint32_t refused; /* keys of the audience that may not be used */
    uint32_t reached; /* JIDs of the audience with a key that may, */
    bool *reads;      /* and which they are; NULL: nobody was asked about */
} engine_offer;

/* Asks the seals whose turn it is, as far as policy and rooms leave it to them. The contact in *s may change, and is
 * put then. */
SOTTO_MUST_CHECK sotto_status engine_offer_find(sotto_engine *, engine_sending *, engine_policy, engine_offer *ret);
/* The same whatever the policy is, and with none of what a room decides before. */
SOTTO_MUST_CHECK sotto_status engine_offer_ask(sotto_engine *, engine_sending *, engine_offer *ret);
/* Whether a seal needs nobody online. */
bool engine_offer_is_stored(const sotto_engine *, size_t seal);
/* Begins what needs the other side online, with whoever of the JID is there: for what is said inside sessions alone. */
SOTTO_MUST_CHECK sotto_status engine_offer_begin(sotto_engine *, const stanza_jid *);

#endif
