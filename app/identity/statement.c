/* SPDX-License-Identifier: ISC
 *
 * Statements of one's own. */
#include "app/identity/statement.h"

#include <stdio.h>
#include <string.h>

#include "bytes/cursor.h"
#include "bytes/span.h"
#include "seal/live/statement.h"

#define VERSION    1u
#define FIRST_NOTE "identity-first"

void app_statement_binding(bytes_buffer *out, const app_statement_owner *owner, uint64_t made) {
    live_statement_binding(out, bytes_text(owner->jid), owner->key, made);
}

void app_statement_write(bytes_buffer *out, const app_statement *statement, sotto_bytes body) {
    bytes_buffer_u8(out, VERSION);
    bytes_buffer_u8(out, (uint8_t)statement->type);
    bytes_buffer_put(out, bytes_of(statement->key, sizeof statement->key));
    bytes_buffer_u64(out, statement->made);
    bytes_buffer_u64(out, statement->until);
    bytes_buffer_block(out, bytes_text(statement->who));
    bytes_buffer_block(out, bytes_text(statement->by));
    bytes_buffer_block(out, body);
}

static bool text_take(bytes_cursor *in, char ret[APP_STATEMENT_TEXT_MAX]) {
    sotto_bytes text = bytes_cursor_block(in);
    if (text.len >= APP_STATEMENT_TEXT_MAX) return false;
    if (text.len > 0) memcpy(ret, text.at, text.len);
    ret[text.len] = '\0';
    return strlen(ret) == text.len;
}

sotto_status app_statement_read(sotto_bytes bytes, app_statement *ret, sotto_bytes *ret_body) {
    app_statement read = {0};
    bytes_cursor in = bytes_cursor_over(bytes);
    uint8_t version = bytes_cursor_u8(&in), type = bytes_cursor_u8(&in);
    bytes_cursor_into(&in, read.key, sizeof read.key);
    read.made = bytes_cursor_u64(&in);
    read.until = bytes_cursor_u64(&in);
    bool texts = text_take(&in, read.who) && text_take(&in, read.by);
    sotto_bytes body = bytes_cursor_block(&in);
    SOTTO_TRY(bytes_cursor_end(&in));
    if (!texts || version != VERSION || (type != APP_STATEMENT_CERTIFICATE && type != APP_STATEMENT_OPENPGP))
        return SOTTO_FAIL(MALFORMED);
    read.type = (app_statement_type)type;
    *ret = read;
    *ret_body = body;
    return SOTTO_OK;
}

/* ---- notes ---- */

typedef struct note_name {
    char text[sizeof APP_STATEMENT_NOTE + 4];
} note_name;

static sotto_bytes name_of(note_name *room, app_statement_type type) {
    (void)snprintf(room->text, sizeof room->text, APP_STATEMENT_NOTE "%u", (unsigned)type & 15u);
    return bytes_text(room->text);
}

/* A backup brings the note along and another live key: then nothing is bound. */
sotto_status app_statement_noted(sotto_engine *engine, app_statement_type type, const uint8_t key[32],
                                 app_statement *ret) {
    note_name name;
    sotto_bytes value, body;
    app_statement noted;
    SOTTO_TRY(sotto_engine_noted(engine, name_of(&name, type), &value));
    if (!sotto_ok(app_statement_read(value, &noted, &body))) return SOTTO_FAIL(STORE_CORRUPT);
    if (noted.type != type || memcmp(noted.key, key, sizeof noted.key) != 0) return SOTTO_FAIL(NOT_FOUND);
    *ret = noted;
    return SOTTO_OK;
}

sotto_status app_statement_note(sotto_engine *engine, app_statement_type type, const app_statement *statement) {
    uint8_t room[2 * APP_STATEMENT_TEXT_MAX + 128];
    note_name name;
    bytes_buffer out;
    sotto_bytes value = BYTES_NONE;
    bytes_buffer_borrowed(&out, room, sizeof room);
    if (statement) {
        app_statement_write(&out, statement, BYTES_NONE);
        SOTTO_TRY(bytes_buffer_end(&out, &value));
    }
    return sotto_engine_note(engine, name_of(&name, type), value);
}

/* ---- who shows a key first ---- */

sotto_status app_statement_first(sotto_engine *engine, const uint8_t key[32], uint32_t *ret) {
    sotto_bytes value;
    *ret = 0;
    sotto_status status = sotto_engine_noted(engine, BYTES_LITERAL(FIRST_NOTE), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    if (value.len != 33) return SOTTO_FAIL(STORE_CORRUPT);
    if (memcmp(value.at, key, 32) == 0) *ret = value.at[32];
    return SOTTO_OK;
}

sotto_status app_statement_first_note(sotto_engine *engine, const uint8_t key[32], uint32_t first) {
    uint8_t value[33];
    memcpy(value, key, 32);
    value[32] = (uint8_t)first;
    return sotto_engine_note(engine, BYTES_LITERAL(FIRST_NOTE),
                             first != 0 ? bytes_of(value, sizeof value) : BYTES_NONE);
}
