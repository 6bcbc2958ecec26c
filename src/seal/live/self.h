/* SPDX-License-Identifier: ISC
 *
 * What a live seal keeps in memory, all of which may vanish at any moment: sessions, what is known of full JIDs, and
 * the numbers under which stanzas are sent. For the files of this folder and their tests. */
#ifndef SEAL_LIVE_SELF_H
#define SEAL_LIVE_SELF_H

#include "seal/live/live.h"
#include "seal/live/proof.h"
#include "seal/live/row.h"
#include "seal/seal.h"
#include "tls/context.h"

#define LIVE_ALPN        "sotto-live/0"
#define LIVE_EXPORTER    "EXPORTER-sotto-live"
#define LIVE_UNKNOWN_MS  120000u /* online without an acknowledgement, until a stanza is given back */
#define LIVE_ATTEMPT_MS  60000u  /* a handshake that somebody began and did not go on with */
#define LIVE_REFUSED_MS  600000u /* somebody who does not speak this, or not with us, is asked again */
#define LIVE_CONFLICT_MS 5000u   /* we were told to wait for the other side's ClientHello */
#define LIVE_BACKOFF_MAX 60000u
#define LIVE_TICK_MS     30000u /* a look at what waits, while anything does; and an acknowledgement is due */

/* A frame that came too early. */
typedef struct live_early {
    struct live_early *next;
    uint64_t number;
    size_t len;
    uint8_t at[];
} live_early;

typedef struct live_session {
    struct live_session *next;
    uint8_t id[LIVE_ID_BYTES];
    sotto_bytes full; /* the peer; owned */
    sotto_bytes bare; /* a prefix of full */
    bool initiator;
    bool shown;  /* our proof is written */
    bool proved; /* theirs was good: key is filled in */
    bool over;   /* freed when the call ends */
    tls_engine *tls;
    uint8_t random[32];  /* of the ClientHello */
    uint8_t earlier[32]; /* SHA-256 of the responder's proof */
    uint8_t key[32];
    bytes_buffer records;    /* made and not sent */
    bytes_buffer plain;      /* read and not whole */
    uint64_t sent, expected; /* numbers of the next frames */
    size_t waiting;          /* iqs without their result */
    live_early *early;
    size_t early_count;
    uint64_t pushed; /* rows up to this order are in TLS */
    bool owes;       /* an acknowledgement, of: */
    uint8_t epoch[LIVE_EPOCH_BYTES];
    uint64_t number;
    uint64_t heard; /* of an acknowledgement in this frame that was not looked up; 0: none. And its epoch: */
    uint8_t heard_epoch[LIVE_EPOCH_BYTES];
    uint64_t heard_epochs; /* so many in this frame */
    uint64_t used_ms;
} live_session;

/* A full JID. */
typedef struct live_peer {
    struct live_peer *next;
    sotto_bytes full, bare; /* owned, and a prefix of it */
    bool wanted;            /* a session with it would be used */
    bool refused;           /* it does not answer in this namespace */
    sotto_status reason;    /* of the last failure */
    unsigned failures;      /* since the last acknowledgement */
    uint64_t not_before_ms; /* of the next attempt */
    uint64_t minute;        /* of: */
    unsigned hellos;
    live_session *ready, *attempt;
} live_peer;

/* A live key of somebody, as far as sending goes. */
typedef struct live_line {
    struct live_line *next;
    sotto_bytes bare; /* owned */
    uint8_t key[32];
    bool has_epoch;
    uint8_t epoch[LIVE_EPOCH_BYTES];
    uint64_t number; /* the last one given */
    uint64_t order;  /* of the newest row */
    size_t count;    /* of rows */
    bool was_full;
    uint64_t deadline_ms; /* then what waits is given back */
    uint64_t since_ms;    /* of the last acknowledgement, or the session's beginning */
} live_line;

typedef struct live_self {
    const sotto_host *host;
    tls_context *client, *server;
    crypto_identity identity;
    bool online;
    bool loaded;      /* lines are what the rows say */
    uint64_t tick_ms; /* the timer that is set; 0: none */
    sotto_bytes full; /* own; owned */
    live_session *sessions;
    size_t session_count;
    live_peer *peers;
    size_t peer_count;
    uint64_t minute; /* of the last ClientHello: what was counted in it is not forgotten */
    live_line *lines;
} live_self;

