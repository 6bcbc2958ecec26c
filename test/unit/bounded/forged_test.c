/* SPDX-License-Identifier: ISC
 *
 * Work before anything is authenticated (T17, T20): counted in agreements and HMACs, for what a hostile server or
 * contact can send. A message costs one agreement and the keys it skips; where there is another session, that once
 * more; and after some failures little. A key exchange costs five agreements, so often an hour. Each ends with a
 * true message that is read. */
#include <stdio.h>

#include <sotto/limits.h>

#include "forge.h"
#include "seal/omemo/peer.h"
#include "work.h"

#define ONE_MESSAGE   (2 + 4 + 1)    /* its step, its keys, its MAC */
#define ONE_AGREEMENT (1 + 2)        /* KDF_RK */
#define SKIPS(count)  (2u * (count)) /* KDF_CK */
#define X3DH_MACS     2              /* its HKDF */
#define PAYLOAD_MACS  (4 + 1)        /* keys, MAC */

/* The stanza is refused so, for no more than this, and the session is as it was. */
static void costs(two *t, sotto_bytes stanza, const world_origin *how, int code, uint32_t agreements, uint32_t macs) {
    work_reset();
    world_read read = world_open(t->romeo, t->juliet, stanza, how);
    work done = work_done();
    assert_code(read.status, 0);
    assert_int_equal(read.opened.outcome, SEAL_UNREADABLE);
    assert_code(read.opened.reason, code);
    assert_int_equal(done.agreements, agreements);
    assert_int_equal(done.macs, macs);
    assert_int_equal(done.verified, 0);
}

/* A session whose turn it is not romeo's: he has written last, so that a new ratchet key of juliet's is possible. */
static void start_open(two *t) {
    two_start(t);
    two_greet(t);
    world_expect(t->romeo, t->juliet, world_say(t->juliet, ROMEO, "thrice"), "thrice");
    world_expect(t->juliet, t->romeo, world_say(t->romeo, JULIET, "and again"), "and again");
}

static uint32_t next_number(two *t) {
    omemo_peer peer;
    t->romeo->env.now_ms = t->w.now_ms;
    assert_code(
        omemo_peer_load(&t->romeo->env, BYTES_LITERAL(JULIET), &omemo_dialect_2, world_device_id(t->juliet), &peer), 0);
    assert_true(peer.has_session);
    bytes_arena_clear(&t->romeo->arena);
    return peer.session.receive_n;
}

/* The control of all that follows: what a true message costs is seen. */
static void test_true_messages_are_counted(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    sotto_bytes late[4];
    for (int i = 0; i < 4; i++) late[i] = world_say(t.juliet, ROMEO, "x");
    work_reset();
    world_expect(t.romeo, t.juliet, late[3], "x"); /* a new ratchet key, and three skipped */
    assert_int_equal(work_done().agreements, 1);
    assert_int_equal(work_done().macs, ONE_AGREEMENT + SKIPS(3) + ONE_MESSAGE + PAYLOAD_MACS);
    work_reset();
    world_expect(t.romeo, t.juliet, late[1], "x"); /* its key was kept */
    assert_int_equal(work_done().agreements, 0);
    assert_int_equal(work_done().macs, ONE_MESSAGE - 2 + PAYLOAD_MACS);
    two_end(&t);
}

/* T17: a forged counter costs the keys up to the limit, and beyond it nothing. limit: SOTTO_OMEMO_SKIP_MAX */
static void test_T17_far_counter(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "true");
    forge f = forge_take(&t.w, sealed);
    uint32_t next = next_number(&t);
    f.message.n = next + SOTTO_OMEMO_SKIP_MAX;
    costs(&t, forge_put(&t.w, sealed, &f), NULL, SOTTO_E_BAD_MAC, 0, SKIPS(SOTTO_OMEMO_SKIP_MAX) + ONE_MESSAGE);
    f.message.n++;
    costs(&t, forge_put(&t.w, sealed, &f), NULL, SOTTO_E_TOO_FAR, 0, 0);
    f.message.n = UINT32_MAX;
    costs(&t, forge_put(&t.w, sealed, &f), NULL, SOTTO_E_TOO_FAR, 0, 0);
    world_expect(t.romeo, t.juliet, sealed, "true");
    two_end(&t);
}

