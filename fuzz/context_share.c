/* SPDX-License-Identifier: ISC
 *
 * context/share.h: whatever a message, a service or a body says, a file that is offered has a URL we would open, a key
 * and an IV of the right sizes, and no fragment with a key in it (T34); what was read can be written and is read again.
 */
#include "context/share.h"

#include "trees.h"

static void check_share(const context_share *share) {
    MUST(context_url_is_safe(share->url));
    MUST(!memchr(share->url.at, '#', share->url.len));
    MUST(share->cipher < CONTEXT_CIPHER_COUNT);
    MUST(share->key.len == context_cipher_key_size(share->cipher));
    MUST(share->iv.len == 12 || share->iv.len == 16);
    MUST(share->hash.size == 0 || share->hash.size == 32 || share->hash.size == 64);
    MUST(share->sealed.size == 0 || share->sealed.size == 32 || share->sealed.size == 64);
    MUST(share->cipher != CONTEXT_CIPHER_CBC_256 || share->hash.size > 0 || share->sealed.size > 0);
    (void)fuzz_touch(share->name);
    (void)fuzz_touch(share->type);
    (void)fuzz_touch(context_url_last(share->url));
}

/* Only what names and types can be in XML comes back the same: which is all that was read. */
static void check_again(bytes_arena *arena, const context_share *share) {
    bytes_buffer out;
    stanza_writer w;
    sotto_bytes text, body;
    const stanza_element *message;
    context_share again;
    size_t count = 0;
    if (share->cipher != CONTEXT_CIPHER_GCM_256) return;
    bytes_buffer_owned(&out, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    stanza_open(&w, "message", STANZA_NS_CLIENT);
    context_share_write(&w, share);
    stanza_close(&w);
    MUST_OK(bytes_buffer_end(&out, &text));
    MUST_OK(stanza_parse(arena, text, &message));
    MUST_OK(context_share_read(arena, message, &again, 1, &count, &body));
    MUST(count == 1 && body.len == 0);
    MUST(bytes_equal(again.url, share->url) && bytes_equal(again.key, share->key) && bytes_equal(again.iv, share->iv));
    MUST(bytes_equal(again.name, share->name) && again.has_size == share->has_size);
    MUST(!share->has_size || again.size == share->size);
    bytes_buffer_free(&out);
}

static void check_message(bytes_arena *arena, const stanza_element *stanza) {
    context_share shares[SOTTO_FILES_OF_MESSAGE_MAX];
    size_t count = 0;
    sotto_bytes body;
    MUST_OK(context_share_read(arena, stanza, shares, SOTTO_FILES_OF_MESSAGE_MAX, &count, &body));
    MUST(count <= SOTTO_FILES_OF_MESSAGE_MAX);
    (void)fuzz_touch(body);
    for (size_t i = 0; i < count; i++) {
        check_share(&shares[i]);
        check_again(arena, &shares[i]);
    }
}

static void check_services(bytes_arena *arena, const stanza_element *stanza) {
    context_slot slot;
    sotto_bytes services[SOTTO_UPLOAD_SERVICES_MAX];
    size_t count = 0;
    uint64_t most;
    (void)context_upload_read(stanza, arena, &most);
    (void)fuzz_touch(context_slot_refusal(stanza, arena, &most));
    context_services_read(stanza, arena, services, &count);
    MUST(count <= SOTTO_UPLOAD_SERVICES_MAX);
    for (size_t i = 0; i < count; i++) MUST(services[i].len > 0 && !memchr(services[i].at, '/', services[i].len));
    if (!sotto_ok(context_slot_read(stanza, arena, &slot))) return;
    MUST(context_url_is_safe(slot.put) && context_url_is_safe(slot.get));
    MUST(slot.header_count <= SOTTO_UPLOAD_HEADERS_MAX);
    for (size_t i = 0; i < slot.header_count; i++) {
        sotto_bytes value = slot.headers[i].value;
        MUST(value.len <= SOTTO_UPLOAD_HEADER_BYTES_MAX);
        for (size_t j = 0; j < value.len; j++) MUST(value.at[j] >= ' ' && value.at[j] != 0x7f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    bytes_arena arena;
    const stanza_element *stanza;
    context_share share;
    sotto_bytes text = bytes_of(data, size);
    bytes_arena_init(&arena, sotto_host_default(), FUZZ_ARENA_BYTES_MAX);
    if (sotto_ok(context_aesgcm_read(&arena, text, &share))) {
        check_share(&share);
        check_again(&arena, &share);
    }
    if (sotto_ok(stanza_parse(&arena, text, &stanza))) {
        check_message(&arena, stanza);
        check_services(&arena, stanza);
    }
    bytes_arena_clear(&arena);
    return 0;
}
