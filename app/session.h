/* SPDX-License-Identifier: ISC
 *
 * An account that this process holds: its store, its account (src/account), and the loop with the sockets between it
 * and the world. Commands reach the account through this and through nothing else, whether they were typed here or came
 * through the control socket. The account's lock is the caller's: it is taken before and given back after. */
#ifndef APP_SESSION_H
#define APP_SESSION_H

#include "account/account.h"
#include "app/history.h"
#include "app/home/config.h"
#include "net/loop.h"

typedef struct app_session app_session;

#define APP_SESSION_END_WAIT_MS 5000u /* for an orderly end of the stream */

/* Somebody who wants to know what happens. Every function may be NULL. */
typedef struct app_watch {
    void *arg;
    void (*online)(void *arg, sotto_bytes how, bool resumed);
    /* will_retry: the account tries again by itself. */
    void (*offline)(void *arg, sotto_status, sotto_bytes text, bool will_retry, uint64_t retry_ms);
    void (*sent)(void *arg, uint64_t ticket, sotto_bytes seal);
    /* A delivery or an event. True: it was dealt with and must not come again. */
    bool (*engine)(void *arg, const sotto_output *);
    void (*rest)(void *arg); /* everything that was stepped is committed, unless `offline` told of a failure */
    void (*gone)(void *arg); /* the session has run and ends; nothing comes after that */
    void (*late)(void *arg); /* late_ms has come; it is UINT64_MAX then */
    uint64_t late_ms;        /* Unix time; UINT64_MAX: never */
    struct app_watch *previous, *next; /* the session's */
} app_watch;

typedef struct app_session_config {
    const app_account *account; /* outlives the session */
    const app_config *config;   /* outlives the session */
    sotto_bytes password;       /* setup: a new one, kept in the store once it worked. Empty: the one kept */
    sotto_bytes passphrase;     /* where config->passphrase is set */
    bool create;                /* make the store if there is none */
    bool available;             /* announce presence, so that messages come */
    bool keep_trying;           /* reconnect */
} app_session_config;

/* The seals of every account of this program, ended by NULL. */
#define APP_SEALS_MAX 4u
void app_session_seals(const sotto_seal *ret[APP_SEALS_MAX]);

/* Opens store and account; connects to nobody yet. */
bool app_session_open(app_session **ret, const app_session_config *, app_trouble *);
/* Drops what is left without a word, wipes and frees. NULL is allowed. */
void app_session_close(app_session *);

/* Runs until app_session_stop, and returns what that was given. */
int app_session_run(app_session *);
void app_session_stop(app_session *, int exit_status);
/* Ends the stream in order, if there is one, and then stops; at the latest after APP_SESSION_END_WAIT_MS. */
void app_session_end(app_session *, int exit_status);
/* The account has left the server: ends the session, and whoever runs it removes what is on this machine. */
void app_session_leave(app_session *);
bool app_session_has_left(const app_session *);
/* Begins to connect, unless it did already. */
void app_session_connect(app_session *);

void app_session_watch(app_session *, app_watch *);   /* the watch outlives the session or is unwatched */
void app_session_unwatch(app_session *, app_watch *); /* harmless when it does not watch */

bool app_session_is_online(const app_session *);
/* Whether others see that we are online: live sessions need that. */
bool app_session_is_available(const app_session *);
const char *app_session_jid(const app_session *);
const app_config *app_session_settings(const app_session *);
const app_account *app_session_account(const app_session *);
/* The certificate authorities that are trusted instead of the system's; NULL: the system's. */
const char *app_session_ca(const app_session *);
net_loop *app_session_loop(app_session *);
/* For looking: sotto_engine_keys and sotto_engine_held. */
sotto_engine *app_session_engine(app_session *);
/* An input of the application; committed when the loop comes to rest. */
SOTTO_MUST_CHECK sotto_status app_session_step(app_session *, const sotto_input *);
/* What was said; NULL: the account keeps none. Whoever changes it says so with app_session_changed. */
app_history *app_session_history(app_session *);
void app_session_changed(app_session *);
/* An output was dealt with later than when it was handed out. */
SOTTO_MUST_CHECK sotto_status app_session_done(app_session *, uint64_t seq);
/* A ticket that nothing else has. */
SOTTO_MUST_CHECK sotto_status app_session_ticket(uint64_t *ret);

#endif
