/* SPDX-License-Identifier: ISC
 *
 * RFC 5122 and XEP-0147: "xmpp:" path "?" query type (";" key "=" value)*. */
#include "app/verify/uri.h"

#include <string.h>

#include "bytes/arena.h"
#include "bytes/base64.h"
#include "bytes/span.h"
#include "crypto/curve.h"
#include "stanza/jid.h"

#define LINK   "https://conversations.im/i/"
#define DEVICE "omemo-sid-"

/* ---- pieces ---- */

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static sotto_bytes trimmed(sotto_bytes text) {
    while (text.len > 0 && is_blank(text.at[0])) text = bytes_after(text, 1);
    while (text.len > 0 && is_blank(text.at[text.len - 1])) text.len--;
    return text;
}

/* Up to the separator, which is taken off as well; all of it when there is none. */
static sotto_bytes cut(sotto_bytes *rest, char separator, bool *ret_found) {
    const uint8_t *at = rest->len > 0 ? memchr(rest->at, separator, rest->len) : NULL;
    size_t len = at != NULL ? (size_t)(at - rest->at) : rest->len;
    sotto_bytes piece = bytes_of(rest->at, len);
    *rest = bytes_after(*rest, at != NULL ? len + 1 : len);
    *ret_found = at != NULL;
    return piece;
}

static uint8_t lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* Takes off a beginning, whatever its case. */
static bool begins(sotto_bytes *text, const char *with) {
    size_t len = strlen(with);
    if (text->len < len) return false;
    for (size_t i = 0; i < len; i++)
        if (lower(text->at[i]) != (uint8_t)with[i]) return false;
    *text = bytes_after(*text, len);
    return true;
}

/* RFC 3986 section 2.1. MALFORMED: a percent sign with something else behind it; a NUL. */
static sotto_status decoded(sotto_bytes text, bytes_arena *arena, sotto_bytes *ret) {
    uint8_t *at = bytes_arena_take(arena, text.len + 1);
    size_t len = 0;
    if (at == NULL) return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (c == '%') {
            bytes_buffer one;
            bytes_buffer_borrowed(&one, &c, 1);
            if (text.len - i < 3 || !sotto_ok(bytes_hex_get(&one, bytes_of(text.at + i + 1, 2))))
                return SOTTO_FAIL(MALFORMED);
            i += 2;
        }
        if (c == 0) return SOTTO_FAIL(MALFORMED);
        at[len++] = c;
    }
    *ret = bytes_of(at, len);
    return SOTTO_OK;
}

/* ---- keys ---- */

/* 64 digits; or 66, when somebody wrote the type byte that libsignal puts before a key. */
static sotto_status hex_key(sotto_bytes text, uint8_t ret[32]) {
    bytes_buffer out;
    sotto_bytes none;
    if (text.len == 66 && text.at[0] == '0' && text.at[1] == '5') text = bytes_after(text, 2);
    if (text.len != 64) return SOTTO_FAIL(BAD_KEY);
    bytes_buffer_borrowed(&out, ret, 32);
    if (!sotto_ok(bytes_hex_get(&out, text)) || !sotto_ok(bytes_buffer_end(&out, &none))) return SOTTO_FAIL(BAD_KEY);
    return SOTTO_OK;
}

/* A number of 1 to 2^31 - 1 without a sign or leading zeros; 0 is what Conversations writes where it knows none. */
static bool device_read(sotto_bytes text, uint32_t *ret) {
    uint64_t value = 0;
    if (text.len == 0 || text.len > 10 || (text.at[0] == '0' && text.len > 1)) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') return false;
        value = value * 10 + (uint64_t)(text.at[i] - '0');
    }
    *ret = (uint32_t)value;
    return value <= INT32_MAX;
}

/* One key twice is once; a key that is to be trusted and not, or a device with two keys, is nothing at all. */
static sotto_status key_add(app_verify_uri *uri, const app_verify_key *key) {
    for (size_t i = 0; i < uri->count; i++) {
        const app_verify_key *known = &uri->keys[i];
        bool same = memcmp(known->fingerprint, key->fingerprint, sizeof key->fingerprint) == 0;
        if (same && known->distrust != key->distrust) return SOTTO_FAIL(MALFORMED);
        if (same) return SOTTO_OK;
        if (known->has_device && key->has_device && known->device == key->device) return SOTTO_FAIL(MALFORMED);
    }
    if (uri->count == APP_VERIFY_KEYS_MAX) return SOTTO_FAIL(TOO_LARGE);
    uri->keys[uri->count++] = *key;
    return SOTTO_OK;
}

/* ---- queries ---- */

typedef struct query {
    bool trust_message;
    bool for_omemo; /* a trust message's encryption */
    bool first;
} query;

