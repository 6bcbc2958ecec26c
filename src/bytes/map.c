/* SPDX-License-Identifier: ISC
 *
 * A treap: a search tree by key, a heap by priority. Priorities come from a counter through a mixing function. Beside
 * it an index, lists of entries by a hash of their keys: only a few steps of a list are ever taken, then the tree is
 * asked. */
#include "bytes/map.h"

#include "bytes/memory.h"
#include "bytes/span.h"

struct bytes_map_entry {
    bytes_map_entry *left, *right, *up; /* all NULL outside a map */
    bytes_map_entry *next;              /* in the list of the index */
    uint64_t priority;
    uint64_t hash;
    size_t key_len, value_len;
    uint8_t at[]; /* the key, then the value */
};

#define INDEX_FROM      32u /* entries; smaller maps are looked through as fast without */
#define INDEX_STEPS_MAX 16u
#define INDEX_KEPT      4096u /* larger ones go with the entries */

void bytes_map_init(bytes_map *map, const sotto_host *host) {
    *map = (bytes_map){.host = host, .seed = (uint64_t)(uintptr_t)map};
}

/* splitmix64's finalizer: neighbouring counters give unrelated priorities. */
static uint64_t mix(uint64_t x) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t bytes_map_hash(sotto_bytes key, uint64_t seed) {
    uint64_t hash = seed ^ key.len;
    size_t at = 0;
    for (; key.len - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, key.at + at, 8);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    uint64_t word = 0;
    for (size_t i = at; i < key.len; i++) word = word << 8 | key.at[i];
    return mix(hash ^ word);
}

static uint64_t hash_of(const bytes_map *map, sotto_bytes key) {
    return bytes_map_hash(key, map->seed);
}

sotto_bytes bytes_map_entry_key(const bytes_map_entry *entry) {
    return bytes_of(entry->at, entry->key_len);
}

sotto_bytes bytes_map_entry_value(const bytes_map_entry *entry) {
    return bytes_of(entry->at + entry->key_len, entry->value_len);
}

bytes_map_entry *bytes_map_entry_new(const sotto_host *host, sotto_bytes key, sotto_bytes value) {
    bytes_map_entry *entry = bytes_new_unset(host, sizeof *entry + key.len + value.len);
    if (entry == NULL) return NULL;
    *entry = (bytes_map_entry){.key_len = key.len, .value_len = value.len};
    if (key.len > 0) memcpy(entry->at, key.at, key.len);
    if (value.len > 0) memcpy(entry->at + key.len, value.at, value.len);
    return entry;
}

void bytes_map_entry_free(const sotto_host *host, bytes_map_entry *entry) {
    if (entry != NULL) bytes_free(host, entry, sizeof *entry + entry->key_len + entry->value_len);
}

/* ---- in order ---- */

static bytes_map_entry *first_of(bytes_map_entry *entry) {
    while (entry != NULL && entry->left != NULL) entry = entry->left;
    return entry;
}

static bytes_map_entry *next_of(const bytes_map_entry *entry) {
    if (entry->right != NULL) return first_of(entry->right);
    while (entry->up != NULL && entry->up->right == entry) entry = entry->up;
    return entry->up;
}

const bytes_map_entry *bytes_map_first(const bytes_map *map) {
    return first_of(map->root);
}

const bytes_map_entry *bytes_map_next(const bytes_map_entry *entry) {
    return next_of(entry);
}

/* ---- the index ---- */

static bytes_map_entry **list_of(const bytes_map *map, uint64_t hash) {
    return &map->index[hash & (map->index_size - 1)];
}

static void index_put(const bytes_map *map, bytes_map_entry *entry) {
    if (map->index_size == 0) return;
    bytes_map_entry **list = list_of(map, entry->hash);
    entry->next = *list;
    *list = entry;
}

static void index_remove(const bytes_map *map, bytes_map_entry *entry) {
    if (map->index_size == 0) return;
    bytes_map_entry **at = list_of(map, entry->hash);
    while (*at != entry) at = &(*at)->next;
    *at = entry->next;
    entry->next = NULL;
}

/* False: nothing can be said. */
static bool index_get(const bytes_map *map, sotto_bytes key, uint64_t hash, bytes_map_entry **ret) {
    if (map->index_size == 0) return false;
    bytes_map_entry *entry = *list_of(map, hash);
    for (unsigned steps = 0; entry != NULL; entry = entry->next) {
        if (++steps > INDEX_STEPS_MAX) return false;
        if (entry->hash == hash && bytes_equal(bytes_map_entry_key(entry), key)) break;
    }
    *ret = entry;
    return true;
}

/* Makes room in the index for one more. Without memory everything stays as it was. */
static void index_grow(bytes_map *map) {
    if (map->count < INDEX_FROM || map->count < map->index_size) return;
    size_t size = map->index_size == 0 ? 2 * INDEX_FROM : 2 * map->index_size;
    bytes_map_entry **index = bytes_new(map->host, size * sizeof(bytes_map_entry *));
    if (index == NULL) return;
    bytes_free(map->host, map->index, map->index_size * sizeof(bytes_map_entry *));
    map->index = index;
    map->index_size = size;
    for (bytes_map_entry *entry = first_of(map->root); entry != NULL; entry = next_of(entry)) index_put(map, entry);
}

/* ---- the tree ---- */

static bytes_map_entry *tree_get(const bytes_map *map, sotto_bytes key) {
    bytes_map_entry *entry = map->root;
    while (entry != NULL) {
        int order = bytes_compare(key, bytes_map_entry_key(entry));
        if (order == 0) break;
        entry = order < 0 ? entry->left : entry->right;
    }
    return entry;
}

