/* SPDX-License-Identifier: ISC */
#include "engine/record.h"

typedef struct found_record {
    struct found_record *next;
    sotto_bytes key, value;
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

sotto_status engine_record_get(sotto_engine *engine, sotto_bytes key, sotto_bytes *ret) {
    sotto_bytes staged;
    if (bytes_map_get(&engine->records.map, key, &staged)) {
        if (staged.len == 0) return SOTTO_FAIL(NOT_FOUND);
        return bytes_arena_copy(&engine->arena, staged, ret) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
    }
    record_list list = {.arena = &engine->arena, .end = &list.first};
    SOTTO_TRY(engine->store->methods->get(engine->store, key, copy_value, &list));
    if (list.first == NULL) return SOTTO_FAIL(NOT_FOUND);
    *ret = list.first->value;
    return SOTTO_OK;
}

sotto_status engine_record_put(sotto_engine *engine, sotto_bytes key, sotto_bytes value) {
    if (value.len > SOTTO_RECORD_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    return engine_stage_put(&engine->records, key, value);
}

/* Staged records with the prefix, deletions as empty values. */
static sotto_status list_staged(sotto_engine *engine, sotto_bytes prefix, record_list *list) {
    sotto_bytes at = prefix, key, value;
    bool beyond = false;
    while (bytes_map_from(&engine->records.map, at, beyond, &key, &value) && bytes_starts_with(key, prefix)) {
        SOTTO_TRY(copy_value(list, key, value));
        at = key;
        beyond = true;
    }
    return SOTTO_OK;
}

sotto_status engine_record_scan(sotto_engine *engine, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    record_list stored = {.arena = &engine->arena, .end = &stored.first};
    record_list staged = {.arena = &engine->arena, .end = &staged.first};
    SOTTO_TRY(engine->store->methods->scan(engine->store, prefix, copy_value, &stored));
    SOTTO_TRY(list_staged(engine, prefix, &staged));
    const found_record *old = stored.first, *new = staged.first;
    while (old != NULL || new != NULL) {
        int order = old == NULL ? 1 : new == NULL ? -1 : bytes_compare(old->key, new->key);
        const found_record *record = order < 0 ? old : new;
        if (record->value.len > 0) SOTTO_TRY(visit(arg, record->key, record->value));
        if (order <= 0) old = old->next;
        if (order >= 0) new = new->next;
    }
    return SOTTO_OK;
}