/* T17: an unknown ratchet key costs one agreement, and the keys of both chains together up to the limit. */
static void test_T17_unknown_ratchet_key(void **state) {
    (void)state;
    two t;
    start_open(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "true");
    forge f = forge_take(&t.w, sealed);
    uint32_t next = next_number(&t);
    f.message.ratchet = forge_ratchet(1);
    f.message.n = f.message.pn = 0;
    costs(&t, forge_put(&t.w, sealed, &f), NULL, SOTTO_E_BAD_MAC, 1, ONE_AGREEMENT + ONE_MESSAGE);
    f.message.pn = next + 600;
    f.message.n = 400;
    costs(&t, forge_put(&t.w, sealed, &f), NULL, SOTTO_E_BAD_MAC, 1,
          ONE_AGREEMENT + SKIPS(SOTTO_OMEMO_SKIP_MAX) + ONE_MESSAGE);
    f.message.n = 401;
    costs(&t, forge_put(&t.w, sealed, &f), NULL, SOTTO_E_TOO_FAR, 0, 0);
    /* One of small order, and one that is not canonical. */
    f.message.n = f.message.pn = 0;
    memset(f.message.ratchet.bytes, 0, 32);
    costs(&t, forge_put(&t.w, sealed, &f), NULL, SOTTO_E_BAD_KEY, 1, 0);
    memset(f.message.ratchet.bytes, 0xff, 32);
    costs(&t, forge_put(&t.w, sealed, &f), NULL, SOTTO_E_BAD_KEY, 1, 0);
    world_expect(t.romeo, t.juliet, sealed, "true");
    /* Now romeo has written nothing since, so no key of juliet's can be new: nothing is computed at all. */
    sealed = world_say(t.juliet, ROMEO, "true again");
    f.message.ratchet = forge_ratchet(2);
    f.message.pn = next_number(&t) + 500;
    f.message.n = 500;
    costs(&t, forge_put(&t.w, sealed, &f), NULL, SOTTO_E_BAD_MAC, 0, 0);
    world_expect(t.romeo, t.juliet, sealed, "true again");
    two_end(&t);
}

/* T17: of a JID whose messages failed often little is worked on: neither many keys, nor another session.
 * limit: SOTTO_OMEMO_FORGERIES_PER_HOUR, SOTTO_OMEMO_SKIP_SPENT */
static void test_T17_budget_of_a_sender(void **state) {
    (void)state;
    two t;
    start_open(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "true");
    forge f = forge_take(&t.w, sealed), near;
    uint32_t next = next_number(&t);
    assert_int_equal(next, 1);
    f.message.ratchet = forge_ratchet(1);
    f.message.pn = next;
    f.message.n = SOTTO_OMEMO_SKIP_MAX;
    sotto_bytes forged = forge_put(&t.w, sealed, &f);
    for (unsigned i = 0; i < SOTTO_OMEMO_FORGERIES_PER_HOUR; i++)
        costs(&t, forged, NULL, SOTTO_E_BAD_MAC, 1, ONE_AGREEMENT + SKIPS(SOTTO_OMEMO_SKIP_MAX) + ONE_MESSAGE);
    costs(&t, forged, NULL, SOTTO_E_TOO_LARGE, 0, 0);
    near = f;
    near.message.n = SOTTO_OMEMO_SKIP_SPENT;
    costs(&t, forge_put(&t.w, sealed, &near), NULL, SOTTO_E_BAD_MAC, 1,
          ONE_AGREEMENT + SKIPS(SOTTO_OMEMO_SKIP_SPENT) + ONE_MESSAGE);
    near.message.n++;
    costs(&t, forge_put(&t.w, sealed, &near), NULL, SOTTO_E_TOO_LARGE, 0, 0);
    /* Others are not affected, and what juliet truly writes is read as long as it is near. */
    world_device *nurse = world_join(&t.w, "nurse@capulet.example");
    world_go_online(nurse, true);
    world_expect(t.romeo, nurse, world_say(nurse, ROMEO, "x"), "x");
    world_expect(t.romeo, t.juliet, sealed, "true");
    sotto_bytes far = BYTES_NONE;
    for (unsigned i = 0; i < SOTTO_OMEMO_SKIP_SPENT + 2; i++) far = world_say(t.juliet, ROMEO, "far");
    costs(&t, far, NULL, SOTTO_E_TOO_LARGE, 0, 0);
    /* An hour later everything is as before. */
    world_wait(&t.w, 3600000);
    world_expect(t.romeo, t.juliet, far, "far");
    two_end(&t);
}

