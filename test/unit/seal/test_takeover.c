/* SPDX-License-Identifier: ISC
 *
 * Somebody else writes in the name of a device; and what a person can do about sessions that are broken. */
#include "groups.h"
#include "seal/omemo/self.h"
#include "testing.h"
#include "two.h"

typedef struct forgery {
    two t;
    world_device *evil; /* of the same account, as its server can make one */
    sotto_bytes kex;    /* its first message, said to be from romeo's device */
    sotto_bytes true_bundle, evil_bundle;
    uint8_t true_key[32];
    const char *id; /* romeo's */
} forgery;

static seal_promise settled(world_device *d, const char *to) {
    seal_promise promise = world_promise(d, to);
    for (int round = 0; round < 5 && promise.kind == SEAL_ASKING; round++) {
        world_settle(d->world);
        promise = world_promise(d, to);
    }
    return promise;
}

static sotto_bytes kept(two *t, sotto_bytes bytes) {
    sotto_bytes copy = BYTES_NONE;
    assert_true(bytes_arena_copy(&t->w.memory, bytes, &copy));
    return copy;
}

/* As evil's server would have it: from romeo's device. */
static sotto_bytes as_romeo(forgery *f, sotto_bytes sealed) {
    const char *his = (const char *)world_text(&f->t.w, "sid='%u'", world_device_id(f->evil)).at;
    return world_replace(&f->t.w, sealed, his, (const char *)world_text(&f->t.w, "sid='%s'", f->id).at);
}

static void forgery_start(forgery *f) {
    two *t = &f->t;
    two_start(t);
    two_greet(t);
    f->id = romeo_id(t);
    memcpy(f->true_key, settled(t->juliet, ROMEO).keys.at[0].key, 32);
    sotto_bytes list = kept(t, world_item(&t->w, ROMEO, DEVICES, "current"));
    t->w.notify = false;
    f->evil = world_join(&t->w, ROMEO);
    world_go_online(f->evil, true);
    f->kex = as_romeo(f, world_say(f->evil, JULIET, "I am romeo"));
    const char *evil_id = (const char *)world_text(&t->w, "%u", world_device_id(f->evil)).at;
    f->true_bundle = kept(t, world_item(&t->w, ROMEO, BUNDLES, f->id));
    f->evil_bundle = kept(t, world_item(&t->w, ROMEO, BUNDLES, evil_id));
    f->evil->online = false;
    world_set_item(&t->w, ROMEO, DEVICES, "current", list);
    world_settle(&t->w);
    t->juliet->event_count = t->juliet->seen_count = 0;
}

static void forge(forgery *f, const world_origin *how) {
    world_read read = world_open(f->t.juliet, f->evil, f->kex, how);
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    assert_true(read.opened.key.known);
    assert_memory_not_equal(read.opened.key.key, f->true_key, 32); /* marked with the key that wrote it */
    assert_int_equal(world_events(f->t.juliet, SOTTO_EVENT_KEY_ALARM), 1);
    assert_int_equal(f->t.juliet->seen_count, 1);
    assert_memory_equal(f->t.juliet->seen[0].key, read.opened.key.key, 32);
}

static void assert_writes_to_the_true_one(forgery *f) {
    seal_promise promise = settled(f->t.juliet, ROMEO);
    assert_int_equal(promise.kind, SEAL_READY);
    assert_int_equal(promise.keys.count, 1);
    assert_code(promise.keys.at[0].problem, 0);
    assert_memory_equal(promise.keys.at[0].key, f->true_key, 32);
    sotto_bytes sealed = world_say(f->t.juliet, ROMEO, "for romeo");
    assert_false(has(sealed, "kex="));
    world_expect(f->t.romeo, f->t.juliet, sealed, "for romeo");
}

