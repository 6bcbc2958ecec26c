/* SPDX-License-Identifier: ISC
 *
 * stanza/jid.h: what was normalized once is its own normal form; the parts are parts of the whole, within their
 * limits; the bare JID is a JID. Two lines: two JIDs that are compared. */
#include "stanza/jid.h"

#include "trees.h"

static void check(bytes_arena *arena, const stanza_jid *jid) {
    stanza_jid again;
    MUST_OK(stanza_jid_parse(arena, jid->full, &again));
    MUST(bytes_equal(jid->full, again.full) && bytes_equal(jid->bare, again.bare));
    MUST(bytes_equal(jid->local, again.local) && bytes_equal(jid->domain, again.domain));
    MUST(bytes_equal(jid->resource, again.resource));
    MUST(jid->domain.len > 0 && jid->full.len <= SOTTO_JID_BYTES_MAX);
    MUST(jid->local.len <= SOTTO_JID_PART_BYTES_MAX && jid->domain.len <= SOTTO_JID_PART_BYTES_MAX);
    MUST(jid->resource.len <= SOTTO_JID_PART_BYTES_MAX);
    MUST(bytes_starts_with(jid->full, jid->bare));
    MUST(jid->bare.len == jid->domain.len + (jid->local.len > 0 ? jid->local.len + 1 : 0));
    MUST(jid->full.len == jid->bare.len + (jid->resource.len > 0 ? jid->resource.len + 1 : 0));
    MUST(jid->local.len == 0 || (!memchr(jid->local.at, '@', jid->local.len) && jid->bare.at[jid->local.len] == '@'));
    MUST(!memchr(jid->bare.at, '/', jid->bare.len) && !memchr(jid->bare.at, 0, jid->bare.len));
    MUST_OK(stanza_jid_parse(arena, jid->bare, &again));
    MUST(bytes_equal(again.full, jid->bare) && again.resource.len == 0);
    MUST(stanza_jid_same_bare(jid, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_host host;
    fuzz_host_start(&host);
    bytes_arena arena;
    bytes_arena_init(&arena, &host.host, FUZZ_ARENA_BYTES_MAX);
    sotto_bytes in = bytes_of(data, size);
    sotto_bytes texts[2] = {fuzz_exact(fuzz_line(&in)), fuzz_exact(in)};
    stanza_jid jids[2];
    bool good[2];
    for (int i = 0; i < 2; i++) {
        sotto_status status = stanza_jid_parse(&arena, texts[i], &jids[i]);
        MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_BAD_JID));
        good[i] = sotto_ok(status);
        if (good[i]) check(&arena, &jids[i]);
    }
    if (good[0] && good[1]) MUST(stanza_jid_same_bare(&jids[0], &jids[1]) == bytes_equal(jids[0].bare, jids[1].bare));
    fuzz_exact_free(texts[0]);
    fuzz_exact_free(texts[1]);
    bytes_arena_clear(&arena);
    fuzz_host_end(&host);
    return 0;
}
