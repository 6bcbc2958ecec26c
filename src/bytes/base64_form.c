/* SPDX-License-Identifier: ISC
 *
 * Counting, and the verdict. */
#include "bytes/base64_form.h"

/* How many of eight characters are blanks, and '='. */
static void count_eight(const uint8_t *at, size_t *in_out_blanks, size_t *in_out_padding) {
    uint64_t c = bytes_lanes_load(at), low = c & BYTES_LANES(127), ascii = ~c >> 7 & BYTES_LANES(1);
    uint64_t blank = (bytes_lanes_from(low, '\t') ^ bytes_lanes_from(low, '\n' + 1)) |
                     (bytes_lanes_from(low, '\r') ^ bytes_lanes_from(low, '\r' + 1)) |
                     (bytes_lanes_from(low, ' ') ^ bytes_lanes_from(low, ' ' + 1));
    uint64_t padding = bytes_lanes_from(low, '=') ^ bytes_lanes_from(low, '=' + 1);
    *in_out_blanks += (size_t)((blank & ascii) * BYTES_LANES(1) >> 56); /* the sum of all lanes */
    *in_out_padding += (size_t)((padding & ascii) * BYTES_LANES(1) >> 56);
}

void bytes_base64_count_in(bytes_base64_count *ret, sotto_bytes text) {
    size_t blanks = 0, padding = 0, i = 0;
    for (; text.len - i >= 8; i += 8) count_eight(text.at + i, &blanks, &padding);
    for (; i < text.len; i++) {
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
