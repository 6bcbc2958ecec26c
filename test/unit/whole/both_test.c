/* SPDX-License-Identifier: ISC
 *
 * Engines with both seals, as the program has them: OMEMO, and behind it live sessions. */
#include "live_talk.h"

#include "engine/state.h"
#include "seal/live/live.h"

#define ORCHARD    ROMEO "/orchard"
#define BALCONY    JULIET "/balcony"
#define QUERY(id)  "<iq type='get' id='" id "' to='" ORCHARD "'><query xmlns='urn:secret-word'/></iq>"
#define RESULT(id) "<iq type='result' id='" id "' to='" BALCONY "'><query xmlns='urn:secret-word'>yes</query></iq>"

static void people(talk *k, hostile h, bool juliet_stored, bool romeo_stored) {
    live_begin(k, h);
    k->t.w.seal = juliet_stored ? sotto_seal_omemo() : sotto_seal_live();
    k->t.w.second = juliet_stored ? sotto_seal_live() : NULL;
    k->t.juliet = world_device(&k->t.w, "juliet", "balcony");
    k->t.w.seal = romeo_stored ? sotto_seal_omemo() : sotto_seal_live();
    k->t.w.second = romeo_stored ? sotto_seal_live() : NULL;
    k->t.romeo = world_device(&k->t.w, "romeo", "orchard");
    device_go_online(k->t.romeo);
    device_go_online(k->t.juliet);
    live_run(k);
}

static size_t count_in(const device *d, const char *text) {
    sotto_bytes all;
    size_t count = 0;
    assert_ok(bytes_buffer_end(&d->transcript, &all));
    for (const uint8_t *at; (at = memmem(all.at, all.len, text, strlen(text))) != NULL; count++)
        all = bytes_after(all, (size_t)(at - all.at) + 1);
    return count;
}

static void assert_nothing_leaked(const talk *k) {
    assert_false(world_saw(&k->t.w, "secret-word"));
}

/* Messages by OMEMO, requests and what answers them in a live session; in one conversation, at the same time. */
static void test_each_stanza_goes_its_way(void **state) {
    (void)state;
    talk k;
    people(&k, (hostile){0}, true, true);
    device_say(k.t.juliet, ROMEO, "secret-word one");
    device_send(k.t.juliet, QUERY("q1"));
    device_send(k.t.juliet, "<presence to='" ORCHARD "'><status>secret-word</status></presence>");
    device_say(k.t.juliet, ROMEO, "secret-word two");
    live_run(&k);
    assert_int_equal(k.t.romeo->read_len, 2);
    assert_string_equal(k.t.romeo->read[0].seal, "omemo:2");
    assert_string_equal(k.t.romeo->read[1].body, "secret-word two");
    assert_int_equal(count_in(k.t.romeo, "id='q1'"), 1);
    assert_int_equal(count_in(k.t.romeo, "<status>secret-word</status>"), 1);
    device_send(k.t.romeo, RESULT("q1"));
    live_run(&k);
    assert_int_equal(count_in(k.t.juliet, ">yes<"), 1);
    assert_true(k.h.seen >= 4); /* stanzas of live sessions */
    assert_nothing_leaked(&k);
    live_pass(&k, 300000); /* nothing is left that would become an error */
    assert_int_equal(count_in(k.t.juliet, "type='error'"), 0);
    world_end(&k.t.w);
}

/* An empty result, which says nothing by itself, goes back the way the request came. */
static void test_an_empty_result_goes_back_live(void **state) {
    (void)state;
    talk k;
    people(&k, (hostile){0}, true, true);
    device_send(k.t.juliet, QUERY("q-empty"));
    live_run(&k);
    device_send(k.t.romeo, "<iq type='result' id='q-empty' to='" BALCONY "'/>");
    live_run(&k);
    assert_int_equal(count_in(k.t.juliet, "id='q-empty'"), 1);
    assert_false(world_saw(&k.t.w, "q-empty"));
    world_end(&k.t.w);
}

/* A contact who has no OMEMO: messages go live, and that phone and archive will not have them is said. */
static void test_a_contact_without_omemo_is_written_to_live(void **state) {
    (void)state;
    talk k;
    people(&k, (hostile){0}, true, false);
    device_say(k.t.juliet, ROMEO, "secret-word one");
    live_run(&k);
    assert_int_equal(k.t.romeo->read_len, 1);
    assert_string_equal(k.t.romeo->read[0].seal, "live");
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_LIVE_ONLY, 0), 1);
    assert_nothing_leaked(&k);
    /* Gone for now: it waits for them, and does not leave in the clear. */
    device_leave(k.t.romeo);
    device_say(k.t.juliet, ROMEO, "secret-word two");
    live_pass(&k, 120000);
    assert_int_equal(device_held(k.t.juliet), 1);
    device_go_online(k.t.romeo);
    live_run(&k);
    assert_int_equal(device_read_count(k.t.romeo, "secret-word two"), 1);
    assert_nothing_leaked(&k);
    world_end(&k.t.w);
}

