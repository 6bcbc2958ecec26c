/* SPDX-License-Identifier: ISC
 *
 * Somebody of the demonstration: an account with a store in memory, connected to the lab's server by pipes. TLS, SCRAM,
 * OMEMO, device lists and bundles are the real ones; only the network is missing. */
#ifndef LAB_DEMO_PERSON_H
#define LAB_DEMO_PERSON_H

#include "account/account.h"
#include "lab/server/listener.h"

#define PERSON_LINES_MAX      32
#define PERSON_LINE_BYTES_MAX 256

typedef struct person {
    const char *name;
    lab_listener *listener;
    sotto_store *store;
    tls_context *tls;
    account *account;
    lab_connection *connection;
    const uint64_t *now_ms;                              /* everybody's clock */
    char lines[PERSON_LINES_MAX][PERSON_LINE_BYTES_MAX]; /* what the person read, and of whom */
    size_t line_count;
    unsigned sent;     /* messages the server acknowledged */
    bool in_the_clear; /* something unprotected was delivered */
    sotto_status trouble;
} person;

/* An account name@domain, which the server knows under this password. */
SOTTO_MUST_CHECK sotto_status person_open(person *, const char *name, const char *domain, const char *password,
                                          lab_listener *, const uint64_t *now_ms);
SOTTO_MUST_CHECK sotto_status person_come(person *);
SOTTO_MUST_CHECK sotto_status person_go(person *);
SOTTO_MUST_CHECK sotto_status person_say(person *, const char *to, const char *text, uint64_t ticket);
/* Carries bytes both ways and takes outputs; *ret_moved: something happened. */
SOTTO_MUST_CHECK sotto_status person_turn(person *, bool *ret_moved);
void person_close(person *);

#endif
