/* SPDX-License-Identifier: ISC
 *
 * The ratchet by itself: order, loss, repetition, forgery, and what is kept of skipped messages. */
#include <stdio.h>

#include <sotto/limits.h>

#include "bytes/memory.h"
#include "groups.h"
#include "pairs.h"
#include "seal/omemo/wire_axolotl.h"
#include "testing.h"

static void test_turns_of_every_length(void **state) {
    (void)state;
    pairs p;
    pairs_talk(&p);
    for (unsigned turn = 0; turn < 200; turn++) {
        end *from = turn % 2 ? &p.bob : &p.alice, *to = turn % 2 ? &p.alice : &p.bob;
        for (unsigned i = 0; i <= turn % 4; i++) {
            written message = pairs_say(&p, from, "x");
            assert_false(message.kex);
            pairs_hear(&p, to, &message, "x");
        }
    }
    assert_int_equal(p.alice.skipped.count + p.bob.skipped.count, 0);
    pairs_end(&p);
}

/* Calls run for each order of 0..5. */
static unsigned each_order(void (*run)(const unsigned order[6])) {
    unsigned runs = 0;
    for (unsigned code = 0; code < 720; code++) {
        unsigned left[6] = {0, 1, 2, 3, 4, 5}, order[6], rest = code;
        for (unsigned i = 0; i < 6; i++) {
            unsigned pick = rest % (6 - i);
            rest /= 6 - i;
            order[i] = left[pick];
            memmove(&left[pick], &left[pick + 1], (5 - i - pick) * sizeof left[0]);
        }
        run(order);
        runs++;
    }
    return runs;
}

/* Three messages, a turn that bob hears and alice not, three more with alice's next ratchet key; heard in this order,
 * each of them twice. */
static void order_run(const unsigned order[6]) {
    pairs p;
    written burst[6];
    char text[2] = "0";
    pairs_talk(&p);
    for (unsigned i = 0; i < 6; i++) {
        if (i == 3) {
            written between = pairs_say(&p, &p.bob, "between");
            pairs_hear(&p, &p.alice, &between, "between");
        }
        text[0] = (char)('0' + i);
        burst[i] = pairs_say(&p, &p.alice, text);
    }
    for (unsigned i = 0; i < 6; i++) {
        /* An order in which the second half is first heard before "between" could have been written is as good. */
        text[0] = (char)('0' + order[i]);
        pairs_hear(&p, &p.bob, &burst[order[i]], text);
        pairs_refuse(&p, &p.bob, &burst[order[i]], SOTTO_E_DUPLICATE);
    }
    for (unsigned i = 0; i < 6; i++) pairs_refuse(&p, &p.bob, &burst[i], SOTTO_E_DUPLICATE);
    assert_int_equal(p.bob.skipped.count, 0);
    assert_int_equal(p.bob.session.skipped, 0);
    pairs_end(&p);
}

static void test_every_order_of_six_across_a_ratchet_step(void **state) {
    (void)state;
    assert_int_equal(each_order(order_run), 720);
}

static void test_drops(void **state) {
    (void)state;
    for (unsigned lost = 0; lost < 64; lost++) { /* each set of the six */
        pairs p;
        pairs_talk(&p);
        for (unsigned i = 0; i < 6; i++) {
            end *from = i % 3 == 2 ? &p.bob : &p.alice, *to = i % 3 == 2 ? &p.alice : &p.bob;
            written message = pairs_say(&p, from, "x");
            if (!(lost >> i & 1)) pairs_hear(&p, to, &message, "x");
        }
        written last = pairs_say(&p, &p.alice, "last"), back = pairs_say(&p, &p.bob, "back");
        pairs_hear(&p, &p.bob, &last, "last");
        pairs_hear(&p, &p.alice, &back, "back");
        pairs_end(&p);
    }
}

/* limit: SOTTO_OMEMO_SKIP_MAX */
static void test_T17_thousand_skipped_and_no_more(void **state) {
    (void)state;
    pairs p;
    static written burst[SOTTO_OMEMO_SKIP_MAX + 2];
    pairs_talk(&p);
    for (unsigned i = 0; i < SOTTO_OMEMO_SKIP_MAX + 2; i++) burst[i] = pairs_say(&p, &p.alice, "x");
    pairs_refuse(&p, &p.bob, &burst[SOTTO_OMEMO_SKIP_MAX + 1], SOTTO_E_TOO_FAR);
    pairs_hear(&p, &p.bob, &burst[SOTTO_OMEMO_SKIP_MAX], "x");
    assert_int_equal(p.bob.session.skipped, SOTTO_OMEMO_SKIP_MAX);
    assert_int_equal(p.bob.skipped.count, SOTTO_OMEMO_SKIP_MAX);
    for (unsigned i = 0; i < SOTTO_OMEMO_SKIP_MAX; i++) pairs_hear(&p, &p.bob, &burst[i], "x");
    assert_int_equal(p.bob.session.skipped, 0);
    pairs_hear(&p, &p.bob, &burst[SOTTO_OMEMO_SKIP_MAX + 1], "x");
    pairs_end(&p);
}

