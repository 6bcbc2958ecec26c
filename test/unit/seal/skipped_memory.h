/* SPDX-License-Identifier: ISC
 *
 * Keys of skipped messages in an array, for tests of the bare ratchet and for the vector port. */
#ifndef TEST_SKIPPED_MEMORY_H
#define TEST_SKIPPED_MEMORY_H

#include "seal/omemo/session.h"

typedef struct skipped_memory {
    struct {
        uint32_t chain, n;
        uint8_t key[32];
    } at[1000]; /* in the order they were kept, which is the order of (chain, n) */
    uint32_t count;
    uint32_t changes; /* calls that changed something */
} skipped_memory;

omemo_skipped skipped_memory_port(skipped_memory *);

#endif
