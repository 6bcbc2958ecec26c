/* SPDX-License-Identifier: ISC
 *
 * Base64 and hex without tables and without branches on what is coded: a table would be read at an address made of a
 * secret (T28, CVE-2024-40640). What may show in the time is the length, the number of blanks and of padding
 * characters, and, in a text that has blanks, where they stand. An error is collected and told at the end. */
#include "bytes/base64.h"

#include "bytes/base64_form.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define within bytes_base64_within

/* All ones when x is above the bound. */
static uint32_t above(uint32_t x, uint32_t bound) {
    return bytes_opaque(0u - ((bound - x) >> 31));
}

/* A to Z; from 26 on a to z stand 6 further; from 52 on 0 to 9 stand 75 before that; + 15 before, and / 3 further. */
static uint8_t base64_digit(uint32_t value) {
    uint32_t digit = value + 'A' + (above(value, 25) & 6u) - (above(value, 51) & 75u) - (above(value, 61) & 15u) +
                     (above(value, 62) & 3u);
    return (uint8_t)digit;
}

/* 0 to 63, or all ones for a character that is no digit. */
static uint32_t base64_value(uint32_t digit) {
    uint32_t one_more = (within(digit, 'A', 'Z') & (digit - 'A' + 1u)) |
                        (within(digit, 'a', 'z') & (digit - 'a' + 27u)) |
                        (within(digit, '0', '9') & (digit - '0' + 53u)) | (within(digit, '+', '+') & 63u) |
                        (within(digit, '/', '/') & 64u);
    return one_more - 1u;
}

/* ---- eight digits at once ---- */

/* Six bytes (the highest of the word) to eight digits: spread over the lanes in halves, then as base64_digit. */
static uint64_t eight_digits(uint64_t six) {
    uint64_t v = (six >> 16 & 0xffffff) | six >> 40 << 32;
    v = (v & UINT64_C(0x00000fff00000fff)) | (v & UINT64_C(0x00fff00000fff000)) << 4;
    v = (v & UINT64_C(0x003f003f003f003f)) | (v & UINT64_C(0x0fc00fc00fc00fc0)) << 2;
    return v + BYTES_LANES('A') + bytes_lanes_from(v, 26) * 6u - bytes_lanes_from(v, 52) * 75u -
           bytes_lanes_from(v, 62) * 15u + bytes_lanes_from(v, 63) * 3u;
}

static void lanes_store(uint8_t *at, uint64_t lanes) {
    for (unsigned i = 0; i < 8; i++) at[i] = (uint8_t)(lanes >> (56 - 8 * i));
}

/* Eight digits to six bytes, written to out; any bit in *in_out_wrong: one of them is none. */
static void six_bytes(uint8_t *out, uint64_t digits, uint64_t *in_out_wrong) {
    uint64_t c = digits & BYTES_LANES(127);
    uint64_t from_slash = bytes_lanes_from(c, '/'), from_0 = bytes_lanes_from(c, '0');
    uint64_t plus = bytes_lanes_from(c, '+') ^ bytes_lanes_from(c, '+' + 1), slash = from_slash ^ from_0;
    uint64_t number = from_0 ^ bytes_lanes_from(c, '9' + 1);
    uint64_t upper = bytes_lanes_from(c, 'A') ^ bytes_lanes_from(c, 'Z' + 1);
    uint64_t lower = bytes_lanes_from(c, 'a') ^ bytes_lanes_from(c, 'z' + 1);
    *in_out_wrong |= ((plus | slash | number | upper | lower) ^ BYTES_LANES(1)) | (digits & BYTES_LANES(128));
    uint64_t v = c + plus * 19u + slash * 16u + number * 4u - upper * 65u - lower * 71u;
    v = (v & UINT64_C(0x003f003f003f003f)) | (v >> 2 & UINT64_C(0x0fc00fc00fc00fc0));
    v = (v & UINT64_C(0x00000fff00000fff)) | (v >> 4 & UINT64_C(0x00fff00000fff000));
    uint64_t six = (v & 0xffffff) | v >> 32 << 24;
    for (unsigned i = 0; i < 6; i++) out[i] = (uint8_t)(six >> (40 - 8 * i));
}

/* ---- texts ---- */

void bytes_base64_put(bytes_buffer *ret, sotto_bytes bytes) {
    if (bytes.len > SIZE_MAX / 4 * 3 - 3) {
        bytes_buffer_fail(ret, SOTTO_FAIL(TOO_LARGE));
        return;
    }
    if (bytes.len == 0) return;
    uint8_t *out = bytes_buffer_room(ret, bytes_base64_size(bytes.len));
    if (!out) return;
    size_t done = 0;
    for (; bytes.len - done >= 8; done += 6, out += 8)
        lanes_store(out, eight_digits(bytes_lanes_load(bytes.at + done)));
    for (size_t i = done; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t word = (uint32_t)bytes.at[i] << 16;
        if (left > 1) word |= (uint32_t)bytes.at[i + 1] << 8;
        if (left > 2) word |= bytes.at[i + 2];
        *out++ = base64_digit(word >> 18);
        *out++ = base64_digit(word >> 12 & 63);
        *out++ = left > 1 ? base64_digit(word >> 6 & 63) : '=';
        *out++ = left > 2 ? base64_digit(word & 63) : '=';
    }
}

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

