/* SPDX-License-Identifier: ISC
 *
 * What every implementation of the store port accepts as a record, so that a host can change the one for the other.
 * A bad key is the caller's mistake (USAGE); a value that is too large may come from what a peer sent (TOO_LARGE). */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <sotto/limits.h>
#include <sotto/store.h>

SOTTO_MUST_CHECK static inline sotto_status store_key_check(sotto_bytes key) {
    return key.len == 0 || key.len > SOTTO_STORE_KEY_BYTES_MAX ? SOTTO_FAIL(USAGE) : SOTTO_OK;
}

/* An empty prefix stands for everything. */
SOTTO_MUST_CHECK static inline sotto_status store_prefix_check(sotto_bytes prefix) {
    return prefix.len > SOTTO_STORE_KEY_BYTES_MAX ? SOTTO_FAIL(USAGE) : SOTTO_OK;
}

SOTTO_MUST_CHECK static inline sotto_status store_changes_check(const sotto_change *changes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        SOTTO_TRY(store_key_check(changes[i].key));
        if (changes[i].value.len > SOTTO_RECORD_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    }
    return SOTTO_OK;
}

#endif
