/* SPDX-License-Identifier: ISC
 *
 * What the engine remembers of a bare JID: policy, stickiness, whether we ever wrote. */
#ifndef ENGINE_CONTACT_H
#define ENGINE_CONTACT_H

#include "engine/egress.h"
#include "engine/state.h"

typedef struct engine_contact {
    sotto_encrypt encrypt; /* DEFAULT: the engine's */
    bool sticky;           /* something was sealed for them */
    bool spoken;           /* something of content was sent to them */
    bool opted_out;        /* they asked to go on in the clear (XEP-0384 section 5.7) and nobody answered */
    bool verified; /* a person verified a key of theirs, once: from then on only verified keys are used, even when that
                      one was distrusted later (T7) */
} engine_contact;

/* Nobody known reads as zero. STORE_*, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status engine_contact_get(sotto_engine *, sotto_bytes jid, engine_contact *ret);
SOTTO_MUST_CHECK sotto_status engine_contact_put(sotto_engine *, sotto_bytes jid, const engine_contact *);
/* The policy in force. override: of the stanza itself; ALWAYS and NEVER win, AUTO and DEFAULT leave it to the contact.
 */
engine_policy engine_contact_policy(const sotto_engine *, const engine_contact *, sotto_encrypt override);

#endif
