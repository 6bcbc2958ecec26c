/* SPDX-License-Identifier: ISC
 *
 * The rows of the table, and one turn of each: ours, then the floor with what ours wrote, then our store with it. */
#ifndef BENCH_ENGINE_TURNS_H
#define BENCH_ENGINE_TURNS_H

#include "crowd.h"
#include "floor.h"
#include "hub.h"
#include "measure.h"

#define TURNS_MAX 16

/* SEND: the hub writes. RECEIVE: it reads messages of a chain it knows. TALK: it reads one with a new ratchet key and
 * answers, which takes another. */
typedef enum bench_kind { BENCH_SEND, BENCH_RECEIVE, BENCH_TALK } bench_kind;

typedef struct bench_row {
    const char *name;
    bench_kind kind;
    uint32_t devices; /* of a message: those it is sealed for */
    bool grouped;
    double ours[TURNS_MAX], ours_wall[TURNS_MAX], peer[TURNS_MAX], peer_wall[TURNS_MAX], sealed[TURNS_MAX]; /* us */
    size_t turns;
    size_t messages, transactions, records, bytes; /* of a turn; bytes of keys and values that were written */
} bench_row;

typedef struct bench {
    const plan *p;
    hub hub;
    crowd *crowd;
    floor_store *peer;
    sotto_store *sealed;
    uint64_t drawn;  /* of the generator that picks contacts */
    uint64_t number; /* of the message */
} bench;

/* One turn. With `counts` its times are added to the row. */
void turn_take(bench *, bench_row *, bool counts);

#endif
