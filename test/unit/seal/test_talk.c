/* SPDX-License-Identifier: ISC
 *
 * People who talk: sessions, several devices, being offline, empty messages. */
#include <stdio.h>

#include "groups.h"
#include "testing.h"
#include "two.h"

static void test_first_message_is_read_and_answered(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes hello = world_say(t.juliet, ROMEO, "Art thou not Romeo?");
    assert_true(has(hello, "kex='true'"));
    world_expect(t.romeo, t.juliet, hello, "Art thou not Romeo?");
    assert_int_equal(world_pass_controls(t.romeo), 1); /* the empty reply after a key exchange */
    sotto_bytes second = world_say(t.juliet, ROMEO, "and a Montague?");
    assert_false(has(second, " kex="));
    world_expect(t.romeo, t.juliet, second, "and a Montague?");
    sotto_bytes answer = world_say(t.romeo, JULIET, "Neither, fair saint");
    assert_false(has(answer, " kex="));
    world_expect(t.juliet, t.romeo, answer, "Neither, fair saint");
    assert_int_equal(t.juliet->control_count + t.romeo->control_count, 0);
    two_end(&t);
}

/* With restarts in between: nothing volatile is needed. */
static void test_long_conversation(void **state) {
    (void)state;
    two t;
    two_start(&t);
    for (int i = 0; i < 60; i++) {
        char body[32];
        snprintf(body, sizeof body, "line %d", i);
        bool hers = i % 3 != 0;
        world_device *writer = hers ? t.juliet : t.romeo, *reader = hers ? t.romeo : t.juliet;
        world_expect(reader, writer, world_say(writer, hers ? ROMEO : JULIET, body), body);
        world_pass_controls(t.juliet);
        world_pass_controls(t.romeo);
        if (i % 7 != 0) continue;
        world_reopen(t.juliet);
        world_go_online(t.juliet, true);
        world_reopen(t.romeo);
        world_go_online(t.romeo, true);
    }
    two_end(&t);
}

static void test_what_is_outside_and_what_is_inside(void **state) {
    (void)state;
    two t;
    sotto_bytes sealed;
    two_start(&t);
    assert_code(world_seal(t.juliet,
                           "<message to='" ROMEO "/orchard' from='" JULIET
                           "/balcony' type='chat' id='i1' xml:lang='it'>"
                           "<subject>s-word</subject><body>b-word</body><thread>t-word</thread>"
                           "<active xmlns='http://jabber.org/protocol/chatstates'/>"
                           "<origin-id xmlns='urn:xmpp:sid:0' id='o-word'/>"
                           "<stanza-id xmlns='urn:xmpp:sid:0' id='x1' by='y'/>"
                           "<no-copy xmlns='urn:xmpp:hints'/>"
                           "<private xmlns='urn:xmpp:carbons:2'/>"
                           "<encryption xmlns='urn:xmpp:eme:0' namespace='else'/>"
                           "<replace xmlns='urn:xmpp:message-correct:0' id='r-word'/></message>",
                           &sealed),
                0);
    static const char *const hidden[] = {"word", "chatstates", "message-correct", "JULIET", "lang", "<body", "else"};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) assert_false(has(sealed, hidden[i]));
    const stanza_element *outer = world_parse(&t.w, sealed);
    assert_text(stanza_attribute_of(outer, "to"), ROMEO "/orchard");
    assert_text(stanza_attribute_of(outer, "type"), "chat");
    assert_text(stanza_attribute_of(outer, "id"), "i1");
    assert_null(stanza_attribute_of(outer, "from").at);
    assert_non_null(stanza_child(outer, "no-copy", "urn:xmpp:hints"));
    assert_non_null(stanza_child(outer, "store", "urn:xmpp:hints"));
    assert_non_null(stanza_child(outer, "stanza-id", "urn:xmpp:sid:0"));
    assert_non_null(stanza_child(outer, "private", "urn:xmpp:carbons:2"));
    const stanza_element *eme = stanza_only_child(outer, "encryption", "urn:xmpp:eme:0", NULL);
    assert_text(stanza_attribute_of(eme, "namespace"), "urn:xmpp:omemo:2");
    world_read read = world_open(t.romeo, t.juliet, sealed, NULL);
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    assert_int_equal(read.opened.time_ms, t.w.now_ms);
    assert_text(read.opened.stanza, "<message from='" JULIET "/there' to='" ROMEO "/orchard' id='i1' type='chat'>"
                                    "<subject xmlns='jabber:client'>s-word</subject>"
                                    "<body xmlns='jabber:client'>b-word</body>"
                                    "<thread xmlns='jabber:client'>t-word</thread>"
                                    "<active xmlns='http://jabber.org/protocol/chatstates'/>"
                                    "<origin-id xmlns='urn:xmpp:sid:0' id='o-word'/>"
                                    "<replace xmlns='urn:xmpp:message-correct:0' id='r-word'/></message>");
    two_end(&t);
}

