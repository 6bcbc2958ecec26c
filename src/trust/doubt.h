/* SPDX-License-Identifier: ISC
 *
 * When it is doubtful whether a contact can still read what is encrypted: signs in, what is said about it out. It never
 * changes how anything is sent; encryption goes on. The whole table is test/policy/doubt.txt. */
#ifndef TRUST_DOUBT_H
#define TRUST_DOUBT_H

#include <stdbool.h>

#define TRUST_DOUBT_DAYS 14u /* without a sign that anything was decrypted */

typedef enum trust_sign {
    TRUST_SIGN_PLAINTEXT, /* a text in the clear in their name */
    TRUST_SIGN_LIST_GONE, /* their list of devices is empty or gone */
    TRUST_SIGN_SILENCE,   /* for TRUST_DOUBT_DAYS nothing that was sent has been confirmed */
    TRUST_SIGN_CONFIRMED, /* something sealed by an accepted key of theirs */
    TRUST_SIGN_ACCEPTED,  /* a new key of theirs was accepted */
    TRUST_SIGN_COUNT
} trust_sign;

typedef struct trust_doubt_facts {
    bool encrypted; /* something was encrypted to them, or by them, once */
    bool doubtful;  /* it was said already */
    bool missed;    /* messages are kept that no device got which is still there */
} trust_doubt_facts;

typedef enum trust_doubt {
    TRUST_DOUBT_NOTHING,
    TRUST_DOUBT_TELL, /* doubtful from now on: say so, once */
    TRUST_DOUBT_END,  /* no longer */
    TRUST_DOUBT_OFFER /* the new device can be sent what they missed */
} trust_doubt;

trust_doubt trust_doubt_judge(trust_sign, const trust_doubt_facts *);
/* Static. */
const char *trust_sign_name(trust_sign);
const char *trust_doubt_name(trust_doubt);

#endif