static bytes_map_entry *find(const bytes_map *map, sotto_bytes key, uint64_t hash) {
    bytes_map_entry *found;
    return index_get(map, key, hash, &found) ? found : tree_get(map, key);
}

/* Where an entry hangs. */
static bytes_map_entry **place_of(bytes_map *map, const bytes_map_entry *entry) {
    if (entry->up == NULL) return &map->root;
    return entry->up->left == entry ? &entry->up->left : &entry->up->right;
}

static void hang(bytes_map_entry **at, bytes_map_entry *up, bytes_map_entry *entry) {
    *at = entry;
    if (entry != NULL) entry->up = up;
}

/* What hangs at *from is split: below `key` to the left of `up`, the rest to its right. The key itself is not there. */
static void split(bytes_map_entry *from, sotto_bytes key, bytes_map_entry *up) {
    bytes_map_entry **less = &up->left, **more = &up->right, *less_up = up, *more_up = up;
    while (from != NULL) {
        if (bytes_compare(bytes_map_entry_key(from), key) < 0) {
            hang(less, less_up, from);
            less_up = from;
            less = &from->right;
            from = from->right;
        } else {
            hang(more, more_up, from);
            more_up = from;
            more = &from->left;
            from = from->left;
        }
    }
    *less = NULL;
    *more = NULL;
}

/* Every key of `less` is below every key of `more`. */
static void join(bytes_map_entry **at, bytes_map_entry *up, bytes_map_entry *less, bytes_map_entry *more) {
    while (less != NULL && more != NULL) {
        if (less->priority > more->priority) {
            hang(at, up, less);
            up = less;
            at = &less->right;
            less = less->right;
        } else {
            hang(at, up, more);
            up = more;
            at = &more->left;
            more = more->left;
        }
    }
    hang(at, up, less != NULL ? less : more);
}

/* Takes the place of the old one, priority included. */
static void replace(bytes_map *map, bytes_map_entry *old, bytes_map_entry *entry) {
    entry->priority = old->priority;
    hang(place_of(map, old), old->up, entry);
    hang(&entry->left, entry, old->left);
    hang(&entry->right, entry, old->right);
    old->left = old->right = old->up = NULL;
}

static void insert(bytes_map *map, bytes_map_entry *entry) {
    sotto_bytes key = bytes_map_entry_key(entry);
    bytes_map_entry **at = &map->root, *up = NULL;
    entry->priority = mix(map->sequence++);
    while (*at != NULL && (*at)->priority >= entry->priority) {
        up = *at;
        at = bytes_compare(key, bytes_map_entry_key(up)) < 0 ? &up->left : &up->right;
    }
    split(*at, key, entry);
    hang(at, up, entry);
    map->count++;
}

bytes_map_entry *bytes_map_attach(bytes_map *map, bytes_map_entry *entry) {
    entry->hash = hash_of(map, bytes_map_entry_key(entry));
    bytes_map_entry *old = find(map, bytes_map_entry_key(entry), entry->hash);
    if (old != NULL)
        index_remove(map, old);
    else
        index_grow(map);
    index_put(map, entry);
    if (old != NULL)
        replace(map, old, entry);
    else
        insert(map, entry);
    return old;
}

bytes_map_entry *bytes_map_detach(bytes_map *map, sotto_bytes key) {
    bytes_map_entry *entry = map->root == NULL ? NULL : find(map, key, hash_of(map, key));
    if (entry == NULL) return NULL;
    index_remove(map, entry);
    join(place_of(map, entry), entry->up, entry->left, entry->right);
    entry->left = entry->right = entry->up = NULL;
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
    const bytes_map_entry *entry = map->root == NULL ? NULL : find(map, key, hash_of(map, key));
    if (entry != NULL) *ret_value = bytes_map_entry_value(entry);
    return entry != NULL;
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
    *ret_value = bytes_map_entry_value(best);
    return true;
}

/* Without recursion: every left child is rotated up until there is none, then the entry goes. */
static void unhang_all(bytes_map *map, bytes_map_take *take, void *arg) {
    bytes_map_entry *entry = map->root;
    map->root = NULL;
    map->count = 0;
    while (entry != NULL) {
        bytes_map_entry *next;
        if (entry->left != NULL) {
            next = entry->left;
            entry->left = next->right;
            next->right = entry;
        } else {
            next = entry->right;
            entry->right = entry->up = entry->next = NULL;
            take(arg, entry);
        }
        entry = next;
    }
}

static void index_drop(bytes_map *map) {
    bytes_free(map->host, map->index, map->index_size * sizeof(bytes_map_entry *));
    map->index = NULL;
    map->index_size = 0;
}

void bytes_map_drain(bytes_map *map, bytes_map_take *take, void *arg) {
    if (map->index_size > INDEX_KEPT)
        index_drop(map);
    else if (map->index_size > 0 && map->count > 0)
        memset(map->index, 0, map->index_size * sizeof(bytes_map_entry *));
    unhang_all(map, take, arg);
}

static void free_entry(void *arg, bytes_map_entry *entry) {
    const bytes_map *map = arg;
    bytes_map_entry_free(map->host, entry);
}

void bytes_map_clear(bytes_map *map) {
    const sotto_host *host = map->host;
    unhang_all(map, free_entry, map);
    index_drop(map);
    bytes_map_init(map, host);
}
