/* SPDX-License-Identifier: ISC
 *
 * Ten thousand messages out of an archive (XEP-0313): decrypted and committed, a page at a time, and handed out; beside
 * them the decryption of as many by libomemo-c's cipher calls alone, which keep everything in memory. */
#ifndef BENCH_ENGINE_CATCHUP_H
#define BENCH_ENGINE_CATCHUP_H

#include "hub.h"

#define CATCHUP_TURNS 3u

typedef struct catchup {
    uint32_t contacts, each; /* messages: of each contact so many, in one chain, the first with a new ratchet key */
    uint32_t messages, pages;
    double ours_us, ours_wall_us, peer_us; /* a message; peer 0: there is no libomemo-c here */
    double lent_before, lent_peak;         /* memory of engine and store, bytes as asked for */
} catchup;

/* The hub's engine is closed, and open again afterwards. */
void catchup_take(hub *, crowd *, bool quick, catchup *ret);
/* As many decryptions by libomemo-c, `stepped` of them after a ratchet step: microseconds of CPU; 0: it is not here. */
double catchup_peer_us(uint32_t stepped, uint32_t same);

#endif
