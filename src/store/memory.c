/* SPDX-License-Identifier: ISC
 *
 * The store in memory: an ordered map. A write makes all its entries first and puts them in afterwards; the second
 * part takes no memory and so cannot fail half-way. */
#include <sotto/store.h>

#include "bytes/map.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "store/record.h"

typedef struct memory_store {
    sotto_store base;
    bytes_map map;
    bool visiting;
} memory_store;

typedef struct staged {
    bytes_map_entry *entry; /* NULL: a deletion */
} staged;

static memory_store *store_of(sotto_store *base) {
    return (memory_store *)(void *)base;
}

static sotto_status call(memory_store *store, sotto_bytes key, sotto_bytes value, sotto_visit *visit, void *arg) {
    store->visiting = true;
    sotto_status status = visit(arg, key, value);
    store->visiting = false;
    return status;
}

static sotto_status memory_get(sotto_store *base, sotto_bytes key, sotto_visit *visit, void *arg) {
    memory_store *store = store_of(base);
    if (store->visiting) return SOTTO_FAIL(STATE);
    SOTTO_TRY(store_key_check(key));
    sotto_bytes value;
    if (!bytes_map_get(&store->map, key, &value)) return SOTTO_FAIL(NOT_FOUND);
    return call(store, key, value, visit, arg);
}

static sotto_status memory_scan(sotto_store *base, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    memory_store *store = store_of(base);
    if (store->visiting) return SOTTO_FAIL(STATE);
    SOTTO_TRY(store_prefix_check(prefix));
    sotto_bytes key = prefix, value;
    for (bool beyond = false; bytes_map_from(&store->map, key, beyond, &key, &value); beyond = true) {
        if (!bytes_starts_with(key, prefix)) break;
        SOTTO_TRY(call(store, key, value, visit, arg));
    }
    return SOTTO_OK;
}

static sotto_status memory_write(sotto_store *base, const sotto_change *changes, size_t count) {
    memory_store *store = store_of(base);
    const sotto_host *host = store->map.host;
    if (store->visiting) return SOTTO_FAIL(STATE);
    SOTTO_TRY(store_changes_check(changes, count));
    if (count == 0) return SOTTO_OK;
    staged *entries = bytes_new(host, count * sizeof *entries);
    if (entries == NULL) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = SOTTO_OK;
    for (size_t i = 0; i < count && sotto_ok(status); i++) {
        if (changes[i].value.len == 0) continue;
        entries[i].entry = bytes_map_entry_new(host, changes[i].key, changes[i].value);
        if (entries[i].entry == NULL) status = SOTTO_FAIL(NO_MEMORY);
    }
    for (size_t i = 0; i < count; i++) {
        bytes_map_entry *gone = entries[i].entry; /* when it failed: all that was made */
        if (sotto_ok(status))
            gone = entries[i].entry != NULL ? bytes_map_attach(&store->map, entries[i].entry)
                                            : bytes_map_detach(&store->map, changes[i].key);
        bytes_map_entry_free(host, gone);
    }
    bytes_free(host, entries, count * sizeof *entries);
    return status;
}

static void memory_close(sotto_store *base) {
    memory_store *store = store_of(base);
    bytes_map_clear(&store->map);
    bytes_free(store->map.host, store, sizeof *store);
}

sotto_status sotto_store_memory(sotto_store **ret, const sotto_host *host) {
    static const sotto_store_class methods = {memory_get, memory_scan, memory_write, memory_close};
    if (ret == NULL || host == NULL) return SOTTO_FAIL(USAGE);
    memory_store *store = bytes_new(host, sizeof *store);
    if (store == NULL) return SOTTO_FAIL(NO_MEMORY);
    store->base.methods = &methods;
    bytes_map_init(&store->map, host);
    *ret = &store->base;
    return SOTTO_OK;
}