/* What romeo writes is read as his own. */
static void assert_reads_the_true_one(forgery *f) {
    world_read read = world_open(f->t.juliet, f->t.romeo, world_say(f->t.romeo, JULIET, "truly"), NULL);
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    assert_memory_equal(read.opened.key.key, f->true_key, 32);
}

static void refresh(forgery *f) {
    assert_code(world_input(f->t.juliet, &(seal_input){.kind = SEAL_INPUT_REFRESH, .jid = BYTES_LITERAL(ROMEO)}), 0);
    world_settle(&f->t.w);
}

static void test_C5_exchange_with_another_identity_takes_nothing_over(void **state) {
    (void)state;
    forgery f;
    forgery_start(&f);
    forge(&f, NULL);
    assert_int_equal(f.t.juliet->ask_count, 1); /* whose is the device? */
    assert_true(has(f.t.juliet->asks[0].payload, BUNDLES));
    assert_int_equal(f.t.juliet->control_count, 0); /* an answer would go to the true one, who cannot read it */
    assert_writes_to_the_true_one(&f);
    for (int i = 0; i < 3; i++) {
        assert_reads_the_true_one(&f);
        assert_writes_to_the_true_one(&f);
    }
    refresh(&f);
    world_wait(&f.t.w, 40ull * 24 * 3600 * 1000);
    assert_writes_to_the_true_one(&f);
    assert_int_equal(world_events(f.t.juliet, SOTTO_EVENT_KEY_ALARM), 1);
    two_end(&f.t);
}

/* Nobody says whose the device is: the known key stays. */
static void test_C5_without_an_answer_the_known_key_stays(void **state) {
    (void)state;
    for (int how = 0; how < 3; how++) {
        forgery f;
        forgery_start(&f);
        f.t.w.refuse_node = BUNDLES;
        f.t.w.refuse_with = how == 0 ? NULL : "item-not-found";
        if (how == 2) world_go_offline(f.t.juliet);
        forge(&f, NULL);
        assert_int_equal(f.t.juliet->control_count, 0);
        assert_writes_to_the_true_one(&f);
        assert_reads_the_true_one(&f);
        two_end(&f.t);
    }
}

/* T23: for a stranger nothing is asked and nothing sent; the question waits until she writes. */
static void test_C5_stranger_is_not_asked_about(void **state) {
    (void)state;
    forgery f;
    forgery_start(&f);
    forge(&f, &(world_origin){.stranger = true});
    assert_int_equal(f.t.juliet->ask_count + f.t.juliet->control_count, 0);
    world_reopen(f.t.juliet);
    world_go_online(f.t.juliet, true);
    assert_writes_to_the_true_one(&f);
    two_end(&f.t);
}

/* The contact installed anew and kept its device id: the bundle shows it, and the session that waited is used. */
static void test_C5_the_bundle_decides_for_the_newcomer(void **state) {
    (void)state;
    forgery f;
    forgery_start(&f);
    sotto_bytes late = world_say(f.t.romeo, JULIET, "late");
    world_set_item(&f.t.w, ROMEO, BUNDLES, f.id, f.evil_bundle);
    forge(&f, NULL);
    assert_int_equal(f.t.juliet->control_count, 0);
    world_answer(f.t.juliet);
    assert_int_equal(world_events(f.t.juliet, SOTTO_EVENT_KEY_ALARM), 2);
    seal_promise promise = settled(f.t.juliet, ROMEO);
    assert_memory_equal(promise.keys.at[0].key, f.t.juliet->seen[0].key, 32);
    sotto_bytes sealed = world_say(f.t.juliet, ROMEO, "welcome back");
    assert_false(has(sealed, "kex="));
    const char *his = (const char *)world_text(&f.t.w, "rid='%u'", world_device_id(f.evil)).at;
    sealed = world_replace(&f.t.w, sealed, (const char *)world_text(&f.t.w, "rid='%s'", f.id).at, his);
    world_expect(f.evil, f.t.juliet, sealed, "welcome back");
    world_read read = world_open(f.t.juliet, f.t.romeo, late, NULL);
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    assert_memory_equal(read.opened.key.key, f.true_key, 32);
    two_end(&f.t);
}

