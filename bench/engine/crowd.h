/* SPDX-License-Identifier: ISC
 *
 * The other devices. Each is a store in memory with its own keys and its session with the hub; whenever it has to write
 * or read, a whole engine is opened over that store, so that what the hub reads was written, and what it wrote is read,
 * by the same code in the other role.
 *
 * What is prepared: keys and sessions are made with the core (X3DH from a signed offer, messages to and fro until
 * neither side carries the key exchange any more) and saved by the seal's own functions, instead of having ten thousand
 * engines fetch each other's bundles. */
#ifndef BENCH_ENGINE_CROWD_H
#define BENCH_ENGINE_CROWD_H

#include <sotto/engine.h>

#include "bytes/buffer.h"
#include "seal/omemo/peer.h"

#include "plan.h"

/* How a session is left: who wrote last decides who steps the ratchet next. */
typedef enum crowd_turn {
    CROWD_HUB_WRITES,  /* the hub's sending chain is there: the next message costs no agreement */
    CROWD_MATE_WRITES, /* the other side's is, and the hub has it */
    CROWD_HUB_WROTE    /* the mate's next message has a new ratchet key */
} crowd_turn;

typedef struct crowd crowd;

crowd *crowd_new(const plan *, const crypto_identity *hub, uint32_t hub_device);
void crowd_free(crowd *);
/* Makes a device and its session; *ret is the hub's record of it. */
void crowd_make(crowd *, uint32_t index, crowd_turn, omemo_peer *ret);
/* A message of the device to the hub, as it arrives there; `keys` is how many <key/> elements it has in all. */
void crowd_write(crowd *, uint32_t index, const char *jid, const char *text, uint32_t keys, bytes_buffer *ret);
/* The device reads a stanza of the hub, which must hold this text. */
void crowd_read(crowd *, uint32_t index, const char *jid, sotto_bytes stanza, const char *text);

/* What a server without any items answers to a question, each ended by a zero byte; nothing for other stanzas. */
void crowd_answer(bytes_buffer *ret, sotto_bytes stanza);
/* Takes the first answer off `rest`. False: there is none. */
bool crowd_next_answer(sotto_bytes *rest, sotto_bytes *ret);
/* A stanza as the server passes it on: with `from`. */
void crowd_stamp(bytes_buffer *ret, sotto_bytes stanza, const char *from);
/* The notification of a device list. */
void crowd_list(bytes_buffer *ret, const char *jid, uint32_t also, uint32_t first, uint32_t count);
/* The same for the other dialect, in which nobody here has a device: otherwise each first message would ask for it. */
void crowd_list_axolotl(bytes_buffer *ret, const char *jid);

#endif
