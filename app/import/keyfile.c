/* SPDX-License-Identifier: ISC
 *
 * Key files. */
#include "app/import/keyfile.h"

#include <string.h>

#include "bytes/span.h"

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t';
}

static sotto_bytes trimmed(sotto_bytes text) {
    while (text.len > 0 && is_blank(text.at[0])) text = bytes_after(text, 1);
    while (text.len > 0 && (is_blank(text.at[text.len - 1]) || text.at[text.len - 1] == '\r')) text.len--;
    return text;
}

/* "[name]": a name without brackets and controls. */
static bool group_read(sotto_bytes line, sotto_bytes *ret) {
    if (line.len < 3 || line.at[line.len - 1] != ']') return false;
    sotto_bytes name = bytes_of(line.at + 1, line.len - 2);
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] == '[' || name.at[i] == ']' || name.at[i] < ' ' || name.at[i] == 0x7f) return false;
    *ret = name;
    return true;
}

static bool pair_read(sotto_bytes line, sotto_bytes *ret_key, sotto_bytes *ret_value) {
    const uint8_t *equals = memchr(line.at, '=', line.len);
    if (!equals) return false;
    size_t len = (size_t)(equals - line.at);
    *ret_key = trimmed(bytes_of(line.at, len));
    *ret_value = trimmed(bytes_after(line, len + 1));
    return ret_key->len > 0 && ret_value->len <= APP_KEYFILE_VALUE_BYTES_MAX && !memchr(line.at, '\0', line.len);
}

typedef enum line_kind { LINE_NOTHING, LINE_GROUP, LINE_PAIR, LINE_BAD } line_kind;

static line_kind line_read(sotto_bytes line, sotto_bytes *group, sotto_bytes *ret_key, sotto_bytes *ret_value) {
    line = trimmed(line);
    if (line.len == 0 || line.at[0] == '#') return LINE_NOTHING;
    if (line.at[0] == '[') return group_read(line, group) ? LINE_GROUP : LINE_BAD;
    return group->len > 0 && pair_read(line, ret_key, ret_value) ? LINE_PAIR : LINE_BAD;
}

sotto_status app_keyfile_read(sotto_bytes text, app_keyfile_visit *visit, void *arg, size_t *ret_line) {
    sotto_bytes group = BYTES_NONE, key, value;
    size_t number = 0;
    while (text.len > 0) {
        const uint8_t *end = memchr(text.at, '\n', text.len);
        size_t len = end ? (size_t)(end - text.at) : text.len;
        *ret_line = ++number;
        line_kind kind = line_read(bytes_of(text.at, len), &group, &key, &value);
        if (kind == LINE_BAD) return SOTTO_FAIL(MALFORMED);
        if (kind == LINE_PAIR && !visit(arg, group, key, value)) return SOTTO_FAIL(CANCELLED);
        text = bytes_after(text, end ? len + 1 : len);
    }
    *ret_line = 0;
    return SOTTO_OK;
}

bool app_keyfile_plain(uint8_t *value, size_t len, size_t *ret_len) {
    static const char escapes[] = "sntr\\", plain[] = " \n\t\r\\";
    size_t to = 0;
    for (size_t i = 0; i < len; i++) {
        if (value[i] != '\\') {
            value[to++] = value[i];
            continue;
        }
        const char *which = i + 1 < len && value[i + 1] != '\0' ? strchr(escapes, value[i + 1]) : NULL;
        if (!which) return false;
        value[to++] = (uint8_t)plain[which - escapes];
        i++;
    }
    *ret_len = to;
    return true;
}
