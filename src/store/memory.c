/* SPDX-License-Identifier: ISC
 *
 * The store in memory: an AVL tree of records. Balanced whatever the order of the keys, which peers have a hand in.
 * A write makes all its records first and puts them into the tree afterwards; the second part takes no memory and so
 * cannot fail half-way. */
#include <string.h>

#include <sotto/store.h>

#include "bytes/memory.h"
#include "bytes/span.h"
#include "store/record.h"

typedef struct record {
    struct record *left;
    struct record *right; /* before it is in the tree: the next record of the same write */
    unsigned height;
    size_t key_len;
    size_t value_len;
    uint8_t bytes[]; /* the key, then the value */
} record;

typedef struct memory_store {
    sotto_store base;
    const sotto_host *host;
    record *root;
    bool visiting;
} memory_store;

static sotto_bytes key_of(const record *r) {
    return bytes_of(r->bytes, r->key_len);
}
static sotto_bytes value_of(const record *r) {
    return bytes_of(r->bytes + r->key_len, r->value_len);
}

static record *record_new(const sotto_host *host, const sotto_change *change) {
    record *r = bytes_new(host, sizeof *r + change->key.len + change->value.len);
    if (r == NULL) return NULL;
    r->key_len = change->key.len;
    r->value_len = change->value.len;
    memcpy(r->bytes, change->key.at, change->key.len);
    memcpy(r->bytes + r->key_len, change->value.at, change->value.len);
    return r;
}

static void record_free(const sotto_host *host, record *r) {
    if (r != NULL) bytes_free(host, r, sizeof *r + r->key_len + r->value_len);
}

/* ---- the tree: heights of siblings differ by one at most ---- */

static unsigned height_of(const record *r) {
    return r == NULL ? 0 : r->height;
}

static void measure(record *r) {
    unsigned left = height_of(r->left), right = height_of(r->right);
    r->height = (left > right ? left : right) + 1;
}

static record *rotate_left(record *r) {
    record *top = r->right;
    r->right = top->left;
    top->left = r;
    measure(r);
    measure(top);
    return top;
}

static record *rotate_right(record *r) {
    record *top = r->left;
    r->left = top->right;
    top->right = r;
    measure(r);
    measure(top);
    return top;
}

/* The new top of a tree whose two sides are balanced and differ by two at most. */
static record *balance(record *r) {
    if (height_of(r->left) > height_of(r->right) + 1) {
        if (height_of(r->left->left) < height_of(r->left->right)) r->left = rotate_left(r->left);
        return rotate_right(r);
    }
    if (height_of(r->right) > height_of(r->left) + 1) {
        if (height_of(r->right->right) < height_of(r->right->left)) r->right = rotate_right(r->right);
        return rotate_left(r);
    }
    measure(r);
    return r;
}

/* The tree with `added` in it; what had the same key comes out in *ret_old. */
static record *insert(record *top, record *added, record **ret_old) {
    if (top == NULL) {
        added->left = added->right = NULL;
        added->height = 1;
        return added;
    }
    int order = bytes_compare(key_of(added), key_of(top));
    if (order == 0) {
        added->left = top->left;
        added->right = top->right;
        added->height = top->height;
        *ret_old = top;
        return added;
    }
    if (order < 0)
        top->left = insert(top->left, added, ret_old);
    else
        top->right = insert(top->right, added, ret_old);
    return balance(top);
}

static record *take_first(record *top, record **ret_first) {
    if (top->left == NULL) {
        *ret_first = top;
        return top->right;
    }
    top->left = take_first(top->left, ret_first);
    return balance(top);
}

/* The tree without `key`; the record comes out in *ret_old. */
static record *take(record *top, sotto_bytes key, record **ret_old) {
    if (top == NULL) return NULL;
    int order = bytes_compare(key, key_of(top));
    if (order < 0) {
        top->left = take(top->left, key, ret_old);
    } else if (order > 0) {
        top->right = take(top->right, key, ret_old);
    } else {
        *ret_old = top;
        if (top->right == NULL) return top->left;
        record *next = NULL;
        record *right = take_first(top->right, &next);
        next->left = top->left;
        next->right = right;
        top = next;
    }
    return balance(top);
}