/* Failures that end the step; all others are the other side's, and end a session. */
static inline bool live_is_ours(sotto_status status) {
    return sotto_class(status) == SOTTO_CLASS_OURS || sotto_is(status, SOTTO_E_OUTBOX_FULL);
}

/* Opens with another libssl context than the process's: for tests that give TLS its randomness. */
SOTTO_MUST_CHECK sotto_status live_open_with(void **ret_self, seal_env *, struct ossl_lib_ctx_st *);

/* ---- memory (memory.c) ---- */
SOTTO_MUST_CHECK sotto_status live_keep(const sotto_host *, sotto_bytes, sotto_bytes *ret);
void live_let_go(const sotto_host *, sotto_bytes *);
sotto_bytes live_bare(sotto_bytes full);
/* Made when it is not there. NO_MEMORY; TOO_LARGE: a JID that is too long; AGAIN: too many. */
SOTTO_MUST_CHECK sotto_status live_peer_of(live_self *, sotto_bytes full, live_peer **ret);
live_peer *live_peer_find(live_self *, sotto_bytes full); /* NULL: unknown */
SOTTO_MUST_CHECK sotto_status live_line_of(live_self *, sotto_bytes bare, const uint8_t key[32], live_line **ret);
live_line *live_line_find(const live_self *, sotto_bytes bare, const uint8_t key[32]);
/* Ends a session that stays in the list until live_sweep. */
void live_session_over(live_self *, live_session *);
void live_sweep(live_self *);
void live_forget_all(live_self *);
void live_forget_jid(live_self *, sotto_bytes bare);

/* ---- sessions (session.c) ---- */
SOTTO_MUST_CHECK sotto_status live_session_new(live_self *, seal_env *, sotto_bytes full, const uint8_t *id,
                                               live_session **ret);
live_session *live_session_find(live_self *, const uint8_t id[LIVE_ID_BYTES]);
/* Feeds a frame: what was whole is dealt with. What the other side did wrong ends the session; errors are ours. */
SOTTO_MUST_CHECK sotto_status live_session_feed(live_self *, seal_env *, live_session *, const live_frame *);
/* Writes a message into TLS. */
SOTTO_MUST_CHECK sotto_status live_session_write(live_self *, live_session *, const live_message *);
/* The next frame of waiting records as an element; false: there are none. */
SOTTO_MUST_CHECK sotto_status live_session_frame(live_session *, bytes_arena *, const sotto_host *, sotto_bytes *ret,
                                                 bool *ret_is);
/* The session failed: tried again later, if it is wanted. */
void live_session_failed(live_self *, seal_env *, live_session *, sotto_status reason);
/* The seal's key of a JID, in the arena. */
SOTTO_MUST_CHECK sotto_status live_key_of(bytes_arena *, sotto_bytes bare, const uint8_t key[32], seal_key *ret);

/* ---- stanzas (stanza.c) ---- */
SOTTO_MUST_CHECK sotto_status live_stanza_arrived(live_self *, seal_env *, live_session *, const live_message *);
SOTTO_MUST_CHECK sotto_status live_stanza_stored(live_self *, seal_env *, live_session *, const live_message *);
SOTTO_MUST_CHECK sotto_status live_stanza_back(live_self *, seal_env *, sotto_bytes jid, const uint8_t key[32],
                                               const live_row *, sotto_status reason);
/* Rows of the peer's other keys that were meant for this full JID: nobody has those keys here any more. */
SOTTO_MUST_CHECK sotto_status live_stanza_replaced(live_self *, seal_env *, const live_session *);

/* ---- the end of a step (flush.c) ---- */
SOTTO_MUST_CHECK sotto_status live_flush(void *self, seal_env *);
SOTTO_MUST_CHECK sotto_status live_load(live_self *, seal_env *);

/* ---- carriers (carrier.c) ---- */
SOTTO_MUST_CHECK sotto_status live_unprotect(void *self, seal_env *, const stanza_element *, const seal_origin *,
                                             seal_opened *ret);
SOTTO_MUST_CHECK sotto_status live_answered(live_self *, seal_env *, const seal_input *);
SOTTO_MUST_CHECK sotto_status live_ask(live_self *, seal_env *, live_session *, sotto_bytes frame);

#endif
