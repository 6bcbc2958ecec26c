/* SPDX-License-Identifier: ISC
 *
 * The ledger: a ring of notes, and one note with the next number. */
#include "app/files/ledger.h"

#include <stdio.h>
#include <string.h>

#include "bytes/cursor.h"
#include "bytes/span.h"

#define VERSION          1u
#define RECORD_BYTES_MAX ((size_t)16 * 1024)

static void put_hash(bytes_buffer *to, const context_hash *hash) {
    bytes_buffer_block(to, bytes_of(hash->bytes, hash->size));
}

void app_offer_put(bytes_buffer *to, const app_offer *offer) {
    const context_share *share = &offer->share;
    bytes_buffer_u8(to, VERSION);
    bytes_buffer_varint(to, offer->number);
    bytes_buffer_varint(to, offer->time_ms);
    bytes_buffer_block(to, offer->from);
    bytes_buffer_block(to, offer->seal);
    bytes_buffer_u8(to, (uint8_t)offer->trust);
    bytes_buffer_block(to, share->url);
    bytes_buffer_u8(to, (uint8_t)share->cipher);
    bytes_buffer_block(to, share->key);
    bytes_buffer_block(to, share->iv);
    bytes_buffer_block(to, share->name);
    bytes_buffer_block(to, share->type);
    bytes_buffer_u8(to, share->has_size ? 1 : 0);
    bytes_buffer_varint(to, share->has_size ? share->size : 0);
    put_hash(to, &share->hash);
    put_hash(to, &share->sealed);
}

static bool read_hash(bytes_cursor *c, context_hash *ret) {
    sotto_bytes bytes = bytes_cursor_block(c);
    if (bytes.len != 0 && bytes.len != 32 && bytes.len != 64) return false;
    ret->size = (uint8_t)bytes.len;
    if (bytes.len > 0) memcpy(ret->bytes, bytes.at, bytes.len);
    return true;
}

/* What the sealed store gives back is ours; a number out of its range is a damaged store all the same. */
sotto_status app_offer_read(app_offer *ret, sotto_bytes record) {
    bytes_cursor c = bytes_cursor_over(record);
    app_offer offer = {.number = 0};
    context_share *share = &offer.share;
    if (bytes_cursor_u8(&c) != VERSION) return SOTTO_FAIL(MALFORMED);
    offer.number = bytes_cursor_varint(&c);
    offer.time_ms = bytes_cursor_varint(&c);
    offer.from = bytes_cursor_block(&c);
    offer.seal = bytes_cursor_block(&c);
    uint8_t trust = bytes_cursor_u8(&c);
    share->url = bytes_cursor_block(&c);
    uint8_t cipher = bytes_cursor_u8(&c);
    share->key = bytes_cursor_block(&c);
    share->iv = bytes_cursor_block(&c);
    share->name = bytes_cursor_block(&c);
    share->type = bytes_cursor_block(&c);
    uint8_t has_size = bytes_cursor_u8(&c);
    share->size = bytes_cursor_varint(&c);
    if (!read_hash(&c, &share->hash) || !read_hash(&c, &share->sealed)) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(bytes_cursor_end(&c));
    if (trust > SOTTO_TRUST_DISTRUSTED || cipher >= CONTEXT_CIPHER_COUNT || has_size > 1) return SOTTO_FAIL(MALFORMED);
    offer.trust = (sotto_trust)trust;
    share->cipher = (context_cipher)cipher;
    share->has_size = has_size == 1;
    if (share->key.len != context_cipher_key_size(share->cipher) || (share->iv.len != 12 && share->iv.len != 16) ||
        !context_url_is_safe(share->url))
        return SOTTO_FAIL(MALFORMED);
    *ret = offer;
    return SOTTO_OK;
}

/* ---- the ring ---- */

static sotto_bytes slot_name(char memory[32], uint64_t number) {
    (void)snprintf(memory, 32, "files/%u", (unsigned)(number % SOTTO_FILES_REMEMBERED));
    return bytes_text(memory);
}

sotto_status app_ledger_next(sotto_engine *engine, uint64_t *ret) {
    sotto_bytes value;
    sotto_status status = sotto_engine_noted(engine, BYTES_LITERAL("files"), &value);
    *ret = 1;
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    bytes_cursor c = bytes_cursor_over(value);
    uint64_t next = bytes_cursor_u64(&c);
    if (!sotto_ok(bytes_cursor_end(&c)) || next == 0 || next == UINT64_MAX) return SOTTO_FAIL(STORE_CORRUPT);
    *ret = next;
    return SOTTO_OK;
}

static sotto_status note_next(sotto_engine *engine, uint64_t next) {
    uint8_t memory[8];
    bytes_buffer out;
    sotto_bytes value;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_u64(&out, next);
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return sotto_engine_note(engine, BYTES_LITERAL("files"), value);
}

sotto_status app_ledger_add(sotto_engine *engine, const app_offer *given, uint64_t *ret_number) {
    app_offer offer = *given;
    bytes_buffer out;
    sotto_bytes record;
    char name[32];
    SOTTO_TRY(app_ledger_next(engine, &offer.number));
    bytes_buffer_owned(&out, sotto_host_default(), RECORD_BYTES_MAX);
    app_offer_put(&out, &offer);
    sotto_status status = bytes_buffer_end(&out, &record);
    if (sotto_ok(status)) status = sotto_engine_note(engine, slot_name(name, offer.number), record);
    if (sotto_ok(status)) status = note_next(engine, offer.number + 1);
    bytes_buffer_free(&out);
    if (sotto_ok(status)) *ret_number = offer.number;
    return status;
}

sotto_status app_ledger_get(sotto_engine *engine, bytes_arena *arena, uint64_t number, app_offer *ret) {
    sotto_bytes value, copy;
    char name[32];
    app_offer offer;
    SOTTO_TRY(sotto_engine_noted(engine, slot_name(name, number), &value));
    if (!bytes_arena_copy(arena, value, &copy)) return SOTTO_FAIL(NO_MEMORY);
    if (!sotto_ok(app_offer_read(&offer, copy))) return SOTTO_FAIL(STORE_CORRUPT);
    if (offer.number != number) return SOTTO_FAIL(NOT_FOUND);
    *ret = offer;
    return SOTTO_OK;
}