/* ---- the port ---- */

static sotto_status call(memory_store *store, const record *r, sotto_visit *visit, void *arg) {
    store->visiting = true;
    sotto_status status = visit(arg, key_of(r), value_of(r));
    store->visiting = false;
    return status;
}

static sotto_status memory_get(sotto_store *base, sotto_bytes key, sotto_visit *visit, void *arg) {
    memory_store *store = (memory_store *)base;
    if (store->visiting) return SOTTO_FAIL(STATE);
    SOTTO_TRY(store_key_check(key));
    const record *r = store->root;
    while (r != NULL) {
        int order = bytes_compare(key, key_of(r));
        if (order == 0) return call(store, r, visit, arg);
        r = order < 0 ? r->left : r->right;
    }
    return SOTTO_FAIL(NOT_FOUND);
}

static sotto_status scan(memory_store *store, const record *top, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    if (top == NULL) return SOTTO_OK;
    bool inside = bytes_starts_with(key_of(top), prefix);
    bool before = bytes_compare(key_of(top), prefix) < 0;
    if (!before) SOTTO_TRY(scan(store, top->left, prefix, visit, arg));
    if (inside) SOTTO_TRY(call(store, top, visit, arg));
    return before || inside ? scan(store, top->right, prefix, visit, arg) : SOTTO_OK;
}

static sotto_status memory_scan(sotto_store *base, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    memory_store *store = (memory_store *)base;
    if (store->visiting) return SOTTO_FAIL(STATE);
    SOTTO_TRY(store_prefix_check(prefix));
    return scan(store, store->root, prefix, visit, arg);
}

static void free_staged(const sotto_host *host, record *staged) {
    while (staged != NULL) {
        record *next = staged->right;
        record_free(host, staged);
        staged = next;
    }
}

static sotto_status memory_write(sotto_store *base, const sotto_change *changes, size_t count) {
    memory_store *store = (memory_store *)base;
    if (store->visiting) return SOTTO_FAIL(STATE);
    SOTTO_TRY(store_changes_check(changes, count));
    record *staged = NULL;
    record **end = &staged;
    for (size_t i = 0; i < count; i++) {
        if (changes[i].value.len == 0) continue;
        *end = record_new(store->host, &changes[i]);
        if (*end == NULL) {
            free_staged(store->host, staged);
            return SOTTO_FAIL(NO_MEMORY);
        }
        end = &(*end)->right;
    }
    for (size_t i = 0; i < count; i++) {
        record *old = NULL;
        if (changes[i].value.len == 0) {
            store->root = take(store->root, changes[i].key, &old);
        } else {
            record *added = staged;
            staged = staged->right;
            store->root = insert(store->root, added, &old);
        }
        record_free(store->host, old);
    }
    return SOTTO_OK;
}

static void free_tree(const sotto_host *host, record *top) {
    if (top == NULL) return;
    free_tree(host, top->left);
    free_tree(host, top->right);
    record_free(host, top);
}

static void memory_close(sotto_store *base) {
    if (base == NULL) return;
    memory_store *store = (memory_store *)base;
    free_tree(store->host, store->root);
    bytes_free(store->host, store, sizeof *store);
}

sotto_status sotto_store_memory(sotto_store **ret, const sotto_host *host) {
    static const sotto_store_class methods = {memory_get, memory_scan, memory_write, memory_close};
    if (ret == NULL || host == NULL) return SOTTO_FAIL(USAGE);
    memory_store *store = bytes_new(host, sizeof *store);
    if (store == NULL) return SOTTO_FAIL(NO_MEMORY);
    store->base.methods = &methods;
    store->host = host;
    *ret = &store->base;
    return SOTTO_OK;
}
