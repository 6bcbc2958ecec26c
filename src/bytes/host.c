/* SPDX-License-Identifier: ISC
 *
 * The host that most programs use: the C library's memory and the kernel's generator. */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include <sotto/types.h>

static void *host_resize(void *arg, void *at, size_t old_size, size_t new_size) {
    (void)arg;
    (void)old_size;
    if (new_size > 0) return realloc(at, new_size);
    free(at);
    return NULL;
}

/* getrandom(2) blocks until the kernel's generator is ready, and needs no file descriptor (sandboxes). */
static sotto_status host_random(void *arg, void *out, size_t len) {
    (void)arg;
    uint8_t *at = out;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return SOTTO_FAIL(NO_RANDOM);
        at += got;
        len -= (size_t)got;
    }
    return SOTTO_OK;
}

const sotto_host *sotto_host_default(void) {
    static const sotto_host host = {.arg = NULL, .resize = host_resize, .random = host_random};
    return &host;
}
