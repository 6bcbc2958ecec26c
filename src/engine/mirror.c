/* SPDX-License-Identifier: ISC */
#include "engine/mirror.h"

#include "bytes/buffer.h"
#include "bytes/cursor.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define KEPT_BYTES_MAX    ((size_t)4 * 1024) /* of one record; larger ones are read again */
#define RUN_BYTES_MAX     ((size_t)64 * 1024)
#define ENTRY_BYTES       ((size_t)64) /* what a map needs beside key and value, about */
#define KEY_BYTES         32u          /* of a key that trust is recorded for; ends the keys of its records */
#define RUN_KEY_BYTES_MAX (SOTTO_STORE_KEY_BYTES_MAX + 1u)

void engine_mirror_init(engine_mirror *mirror, const sotto_host *host) {
    bytes_map_init(&mirror->young, host);
    bytes_map_init(&mirror->old, host);
    mirror->young_bytes = 0;
}

void engine_mirror_clear(engine_mirror *mirror) {
    bytes_map_clear(&mirror->young);
    bytes_map_clear(&mirror->old);
    mirror->young_bytes = 0;
}

/* ---- entries ---- */

void engine_mirror_forget(engine_mirror *mirror, sotto_bytes key) {
    bytes_map_remove(&mirror->young, key);
    bytes_map_remove(&mirror->old, key);
}

/* The newest of its key. */
static void attach(engine_mirror *mirror, bytes_map_entry *entry, size_t size) {
    if (mirror->young_bytes > ENGINE_MIRROR_BYTES / 2) {
        bytes_map_clear(&mirror->old);
        mirror->old = mirror->young;
        bytes_map_init(&mirror->young, mirror->old.host);
        mirror->young_bytes = 0;
    }
    mirror->young_bytes += size + ENTRY_BYTES;
    bytes_map_entry_free(mirror->young.host, bytes_map_attach(&mirror->young, entry));
}

static bool find(engine_mirror *mirror, sotto_bytes key, sotto_bytes *ret) {
    if (bytes_map_get(&mirror->young, key, ret)) return true;
    if (!bytes_map_get(&mirror->old, key, ret)) return false;
    attach(mirror, bytes_map_detach(&mirror->old, key), key.len + ret->len); /* the span goes with it */
    return true;
}

static sotto_status keep(engine_mirror *mirror, sotto_bytes key, sotto_bytes value, size_t most) {
    if (value.len > most) return SOTTO_OK;
    bytes_map_entry *entry = bytes_map_entry_new(mirror->young.host, key, value);
    if (entry == NULL) return SOTTO_FAIL(NO_MEMORY);
    attach(mirror, entry, key.len + value.len);
    return SOTTO_OK;
}

/* ---- runs ---- */

typedef struct run_key {
    uint8_t at[RUN_KEY_BYTES_MAX];
    size_t len;
} run_key;

static sotto_bytes run_key_of(run_key *room, sotto_bytes prefix) {
    room->at[0] = 0;
    memcpy(room->at + 1, prefix.at, prefix.len);
    return bytes_of(room->at, prefix.len + 1);
}

/* doc/engine.md: 'H' order, 'T' jid 0 key. */
static bool is_run(sotto_bytes prefix) {
    if (prefix.len == 0 || prefix.len >= SOTTO_STORE_KEY_BYTES_MAX) return false;
    return prefix.at[0] == 'H' ? prefix.len == 1 : prefix.at[0] == 'T' && prefix.at[prefix.len - 1] == 0;
}

/* The run that a record belongs to is not what it was. */
static void drop_run_of(engine_mirror *mirror, sotto_bytes key) {
    run_key room;
    sotto_bytes prefix = BYTES_NONE;
    if (key.at[0] == 'H') prefix = bytes_of(key.at, 1);
    if (key.at[0] == 'T' && key.len > KEY_BYTES) prefix = bytes_of(key.at, key.len - KEY_BYTES);
    if (prefix.len > 0 && is_run(prefix)) engine_mirror_forget(mirror, run_key_of(&room, prefix));
}

