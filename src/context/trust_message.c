/* SPDX-License-Identifier: ISC */
#include "context/trust_message.h"

#include <string.h>

#include <sotto/limits.h>

#include "bytes/base64.h"
#include "stanza/jid.h"

typedef struct key_list {
    bytes_arena *arena;
    context_trust_key *at;
    size_t count;
} key_list;

/* "Each <trust/> and <distrust/> element MUST contain exactly one Base64-encoded key identifier." */
static sotto_status key_read(const stanza_element *element, sotto_bytes owner, key_list *list) {
    sotto_bytes text;
    if (list->count == SOTTO_TRUST_MESSAGE_KEYS) return SOTTO_FAIL(TOO_LARGE);
    if (!stanza_text(element, list->arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    context_trust_key key = {.owner = owner, .distrust = stanza_is(element, "distrust", NULL)};
    if (stanza_count(element) > 0 || !sotto_ok(bytes_base64_into(key.name, sizeof key.name, text)))
        return SOTTO_FAIL(MALFORMED);
    list->at[list->count++] = key;
    return SOTTO_OK;
}

static sotto_status owner_read(const stanza_element *owner, key_list *list) {
    stanza_jid jid;
    size_t before = list->count;
    sotto_status status = stanza_jid_parse(list->arena, stanza_attribute_of(owner, "jid"), &jid);
    if (sotto_is(status, SOTTO_E_BAD_JID)) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(status);
    if (jid.local.len == 0 || jid.resource.len > 0) return SOTTO_FAIL(MALFORMED);
    for (const stanza_element *child = stanza_first(owner); child != NULL; child = stanza_next(owner, child))
        if (stanza_is(child, "trust", CONTEXT_TRUST_NS) || stanza_is(child, "distrust", CONTEXT_TRUST_NS))
            SOTTO_TRY(key_read(child, jid.bare, list));
    return list->count > before ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

static sotto_status owners_read(const stanza_element *message, key_list *list) {
    for (const stanza_element *child = stanza_first(message); child != NULL; child = stanza_next(message, child))
        if (stanza_is(child, "key-owner", CONTEXT_TRUST_NS)) SOTTO_TRY(owner_read(child, list));
    return list->count > 0 ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

sotto_status context_trust_message_read(const stanza_element *stanza, const char *encryption, bytes_arena *arena,
                                        context_trust_message *ret) {
    bool several;
    const stanza_element *message = stanza_only_child(stanza, "trust-message", CONTEXT_TRUST_NS, &several);
    *ret = (context_trust_message){.present = message != NULL || several};
    if (!ret->present) return SOTTO_OK;
    ret->alone = stanza_child(stanza, "body", NULL) == NULL && stanza_child(stanza, "subject", NULL) == NULL;
    if (message == NULL) return SOTTO_FAIL(MALFORMED);
    ret->encryption = stanza_attribute_of(message, "encryption");
    bool ours = bytes_is(stanza_attribute_of(message, "usage"), CONTEXT_TRUST_USAGE);
    if (!ours || !bytes_is(ret->encryption, encryption)) return SOTTO_OK;
    key_list list = {.arena = arena};
    list.at = bytes_arena_take(arena, SOTTO_TRUST_MESSAGE_KEYS * sizeof *list.at);
    if (list.at == NULL) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(owners_read(message, &list));
    ret->keys = list.at;
    ret->count = list.count;
    return SOTTO_OK;
}

void context_trust_message_write(stanza_writer *writer, const char *encryption, const context_trust_key *keys,
                                 size_t count) {
    stanza_open(writer, "trust-message", CONTEXT_TRUST_NS);
    stanza_put_text(writer, "usage", CONTEXT_TRUST_USAGE);
    stanza_put_text(writer, "encryption", encryption);
    for (size_t i = 0; i < count; i++) {
        bool first = i == 0 || !bytes_equal(keys[i].owner, keys[i - 1].owner);
        bool last = i + 1 == count || !bytes_equal(keys[i].owner, keys[i + 1].owner);
        if (first) {
            stanza_open(writer, "key-owner", CONTEXT_TRUST_NS);
            stanza_put(writer, "jid", keys[i].owner);
        }
        uint8_t room[48];
        bytes_buffer text;
        sotto_bytes name = BYTES_NONE;
        bytes_buffer_borrowed(&text, room, sizeof room);
        bytes_base64_put(&text, bytes_of(keys[i].name, sizeof keys[i].name));
        if (sotto_ok(bytes_buffer_end(&text, &name)))
            stanza_leaf(writer, keys[i].distrust ? "distrust" : "trust", CONTEXT_TRUST_NS, name);
        if (last) stanza_close(writer);
    }
    stanza_close(writer);
}
