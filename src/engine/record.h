/* SPDX-License-Identifier: ISC
 *
 * Records as the engine sees them: what is staged, over what is stored. Keys: doc/engine.md. */
#ifndef ENGINE_RECORD_H
#define ENGINE_RECORD_H

#include "bytes/buffer.h"
#include "engine/state.h"

/* Room for a key on the stack: a buffer that lends its own memory. */
typedef struct engine_key_room {
    bytes_buffer buffer;
    uint8_t at[SOTTO_STORE_KEY_BYTES_MAX];
} engine_key_room;

/* Begins a key with its space. */
bytes_buffer *engine_key_begin(engine_key_room *, char space);

/* The value lies in the call's arena. NOT_FOUND, STORE_*, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status engine_record_get(sotto_engine *, sotto_bytes key, sotto_bytes *ret);
SOTTO_MUST_CHECK sotto_status engine_record_put(sotto_engine *, sotto_bytes key, sotto_bytes value); /* empty: delete */
/* In order; the visitor may read, write and scan again: it works on a copy, which lives for the visit. */
SOTTO_MUST_CHECK sotto_status engine_record_scan(sotto_engine *, sotto_bytes prefix, sotto_visit *, void *arg);

#endif