/* XEP-0434 section 7.1: the encryption comes first; then identifiers in Base16. */
static sotto_status trust_pair(app_verify_uri *uri, query *q, sotto_bytes name, sotto_bytes value) {
    if (q->first) {
        q->first = false;
        if (!bytes_is(name, "encryption")) return SOTTO_FAIL(MALFORMED);
        q->for_omemo = bytes_is(value, "urn:xmpp:omemo:2");
        return SOTTO_OK;
    }
    bool distrust = bytes_is(name, "distrust");
    if (!q->for_omemo || (!distrust && !bytes_is(name, "trust"))) return SOTTO_OK;
    crypto_ed25519_public named;
    crypto_x25519_public form;
    app_verify_key key = {.distrust = distrust};
    SOTTO_TRY(hex_key(value, named.bytes));
    SOTTO_TRY(crypto_ed25519_to_x25519(&form, &named));
    memcpy(key.fingerprint, form.bytes, sizeof key.fingerprint);
    return key_add(uri, &key);
}

static sotto_status pair(app_verify_uri *uri, sotto_bytes name, sotto_bytes value) {
    app_verify_key key = {.has_device = true};
    if (!begins(&name, DEVICE)) return SOTTO_OK; /* somebody else's: names, otr-fingerprint */
    if (!device_read(name, &key.device)) return SOTTO_FAIL(MALFORMED);
    key.has_device = key.device != 0;
    SOTTO_TRY(hex_key(value, key.fingerprint));
    return key_add(uri, &key);
}

static sotto_status query_read(app_verify_uri *uri, sotto_bytes text, char separator, bytes_arena *arena) {
    query q = {.first = true};
    bool more = text.len > 0, has_value;
    for (bool begin = true; more; begin = false) {
        sotto_bytes value = cut(&text, separator, &more), name = cut(&value, '=', &has_value);
        SOTTO_TRY(decoded(name, arena, &name));
        SOTTO_TRY(decoded(value, arena, &value));
        if (begin && !has_value && bytes_is(name, "trust-message"))
            q.trust_message = true;
        else if (q.trust_message)
            SOTTO_TRY(trust_pair(uri, &q, name, value));
        else
            SOTTO_TRY(pair(uri, name, value));
    }
    return uri->count > 0 ? SOTTO_OK : SOTTO_FAIL(NOT_FOUND);
}

static sotto_status jid_read(app_verify_uri *uri, sotto_bytes path, bytes_arena *arena) {
    sotto_bytes text;
    stanza_jid jid;
    SOTTO_TRY(decoded(path, arena, &text));
    SOTTO_TRY(stanza_jid_parse(arena, text, &jid));
    /* An account's: keys are nobody else's; and a resource would be one of its devices, which is not what it says. */
    if (jid.local.len == 0 || jid.resource.len > 0) return SOTTO_FAIL(BAD_JID);
    memcpy(uri->jid, jid.bare.at, jid.bare.len);
    uri->jid[jid.bare.len] = '\0';
    return SOTTO_OK;
}

sotto_status app_verify_uri_read(app_verify_uri *ret, sotto_bytes text) {
    bytes_arena arena;
    bool has_query, has_fragment;
    app_verify_uri uri = {.count = 0};
    text = trimmed(text);
    if (text.len > APP_VERIFY_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    bool is_link = begins(&text, LINK);
    /* "xmpp://" would be an account to act with (RFC 5122 section 2.3). */
    if (!is_link && (!begins(&text, "xmpp:") || (text.len > 0 && text.at[0] == '/'))) return SOTTO_FAIL(MALFORMED);
    sotto_bytes rest = cut(&text, '#', &has_fragment), path = cut(&rest, '?', &has_query);
    bytes_arena_init(&arena, sotto_host_default(), (size_t)1024 * 1024);
    sotto_status status = jid_read(&uri, path, &arena);
    if (sotto_ok(status)) status = query_read(&uri, rest, is_link ? '&' : ';', &arena);
    bytes_arena_clear(&arena);
    if (sotto_ok(status)) *ret = uri;
    return status;
}

/* ---- writing ---- */

/* RFC 5122 section 2.2: unreserved characters, and a few that may stand in a JID; everything else is encoded. */
static bool is_safe(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~!$*+@", c));
}

static void jid_put(bytes_buffer *to, sotto_bytes jid) {
    bytes_buffer_text(to, "xmpp:");
    for (size_t i = 0; i < jid.len; i++) {
        if (!is_safe(jid.at[i])) bytes_buffer_u8(to, '%');
        if (is_safe(jid.at[i]))
            bytes_buffer_u8(to, jid.at[i]);
        else
            bytes_hex_put(to, bytes_of(&jid.at[i], 1));
    }
}

void app_verify_uri_put(bytes_buffer *to, sotto_bytes jid, const app_verify_key *keys, size_t count) {
    jid_put(to, jid);
    for (size_t i = 0; i < count; i++) {
        bytes_buffer_text(to, i == 0 ? "?" DEVICE : ";" DEVICE);
        bytes_buffer_decimal(to, keys[i].device);
        bytes_buffer_u8(to, '=');
        bytes_hex_put(to, bytes_of(keys[i].fingerprint, sizeof keys[i].fingerprint));
    }
}

void app_verify_uri_put_trust(bytes_buffer *to, sotto_bytes jid, const uint8_t (*names)[32], size_t count) {
    jid_put(to, jid);
    bytes_buffer_text(to, "?trust-message;encryption=urn:xmpp:omemo:2");
    for (size_t i = 0; i < count; i++) {
        bytes_buffer_text(to, ";trust=");
        bytes_hex_put(to, bytes_of(names[i], 32));
    }
}