typedef struct base64_form {
    size_t digits; /* without padding */
    size_t bytes;
    bool blanks; /* there are some */
} base64_form;

/* A '=' that is no padding is left among the digits, where it is none. */
static sotto_status base64_measure(base64_form *ret, sotto_bytes text) {
    bytes_base64_count count;
    bytes_base64_count_in(&count, text);
    if (count.signs % 4 != 0) return SOTTO_FAIL(MALFORMED);
    size_t padding = count.padding < 2 ? count.padding : 2;
    *ret = (base64_form){count.signs - padding, count.signs / 4 * 3 - padding, count.signs != text.len};
    return SOTTO_OK;
}

/* The padding was measured: it stands behind the last digit, and a '=' before that is no digit. */
static sotto_status base64_decode(uint8_t *out, base64_form form, sotto_bytes text) {
    uint32_t bits = 0, wrong = 0;
    size_t digits = 0, at = 0;
    uint64_t wrong_of_eight = 0;
    for (; !form.blanks && form.digits - digits >= 8; digits += 8, at += 6)
        six_bytes(out + at, bytes_lanes_load(text.at + digits), &wrong_of_eight);
    wrong = (uint32_t)(wrong_of_eight | wrong_of_eight >> 32);
    for (size_t i = digits; digits < form.digits; i++) {
        if (form.blanks && is_blank(text.at[i])) continue;
        uint32_t value = base64_value(text.at[i]);
        wrong |= value & ~63u;
        bits = bits << 6 | (value & 63u);
        /* Digit 0 of a group of four completes no byte; 1, 2 and 3 leave 4, 2 and 0 bits over. */
        size_t over = 6 - digits % 4 * 2;
        if (over < 6) out[at++] = (uint8_t)(bits >> over);
        digits++;
    }
    uint32_t unused = form.digits % 4 == 2 ? 15u : form.digits % 4 == 3 ? 3u : 0u;
    wrong |= bits & unused;
    bytes_wipe(&bits, sizeof bits);
    return bytes_base64_good(wrong) ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

sotto_status bytes_base64_get(bytes_buffer *ret, sotto_bytes text) {
    size_t before = ret->len;
    base64_form form;
    SOTTO_TRY(ret->status);
    SOTTO_TRY(base64_measure(&form, text));
    if (form.bytes == 0) return SOTTO_OK;
    uint8_t *out = bytes_buffer_room(ret, form.bytes);
    if (!out) return ret->status;
    sotto_status status = base64_decode(out, form, text);
    if (!sotto_ok(status)) bytes_buffer_cut(ret, before);
    return status;
}

sotto_status bytes_base64_into(void *out, size_t len, sotto_bytes text) {
    base64_form form;
    sotto_status status = base64_measure(&form, text);
    if (sotto_ok(status) && form.bytes != len) status = SOTTO_FAIL(MALFORMED);
    if (sotto_ok(status)) status = base64_decode(out, form, text);
    if (!sotto_ok(status)) bytes_wipe(out, len);
    return status;
}

static uint8_t hex_digit(uint32_t value) {
    return (uint8_t)((within(value, 0, 9) & (value + '0')) | (within(value, 10, 15) & (value - 10u + 'a')));
}

static uint32_t hex_value(uint32_t digit) {
    uint32_t above = (within(digit, '0', '9') & (digit - '0' + 1u)) | (within(digit, 'a', 'f') & (digit - 'a' + 11u)) |
                     (within(digit, 'A', 'F') & (digit - 'A' + 11u));
    return above - 1u;
}

void bytes_hex_put(bytes_buffer *ret, sotto_bytes bytes) {
    if (bytes.len > SIZE_MAX / 2) {
        bytes_buffer_fail(ret, SOTTO_FAIL(TOO_LARGE));
        return;
    }
    if (bytes.len == 0) return;
    uint8_t *out = bytes_buffer_room(ret, bytes.len * 2);
    if (!out) return;
    for (size_t i = 0; i < bytes.len; i++) {
        *out++ = hex_digit(bytes.at[i] >> 4);
        *out++ = hex_digit(bytes.at[i] & 15u);
    }
}

sotto_status bytes_hex_get(bytes_buffer *ret, sotto_bytes text) {
    size_t before = ret->len;
    SOTTO_TRY(ret->status);
    if (text.len % 2 != 0) return SOTTO_FAIL(MALFORMED);
    if (text.len == 0) return SOTTO_OK;
    uint8_t *out = bytes_buffer_room(ret, text.len / 2);
    if (!out) return ret->status;
    uint32_t wrong = 0;
    for (size_t i = 0; i < text.len; i += 2) {
        uint32_t high = hex_value(text.at[i]), low = hex_value(text.at[i + 1]);
        wrong |= (high | low) & ~15u;
        *out++ = (uint8_t)((high & 15u) << 4 | (low & 15u));
    }
    if (bytes_base64_good(wrong)) return SOTTO_OK;
    bytes_buffer_cut(ret, before);
    return SOTTO_FAIL(MALFORMED);
}
