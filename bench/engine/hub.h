/* SPDX-License-Identifier: ISC
 *
 * The engine that is measured: a real one, over the real store in a real file, with what passes between the two written
 * down on demand, its memory counted, and its outputs copied away as a host would into its sockets. */
#ifndef BENCH_ENGINE_HUB_H
#define BENCH_ENGINE_HUB_H

#include <sotto/engine.h>

#include "bytes/buffer.h"

#include "crowd.h"
#include "plan.h"
#include "record.h"

#define HUB_OUTPUTS_MAX 1024

typedef struct hub_memory {
    sotto_host host;
    size_t lent, peak; /* bytes, as asked for */
} hub_memory;

typedef struct hub {
    const plan *p;
    hub_memory memory;
    sotto_store *sqlite;
    record_store store;
    const sotto_seal *seals[2];
    sotto_engine *engine;
    recording recording;
    uint64_t ticket;
    bytes_buffer answers; /* of the server, to questions; one behind the other */
    /* What came out: stanzas for others, and what was read. */
    uint8_t *out;
    size_t out_len;
    sotto_bytes sent[HUB_OUTPUTS_MAX], read[HUB_OUTPUTS_MAX];
    size_t sent_count, read_count;
} hub;

/* The store in `folder`, made when there is none, without an engine. */
void hub_open_store(hub *, const plan *, const char *folder);
void hub_open_engine(hub *);
void hub_close_engine(hub *);
void hub_close(hub *);
/* The sessions with everybody. */
void hub_fill(hub *, crowd *);
crypto_identity hub_identity(hub *, uint32_t *ret_device);
/* A stream begins: the roster comes, and everybody's device list. */
void hub_online(hub *);
/* Own other devices are on the list, or not. */
void hub_own_devices(hub *, bool listed);

void hub_receive(hub *, sotto_bytes stanza);
void hub_send(hub *, sotto_bytes stanza);
/* Commits, takes what is released, and says done to it. */
void hub_commit(hub *);
void hub_forget_outputs(hub *);

#endif
