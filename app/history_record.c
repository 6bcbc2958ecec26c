/* SPDX-License-Identifier: ISC
 *
 * The records of the history: their names, and what is in them. */
#include "app/history_part.h"

#include "bytes/cursor.h"
#include "bytes/span.h"
#include "crypto/sha256.h"

#define HEAD_VERSION 1u

/* ---- names ---- */

static bytes_buffer *name_begin(history_name *n, char kind) {
    bytes_buffer_borrowed(&n->buffer, n->at, sizeof n->at);
    bytes_buffer_u8(&n->buffer, 'h');
    bytes_buffer_u8(&n->buffer, (uint8_t)kind);
    return &n->buffer;
}

sotto_bytes app_history_name_end(const history_name *n) {
    return bytes_of(n->at, n->buffer.len);
}

sotto_bytes app_history_name_number(history_name *n, char kind, uint64_t number) {
    bytes_buffer_u64(name_begin(n, kind), number);
    return app_history_name_end(n);
}

sotto_bytes app_history_name_conversation(history_name *n, uint32_t id) {
    bytes_buffer_u32(name_begin(n, 'c'), id);
    return app_history_name_end(n);
}

sotto_bytes app_history_name_entry(history_name *n, uint32_t id, uint64_t number) {
    bytes_buffer *to = name_begin(n, 'm');
    bytes_buffer_u32(to, id);
    bytes_buffer_u64(to, number);
    return app_history_name_end(n);
}

/* Of several texts, so that no two lists of texts give the same. */
static sotto_status name_hash(history_name *n, char kind, const sotto_bytes *texts, size_t count) {
    uint8_t hash[32];
    bytes_buffer all;
    sotto_bytes whole;
    bytes_buffer_owned(&all, sotto_host_default(), APP_HISTORY_ARENA_BYTES_MAX);
    for (size_t i = 0; i < count; i++) bytes_buffer_block(&all, texts[i]);
    sotto_status status = bytes_buffer_end(&all, &whole);
    if (sotto_ok(status)) crypto_sha256(hash, whole);
    bytes_buffer_free(&all);
    SOTTO_TRY(status);
    bytes_buffer_put(name_begin(n, kind), bytes_of(hash, APP_HISTORY_HASH_BYTES));
    return SOTTO_OK;
}

sotto_status app_history_name_of_jid(history_name *n, sotto_bytes with) {
    return name_hash(n, 'j', &with, 1);
}

sotto_status app_history_name_of_id(history_name *n, sotto_bytes with, sotto_bytes id) {
    const sotto_bytes texts[] = {with, id};
    return name_hash(n, 'i', texts, 2);
}

/* What makes a message the same one. Ids are chosen by senders, some of whom use one for everything, so the text counts
 * too; without an id the time does. */
sotto_status app_history_name_of_content(history_name *n, const app_entry *entry) {
    uint8_t time[8];
    for (size_t i = 0; i < sizeof time; i++) time[i] = (uint8_t)(entry->id.len > 0 ? 0 : entry->time_ms >> (8 * i));
    const sotto_bytes texts[] = {entry->with,
                                 entry->who,
                                 entry->nick,
                                 entry->id,
                                 entry->body,
                                 entry->subject,
                                 entry->corrects,
                                 bytes_of(time, sizeof time),
                                 entry->direction == APP_SENT ? BYTES_LITERAL("s") : BYTES_NONE};
    return name_hash(n, 'd', texts, sizeof texts / sizeof *texts);
}

/* ---- records ---- */

sotto_status app_history_put(app_history *h, sotto_bytes note, sotto_bytes value) {
    SOTTO_TRY(sotto_engine_note(h->engine, note, value));
    bytes_buffer_block(&h->pending, note);
    bytes_buffer_block(&h->pending, value);
    return SOTTO_OK; /* without memory for it, it is lost if the commit fails */
}

sotto_status app_history_put_buffer(app_history *h, sotto_bytes note, const bytes_buffer *value) {
    sotto_bytes all;
    SOTTO_TRY(bytes_buffer_end(value, &all));
    return app_history_put(h, note, all);
}

