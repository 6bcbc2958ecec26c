/* SPDX-License-Identifier: ISC
 *
 * The message. What it says was written by whoever sent it, so every part is read strictly and a part that is not right
 * makes the file one that is not offered, never one that is guessed at. */
#include "context/share.h"

#include <string.h>

#include "bytes/base64.h"

#define NS_HASHES   "urn:xmpp:hashes:2"
#define NS_URL_DATA "http://jabber.org/protocol/url-data"
#define NS_FALLBACK "urn:xmpp:fallback:0"

typedef struct cipher_row {
    const char *ns;
    uint8_t key_size, iv_size; /* XEP-0448 section 6 */
} cipher_row;

static const cipher_row ciphers[CONTEXT_CIPHER_COUNT] = {
    [CONTEXT_CIPHER_GCM_256] = {"urn:xmpp:ciphers:aes-256-gcm-nopadding:0", 32, 12},
    [CONTEXT_CIPHER_GCM_128] = {"urn:xmpp:ciphers:aes-128-gcm-nopadding:0", 16, 12},
    [CONTEXT_CIPHER_CBC_256] = {"urn:xmpp:ciphers:aes-256-cbc-pkcs7:0", 32, 16}, /* Kaidan writes this one */
};

size_t context_cipher_key_size(context_cipher cipher) {
    return ciphers[cipher].key_size;
}

/* ---- reading ---- */

