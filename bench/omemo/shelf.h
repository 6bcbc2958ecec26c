/* SPDX-License-Identifier: ISC
 *
 * The stores libomemo-c demands of its host, in memory: records are found by an index into an array, and cost a copy.
 */
#ifndef BENCH_OMEMO_SHELF_H
#define BENCH_OMEMO_SHELF_H

#include <signal_protocol.h>

#include "bench.h"

#define SHELF_SESSIONS 128

typedef struct bench_record {
    uint8_t *at;
    size_t len;
    size_t room;
} bench_record;

/* One end: its identity, its session with the device of each number, and its own keys. */
typedef struct bench_shelf {
    signal_protocol_store_context *store;
    const bench_device *own;
    bench_record session[SHELF_SESSIONS]; /* by device id; empty: none */
    bench_record prekey;                  /* whose private key is there again after each use */
    bench_record signed_prekey;
    unsigned removed; /* prekeys, by libomemo-c */
    uint8_t identity[SHELF_SESSIONS][33];
} bench_shelf;

void bench_shelf_open(bench_shelf *, signal_context *, const bench_device *own);
void bench_shelf_close(bench_shelf *);
void bench_record_set(bench_record *, const uint8_t *at, size_t len);
void bench_record_clear(bench_record *);

#endif
