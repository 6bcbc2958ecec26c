/* SPDX-License-Identifier: ISC
 *
 * Whether a key may be used: facts and policy in, verdict out. Asks nobody, keeps nothing. */
#ifndef TRUST_KEY_H
#define TRUST_KEY_H

#include <sotto/engine.h>

/* What is known about the other keys of the same bare JID. */
typedef struct trust_key_facts {
    sotto_trust recorded; /* of this key */
    bool any_verified;    /* another or this key of the JID was verified by a person */
    bool any_other;       /* other keys of the JID are known */
} trust_key_facts;

typedef enum trust_key_use {
    TRUST_USE,  /* send to it */
    TRUST_SKIP, /* do not send to it: a person refused it */
    TRUST_ASK   /* do not send to it until a person decided */
} trust_key_use;

/* What a key seen for the first time is recorded as (facts.recorded is not looked at). */
sotto_trust trust_key_first(sotto_trust_policy, const trust_key_facts *);
/* Whether something may be sent to it now. */
trust_key_use trust_key_verdict(sotto_trust_policy, const trust_key_facts *);
/* "undecided", "blind", "verified", "distrusted". Static. */
const char *trust_name(sotto_trust);
/* "blind-until-verified", "first-use", "verified-only", "ca". Static. */
const char *trust_policy_name(sotto_trust_policy);
bool trust_policy_of(sotto_bytes name, sotto_trust_policy *ret); /* false: none has this name */

#endif
