/* SPDX-License-Identifier: ISC
 *
 * Fleeting records: 'j' number → seal, note. */
#include "engine/job.h"

#include "bytes/cursor.h"
#include "engine/ask.h"
#include "engine/env.h"
#include "engine/output.h"
#include "engine/record.h"

static sotto_bytes job_key(engine_key_room *room, uint64_t job) {
    bytes_buffer *key = engine_key_begin(room, 'j');
    bytes_buffer_u64(key, job);
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(key, &ret)) ? ret : BYTES_NONE;
}

sotto_status engine_job_start(sotto_engine *engine, size_t seal, sotto_bytes request, sotto_bytes note) {
    if (note.len > ENGINE_NOTE_BYTES_MAX) return SOTTO_FAIL(USAGE);
    engine_key_room room;
    uint8_t at[ENGINE_NOTE_BYTES_MAX + 1];
    bytes_buffer value;
    bytes_buffer_borrowed(&value, at, sizeof at);
    bytes_buffer_u8(&value, (uint8_t)seal);
    bytes_buffer_put(&value, note);
    sotto_bytes encoded;
    SOTTO_TRY(bytes_buffer_end(&value, &encoded));
    SOTTO_TRY(engine_fleeting_place(engine, 'j', SOTTO_JOBS_MAX)); /* hosts need not answer */
    uint64_t job = engine->outbox.next_seq;                        /* unique: the output's own number */
    SOTTO_TRY(engine_stage_put(&engine->fleeting, job_key(&room, job), encoded));
    sotto_output output = {.kind = SOTTO_OUTPUT_JOB, .job = job, .request = request};
    return engine_output_stage(engine, &output, OUTBOX_ONCE);
}

sotto_status engine_job_answer(sotto_engine *engine, uint64_t job, sotto_bytes answer) {
    engine_key_room room;
    sotto_bytes key = job_key(&room, job), value, copy;
    if (!bytes_map_get(&engine->fleeting.map, key, &value)) return SOTTO_FAIL(NOT_FOUND);
    if (!bytes_arena_copy(&engine->arena, value, &copy)) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(engine_stage_remove(&engine->fleeting, key));
    seal_input input = {.kind = SEAL_INPUT_JOB, .note = bytes_after(copy, 1), .bytes = answer};
    return engine_seal_input(engine, copy.at[0], &input);
}
