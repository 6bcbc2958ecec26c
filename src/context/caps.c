/* SPDX-License-Identifier: ISC */
#include "context/caps.h"

#include "bytes/base64.h"
#include "crypto/hash.h"

#define NS_INFO "http://jabber.org/protocol/disco#info"
#define NS_CAPS "http://jabber.org/protocol/caps"

#define CATEGORY "client"
#define TYPE     "console"
#define NAME     "Sotto"

/* What this layer answers by itself, beside the seals' features. */
static const char *const own_features[] = {NS_CAPS, NS_INFO, "urn:xmpp:ping"};
#define OWN_COUNT (sizeof own_features / sizeof *own_features)

/* Own and given features in i;octet order (XEP-0115 section 5.1). */
static sotto_status sorted(bytes_arena *arena, const char *const *features, sotto_bytes **ret, size_t *ret_count) {
    size_t count = OWN_COUNT;
    for (const char *const *feature = features; *feature != NULL; feature++) count++;
    sotto_bytes *list = bytes_arena_take(arena, count * sizeof *list);
    if (list == NULL) return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        sotto_bytes next = bytes_text(i < OWN_COUNT ? own_features[i] : features[i - OWN_COUNT]);
        size_t at = i;
        for (; at > 0 && bytes_compare(list[at - 1], next) > 0; at--) list[at] = list[at - 1];
        if (at > 0 && bytes_equal(list[at - 1], next)) return SOTTO_FAIL(USAGE);
        list[at] = next;
    }
    *ret = list;
    *ret_count = count;
    return SOTTO_OK;
}

sotto_status context_caps_ver(bytes_arena *arena, const char *const *features, sotto_bytes *ret) {
    sotto_bytes *list, text;
    size_t count;
    SOTTO_TRY(sorted(arena, features, &list, &count));
    bytes_buffer input;
    bytes_buffer_owned(&input, arena->host, 64 * 1024);
    bytes_buffer_text(&input, CATEGORY "/" TYPE "//" NAME "<");
    for (size_t i = 0; i < count; i++) {
        bytes_buffer_put(&input, list[i]);
        bytes_buffer_u8(&input, '<');
    }
    uint8_t hash[20], at[28];
    sotto_status status = bytes_buffer_end(&input, &text);
    if (sotto_ok(status)) status = crypto_hash_of(CRYPTO_SHA1, hash, text);
    bytes_buffer_free(&input);
    SOTTO_TRY(status);
    bytes_buffer encoded;
    bytes_buffer_borrowed(&encoded, at, sizeof at);
    bytes_base64_put(&encoded, bytes_of(hash, sizeof hash));
    SOTTO_TRY(bytes_buffer_end(&encoded, &text));
    return bytes_arena_copy(arena, text, ret) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

void context_caps_write(stanza_writer *writer, sotto_bytes ver) {
    stanza_open(writer, "c", NS_CAPS);
    stanza_put_text(writer, "hash", "sha-1");
    stanza_put_text(writer, "node", CONTEXT_CAPS_NODE);
    stanza_put(writer, "ver", ver);
    stanza_close(writer);
}

sotto_status context_caps_info(stanza_writer *writer, bytes_arena *arena, const char *const *features,
                               sotto_bytes node) {
    sotto_bytes *list;
    size_t count;
    SOTTO_TRY(sorted(arena, features, &list, &count));
    stanza_open(writer, "query", NS_INFO);
    stanza_put(writer, "node", node);
    stanza_open(writer, "identity", NS_INFO);
    stanza_put_text(writer, "category", CATEGORY);
    stanza_put_text(writer, "type", TYPE);
    stanza_put_text(writer, "name", NAME);
    stanza_close(writer);
    for (size_t i = 0; i < count; i++) {
        stanza_open(writer, "feature", NS_INFO);
        stanza_put(writer, "var", list[i]);
        stanza_close(writer);
    }
    stanza_close(writer);
    return SOTTO_OK;
}
