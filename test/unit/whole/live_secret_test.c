/* SPDX-License-Identifier: ISC
 *
 * Retained secrets between two whole accounts: session after session, with processes that end at every point; a store
 * that is lost or copied back; several devices; and who shows a key first. */
#include "live_talk.h"

#include "engine/env.h"
#include "engine/state.h"
#include "seal/live/live.h"
#include "seal/live/self.h"

static live_self *inside(const device *d) {
    return d->engine->seals[0].self;
}

static const live_session *ready(const device *d, const char *full) {
    const live_peer *peer = live_peer_find(inside(d), bytes_text(full));
    return peer != NULL ? peer->ready : NULL;
}

static void begin(talk *k) {
    live_begin(k, (hostile){0});
    k->t.juliet = world_device(&k->t.w, "juliet", "balcony");
    k->t.romeo = world_device(&k->t.w, "romeo", "orchard");
    device_go_online(k->t.juliet);
    device_go_online(k->t.romeo);
}

static void live_key(const device *d, uint8_t ret[32]) {
    memcpy(ret, inside(d)->identity.ed25519.bytes, 32);
}

static size_t quarantined(const device *d) {
    return device_told_count(d, SOTTO_EVENT_QUARANTINED, -1);
}

static void say(talk *k, device *from, const char *to, const char *body) {
    device_say(from, to, body);
    live_run(k);
    live_pass(k, 1000);
}

/* What is kept of one key: ids, the newest first, and which of them the other side holds. */
static live_secrets kept_of(const device *d, const char *bare, const device *other) {
    live_secrets kept;
    uint8_t key[32];
    engine_env env;
    live_key(other, key);
    engine_env_init(&env, d->engine, 0);
    assert_ok(live_secret_read(&env.base, bytes_text(bare), key, &kept));
    return kept;
}

/* ---- session after session ---- */

static void test_each_session_uses_what_the_one_before_left(void **state) {
    (void)state;
    talk k;
    uint8_t last[LIVE_ID_BYTES] = {0};
    begin(&k);
    for (unsigned i = 0; i < 5; i++) {
        char body[8];
        snprintf(body, sizeof body, "%u", i);
        device *from = i & 1 ? k.t.romeo : k.t.juliet;
        say(&k, from, i & 1 ? JULIET : ROMEO, body);
        const live_session *j = ready(k.t.juliet, ROMEO "/orchard"), *r = ready(k.t.romeo, JULIET "/balcony");
        assert_non_null(j);
        assert_non_null(r);
        assert_true(j->used == (i > 0) && r->used == (i > 0) && j->common && r->common);
        live_secrets hers = kept_of(k.t.juliet, ROMEO, k.t.romeo), his = kept_of(k.t.romeo, JULIET, k.t.juliet);
        assert_int_equal(hers.count, i == 0 ? 1 : 2);
        assert_int_equal(his.count, hers.count);
        for (size_t n = 0; n < hers.count; n++) {
            assert_memory_equal(hers.at[n].secret, his.at[n].secret, 32);
            assert_true(hers.at[n].theirs && his.at[n].theirs);
            assert_true(hers.at[n].initiator != his.at[n].initiator);
        }
        if (i > 0) assert_memory_equal(hers.at[1].id, last, sizeof last);
        memcpy(last, hers.at[0].id, sizeof last);
        live_forget(k.t.juliet);
        live_forget(k.t.romeo);
    }
    assert_int_equal(quarantined(k.t.juliet) + quarantined(k.t.romeo), 0);
    world_end(&k.t.w);
}

