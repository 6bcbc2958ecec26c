/* SPDX-License-Identifier: ISC
 *
 * One map; the keys are those of the records, the values the structs themselves. */
#include "seal/omemo/cache.h"

#include <string.h>

void omemo_cache_init(omemo_cache *cache, const sotto_host *host) {
    bytes_map_init(&cache->map, host);
    cache->glimpses = 0;
}

static bool cache_get(const omemo_cache *cache, sotto_bytes jid, uint32_t device, char what, void *ret, size_t size) {
    omemo_row row;
    sotto_bytes value;
    if (!sotto_ok(omemo_row_device(&row, jid, device, what))) return false;
    if (!bytes_map_get(&cache->map, omemo_row_key(&row), &value) || value.len != size) return false;
    memcpy(ret, value.at, size);
    return true;
}

static sotto_status cache_put(omemo_cache *cache, sotto_bytes jid, uint32_t device, char what, const void *value,
                              size_t size) {
    omemo_row row;
    SOTTO_TRY(omemo_row_device(&row, jid, device, what));
    if (cache->map.count >= SOTTO_OMEMO_CACHE_MAX) omemo_cache_forget(cache, BYTES_NONE);
    return bytes_map_put(&cache->map, omemo_row_key(&row), bytes_of(value, size));
}

static char list_of(const omemo_dialect *dialect) {
    return omemo_row_in(OMEMO_ROW_LIST, dialect->number);
}

static char device_of(const omemo_dialect *dialect) {
    return omemo_row_in(OMEMO_ROW_DEVICE, dialect->number);
}

static bool is_device(char what) {
    return what >= OMEMO_ROW_DEVICE && what < OMEMO_ROW_DEVICE + OMEMO_DIALECTS;
}

void omemo_cache_view(const omemo_cache *cache, sotto_bytes jid, const omemo_dialect *dialect, omemo_view *ret) {
    if (!cache_get(cache, jid, 0, list_of(dialect), ret, sizeof *ret)) *ret = (omemo_view){.fresh = false};
}

sotto_status omemo_cache_put_view(omemo_cache *cache, sotto_bytes jid, const omemo_dialect *dialect,
                                  const omemo_view *view) {
    return cache_put(cache, jid, 0, list_of(dialect), view, sizeof *view);
}

sotto_status omemo_cache_devices(const omemo_cache *cache, seal_env *env, sotto_bytes jid, const omemo_dialect *dialect,
                                 omemo_devices *ret) {
    omemo_view view;
    omemo_cache_view(cache, jid, dialect, &view);
    if (!view.fresh) return omemo_devices_load(env, jid, dialect, ret);
    *ret = view.devices;
    return SOTTO_OK;
}

bool omemo_cache_glimpse(const omemo_cache *cache, sotto_bytes jid, const omemo_dialect *dialect, uint32_t device,
                         omemo_glimpse *ret) {
    return cache_get(cache, jid, device, device_of(dialect), ret, sizeof *ret);
}

sotto_status omemo_cache_put_glimpse(omemo_cache *cache, sotto_bytes jid, const omemo_dialect *dialect, uint32_t device,
                                     const omemo_glimpse *glimpse) {
    omemo_glimpse before;
    bool is_new = !omemo_cache_glimpse(cache, jid, dialect, device, &before);
    SOTTO_TRY(cache_put(cache, jid, device, device_of(dialect), glimpse, sizeof *glimpse));
    if (is_new || cache->glimpses == 0) cache->glimpses++;
    return SOTTO_OK;
}

void omemo_cache_drop_glimpse(omemo_cache *cache, sotto_bytes jid, const omemo_dialect *dialect, uint32_t device) {
    omemo_row row;
    if (cache->glimpses == 0 || !sotto_ok(omemo_row_device(&row, jid, device, device_of(dialect)))) return;
    bytes_map_entry *entry = bytes_map_detach(&cache->map, omemo_row_key(&row));
    if (entry != NULL) cache->glimpses--;
    bytes_map_entry_free(cache->map.host, entry);
}

bool omemo_cache_patience(const omemo_cache *cache, sotto_bytes jid, omemo_patience *ret) {
    return cache_get(cache, jid, 0, OMEMO_ROW_PATIENCE, ret, sizeof *ret);
}

sotto_status omemo_cache_put_patience(omemo_cache *cache, sotto_bytes jid, const omemo_patience *patience) {
    return cache_put(cache, jid, 0, OMEMO_ROW_PATIENCE, patience, sizeof *patience);
}

void omemo_cache_drop_patience(omemo_cache *cache, sotto_bytes jid) {
    omemo_row row;
    if (sotto_ok(omemo_row_device(&row, jid, 0, OMEMO_ROW_PATIENCE)))
        bytes_map_remove(&cache->map, omemo_row_key(&row));
}

void omemo_cache_failures(const omemo_cache *cache, sotto_bytes jid, omemo_failures *ret) {
    if (!cache_get(cache, jid, 0, OMEMO_ROW_FAILURES, ret, sizeof *ret)) *ret = (omemo_failures){.count = 0};
}

sotto_status omemo_cache_put_failures(omemo_cache *cache, sotto_bytes jid, const omemo_failures *failures) {
    return cache_put(cache, jid, 0, OMEMO_ROW_FAILURES, failures, sizeof *failures);
}

void omemo_cache_forget(omemo_cache *cache, sotto_bytes jid) {
    omemo_row row;
    sotto_bytes key, value;
    if (jid.len == 0) {
        bytes_map_clear(&cache->map);
        cache->glimpses = 0;
        return;
    }
    if (!sotto_ok(omemo_row_all(&row, jid))) return;
    while (bytes_map_from(&cache->map, omemo_row_key(&row), false, &key, &value) &&
           bytes_starts_with(key, omemo_row_key(&row))) {
        omemo_row found;
        if (key.len > sizeof found.at) return;
        memcpy(found.at, key.at, key.len); /* the map's own key goes with the entry */
        found.len = key.len;
        if (is_device((char)found.at[found.len - 1])) cache->glimpses--;
        bytes_map_remove(&cache->map, omemo_row_key(&found));
    }
}
