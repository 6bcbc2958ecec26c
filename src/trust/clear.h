/* SPDX-License-Identifier: ISC
 *
 * Going on in the clear: what a person has to say before the promise ends for a contact (T14; XEP-0384 section 5.7).
 * The whole table is test/policy/opt-out.txt. */
#ifndef TRUST_CLEAR_H
#define TRUST_CLEAR_H

#include <stdbool.h>

typedef struct trust_clear_facts {
    bool encrypted; /* something was encrypted to them, or by them, once */
    bool asked;     /* they asked for it, inside the encryption and with an accepted key */
    bool limited;   /* it shall end by itself */
    bool confirmed; /* the person said so in words, after being told what it means */
} trust_clear_facts;

typedef enum trust_clear {
    TRUST_CLEAR_SET,     /* from now on, until somebody says otherwise */
    TRUST_CLEAR_LIMITED, /* for a while */
    TRUST_CLEAR_ASK,     /* first ask for the words */
    TRUST_CLEAR_ANSWER   /* the same, as the answer to what they asked */
} trust_clear;

trust_clear trust_clear_decide(const trust_clear_facts *);
/* "set", "limited", "ask", "answer". Static. */
const char *trust_clear_name(trust_clear);

/* A time in the clear that ends by itself, as the clock sees it. A clock that went back before the beginning ends it as
 * well: nobody can say how long it has lasted. */
typedef enum trust_window { TRUST_WINDOW_NONE, TRUST_WINDOW_OPEN, TRUST_WINDOW_OVER } trust_window;
trust_window trust_window_at(unsigned long long since_ms, unsigned long long until_ms, unsigned long long now_ms);

#endif