/* T8: the server refuses every handshake in Romeo's name, once the two have spoken: the request gets an error, and
 * nothing leaves in the clear. */
static void test_T8_a_refused_handshake_is_an_error_and_no_leak(void **state) {
    (void)state;
    for (malice what = DROPS; what <= FORGETS_FOR_IT; what++) {
        if (what != DROPS && what != REFUSES && what != FORGETS_FOR_IT) continue;
        talk k;
        people(&k, (hostile){.what = what, .at = 1, .until = 100000}, true, true);
        device_say(k.t.juliet, ROMEO, "secret-word one");
        uint64_t ticket = device_send(k.t.juliet, QUERY("q1"));
        live_run(&k);
        for (unsigned i = 0; i < 8; i++) live_pass(&k, 5000);
        const told_event *refused = device_told_last(k.t.juliet, SOTTO_EVENT_REFUSED);
        assert_non_null(refused);
        assert_int_equal(refused->ticket, ticket);
        assert_int_equal(count_in(k.t.juliet, "<iq type='error' id='q1' from='" ORCHARD "'"), 1);
        assert_int_equal(device_held(k.t.juliet), 0);
        assert_int_equal(device_read_count(k.t.romeo, "secret-word one"), 1); /* messages are not held up */
        assert_nothing_leaked(&k);
        world_end(&k.t.w);
    }
}

/* The session stands, and from some moment on nothing of it arrives any more. */
static void test_a_request_whose_answer_is_lost(void **state) {
    (void)state;
    for (unsigned at = 5; at <= 6; at++) { /* the request, or its result */
        talk k;
        people(&k, (hostile){.what = DROPS, .at = at, .until = 100000}, true, true);
        device_send(k.t.juliet, QUERY("q1"));
        live_run(&k);
        assert_int_equal(count_in(k.t.romeo, "id='q1'"), 1);
        device_send(k.t.romeo, RESULT("q1"));
        live_run(&k);
        for (unsigned i = 0; i < 40; i++) live_pass(&k, 5000);
        assert_int_equal(count_in(k.t.juliet, "<iq type='error' id='q1' from='" ORCHARD "'"), 1);
        assert_int_equal(count_in(k.t.juliet, ">yes<"), 0);
        assert_nothing_leaked(&k);
        world_end(&k.t.w);
    }
}

/* A resource that somebody made up gets nothing in the clear, once anything was sealed for that bare JID. */
static void test_an_invented_resource_gets_nothing(void **state) {
    (void)state;
    talk k;
    people(&k, (hostile){0}, true, true);
    device_say(k.t.juliet, ROMEO, "secret-word one");
    live_run(&k);
    assert_ok(lab_session_inject(k.t.juliet->session,
                                 BYTES_LITERAL("<presence from='" ROMEO "/invented' to='" BALCONY "'/>")));
    device_send(k.t.juliet, "<iq type='set' id='i1' to='" ROMEO "/invented'><query xmlns='urn:secret-word'/></iq>");
    device_send(k.t.juliet, "<presence to='" ROMEO "/invented'><status>secret-word</status></presence>");
    device_send(k.t.juliet, "<message to='" ROMEO "/invented' type='chat'><body>secret-word</body></message>");
    live_run(&k);
    for (unsigned i = 0; i < 8; i++) live_pass(&k, 5000);
    assert_int_equal(count_in(k.t.juliet, "<iq type='error' id='i1'"), 1);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_REFUSED, -1), 2);
    assert_int_equal(device_held(k.t.juliet), 0);
    assert_nothing_leaked(&k);
    world_end(&k.t.w);
}

/* The process ends after any operation: the request still gets its answer, or an error; once. */
static void test_a_request_over_a_crash(void **state) {
    (void)state;
    for (unsigned resumed = 0; resumed < 2; resumed++)
        for (unsigned after = 1; after < 40; after += 3) {
            talk k;
            people(&k, (hostile){0}, true, true);
            k.t.juliet->crash_at = k.t.juliet->ops + after;
            k.t.juliet->crash_resumed = resumed != 0;
            device_send(k.t.juliet, QUERY("q1"));
            live_run(&k);
            bool asked = count_in(k.t.romeo, "id='q1'") > 0;
            if (asked) device_send(k.t.romeo, RESULT("q1"));
            live_run(&k);
            for (unsigned i = 0; i < 40; i++) live_pass(&k, 5000);
            size_t answers = count_in(k.t.juliet, ">yes<"), errors = count_in(k.t.juliet, "<iq type='error' id='q1'");
            assert_int_equal(answers + errors, 1);
            assert_int_equal(device_held(k.t.juliet), 0);
            assert_nothing_leaked(&k);
            world_end(&k.t.w);
        }
}

