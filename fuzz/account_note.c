/* SPDX-License-Identifier: ISC
 *
 * What an account noted in its store for the next start (account/note.c). The first byte chooses which note the bytes
 * are. Whatever they are, loading is no failure; what was read and is written again is read as the same. */
#include "account/state.h"
#include "rig.h"

#define NOW_MS UINT64_C(1800000000000)

static void begin(account *a, const sotto_host *host, sotto_engine *engine) {
    *a = (account){.host = host, .engine = engine, .available = true};
    bytes_arena_init(&a->lasting, host, 1u << 22);
}

static void note(sotto_engine *engine, const char *name, sotto_bytes value) {
    MUST_OK(sotto_engine_note(engine, bytes_text(name), value));
}

static void check(const account *a) {
    MUST(a->resume_id.len <= sizeof a->resume_at && a->full.len <= sizeof a->full_at);
    if (a->resume_id.len > 0) MUST(fuzz_inside(a->resume_id, bytes_of(a->resume_at, sizeof a->resume_at)));
    if (a->full.len > 0) MUST(fuzz_inside(a->full, bytes_of(a->full_at, sizeof a->full_at)));
    (void)fuzz_touch(a->resume_id);
    (void)fuzz_touch(a->full);
    (void)fuzz_touch(a->password);
}

/* Written by one and read by another account: the same, as far as it was worth writing. */
static void again(account *a, const sotto_host *host) {
    account other;
    begin(&other, host, a->engine);
    MUST_OK(account_note_stream(a));
    MUST_OK(account_note_suspect(a));
    MUST_OK(account_note_password(a));
    sotto_status status = account_load_notes(&other, BYTES_NONE);
    MUST(sotto_ok(status) == (a->password.len > 0));
    check(&other);
    MUST(bytes_equal(other.resume_id, a->resume_id));
    if (a->resume_id.len > 0)
        MUST(bytes_equal(other.full, a->full) && other.handled == a->handled && other.acked == a->acked &&
             other.committed == other.handled);
    MUST(other.suspect == a->suspect && (a->suspect == 0 || other.strikes == a->strikes));
    bytes_arena_clear(&other.lasting);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"stream", "suspect", "password"};
    const sotto_seal *const seals[] = {sotto_seal_rot13(), NULL};
    fuzz_host host;
    sotto_store *store;
    sotto_engine *engine;
    account a;
    sotto_bytes in = bytes_of(data, size);
    const char *name = names[fuzz_below(&in, 3)];
    fuzz_host_start(&host);
    MUST_OK(sotto_store_memory(&store, &host.host));
    sotto_engine_config config = {
        .account = BYTES_LITERAL("juliet@capulet.example"), .host = &host.host, .store = store, .seals = seals};
    MUST_OK(sotto_engine_open(&engine, &config, NOW_MS));
    note(engine, "password", BYTES_LITERAL("secret"));
    note(engine, name, in);
    begin(&a, &host.host, engine);
    sotto_status status = account_load_notes(&a, BYTES_NONE);
    MUST(sotto_ok(status) || (sotto_is(status, SOTTO_E_NOT_FOUND) && in.len == 0));
    check(&a);
    again(&a, &host.host);
    bytes_arena_clear(&a.lasting);
    sotto_engine_close(engine);
    sotto_store_close(store);
    fuzz_host_end(&host);
    return 0;
}
