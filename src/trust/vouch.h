/* SPDX-License-Identifier: ISC
 *
 * Automatic trust management (XEP-0450): which trust messages (XEP-0434) follow a person's decision, and which of those
 * that arrive are acted on. Facts in, verdict out; the whole table is test/policy/vouch.txt. */
#ifndef TRUST_VOUCH_H
#define TRUST_VOUCH_H

#include <sotto/engine.h>

/* ---- what is sent ---- */

/* Who gets a message: always only devices whose keys are verified. */
typedef enum trust_vouch_to {
    TRUST_TO_OWN,      /* own other devices */
    TRUST_TO_OWNER,    /* the devices of the contact whose key it was */
    TRUST_TO_CONTACTS, /* the devices of every contact who has a verified key, and with each of them own other ones; own
                          ones alone when there is no such contact */
    TRUST_TO_NOBODY
} trust_vouch_to;

/* What is in it. */
typedef enum trust_vouch_what {
    TRUST_WHAT_THE_KEY,  /* the key that was decided about: trust, or distrust */
    TRUST_WHAT_OWN_KEYS, /* every verified key of own other devices */
    TRUST_WHAT_ALL_KEYS  /* every verified key of anybody */
} trust_vouch_what;

typedef struct trust_vouch_message {
    trust_vouch_to to;
    trust_vouch_what what;
} trust_vouch_message;

#define TRUST_VOUCH_MESSAGES 2

/* The messages that follow a decision, those to nobody left out by the caller. own: the key is of another device of the
 * own account. Only a person's decision is passed on, never one that came by a message. */
const trust_vouch_message *trust_vouch_spread(sotto_trust decision, bool own);

/* ---- what is done with what arrives ---- */

typedef struct trust_vouch_facts {
    bool inside;       /* the statement came out of an envelope that protects all of it */
    bool own;          /* from a device of the own account */
    bool of_sender;    /* about a key of the sender's own account */
    sotto_trust voice; /* how far the key that sealed it is trusted */
    bool distrust;     /* what it says */
    bool known;        /* the key it is about was seen */
    sotto_trust recorded;
} trust_vouch_facts;

typedef enum trust_vouch {
    TRUST_VOUCH_IGNORE,
    TRUST_VOUCH_WAIT,   /* until the sender's key is verified */
    TRUST_VOUCH_FETCH,  /* until the key it is about is seen */
    TRUST_VOUCH_VERIFY, /* the key is verified now */
    TRUST_VOUCH_REFUSE  /* the key is distrusted now */
} trust_vouch;

trust_vouch trust_vouch_take(const trust_vouch_facts *);

const char *trust_vouch_to_name(trust_vouch_to);
const char *trust_vouch_what_name(trust_vouch_what);
const char *trust_vouch_name(trust_vouch);

#endif
