/* SPDX-License-Identifier: ISC */
#include "seal/omemo/header.h"

#include <string.h>

#include <sotto/limits.h>

#include "bytes/base64.h"
#include "bytes/span.h"
#include "seal/omemo/payload.h"
#include "stanza/jid.h"

/* ---- reading ---- */

typedef struct reading {
    const omemo_dialect *dialect;
    sotto_bytes account;
    uint32_t device;
    bytes_arena *arena;
    uint32_t count;    /* of all <key/> looked at */
    omemo_header *ret; /* those that are for us */
} reading;

/* XML Schema has two words for true, and Profanity reads both; Conversations, Dino and Profanity write prekey='true'.
 */
static bool boolean_read(const stanza_element *element, const char *name, bool *ret) {
    sotto_bytes text = stanza_attribute_of(element, name);
    *ret = bytes_is(text, "true") || bytes_is(text, "1");
    return !text.at || *ret || bytes_is(text, "false") || bytes_is(text, "0");
}

static sotto_status is_own_jid(const reading *r, sotto_bytes text, bool *ret) {
    stanza_jid jid;
    *ret = bytes_equal(text, r->account);
    if (*ret) return SOTTO_OK;
    sotto_status status = stanza_jid_parse(r->arena, text, &jid);
    if (sotto_is(status, SOTTO_E_BAD_JID)) return SOTTO_OK;
    SOTTO_TRY(status);
    *ret = bytes_equal(jid.full, r->account);
    return SOTTO_OK;
}

/* The <key/> with our device id among these; counts them all. At most one (T31), or a few: who writes more of them than
 * that leaves us out, as he could in any case. */
static sotto_status key_find(reading *r, const stanza_element *keys) {
    for (const stanza_element *key = stanza_first(keys); key; key = stanza_next(keys, key)) {
        uint64_t rid;
        if (!stanza_is(key, "key", r->dialect->ns)) continue;
        if (++r->count > SOTTO_OMEMO_KEYS_MAX) return SOTTO_FAIL(TOO_LARGE);
        if (!stanza_attribute_number(key, "rid", 1, OMEMO_ID_MAX, &rid) || rid != r->device) continue;
        if (r->ret->key_count > 0 && !r->dialect->first_key) return SOTTO_FAIL(MALFORMED);
        if (r->ret->key_count < SOTTO_OMEMO_KEYS_OF_ONE_ID) r->ret->keys[r->ret->key_count++] = key;
    }
    return SOTTO_OK;
}

/* Other people's keys are not looked at, where it says whose they are. */
static sotto_status own_key_find(reading *r, const stanza_element *header) {
    const char *name = r->dialect->names->keys;
    if (!name) return key_find(r, header);
    for (const stanza_element *keys = stanza_first(header); keys; keys = stanza_next(header, keys)) {
        bool own;
        if (!stanza_is(keys, name, r->dialect->ns)) continue;
        SOTTO_TRY(is_own_jid(r, stanza_attribute_of(keys, "jid"), &own));
        if (own) SOTTO_TRY(key_find(r, keys));
    }
    return SOTTO_OK;
}

/* Whether it is there and of a size that there is, only a payload asks. */
static sotto_status iv_read(const reading *r, const stanza_element *header, omemo_header *ret) {
    if (!r->dialect->names->iv) return SOTTO_OK;
    bool several = false;
    sotto_bytes text, written;
    bytes_buffer out;
    const stanza_element *iv = stanza_only_child(header, r->dialect->names->iv, r->dialect->ns, &several);
    if (several) return SOTTO_FAIL(MALFORMED);
    if (!iv) return SOTTO_OK;
    if (!stanza_text(iv, r->arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_borrowed(&out, ret->iv, sizeof ret->iv);
    sotto_status status = bytes_base64_get(&out, text);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &written);
    if (sotto_is(status, SOTTO_E_NO_ROOM)) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(status);
    ret->iv_len = (uint8_t)written.len;
    return SOTTO_OK;
}

sotto_status omemo_header_kex(const stanza_element *key, const omemo_dialect *dialect, bool *ret) {
    return boolean_read(key, dialect->names->exchange, ret) ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

sotto_status omemo_header_read(const stanza_element *stanza, const omemo_dialect *dialect, sotto_bytes account,
                               uint32_t device, bytes_arena *arena, omemo_header *ret) {
    omemo_header read = {.sender = 0};
    reading r = {.dialect = dialect, .account = account, .device = device, .arena = arena, .ret = &read};
    bool several = false;
    uint64_t sid;
    const stanza_element *encrypted = stanza_only_child(stanza, "encrypted", dialect->ns, NULL);
    const stanza_element *header = stanza_only_child(encrypted, "header", dialect->ns, NULL);
    if (!header || !stanza_attribute_number(header, "sid", 1, OMEMO_ID_MAX, &sid)) return SOTTO_FAIL(MALFORMED);
    read.sender = (uint32_t)sid;
    read.payload = stanza_only_child(encrypted, "payload", dialect->ns, &several);
    if (several) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(own_key_find(&r, header));
    read.key = read.key_count > 0 ? read.keys[0] : NULL;
    if (read.key) SOTTO_TRY(omemo_header_kex(read.key, dialect, &read.is_kex));
    SOTTO_TRY(iv_read(&r, header, &read));
    *ret = read;
    return SOTTO_OK;
}

/* ---- writing ---- */

void omemo_header_open(stanza_writer *w, const omemo_dialect *dialect, uint32_t own_device) {
    stanza_open(w, "encrypted", dialect->ns);
    stanza_open(w, "header", dialect->ns);
    stanza_put_number(w, "sid", own_device);
}

void omemo_header_keys_open(stanza_writer *w, const omemo_dialect *dialect, sotto_bytes jid) {
    if (!dialect->names->keys) return;
    stanza_open(w, dialect->names->keys, dialect->ns);
    stanza_put(w, "jid", jid);
}

/* The attribute is left out where it would be false, which some readers take for true. */
void omemo_header_key(stanza_writer *w, const omemo_dialect *dialect, uint32_t device, bool is_kex, sotto_bytes data) {
    stanza_open(w, "key", dialect->ns);
    stanza_put_number(w, "rid", device);
    if (is_kex) stanza_put_text(w, dialect->names->exchange, "true");
    stanza_write(w, data);
    stanza_close(w);
}

void omemo_header_keys_close(stanza_writer *w, const omemo_dialect *dialect) {
    if (dialect->names->keys) stanza_close(w);
}

void omemo_header_close(stanza_writer *w, const omemo_dialect *dialect, sotto_bytes iv) {
    if (iv.len > 0 && dialect->names->iv) {
        uint8_t memory[(OMEMO_IV_BYTES_MAX + 2) / 3 * 4];
        bytes_buffer text;
        sotto_bytes written = BYTES_NONE;
        bytes_buffer_borrowed(&text, memory, sizeof memory);
        bytes_base64_put(&text, iv);
        sotto_status status = bytes_buffer_end(&text, &written);
        if (!sotto_ok(status)) bytes_buffer_fail(w->out, status);
        stanza_leaf(w, dialect->names->iv, dialect->ns, written);
    }
    stanza_close(w);
}

void omemo_header_end(stanza_writer *w, const omemo_dialect *dialect, sotto_bytes payload) {
    if (payload.len > 0) stanza_leaf(w, "payload", dialect->ns, payload);
    stanza_close(w);
}
