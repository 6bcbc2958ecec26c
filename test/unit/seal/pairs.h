/* SPDX-License-Identifier: ISC
 *
 * Two ends of a ratchet without anything around them, for tests of the core. Keys are made of a counter, so a scenario
 * is the same every time. */
#ifndef TEST_PAIRS_H
#define TEST_PAIRS_H

#include "seal/omemo/exchange.h"
#include "skipped_memory.h"

typedef struct end {
    crypto_identity identity;
    crypto_x25519_pair signed_pair, prekey;
    crypto_signature signature;
    omemo_session session;
    skipped_memory skipped;
} end;

typedef struct pairs {
    const omemo_dialect *dialect;
    bytes_arena arena;
    uint32_t keys;  /* made so far */
    end alice, bob; /* alice initiates */
} pairs;

typedef struct written {
    uint8_t bytes[512];
    size_t len;
    bool kex;
} written;

/* The dialect of what is started from here on; at first omemo:2. */
void pairs_try(const omemo_dialect *);
/* Identities and prekeys; no session yet. */
void pairs_start(pairs *);
/* ... and a session, its first exchange of messages done: both can write without a key exchange. */
void pairs_talk(pairs *);
void pairs_end(pairs *);
crypto_x25519_pair pairs_key(pairs *);
omemo_offer pairs_offer(const pairs *, const end *); /* signed prekey 7, prekey 77 */
sotto_status pairs_write(pairs *, end *, const char *text, written *ret);
/* The message inside a key exchange is read with the session there is. */
sotto_status pairs_read(pairs *, end *, const written *, char ret_text[64]);
/* Asserts. */
written pairs_say(pairs *, end *, const char *text);
void pairs_hear(pairs *, end *, const written *, const char *text);
/* A refused message leaves session and skipped keys as they were. */
void pairs_refuse(pairs *, end *, const written *, int code);
sotto_status pairs_accept(pairs *, end *bob, const written *);

#endif
