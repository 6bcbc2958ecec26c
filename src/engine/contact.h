/* SPDX-License-Identifier: ISC
 *
 * What the engine remembers of a bare JID: policy, stickiness, whether we ever wrote, which seals may be used, what was
 * said about them once, and which messages nobody has confirmed yet. */
#ifndef ENGINE_CONTACT_H
#define ENGINE_CONTACT_H

#include "engine/egress.h"
#include "engine/state.h"

#define ENGINE_VIA_BYTES_MAX 32u /* the name of a seal */

typedef struct engine_contact {
    sotto_encrypt encrypt; /* DEFAULT: the engine's */
    bool sticky;           /* something was sealed for them */
    bool spoken;           /* something of content was sent to them */
    bool opted_out;        /* they asked to go on in the clear (XEP-0384 section 5.7) and nobody answered */
    bool verified;  /* a person verified a key of theirs, once: from then on only verified keys are used, even when that
                       one was distrusted later (T7) */
    bool doubtful;  /* it was said that they may not be able to read what is sealed (engine/doubt.h) */
    bool gone;      /* it was said that their list of devices is gone (T8) */
    bool live_gone; /* it was said that they do not speak live sessions any more (engine/feature.h) */
    bool live_told; /* it was said that messages go into live sessions alone */
    sotto_via via;
    uint8_t via_len; /* of the seal's name, with NAMED */
    uint8_t via_name[ENGINE_VIA_BYTES_MAX];
    uint64_t clear_since_ms, clear_until_ms; /* a time in the clear that ends by itself; until 0: none */
    uint32_t kept_first, kept_next;          /* numbers of the messages nobody confirmed (engine/doubt.h) */
    uint64_t kept_since_ms;                  /* when the first of them was sent */
} engine_contact;

/* Nobody known reads as zero. STORE_*, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status engine_contact_get(sotto_engine *, sotto_bytes jid, engine_contact *ret);
SOTTO_MUST_CHECK sotto_status engine_contact_put(sotto_engine *, sotto_bytes jid, const engine_contact *);
/* The policy in force now. override: of the stanza itself; ALWAYS and NEVER win, AUTO and DEFAULT leave it to the
 * contact. */
engine_policy engine_contact_policy(const sotto_engine *, const engine_contact *, sotto_encrypt override);
/* Whether a seal may carry something for them. */
bool engine_contact_goes_by(const engine_contact *, const seal_class *);

/* What a person decides. set: for_ms as in sotto_input. USAGE. via: NOT_FOUND when the engine has no such seal. */
SOTTO_MUST_CHECK sotto_status engine_contact_set(sotto_engine *, sotto_bytes jid, sotto_encrypt, uint64_t for_ms);
SOTTO_MUST_CHECK sotto_status engine_contact_via(sotto_engine *, sotto_bytes jid, sotto_via, sotto_bytes name);
SOTTO_MUST_CHECK sotto_status engine_contact_describe(sotto_engine *, sotto_bytes jid, sotto_contact *ret);

/* Ends what has ended by itself, looks who has been silent for too long, and sets the timer for the next time: when a
 * stream begins, and when that time has come. */
SOTTO_MUST_CHECK sotto_status engine_contact_review(sotto_engine *);
/* It is looked at again at the end of the day. */
SOTTO_MUST_CHECK sotto_status engine_contact_daily(sotto_engine *);
SOTTO_MUST_CHECK sotto_status engine_contact_input(sotto_engine *, const seal_input *);

#endif
