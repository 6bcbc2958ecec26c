/* SPDX-License-Identifier: ISC
 *
 * The log keeps the entries that changes displaced, and points at those they put in, so that going back only moves
 * entries and never needs memory. */
#include "engine/stage.h"

#include "bytes/memory.h"
#include "bytes/span.h"

struct stage_change {
    bytes_map_entry *before; /* owned by the log; NULL: there was none */
    bytes_map_entry *after;  /* owned by the map, or by the change that displaced it; NULL: removed */
};

void engine_stage_init(engine_stage *stage, const sotto_host *host) {
    *stage = (engine_stage){0};
    bytes_map_init(&stage->map, host);
}

static sotto_status log_room(engine_stage *stage) {
    if (stage->log_len < stage->log_size) return SOTTO_OK;
    size_t size = stage->log_size == 0 ? 64 : stage->log_size * 2;
    struct stage_change *log =
        bytes_resize(stage->map.host, stage->log, stage->log_size * sizeof *log, size * sizeof *log);
    if (log == NULL) return SOTTO_FAIL(NO_MEMORY);
    stage->log = log;
    stage->log_size = size;
    return SOTTO_OK;
}

sotto_status engine_stage_put(engine_stage *stage, sotto_bytes key, sotto_bytes value) {
    SOTTO_TRY(log_room(stage));
    bytes_map_entry *entry = bytes_map_entry_new(stage->map.host, key, value);
    if (entry == NULL) return SOTTO_FAIL(NO_MEMORY);
    bytes_map_entry *before = bytes_map_attach(&stage->map, entry);
    stage->log[stage->log_len++] = (struct stage_change){before, entry};
    return SOTTO_OK;
}

sotto_status engine_stage_remove(engine_stage *stage, sotto_bytes key) {
    SOTTO_TRY(log_room(stage));
    bytes_map_entry *before = bytes_map_detach(&stage->map, key);
    if (before != NULL) stage->log[stage->log_len++] = (struct stage_change){before, NULL};
    return SOTTO_OK;
}

size_t engine_stage_mark(const engine_stage *stage) {
    return stage->log_len;
}

void engine_stage_pop(engine_stage *stage, size_t mark) {
    while (stage->log_len > mark) {
        struct stage_change change = stage->log[--stage->log_len];
        if (change.before != NULL) {
            bytes_map_entry *displaced = bytes_map_attach(&stage->map, change.before);
            bytes_map_entry_free(stage->map.host, displaced);
        } else {
            bytes_map_remove(&stage->map, bytes_map_entry_key(change.after));
        }
    }
}

void engine_stage_settle(engine_stage *stage) {
    while (stage->log_len > 0) bytes_map_entry_free(stage->map.host, stage->log[--stage->log_len].before);
}

void engine_stage_clear(engine_stage *stage) {
    engine_stage_settle(stage);
    bytes_free(stage->map.host, stage->log, stage->log_size * sizeof *stage->log);
    const sotto_host *host = stage->map.host;
    bytes_map_clear(&stage->map);
    engine_stage_init(stage, host);
}