/* T23: a stranger learns nothing: neither a handshake nor an error that differs. */
static void test_T23_a_stranger_gets_what_an_unknown_namespace_gets(void **state) {
    (void)state;
    talk k;
    people(&k, (hostile){0}, true, true);
    device_inject(k.t.juliet, "<iq type='set' id='s1' from='" MALLORY "/x' to='" BALCONY "'><live xmlns='" NS_LIVE
                              "' session='00112233445566778899aabbccddeeff' number='0'>AAAA</live></iq>");
    assert_int_equal(count_in(k.t.juliet, "id='s1'"), 1);      /* handed on, for the host to answer like any other */
    device_send(k.t.juliet, "<presence to='" MALLORY "/x'/>"); /* now he knows that we are here */
    live_run(&k);
    device_inject(k.t.juliet, "<iq type='set' id='s2' from='" MALLORY "/x' to='" BALCONY "'><live xmlns='" NS_LIVE
                              "' session='00112233445566778899aabbccddeeff' number='0'>AAAA</live></iq>");
    assert_false(world_saw(&k.t.w, "type='error' id='s1'") || world_saw(&k.t.w, "type='result' id='s1'"));
    /* answered by the seal, as half a handshake is */
    assert_true(world_saw(&k.t.w, "type='error' id='s2'") || world_saw(&k.t.w, "type='result' id='s2'"));
    world_end(&k.t.w);
}

static void ask(device *d, sotto_input input) {
    device_wish(d, input, NULL);
}

/* Where only live sessions may carry what is said and there is none (or one that is quarantined), people can compare
 * all the same: that is what they are told to do then. */
static void test_comparing_goes_whatever_way_there_is(void **state) {
    (void)state;
    talk k;
    people(&k, (hostile){0}, true, true);
    device_say(k.t.juliet, ROMEO, "secret-word one");
    live_run(&k);
    device_say(k.t.romeo, JULIET, "secret-word two");
    live_run(&k);
    ask(k.t.juliet, (sotto_input){.kind = SOTTO_INPUT_VIA, .jid = BYTES_LITERAL(ROMEO), .via = SOTTO_VIA_LIVE});
    ask(k.t.romeo, (sotto_input){.kind = SOTTO_INPUT_VIA, .jid = BYTES_LITERAL(JULIET), .via = SOTTO_VIA_LIVE});
    live_run(&k);
    unsigned live = k.h.seen;
    ask(k.t.juliet, (sotto_input){.kind = SOTTO_INPUT_COMPARE, .jid = BYTES_LITERAL(ROMEO)});
    live_run(&k);
    const told_event *asked = device_told_last(k.t.romeo, SOTTO_EVENT_COMPARE);
    assert_non_null(asked);
    assert_int_equal(asked->number, SOTTO_COMPARE_ASKED);
    ask(k.t.romeo, (sotto_input){.kind = SOTTO_INPUT_COMPARE, .jid = BYTES_LITERAL(JULIET)});
    live_run(&k);
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_COMPARE)->number, SOTTO_COMPARE_READY);
    assert_int_equal(device_told_last(k.t.romeo, SOTTO_EVENT_COMPARE)->number, SOTTO_COMPARE_READY);
    assert_int_equal(k.h.seen, live); /* no session was needed */
    assert_nothing_leaked(&k);
    world_end(&k.t.w);
}

const struct CMUnitTest both_tests[] = {
    cmocka_unit_test(test_comparing_goes_whatever_way_there_is),
    cmocka_unit_test(test_each_stanza_goes_its_way),
    cmocka_unit_test(test_an_empty_result_goes_back_live),
    cmocka_unit_test(test_a_contact_without_omemo_is_written_to_live),
    cmocka_unit_test(test_T8_a_refused_handshake_is_an_error_and_no_leak),
    cmocka_unit_test(test_a_request_whose_answer_is_lost),
    cmocka_unit_test(test_an_invented_resource_gets_nothing),
    cmocka_unit_test(test_a_request_over_a_crash),
    cmocka_unit_test(test_T23_a_stranger_gets_what_an_unknown_namespace_gets),
};
const size_t both_count = sizeof both_tests / sizeof *both_tests;
