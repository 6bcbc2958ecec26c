/* SPDX-License-Identifier: ISC
 *
 * Memory for expat. Its allocator is three functions without an argument, so it cannot be the host's without a global
 * variable; it is malloc, with the size kept in front, so that everything is wiped before it goes back: what passes
 * through expat is also what was decrypted. */
#ifndef STANZA_MEMORY_H
#define STANZA_MEMORY_H

#include <stddef.h>

void *stanza_memory_new(size_t size);
void *stanza_memory_resize(void *at, size_t size);
void stanza_memory_free(void *at);

#endif
