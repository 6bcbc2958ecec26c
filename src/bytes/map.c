/* SPDX-License-Identifier: ISC
 *
 * A treap: a search tree by key, a heap by priority. Priorities come from a counter through a mixing function. */
#include "bytes/map.h"

#include "bytes/memory.h"
#include "bytes/span.h"

struct bytes_map_entry {
    bytes_map_entry *left, *right;
    uint64_t priority;
    size_t key_len, value_len;
    uint8_t at[]; /* the key, then the value */
};

void bytes_map_init(bytes_map *map, const sotto_host *host) {
    *map = (bytes_map){.host = host};
}

/* splitmix64's finalizer: neighbouring counters give unrelated priorities. */
static uint64_t mix(uint64_t x) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

sotto_bytes bytes_map_entry_key(const bytes_map_entry *entry) {
    return bytes_of(entry->at, entry->key_len);
}

static sotto_bytes value_of(const bytes_map_entry *entry) {
    return bytes_of(entry->at + entry->key_len, entry->value_len);
}

bytes_map_entry *bytes_map_entry_new(const sotto_host *host, sotto_bytes key, sotto_bytes value) {
    bytes_map_entry *entry = bytes_new(host, sizeof *entry + key.len + value.len);
    if (entry == NULL) return NULL;
    entry->key_len = key.len;
    entry->value_len = value.len;
    if (key.len > 0) memcpy(entry->at, key.at, key.len);
    if (value.len > 0) memcpy(entry->at + key.len, value.at, value.len);
    return entry;
}

void bytes_map_entry_free(const sotto_host *host, bytes_map_entry *entry) {
    if (entry != NULL) bytes_free(host, entry, sizeof *entry + entry->key_len + entry->value_len);
}

/* Where the entry with this key hangs, or would hang. */
static bytes_map_entry **place_of(bytes_map *map, sotto_bytes key) {
    bytes_map_entry **at = &map->root;
    while (*at != NULL) {
        int order = bytes_compare(key, bytes_map_entry_key(*at));
        if (order == 0) break;
        at = order < 0 ? &(*at)->left : &(*at)->right;
    }
    return at;
}

/* Everything below `key` to *ret_less, the rest to *ret_more. The key itself is not in the tree. */
static void split(bytes_map_entry *entry, sotto_bytes key, bytes_map_entry **ret_less, bytes_map_entry **ret_more) {
    while (entry != NULL) {
        if (bytes_compare(bytes_map_entry_key(entry), key) < 0) {
            *ret_less = entry;
            ret_less = &entry->right;
            entry = entry->right;
        } else {
            *ret_more = entry;
            ret_more = &entry->left;
            entry = entry->left;
        }
    }
    *ret_less = NULL;
    *ret_more = NULL;
}

/* Every key of `less` is below every key of `more`. */
static void join(bytes_map_entry **at, bytes_map_entry *less, bytes_map_entry *more) {
    while (less != NULL && more != NULL) {
        if (less->priority > more->priority) {
            *at = less;
            at = &less->right;
            less = less->right;
        } else {
            *at = more;
            at = &more->left;
            more = more->left;
        }
    }
    *at = less != NULL ? less : more;
}

bytes_map_entry *bytes_map_attach(bytes_map *map, bytes_map_entry *entry) {
    sotto_bytes key = bytes_map_entry_key(entry);
    bytes_map_entry **at = place_of(map, key);
    bytes_map_entry *old = *at;
    if (old != NULL) { /* takes the place of the old one, priority included */
        entry->left = old->left;
        entry->right = old->right;
        entry->priority = old->priority;
        *at = entry;
        old->left = old->right = NULL;
        return old;
    }
    entry->priority = mix(map->sequence++);
    at = &map->root;
    while (*at != NULL && (*at)->priority >= entry->priority)
        at = bytes_compare(key, bytes_map_entry_key(*at)) < 0 ? &(*at)->left : &(*at)->right;
    split(*at, key, &entry->left, &entry->right);
    *at = entry;
    map->count++;
    return NULL;
}

bytes_map_entry *bytes_map_detach(bytes_map *map, sotto_bytes key) {
    bytes_map_entry **at = place_of(map, key);
    bytes_map_entry *entry = *at;
    if (entry == NULL) return NULL;
    join(at, entry->left, entry->right);
    entry->left = entry->right = NULL;
    map->count--;
    return entry;
}

sotto_status bytes_map_put(bytes_map *map, sotto_bytes key, sotto_bytes value) {
    bytes_map_entry *entry = bytes_map_entry_new(map->host, key, value);
    if (entry == NULL) return SOTTO_FAIL(NO_MEMORY);
    bytes_map_entry_free(map->host, bytes_map_attach(map, entry));
    return SOTTO_OK;
}

bool bytes_map_get(const bytes_map *map, sotto_bytes key, sotto_bytes *ret_value) {
    const bytes_map_entry *entry = map->root;
    while (entry != NULL) {
        int order = bytes_compare(key, bytes_map_entry_key(entry));
        if (order == 0) {
            *ret_value = value_of(entry);
            return true;
        }
        entry = order < 0 ? entry->left : entry->right;
    }
    return false;
}

void bytes_map_remove(bytes_map *map, sotto_bytes key) {
    bytes_map_entry_free(map->host, bytes_map_detach(map, key));
}

bool bytes_map_from(const bytes_map *map, sotto_bytes key, bool beyond, sotto_bytes *ret_key, sotto_bytes *ret_value) {
    const bytes_map_entry *best = NULL;
    const bytes_map_entry *entry = map->root;
    while (entry != NULL) {
        int order = bytes_compare(bytes_map_entry_key(entry), key);
        if (order > 0 || (order == 0 && !beyond)) {
            best = entry;
            entry = entry->left;
        } else {
            entry = entry->right;
        }
    }
    if (best == NULL) return false;
    *ret_key = bytes_map_entry_key(best);
    *ret_value = value_of(best);
    return true;
}

/* Without recursion: every left child is rotated up until there is none, then the entry goes. */
void bytes_map_clear(bytes_map *map) {
    bytes_map_entry *entry = map->root;
    while (entry != NULL) {
        bytes_map_entry *next;
        if (entry->left != NULL) {
            next = entry->left;
            entry->left = next->right;
            next->right = entry;
        } else {
            next = entry->right;
            bytes_map_entry_free(map->host, entry);
        }
        entry = next;
    }
    bytes_map_init(map, map->host);
}