/* Both begin a session at once; both go on in one, and the other stays for what is late (XEP-0384 section 4.3). */
static void start_crossed(two *t) {
    two_start(t);
    t->w.random_state = 6; /* which of the two stays is chance: here one is set aside that can be stepped in */
    sotto_bytes hers = world_say(t->juliet, ROMEO, "x"), his = world_say(t->romeo, JULIET, "x");
    world_expect(t->romeo, t->juliet, hers, "x");
    world_expect(t->juliet, t->romeo, his, "x");
    for (int i = 0; i < 4; i++) {
        world_pass_controls(t->romeo);
        world_pass_controls(t->juliet);
    }
}

/* T17: with another session beside the current one a forged message costs that once more, within the budget, and then
 * no more than one. */
static void test_T17_few_old_states(void **state) {
    (void)state;
    two t;
    start_crossed(&t);
    world_expect(t.juliet, t.romeo, world_say(t.romeo, JULIET, "y"), "y");
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "true");
    forge f = forge_take(&t.w, sealed);
    f.message.ratchet = forge_ratchet(1);
    f.message.pn = 0;
    f.message.n = SOTTO_OMEMO_SKIP_MAX;
    sotto_bytes forged = forge_put(&t.w, sealed, &f);
    const uint32_t one = ONE_AGREEMENT + SKIPS(SOTTO_OMEMO_SKIP_MAX) + ONE_MESSAGE;
    work most = {.agreements = 0};
    for (unsigned i = 0; i < SOTTO_OMEMO_FORGERIES_PER_HOUR; i++) {
        work_reset();
        world_expect_unreadable(t.romeo, t.juliet, forged, SOTTO_E_BAD_MAC);
        work done = work_done();
        assert_true(done.agreements <= 2 && done.macs <= 2 * one);
        if (done.agreements > most.agreements) most = done;
    }
    assert_int_equal(most.agreements, 2);
    assert_int_equal(most.macs, 2 * one);
    costs(&t, forged, NULL, SOTTO_E_TOO_LARGE, 0, 0);
    f.message.n = 0;
    costs(&t, forge_put(&t.w, sealed, &f), NULL, SOTTO_E_BAD_MAC, 1, ONE_AGREEMENT + ONE_MESSAGE);
    world_expect(t.romeo, t.juliet, sealed, "true");
    two_end(&t);
}

/* ---- key exchanges ---- */

#define EXCHANGE_AGREEMENTS 5 /* four of X3DH, one of the first ratchet step */

/* A key exchange with its MAC changed: everything is computed before that can be seen. */
static sotto_bytes exchange_forged(two *t, sotto_bytes sealed) {
    forge f = forge_take(&t->w, sealed);
    uint8_t mac[16];
    assert_true(f.is_kex);
    memcpy(mac, f.message.mac.at, sizeof mac);
    mac[3] ^= 1;
    f.message.mac = bytes_of(mac, sizeof mac);
    return forge_put(&t->w, sealed, &f);
}

/* T20: of one JID. limit: SOTTO_OMEMO_EXCHANGES_PER_HOUR */
static void test_T20_exchanges_of_one(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "true"), forged = exchange_forged(&t, sealed);
    for (unsigned i = 0; i < SOTTO_OMEMO_EXCHANGES_PER_HOUR; i++)
        costs(&t, forged, NULL, SOTTO_E_BAD_MAC, EXCHANGE_AGREEMENTS, X3DH_MACS + ONE_AGREEMENT + ONE_MESSAGE);
    costs(&t, forged, NULL, SOTTO_E_TOO_LARGE, 0, 0);
    costs(&t, sealed, NULL, SOTTO_E_TOO_LARGE, 0, 0);
    world_wait(&t.w, 3600000);
    world_expect(t.romeo, t.juliet, sealed, "true");
    /* Played back: the session is known by the exchange, and nothing is agreed. */
    work_reset();
    world_read again = world_open(t.romeo, t.juliet, sealed, NULL);
    assert_int_equal(again.opened.outcome, SEAL_DUPLICATE);
    assert_int_equal(work_done().agreements, 0);
    assert_int_equal(work_done().macs, 0);
    two_end(&t);
}

