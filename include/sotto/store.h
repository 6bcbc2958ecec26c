/* SPDX-License-Identifier: ISC
 *
 * The store port: ordered records, written in transactions. A host may bring its own implementation.
 *
 * A record is a key and a value, both runs of bytes; keys are ordered as by memcmp and at most 4096 bytes long. The
 * engine lays its keys out so that what is used together lies together (everything about a contact's devices is one
 * run). A store knows nothing of what its records mean; it must keep the values secret at rest. */
#ifndef SOTTO_STORE_H
#define SOTTO_STORE_H

#include <sotto/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sotto_store sotto_store;

#define SOTTO_STORE_KEY_BYTES_MAX 4096u

/* One change: an empty value deletes the record (deleting what is not there is no error). */
typedef struct sotto_change {
    sotto_bytes key;
    sotto_bytes value;
} sotto_change;

/* Called for a record; key and value live for the call. A failure stops the reading and is returned by it. The store
 * must not be called from inside. */
typedef sotto_status sotto_visit(void *arg, sotto_bytes key, sotto_bytes value);

/* An implementation's struct begins with `struct sotto_store`.
 *
 * get    calls visit with the record, once. SOTTO_E_NOT_FOUND when there is none.
 * scan   calls visit for every record whose key starts with prefix, in order. None is no error; an empty prefix is all.
 * write  does all the changes in one transaction and returns once they are durable, or changes nothing.
 *        SOTTO_E_STORE_FULL, SOTTO_E_STORE_FAILED. A later change of a key wins over an earlier one.
 *        SOTTO_E_TOO_LARGE: a value over SOTTO_RECORD_BYTES_MAX.
 * close  wipes and frees.
 *
 * SOTTO_E_USAGE: a key that is empty, or a key or prefix that is too long. SOTTO_E_STATE: a call from inside visit.
 * SOTTO_E_STORE_CORRUPT: a value is not what was written; the other records can still be read. */
typedef struct sotto_store_class {
    sotto_status (*get)(sotto_store *, sotto_bytes key, sotto_visit *visit, void *arg);
    sotto_status (*scan)(sotto_store *, sotto_bytes prefix, sotto_visit *visit, void *arg);
    sotto_status (*write)(sotto_store *, const sotto_change *changes, size_t count);
    void (*close)(sotto_store *);
} sotto_store_class;

/* `setbacks` is set when the store is opened: how often, in all, it was found to be older than a state that had been
 * opened before: copied back from a backup, say. A higher number than last time tells the engine so, before any key is
 * used a second time (T18). A store that cannot know leaves it at 0. */
struct sotto_store {
    const sotto_store_class *methods;
    uint64_t setbacks;
};

/* Wipes and frees; NULL is allowed. No errors. */
static inline void sotto_store_close(sotto_store *store) {
    if (store) store->methods->close(store);
}

/* A store that forgets everything on close. For tests, and for hosts that write snapshots of their own.
 * Errors: NO_MEMORY, USAGE. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_store_memory(sotto_store **ret, const sotto_host *host);

#ifdef __cplusplus
}
#endif

#endif
