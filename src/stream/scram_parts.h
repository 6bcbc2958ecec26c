/* SPDX-License-Identifier: ISC
 *
 * What both sides of SCRAM share (RFC 5802 section 3 and 5.1). */
#ifndef STREAM_SCRAM_PARTS_H
#define STREAM_SCRAM_PARTS_H

#include "bytes/arena.h"
#include "stream/scram.h"

/* Everything one exchange keeps: names, nonces, messages, the password. */
#define SCRAM_ARENA_BYTES_MAX (64u * 1024u)

/* SASLprep (RFC 4013). USAGE: empty, forbidden, or not UTF-8. */
SOTTO_MUST_CHECK sotto_status scram_prepare(bytes_arena *, sotto_bytes text, sotto_bytes *ret);

/* The next "x=value" of a message, for the one letter expected there. MALFORMED. */
SOTTO_MUST_CHECK sotto_status scram_take(sotto_bytes *rest, char letter, sotto_bytes *ret);

/* Given by a test, or 24 random bytes in base64. */
SOTTO_MUST_CHECK sotto_status scram_nonce(bytes_arena *, const sotto_host *, sotto_bytes given, sotto_bytes *ret);

/* HMAC(key, text). */
SOTTO_MUST_CHECK sotto_status scram_keyed(crypto_hash_kind, uint8_t *ret, const uint8_t *key, const char *text);

/* The three messages that are signed, with commas between (AuthMessage). */
typedef struct scram_transcript {
    sotto_bytes client_first_bare, server_first, client_final_bare;
} scram_transcript;
SOTTO_MUST_CHECK sotto_status scram_sign(crypto_hash_kind, uint8_t *ret, const uint8_t *key, const scram_transcript *);

/* base64(gs2 header, binding): what c= must be. In the arena. */
SOTTO_MUST_CHECK sotto_status scram_binding_text(bytes_arena *, const sotto_host *, sotto_bytes gs2,
                                                 sotto_bytes binding, sotto_bytes *ret);

#endif
