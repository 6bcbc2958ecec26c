/* SPDX-License-Identifier: ISC */
#include "engine/output.h"

sotto_status engine_output_stage_way(sotto_engine *engine, const sotto_output *output, outbox_keep keep,
                                     const outbox_way *way) {
    bool is_question = output->kind == SOTTO_OUTPUT_DELIVER && keep != OUTBOX_ONCE;
    bool failure = output->kind == SOTTO_OUTPUT_DELIVER && !sotto_ok(output->delivery.failure);
    bool essential = (keep != OUTBOX_LASTING && !is_question) || output->kind == SOTTO_OUTPUT_EVENT || failure;
    if (!essential && engine->outbox.len >= SOTTO_OUTBOX_ROWS_MAX - SOTTO_OUTBOX_RESERVE)
        return SOTTO_FAIL(OUTBOX_FULL);
    return engine_outbox_stage(&engine->outbox, output, keep, way, NULL);
}

sotto_status engine_output_stage(sotto_engine *engine, const sotto_output *output, outbox_keep keep) {
    return engine_output_stage_way(engine, output, keep, NULL);
}

sotto_status engine_event(sotto_engine *engine, const sotto_event *event) {
    return engine_output_stage(engine, &(sotto_output){.kind = SOTTO_OUTPUT_EVENT, .event = *event}, OUTBOX_LASTING);
}
