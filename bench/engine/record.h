/* SPDX-License-Identifier: ISC
 *
 * A store in front of another one that writes down what passes: the transactions, with their keys and values, for
 * others to do again. Reading is passed on. */
#ifndef BENCH_ENGINE_RECORD_H
#define BENCH_ENGINE_RECORD_H

#include <sotto/store.h>

typedef struct recording {
    struct recorded_change {
        size_t key_at, key_len, value_at, value_len; /* in data, which moves while it grows */
    } * kept;
    size_t kept_count, kept_size;
    sotto_change *changes; /* the same, by recording_settle */
    size_t changes_size;
    size_t *ends; /* of the transactions, as counts of changes */
    size_t count, size;
    uint8_t *data;
    size_t len, data_size;
    size_t value_bytes;
} recording;

typedef struct record_store {
    sotto_store base;
    sotto_store *inner;
    recording *to; /* NULL: nothing is written down */
} record_store;

void record_store_init(record_store *, sotto_store *inner);
/* Adds a transaction. */
void recording_add(recording *, const sotto_change *, size_t count);
void recording_clear(recording *);
void recording_free(recording *);
/* Does the transaction with this number on another store. */
SOTTO_MUST_CHECK sotto_status recording_write(const recording *, size_t number, sotto_store *);
/* The changes of a transaction, spans in place: lives until the recording changes. */
const sotto_change *recording_changes(const recording *, size_t number, size_t *ret_count);
/* Makes the spans real, once nothing more is written down. */
void recording_settle(recording *);

#endif