/* What was not yet a session: nothing is sealed for the newcomer before the bundle says so. */
static void test_C5_known_key_without_a_session(void **state) {
    (void)state;
    forgery f;
    forgery_start(&f);
    assert_code(world_input(f.t.juliet, &(seal_input){.kind = SEAL_INPUT_REPAIR, .jid = BYTES_LITERAL(ROMEO)}), 0);
    forge(&f, NULL);
    assert_int_equal(f.t.juliet->control_count, 0);
    seal_promise promise = settled(f.t.juliet, ROMEO);
    assert_memory_equal(promise.keys.at[0].key, f.true_key, 32);
    sotto_bytes sealed = world_say(f.t.juliet, ROMEO, "for romeo");
    assert_true(has(sealed, "kex="));
    world_expect(f.t.romeo, f.t.juliet, sealed, "for romeo");
    /* The session aside is still there to be read. */
    world_read read = world_open(f.t.juliet, f.evil, f.kex, NULL);
    assert_int_equal(read.opened.outcome, SEAL_DUPLICATE);
    two_end(&f.t);
}

/* ---- refresh ---- */

/* A server showed another identity and a person accepted nothing: once the true one is shown, it is back. */
static void test_C5_refresh_brings_the_true_key_back(void **state) {
    (void)state;
    forgery f;
    forgery_start(&f);
    refresh(&f);
    assert_int_equal(world_events(f.t.juliet, SOTTO_EVENT_KEY_ALARM), 0);
    assert_writes_to_the_true_one(&f); /* the same identity: the session is left alone */
    world_set_item(&f.t.w, ROMEO, BUNDLES, f.id, f.evil_bundle);
    refresh(&f);
    assert_int_equal(world_events(f.t.juliet, SOTTO_EVENT_KEY_ALARM), 1);
    assert_memory_not_equal(settled(f.t.juliet, ROMEO).keys.at[0].key, f.true_key, 32);
    sotto_bytes sealed = world_say(f.t.juliet, ROMEO, "x"); /* where a person accepted it: a new session */
    assert_true(has(sealed, "kex="));
    assert_reads_the_true_one(&f);
    world_set_item(&f.t.w, ROMEO, BUNDLES, f.id, f.true_bundle);
    refresh(&f);
    assert_int_equal(world_events(f.t.juliet, SOTTO_EVENT_KEY_ALARM), 2);
    assert_writes_to_the_true_one(&f);
    assert_int_equal(world_events(f.t.juliet, SOTTO_EVENT_REFRESHED), 3);
    two_end(&f.t);
}

/* ---- repair ---- */

static void records_copy(const bytes_map *from, bytes_map *ret) {
    sotto_bytes key = BYTES_NONE, value;
    bytes_map_init(ret, sotto_host_default());
    for (bool beyond = false; bytes_map_from(from, key, beyond, &key, &value); beyond = true)
        assert_code(bytes_map_put(ret, key, value), 0);
}