/* What can be seen to be wrong costs nothing, and is not counted either. */
static void test_T20_exchanges_without_work(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "true");
    forge f = forge_take(&t.w, sealed), changed = f;
    changed.kex.prekey_id ^= 1u << 30;
    sotto_bytes unknown_prekey = forge_put(&t.w, sealed, &changed);
    changed = f;
    changed.kex.signed_id ^= 1u << 30;
    sotto_bytes unknown_signed = forge_put(&t.w, sealed, &changed);
    for (unsigned i = 0; i < SOTTO_OMEMO_EXCHANGES_PER_HOUR; i++) {
        costs(&t, unknown_prekey, NULL, SOTTO_E_NO_PREKEY, 0, 0);
        costs(&t, unknown_signed, NULL, SOTTO_E_NO_PREKEY, 0, 0);
    }
    changed = f;
    memset(changed.kex.ephemeral.bytes, 0xff, 32);
    costs(&t, forge_put(&t.w, sealed, &changed), NULL, SOTTO_E_BAD_KEY, 0, 0);
    changed = f;
    memset(changed.kex.identity.bytes, 0, 32);
    costs(&t, forge_put(&t.w, sealed, &changed), NULL, SOTTO_E_BAD_KEY, 0, 0);
    world_expect(t.romeo, t.juliet, sealed, "true");
    two_end(&t);
}

/* T20: of many JIDs that a server makes up. Each costs five agreements, so many an hour cost any; contacts are not
 * locked out by it, and no record stays. limit: SOTTO_OMEMO_STRANGERS_PER_HOUR */
static void test_T20_exchanges_of_many(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "true"), forged = exchange_forged(&t, sealed);
    size_t before = t.romeo->records.count;
    char from[64];
    for (unsigned i = 0; i < SOTTO_OMEMO_STRANGERS_PER_HOUR; i++) {
        snprintf(from, sizeof from, "u%u@mallory.example/x", i);
        costs(&t, forged, &(world_origin){.from = from, .stranger = true}, SOTTO_E_BAD_MAC, EXCHANGE_AGREEMENTS,
              X3DH_MACS + ONE_AGREEMENT + ONE_MESSAGE);
    }
    assert_int_equal(t.romeo->records.count, before + SOTTO_OMEMO_STRANGERS_PER_HOUR);
    costs(&t, forged, &(world_origin){.from = "one.more@mallory.example/x", .stranger = true}, SOTTO_E_TOO_LARGE, 0, 0);
    assert_int_equal(t.romeo->records.count, before + SOTTO_OMEMO_STRANGERS_PER_HOUR);
    /* One of them still has an hour of its own; a contact is no stranger. */
    costs(&t, forged, &(world_origin){.from = "u7@mallory.example/x", .stranger = true}, SOTTO_E_BAD_MAC,
          EXCHANGE_AGREEMENTS, X3DH_MACS + ONE_AGREEMENT + ONE_MESSAGE);
    world_expect(t.romeo, t.juliet, sealed, "true");
    /* An hour later another one is worked on, and the records of the others are gone. */
    world_wait(&t.w, 3600000);
    world_device *nurse = world_join(&t.w, "nurse@capulet.example");
    world_go_online(nurse, true);
    sotto_bytes later = exchange_forged(&t, world_say(nurse, ROMEO, "x")); /* juliet's used its prekey */
    before = t.romeo->records.count;
    work_reset();
    world_read read =
        world_open(t.romeo, t.juliet, later, &(world_origin){.from = "one.more@mallory.example/x", .stranger = true});
    assert_int_equal(read.opened.outcome, SEAL_UNREADABLE);
    assert_int_equal(work_done().agreements, EXCHANGE_AGREEMENTS);
    assert_int_equal(t.romeo->records.count, before - SOTTO_OMEMO_STRANGERS_PER_HOUR); /* juliet's went, this came */
    two_end(&t);
}

int forged_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_true_messages_are_counted),  cmocka_unit_test(test_T17_far_counter),
        cmocka_unit_test(test_T17_unknown_ratchet_key),    cmocka_unit_test(test_T17_budget_of_a_sender),
        cmocka_unit_test(test_T17_few_old_states),         cmocka_unit_test(test_T20_exchanges_of_one),
        cmocka_unit_test(test_T20_exchanges_without_work), cmocka_unit_test(test_T20_exchanges_of_many),
    };
    return cmocka_run_group_tests_name("forged", tests, NULL, NULL);
}
