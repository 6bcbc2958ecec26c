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
#define LIVE_PROOF_BYTES (4u + 1u + 32u + 64u) /* a whole message of kind proof */
#define LIVE_FRAME_BYTES 6000u                 /* of records in a frame we send: the outer stanza stays under 10,000 */

typedef struct live_frame {
    uint8_t session[LIVE_ID_BYTES];
    uint64_t number;
    sotto_bytes records; /* in the arena */
} live_frame;

/* MALFORMED, TOO_LARGE (SOTTO_LIVE_FRAME_BYTES_MAX), NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status live_frame_read(const stanza_element *, bytes_arena *, live_frame *ret);
void live_frame_write(bytes_buffer *, const live_frame *);

typedef enum live_kind { LIVE_PROOF = 1, LIVE_DATA = 2, LIVE_HAVE = 3 } live_kind;

typedef struct live_message {
    live_kind kind;
    uint8_t key[32];                 /* PROOF */
    uint8_t signature[64];           /* PROOF */
    uint8_t epoch[LIVE_EPOCH_BYTES]; /* DATA, HAVE */
    uint64_t number;                 /* DATA, HAVE; from 1 */
    sotto_bytes stanza;              /* DATA; in the input */
} live_message;

/* The first message in what was read so far; *ret_used: its bytes, the length included. AGAIN: it is not whole yet.
 * MALFORMED, TOO_LARGE: the stream cannot be read any further. */
SOTTO_MUST_CHECK sotto_status live_message_read(sotto_bytes, size_t *ret_used, live_message *ret);
void live_message_write(bytes_buffer *, const live_message *);

#endif
