/* SPDX-License-Identifier: ISC
 *
 * context/archive.h and context/stanza_id.h: what is taken out of a result is in it, was sent to or by whom the archive
 * is of, and wraps nothing else (T1, T2). */
#include "context/archive.h"

#include "context/stanza_id.h"
#include "senders.h"

#define NS_ARCHIVE "urn:xmpp:mam:2"
#define NS_CARBONS "urn:xmpp:carbons:2"
#define ROOM       "coven@chat.example"

static void check_message(fuzz_sent *sent, const stanza_element *message, bool room) {
    context_archived whose;
    stanza_jid from = {0}, occupant = {0};
    bool is;
    sotto_bytes archive = room ? BYTES_LITERAL(ROOM) : BYTES_LITERAL(FUZZ_ACCOUNT);
    MUST_OK(context_archive_origin(message, archive, room, &sent->arena, &whose, &from));
    MUST_OK(context_archive_occupant(message, &sent->arena, &is, &occupant));
    MUST(!is || occupant.bare.len > 0);
    if (whose == CONTEXT_ARCHIVED_NOT) return;
    MUST(room == (whose == CONTEXT_ARCHIVED_ROOM));
    MUST(room == bytes_is(stanza_attribute_of(message, "type"), "groupchat"));
    MUST((whose == CONTEXT_ARCHIVED_RECEIVED) != bytes_equal(from.bare, archive));
    MUST(!stanza_child(message, "result", NS_ARCHIVE));
    MUST(!stanza_child(message, "sent", NS_CARBONS) && !stanza_child(message, "received", NS_CARBONS));
}

static void check_result(fuzz_sent *sent) {
    context_archive_result result = {.id = BYTES_NONE};
    bool is, claims = stanza_child(sent->stanza, "result", NS_ARCHIVE) != NULL;
    MUST(context_archive_result_read(sent->stanza, &result, &is) == claims);
    MUST(claims || !is);
    if (!is) return;
    MUST(result.id.len > 0);
    if (!result.message) return;
    MUST(result.message->parent->parent->parent == sent->stanza);
    check_message(sent, result.message, false);
    check_message(sent, result.message, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_sent sent;
    fuzz_sent_start(&sent, data, size);
    if (sent.stanza) {
        context_archive_page page;
        context_archive_support support;
        check_result(&sent);
        check_message(&sent, sent.stanza, false);
        if (sotto_ok(context_archive_page_read(sent.stanza, &sent.arena, &page)))
            MUST(stanza_child(sent.stanza, "fin", NS_ARCHIVE));
        context_archive_support_read(sent.stanza, &support);
        MUST(!context_archive_is_lost(sent.stanza) || stanza_child(sent.stanza, "error", STANZA_NS_CLIENT));
        sotto_bytes id = context_stanza_id(sent.stanza, BYTES_LITERAL(FUZZ_ACCOUNT));
        MUST(id.len == 0 || stanza_child(sent.stanza, "stanza-id", "urn:xmpp:sid:0"));
    }
    fuzz_sent_end(&sent);
    return 0;
}
