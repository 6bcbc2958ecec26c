/* SPDX-License-Identifier: ISC
 *
 * Memory from the host, always wiped before it goes back. */
#ifndef BYTES_MEMORY_H
#define BYTES_MEMORY_H

#include <sotto/types.h>

/* Zeroed memory, or NULL. size is above 0. */
void *bytes_new(const sotto_host *, size_t size);
/* The same with whatever is in there: for what is written whole right away. */
void *bytes_new_unset(const sotto_host *, size_t size);
/* Moves to a larger or smaller piece (old contents kept up to the smaller size, the rest zeroed, the old piece wiped).
 * NULL: out of memory, and `at` is still valid. */
void *bytes_resize(const sotto_host *, void *at, size_t old_size, size_t new_size);
/* Wipes and frees; NULL is allowed. */
void bytes_free(const sotto_host *, void *at, size_t size);
/* A write that the compiler may not leave out. */
void bytes_wipe(void *at, size_t size);

#endif