static sotto_status decoded(bytes_arena *arena, const stanza_element *element, size_t least, size_t most,
                            sotto_bytes *ret) {
    uint8_t memory[64];
    bytes_buffer out;
    sotto_bytes text, bytes;
    if (!element) return SOTTO_FAIL(MALFORMED);
    if (!stanza_text(element, arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    sotto_status status = bytes_base64_get(&out, text);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &bytes);
    if (sotto_ok(status) && (bytes.len < least || bytes.len > most)) status = SOTTO_FAIL(MALFORMED);
    if (sotto_ok(status) && !bytes_arena_copy(arena, bytes, ret)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_reset(&out); /* it was a key, perhaps */
    return status;
}

/* The first of a kind that we can compute; those of other kinds do not count, neither for nor against. */
static sotto_status hash_read(bytes_arena *arena, const stanza_element *parent, context_hash *ret) {
    ret->size = 0;
    for (const stanza_element *one = stanza_first(parent); one; one = stanza_next(parent, one)) {
        sotto_bytes algorithm = stanza_attribute_of(one, "algo"), bytes;
        if (!stanza_is(one, "hash", NS_HASHES)) continue;
        size_t size = bytes_is(algorithm, "sha-256") ? 32 : bytes_is(algorithm, "sha-512") ? 64 : 0;
        if (size == 0) continue;
        SOTTO_TRY(decoded(arena, one, size, size, &bytes));
        ret->size = (uint8_t)size;
        memcpy(ret->bytes, bytes.at, size);
        return SOTTO_OK;
    }
    return SOTTO_OK;
}

static bool number_read(sotto_bytes text, uint64_t most, uint64_t *ret) {
    uint64_t value = 0;
    if (text.len == 0 || text.len > 19) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') return false;
        value = value * 10 + (uint64_t)(text.at[i] - '0');
    }
    if (value > most) return false;
    *ret = value;
    return true;
}

static sotto_status text_of(bytes_arena *arena, const stanza_element *parent, const char *name, const char *ns,
                            sotto_bytes *ret) {
    const stanza_element *element = stanza_child(parent, name, ns);
    *ret = BYTES_NONE;
    return !element || stanza_text(element, arena, ret) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

static sotto_status metadata_read(bytes_arena *arena, const stanza_element *file, context_share *ret) {
    sotto_bytes size;
    SOTTO_TRY(text_of(arena, file, "name", CONTEXT_NS_METADATA, &ret->name));
    SOTTO_TRY(text_of(arena, file, "media-type", CONTEXT_NS_METADATA, &ret->type));
    SOTTO_TRY(text_of(arena, file, "size", CONTEXT_NS_METADATA, &size));
    SOTTO_TRY(hash_read(arena, file, &ret->hash));
    ret->has_size = size.len > 0;
    if (ret->has_size && !number_read(size, UINT64_MAX / 2, &ret->size)) return SOTTO_FAIL(MALFORMED);
    return SOTTO_OK;
}

static sotto_status source_read(bytes_arena *arena, const stanza_element *sealed, context_share *ret) {
    sotto_bytes cipher = stanza_attribute_of(sealed, "cipher");
    size_t at = 0;
    while (at < CONTEXT_CIPHER_COUNT && !bytes_is(cipher, ciphers[at].ns)) at++;
    if (at == CONTEXT_CIPHER_COUNT) return SOTTO_FAIL(MALFORMED);
    const cipher_row *row = &ciphers[at];
    /* 16 bytes of IV for GCM are what clients wrote before they agreed on 12. */
    size_t iv_most = at == CONTEXT_CIPHER_CBC_256 ? row->iv_size : 16;
    ret->cipher = (context_cipher)at;
    SOTTO_TRY(decoded(arena, stanza_child(sealed, "key", CONTEXT_NS_SEALED), row->key_size, row->key_size, &ret->key));
    SOTTO_TRY(decoded(arena, stanza_child(sealed, "iv", CONTEXT_NS_SEALED), row->iv_size, iv_most, &ret->iv));
    if (ret->iv.len != 12 && ret->iv.len != 16) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(hash_read(arena, sealed, &ret->sealed));
    const stanza_element *sources = stanza_child(sealed, "sources", CONTEXT_NS_SHARING);
    for (const stanza_element *one = stanza_first(sources); one; one = stanza_next(sources, one)) {
        ret->url = stanza_attribute_of(one, "target");
        if (stanza_is(one, "url-data", NS_URL_DATA) && context_url_is_safe(ret->url)) return SOTTO_OK;
    }
    return SOTTO_FAIL(MALFORMED);
}

/* The first of its sources that is encrypted in a way we can read. */
static sotto_status sharing_read(bytes_arena *arena, const stanza_element *sharing, context_share *ret) {
    const stanza_element *sources = stanza_child(sharing, "sources", CONTEXT_NS_SHARING);
    for (const stanza_element *one = stanza_first(sources); one; one = stanza_next(sources, one)) {
        if (!stanza_is(one, "encrypted", CONTEXT_NS_SEALED)) continue;
        *ret = (context_share){.has_size = false};
        sotto_status status = source_read(arena, one, ret);
        if (sotto_ok(status)) status = metadata_read(arena, stanza_child(sharing, "file", CONTEXT_NS_METADATA), ret);
        /* Without a tag nothing but a hash holds the file together. */
        bool bare = ret->cipher == CONTEXT_CIPHER_CBC_256 && ret->hash.size == 0 && ret->sealed.size == 0;
        if (sotto_ok(status) && !bare) return SOTTO_OK;
        if (sotto_class(status) == SOTTO_CLASS_OURS) return status;
    }
    return SOTTO_FAIL(MALFORMED);
}

/* Whether the body, or all of it that matters, stands in for the files (XEP-0428). */
static bool is_fallback(const stanza_element *message) {
    for (const stanza_element *one = stanza_first(message); one; one = stanza_next(message, one)) {
        if (!stanza_is(one, "fallback", NS_FALLBACK)) continue;
        if (!bytes_is(stanza_attribute_of(one, "for"), CONTEXT_NS_SHARING)) continue;
        const stanza_element *body = stanza_child(one, "body", NS_FALLBACK);
        if (stanza_count(one) == 0 || (body && !stanza_attribute_of(body, "start").at)) return true;
    }
    return false;
}

sotto_status context_share_read(bytes_arena *arena, const stanza_element *message, context_share *ret, size_t most,
                                size_t *ret_count, sotto_bytes *ret_body) {
    size_t count = 0;
    context_share of_body;
    sotto_bytes body;
    SOTTO_TRY(text_of(arena, message, "body", STANZA_NS_CLIENT, &body));
    for (const stanza_element *one = stanza_first(message); one && count < most; one = stanza_next(message, one)) {
        if (!stanza_is(one, "file-sharing", CONTEXT_NS_SHARING)) continue;
        sotto_status status = sharing_read(arena, one, &ret[count]);
        if (sotto_class(status) == SOTTO_CLASS_OURS) return status;
        if (sotto_ok(status)) count++;
    }
    sotto_status status = context_aesgcm_read(arena, body, &of_body);
    if (sotto_class(status) == SOTTO_CLASS_OURS) return status;
    bool repeats = count > 0 && (sotto_ok(status) || is_fallback(message));
    if (count == 0 && most > 0 && sotto_ok(status)) {
        ret[count++] = of_body;
        repeats = true;
    }
    *ret_count = count;
    *ret_body = repeats ? BYTES_NONE : body;
    return SOTTO_OK;
}

/* ---- writing ---- */

static void base64_write(stanza_writer *w, sotto_bytes value) {
    uint8_t memory[96];
    bytes_buffer out;
    sotto_bytes text;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_base64_put(&out, value);
    sotto_status status = bytes_buffer_end(&out, &text);
    if (sotto_ok(status))
        stanza_write(w, text);
    else
        bytes_buffer_fail(w->out, status);
    bytes_buffer_reset(&out);
}

static void base64_leaf(stanza_writer *w, const char *name, const char *ns, sotto_bytes value) {
    stanza_open(w, name, ns);
    base64_write(w, value);
    stanza_close(w);
}

static void hash_write(stanza_writer *w, const context_hash *hash) {
    if (hash->size == 0) return;
    stanza_open(w, "hash", NS_HASHES);
    stanza_put_text(w, "algo", hash->size == 32 ? "sha-256" : "sha-512");
    base64_write(w, bytes_of(hash->bytes, hash->size));
    stanza_close(w);
}

static void metadata_write(stanza_writer *w, const context_share *share) {
    uint8_t memory[24];
    bytes_buffer out;
    sotto_bytes size;
    stanza_open(w, "file", CONTEXT_NS_METADATA);
    if (share->type.len > 0) stanza_leaf(w, "media-type", CONTEXT_NS_METADATA, share->type);
    if (share->name.len > 0) stanza_leaf(w, "name", CONTEXT_NS_METADATA, share->name);
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_decimal(&out, share->size);
    if (share->has_size && sotto_ok(bytes_buffer_end(&out, &size))) stanza_leaf(w, "size", CONTEXT_NS_METADATA, size);
    hash_write(w, &share->hash);
    stanza_close(w);
}

static void source_write(stanza_writer *w, const context_share *share) {
    stanza_open(w, "encrypted", CONTEXT_NS_SEALED);
    stanza_put_text(w, "cipher", ciphers[share->cipher].ns);
    base64_leaf(w, "key", CONTEXT_NS_SEALED, share->key);
    base64_leaf(w, "iv", CONTEXT_NS_SEALED, share->iv);
    hash_write(w, &share->sealed);
    stanza_open(w, "sources", CONTEXT_NS_SHARING);
    stanza_open(w, "url-data", NS_URL_DATA);
    stanza_put(w, "target", share->url);
    stanza_close(w);
    stanza_close(w);
    stanza_close(w);
}

void context_share_write(stanza_writer *w, const context_share *share) {
    uint8_t memory[SOTTO_FILE_URL_BYTES_MAX + 128];
    bytes_buffer out;
    sotto_bytes url;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    context_aesgcm_write(&out, share);
    sotto_status status = bytes_buffer_end(&out, &url);
    if (!sotto_ok(status)) {
        bytes_buffer_fail(w->out, status);
        return;
    }
    stanza_leaf(w, "body", STANZA_NS_CLIENT, url);
    bytes_buffer_reset(&out);
    stanza_open(w, "file-sharing", CONTEXT_NS_SHARING);
    stanza_put_text(w, "disposition", "attachment");
    metadata_write(w, share);
    stanza_open(w, "sources", CONTEXT_NS_SHARING);
    source_write(w, share);
    stanza_close(w);
    stanza_close(w);
    stanza_open(w, "fallback", NS_FALLBACK);
    stanza_put_text(w, "for", CONTEXT_NS_SHARING);
    stanza_open(w, "body", NS_FALLBACK);
    stanza_close(w);
    stanza_close(w);
}
