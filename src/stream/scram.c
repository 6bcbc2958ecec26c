/* SPDX-License-Identifier: ISC
 *
 * The mechanisms, and what both sides compute alike. */
#include "stream/scram.h"

#include <sotto/limits.h>
#include <stringprep.h>

#include "bytes/base64.h"
#include "bytes/memory.h"
#include "stanza/utf8.h"
#include "stream/scram_parts.h"

#define POINTS_OF_BYTE 6u /* NFKC makes 18 of U+FDFA, which has 3 bytes; nothing grows more */

const stream_mechanism stream_mechanisms[] = {
    {"SCRAM-SHA-256-PLUS", CRYPTO_SHA256, true},
    {"SCRAM-SHA-1-PLUS", CRYPTO_SHA1, true},
    {"SCRAM-SHA-256", CRYPTO_SHA256, false},
    {"SCRAM-SHA-1", CRYPTO_SHA1, false},
    {NULL, CRYPTO_SHA1, false},
};

const stream_mechanism *stream_mechanism_named(sotto_bytes name) {
    for (const stream_mechanism *one = stream_mechanisms; one->name; one++) {
        if (bytes_is(name, one->name)) return one;
    }
    return NULL;
}

/* Printable ASCII comes out of SASLprep as it went in: no library need see most passwords. */
static bool is_plain(sotto_bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < 0x20 || text.at[i] > 0x7e) return false;
    }
    return true;
}

/* SASLprep, as "queries" (unassigned code points pass). Libidn gets code points: its way over a string takes a shortage
 * of memory for a text that cannot be prepared. */
static sotto_status prepare_points(bytes_arena *arena, sotto_bytes text, uint32_t **ret, size_t *ret_len) {
    const size_t room = POINTS_OF_BYTE * text.len + 1;
    uint32_t *points = bytes_arena_take(arena, room * sizeof *points);
    if (!points) return SOTTO_FAIL(NO_MEMORY);
    *ret_len = 0;
    for (size_t at = 0; at < text.len;) {
        if (!stanza_utf8_next(text, &at, &points[*ret_len]) || points[*ret_len] == 0) return SOTTO_FAIL(USAGE);
        ++*ret_len;
    }
    int result = stringprep_4i(points, ret_len, room, 0, stringprep_saslprep);
    if (result == STRINGPREP_MALLOC_ERROR || result == STRINGPREP_NFKC_FAILED) return SOTTO_FAIL(NO_MEMORY);
    *ret = points;
    return result == STRINGPREP_OK && *ret_len > 0 ? SOTTO_OK : SOTTO_FAIL(USAGE);
}

sotto_status scram_prepare(bytes_arena *arena, sotto_bytes text, sotto_bytes *ret) {
    if (text.len == 0 || text.len > SOTTO_SASL_MESSAGE_BYTES_MAX) return SOTTO_FAIL(USAGE);
    if (is_plain(text)) return bytes_arena_copy(arena, text, ret) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
    uint32_t *points;
    size_t count, len = 0;
    SOTTO_TRY(prepare_points(arena, text, &points, &count));
    uint8_t *out = bytes_arena_take(arena, 4 * count);
    if (!out) return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) len += stanza_utf8_put(out + len, points[i]);
    *ret = bytes_of(out, len);
    return SOTTO_OK;
}

sotto_status scram_take(sotto_bytes *rest, char letter, sotto_bytes *ret) {
    if (rest->len < 2 || rest->at[0] != (uint8_t)letter || rest->at[1] != '=') return SOTTO_FAIL(MALFORMED);
    const uint8_t *comma = memchr(rest->at, ',', rest->len);
    size_t end = comma ? (size_t)(comma - rest->at) : rest->len;
    *ret = bytes_of(rest->at + 2, end - 2);
    *rest = bytes_after(*rest, end + 1);
    return SOTTO_OK;
}