static void test_hints_decide_about_storing(void **state) {
    (void)state;
    two t;
    sotto_bytes sealed;
    two_start(&t);
    assert_code(
        world_seal(
            t.juliet,
            "<message to='" ROMEO
            "'><composing xmlns='http://jabber.org/protocol/chatstates'/><no-store xmlns='urn:xmpp:hints'/></message>",
            &sealed),
        0);
    assert_true(has(sealed, "no-store"));
    assert_false(has(sealed, "<store"));
    two_end(&t);
}

static void test_several_devices_on_both_sides(void **state) {
    (void)state;
    two t;
    two_start(&t);
    world_device *juliet2 = world_join(&t.w, JULIET), *romeo2 = world_join(&t.w, ROMEO);
    world_go_online(juliet2, true);
    world_go_online(romeo2, true);
    world_device *hers[] = {t.juliet, juliet2}, *his[] = {t.romeo, romeo2};
    for (int round = 0; round < 4; round++) {
        sotto_bytes sealed = world_say(hers[round % 2], ROMEO, "to all of you");
        for (int i = 0; i < 2; i++) world_expect(his[i], hers[round % 2], sealed, "to all of you");
        world_expect(hers[(round + 1) % 2], hers[round % 2], sealed, "to all of you"); /* as a carbon */
        /* What this device wrote itself comes back from an archive: nothing new. */
        assert_int_equal(world_open(hers[round % 2], hers[round % 2], sealed, NULL).opened.outcome, SEAL_DUPLICATE);
        sealed = world_say(his[round / 2], JULIET, "and to you");
        for (int i = 0; i < 2; i++) world_expect(hers[i], his[round / 2], sealed, "and to you");
        world_expect(his[1 - round / 2], his[round / 2], sealed, "and to you");
    }
    two_end(&t);
}

static void test_messages_to_oneself(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes sealed;
    assert_code(world_seal(t.juliet, "<message to='" JULIET "'><body>note</body></message>", &sealed),
                SOTTO_E_NO_DEVICE);
    world_device *juliet2 = world_join(&t.w, JULIET);
    world_go_online(juliet2, true);
    world_expect(juliet2, t.juliet, world_say(t.juliet, JULIET, "note"), "note");
    two_end(&t);
}

/* Written while he was away: all of them carry the key exchange, the prekey is used once. */
static void test_offline_and_back(void **state) {
    (void)state;
    two t;
    two_start(&t);
    world_go_offline(t.romeo);
    sotto_bytes sealed[10];
    for (int i = 0; i < 10; i++) sealed[i] = world_say(t.juliet, ROMEO, "while you were away");
    world_go_online(t.romeo, true);
    static const world_origin offline = {.offline = true};
    for (int i = 9; i >= 0; i--) {
        world_read read = world_open(t.romeo, t.juliet, sealed[i], &offline);
        assert_int_equal(read.opened.outcome, SEAL_OPENED);
    }
    for (int i = 0; i < 10; i++)
        assert_int_equal(world_open(t.romeo, t.juliet, sealed[i], &offline).opened.outcome, SEAL_DUPLICATE);
    assert_int_equal(world_pass_controls(t.romeo), 1);
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "now"), "now");
    two_end(&t);
}

