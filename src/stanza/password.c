/* SPDX-License-Identifier: ISC
 *
 * Passwords of ASCII alone, which most are, never reach libidn: it works on copies that it does not wipe. */
#include "stanza/password.h"

#include <stringprep.h>

#include "bytes/memory.h"
#include "bytes/span.h"
#include "stanza/utf8.h"

#define POINTS_MAX 4096u /* 4 for each of 1023 bytes: no mapping makes more out of one code point */

static bool is_white(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static sotto_bytes trimmed(sotto_bytes text) {
    while (text.len > 0 && is_white(text.at[0])) text = bytes_after(text, 1);
    while (text.len > 0 && is_white(text.at[text.len - 1])) text.len--;
    return text;
}

static bool only_ascii(sotto_bytes text) {
    uint8_t all = 0;
    for (size_t i = 0; i < text.len; i++) all |= text.at[i];
    return all < 0x80;
}

/* RFC 3454 appendix C.2.1 is all that SASLprep does to ASCII. */
static sotto_status put_ascii(bytes_buffer *out, sotto_bytes text) {
    uint8_t forbidden = 0;
    for (size_t i = 0; i < text.len; i++) forbidden |= text.at[i] < ' ' || text.at[i] == 0x7f;
    if (forbidden != 0) return SOTTO_FAIL(MALFORMED);
    bytes_buffer_put(out, text);
    return SOTTO_OK;
}

static sotto_status decode(sotto_bytes text, uint32_t *ret, size_t *ret_len) {
    size_t len = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t point;
        if (len == POINTS_MAX / 4) return SOTTO_FAIL(NO_ROOM);
        if (!stanza_utf8_next(text, &at, &point)) return SOTTO_FAIL(MALFORMED);
        if (point == 0) return SOTTO_FAIL(MALFORMED); /* it would end libidn's tables */
        ret[len++] = point;
    }
    *ret_len = len;
    return SOTTO_OK;
}

/* Unassigned code points are let through: both sides compare, nobody stores (RFC 3454 section 7). */
static sotto_status put_other(bytes_buffer *out, sotto_bytes text, uint32_t points[POINTS_MAX]) {
    size_t len, first = 0;
    SOTTO_TRY(decode(text, points, &len));
    int result = stringprep_4i(points, &len, POINTS_MAX, 0, stringprep_saslprep);
    if (result == STRINGPREP_MALLOC_ERROR || result == STRINGPREP_NFKC_FAILED) return SOTTO_FAIL(NO_MEMORY);
    if (result != STRINGPREP_OK) return SOTTO_FAIL(MALFORMED);
    while (first < len && points[first] == ' ') first++; /* other spaces have become this one */
    while (len > first && points[len - 1] == ' ') len--;
    if (first == len) return SOTTO_FAIL(MALFORMED);
    for (size_t i = first; i < len; i++) {
        uint8_t bytes[4];
        bytes_buffer_put(out, bytes_of(bytes, stanza_utf8_put(bytes, points[i])));
    }
    return SOTTO_OK;
}

sotto_status stanza_password_prepare(bytes_buffer *out, sotto_bytes text) {
    uint32_t points[POINTS_MAX];
    sotto_bytes whole;
    text = trimmed(text);
    if (text.len == 0) return SOTTO_FAIL(MALFORMED);
    if (only_ascii(text)) {
        SOTTO_TRY(put_ascii(out, text));
    } else {
        sotto_status status = put_other(out, text, points);
        bytes_wipe(points, sizeof points);
        SOTTO_TRY(status);
    }
    return bytes_buffer_end(out, &whole);
}