sotto_status scram_nonce(bytes_arena *arena, const sotto_host *host, sotto_bytes given, sotto_bytes *ret) {
    if (given.len > 0) return bytes_arena_copy(arena, given, ret) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
    uint8_t random[STREAM_SCRAM_NONCE_BYTES], text[STREAM_SCRAM_NONCE_BYTES / 3 * 4];
    SOTTO_TRY(crypto_random(host, random, sizeof random));
    bytes_buffer out;
    bytes_buffer_borrowed(&out, text, sizeof text);
    bytes_base64_put(&out, bytes_of(random, sizeof random));
    sotto_bytes nonce;
    SOTTO_TRY(bytes_buffer_end(&out, &nonce));
    return bytes_arena_copy(arena, nonce, ret) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

sotto_status scram_keyed(crypto_hash_kind hash, uint8_t *ret, const uint8_t *key, const char *text) {
    sotto_bytes message = bytes_text(text);
    return crypto_hmac(hash, ret, bytes_of(key, crypto_hash_size(hash)), &message, 1);
}

sotto_status scram_sign(crypto_hash_kind hash, uint8_t *ret, const uint8_t *key, const scram_transcript *transcript) {
    sotto_bytes parts[] = {transcript->client_first_bare, BYTES_LITERAL(","), transcript->server_first,
                           BYTES_LITERAL(","), transcript->client_final_bare};
    return crypto_hmac(hash, ret, bytes_of(key, crypto_hash_size(hash)), parts, sizeof parts / sizeof *parts);
}

sotto_status scram_binding_text(bytes_arena *arena, const sotto_host *host, sotto_bytes gs2, sotto_bytes binding,
                                sotto_bytes *ret) {
    bytes_buffer plain, text;
    bytes_buffer_owned(&plain, host, SOTTO_SASL_MESSAGE_BYTES_MAX);
    bytes_buffer_owned(&text, host, SOTTO_SASL_MESSAGE_BYTES_MAX);
    bytes_buffer_put(&plain, gs2);
    bytes_buffer_put(&plain, binding);
    sotto_bytes bytes;
    sotto_status status = bytes_buffer_end(&plain, &bytes);
    if (sotto_ok(status)) {
        bytes_base64_put(&text, bytes);
        status = bytes_buffer_end(&text, &bytes);
    }
    if (sotto_ok(status) && !bytes_arena_copy(arena, bytes, ret)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&plain);
    bytes_buffer_free(&text);
    return status;
}

static sotto_status derive(stream_scram_keys *keys, crypto_hash_kind hash, sotto_bytes password) {
    size_t size = crypto_hash_size(hash);
    uint8_t salted[CRYPTO_HASH_BYTES_MAX], client[CRYPTO_HASH_BYTES_MAX];
    sotto_bytes salt = bytes_of(keys->salt, keys->salt_len);
    sotto_status status = crypto_pbkdf2(hash, salted, size, password, salt, keys->iterations);
    if (sotto_ok(status)) status = scram_keyed(hash, client, salted, "Client Key");
    if (sotto_ok(status)) status = crypto_hash_of(hash, keys->stored, bytes_of(client, size));
    if (sotto_ok(status)) status = scram_keyed(hash, keys->server, salted, "Server Key");
    bytes_wipe(salted, sizeof salted);
    bytes_wipe(client, sizeof client);
    return status;
}

sotto_status stream_scram_keys_derive(stream_scram_keys *ret, crypto_hash_kind hash, const sotto_host *host,
                                      sotto_bytes password, sotto_bytes salt, uint32_t iterations) {
    if (salt.len == 0 || salt.len > STREAM_SCRAM_SALT_BYTES_MAX || iterations == 0) return SOTTO_FAIL(USAGE);
    stream_scram_keys keys = {.salt_len = salt.len, .iterations = iterations};
    memcpy(keys.salt, salt.at, salt.len);
    bytes_arena arena;
    bytes_arena_init(&arena, host, SCRAM_ARENA_BYTES_MAX);
    sotto_bytes prepared;
    sotto_status status = scram_prepare(&arena, password, &prepared);
    if (sotto_ok(status)) status = derive(&keys, hash, prepared);
    bytes_arena_clear(&arena);
    if (sotto_ok(status)) *ret = keys;
    bytes_wipe(&keys, sizeof keys);
    return status;
}
