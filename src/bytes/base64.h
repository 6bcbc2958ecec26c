/* SPDX-License-Identifier: ISC
 *
 * Base64 (RFC 4648 section 4) and hex, in time that depends on the length alone (T28). */
#ifndef BYTES_BASE64_H
#define BYTES_BASE64_H

#include "bytes/buffer.h"

static inline size_t bytes_base64_size(size_t len) {
    return (len + 2) / 3 * 4;
}
void bytes_base64_put(bytes_buffer *, sotto_bytes);
/* Decodes into `ret`, appending. Padding is required and must be zero; blanks, tabs and line breaks between characters
 * are skipped (XML Schema base64Binary allows them). MALFORMED, or what the buffer says; on error nothing is appended.
 */
SOTTO_MUST_CHECK sotto_status bytes_base64_get(bytes_buffer *ret, sotto_bytes text);
/* Decodes exactly `len` bytes. On error out is zeroed. */
SOTTO_MUST_CHECK sotto_status bytes_base64_into(void *out, size_t len, sotto_bytes text);

void bytes_hex_put(bytes_buffer *, sotto_bytes); /* lower case */
/* Both cases, an even number of digits, nothing else. */
SOTTO_MUST_CHECK sotto_status bytes_hex_get(bytes_buffer *ret, sotto_bytes text);

#endif
