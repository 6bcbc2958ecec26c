/* SPDX-License-Identifier: ISC
 *
 * Memory from the host. Every way by which a piece of memory goes back passes bytes_wipe, so that no key stays in a
 * freed heap (T28: CVE-2024-34063 was a missing wipe). */
#include "bytes/memory.h"

#include <string.h>

void bytes_wipe(void *at, size_t size) {
    if (size > 0) explicit_bzero(at, size);
}

void *bytes_new_unset(const sotto_host *host, size_t size) {
    return host->resize(host->arg, NULL, 0, size);
}

void *bytes_new(const sotto_host *host, size_t size) {
    void *at = bytes_new_unset(host, size);
    if (at) memset(at, 0, size);
    return at;
}

/* Never through the host's own growing: it may move the bytes and leave the old ones behind. */
void *bytes_resize(const sotto_host *host, void *at, size_t old_size, size_t new_size) {
    size_t kept = old_size < new_size ? old_size : new_size;
    uint8_t *moved = host->resize(host->arg, NULL, 0, new_size);
    if (!moved) return NULL;
    if (kept > 0) memcpy(moved, at, kept);
    memset(moved + kept, 0, new_size - kept);
    bytes_free(host, at, old_size);
    return moved;
}

void bytes_free(const sotto_host *host, void *at, size_t size) {
    if (!at) return;
    bytes_wipe(at, size);
    (void)host->resize(host->arg, at, size, 0);
}
