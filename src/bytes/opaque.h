/* SPDX-License-Identifier: ISC
 *
 * A word the compiler knows nothing about. Masks made of secrets pass through here: a compiler that sees that a mask is
 * all ones or zero may make a branch of it (clang 14 did, of base64). Found and held by test/constant. */
#ifndef BYTES_OPAQUE_H
#define BYTES_OPAQUE_H

#include <stdint.h>

static inline uint32_t bytes_opaque(uint32_t word) {
    __asm__("" : "+r"(word));
    return word;
}

static inline uint64_t bytes_opaque_wide(uint64_t word) {
    __asm__("" : "+r"(word));
    return word;
}

#endif
