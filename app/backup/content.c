/* SPDX-License-Identifier: ISC
 *
 * The content of a backup. */
#include "app/backup/content.h"

#include <sotto/store.h>

#include "bytes/cursor.h"
#include "bytes/span.h"

#define ENTRY_BYTES_MAX (SOTTO_RECORD_BYTES_MAX + SOTTO_STORE_KEY_BYTES_MAX + 16u)
_Static_assert(ENTRY_BYTES_MAX <= APP_CONTENT_ROOM_BYTES, "room for an entry");

static app_sealed_fault front_put(app_sealing *to, app_content_kind kind, size_t len) {
    uint8_t at[5];
    bytes_buffer out;
    sotto_bytes all;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u8(&out, (uint8_t)kind);
    bytes_buffer_u32(&out, (uint32_t)len);
    if (!sotto_ok(bytes_buffer_end(&out, &all))) return APP_SEALED_MACHINE;
    return app_sealing_put(to, all);
}

static app_sealed_fault entry_put(app_sealing *to, app_content_kind kind, bytes_buffer *body) {
    sotto_bytes all;
    app_sealed_fault fault = sotto_ok(bytes_buffer_end(body, &all)) ? front_put(to, kind, all.len) : APP_SEALED_MACHINE;
    if (fault == APP_SEALED_FINE) fault = app_sealing_put(to, all);
    bytes_buffer_free(body);
    return fault;
}

app_sealed_fault app_content_put_about(app_sealing *to, const app_content_about *about) {
    bytes_buffer body;
    bytes_buffer_owned(&body, sotto_host_default(), ENTRY_BYTES_MAX);
    bytes_buffer_u64(&body, about->made_ms);
    bytes_buffer_block(&body, about->version);
    bytes_buffer_block(&body, about->account);
    bytes_buffer_block(&body, about->settings);
    return entry_put(to, APP_CONTENT_ABOUT, &body);
}

app_sealed_fault app_content_put_record(app_sealing *to, sotto_bytes key, sotto_bytes value) {
    bytes_buffer body;
    bytes_buffer_owned(&body, sotto_host_default(), ENTRY_BYTES_MAX);
    bytes_buffer_reserve(&body, key.len + value.len + 16);
    bytes_buffer_block(&body, key);
    bytes_buffer_block(&body, value);
    return entry_put(to, APP_CONTENT_RECORD, &body);
}

app_sealed_fault app_content_put_end(app_sealing *to, uint64_t count) {
    bytes_buffer body;
    bytes_buffer_owned(&body, sotto_host_default(), ENTRY_BYTES_MAX);
    bytes_buffer_u64(&body, count);
    app_sealed_fault fault = entry_put(to, APP_CONTENT_END, &body);
    return fault == APP_SEALED_FINE ? app_sealing_end(to) : fault;
}

/* ---- reading ---- */

static bool about_read(bytes_cursor *in, app_content_about *ret) {
    ret->made_ms = bytes_cursor_u64(in);
    ret->version = bytes_cursor_block(in);
    ret->account = bytes_cursor_block(in);
    ret->settings = bytes_cursor_block(in);
    return ret->version.len <= APP_CONTENT_VERSION_BYTES_MAX && ret->account.len > 0 &&
           ret->account.len <= SOTTO_JID_BYTES_MAX && ret->settings.len <= APP_CONTENT_SETTINGS_BYTES_MAX;
}

static bool record_read(bytes_cursor *in, app_content_entry *ret) {
    ret->key = bytes_cursor_block(in);
    ret->value = bytes_cursor_block(in);
    return ret->key.len > 0 && ret->key.len <= SOTTO_STORE_KEY_BYTES_MAX && ret->value.len > 0 &&
           ret->value.len <= SOTTO_RECORD_BYTES_MAX;
}

static bool entry_read(uint8_t kind, sotto_bytes body, app_content_entry *ret) {
    bytes_cursor in = bytes_cursor_over(body);
    bool good = false;
    *ret = (app_content_entry){.kind = (app_content_kind)kind};
    switch (kind) {
    case APP_CONTENT_ABOUT:
        good = about_read(&in, &ret->about);
        break;
    case APP_CONTENT_RECORD:
        good = record_read(&in, ret);
        break;
    case APP_CONTENT_END:
        ret->count = bytes_cursor_u64(&in);
        good = true;
        break;
    default:
        break;
    }
    return good && sotto_ok(bytes_cursor_end(&in));
}

app_sealed_fault app_content_next(app_unsealing *from, bytes_buffer *room, app_content_entry *ret) {
    uint8_t front[5];
    app_sealed_fault fault = app_unsealing_get(from, front, sizeof front);
    if (fault != APP_SEALED_FINE) return fault;
    bytes_cursor in = bytes_cursor_over(bytes_of(front, sizeof front));
    uint8_t kind = bytes_cursor_u8(&in);
    uint32_t len = bytes_cursor_u32(&in);
    sotto_bytes body;
    if (len == 0 || len > ENTRY_BYTES_MAX) return APP_SEALED_STRANGE;
    bytes_buffer_reset(room);
    uint8_t *at = bytes_buffer_room(room, len);
    if (!at) return APP_SEALED_MACHINE;
    fault = app_unsealing_get(from, at, len);
    if (fault != APP_SEALED_FINE) return fault;
    if (!sotto_ok(bytes_buffer_end(room, &body))) return APP_SEALED_MACHINE;
    if (!entry_read(kind, body, ret)) return APP_SEALED_STRANGE;
    return kind == APP_CONTENT_END ? app_unsealing_end(from) : APP_SEALED_FINE;
}