static void test_T17_both_chains_count_together(void **state) {
    (void)state;
    pairs p;
    written last = {.len = 0}, late = {.len = 0};
    pairs_talk(&p);
    for (unsigned i = 0; i < 600; i++) last = pairs_say(&p, &p.alice, "x");
    (void)last;
    written between = pairs_say(&p, &p.bob, "between");
    pairs_hear(&p, &p.alice, &between, "between");
    for (unsigned i = 0; i < 401; i++) late = pairs_say(&p, &p.alice, "near");
    written far = pairs_say(&p, &p.alice, "far");
    pairs_refuse(&p, &p.bob, &far, SOTTO_E_TOO_FAR);
    pairs_hear(&p, &p.bob, &late, "near"); /* 600 of the chain before, 400 of this one */
    assert_int_equal(p.bob.session.skipped, 1000);
    pairs_end(&p);
}

static void test_T17_oldest_skipped_keys_go_first(void **state) {
    (void)state;
    pairs p;
    static written burst[1600];
    pairs_talk(&p);
    for (unsigned i = 0; i < 1600; i++) burst[i] = pairs_say(&p, &p.alice, "x");
    pairs_hear(&p, &p.bob, &burst[900], "x");
    pairs_hear(&p, &p.bob, &burst[1500], "x"); /* 900 and 599: 499 of the first are gone */
    assert_int_equal(p.bob.session.skipped, 1000);
    pairs_refuse(&p, &p.bob, &burst[0], SOTTO_E_TOO_OLD); /* never read: not a repetition */
    pairs_refuse(&p, &p.bob, &burst[498], SOTTO_E_TOO_OLD);
    pairs_hear(&p, &p.bob, &burst[499], "x");
    pairs_hear(&p, &p.bob, &burst[899], "x");
    pairs_hear(&p, &p.bob, &burst[1499], "x");
    assert_int_equal(p.bob.session.skipped, 997);
    pairs_end(&p);
}

/* One message of each of many chains is lost: those of the last OMEMO_CHAINS can still be read. */
static void test_T17_keys_of_old_chains_are_forgotten(void **state) {
    (void)state;
    pairs p;
    enum { TURNS = OMEMO_CHAINS + 6 };
    written lost[TURNS];
    pairs_talk(&p);
    for (unsigned i = 0; i < TURNS; i++) {
        lost[i] = pairs_say(&p, &p.alice, "lost");
        written heard = pairs_say(&p, &p.alice, "heard"), back = pairs_say(&p, &p.bob, "back");
        pairs_hear(&p, &p.bob, &heard, "heard");
        pairs_hear(&p, &p.alice, &back, "back");
        back = pairs_say(&p, &p.bob, "back"); /* with bob's next key: alice makes a step */
        pairs_hear(&p, &p.alice, &back, "back");
    }
    assert_int_equal(p.bob.skipped.count, OMEMO_CHAINS + 1);
    assert_int_equal(p.bob.session.skipped, OMEMO_CHAINS + 1);
    pairs_refuse(&p, &p.bob, &lost[TURNS - OMEMO_CHAINS - 2], SOTTO_E_BAD_MAC);
    for (unsigned i = TURNS - OMEMO_CHAINS - 1; i < TURNS; i++) pairs_hear(&p, &p.bob, &lost[i], "lost");
    assert_int_equal(p.bob.session.skipped, 0);
    pairs_end(&p);
}

/* Every byte of a message altered in every bit: refused, and nothing changed; then the true one is read. */
static void forge_all(pairs *p, end *to, const written *message, const char *text) {
    for (size_t at = 0; at < message->len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            written forged = *message;
            char read[64];
            uint32_t changes = to->skipped.changes;
            omemo_session before = to->session;
            forged.bytes[at] ^= (uint8_t)(1u << bit);
            sotto_status status = pairs_read(p, to, &forged, read);
            assert_int_equal(sotto_class(status), SOTTO_CLASS_PEER);
            assert_memory_equal(&before, &to->session, sizeof before);
            assert_int_equal(to->skipped.changes, changes);
        }
    }
    pairs_hear(p, to, message, text);
}

