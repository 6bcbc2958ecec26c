/* SPDX-License-Identifier: ISC
 *
 * Two whole engines with the live seal, each over the real store in a real file, and nobody between them: what one
 * sends the other takes at once. */
#ifndef BENCH_LIVE_PAIR_H
#define BENCH_LIVE_PAIR_H

#include <sotto/engine.h>

#include "bench/engine/measure.h"
#include "bytes/buffer.h"

#define PAIR_JULIET "juliet@capulet.example/balcony"
#define PAIR_ROMEO  "romeo@montague.example/orchard"

typedef struct pair_side {
    const char *full, *bare;
    sotto_store *store;
    sotto_engine *engine;
    bytes_buffer out; /* stanzas, each with a zero byte behind */
    size_t sets, results, set_bytes, result_bytes;
    size_t read, delivered; /* stanzas that came out of sessions; of its own, those that are known to be there */
    double us, commit_us;   /* CPU time of its steps and commits; of it, commits */
} pair_side;

typedef struct pair {
    pair_side side[2];
    uint64_t now_ms, ticket;
} pair;

void pair_open(pair *, const char *folder);
void pair_close(pair *);
/* Both streams begin anew: no session is left, and secrets stay. */
void pair_online(pair *);
/* `count` messages from the first to the second, committed each or all together, and everything that follows until both
 * are quiet. All of them arrive. */
void pair_talk(pair *, size_t count, size_t body, bool grouped);
/* Zero. */
void pair_forget_counts(pair *);
/* From a message that nothing was there for until it arrived: iqs of the first side before the one with data in it,
 * and results. */
void pair_first(pair *, size_t *ret_before);

/* The bytes of a message of ours with so many bytes of text. */
size_t pair_message(char *ret, size_t size, const char *to, size_t body, unsigned number);

#endif