/* A thousand lost messages through the records: blocks, counts, eviction, and none left behind. */
static void test_T17_skipped_keys_are_records(void **state) {
    (void)state;
    two t;
    static sotto_bytes burst[1002];
    two_start(&t);
    two_greet(&t);
    size_t before = t.romeo->records.count;
    for (int i = 0; i < 1002; i++) burst[i] = world_say(t.juliet, ROMEO, "x");
    world_expect_unreadable(t.romeo, t.juliet, burst[1001], SOTTO_E_TOO_FAR);
    assert_int_equal(t.romeo->records.count, before);
    world_expect(t.romeo, t.juliet, burst[1000], "x");
    assert_true(t.romeo->records.count <= before + 33);
    for (int i = 0; i < 1000; i += 3) world_expect(t.romeo, t.juliet, burst[i], "x");
    world_expect(t.romeo, t.juliet, burst[1001], "x");
    for (int i = 0; i < 1000; i++) {
        if (i % 3 != 0) world_expect(t.romeo, t.juliet, burst[i], "x");
    }
    assert_int_equal(t.romeo->records.count, before);
    assert_int_equal(world_open(t.romeo, t.juliet, burst[7], NULL).opened.outcome, SEAL_DUPLICATE);
    two_end(&t);
}

static void test_T17_oldest_records_go_first(void **state) {
    (void)state;
    two t;
    static sotto_bytes burst[1700];
    two_start(&t);
    two_greet(&t);
    for (int i = 0; i < 1700; i++) burst[i] = world_say(t.juliet, ROMEO, "x");
    world_expect(t.romeo, t.juliet, burst[900], "x");
    world_expect(t.romeo, t.juliet, burst[1600], "x"); /* 900 and 699: 599 go */
    world_expect_unreadable(t.romeo, t.juliet, burst[598], SOTTO_E_TOO_OLD);
    world_expect(t.romeo, t.juliet, burst[599], "x");
    world_expect(t.romeo, t.juliet, burst[899], "x");
    world_expect(t.romeo, t.juliet, burst[901], "x");
    world_expect(t.romeo, t.juliet, burst[1599], "x");
    two_end(&t);
}

/* Every order of six across a ratchet step, through the records. */
static void test_orders_through_the_records(void **state) {
    (void)state;
    for (unsigned code = 0; code < 720; code += 31) {
        two t;
        sotto_bytes burst[6];
        unsigned left[6] = {0, 1, 2, 3, 4, 5}, rest = code;
        two_start(&t);
        two_greet(&t);
        size_t records = t.romeo->records.count;
        for (unsigned i = 0; i < 6; i++) {
            if (i == 3) world_expect(t.juliet, t.romeo, world_say(t.romeo, JULIET, "between"), "between");
            burst[i] = world_say(t.juliet, ROMEO, "x");
        }
        for (unsigned i = 0; i < 6; i++) {
            unsigned pick = rest % (6 - i), at = left[pick];
            rest /= 6 - i;
            memmove(&left[pick], &left[pick + 1], (5 - i - pick) * sizeof left[0]);
            world_expect(t.romeo, t.juliet, burst[at], "x");
            assert_int_equal(world_open(t.romeo, t.juliet, burst[at], NULL).opened.outcome, SEAL_DUPLICATE);
        }
        assert_int_equal(t.romeo->records.count, records);
        two_end(&t);
    }
}

/* Section 6: a heartbeat for the first message of a ratchet key with a counter of 53 or higher, and one only.
 * limit: SOTTO_OMEMO_HEARTBEAT */
