/* SPDX-License-Identifier: ISC
 *
 * Helpers for the span type of sotto/types.h. */
#ifndef BYTES_SPAN_H
#define BYTES_SPAN_H

#include <string.h>

#include <sotto/types.h>

/* A span over the characters of a string literal, or of any NUL-terminated text, without the NUL. */
#define BYTES_LITERAL(text) ((sotto_bytes){(const uint8_t *)(text), sizeof(text) - 1})
static inline sotto_bytes bytes_text(const char *text) {
    return (sotto_bytes){(const uint8_t *)text, text ? strlen(text) : 0};
}
static inline sotto_bytes bytes_of(const void *at, size_t len) {
    return (sotto_bytes){at, len};
}
#define BYTES_NONE ((sotto_bytes){NULL, 0})

/* Not in constant time: never for secrets (crypto_equal is). */
static inline bool bytes_equal(sotto_bytes a, sotto_bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}
static inline bool bytes_is(sotto_bytes a, const char *text) {
    return bytes_equal(a, bytes_text(text));
}
static inline bool bytes_starts_with(sotto_bytes a, sotto_bytes prefix) {
    return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.at, prefix.at, prefix.len) == 0);
}
static inline sotto_bytes bytes_after(sotto_bytes a, size_t count) {
    return count >= a.len ? BYTES_NONE : (sotto_bytes){a.at + count, a.len - count};
}
/* Order of memcmp, the shorter first where one is a prefix: below, equal to or above 0. */
static inline int bytes_compare(sotto_bytes a, sotto_bytes b) {
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.at, b.at, shorter);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

#endif