/* Copied into the arena. */
static sotto_status get(app_history *h, sotto_bytes note, sotto_bytes *ret) {
    sotto_bytes found;
    SOTTO_TRY(sotto_engine_noted(h->engine, note, &found));
    return bytes_arena_copy(&h->arena, found, ret) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

sotto_status app_history_place_put(app_history *h, sotto_bytes note, history_place at) {
    uint8_t room[12];
    bytes_buffer value;
    bytes_buffer_borrowed(&value, room, sizeof room);
    bytes_buffer_u32(&value, at.conversation);
    bytes_buffer_u64(&value, at.number);
    return app_history_put_buffer(h, note, &value);
}

sotto_status app_history_place_get(app_history *h, sotto_bytes note, history_place *ret) {
    sotto_bytes value;
    SOTTO_TRY(get(h, note, &value));
    bytes_cursor in = bytes_cursor_over(value);
    history_place at = {bytes_cursor_u32(&in), bytes_cursor_u64(&in)};
    SOTTO_TRY(bytes_cursor_end(&in));
    *ret = at;
    return SOTTO_OK;
}

sotto_status app_history_head_put(app_history *h, history_head next) {
    uint8_t room[64];
    bytes_buffer value;
    next.changes++;
    bytes_buffer_borrowed(&value, room, sizeof room);
    bytes_buffer_u8(&value, HEAD_VERSION);
    bytes_buffer_u64(&value, next.changes);
    bytes_buffer_u32(&value, next.next_conversation);
    bytes_buffer_u64(&value, next.next_order);
    bytes_buffer_u64(&value, next.oldest_order);
    bytes_buffer_u64(&value, next.count);
    bytes_buffer_u64(&value, next.bytes);
    SOTTO_TRY(app_history_put_buffer(h, BYTES_LITERAL("hh"), &value));
    h->head = next;
    return SOTTO_OK;
}

/* An empty history has none. */
sotto_status app_history_head_get(app_history *h, history_head *ret) {
    sotto_bytes value;
    *ret = (history_head){0};
    sotto_status status = get(h, BYTES_LITERAL("hh"), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    bytes_cursor in = bytes_cursor_over(value);
    if (bytes_cursor_u8(&in) != HEAD_VERSION) return SOTTO_FAIL(STORE_NEWER);
    history_head found = {.changes = bytes_cursor_u64(&in),
                          .next_conversation = bytes_cursor_u32(&in),
                          .next_order = bytes_cursor_u64(&in),
                          .oldest_order = bytes_cursor_u64(&in),
                          .count = bytes_cursor_u64(&in),
                          .bytes = bytes_cursor_u64(&in)};
    SOTTO_TRY(bytes_cursor_end(&in));
    *ret = found;
    return SOTTO_OK;
}

sotto_status app_history_conversation_put(app_history *h, const history_conversation *c) {
    history_name n;
    bytes_buffer value;
    bytes_buffer_owned(&value, sotto_host_default(), SOTTO_JID_BYTES_MAX + 64u);
    bytes_buffer_block(&value, c->with);
    bytes_buffer_u64(&value, c->first);
    bytes_buffer_u64(&value, c->next);
    bytes_buffer_u64(&value, c->unread);
    bytes_buffer_u64(&value, c->last_ms);
    bytes_buffer_u8(&value, c->room);
    sotto_status status = app_history_put_buffer(h, app_history_name_conversation(&n, c->id), &value);
    bytes_buffer_free(&value);
    return status;
}

/* Spans point into the record. */
sotto_status app_history_conversation_read(history_conversation *ret, uint32_t id, sotto_bytes record) {
    bytes_cursor in = bytes_cursor_over(record);
    history_conversation c = {.id = id, .with = bytes_cursor_block(&in)};
    c.first = bytes_cursor_u64(&in);
    c.next = bytes_cursor_u64(&in);
    c.unread = bytes_cursor_u64(&in);
    c.last_ms = bytes_cursor_u64(&in);
    c.room = bytes_cursor_u8(&in) != 0;
    SOTTO_TRY(bytes_cursor_end(&in));
    if (c.first > c.next) return SOTTO_FAIL(MALFORMED);
    *ret = c;
    return SOTTO_OK;
}

sotto_status app_history_conversation_get(app_history *h, uint32_t id, history_conversation *ret) {
    history_name n;
    sotto_bytes value;
    SOTTO_TRY(get(h, app_history_name_conversation(&n, id), &value));
    return app_history_conversation_read(ret, id, value);
}

/* NOT_FOUND. */
sotto_status app_history_conversation_find(app_history *h, sotto_bytes with, history_conversation *ret) {
    history_name n;
    sotto_bytes value;
    SOTTO_TRY(app_history_name_of_jid(&n, with));
    SOTTO_TRY(get(h, app_history_name_end(&n), &value));
    bytes_cursor in = bytes_cursor_over(value);
    uint32_t id = bytes_cursor_u32(&in);
    SOTTO_TRY(bytes_cursor_end(&in));
    return app_history_conversation_get(h, id, ret);
}

/* The entry as it is; `with` is the conversation's. NOT_FOUND. */
sotto_status app_history_entry_get(app_history *h, const history_conversation *c, uint64_t number, app_entry *ret,
                                   uint64_t *ret_order, size_t *ret_bytes) {
    history_name n;
    sotto_bytes value;
    if (number < c->first || number >= c->next) return SOTTO_FAIL(NOT_FOUND);
    SOTTO_TRY(get(h, app_history_name_entry(&n, c->id, number), &value));
    SOTTO_TRY(app_entry_read(ret, ret_order, value));
    ret->number = number;
    ret->with = c->with;
    *ret_bytes = value.len;
    return SOTTO_OK;
}

sotto_status app_history_entry_put(app_history *h, uint32_t id, const app_entry *entry, uint64_t order,
                                   size_t *ret_bytes) {
    history_name n;
    bytes_buffer value;
    bytes_buffer_owned(&value, sotto_host_default(), SOTTO_RECORD_BYTES_MAX);
    app_entry_put(&value, entry, order);
    *ret_bytes = value.len;
    sotto_status status = app_history_put_buffer(h, app_history_name_entry(&n, id, entry->number), &value);
    bytes_buffer_free(&value);
    return status;
}
