/* SPDX-License-Identifier: ISC
 *
 * What a live seal keeps in memory, all of which may vanish at any moment: sessions, what is known of full JIDs, and
 * the numbers under which stanzas are sent. For the files of this folder and their tests. */
#ifndef SEAL_LIVE_SELF_H
#define SEAL_LIVE_SELF_H

#include "bytes/map.h"
#include "seal/live/close.h"
#include "seal/live/live.h"
#include "seal/live/password.h"
#include "seal/live/proof.h"
#include "seal/live/rekey.h"
#include "seal/live/row.h"
#include "seal/live/secret.h"
#include "seal/live/statement.h"
#include "seal/seal.h"
#include "tls/context.h"

#define LIVE_ALPN        "sotto-live/0"
#define LIVE_EXPORTER    "EXPORTER-sotto-live"
#define LIVE_UNKNOWN_MS  120000u /* online without an acknowledgement, until a stanza is given back */
#define LIVE_ATTEMPT_MS  60000u  /* a handshake that somebody began and did not go on with */
#define LIVE_WAITS_MS    600000u /* a quarantined one, and one that showed its key first: a person is asked */
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
    struct live_session *next, **at;   /* all of them; where the pointer to this one is */
    struct live_session *next_touched; /* those that something happened to in this step */
    struct live_session *next_over;    /* those that are over */
    bool touched;
    uint8_t id[LIVE_ID_BYTES];
    sotto_bytes full; /* the peer; owned */
    sotto_bytes bare; /* a prefix of full */
    bool initiator;
    bool shown;  /* our proof is written */
    bool met;    /* theirs was good: key is filled in */
    bool proved; /* both, and nobody has to be asked: it is used */
    bool over;   /* freed when the call ends */
    tls_engine *tls;
    uint8_t random[32]; /* of the ClientHello */
    uint8_t key[32];

    /* opening.c */
    bool answered;    /* responder: its flight is written, and proof or you-first */
    bool settled;     /* what TLS agreed on was looked at */
    bool asked_first; /* you-first was said */
    bool offered;     /* a retained secret: initiator; responder: it was recognized */
    bool others;      /* initiator: other keys of the bare JID have one, too */
    bool used;        /* TLS took it */
    bool odd;         /* it should have been, and was not */
    bool quarantined; /* ... and a person is asked */
    bool knew;        /* the key, before */
    bool has_confirmed;
    uint64_t since_ms;             /* proved, or one that it took the place of; 0: not yet */
    uint8_t confirmed[32];         /* what a person said before any key was shown */
    uint64_t waits_ms;             /* since when somebody is asked, here or there; 0: nobody is */
    uint8_t first[32], second[32]; /* SHA-256 of the proofs, in the order they were sent */
    live_secret secret;            /* offered */
    uint8_t secret_key[32];        /* and whose */
    sotto_bytes secret_jid;        /* owned */
    uint8_t version;               /* of the ALPN */
    uint16_t group, suite;

    /* hold.c */
    bool held;   /* their first `hold` came */
    bool made;   /* a secret was made in this session */
    bool common; /* something made here, or newer than `secret`, is known to be held by both */
    uint8_t made_id[LIVE_ID_BYTES];

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
    live_wear wear;          /* how long it may be used; whether it only is read */
    live_password *password; /* a word that is compared; NULL: none */
    bool stated;             /* our statements were shown */
    bool saw_x509, saw_openpgp;
    size_t siblings; /* statements of OMEMO identities that came */
    bool closing;    /* only acknowledgements are read, nothing is promised; close_reason is said, and it goes */
    bool close_said;
    bool closed; /* by the other side: what it was told in is answered all the same */
    uint8_t close_reason;
    uint64_t closing_until_ms;
} live_session;

/* A full JID. */
typedef struct live_peer {
    struct live_peer *next, **at;
    struct live_peer *next_touched;
    bool touched;
    sotto_bytes full, bare; /* owned, and a prefix of it */
    bool wanted;            /* a session with it would be used */
    bool refused;           /* it does not answer in this namespace */
    sotto_status reason;    /* of the last failure */
    unsigned failures;      /* since the last acknowledgement */
    uint64_t not_before_ms; /* of the next attempt */
    uint64_t minute;        /* of: */
    unsigned hellos;
    unsigned tries;    /* keys whose secrets were offered to it in vain, one after the other */
    bool tried_theirs; /* one of them should have been taken */
    live_session *ready, *attempt;
} live_peer;

