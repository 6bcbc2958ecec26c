/* SPDX-License-Identifier: ISC
 *
 * Forged messages of OMEMO: what a server, or a contact, can make of a true one. */
#ifndef TEST_BOUNDED_FORGE_H
#define TEST_BOUNDED_FORGE_H

#include "seal/omemo/wire.h"
#include "two.h"

/* The message for romeo in a sealed stanza, taken apart. Spans lie in the world's memory. */
typedef struct forge {
    omemo_kex kex;
    bool is_kex;
    omemo_message message;
} forge;

forge forge_take(world *, sotto_bytes stanza);
/* The stanza with this message in place of its own; the MAC stays what it was. */
sotto_bytes forge_put(world *, sotto_bytes stanza, const forge *);
/* The same with bytes of the test's choice. */
sotto_bytes forge_put_bytes(world *, sotto_bytes stanza, sotto_bytes bytes);
/* What stands in the <key/> of a stanza. */
sotto_bytes forge_bytes(world *, sotto_bytes stanza);
/* A ratchet key nobody has seen: valid, and different for each number. */
crypto_x25519_public forge_ratchet(uint8_t number);

#endif
