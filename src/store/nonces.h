/* SPDX-License-Identifier: ISC
 *
 * Nonces for the values of one write, drawn together: a call to the system for each would cost more than sealing the
 * value. */
#ifndef STORE_NONCES_H
#define STORE_NONCES_H

#include <sotto/store.h>

#include "crypto/cipher.h"

#define STORE_NONCES_DRAWN 64u

typedef struct store_nonces {
    sotto_host host; /* what seals asks this one: its random hands out what was drawn */
    const sotto_host *source;
    uint8_t drawn[STORE_NONCES_DRAWN * CRYPTO_BOX_EXTRA];
    size_t drawn_len, drawn_left;
    size_t wanted; /* by the values that are still to be sealed */
} store_nonces;

/* Before a write. Nothing is drawn yet; the struct must not move until the end. */
void store_nonces_begin(store_nonces *, const sotto_host *source, const sotto_change *, size_t count);
/* Wipes what was not used. */
void store_nonces_end(store_nonces *);

#endif