/* Both processes end again and again, everywhere, and each session after that is opened with a secret. */
static void test_crashes_leave_one_that_both_hold(void **state) {
    (void)state;
    for (unsigned after = 1; after <= 61; after += 3) {
        talk k;
        begin(&k);
        for (unsigned round = 0; round < 3; round++) {
            char body[8];
            snprintf(body, sizeof body, "%u", round);
            k.t.juliet->crash_at = k.t.juliet->ops + after;
            k.t.romeo->crash_at = k.t.romeo->ops + after / 2 + 1;
            k.t.juliet->crash_resumed = k.t.romeo->crash_resumed = round == 1;
            device_say(k.t.juliet, ROMEO, body);
            for (unsigned i = 0; i < 4; i++) live_pass(&k, 31000);
            k.t.juliet->crash_at = k.t.romeo->crash_at = 0;
        }
        live_forget(k.t.juliet);
        say(&k, k.t.juliet, ROMEO, "last");
        const live_session *j = ready(k.t.juliet, ROMEO "/orchard");
        if (j == NULL || !j->used || quarantined(k.t.juliet) + quarantined(k.t.romeo) != 0)
            fail_msg("crashed after %u: %s", after, j == NULL ? "no session" : j->used ? "quarantined" : "no secret");
        assert_read_from(k.t.romeo, JULIET, LIST("0", "1", "2", "last"));
        world_end(&k.t.w);
    }
}

/* ---- what is lost ---- */

/* He writes first, from an empty store: nothing is read until she says that it is him. */
static void test_a_lost_store(void **state) {
    (void)state;
    talk k;
    uint8_t key[32];
    begin(&k);
    say(&k, k.t.juliet, ROMEO, "one");
    device_leave(k.t.romeo);
    device *fresh = world_device(&k.t.w, "romeo", "new");
    device_go_online(fresh);
    say(&k, fresh, JULIET, "it is me");
    assert_int_equal(quarantined(k.t.juliet), 1);
    assert_int_equal(k.t.juliet->read_len, 0);
    live_key(fresh, key);
    assert_memory_equal(device_told_last(k.t.juliet, SOTTO_EVENT_QUARANTINED)->key, key, 32);
    live_pass(&k, 100000); /* he waits for her */
    assert_int_equal(quarantined(k.t.juliet), 1);
    device_verdict(k.t.juliet, ROMEO, key, SOTTO_TRUST_VERIFIED);
    live_run(&k);
    live_pass(&k, 31000);
    assert_read_from(k.t.juliet, ROMEO, LIST("it is me"));
    live_forget(fresh);
    live_forget(k.t.juliet);
    say(&k, fresh, JULIET, "again");
    assert_read_from(k.t.juliet, ROMEO, LIST("it is me", "again"));
    assert_int_equal(quarantined(k.t.juliet), 1); /* from now on they have a secret */
    world_end(&k.t.w);
}

/* Under `verified before` as well: his key was verified long ago, and whoever stole it has no secret. */
static void test_a_stolen_key_alone(void **state) {
    (void)state;
    talk k;
    uint8_t key[32];
    begin(&k);
    say(&k, k.t.juliet, ROMEO, "one");
    live_key(k.t.romeo, key);
    device_verdict(k.t.juliet, ROMEO, key, SOTTO_TRUST_VERIFIED);
    engine_env env;
    sotto_bytes identity, copy;
    engine_env_init(&env, k.t.romeo->engine, 0);
    assert_ok(env.base.get(&env.base, BYTES_LITERAL("i"), &identity));
    assert_true(bytes_arena_copy(&k.t.w.arena, identity, &copy));
    device_leave(k.t.romeo);
    device *thief = world_device(&k.t.w, "romeo", "thief");
    engine_env_init(&env, thief->engine, 0);
    assert_ok(env.base.put(&env.base, BYTES_LITERAL("i"), copy));
    assert_ok(sotto_engine_commit(thief->engine));
    device_crash(thief, false); /* reads it */
    device_go_online(thief);
    uint8_t stolen[32];
    live_key(thief, stolen);
    assert_memory_equal(stolen, key, 32);
    say(&k, thief, JULIET, "it is me");
    device_say(k.t.juliet, ROMEO "/thief", "secret");
    for (unsigned i = 0; i < 3; i++) live_pass(&k, 31000);
    assert_true(quarantined(k.t.juliet) >= 1);
    assert_int_equal(k.t.juliet->read_len, 0);
    assert_int_equal(thief->read_len, 0);
    world_end(&k.t.w);
}

