/* SPDX-License-Identifier: ISC
 *
 * The JSON writer. */
#include "app/json.h"

#include <stdio.h>

#include "app/clean.h"
#include "bytes/base64.h"
#include "bytes/span.h"
#include "stanza/time.h"
#include "stanza/utf8.h"

static void put_unit(bytes_buffer *to, uint32_t unit) {
    char form[8];
    (void)snprintf(form, sizeof form, "\\u%04x", (unsigned)(unit & 0xffff));
    bytes_buffer_text(to, form);
}

/* RFC 8259 section 7: a code point above U+FFFF is written as a surrogate pair. */
static void put_escape(bytes_buffer *to, uint32_t point) {
    switch (point) {
    case '\n':
        bytes_buffer_text(to, "\\n");
        return;
    case '\r':
        bytes_buffer_text(to, "\\r");
        return;
    case '\t':
        bytes_buffer_text(to, "\\t");
        return;
    default:
        break;
    }
    if (point < 0x10000) {
        put_unit(to, point);
        return;
    }
    put_unit(to, 0xd800 + ((point - 0x10000) >> 10));
    put_unit(to, 0xdc00 + ((point - 0x10000) & 0x3ff));
}

/* U+2028 and U+2029 end lines in JavaScript and for many line readers; U+0085 for some. */
static bool must_escape(uint32_t point) {
    return point < 0x20 || point == 0x85 || point == 0x2028 || point == 0x2029 || app_clean_forbidden(point);
}

static void put_string(bytes_buffer *to, sotto_bytes text) {
    bytes_buffer_u8(to, '"');
    for (size_t at = 0; at < text.len;) {
        uint32_t point;
        uint8_t form[4];
        if (!stanza_utf8_next(text, &at, &point)) {
            at++;
            point = 0xfffd;
        }
        if (point == '"' || point == '\\') {
            bytes_buffer_u8(to, '\\');
            bytes_buffer_u8(to, (uint8_t)point);
        } else if (must_escape(point)) {
            put_escape(to, point);
        } else {
            bytes_buffer_put(to, bytes_of(form, stanza_utf8_put(form, point)));
        }
    }
    bytes_buffer_u8(to, '"');
}

app_json app_json_begin(bytes_buffer *to) {
    bytes_buffer_u8(to, '{');
    return (app_json){to, true};
}

static void put_name(app_json *json, const char *name) {
    if (!json->first) bytes_buffer_u8(json->to, ',');
    json->first = false;
    put_string(json->to, bytes_text(name));
    bytes_buffer_u8(json->to, ':');
}

void app_json_text(app_json *json, const char *name, sotto_bytes value) {
    put_name(json, name);
    put_string(json->to, value);
}

void app_json_number(app_json *json, const char *name, uint64_t value) {
    put_name(json, name);
    bytes_buffer_decimal(json->to, value);
}

void app_json_bool(app_json *json, const char *name, bool value) {
    put_name(json, name);
    bytes_buffer_text(json->to, value ? "true" : "false");
}

void app_json_null(app_json *json, const char *name) {
    put_name(json, name);
    bytes_buffer_text(json->to, "null");
}

void app_json_hex(app_json *json, const char *name, sotto_bytes value) {
    put_name(json, name);
    bytes_buffer_u8(json->to, '"');
    bytes_hex_put(json->to, value);
    bytes_buffer_u8(json->to, '"');
}

void app_json_time(app_json *json, const char *name, uint64_t unix_ms) {
    char text[STANZA_TIME_TEXT_SIZE];
    if (unix_ms == 0) {
        app_json_null(json, name);
        return;
    }
    stanza_time_write(unix_ms, text);
    app_json_text(json, name, bytes_text(text));
}

void app_json_end(app_json *json) {
    bytes_buffer_text(json->to, "}\n");
}
