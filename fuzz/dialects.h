/* SPDX-License-Identifier: ISC
 *
 * The dialect of OMEMO a target is about. Targets of the core are built twice, once with each of dialect_2.c and
 * dialect_03.c; the names of the latter end in _03. */
#ifndef FUZZ_DIALECTS_H
#define FUZZ_DIALECTS_H

#include "seal/omemo/dialect.h"

extern const omemo_dialect *const fuzz_dialect;

/* A public key as the dialect encodes it. */
typedef struct fuzz_encoded {
    uint8_t at[33];
    size_t len;
} fuzz_encoded;

static inline fuzz_encoded fuzz_encode(const uint8_t key[32]) {
    fuzz_encoded encoded = {.at = {fuzz_dialect->key_prefix}, .len = fuzz_dialect->key_prefix ? 33 : 32};
    for (size_t i = 0; i < 32; i++) encoded.at[encoded.len - 32 + i] = key[i];
    return encoded;
}

#endif
