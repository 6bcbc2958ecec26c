/* SPDX-License-Identifier: ISC
 *
 * Each piece has its size before it, so that it can be wiped whole. */
#include "tls/wipe.h"

#include <openssl/crypto.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/memory.h"

typedef union piece {
    size_t size;
    max_align_t aligned;
} piece;

static void *piece_take(size_t size, const char *file, int line) {
    (void)file;
    (void)line;
    if (size == 0 || size > SIZE_MAX - sizeof(piece)) return NULL;
    piece *made = malloc(sizeof *made + size);
    if (made == NULL) return NULL;
    made->size = size;
    return made + 1;
}

static void piece_free(void *at, const char *file, int line) {
    (void)file;
    (void)line;
    if (at == NULL) return;
    piece *whole = (piece *)at - 1;
    bytes_wipe(whole, sizeof *whole + whole->size);
    free(whole);
}

static void *piece_resize(void *at, size_t size, const char *file, int line) {
    if (at == NULL) return piece_take(size, file, line);
    if (size == 0) {
        piece_free(at, file, line);
        return NULL;
    }
    size_t before = ((const piece *)at - 1)->size;
    void *moved = piece_take(size, file, line);
    if (moved == NULL) return NULL;
    memcpy(moved, at, before < size ? before : size);
    piece_free(at, file, line);
    return moved;
}

sotto_status tls_wipe_start(void) {
    return CRYPTO_set_mem_functions(piece_take, piece_resize, piece_free) == 1 ? SOTTO_OK : SOTTO_FAIL(STATE);
}
