/* SPDX-License-Identifier: ISC
 *
 * Accounts on one side, the lab's server with TLS and SCRAM on the other, bytes carried between them by hand. */
#ifndef TEST_ACCOUNT_RIG_H
#define TEST_ACCOUNT_RIG_H

#include "lab/server/listener.h"
#include "test/unit/engine/engine_rig.h"

#include "account/account.h"

#define NOW_MS UINT64_C(1800000000000)

struct account_rig;

typedef struct client {
    struct account_rig *rig;
    rig host;
    frail_store store;
    tls_context *tls;
    account_config config;
    account *account;
    lab_connection *connection;
    bool unreachable;  /* the next connections fail */
    bool deaf;         /* what the server says does not arrive */
    bool keep_outputs; /* engine outputs are not reported done */
    uint64_t seen;     /* the highest number of an engine output */
    char log[16384];   /* what the application saw, a line each */
} client;

typedef struct account_rig {
    rig host;
    uint64_t now_ms;
    lab_server *server;
    lab_listener *listener;
    client clients[2]; /* juliet, romeo */
} account_rig;

int account_setup(void **state); /* juliet and romeo, contacts, both not started */
int account_teardown(void **state);
void listener_with(account_rig *, lab_listener_config); /* replaces the listener (before anybody connects) */
void client_open(client *);
void client_restart(client *);            /* the process dies and is started again: connection lost, nothing said */
void cut(client *);                       /* the TCP connection is lost */
void pump(account_rig *);                 /* until nothing moves */
void advance(account_rig *, uint64_t ms); /* time passes, timers run, then pump */
void start(client *);
void say(client *, uint64_t ticket, const char *stanza);
/* The log since the last call. */
const char *heard(client *);

#endif
