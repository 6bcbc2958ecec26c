/* SPDX-License-Identifier: ISC
 *
 * What the library borrows from its host (memory, randomness) and the span type everything is passed in. */
#ifndef SOTTO_TYPES_H
#define SOTTO_TYPES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sotto/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A borrowed run of bytes: never owned, never NUL-terminated, `at` may be NULL when `len` is 0. As a parameter it
 * lives for the call; as a result its lifetime is stated where it is returned. */
typedef struct sotto_bytes {
    const uint8_t *at;
    size_t len;
} sotto_bytes;

/* A C string as bytes, its NUL not included. */
static inline sotto_bytes sotto_text(const char *text) {
    sotto_bytes bytes = {(const uint8_t *)text, strlen(text)};
    return bytes;
}

/* What a host lends. It must outlive everything opened with it; its functions are called on the thread of the caller.
 *
 * resize: allocate (at NULL, old_size 0), grow, shrink, or free (new_size 0, returns NULL). NULL for a new_size above 0
 *         means out of memory, and `at` is still valid. The library wipes before it frees or moves: a host need not.
 * random: fill `len` bytes from a cryptographic generator, all or an error. */
typedef struct sotto_host {
    void *arg;
    void *(*resize)(void *arg, void *at, size_t old_size, size_t new_size);
    sotto_status (*random)(void *arg, void *out, size_t len);
} sotto_host;

/* malloc/realloc/free and the operating system's generator. Static. */
SOTTO_API const sotto_host *sotto_host_default(void);

#ifdef __cplusplus
}
#endif

#endif
