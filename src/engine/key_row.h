/* SPDX-License-Identifier: ISC
 *
 * What is known of one key: the record 'T' jid 0 key. */
#ifndef ENGINE_KEY_ROW_H
#define ENGINE_KEY_ROW_H

#include "engine/record.h"

typedef struct engine_key_row {
    sotto_trust trust;
    uint32_t device;
    sotto_bytes seal;
    uint8_t fingerprint[32];
    uint64_t first_seen_ms;
    uint64_t last_used_ms;
    uint64_t gone_ms; /* when it was seen to be off the list; 0: it is on it, as far as we know */
} engine_key_row;

/* The record's key, in the room; key NULL: what those of all keys of the JID begin with. */
sotto_bytes engine_key_row_key(engine_key_room *, sotto_bytes jid, const uint8_t *key);
/* Spans of *ret lie in value. STORE_CORRUPT. */
SOTTO_MUST_CHECK sotto_status engine_key_row_decode(sotto_bytes value, engine_key_row *ret);
/* NOT_FOUND, STORE_*, NO_MEMORY. Spans of *ret lie in the call's arena. */
SOTTO_MUST_CHECK sotto_status engine_key_row_get(sotto_engine *, sotto_bytes jid, const uint8_t *key,
                                                 engine_key_row *ret);
SOTTO_MUST_CHECK sotto_status engine_key_row_put(sotto_engine *, sotto_bytes jid, const uint8_t *key,
                                                 const engine_key_row *);

#endif
