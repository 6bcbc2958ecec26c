/* SPDX-License-Identifier: ISC
 *
 * URLs. The fragment of an aesgcm URL is the key: it is cut off here, and no other part of the program ever holds a URL
 * with it (T34). */
#include "context/share.h"

#include <string.h>

#include "bytes/base64.h"

#define HTTPS  BYTES_LITERAL("https://")
#define AESGCM BYTES_LITERAL("aesgcm://")
#define DATA   BYTES_LITERAL("data:")

static bool is_letter_or_digit(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 3986: what may stand in a URL. Nothing that a shell, a log or a header would take for something else. */
static bool characters_are_safe(sotto_bytes url) {
    for (size_t i = 0; i < url.len; i++) {
        uint8_t c = url.at[i];
        if (!is_letter_or_digit(c) && (c == 0 || !strchr("-._~:/?[]@!$&'()*+,;=%", c))) return false;
    }
    return true;
}

static bool port_is_safe(sotto_bytes port) {
    uint32_t value = 0;
    if (port.len == 0 || port.len > 5) return false;
    for (size_t i = 0; i < port.len; i++) {
        if (port.at[i] < '0' || port.at[i] > '9') return false;
        value = value * 10 + (uint32_t)(port.at[i] - '0');
    }
    return value > 0 && value <= 65535;
}

/* A name, or an address in brackets, and perhaps a port. A user in front is how one host is made to look like another.
 */
static bool authority_is_safe(sotto_bytes authority) {
    size_t at = 0;
    bool literal = authority.len > 0 && authority.at[0] == '[';
    if (literal) at++;
    while (at < authority.len) {
        uint8_t c = authority.at[at];
        bool part_of_name = is_letter_or_digit(c) || c == '.' || (!literal && c == '-') || (literal && c == ':');
        if (!part_of_name) break;
        at++;
    }
    if (at == (literal ? 1u : 0u)) return false;
    if (literal) {
        if (at == authority.len || authority.at[at] != ']') return false;
        at++;
    }
    if (at == authority.len) return true;
    return authority.at[at] == ':' && port_is_safe(bytes_after(authority, at + 1));
}

/* What follows "https://". */
static bool rest_is_safe(sotto_bytes rest) {
    const uint8_t *slash = rest.len > 0 ? memchr(rest.at, '/', rest.len) : NULL;
    if (!slash) return false; /* a file has a path */
    return authority_is_safe(bytes_of(rest.at, (size_t)(slash - rest.at))) && characters_are_safe(rest);
}

bool context_url_is_safe(sotto_bytes url) {
    return url.len <= SOTTO_FILE_URL_BYTES_MAX && bytes_starts_with(url, HTTPS) &&
           rest_is_safe(bytes_after(url, HTTPS.len));
}

sotto_bytes context_url_last(sotto_bytes url) {
    size_t end = 0, start;
    while (end < url.len && url.at[end] != '?' && url.at[end] != '#') end++;
    start = end;
    while (start > 0 && url.at[start - 1] != '/') start--;
    return bytes_of(url.at + start, end - start);
}

/* ---- XEP-0454 ---- */

/* The first line; false: something follows that is not a picture. */
static bool first_line(sotto_bytes body, sotto_bytes *ret) {
    const uint8_t *end = body.len > 0 ? memchr(body.at, '\n', body.len) : NULL;
    *ret = end ? bytes_of(body.at, (size_t)(end - body.at)) : body;
    if (!end) return true;
    sotto_bytes rest = bytes_after(body, ret->len + 1);
    return bytes_starts_with(rest, DATA) && !memchr(rest.at, '\n', rest.len) && !memchr(rest.at, ' ', rest.len);
}

/* 12 or, as clients wrote before, 16 bytes of IV, then 32 of key. */
static sotto_status fragment_read(bytes_arena *arena, sotto_bytes fragment, context_share *ret) {
    uint8_t memory[48];
    bytes_buffer out;
    sotto_bytes bytes;
    if (fragment.len != 88 && fragment.len != 96) return SOTTO_FAIL(MALFORMED);
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    sotto_status status = bytes_hex_get(&out, fragment);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &bytes);
    if (sotto_ok(status)) {
        size_t iv = bytes.len - 32;
        bool copied = bytes_arena_copy(arena, bytes_of(bytes.at, iv), &ret->iv) &&
                      bytes_arena_copy(arena, bytes_after(bytes, iv), &ret->key);
        if (!copied) status = SOTTO_FAIL(NO_MEMORY);
    }
    bytes_buffer_reset(&out);
    return status;
}

static sotto_status https_of(bytes_arena *arena, sotto_bytes rest, sotto_bytes *ret) {
    uint8_t memory[SOTTO_FILE_URL_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes url;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_put(&out, HTTPS);
    bytes_buffer_put(&out, rest);
    if (!sotto_ok(bytes_buffer_end(&out, &url)) || !context_url_is_safe(url)) return SOTTO_FAIL(MALFORMED);
    return bytes_arena_copy(arena, url, ret) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

sotto_status context_aesgcm_read(bytes_arena *arena, sotto_bytes body, context_share *ret) {
    sotto_bytes line;
    context_share share = {.cipher = CONTEXT_CIPHER_GCM_256};
    if (!bytes_starts_with(body, AESGCM) || !first_line(body, &line)) return SOTTO_FAIL(MALFORMED);
    const uint8_t *hash = memchr(line.at, '#', line.len);
    if (!hash) return SOTTO_FAIL(MALFORMED);
    size_t before = (size_t)(hash - line.at);
    SOTTO_TRY(https_of(arena, bytes_of(line.at + AESGCM.len, before - AESGCM.len), &share.url));
    SOTTO_TRY(fragment_read(arena, bytes_after(line, before + 1), &share));
    *ret = share;
    return SOTTO_OK;
}

void context_aesgcm_write(bytes_buffer *to, const context_share *share) {
    if (!context_url_is_safe(share->url) || share->cipher != CONTEXT_CIPHER_GCM_256 || share->key.len != 32) {
        bytes_buffer_fail(to, SOTTO_FAIL(USAGE));
        return;
    }
    bytes_buffer_put(to, AESGCM);
    bytes_buffer_put(to, bytes_after(share->url, HTTPS.len));
    bytes_buffer_u8(to, '#');
    bytes_hex_put(to, share->iv);
    bytes_hex_put(to, share->key);
}
