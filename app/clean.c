/* SPDX-License-Identifier: ISC
 *
 * Cleaning. One pass over code points; what is not UTF-8 is replaced byte by byte. */
#include "app/clean.h"

#include "bytes/span.h"
#include "stanza/utf8.h"

#define REPLACEMENT 0xfffdu

typedef struct range {
    uint32_t first, last;
} range;

static bool in_ranges(uint32_t point, const range *ranges, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (point >= ranges[i].first && point <= ranges[i].last) return true;
    return false;
}

/* The zero width joiner and non-joiner (U+200C, U+200D) stay: several scripts and most emoji need them, and they
 * neither move nor reorder anything. */
static const range forbidden[] = {
    {0x0000, 0x0008},   {0x000e, 0x001f},    {0x007f, 0x0084}, {0x0086, 0x009f}, /* controls */
    {0x00ad, 0x00ad},                                                            /* soft hyphen */
    {0x034f, 0x034f},                                                            /* grapheme joiner */
    {0x061c, 0x061c},   {0x200e, 0x200f},    {0x202a, 0x202e}, {0x2066, 0x2069}, /* directions: UAX 9 */
    {0x115f, 0x1160},   {0x17b4, 0x17b5},    {0x180b, 0x180f}, {0x3164, 0x3164}, /* fillers */
    {0xffa0, 0xffa0},                                                            /* fillers */
    {0x200b, 0x200b},   {0x2060, 0x2065},    {0x206a, 0x206f}, {0xfeff, 0xfeff}, /* invisible */
    {0xfff0, 0xfffb},                                                            /* annotations */
    {0xe000, 0xf8ff},   {0xf0000, 0x10ffff},                                     /* private use */
    {0xfdd0, 0xfdef},   {0xfffe, 0xffff},                                        /* noncharacters */
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},                                      /* formats of notations */
    {0xe0000, 0xe00ff}, {0xe01f0, 0xeffff},                                      /* tags */
};

bool app_clean_forbidden(uint32_t point) {
    return in_ranges(point, forbidden, sizeof forbidden / sizeof *forbidden) || (point & 0xfffe) == 0xfffe;
}

/* Line feed to carriage return, next line, line and paragraph separator. */
static bool is_line_end(uint32_t point) {
    return (point >= 0x0a && point <= 0x0d) || point == 0x85 || point == 0x2028 || point == 0x2029;
}

static void put_point(bytes_buffer *to, uint32_t point, bool ascii) {
    uint8_t form[4];
    if (ascii && point >= 0x80) {
        bytes_buffer_u8(to, '?');
        return;
    }
    bytes_buffer_put(to, bytes_of(form, stanza_utf8_put(form, point)));
}

/* margin NULL: line ends become blanks. */
static void clean(bytes_buffer *to, sotto_bytes text, const char *margin, bool ascii) {
    size_t at = 0;
    while (at < text.len) {
        uint32_t point;
        if (!stanza_utf8_next(text, &at, &point)) {
            at++;
            point = REPLACEMENT;
        }
        if (is_line_end(point)) {
            if (point == 0x0d && at < text.len && text.at[at] == 0x0a) at++;
            bytes_buffer_text(to, margin ? "\n" : " ");
            if (margin) bytes_buffer_text(to, margin);
        } else if (point == '\t') {
            bytes_buffer_u8(to, ' ');
        } else {
            put_point(to, app_clean_forbidden(point) ? REPLACEMENT : point, ascii);
        }
    }
}

void app_clean_line(bytes_buffer *to, sotto_bytes text, bool ascii) {
    clean(to, text, NULL, ascii);
}

void app_clean_lines(bytes_buffer *to, sotto_bytes text, const char *margin, bool ascii) {
    clean(to, text, margin, ascii);
}

/* Combining marks take no column, East Asian wide and emoji two. Only columns of a list hang on it, so the common
 * blocks are enough (wcwidth would need a locale that bare systems do not have). */
static const range no_width[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x0900, 0x0902}, {0x0e31, 0x0e31}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff}, {0x200c, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};
static const range double_width[] = {
    {0x1100, 0x115f}, {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
    {0xa000, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
    {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

size_t app_clean_width(sotto_bytes text) {
    size_t at = 0, width = 0;
    while (at < text.len) {
        uint32_t point;
        if (!stanza_utf8_next(text, &at, &point)) {
            at++;
            point = REPLACEMENT;
        }
        if (in_ranges(point, no_width, sizeof no_width / sizeof *no_width)) continue;
        width += in_ranges(point, double_width, sizeof double_width / sizeof *double_width) ? 2 : 1;
    }
    return width;
}
