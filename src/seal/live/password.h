/* SPDX-License-Identifier: ISC
 *
 * A word that two people know is compared inside a session (CPace, crypto/cpace.h): whoever is in the middle, or at the
 * other end, gets one guess for each time a person types it, and nothing to try others on afterwards.
 *
 *      initiator of the session                       responder
 *      typed: offer (share)            ─────────►     asked, or
 *                                      ◄─────────     typed: offer (nothing), until the initiator's is there
 *                                      ◄─────────     both typed: answer (share, tag)   counted as a failure
 *      tag is good: confirm (tag)      ─────────►     tag is good: confirmed            ... not any more
 *      confirmed                       ◄─────────     confirmed
 *
 * The responder's tag is what somebody who does not know the word can check one guess on: so it counts as a failure
 * before it leaves, until the other side's tag is good. The initiator counts the wrong tag. */
#ifndef SEAL_LIVE_PASSWORD_H
#define SEAL_LIVE_PASSWORD_H

#include "crypto/cpace.h"
#include "seal/live/frame.h"
#include "seal/seal.h"

#define LIVE_PASSWORD_EXPORTER "EXPORTER-sotto-live-password"
#define LIVE_PASSWORD_MS       600000u /* what was typed, or offered, is forgotten then */

struct live_self;
struct live_session;

typedef enum live_password_state {
    LIVE_TYPED = 1, /* the word is here; responder: and no share yet */
    LIVE_ASKED,     /* the other side typed; nobody here has. Responder: its share is kept */
    LIVE_OFFERED,   /* initiator: our share is under way */
    LIVE_ANSWERED,  /* responder: our tag is under way */
    LIVE_SURE       /* initiator: their tag was good, ours is under way */
} live_password_state;

typedef struct live_password {
    live_password_state state;
    uint64_t until_ms;
    size_t word_len;
    uint8_t word[SOTTO_LIVE_PASSWORD_BYTES_MAX];
    crypto_cpace_share share; /* ASKED: the initiator's */
    crypto_cpace_run run;     /* OFFERED */
    crypto_cpace_claim claim; /* ANSWERED */
    crypto_cpace_key key;     /* SURE */
} live_password;

/* What both must have alike: CI, and what each side is (ADa of the initiator, ADb). */
void live_password_channel(bytes_buffer *, sotto_bytes initiator_bare, sotto_bytes responder_bare);
void live_password_party(bytes_buffer *, bool of_initiator, const uint8_t key[32], sotto_bytes full);

/* A person typed it (SEAL_INPUT_PASSWORD). USAGE. */
SOTTO_MUST_CHECK sotto_status live_password_typed(struct live_self *, seal_env *, const seal_input *);
/* In the end of a step: what is too old, and what went with its session. */
SOTTO_MUST_CHECK sotto_status live_password_flush(struct live_self *, seal_env *);
uint64_t live_password_next(const struct live_self *);
void live_password_drop(struct live_self *, struct live_session *);

#endif
