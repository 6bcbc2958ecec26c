/* SPDX-License-Identifier: ISC
 *
 * Counting, and the verdict. */
#include "bytes/base64_form.h"

void bytes_base64_count_in(bytes_base64_count *ret, sotto_bytes text) {
    size_t blanks = 0, padding = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint32_t c = text.at[i];
        uint32_t blank =
            bytes_base64_within(c, ' ', ' ') | bytes_base64_within(c, '\t', '\n') | bytes_base64_within(c, '\r', '\r');
        blanks += blank & 1u;
        padding += bytes_base64_within(c, '=', '=') & 1u;
    }
    *ret = (bytes_base64_count){text.len - blanks, padding};
}

bool bytes_base64_good(uint32_t wrong) {
    return bytes_opaque((wrong | (0u - wrong)) >> 31) == 0;
}