static sotto_status visit_run(sotto_bytes run, sotto_visit *visit, void *arg) {
    bytes_cursor in = bytes_cursor_over(run);
    while (bytes_cursor_more(&in)) {
        sotto_bytes key = bytes_cursor_block(&in), value = bytes_cursor_block(&in);
        SOTTO_TRY(visit(arg, key, value));
    }
    return bytes_cursor_end(&in);
}

/* ---- reading ---- */

typedef struct reading {
    engine_mirror *mirror;
    sotto_visit *visit;
    void *arg;
    bytes_buffer *run; /* NULL: records are kept one by one */
} reading;

static sotto_status read_one(void *arg, sotto_bytes key, sotto_bytes value) {
    const reading *r = arg;
    SOTTO_TRY(keep(r->mirror, key, value, KEPT_BYTES_MAX));
    return r->visit(r->arg, key, value);
}

static sotto_status read_of_run(void *arg, sotto_bytes key, sotto_bytes value) {
    const reading *r = arg;
    if (r->run->len + key.len + value.len <= RUN_BYTES_MAX) {
        bytes_buffer_block(r->run, key);
        bytes_buffer_block(r->run, value);
    } else { /* too much to be kept */
        bytes_buffer_fail(r->run, SOTTO_FAIL(TOO_LARGE));
    }
    return r->visit(r->arg, key, value);
}

sotto_status engine_mirror_get(engine_mirror *mirror, sotto_store *store, sotto_bytes key, sotto_visit *visit,
                               void *arg) {
    sotto_bytes value;
    if (find(mirror, key, &value)) return value.len > 0 ? visit(arg, key, value) : SOTTO_FAIL(NOT_FOUND);
    reading r = {mirror, visit, arg, NULL};
    sotto_status status = store->methods->get(store, key, read_one, &r);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) SOTTO_TRY(keep(mirror, key, BYTES_NONE, KEPT_BYTES_MAX));
    return status;
}

static sotto_status scan_run(engine_mirror *mirror, sotto_store *store, sotto_bytes prefix, const reading *r) {
    run_key room;
    sotto_bytes run;
    sotto_bytes key = run_key_of(&room, prefix);
    if (find(mirror, key, &run)) return visit_run(run, r->visit, r->arg);
    bytes_buffer all;
    bytes_buffer_owned(&all, mirror->young.host, RUN_BYTES_MAX + 64);
    reading of_run = *r;
    of_run.run = &all;
    sotto_status status = store->methods->scan(store, prefix, read_of_run, &of_run);
    if (sotto_ok(status) && sotto_ok(bytes_buffer_end(&all, &run))) status = keep(mirror, key, run, RUN_BYTES_MAX + 64);
    if (sotto_is(all.status, SOTTO_E_NO_MEMORY) && sotto_ok(status)) status = all.status;
    bytes_buffer_free(&all);
    return status;
}

sotto_status engine_mirror_scan(engine_mirror *mirror, sotto_store *store, sotto_bytes prefix, sotto_visit *visit,
                                void *arg) {
    reading r = {mirror, visit, arg, NULL};
    return is_run(prefix) ? scan_run(mirror, store, prefix, &r) : store->methods->scan(store, prefix, read_one, &r);
}

/* ---- writing ---- */

void engine_mirror_written(engine_mirror *mirror, bytes_map *written) {
    sotto_bytes key, value;
    while (bytes_map_from(written, BYTES_NONE, false, &key, &value)) {
        drop_run_of(mirror, key);
        bytes_map_remove(&mirror->old, key);
        size_t size = key.len + value.len;
        bool small = value.len <= KEPT_BYTES_MAX;
        if (!small) bytes_map_remove(&mirror->young, key);
        bytes_map_entry *entry = bytes_map_detach(written, key);
        if (small)
            attach(mirror, entry, size);
        else
            bytes_map_entry_free(written->host, entry);
    }
}
