/* SPDX-License-Identifier: ISC
 *
 * What is on the wire, read and written by pure functions: the outer frame (an element in an iq), which anybody can
 * forge, and the messages inside the TLS stream. doc/live.md has both. */
#ifndef SEAL_LIVE_FRAME_H
#define SEAL_LIVE_FRAME_H

#include <sotto/limits.h>

#include "bytes/arena.h"
#include "bytes/buffer.h"
#include "stanza/element.h"

#define LIVE_NS          "urn:sotto:live:0"
#define LIVE_ID_BYTES    16u
#define LIVE_EPOCH_BYTES 16u
#define LIVE_PROOF_BYTES (4u + 1u + 32u + 64u) /* a whole message of kind proof, or you-first */
#define LIVE_SHARE_BYTES 32u                   /* of a password: CPACE-RISTR255-SHA512 */
#define LIVE_TAG_BYTES   64u
#define LIVE_FRAME_BYTES 6000u /* of records in a frame we send: the outer stanza stays under 10,000 */

typedef struct live_frame {
    uint8_t session[LIVE_ID_BYTES];
    uint64_t number;
    sotto_bytes records; /* in the arena */
} live_frame;

/* MALFORMED, TOO_LARGE (SOTTO_LIVE_FRAME_BYTES_MAX), NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status live_frame_read(const stanza_element *, bytes_arena *, live_frame *ret);
void live_frame_write(bytes_buffer *, const live_frame *);

typedef enum live_kind {
    LIVE_PAD = 0,
    LIVE_PROOF = 1,
    LIVE_DATA = 2,
    LIVE_HAVE = 3,
    LIVE_YOU_FIRST = 4,
    LIVE_HOLD = 5,
    LIVE_STATEMENT = 6,
    LIVE_PASSWORD = 7,
    LIVE_CLOSE = 8,
    LIVE_IGNORED = 128 /* and all above: of a later version, which can do without an answer */
} live_kind;

/* live_message.type of a STATEMENT; others are of a later version, and ignored. */
typedef enum live_statement_type {
    LIVE_STATEMENT_X509 = 1,
    LIVE_STATEMENT_OPENPGP = 2,
    LIVE_STATEMENT_OMEMO = 3
} live_statement_type;

/* live_message.type of a PASSWORD. What each holds has one length: frame.c. */
typedef enum live_password_step {
    LIVE_PASSWORD_OFFER = 1, /* the share, 32 bytes; of the session's responder: nothing */
    LIVE_PASSWORD_ANSWER = 2,
    LIVE_PASSWORD_CONFIRM = 3,
    LIVE_PASSWORD_CONFIRMED = 4,
    LIVE_PASSWORD_NO = 5
} live_password_step;

/* live_message.type of a CLOSE; others count as ENDED. */
typedef enum live_close_reason {
    LIVE_CLOSE_ENDED = 1,    /* offline on purpose, or nothing more to say */
    LIVE_CLOSE_REFUSED = 2,  /* no key is shown to, or taken from, this side */
    LIVE_CLOSE_REPLACED = 3, /* a newer session was proved */
} live_close_reason;

typedef struct live_message {
    live_kind kind;
    uint8_t key[32];                 /* PROOF */
    uint8_t signature[64];           /* PROOF */
    uint8_t epoch[LIVE_EPOCH_BYTES]; /* DATA, HAVE, CLOSE */
    uint64_t number;                 /* DATA, HAVE: from 1; CLOSE: the last one, 0 (with an epoch of zeros) for none */
    uint8_t type;                    /* STATEMENT, PASSWORD: step, CLOSE: reason */
    uint8_t ids[SOTTO_LIVE_HOLD_MAX][LIVE_ID_BYTES]; /* HOLD */
    size_t id_count;                                 /* HOLD */
    size_t zeros;                                    /* PAD */
    sotto_bytes stanza;                              /* DATA; in the input */
    sotto_bytes body;                                /* STATEMENT, PASSWORD, IGNORED; in the input */
} live_message;

/* The first message in what was read so far; *ret_used: its bytes, the length included. AGAIN: it is not whole yet.
 * MALFORMED, TOO_LARGE, UNSUPPORTED (a kind below IGNORED that there is not): the stream cannot be read further. */
SOTTO_MUST_CHECK sotto_status live_message_read(sotto_bytes, size_t *ret_used, live_message *ret);
void live_message_write(bytes_buffer *, const live_message *);

#endif
