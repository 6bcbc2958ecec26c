/* SPDX-License-Identifier: ISC
 *
 * JSON objects, one a line (RFC 8259), for --json. What comes out is ASCII in structure and valid UTF-8 in content
 * whatever goes in: invalid bytes become U+FFFD. Controls, and what app/clean.h keeps from terminals, are escaped, so
 * that a line is harmless on a terminal and nothing of the text is lost. */
#ifndef APP_JSON_H
#define APP_JSON_H

#include "bytes/buffer.h"

typedef struct app_json {
    bytes_buffer *to;
    bool first;
} app_json;

app_json app_json_begin(bytes_buffer *to);
void app_json_text(app_json *, const char *name, sotto_bytes value);
void app_json_number(app_json *, const char *name, uint64_t value);
void app_json_bool(app_json *, const char *name, bool value);
void app_json_null(app_json *, const char *name);
void app_json_hex(app_json *, const char *name, sotto_bytes value); /* lower-case hex digits, as text */
void app_json_time(app_json *, const char *name, uint64_t unix_ms); /* XEP-0082, UTC, as text; 0: null */
void app_json_end(app_json *);                                      /* the brace and a line end */

#endif
