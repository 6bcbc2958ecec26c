/* SPDX-License-Identifier: ISC */
#include "crypto/padding.h"

#include "bytes/opaque.h"

uint32_t crypto_padding_of(const uint8_t last[CRYPTO_PADDING_BLOCK]) {
    const uint32_t count = last[CRYPTO_PADDING_BLOCK - 1];
    uint32_t wrong = ((CRYPTO_PADDING_BLOCK - count) | (count - 1u)) >> 31; /* above 16, or 0 */
    for (uint32_t i = 1; i <= CRYPTO_PADDING_BLOCK; i++) {
        uint32_t inside = bytes_opaque(0u - ((i - count - 1u) >> 31)); /* all ones for i <= count */
        wrong |= inside & (last[CRYPTO_PADDING_BLOCK - i] ^ count);
    }
    uint32_t bad = (wrong | (0u - wrong)) >> 31;
    return count & bytes_opaque(bad - 1u);
}
