/* SPDX-License-Identifier: ISC */
#include "forge.h"

#include "bytes/base64.h"

static const stanza_element *key_of(world *w, sotto_bytes stanza) {
    const stanza_element *header =
        stanza_child(stanza_child(world_parse(w, stanza), "encrypted", NULL), "header", NULL);
    return stanza_child(stanza_child(header, "keys", NULL), "key", NULL);
}

sotto_bytes forge_bytes(world *w, sotto_bytes stanza) {
    sotto_bytes text, bytes = BYTES_NONE;
    bytes_buffer decoded;
    uint8_t *memory = bytes_arena_take(&w->memory, 2048);
    assert_non_null(memory);
    bytes_buffer_borrowed(&decoded, memory, 2048);
    assert_true(stanza_text(key_of(w, stanza), &w->memory, &text));
    assert_code(bytes_base64_get(&decoded, text), 0);
    assert_code(bytes_buffer_end(&decoded, &bytes), 0);
    return bytes;
}

forge forge_take(world *w, sotto_bytes stanza) {
    forge made = {.is_kex = stanza_attribute_of(key_of(w, stanza), "kex").at != NULL};
    sotto_bytes bytes = forge_bytes(w, stanza);
    if (made.is_kex) {
        assert_code(omemo_wire_read_exchange(bytes, &made.kex), 0);
        bytes = made.kex.message;
    }
    assert_code(omemo_wire_read_message(bytes, &made.message), 0);
    return made;
}

sotto_bytes forge_put_bytes(world *w, sotto_bytes stanza, sotto_bytes bytes) {
    sotto_bytes raw = key_of(w, stanza)->raw, text = BYTES_NONE;
    const char *old = (const char *)world_text(w, "%.*s", (int)raw.len, (const char *)raw.at).at;
    const char *inside = strchr(old, '>');
    assert_non_null(inside);
    bytes_buffer coded;
    bytes_buffer_owned(&coded, sotto_host_default(), 8192);
    bytes_base64_put(&coded, bytes);
    assert_code(bytes_buffer_end(&coded, &text), 0);
    const char *made = (const char *)world_text(w, "%.*s%.*s</key>", (int)(inside + 1 - old), old, (int)text.len,
                                                (const char *)text.at)
                           .at;
    bytes_buffer_free(&coded);
    return world_replace(w, stanza, old, made);
}

sotto_bytes forge_put(world *w, sotto_bytes stanza, const forge *made) {
    uint8_t body_memory[1024], message_memory[1024], all_memory[1024];
    bytes_buffer body, message, all;
    sotto_bytes bytes = BYTES_NONE;
    bytes_buffer_borrowed(&body, body_memory, sizeof body_memory);
    bytes_buffer_borrowed(&message, message_memory, sizeof message_memory);
    bytes_buffer_borrowed(&all, all_memory, sizeof all_memory);
    omemo_wire_write_body(&body, &made->message);
    assert_code(bytes_buffer_end(&body, &bytes), 0);
    omemo_wire_write_message(&message, bytes, made->message.mac);
    assert_code(bytes_buffer_end(&message, &bytes), 0);
    if (made->is_kex) {
        omemo_kex kex = made->kex;
        kex.message = bytes;
        omemo_wire_write_exchange(&all, &kex);
        assert_code(bytes_buffer_end(&all, &bytes), 0);
    }
    return forge_put_bytes(w, stanza, bytes);
}

crypto_x25519_public forge_ratchet(uint8_t number) {
    crypto_x25519_pair pair;
    const crypto_x25519_private key = {{number, 1, 2, 3}};
    assert_code(crypto_x25519_derive(&pair, &key), 0);
    return pair.public_key;
}
