/* SPDX-License-Identifier: ISC
 *
 * context/trust_message.h: what is read has an owner in normal form and is read the same after it was written; on an
 * error there are no keys (T39). */
#include "context/trust_message.h"

#include <sotto/limits.h>

#include "senders.h"

#define ENCRYPTION "urn:xmpp:omemo:2"

static void check_keys(fuzz_sent *sent, const context_trust_message *message) {
    for (size_t i = 0; i < message->count; i++) {
        stanza_jid jid;
        MUST_OK(stanza_jid_parse(&sent->arena, message->keys[i].owner, &jid));
        MUST(bytes_equal(jid.full, message->keys[i].owner) && jid.local.len > 0 && jid.resource.len == 0);
    }
}

static void check_again(fuzz_sent *sent, const context_trust_message *message) {
    static uint8_t room[2 * 1024 * 1024];
    bytes_buffer out;
    stanza_writer writer;
    sotto_bytes text;
    const stanza_element *stanza;
    context_trust_message again;
    bytes_buffer_borrowed(&out, room, sizeof room);
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    stanza_open(&writer, "message", STANZA_NS_CLIENT);
    context_trust_message_write(&writer, ENCRYPTION, message->keys, message->count);
    stanza_close(&writer);
    MUST_OK(bytes_buffer_end(&out, &text));
    MUST_OK(stanza_parse(&sent->arena, text, &stanza));
    MUST_OK(context_trust_message_read(stanza, ENCRYPTION, &sent->arena, &again));
    MUST(again.present && again.alone && again.count == message->count);
    for (size_t i = 0; i < again.count; i++) {
        const context_trust_key *one = &message->keys[i], *other = &again.keys[i];
        MUST(bytes_equal(one->owner, other->owner) && one->distrust == other->distrust);
        MUST(memcmp(one->name, other->name, sizeof one->name) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_sent sent;
    fuzz_sent_start(&sent, data, size);
    if (sent.stanza) {
        context_trust_message message;
        sotto_status status = context_trust_message_read(sent.stanza, ENCRYPTION, &sent.arena, &message);
        MUST(sotto_ok(status) || sotto_class(status) == SOTTO_CLASS_PEER);
        MUST(message.present == (stanza_child(sent.stanza, "trust-message", CONTEXT_TRUST_NS) != NULL));
        MUST(message.count <= SOTTO_TRUST_MESSAGE_KEYS && (sotto_ok(status) || message.count == 0));
        if (message.count > 0) {
            check_keys(&sent, &message);
            check_again(&sent, &message);
        }
    }
    fuzz_sent_end(&sent);
    return 0;
}