static void test_heartbeat(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    for (int i = 0; i < 60; i++) {
        world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
        assert_int_equal(t.romeo->control_count, i < 53 ? 0 : 1);
    }
    assert_int_equal(world_pass_controls(t.romeo), 1);
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x"); /* counted from 0 again */
    for (int i = 0; i < 52; i++) world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
    assert_int_equal(t.romeo->control_count, 0);
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
    assert_int_equal(t.romeo->control_count, 1);
    two_end(&t);
}

/* Both write first at the same time: each replaces its session by the other's, and they find together again. */
static void test_both_begin_at_once(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes hers = world_say(t.juliet, ROMEO, "hers"), his = world_say(t.romeo, JULIET, "his");
    world_expect(t.romeo, t.juliet, hers, "hers");
    world_expect(t.juliet, t.romeo, his, "his");
    assert_int_equal(world_pass_controls(t.juliet), 1);
    assert_int_equal(world_pass_controls(t.romeo), 1);
    for (int i = 0; i < 10; i++) {
        sotto_bytes one = world_say(t.juliet, ROMEO, "one"), other = world_say(t.romeo, JULIET, "other");
        if (i % 2) world_expect(t.romeo, t.juliet, one, "one");
        world_expect(t.juliet, t.romeo, other, "other");
        if (i % 2 == 0) world_expect(t.romeo, t.juliet, one, "one");
        world_pass_controls(t.juliet);
        world_pass_controls(t.romeo);
    }
    two_end(&t);
}

/* XEP-0384 section 5.7 */
static void test_opt_out(void **state) {
    (void)state;
    two t;
    sotto_bytes sealed;
    two_start(&t);
    assert_code(world_seal(t.juliet,
                           "<message to='" ROMEO
                           "'><opt-out xmlns='urn:xmpp:omemo:2'><reason>for compliance</reason></opt-out></message>",
                           &sealed),
                0);
    world_read read = world_open(t.romeo, t.juliet, sealed, NULL);
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    assert_true(read.opened.opt_out);
    assert_text(read.opened.opt_out_reason, "for compliance");
    assert_false(world_open(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), NULL).opened.opt_out);
    two_end(&t);
}

/* T24: a session nobody ever confirmed is not used for ever. */
static void test_T24_unanswered_session_is_replaced(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes first = world_say(t.juliet, ROMEO, "first");
    world_wait(&t.w, 29ull * 24 * 3600 * 1000);
    sotto_bytes second = world_say(t.juliet, ROMEO, "second");
    world_wait(&t.w, 2ull * 24 * 3600 * 1000);
    sotto_bytes third = world_say(t.juliet, ROMEO, "third");
    world_expect(t.romeo, t.juliet, third, "third");
    /* The older ones name a signed prekey that is gone by now (T21). */
    world_expect_unreadable(t.romeo, t.juliet, first, SOTTO_E_NO_PREKEY);
    world_expect_unreadable(t.romeo, t.juliet, second, SOTTO_E_NO_PREKEY);
    two_end(&t);
}

int talk_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_message_is_read_and_answered),
        cmocka_unit_test(test_long_conversation),
        cmocka_unit_test(test_what_is_outside_and_what_is_inside),
        cmocka_unit_test(test_hints_decide_about_storing),
        cmocka_unit_test(test_several_devices_on_both_sides),
        cmocka_unit_test(test_messages_to_oneself),
        cmocka_unit_test(test_offline_and_back),
        cmocka_unit_test(test_T17_skipped_keys_are_records),
        cmocka_unit_test(test_T17_oldest_records_go_first),
        cmocka_unit_test(test_orders_through_the_records),
        cmocka_unit_test(test_heartbeat),
        cmocka_unit_test(test_both_begin_at_once),
        cmocka_unit_test(test_opt_out),
        cmocka_unit_test(test_T24_unanswered_session_is_replaced),
    };
    return cmocka_run_group_tests_name("talk", tests, NULL, NULL);
}