/* ---- several devices ---- */

/* Each login has a new resource: whose secret it is to be is found by trying, and nobody is asked. */
static void test_two_devices_at_new_resources(void **state) {
    (void)state;
    talk k;
    begin(&k);
    device *second = world_device(&k.t.w, "romeo", "garden");
    device_go_online(second);
    say(&k, k.t.juliet, ROMEO, "one");
    live_pass(&k, 31000);
    static const char *const resources[] = {"a", "b", "c", "d"};
    for (unsigned i = 0; i < 2; i++) {
        char body[8];
        device_leave(k.t.romeo);
        device_leave(second);
        k.t.romeo->resource = resources[2 * i];
        second->resource = resources[2 * i + 1];
        device_go_online(second);
        device_go_online(k.t.romeo);
        snprintf(body, sizeof body, "m%u", i);
        say(&k, k.t.juliet, ROMEO, body);
        live_pass(&k, 31000);
    }
    assert_read_from(k.t.romeo, JULIET, LIST("one", "m0", "m1"));
    assert_read_from(second, JULIET, LIST("one", "m0", "m1"));
    assert_int_equal(quarantined(k.t.juliet) + quarantined(k.t.romeo) + quarantined(second), 0);
    world_end(&k.t.w);
}

/* ---- who shows a key first ---- */

static void set_first(device *d, uint32_t first) {
    seal_input input = {.kind = SEAL_INPUT_FIRST, .type = first};
    assert_ok(engine_seal_input(d->engine, 0, &input));
    assert_ok(sotto_engine_commit(d->engine));
}

static void test_who_shows_a_key_first(void **state) {
    (void)state;
    for (unsigned of_juliet = 0; of_juliet < 4; of_juliet++)
        for (unsigned of_romeo = 0; of_romeo < 4; of_romeo++) {
            talk k;
            begin(&k);
            set_first(k.t.juliet, of_juliet);
            set_first(k.t.romeo, of_romeo);
            device_crash(k.t.romeo, false); /* it is kept */
            live_run(&k);
            assert_true(inside(k.t.romeo) == NULL || ready(k.t.romeo, JULIET "/balcony") == NULL);
            say(&k, k.t.juliet, ROMEO, "one");
            bool never = (of_juliet & SEAL_FIRST_NEVER) != 0 && (of_romeo & SEAL_FIRST_ASK) != 0;
            assert_int_equal(k.t.romeo->read_len, never ? 0 : 1);
            const live_session *j = ready(k.t.juliet, ROMEO "/orchard");
            if (!never) assert_int_equal(j->asked_first, (of_romeo & SEAL_FIRST_ASK) != 0);
            if (!never) { /* with a secret from before it is no stranger */
                set_first(k.t.juliet, SEAL_FIRST_NEVER);
                live_forget(k.t.juliet);
                say(&k, k.t.juliet, ROMEO, "two");
                assert_int_equal(k.t.romeo->read_len, 2);
            }
            assert_int_equal(quarantined(k.t.juliet) + quarantined(k.t.romeo), 0);
            world_end(&k.t.w);
        }
}

const struct CMUnitTest secrets_tests[] = {
    cmocka_unit_test(test_each_session_uses_what_the_one_before_left),
    cmocka_unit_test(test_crashes_leave_one_that_both_hold),
    cmocka_unit_test(test_a_lost_store),
    cmocka_unit_test(test_a_stolen_key_alone),
    cmocka_unit_test(test_two_devices_at_new_resources),
    cmocka_unit_test(test_who_shows_a_key_first),
};
const size_t secrets_count = sizeof secrets_tests / sizeof secrets_tests[0];
