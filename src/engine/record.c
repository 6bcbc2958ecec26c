/* SPDX-License-Identifier: ISC */
#include "engine/record.h"

typedef struct found_record {
    struct found_record *next;
    sotto_bytes key, value;
    bool late; /* value is still to be read */
} found_record;

typedef struct record_list {
    bytes_arena *arena;
    found_record *first, **end;
} record_list;

bytes_buffer *engine_key_begin(engine_key_room *room, char space) {
    bytes_buffer_borrowed(&room->buffer, room->at, sizeof room->at);
    bytes_buffer_u8(&room->buffer, (uint8_t)space);
    return &room->buffer;
}

static sotto_status copy_value(void *arg, sotto_bytes key, sotto_bytes value) {
    record_list *list = arg;
    found_record *record = bytes_arena_take(list->arena, sizeof *record);
    if (record == NULL || !bytes_arena_copy(list->arena, key, &record->key) ||
        !bytes_arena_copy(list->arena, value, &record->value))
        return SOTTO_FAIL(NO_MEMORY);
    *list->end = record;
    list->end = &record->next;
    return SOTTO_OK;
}

static sotto_status record_read(sotto_engine *engine, bytes_arena *arena, sotto_bytes key, sotto_bytes *ret) {
    sotto_bytes staged;
    if (bytes_map_get(&engine->records.map, key, &staged)) {
        if (staged.len == 0) return SOTTO_FAIL(NOT_FOUND);
        return bytes_arena_copy(arena, staged, ret) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
    }
    record_list list = {.arena = arena, .end = &list.first};
    SOTTO_TRY(engine_mirror_get(&engine->mirror, engine->store, key, copy_value, &list));
    if (list.first == NULL) return SOTTO_FAIL(NOT_FOUND);
    *ret = list.first->value;
    return SOTTO_OK;
}

sotto_status engine_record_get(sotto_engine *engine, sotto_bytes key, sotto_bytes *ret) {
    return record_read(engine, &engine->arena, key, ret);
}

sotto_status engine_record_put(sotto_engine *engine, sotto_bytes key, sotto_bytes value) {
    if (value.len > SOTTO_RECORD_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    return engine_stage_put(&engine->records, key, value);
}

/* ---- scanning ---- */

#define SCAN_VALUES_MAX                                                                                                \
    ((size_t)1024 * 1024) /* of values that are copied at once; the rest is read again when its turn comes */

typedef struct scan_list {
    record_list records;
    size_t values;
} scan_list;

static sotto_status copy_record(void *arg, sotto_bytes key, sotto_bytes value) {
    scan_list *list = arg;
    bytes_arena *arena = list->records.arena;
    found_record *record = bytes_arena_take(arena, sizeof *record);
    if (record == NULL || !bytes_arena_copy(arena, key, &record->key)) return SOTTO_FAIL(NO_MEMORY);
    list->values += value.len;
    record->late = list->values > SCAN_VALUES_MAX;
    if (!record->late && !bytes_arena_copy(arena, value, &record->value)) return SOTTO_FAIL(NO_MEMORY);
    *list->records.end = record;
    list->records.end = &record->next;
    return SOTTO_OK;
}

/* Staged records with the prefix, deletions as empty values. */
static sotto_status list_staged(sotto_engine *engine, sotto_bytes prefix, scan_list *list) {
    sotto_bytes at = prefix, key, value;
    bool beyond = false;
    while (bytes_map_from(&engine->records.map, at, beyond, &key, &value) && bytes_starts_with(key, prefix)) {
        SOTTO_TRY(copy_record(list, key, value));
        at = key;
        beyond = true;
    }
    return SOTTO_OK;
}

static sotto_status visit_record(sotto_engine *engine, const found_record *record, sotto_visit *visit, void *arg) {
    if (!record->late) return record->value.len > 0 ? visit(arg, record->key, record->value) : SOTTO_OK;
    bytes_arena_mark mark = bytes_arena_here(&engine->scan_arena);
    sotto_bytes value;
    sotto_status status = record_read(engine, &engine->scan_arena, record->key, &value);
    if (sotto_ok(status))
        status = visit(arg, record->key, value);
    else if (sotto_is(status, SOTTO_E_NOT_FOUND))
        status = SOTTO_OK; /* deleted, perhaps by an earlier visit */
    bytes_arena_back(&engine->scan_arena, mark);
    return status;
}

static sotto_status scan_all(sotto_engine *engine, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    scan_list stored = {.records = {.arena = &engine->scan_arena}},
              staged = {.records = {.arena = &engine->scan_arena}};
    stored.records.end = &stored.records.first;
    staged.records.end = &staged.records.first;
    SOTTO_TRY(engine_mirror_scan(&engine->mirror, engine->store, prefix, copy_record, &stored));
    SOTTO_TRY(list_staged(engine, prefix, &staged));
    const found_record *old = stored.records.first, *new = staged.records.first;
    while (old != NULL || new != NULL) {
        int order = old == NULL ? 1 : new == NULL ? -1 : bytes_compare(old->key, new->key);
        SOTTO_TRY(visit_record(engine, order < 0 ? old : new, visit, arg));
        if (order <= 0) old = old->next;
        if (order >= 0) new = new->next;
    }
    return SOTTO_OK;
}

sotto_status engine_record_scan(sotto_engine *engine, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    bytes_arena_mark mark = bytes_arena_here(&engine->scan_arena);
    sotto_status status = scan_all(engine, prefix, visit, arg);
    bytes_arena_back(&engine->scan_arena, mark);
    return status;
}
