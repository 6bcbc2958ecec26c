/* SPDX-License-Identifier: ISC
 *
 * An engine with the live seal, and on the other side of it somebody who speaks the protocol by hand and as wrong as a
 * test wants. */
#ifndef TEST_LIVE_ROGUE_H
#define TEST_LIVE_ROGUE_H

#include "test/unit/bytes/rig.h"

#include <stdio.h>

#include <sotto/engine.h>

#include "engine/state.h"
#include "seal/live/certificate.h"
#include "seal/live/live.h"
#include "seal/live/self.h"

#define START_MS UINT64_C(1800000000000)
#define JULIET   "juliet@capulet.example"
#define BALCONY  JULIET "/balcony"
#define ROMEO    "romeo@montague.example"
#define ORCHARD  ROMEO "/orchard"

typedef struct rogue {
    rig host;
    sotto_store *store;
    sotto_engine *engine;
    uint64_t now_ms;
    uint64_t ticket;
    unsigned iq;
    char told[65536];  /* deliveries and events since the last call, a line each */
    char answered[32]; /* of the last iq: "result", or the condition of the error; empty: nothing */
    bytes_arena arena;
    uint64_t job; /* the last one for the host */
    sotto_bytes request;

    /* the other side */
    crypto_identity identity;
    tls_context *client, *server;
    tls_engine *tls;
    bool initiator;
    uint8_t session[LIVE_ID_BYTES];
    uint64_t sent;
    sotto_bytes last_records; /* of the engine's last frame; in the arena */
    char last_id[64];         /* of the engine's last iq */
    bytes_buffer plain;       /* what came out of TLS and was not read */
    bytes_buffer out;         /* records that were not sent */
    uint8_t earlier[32];      /* SHA-256 of the responder's proof, or of its you-first */
    uint8_t own[32];          /* ... of its own proof */
    live_message hold;        /* the engine's last one; kind PAD: there was none */
    tls_secret secret;        /* offered, or accepted */
    bool has_secret;
    live_secret kept;                 /* what they have in common */
    uint8_t secret_id[LIVE_ID_BYTES]; /* of it, in proofs */
} rogue;

int rogue_setup(void **state); /* Romeo is a contact and available */
int rogue_teardown(void **state);
const live_self *rogue_inside(const rogue *);

/* The engine's side: a step, a commit, and everything that comes out; frames for the rogue go into its TLS. */
void rogue_step(rogue *, sotto_input);
void rogue_stanza(rogue *, const char *);
uint64_t rogue_says(rogue *, const char *body); /* Juliet to Romeo's full JID; her ticket */
void rogue_pass(rogue *, uint64_t ms);

/* A session that the rogue begins: ClientHello and the answer. alpn NULL: none. */
void rogue_hello(rogue *, const char *const *alpn);
/* What it is to sign in this session, as it should be. */
live_circumstances rogue_circumstances(rogue *);
/* The engine's proof is read, and is good. */
void rogue_read_proof(rogue *);
/* hello, the engine's proof, the rogue's own; both sides are proved then. */
void rogue_open(rogue *);
/* Takes Juliet's ClientHello (somebody said something) and answers as the responder; with a proof that `spoil` was let
 * loose on, when it is not NULL. */
typedef void rogue_spoil(rogue *, live_circumstances *, live_message *);
void rogue_answer(rogue *, rogue_spoil *);

/* An open session, from which both keep a secret: r->secret is what the rogue offers next, as somebody at full_jid. */
void rogue_retain(rogue *);
void rogue_offer(rogue *, const char *from);
void rogue_hello_from(rogue *, const char *from); /* a ClientHello from another full JID */
void rogue_send_from(rogue *, const char *from);

void rogue_write(rogue *, const live_message *); /* into its TLS, not sent */
void rogue_write_bytes(rogue *, sotto_bytes);
void rogue_send(rogue *); /* its records as the next frame, in an iq */
void rogue_send_as(rogue *, uint64_t number, sotto_bytes records);
sotto_bytes rogue_records(rogue *); /* what waits to be sent; in the arena */
void rogue_prove(rogue *, const live_circumstances *, const crypto_identity *); /* writes a proof */
live_message rogue_data(uint8_t epoch, uint64_t number, const char *stanza);
bool rogue_read(rogue *, live_message *ret); /* the next message of the engine's that is no hold; false: none */

extern const char *const rogue_alpn[];

extern const struct CMUnitTest frame_tests[], certificate_tests[], tls_tests[], row_tests[], proof_tests[],
    message_tests[], limit_tests[], replay_tests[], starved_tests[], hello_tests[], opening_tests[], vectors_tests[];
extern const size_t frame_count, certificate_count, tls_count, row_count, proof_count, message_count, limit_count,
    replay_count, starved_count, hello_count, opening_count, vectors_count;

#endif