/* Section 6: a store restored from a copy breaks the session for good; a person can replace it, from either side. */
static void test_C5_repair_of_a_broken_session(void **state) {
    (void)state;
    for (int who = 0; who < 2; who++) {
        two t;
        bytes_map copy;
        two_start(&t);
        two_greet(&t);
        sotto_bytes early = world_say(t.juliet, ROMEO, "early");
        records_copy(&t.juliet->records, &copy);
        for (int i = 0; i < 3; i++) {
            world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
            world_expect(t.juliet, t.romeo, world_say(t.romeo, JULIET, "x"), "x");
        }
        bytes_map_clear(&t.juliet->records);
        t.juliet->records = copy;
        world_reopen(t.juliet);
        world_go_online(t.juliet, true);
        for (int i = 0; i < 2; i++) {
            world_read read = world_open(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), NULL);
            assert_int_not_equal(read.opened.outcome, SEAL_OPENED);
            world_expect_unreadable(t.juliet, t.romeo, world_say(t.romeo, JULIET, "x"), SOTTO_E_BAD_MAC);
        }
        world_device *one = who == 0 ? t.juliet : t.romeo, *other = who == 0 ? t.romeo : t.juliet;
        const char *to_one = who == 0 ? JULIET : ROMEO, *to_other = who == 0 ? ROMEO : JULIET;
        size_t seen = one->seen_count, refreshed = world_events(one, SOTTO_EVENT_REFRESHED);
        assert_code(world_input(one, &(seal_input){.kind = SEAL_INPUT_REPAIR, .jid = bytes_text(to_other)}), 0);
        assert_int_equal(world_events(one, SOTTO_EVENT_REFRESHED), refreshed + 1);
        sotto_bytes anew = world_say(one, to_other, "anew");
        assert_true(has(anew, "kex='true'"));
        world_expect(other, one, anew, "anew");
        world_pass_controls(other);
        world_expect(one, other, world_say(other, to_one, "back"), "back");
        world_expect(other, one, world_say(one, to_other, "and on"), "and on");
        assert_int_equal(one->seen_count, seen); /* the same keys: no decision is asked for again */
        assert_int_equal(world_events(one, SOTTO_EVENT_KEY_ALARM) + world_events(other, SOTTO_EVENT_KEY_ALARM), 0);
        (void)early;
        two_end(&t);
    }
}

/* Nothing of the sessions stays: no record but what is known of the devices. */
static void test_C5_repair_forgets_all_keys(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    for (int i = 0; i < 40; i++) world_say(t.juliet, ROMEO, "lost");
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
    assert_code(world_input(t.romeo, &(seal_input){.kind = SEAL_INPUT_REPAIR, .jid = BYTES_LITERAL(JULIET)}), 0);
    sotto_bytes key = BYTES_NONE, value;
    for (bool beyond = false; bytes_map_from(&t.romeo->records, key, beyond, &key, &value); beyond = true) {
        uint32_t device;
        if (!bytes_starts_with(key, BYTES_LITERAL(JULIET))) continue;
        if (!omemo_row_is(key, strlen(JULIET), OMEMO_ROW_DEVICE, &device)) {
            char what = (char)key.at[strlen(JULIET) + 5];
            assert_true(what == OMEMO_ROW_LIST || what == OMEMO_ROW_LIST + 1 || what == OMEMO_ROW_BEST);
            continue;
        }
        omemo_peer peer;
        assert_code(omemo_peer_decode(&peer, &omemo_dialect_2, device, value), 0);
        assert_true(peer.known && !peer.has_session && !peer.has_previous);
    }
    /* An offer that was seen before is not used. */
    assert_int_equal(world_promise(t.romeo, JULIET).kind, SEAL_ASKING);
    /* Of somebody never heard of there is nothing to repair. */
    assert_code(world_input(t.romeo, &(seal_input){.kind = SEAL_INPUT_REPAIR, .jid = BYTES_LITERAL("x@y.example")}), 0);
    two_end(&t);
}

int takeover_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_C5_exchange_with_another_identity_takes_nothing_over),
        cmocka_unit_test(test_C5_without_an_answer_the_known_key_stays),
        cmocka_unit_test(test_C5_stranger_is_not_asked_about),
        cmocka_unit_test(test_C5_the_bundle_decides_for_the_newcomer),
        cmocka_unit_test(test_C5_known_key_without_a_session),
        cmocka_unit_test(test_C5_refresh_brings_the_true_key_back),
        cmocka_unit_test(test_C5_repair_of_a_broken_session),
        cmocka_unit_test(test_C5_repair_forgets_all_keys),
    };
    return cmocka_run_group_tests_name("takeover", tests, NULL, NULL);
}
