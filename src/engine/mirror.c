/* SPDX-License-Identifier: ISC */
#include "engine/mirror.h"

#include "bytes/buffer.h"
#include "bytes/cursor.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define KEPT_BYTES_MAX    ((size_t)4 * 1024) /* of one record; larger ones are read again */
#define RUN_BYTES_MAX     ((size_t)64 * 1024)
#define CHOICES           4u
#define ENTRY_BYTES       ((size_t)64) /* what a map needs beside key and value, about */
#define KEY_BYTES         32u          /* of a key that trust is recorded for; ends the keys of its records */
#define RUN_KEY_BYTES_MAX (SOTTO_STORE_KEY_BYTES_MAX + 1u)

struct mirror_place {
    bytes_map_entry *entry; /* NULL: free */
    uint32_t tag;           /* of the hash */
    bool asked;             /* for, since the hand came by */
};

void engine_mirror_init(engine_mirror *mirror, const sotto_host *host) {
    *mirror = (engine_mirror){.host = host, .seed = (uint64_t)(uintptr_t)mirror};
}

/* ---- places ---- */

static size_t size_of(const bytes_map_entry *entry) {
    return bytes_map_entry_key(entry).len + bytes_map_entry_value(entry).len + ENTRY_BYTES;
}

static void place_clear(engine_mirror *mirror, struct mirror_place *place) {
    if (place->entry == NULL) return;
    mirror->bytes -= size_of(place->entry);
    bytes_map_entry_free(mirror->host, place->entry);
    *place = (struct mirror_place){.entry = NULL};
}

void engine_mirror_clear(engine_mirror *mirror) {
    for (size_t i = 0; mirror->places != NULL && i < ENGINE_MIRROR_PLACES; i++) place_clear(mirror, &mirror->places[i]);
    bytes_free(mirror->host, mirror->places, ENGINE_MIRROR_PLACES * sizeof *mirror->places);
    engine_mirror_init(mirror, mirror->host);
}

/* The four places where a key may be. Whoever finds keys that meet there has them forgotten sooner, and no more. */
static struct mirror_place *choice_of(const engine_mirror *mirror, sotto_bytes key, uint32_t *ret_tag) {
    uint64_t hash = bytes_map_hash(key, mirror->seed);
    *ret_tag = (uint32_t)(hash >> 32);
    return &mirror->places[hash % (ENGINE_MIRROR_PLACES / CHOICES) * CHOICES];
}

static struct mirror_place *place_of(const engine_mirror *mirror, sotto_bytes key) {
    uint32_t tag;
    if (mirror->places == NULL) return NULL;
    struct mirror_place *choice = choice_of(mirror, key, &tag);
    for (size_t i = 0; i < CHOICES; i++) {
        struct mirror_place *place = &choice[i];
        if (place->entry != NULL && place->tag == tag && bytes_equal(bytes_map_entry_key(place->entry), key))
            return place;
    }
    return NULL;
}

void engine_mirror_forget(engine_mirror *mirror, sotto_bytes key) {
    struct mirror_place *place = place_of(mirror, key);
    if (place != NULL) place_clear(mirror, place);
}

static bool find(engine_mirror *mirror, sotto_bytes key, sotto_bytes *ret) {
    struct mirror_place *place = place_of(mirror, key);
    if (place == NULL) return false;
    place->asked = true;
    *ret = bytes_map_entry_value(place->entry);
    return true;
}

/* Owns the entry from here on. */
static void attach(engine_mirror *mirror, bytes_map_entry *entry) {
    uint32_t tag;
    struct mirror_place *choice = choice_of(mirror, bytes_map_entry_key(entry), &tag), *chosen = NULL;
    for (size_t i = 0; i < CHOICES && chosen == NULL; i++)
        if (choice[i].entry == NULL) chosen = &choice[i];
    for (size_t i = 0; i < CHOICES && chosen == NULL; i++)
        if (!choice[i].asked) chosen = &choice[i];
    /* All four were asked for: whoever is not again before the next one comes goes first. The hand does not come by
     * while there are many small records and few bytes. */
    for (size_t i = 0; i < CHOICES && chosen == NULL; i++) choice[i].asked = false;
    if (chosen == NULL) chosen = &choice[tag % CHOICES];
    place_clear(mirror, chosen);
    *chosen = (struct mirror_place){.entry = entry, .tag = tag, .asked = true};
    mirror->bytes += size_of(entry);
    for (; mirror->bytes > ENGINE_MIRROR_BYTES; mirror->hand = (mirror->hand + 1) % ENGINE_MIRROR_PLACES) {
        struct mirror_place *place = &mirror->places[mirror->hand];
        if (place != chosen && !place->asked) place_clear(mirror, place);
        if (place != chosen) place->asked = false;
    }
}

