/* SPDX-License-Identifier: ISC */
#include "rig.h"

void fuzz_broken(const char *file, int line, const char *what) {
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

static bool is_zero(const uint8_t *at, size_t size) {
    return size == 0 || (at[0] == 0 && memcmp(at, at + 1, size - 1) == 0);
}

void *fuzz_resize(void *arg, void *at, size_t old_size, size_t new_size) {
    fuzz_host *host = arg;
    MUST(is_zero(at, old_size)); /* wiped before it goes back */
    if (new_size > 0) {
        host->calls++;
        if (host->fail_at > 0 && host->calls >= host->fail_at) return NULL;
    }
    host->lent = host->lent - old_size + new_size;
    if (new_size == 0) {
        free(at);
        return NULL;
    }
    uint8_t *moved = realloc(at, new_size);
    MUST(moved != NULL);
    if (!at) memset(moved, 0xa5, new_size); /* nobody may count on zeros */
    return moved;
}

/* xorshift64* */
sotto_status fuzz_random(void *arg, void *out, size_t len) {
    fuzz_host *host = arg;
    uint8_t *at = out;
    for (size_t i = 0; i < len; i++) {
        host->random_state ^= host->random_state >> 12;
        host->random_state ^= host->random_state << 25;
        host->random_state ^= host->random_state >> 27;
        at[i] = (uint8_t)((host->random_state * UINT64_C(2685821657736338717)) >> 56);
    }
    return SOTTO_OK;
}

/* FNV-1a */
uint64_t fuzz_touch(sotto_bytes bytes) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < bytes.len; i++) hash = (hash ^ bytes.at[i]) * UINT64_C(1099511628211);
    return hash;
}
