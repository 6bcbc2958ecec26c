/* SPDX-License-Identifier: ISC
 *
 * What OpenSSL says when it fails. It tells the peer by the same words that nothing was right with its bytes, and that
 * there was no memory to read them; what it said first, deeper down, tells the two apart (doc/starved.md). */
#include <errno.h>
#include <openssl/err.h>

#include "tls/parts.h"

#define MEMORY_TRIED 4096u /* what a handshake takes at once, about */

static bool is_memory(unsigned long error) {
    if (ERR_SYSTEM_ERROR(error)) return ERR_GET_REASON(error) == ENOMEM;
    return ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
}

/* "Internal error", "init fail", "passed a null parameter"... */
static bool is_internal(unsigned long error) {
    return !ERR_SYSTEM_ERROR(error) && (ERR_GET_REASON(error) & ERR_RFLAG_FATAL) != 0;
}

/* Where memory is short now, it was short a moment ago, when something failed. */
static bool memory_is_short(void) {
    void *some = OPENSSL_malloc(MEMORY_TRIED);
    OPENSSL_free(some);
    return some == NULL;
}

sotto_status tls_failure(sotto_status otherwise) {
    bool memory = false, internal = ERR_peek_error() == 0; /* no word about it: some allocations fail so */
    for (unsigned long error = ERR_get_error(); error != 0; error = ERR_get_error()) {
        memory = memory || is_memory(error);
        internal = internal || is_internal(error);
    }
    if (memory || memory_is_short()) return SOTTO_FAIL(NO_MEMORY);
    return internal ? SOTTO_FAIL(CRYPTO_FAILED) : otherwise;
}

/* Only the newest and the oldest can be looked at without taking them out; memory is the oldest when it is the cause.
 */
bool tls_is_short(void) {
    unsigned long first = ERR_peek_error(), last = ERR_peek_last_error();
    return (first != 0 && is_memory(first)) || (last != 0 && is_memory(last));
}