/* A live key of somebody, as far as sending goes. */
typedef struct live_line {
    struct live_line *next, **at;
    struct live_line *next_touched;
    bool touched;
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
    bool ending; /* the stream will be ended on purpose: nothing is begun */
    bool loaded; /* lines are what the rows say */
    uint64_t flushed_ms;
    uint64_t tick_ms; /* the timer that is set; 0: none */
    sotto_bytes full; /* own; owned */
    live_session *sessions, *touched_sessions, *over;
    size_t session_count;
    live_peer *peers, *touched_peers;
    size_t peer_count;
    uint64_t minute; /* of the last ClientHello: what was counted in it is not forgotten */
    live_line *lines, *touched_lines;
    bytes_map by_id, by_jid, by_random; /* sessions: all; and those that we began */
    bytes_map by_full, by_key;          /* peers; lines */
    bool all;                           /* the end of this step looks at everything, not only at what was touched */
    bytes_map known;                    /* retained secrets, by what they are recognized by (secret.c) */
    bool knows;                         /* ... all of them */
    uint64_t strange_minute;            /* of: */
    unsigned strangers;                 /* ClientHellos that were looked into */
    bool asks_first;                    /* others are to show their key first */
    bool never_first;                   /* we never do, to strangers */
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
/* Of one bare JID, one after the other: `before` NULL is the first. */
live_peer *live_peer_beside(const live_self *, sotto_bytes bare, const live_peer *before);
live_session *live_session_beside(const live_self *, sotto_bytes bare, const live_session *before);
live_line *live_line_beside(const live_self *, sotto_bytes bare, const live_line *before);
SOTTO_MUST_CHECK sotto_status live_line_of(live_self *, sotto_bytes bare, const uint8_t key[32], live_line **ret);
live_line *live_line_find(const live_self *, sotto_bytes bare, const uint8_t key[32]);
/* Into the lists; a session's id, JIDs and (one of ours) random are filled in. NO_MEMORY: it is in none. */
SOTTO_MUST_CHECK sotto_status live_session_list(live_self *, live_session *);
void live_session_free(live_self *, live_session *);                               /* one that is in no list */
live_session *live_session_of_random(const live_self *, const uint8_t random[32]); /* one that we began; NULL: none */
/* The end of the step has to look at it. Whatever finds a session by its id, or a peer (with its sessions), does this.
 */
void live_touch(live_self *, live_session *);
/* Ends a session that stays in the list until live_sweep. */
void live_session_over(live_self *, live_session *);
void live_sweep(live_self *);
void live_forget_all(live_self *);
void live_forget_jid(live_self *, sotto_bytes bare);

/* What the end of a step looks at. */
static inline live_session *live_first(const live_self *self) {
    return self->all ? self->sessions : self->touched_sessions;
}
static inline live_session *live_after(const live_self *self, const live_session *session) {
    return self->all ? session->next : session->next_touched;
}
static inline live_peer *live_first_peer(const live_self *self) {
    return self->all ? self->peers : self->touched_peers;
}
static inline live_peer *live_after_peer(const live_self *self, const live_peer *peer) {
    return self->all ? peer->next : peer->next_touched;
}
static inline live_line *live_first_line(const live_self *self) {
    return self->all ? self->lines : self->touched_lines;
}
static inline live_line *live_after_line(const live_self *self, const live_line *line) {
    return self->all ? line->next : line->next_touched;
}
void live_rest(live_self *); /* the step ends: nothing is touched */

/* ---- sessions (session.c) ---- */

/* A ClientHello of somebody else. */
typedef struct live_hello {
    const uint8_t *id;
    sotto_bytes identity; /* of the PSK it offers */
    live_found found;     /* what that is, here */
} live_hello;

/* NULL: we begin. */
SOTTO_MUST_CHECK sotto_status live_session_new(live_self *, seal_env *, sotto_bytes full, const live_hello *,
                                               live_session **ret);
live_session *live_session_find(live_self *, const uint8_t id[LIVE_ID_BYTES]);
/* Feeds a frame: what was whole is dealt with. What the other side did wrong ends the session; errors are ours. */
SOTTO_MUST_CHECK sotto_status live_session_feed(live_self *, seal_env *, live_session *, const live_frame *);
/* Writes a message into TLS. */
SOTTO_MUST_CHECK sotto_status live_session_write(live_self *, live_session *, const live_message *);
/* The next frame of waiting records as an element; false: there are none. */
SOTTO_MUST_CHECK sotto_status live_session_frame(live_session *, bytes_arena *, const sotto_host *, sotto_bytes *ret,
                                                 bool *ret_is);
/* What its buffers do not need between two steps is given back. */
void live_session_idle(const live_self *, live_session *);
/* The session failed: tried again later, if it is wanted. */
void live_session_failed(live_self *, seal_env *, live_session *, sotto_status reason);
/* The seal's key of a JID, in the arena. */
SOTTO_MUST_CHECK sotto_status live_key_of(bytes_arena *, sotto_bytes bare, const uint8_t key[32], seal_key *ret);

/* ---- who is who (opening.c) ----
 * What the other side did wrong ends the session; errors are ours. */
SOTTO_MUST_CHECK sotto_status live_opening_answer(live_self *, seal_env *, live_session *); /* our flight is written */
SOTTO_MUST_CHECK sotto_status live_opening_you_first(live_self *, seal_env *, live_session *);
SOTTO_MUST_CHECK sotto_status live_opening_proof(live_self *, seal_env *, live_session *, const live_message *);
/* A person decided about a key of the bare JID. */
SOTTO_MUST_CHECK sotto_status live_opening_decided(live_self *, seal_env *, sotto_bytes jid, const uint8_t key[32],
                                                   sotto_trust, seal_word);
/* Who shows a key first: SEAL_FIRST_ bits of seal.h. */
SOTTO_MUST_CHECK sotto_status live_opening_load(live_self *, seal_env *);
SOTTO_MUST_CHECK sotto_status live_opening_set(live_self *, seal_env *, uint32_t first);

/* ---- stanzas (stanza.c) ---- */
SOTTO_MUST_CHECK sotto_status live_stanza_arrived(live_self *, seal_env *, live_session *, const live_message *);
SOTTO_MUST_CHECK sotto_status live_stanza_stored(live_self *, seal_env *, live_session *, const live_message *);
SOTTO_MUST_CHECK sotto_status live_stanza_back(live_self *, seal_env *, sotto_bytes jid, const uint8_t key[32],
                                               const live_row *, sotto_status reason);
/* Rows of the peer's other keys that were meant for this full JID: nobody has those keys here any more. */
SOTTO_MUST_CHECK sotto_status live_stanza_replaced(live_self *, seal_env *, const live_session *);

/* ---- what else is said after both proofs (password.c, statement.c, close.c) ----
 * Called by take_message of session.c; what the other side did wrong ends the session (live_session_failed), errors
 * are ours. */
SOTTO_MUST_CHECK sotto_status live_password_take(live_self *, seal_env *, live_session *, const live_message *);
SOTTO_MUST_CHECK sotto_status live_statement_take(live_self *, seal_env *, live_session *, const live_message *);
SOTTO_MUST_CHECK sotto_status live_close_take(live_self *, seal_env *, live_session *, const live_message *);

/* ---- for others in this process (export.c) ---- */
/* jid: full. NOT_FOUND: there is no session with it that is used. */
SOTTO_MUST_CHECK sotto_status live_export_key(void *self, seal_env *, sotto_bytes jid, sotto_bytes label,
                                              uint8_t ret[32]);

/* ---- the end of a step (flush.c) ---- */
SOTTO_MUST_CHECK sotto_status live_flush(void *self, seal_env *);
SOTTO_MUST_CHECK sotto_status live_load(live_self *, seal_env *);

/* ---- carriers (carrier.c) ---- */
SOTTO_MUST_CHECK sotto_status live_unprotect(void *self, seal_env *, const stanza_element *, const seal_origin *,
                                             seal_opened *ret);
SOTTO_MUST_CHECK sotto_status live_answered(live_self *, seal_env *, const seal_input *);
SOTTO_MUST_CHECK sotto_status live_ask(live_self *, seal_env *, live_session *, sotto_bytes frame);

#endif
