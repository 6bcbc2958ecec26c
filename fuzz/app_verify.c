/* SPDX-License-Identifier: ISC
 *
 * app/verify/uri.h: what is read names an account in normal form, has keys that contradict nothing, and is read the
 * same after it was written; on an error nothing is touched. */
#include "app/verify/uri.h"

#include "bytes/span.h"
#include "rig.h"
#include "stanza/jid.h"

static void check_keys(const app_verify_uri *uri) {
    MUST(uri->count > 0 && uri->count <= APP_VERIFY_KEYS_MAX);
    for (size_t i = 0; i < uri->count; i++)
        for (size_t k = 0; k < i; k++) {
            MUST(memcmp(uri->keys[i].fingerprint, uri->keys[k].fingerprint, 32) != 0);
            MUST(!uri->keys[i].has_device || !uri->keys[k].has_device || uri->keys[i].device != uri->keys[k].device);
        }
}

static void check_again(const app_verify_uri *uri) {
    static uint8_t room[65536];
    bytes_buffer out;
    sotto_bytes text;
    app_verify_uri again;
    bytes_buffer_borrowed(&out, room, sizeof room);
    app_verify_uri_put(&out, bytes_text(uri->jid), uri->keys, uri->count);
    MUST_OK(bytes_buffer_end(&out, &text));
    if (text.len > APP_VERIFY_BYTES_MAX) return;
    MUST_OK(app_verify_uri_read(&again, text));
    MUST(strcmp(again.jid, uri->jid) == 0 && again.count == uri->count);
    for (size_t i = 0; i < again.count; i++) MUST(memcmp(again.keys[i].fingerprint, uri->keys[i].fingerprint, 32) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    app_verify_uri uri = {.count = APP_VERIFY_KEYS_MAX + 1};
    sotto_bytes text = fuzz_exact(bytes_of(data, size));
    sotto_status status = app_verify_uri_read(&uri, text);
    if (sotto_ok(status)) {
        bytes_arena arena;
        stanza_jid jid;
        bytes_arena_init(&arena, sotto_host_default(), (size_t)1024 * 1024);
        MUST_OK(stanza_jid_parse(&arena, bytes_text(uri.jid), &jid));
        MUST(bytes_is(jid.full, uri.jid) && jid.local.len > 0 && jid.resource.len == 0);
        bytes_arena_clear(&arena);
        check_keys(&uri);
        check_again(&uri);
    } else {
        MUST(uri.count == APP_VERIFY_KEYS_MAX + 1);
    }
    fuzz_exact_free(text);
    return 0;
}
