/* SPDX-License-Identifier: ISC */
#include "alter.h"

#include "bytes/base64.h"

#define ALTERED_MAX 65536

/* `len` bytes at `at` become `to`. */
static const char *splice(const char *stanza, const char *at, size_t len, const char *to) {
    static char altered[ALTERED_MAX];
    static char result[ALTERED_MAX];
    size_t before = (size_t)(at - stanza);
    assert_true(strlen(stanza) + strlen(to) < ALTERED_MAX);
    snprintf(altered, sizeof altered, "%.*s%s%s", (int)before, stanza, to, at + len);
    memcpy(result, altered, strlen(altered) + 1); /* `stanza` may be what was returned last */
    return result;
}

static const char *find(const char *text, const char *part) {
    const char *at = strstr(text, part);
    if (at == NULL) fail_msg("\"%s\" is not in \"%s\"", part, text);
    return at;
}

const char *alter_text(const char *stanza, const char *from, const char *to) {
    return splice(stanza, find(stanza, from), strlen(from), to);
}

const char *alter_part(const char *stanza, const char *from, const char *until, const char *to) {
    const char *at = find(stanza, from), *end = find(at + strlen(from), until) + strlen(until);
    return splice(stanza, at, (size_t)(end - at), to);
}

static const char *content_of(const char *stanza, const char *start, size_t *ret_len) {
    const char *at = find(find(stanza, start), ">") + 1;
    *ret_len = strcspn(at, "<");
    return at;
}

void alter_get(const char *stanza, const char *start, alter_bytes *ret) {
    size_t len;
    const char *at = content_of(stanza, start, &len);
    bytes_buffer out;
    sotto_bytes bytes;
    bytes_buffer_borrowed(&out, ret->at, sizeof ret->at);
    assert_ok(bytes_base64_get(&out, bytes_of(at, len)));
    assert_ok(bytes_buffer_end(&out, &bytes));
    ret->len = bytes.len;
}

const char *alter_put(const char *stanza, const char *start, const alter_bytes *bytes) {
    char text[2 * sizeof bytes->at];
    bytes_buffer out;
    sotto_bytes encoded;
    bytes_buffer_borrowed(&out, text, sizeof text);
    bytes_base64_put(&out, bytes_of(bytes->at, bytes->len));
    bytes_buffer_u8(&out, 0);
    assert_ok(bytes_buffer_end(&out, &encoded));
    size_t len;
    const char *at = content_of(stanza, start, &len);
    return splice(stanza, at, len, text);
}

const char *alter_key_of(uint32_t number) {
    static char start[32];
    snprintf(start, sizeof start, "<key rid='%u'", (unsigned)number);
    return start;
}
