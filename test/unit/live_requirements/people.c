/* SPDX-License-Identifier: ISC */
#include "people.h"

#include "engine/keyring.h"

/* ---- beginning ---- */

void people_prepare_seeded(talk *k, people_seals seals, uint64_t seed, sotto_store *juliet, sotto_store *romeo) {
    live_begin(k, (hostile){0});
    k->t.w.seed = seed;
    k->t.w.seal = seals == LIVE_AND_STORED ? sotto_seal_omemo() : sotto_seal_live();
    k->t.w.second = seals == LIVE_AND_STORED ? sotto_seal_live() : NULL;
    k->t.juliet = world_device_over(&k->t.w, "juliet", "balcony", juliet);
    k->t.romeo = world_device_over(&k->t.w, "romeo", "orchard", romeo);
}

void people_prepare(talk *k, people_seals seals, sotto_store *juliet, sotto_store *romeo) {
    people_prepare_seeded(k, seals, 1, juliet, romeo);
}

void people_meet(talk *k, people_seals seals) {
    people_prepare(k, seals, NULL, NULL);
    device_go_online(k->t.juliet);
    device_go_online(k->t.romeo);
    live_run(k);
}

void people_say(talk *k, device *from, const char *to, const char *body) {
    device_say(from, to, body);
    live_run(k);
    live_pass(k, 1000);
}

void people_talk(talk *k) {
    size_t hers = k->t.juliet->read_len, his = k->t.romeo->read_len;
    people_say(k, k->t.juliet, ROMEO, SECRET " j");
    people_say(k, k->t.romeo, JULIET, SECRET " r");
    assert_int_equal(k->t.juliet->read_len, hers + 1);
    assert_int_equal(k->t.romeo->read_len, his + 1);
}

void people_wait(talk *k, unsigned half_minutes) {
    for (unsigned i = 0; i < half_minutes; i++) live_pass(k, 31000);
}

void people_begin_anew(talk *k) {
    live_forget(k->t.juliet);
    live_forget(k->t.romeo);
}

/* ---- looking ---- */

size_t people_live(const device *d) {
    for (size_t i = 0; i < d->engine->seal_count; i++)
        if (d->engine->seals[i].class == sotto_seal_live()) return i;
    fail();
    return 0;
}

live_self *people_inside(const device *d) {
    return d->engine->seals[people_live(d)].self;
}

live_session *people_session(const device *d) {
    for (live_session *s = people_inside(d)->sessions; s != NULL; s = s->next)
        if (s->proved && !s->over && !s->closing && !s->wear.retiring) return s;
    return NULL;
}

void people_key(const device *d, uint8_t ret[32]) {
    memcpy(ret, people_inside(d)->identity.ed25519.bytes, 32);
}

sotto_trust people_trust(const device *d, const char *jid, const device *whose) {
    sotto_trust trust;
    uint8_t key[32];
    people_key(whose, key);
    assert_ok(engine_keyring_trust(d->engine, bytes_text(jid), key, &trust));
    return trust;
}

live_secrets people_secrets(const device *d, const char *bare, const device *other) {
    live_secrets kept;
    uint8_t key[32];
    engine_env env;
    people_key(other, key);
    engine_env_init(&env, d->engine, people_live(d));
    assert_ok(live_secret_read(&env.base, bytes_text(bare), key, &kept));
    return kept;
}

size_t people_count_in(const device *d, const char *text) {
    sotto_bytes all;
    size_t count = 0;
    assert_ok(bytes_buffer_end(&d->transcript, &all));
    for (const uint8_t *at; (at = memmem(all.at, all.len, text, strlen(text))) != NULL; count++)
        all = bytes_after(all, (size_t)(at - all.at) + 1);
    return count;
}

bool people_server_saw(const talk *k, const char *text) {
    return world_saw(&k->t.w, text);
}

void people_assert_closed(const talk *k) {
    assert_false(people_server_saw(k, SECRET));
    assert_false(people_server_saw(k, "<body") || people_server_saw(k, "<subject") ||
                 people_server_saw(k, "receipts'"));
}

/* ---- stores ---- */

sotto_store *people_copy_store(const device *d, rig *host) {
    sotto_store *copy;
    assert_ok(sotto_store_memory(&copy, &host->host));
    assert_ok(d->store.inner->methods->scan(d->store.inner, BYTES_NONE, frail_copy, copy));
    const sotto_change driver = {BYTES_LITERAL("Ndriver"), BYTES_NONE}; /* what the test's host noted for itself */
    assert_ok(copy->methods->write(copy, &driver, 1));
    return copy;
}

sotto_bytes people_secret_record(bytes_arena *arena, const char *bare, const uint8_t key[32]) {
    size_t len = strlen(bare);
    uint8_t *at = bytes_arena_take(arena, len + 34);
    assert_non_null(at);
    at[0] = 's';
    memcpy(at + 1, bare, len);
    at[len + 1] = 0;
    memcpy(at + len + 2, key, 32);
    return bytes_of(at, len + 34);
}

void people_plant(device *to, const device *from, sotto_bytes key) {
    engine_env env;
    sotto_bytes value, copy;
    engine_env_init(&env, from->engine, people_live(from));
    assert_ok(env.base.get(&env.base, key, &value));
    assert_true(value.len > 0);
    assert_true(bytes_arena_copy(&to->w->arena, value, &copy));
    engine_env_init(&env, to->engine, people_live(to));
    assert_ok(env.base.put(&env.base, key, copy));
    assert_ok(sotto_engine_commit(to->engine));
}

/* ---- the string ---- */

void people_compare(device *d, const char *jid) {
    device_wish(d, (sotto_input){.kind = SOTTO_INPUT_COMPARE, .jid = bytes_text(jid)}, NULL);
    world_run(d->w);
}

void people_compared(device *d, const char *jid, bool same) {
    device_wish(d, (sotto_input){.kind = SOTTO_INPUT_COMPARED, .jid = bytes_text(jid), .same = same}, NULL);
    world_run(d->w);
}

typedef struct looking {
    const char *jid;
    char *text;
} looking;

static sotto_status see(void *arg, const sotto_comparison *c) {
    const looking *look = arg;
    if (bytes_is(c->jid, look->jid)) snprintf(look->text, 16, "%.*s", (int)c->text.len, (const char *)c->text.at);
    return SOTTO_OK;
}

void people_string(const device *d, const char *jid, char ret[16]) {
    looking look = {jid, ret};
    ret[0] = 0;
    assert_ok(sotto_engine_compares(d->engine, see, &look));
}
