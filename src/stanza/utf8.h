/* SPDX-License-Identifier: ISC
 *
 * UTF-8 read and written by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef STANZA_UTF8_H
#define STANZA_UTF8_H

#include <sotto/types.h>

/* The code point at *at, which moves behind it. False: what is there is not UTF-8. */
static inline bool stanza_utf8_next(sotto_bytes text, size_t *at, uint32_t *ret) {
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint8_t first = text.at[*at];
    size_t more = first < 0x80 ? 0 : first < 0xc2 ? 4 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 4;
    if (more == 4 || more >= text.len - *at) return false;
    uint32_t point = more == 0 ? first : first & (0x3fu >> more);
    for (size_t i = 1; i <= more; i++) {
        uint8_t next = text.at[*at + i];
        if ((next & 0xc0) != 0x80) return false;
        point = point << 6 | (next & 0x3fu);
    }
    if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
    *at += more + 1;
    *ret = point;
    return true;
}

/* Writes a code point (at most 4 bytes) and says how many bytes it took. */
static inline size_t stanza_utf8_put(uint8_t *at, uint32_t point) {
    if (point < 0x80) {
        at[0] = (uint8_t)point;
        return 1;
    }
    size_t more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t marks[] = {0, 0xc0, 0xe0, 0xf0};
    at[0] = (uint8_t)(marks[more] | point >> (6 * more));
    for (size_t i = 1; i <= more; i++) at[i] = (uint8_t)(0x80 | (point >> (6 * (more - i)) & 0x3f));
    return more + 1;
}

#endif
