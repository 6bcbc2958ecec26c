/* SPDX-License-Identifier: ISC
 *
 * One account: joins an engine, a stream and a store into one pump. Still no sockets: bytes go in and out, and the host
 * does what the outputs ask for. It logs in, resumes (also after a restart), reconnects with growing pauses, announces
 * itself, answers disco and ping, and reports an input as handled only after its commit.
 *
 * The host calls account_next until it says ACCOUNT_NONE, after each input or, better, once it has no more input at
 * hand: everything that came in until then is committed in one transaction. */
#ifndef ACCOUNT_ACCOUNT_H
#define ACCOUNT_ACCOUNT_H

#include <sotto/engine.h>

#include "tls/context.h"

typedef struct account account;

/* Names of the account's notes (sotto_engine_note); every other is its host's. What is kept about a stream and about
 * suspected stanzas is of this machine and this moment: no other store has any use for it. */
#define ACCOUNT_NOTE_STREAM   "stream"
#define ACCOUNT_NOTE_PASSWORD "password"
#define ACCOUNT_NOTE_SUSPECT  "suspect"

typedef struct account_config {
    const sotto_host *host;
    sotto_bytes jid;                /* bare */
    sotto_store *store;             /* lent */
    const sotto_seal *const *seals; /* ended by NULL */
    sotto_encrypt encrypt;
    sotto_trust_policy trust;
    tls_context *tls;         /* lent; client role */
    sotto_bytes password;     /* empty: the one kept in the store */
    sotto_bytes connect_host; /* empty: found by SRV */
    uint16_t connect_port;
    bool connect_direct_tls;
    bool available;       /* announce presence and caps, so that messages and notifications arrive */
    bool keep_trying;     /* reconnect after failures that may pass */
    bool catch_up;        /* read what was missed from the archive, at each login that does not resume */
    bool takes_questions; /* sealed iqs of type get and set are outputs, and the host answers them; else they are
                             answered like those in the clear */
} account_config;

typedef enum account_output_kind {
    ACCOUNT_NONE,
    ACCOUNT_RESOLVE,    /* look up SRV records of `name`; answer: account_resolved */
    ACCOUNT_CONNECT,    /* open a TCP connection to name, port; answer: account_connected */
    ACCOUNT_DISCONNECT, /* close it, after writing what was handed out */
    ACCOUNT_BYTES,      /* write these */
    ACCOUNT_ONLINE,     /* logged in as name, a full JID; text says how the hop is protected */
    ACCOUNT_OFFLINE,    /* status, text; retry_ms: when the next attempt is made, UINT64_MAX: none */
    ACCOUNT_SENT,       /* ticket: the server has it; seal: how it left, as in sotto_output */
    ACCOUNT_ENGINE      /* an output of the engine for the application (DELIVER, EVENT, JOB); account_done(seq) */
} account_output_kind;

typedef struct account_output {
    account_output_kind kind;
    sotto_bytes name;
    uint16_t port;
    sotto_bytes bytes;
    sotto_status status;
    sotto_bytes text;
    uint64_t retry_ms;
    uint64_t ticket;
    sotto_bytes seal; /* lives until the next call; empty: in the clear */
    bool resumed;
    sotto_output engine;
} account_output;

/* Errors: what sotto_engine_open says; NOT_FOUND: no password given and none kept. */
SOTTO_MUST_CHECK sotto_status account_open(account **ret, const account_config *, uint64_t now_ms);
void account_close(account *); /* drops the connection without a word; NULL is allowed */

/* The next output; spans live until the next call. A failure (OURS) is the engine's or the store's: the connection is
 * dropped, nothing that was not committed counts as handled, and the account tries again if it may. */
SOTTO_MUST_CHECK sotto_status account_next(account *, account_output *ret, uint64_t now_ms);

/* Begins to connect; now, or when the pause after a failure is over anyway. Harmless when connected. */
SOTTO_MUST_CHECK sotto_status account_start(account *, uint64_t now_ms);
/* Ends the stream in order (what is committed is still sent), then ACCOUNT_OFFLINE with OK. */
SOTTO_MUST_CHECK sotto_status account_end(account *, uint64_t now_ms);

typedef struct account_srv {
    bool direct_tls; /* of the name _xmpps-client._tcp */
    uint16_t priority, weight, port;
    sotto_bytes target;
} account_srv;
/* Answers both lookups of ACCOUNT_RESOLVE at once: _xmpp-client._tcp.NAME and _xmpps-client._tcp.NAME. */
SOTTO_MUST_CHECK sotto_status account_resolved(account *, const account_srv *, size_t count, bool failed);
SOTTO_MUST_CHECK sotto_status account_connected(account *, bool ok);
SOTTO_MUST_CHECK sotto_status account_received(account *, sotto_bytes);
SOTTO_MUST_CHECK sotto_status account_lost(account *);
SOTTO_MUST_CHECK sotto_status account_timer(account *, uint64_t now_ms);
uint64_t account_deadline(const account *);

/* Any input of the engine that is the application's: SEND, CANCEL, POLICY, VERDICT, REFRESH, ANSWER, LEAVE. Tickets
 * have their highest bit clear: the others are the account's own. */
SOTTO_MUST_CHECK sotto_status account_step(account *, const sotto_input *, uint64_t now_ms);
SOTTO_MUST_CHECK sotto_status account_done(account *, uint64_t seq);
/* The host changed notes of its own (sotto_engine_note): they are to be committed. */
void account_noted(account *);
/* For sotto_engine_keys, sotto_engine_held, sotto_engine_note and sotto_engine_noted: looking and noting, no steps. */
sotto_engine *account_engine(account *);
bool account_is_online(const account *);

#endif