static void test_T17_forged_messages_change_nothing(void **state) {
    (void)state;
    pairs p;
    pairs_talk(&p);
    written skipped = pairs_say(&p, &p.alice, "skipped"), first = pairs_say(&p, &p.alice, "first");
    forge_all(&p, &p.bob, &first, "first");     /* same chain, one skipped */
    forge_all(&p, &p.bob, &skipped, "skipped"); /* by a kept key */
    written back = pairs_say(&p, &p.bob, "back");
    pairs_hear(&p, &p.alice, &back, "back");
    written step = pairs_say(&p, &p.alice, "step");
    forge_all(&p, &p.bob, &step, "step"); /* a new ratchet key */
    pairs_end(&p);
}

static void test_T26_ratchet_keys_that_are_none(void **state) {
    (void)state;
    pairs p;
    static const uint8_t bad[4][32] = {
        {0}, /* small order */
        {1}, /* small order */
        {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, /* p */
        {9, [31] = 0x80},                                                                                 /* high bit */
    };
    pairs_talk(&p);
    written back = pairs_say(&p, &p.bob, "back");
    pairs_hear(&p, &p.alice, &back, "back");
    written message = pairs_say(&p, &p.bob, "x");
    pairs_hear(&p, &p.alice, &message, "x");
    message = pairs_say(&p, &p.alice, "x"); /* bob wrote last: he may make a step */
    for (unsigned i = 0; i < 4; i++) {
        written forged = message;
        uint8_t *key = memmem(forged.bytes, forged.len, p.alice.session.own.public_key.bytes, 32);
        assert_non_null(key);
        memcpy(key, bad[i], 32);
        pairs_refuse(&p, &p.bob, &forged, SOTTO_E_BAD_KEY);
    }
    pairs_hear(&p, &p.bob, &message, "x");
    pairs_end(&p);
}

/* A peer that makes a step without having heard the last one: nobody could, so nobody is believed. */
static void test_step_before_ours_is_refused(void **state) {
    (void)state;
    pairs p;
    pairs_talk(&p);
    written heard = pairs_say(&p, &p.alice, "heard");
    pairs_hear(&p, &p.bob, &heard, "heard");
    assert_true(omemo_session_owes(&p.bob.session));
    written forged = pairs_say(&p, &p.alice, "x");
    forged.bytes[2 + 16 + 2 + 2 + 2 + 2] ^= 1;
    pairs_refuse(&p, &p.bob, &forged, SOTTO_E_BAD_MAC);
    pairs_end(&p);
}

static void test_numbers_at_their_end(void **state) {
    (void)state;
    pairs p;
    written message;
    pairs_talk(&p);
    p.alice.session.send_n = UINT32_MAX;
    assert_code(pairs_write(&p, &p.alice, "x", &message), SOTTO_E_STATE);
    p.alice.session.send_n = UINT32_MAX - 1;
    message = pairs_say(&p, &p.alice, "x");
    pairs_refuse(&p, &p.bob, &message, SOTTO_E_TOO_FAR);
    pairs_end(&p);
}

static void test_encoding_is_exact(void **state) {
    (void)state;
    pairs p;
    uint8_t bytes[OMEMO_SESSION_BYTES + 1], again[OMEMO_SESSION_BYTES];
    bytes_buffer out;
    omemo_session decoded;
    pairs_talk(&p);
    written message = pairs_say(&p, &p.alice, "x");
    pairs_hear(&p, &p.bob, &message, "x");
    bytes_buffer_borrowed(&out, bytes, OMEMO_SESSION_BYTES);
    omemo_session_encode(&out, &p.bob.session);
    assert_code(out.status, 0);
    assert_int_equal(out.len, OMEMO_SESSION_BYTES);
    assert_code(omemo_session_decode(&decoded, bytes_of(bytes, OMEMO_SESSION_BYTES)), 0);
    bytes_buffer_borrowed(&out, again, sizeof again);
    omemo_session_encode(&out, &decoded);
    assert_memory_equal(bytes, again, OMEMO_SESSION_BYTES);
    for (size_t len = 0; len < OMEMO_SESSION_BYTES; len++) {
        assert_code(omemo_session_decode(&decoded, bytes_of(bytes, len)), SOTTO_E_STORE_CORRUPT);
    }
    assert_code(omemo_session_decode(&decoded, bytes_of(bytes, sizeof bytes)), SOTTO_E_STORE_CORRUPT);
    bytes[1] |= 8;
    assert_code(omemo_session_decode(&decoded, bytes_of(bytes, OMEMO_SESSION_BYTES)), SOTTO_E_STORE_CORRUPT);
    bytes[0] = 3;
    assert_code(omemo_session_decode(&decoded, bytes_of(bytes, OMEMO_SESSION_BYTES)), SOTTO_E_STORE_NEWER);
    pairs_end(&p);
}

/* Encoded and decoded between any two messages, the conversation is the same. */
static void test_stored_between_messages(void **state) {
    (void)state;
    pairs p;
    pairs_talk(&p);
    for (unsigned i = 0; i < 40; i++) {
        end *from = i % 5 < 3 ? &p.alice : &p.bob, *to = i % 5 < 3 ? &p.bob : &p.alice;
        written message = pairs_say(&p, from, "x");
        pairs_hear(&p, to, &message, "x");
        end *both[2] = {from, to};
        for (unsigned k = 0; k < 2; k++) {
            uint8_t bytes[OMEMO_SESSION_BYTES];
            bytes_buffer out;
            bytes_buffer_borrowed(&out, bytes, sizeof bytes);
            omemo_session_encode(&out, &both[k]->session);
            memset(&both[k]->session, 0xa5, sizeof both[k]->session);
            assert_code(omemo_session_decode(&both[k]->session, bytes_of(bytes, sizeof bytes)), 0);
        }
    }
    pairs_end(&p);
}

static void test_writing_that_fails_changes_nothing(void **state) {
    (void)state;
    pairs p;
    pairs_talk(&p);
    written heard = pairs_say(&p, &p.alice, "heard");
    pairs_hear(&p, &p.bob, &heard, "heard");
    omemo_session before = p.bob.session;
    uint8_t small[40], large[OMEMO_PLAIN_BYTES_MAX + 1] = {0};
    bytes_buffer out;
    bool kex;
    crypto_x25519_pair fresh = pairs_key(&p);
    bytes_buffer_borrowed(&out, small, sizeof small);
    assert_code(omemo_session_write(&p.bob.session, p.dialect, 1, &fresh, BYTES_LITERAL("x"), &out, &kex),
                SOTTO_E_NO_ROOM);
    assert_code(omemo_session_write(&p.bob.session, p.dialect, 1, NULL, BYTES_LITERAL("x"), &out, &kex), SOTTO_E_USAGE);
    assert_code(omemo_session_write(&p.bob.session, p.dialect, 1, &fresh, bytes_of(large, sizeof large), &out, &kex),
                SOTTO_E_TOO_LARGE);
    assert_memory_equal(&before, &p.bob.session, sizeof before);
    pairs_end(&p);
}

/* Who accepted a session has nothing to write with before the first message was read. */
static void test_writing_before_reading(void **state) {
    (void)state;
    pairs p;
    written message;
    pairs_start(&p);
    p.bob.session = (omemo_session){.chain = 0};
    omemo_session_answer(&p.bob.session, p.alice.identity.secret, &p.bob.signed_pair);
    assert_code(pairs_write(&p, &p.bob, "x", &message), SOTTO_E_STATE);
    pairs_end(&p);
}

/* libomemo-c and its relatives write the index of the last message of the chain before, not the count: every test of
 * order and loss holds with that, and keeps as many keys. */
static void libsignal_body(bytes_buffer *out, const omemo_message *message) {
    omemo_message as_index = *message;
    if (as_index.pn > 0) as_index.pn--;
    omemo_wire_axolotl_write_body(out, &as_index);
}

int session_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns_of_every_length),
        cmocka_unit_test(test_every_order_of_six_across_a_ratchet_step),
        cmocka_unit_test(test_drops),
        cmocka_unit_test(test_T17_thousand_skipped_and_no_more),
        cmocka_unit_test(test_T17_both_chains_count_together),
        cmocka_unit_test(test_T17_oldest_skipped_keys_go_first),
        cmocka_unit_test(test_T17_keys_of_old_chains_are_forgotten),
        cmocka_unit_test(test_T17_forged_messages_change_nothing),
        cmocka_unit_test(test_T26_ratchet_keys_that_are_none),
        cmocka_unit_test(test_step_before_ours_is_refused),
        cmocka_unit_test(test_numbers_at_their_end),
        cmocka_unit_test(test_encoding_is_exact),
        cmocka_unit_test(test_stored_between_messages),
        cmocka_unit_test(test_writing_that_fails_changes_nothing),
        cmocka_unit_test(test_writing_before_reading),
    };
    int failed = cmocka_run_group_tests_name("session", tests, NULL, NULL);
    omemo_dialect as_libsignal = omemo_dialect_03;
    as_libsignal.write_body = libsignal_body;
    pairs_try(&as_libsignal);
    failed += cmocka_run_group_tests_name("session of 0.3, written as libsignal does", tests, NULL, NULL);
    pairs_try(&omemo_dialect_2);
    return failed;
}
