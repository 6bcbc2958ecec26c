/* SPDX-License-Identifier: ISC
 *
 * An output as a record: the bytes that are released again after a crash. */
#ifndef ENGINE_OUTPUT_ROW_H
#define ENGINE_OUTPUT_ROW_H

#include <sotto/engine.h>

#include "bytes/buffer.h"
#include "engine/outbox.h"

void engine_output_encode(bytes_buffer *, const sotto_output *, outbox_keep);
/* Spans of *ret lie in row. STORE_CORRUPT. */
SOTTO_MUST_CHECK sotto_status engine_output_decode(sotto_bytes row, sotto_output *ret, outbox_keep *ret_keep);
/* The same of a stanza that goes to a room or through one (way NULL, or without a room: it does not). */
void engine_output_encode_way(bytes_buffer *, const sotto_output *, outbox_keep, const outbox_way *way);
SOTTO_MUST_CHECK sotto_status engine_output_decode_way(sotto_bytes row, sotto_output *ret, outbox_keep *ret_keep,
                                                       outbox_way *ret_way);

#endif
