/* SPDX-License-Identifier: ISC
 *
 * Records of the live seal that fuzz/live_frame.c leaves out, read from a store that may be damaged: retained secrets,
 * verdicts about statements, live keys, the identity, who shows a key first. The first byte chooses. What cannot be is
 * STORE_CORRUPT; secrets that are read are written as the same bytes, or shorter ones, and are found by their names. */
#include "env.h"
#include "seal/live/self.h"
#include "seal/live/statement.h"

#define FULL   "romeo@montague.example/orchard"
#define BARE   "romeo@montague.example"
#define JULIET "juliet@capulet.example/balcony"

static const uint8_t key[32] = "0123456789abcdef0123456789abcde";

static bool is_expected(sotto_status status) {
    return sotto_ok(status) || sotto_is(status, SOTTO_E_STORE_CORRUPT);
}

static void put(fuzz_env *env, char kind, sotto_bytes value) {
    uint8_t at[128];
    bytes_buffer name;
    sotto_bytes written;
    bytes_buffer_borrowed(&name, at, sizeof at);
    bytes_buffer_u8(&name, (uint8_t)kind);
    if (kind != 'f' && kind != 'i') {
        bytes_buffer_put(&name, bytes_of(BARE, sizeof BARE)); /* the zero too */
        bytes_buffer_put(&name, bytes_of(key, sizeof key));
    }
    MUST_OK(bytes_buffer_end(&name, &written));
    MUST_OK(env->base.put(&env->base, written, value));
}

static void secrets(fuzz_env *env, live_self *self, sotto_bytes value) {
    live_secrets kept, again;
    live_found found;
    bool more, any;
    uint8_t naming[32], identity[TLS_SECRET_IDENTITY_BYTES], nonce[16] = {7};
    const sotto_bytes jid = BYTES_LITERAL(BARE);
    put(env, 's', value);
    sotto_status status = live_secret_read(&env->base, jid, key, &kept);
    MUST(is_expected(status));
    sotto_status offered = live_secret_offer(&env->base, BYTES_LITERAL(FULL), 0, &found, &more);
    MUST(is_expected(offered) && is_expected(live_secret_any_theirs(&env->base, jid, &any)));
    if (!sotto_ok(status) || kept.full.len > SOTTO_LIVE_JID_BYTES_MAX) return;
    MUST(kept.count > 0 && kept.count <= LIVE_SECRETS_MAX && sotto_ok(offered) && found.is);
    MUST_OK(live_secret_write(self, &env->base, jid, key, &kept));
    MUST_OK(live_secret_read(&env->base, jid, key, &again));
    MUST(again.count == kept.count && bytes_equal(again.full, kept.full));
    for (size_t i = 0; i < kept.count; i++) {
        MUST(memcmp(kept.at[i].id, again.at[i].id, LIVE_ID_BYTES) == 0 && kept.at[i].theirs == again.at[i].theirs);
        MUST(kept.at[i].group == again.at[i].group && kept.at[i].made_ms == again.at[i].made_ms);
    }
    live_way way = {.nonce = nonce, .initiator = BYTES_LITERAL(FULL), .responder = self->full};
    MUST_OK(live_secret_naming(kept.at[0].secret, !kept.at[0].initiator, naming));
    MUST_OK(live_secret_identity(identity, naming, &way));
    MUST_OK(live_secret_find(self, &env->base, BYTES_LITERAL(FULL), bytes_of(identity, sizeof identity), &found));
    MUST(found.is && bytes_equal(found.jid, jid) && memcmp(found.key, key, 32) == 0);
}

static void statements(fuzz_env *env, live_self *self, sotto_bytes value) {
    uint32_t accepted;
    (void)self;
    put(env, 'T', value);
    MUST(is_expected(live_statement_accepted(&env->base, BYTES_LITERAL(BARE), key, &accepted)));
}

static sotto_status note(void *arg, const uint8_t found[32]) {
    MUST(memcmp(found, key, 32) == 0);
    *(bool *)arg = true;
    return SOTTO_OK;
}

static void keys(fuzz_env *env, live_self *self, sotto_bytes value) {
    bool any = false;
    (void)self;
    put(env, 'k', value);
    sotto_status status = live_row_keys(&env->base, BYTES_LITERAL(BARE), note, &any);
    MUST(is_expected(status) && any == sotto_ok(status));
}

static void identity(fuzz_env *env, live_self *self, sotto_bytes value) {
    put(env, 'i', value);
    MUST(is_expected(live_row_identity(&env->base, &self->identity)));
}

static void first(fuzz_env *env, live_self *self, sotto_bytes value) {
    put(env, 'f', value);
    sotto_status status = live_opening_load(self, &env->base);
    MUST(is_expected(status));
    if (!sotto_ok(status)) MUST(!self->asks_first && !self->never_first);
}

static sotto_status accepted(seal_env *env, sotto_bytes jid, const uint8_t whose[32], bool *ret) {
    (void)env;
    (void)jid;
    (void)whose;
    *ret = true;
    return SOTTO_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const kinds[])(fuzz_env *, live_self *, sotto_bytes) = {secrets, statements, keys, identity, first};
    fuzz_env env;
    live_self self = {.full = BYTES_LITERAL(JULIET)};
    sotto_bytes in = bytes_of(data, size);
    size_t choice = fuzz_below(&in, sizeof kinds / sizeof *kinds);
    fuzz_env_start(&env, "juliet@capulet.example");
    env.base.accepted = accepted;
    self.host = &env.host.host;
    bytes_map_init(&self.known, self.host);
    sotto_bytes value = fuzz_exact(in);
    if (value.len > 0 && value.len <= SOTTO_RECORD_BYTES_MAX) kinds[choice](&env, &self, value);
    fuzz_exact_free(value);
    live_secret_forget(&self);
    bytes_map_clear(&self.known);
    fuzz_env_end(&env);
    return 0;
}