static sotto_status keep(engine_mirror *mirror, sotto_bytes key, sotto_bytes value, size_t most) {
    if (value.len > most) return SOTTO_OK;
    if (mirror->places == NULL) {
        mirror->places = bytes_new(mirror->host, ENGINE_MIRROR_PLACES * sizeof *mirror->places);
        if (mirror->places == NULL) return SOTTO_FAIL(NO_MEMORY);
    }
    bytes_map_entry *entry = bytes_map_entry_new(mirror->host, key, value);
    if (entry == NULL) return SOTTO_FAIL(NO_MEMORY);
    engine_mirror_forget(mirror, key);
    attach(mirror, entry);
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

static sotto_bytes large_key_of(run_key *room, sotto_bytes prefix) {
    sotto_bytes key = run_key_of(room, prefix);
    room->at[0] = 1;
    return key;
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

/* The run that a key of a contact is recorded in: its other keys are asked for with the same message. */
static sotto_bytes run_of_key(sotto_bytes key) {
    return key.at[0] == 'T' && key.len > KEY_BYTES + 1 ? bytes_of(key.at, key.len - KEY_BYTES) : BYTES_NONE;
}

typedef struct run_search {
    sotto_bytes key;
    sotto_visit *visit;
    void *arg;
    bool found;
} run_search;

static sotto_status visit_if_searched(void *arg, sotto_bytes key, sotto_bytes value) {
    run_search *search = arg;
    if (!bytes_equal(key, search->key)) return SOTTO_OK;
    search->found = true;
    return search->visit(search->arg, key, value);
}

static sotto_status add_to_run(void *arg, sotto_bytes key, sotto_bytes value) {
    bytes_buffer *run = arg;
    if (run->len + key.len + value.len > RUN_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    bytes_buffer_block(run, key);
    bytes_buffer_block(run, value);
    return run->status;
}

/* Reads a run and keeps it. TOO_LARGE: it is not kept. */
static sotto_status read_run(engine_mirror *mirror, sotto_store *store, sotto_bytes prefix) {
    run_key room;
    bytes_buffer all;
    sotto_bytes run;
    bytes_buffer_owned(&all, mirror->host, RUN_BYTES_MAX + 64);
    sotto_status status = store->methods->scan(store, prefix, add_to_run, &all);
    if (sotto_ok(status)) status = bytes_buffer_end(&all, &run);
    if (sotto_ok(status)) status = keep(mirror, run_key_of(&room, prefix), run, RUN_BYTES_MAX + 64);
    bytes_buffer_free(&all);
    return status;
}

/* False: the run says nothing about the key. */
static sotto_status get_of_run(engine_mirror *mirror, sotto_store *store, sotto_bytes key, sotto_visit *visit,
                               void *arg, bool *ret_known) {
    run_key room;
    sotto_bytes run, prefix = run_of_key(key);
    run_search search = {key, visit, arg, false};
    *ret_known = false;
    if (!is_run(prefix) || find(mirror, large_key_of(&room, prefix), &run)) return SOTTO_OK;
    if (!find(mirror, run_key_of(&room, prefix), &run)) {
        sotto_status status = read_run(mirror, store, prefix);
        if (sotto_is(status, SOTTO_E_TOO_LARGE)) /* it is not read again for each of its keys */
            return keep(mirror, large_key_of(&room, prefix), BYTES_NONE, 0);
        SOTTO_TRY(status);
        if (!find(mirror, run_key_of(&room, prefix), &run)) return SOTTO_OK;
    }
    *ret_known = true;
    SOTTO_TRY(visit_run(run, visit_if_searched, &search));
    return search.found ? SOTTO_OK : SOTTO_FAIL(NOT_FOUND);
}

sotto_status engine_mirror_get(engine_mirror *mirror, sotto_store *store, sotto_bytes key, sotto_visit *visit,
                               void *arg) {
    sotto_bytes value;
    bool known;
    if (find(mirror, key, &value)) return value.len > 0 ? visit(arg, key, value) : SOTTO_FAIL(NOT_FOUND);
    sotto_status status = get_of_run(mirror, store, key, visit, arg, &known);
    if (known || !sotto_ok(status)) return status;
    reading r = {mirror, visit, arg, NULL};
    status = store->methods->get(store, key, read_one, &r);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) SOTTO_TRY(keep(mirror, key, BYTES_NONE, KEPT_BYTES_MAX));
    return status;
}

static sotto_status scan_run(engine_mirror *mirror, sotto_store *store, sotto_bytes prefix, const reading *r) {
    run_key room;
    sotto_bytes run;
    sotto_bytes key = run_key_of(&room, prefix);
    if (find(mirror, key, &run)) return visit_run(run, r->visit, r->arg);
    bytes_buffer all;
    bytes_buffer_owned(&all, mirror->host, RUN_BYTES_MAX + 64);
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

static void take_written(void *arg, bytes_map_entry *entry) {
    engine_mirror *mirror = arg;
    sotto_bytes key = bytes_map_entry_key(entry);
    drop_run_of(mirror, key);
    engine_mirror_forget(mirror, key);
    if (mirror->places != NULL && bytes_map_entry_value(entry).len <= KEPT_BYTES_MAX)
        attach(mirror, entry);
    else
        bytes_map_entry_free(mirror->host, entry);
}

void engine_mirror_written(engine_mirror *mirror, bytes_map *written) {
    bytes_map_drain(written, take_written, mirror);
}
