/* SPDX-License-Identifier: ISC
 *
 * What is written down goes into memory that grows in the turn that does not count; later it is a copy and no more. */
#include "record.h"

#include "measure.h"

#include <string.h>

static void *larger(void *at, size_t *size, size_t needed, size_t unit) {
    if (needed <= *size) return at;
    while (*size < needed) *size = *size == 0 ? 1024 : *size * 2;
    void *moved = realloc(at, *size * unit);
    bench_check(moved != NULL);
    return moved;
}

static size_t keep(recording *to, sotto_bytes bytes) {
    size_t at = to->len;
    to->data = larger(to->data, &to->data_size, to->len + bytes.len, 1);
    if (bytes.len > 0) memcpy(to->data + at, bytes.at, bytes.len);
    to->len += bytes.len;
    return at;
}

void recording_add(recording *to, const sotto_change *changes, size_t count) {
    to->kept = larger(to->kept, &to->kept_size, to->kept_count + count, sizeof *to->kept);
    to->ends = larger(to->ends, &to->size, to->count + 1, sizeof *to->ends);
    for (size_t i = 0; i < count; i++) {
        sotto_bytes key = changes[i].key, value = changes[i].value;
        to->kept[to->kept_count++] = (struct recorded_change){keep(to, key), key.len, keep(to, value), value.len};
        to->value_bytes += value.len;
    }
    to->ends[to->count++] = to->kept_count;
}

void recording_settle(recording *r) {
    r->changes = larger(r->changes, &r->changes_size, r->kept_count, sizeof *r->changes);
    for (size_t i = 0; i < r->kept_count; i++) {
        const struct recorded_change *c = &r->kept[i];
        r->changes[i] = (sotto_change){{r->data + c->key_at, c->key_len}, {r->data + c->value_at, c->value_len}};
    }
}

const sotto_change *recording_changes(const recording *r, size_t number, size_t *ret_count) {
    size_t first = number == 0 ? 0 : r->ends[number - 1];
    *ret_count = r->ends[number] - first;
    return r->changes + first;
}

sotto_status recording_write(const recording *r, size_t number, sotto_store *store) {
    size_t count;
    const sotto_change *changes = recording_changes(r, number, &count);
    return store->methods->write(store, changes, count);
}

void recording_clear(recording *r) {
    r->kept_count = r->count = r->len = r->value_bytes = 0;
}

void recording_free(recording *r) {
    free(r->kept);
    free(r->changes);
    free(r->ends);
    free(r->data);
    *r = (recording){0};
}

static sotto_status record_get(sotto_store *base, sotto_bytes key, sotto_visit *visit, void *arg) {
    sotto_store *inner = ((record_store *)(void *)base)->inner;
    return inner->methods->get(inner, key, visit, arg);
}

static sotto_status record_scan(sotto_store *base, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    sotto_store *inner = ((record_store *)(void *)base)->inner;
    return inner->methods->scan(inner, prefix, visit, arg);
}

static sotto_status record_write(sotto_store *base, const sotto_change *changes, size_t count) {
    record_store *store = (record_store *)(void *)base;
    if (store->to != NULL) recording_add(store->to, changes, count);
    return store->inner->methods->write(store->inner, changes, count);
}

static void record_close(sotto_store *base) {
    (void)base; /* who made the other one closes it */
}

void record_store_init(record_store *store, sotto_store *inner) {
    static const sotto_store_class methods = {record_get, record_scan, record_write, record_close};
    *store = (record_store){.base = {.methods = &methods, .setbacks = inner->setbacks}, .inner = inner};
}
