/* SPDX-License-Identifier: ISC
 *
 * What of a coded text is public: how much of it is digits, padding and blanks, and whether it was coded well. These
 * are the only things a branch is made on, and they are computed without one, in a file of their own, so that the check
 * of constant time (test/constant) can tell the place where a secret stops being one. */
#ifndef BYTES_BASE64_FORM_H
#define BYTES_BASE64_FORM_H

#include <sotto/types.h>

#include "bytes/opaque.h"

typedef struct bytes_base64_count {
    size_t signs;   /* characters that are no blanks */
    size_t padding; /* '=' among them, wherever it stands */
} bytes_base64_count;

/* All ones when low <= x <= high, else zero; for arguments below 2^31. */
static inline uint32_t bytes_base64_within(uint32_t x, uint32_t low, uint32_t high) {
    uint32_t not_below = low - 1u - x, not_above = x - high - 1u;
    return bytes_opaque(0u - ((not_below & not_above) >> 31));
}

/* Eight characters in a word, the first one highest: what is done to one is done to all, and a carry from one to the
 * next cannot be where all are below 128. */
#define BYTES_LANES(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline uint64_t bytes_lanes_load(const uint8_t *at) {
    return (uint64_t)at[0] << 56 | (uint64_t)at[1] << 48 | (uint64_t)at[2] << 40 | (uint64_t)at[3] << 32 |
           (uint64_t)at[4] << 24 | (uint64_t)at[5] << 16 | (uint64_t)at[6] << 8 | at[7];
}

/* One in every lane whose number is at least `least` (1 to 127), for lanes below 128. */
static inline uint64_t bytes_lanes_from(uint64_t lanes, uint8_t least) {
    return bytes_opaque_wide((lanes + BYTES_LANES(128u - least)) >> 7 & BYTES_LANES(1));
}

void bytes_base64_count_in(bytes_base64_count *ret, sotto_bytes text);
/* True when no bit was collected: every digit was one. */
bool bytes_base64_good(uint32_t wrong);

#endif
