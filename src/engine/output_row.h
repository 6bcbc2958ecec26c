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

#endif
