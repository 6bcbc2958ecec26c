/* SPDX-License-Identifier: ISC
 *
 * What becomes of a stanza that wants to leave: the one choke point (T14), a pure function. Its whole table is
 * test/policy/egress.txt. */
#ifndef ENGINE_EGRESS_H
#define ENGINE_EGRESS_H

#include "engine/classify.h"

/* A contact's policy as it stands. STICKY: `auto`, after something was sealed for them. */
typedef enum engine_policy {
    ENGINE_POLICY_NEVER,
    ENGINE_POLICY_AUTO,
    ENGINE_POLICY_STICKY,
    ENGINE_POLICY_ALWAYS
} engine_policy;

/* The best that the seals can do. CANNOT: none of them protects this kind of stanza. UNTRUSTED: ready, but no key of
 * the recipient may be used. OPTED_OUT: they asked to go on in the clear and nobody confirmed. PUBLIC: who reads it
 * cannot be known: a room that is public or anonymous, or somebody in one of whom it does not say who he is.
 * NOT_JOINED: a room nobody entered, of which nothing is known. */
typedef enum engine_prospect {
    ENGINE_PROSPECT_CANNOT,
    ENGINE_PROSPECT_NEVER,
    ENGINE_PROSPECT_ASKING,
    ENGINE_PROSPECT_BROKEN,
    ENGINE_PROSPECT_UNTRUSTED,
    ENGINE_PROSPECT_OPTED_OUT,
    ENGINE_PROSPECT_READY,
    ENGINE_PROSPECT_PUBLIC,
    ENGINE_PROSPECT_NOT_JOINED,
    ENGINE_PROSPECT_COUNT
} engine_prospect;

typedef enum engine_fate { ENGINE_CLEAR, ENGINE_SEAL, ENGINE_HOLD, ENGINE_REFUSE } engine_fate;

/* True for classes that never need a seal. */
bool engine_always_clear(engine_class);
engine_fate engine_egress(engine_class, engine_policy, engine_prospect);
const char *engine_policy_name(engine_policy);
const char *engine_prospect_name(engine_prospect);
const char *engine_fate_name(engine_fate);

#endif
