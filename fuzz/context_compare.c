/* SPDX-License-Identifier: ISC
 *
 * context/compare.h: what is read is in order and is read the same after it was written; and what a person types is
 * eight characters of the alphabet or nothing. */
#include "context/compare.h"

#include "senders.h"

static void check_list(const context_compare_list *list) {
    context_compare_list again = {0};
    MUST(list->count <= SOTTO_COMPARE_KEYS_MAX);
    for (size_t i = list->count; i > 0; i--)
        MUST_OK(context_compare_list_add(&again, (context_compare_type)list->at[i - 1].type, list->at[i - 1].key));
    MUST(again.count == list->count && memcmp(again.at, list->at, list->count * sizeof list->at[0]) == 0);
}

static void check_again(fuzz_sent *sent, const context_compare_message *message) {
    static uint8_t room[16 * 1024];
    bytes_buffer out;
    stanza_writer writer;
    sotto_bytes text;
    const stanza_element *stanza;
    context_compare_message again;
    bool alone;
    bytes_buffer_borrowed(&out, room, sizeof room);
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    stanza_open(&writer, "message", STANZA_NS_CLIENT);
    context_compare_write(&writer, message);
    stanza_close(&writer);
    MUST_OK(bytes_buffer_end(&out, &text));
    MUST_OK(stanza_parse(&sent->arena, text, &stanza));
    MUST_OK(context_compare_read(stanza, &sent->arena, &again, &alone));
    MUST(alone && memcmp(&again, message, sizeof again) == 0);
}

static void check_typed(sotto_bytes typed) {
    char text[CONTEXT_COMPARE_STRING_SIZE];
    if (!context_compare_typed(typed, text)) return;
    char again[CONTEXT_COMPARE_STRING_SIZE];
    MUST(strlen(text) == CONTEXT_COMPARE_STRING_SIZE - 1 && strpbrk(text, "IO01") == NULL);
    MUST(context_compare_typed(bytes_text(text), again) && strcmp(text, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_sent sent;
    check_typed(bytes_of(data, size));
    fuzz_sent_start(&sent, data, size);
    if (sent.stanza) {
        context_compare_message message;
        bool alone;
        sotto_status status = context_compare_read(sent.stanza, &sent.arena, &message, &alone);
        MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_NOT_FOUND) || sotto_class(status) == SOTTO_CLASS_PEER);
        if (sotto_ok(status)) {
            check_list(&message.list);
            check_again(&sent, &message);
        }
    }
    fuzz_sent_end(&sent);
    return 0;
}
