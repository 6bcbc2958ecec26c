/* SPDX-License-Identifier: ISC
 *
 * The padding of CBC. In a file of its own, so that the check of constant time (test/constant) can tell the place where
 * the length of a message stops being a secret: behind this call. */
#ifndef CRYPTO_PADDING_H
#define CRYPTO_PADDING_H

#include <sotto/types.h>

#define CRYPTO_PADDING_BLOCK 16

/* 1 to 16 bytes that all have the value of their number (RFC 5652 section 6.3); 0 when they have not. All sixteen are
 * always looked at, without a branch: callers compare a MAC before, but a padding oracle should not be one line away.
 */
uint32_t crypto_padding_of(const uint8_t last[CRYPTO_PADDING_BLOCK]);

#endif
