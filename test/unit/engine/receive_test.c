/* SPDX-License-Identifier: ISC
 *
 * The way in: who may say what, what reaches the application and how it is marked. */
#include "engine_rig.h"

#define ROMEO "romeo@montague.example"
#define SEALED                                                                                                         \
    "<message from='" ROMEO                                                                                            \
    "/orchard' to='juliet@capulet.example/balcony' id='m1'><sealed xmlns='test:script'/></message>"

static void test_clear_text_is_delivered_and_marked(void **state) {
    engine_rig *r = *state;
    step(r, stanza_input("<message from='" ROMEO "/x'  type='chat'><body>a &amp; b</body></message>"));
    assert_outputs(r, "deliver clear " ROMEO " undecided <message from='" ROMEO
                      "/x'  type='chat'><body>a &amp; b</body></message>\n");
}

static void test_sealed_is_opened_and_marked(void **state) {
    engine_rig *r = *state;
    step(r, stanza_input(SEALED));
    assert_outputs(r, "event new-key 0 " ROMEO " ok device 7 blind\n"
                      "deliver script " ROMEO " blind <message><body>opened</body></message>\n");
    assert_true(the_script.origin.live);
    assert_false(the_script.origin.own);
    assert_false(the_script.origin.answerable);
}

static void test_T23_who_may_be_answered(void **state) {
    engine_rig *r = *state;
    step(r, stanza_input("<iq type='result' id='r'><query xmlns='jabber:iq:roster'><item jid='" ROMEO
                         "' subscription='from'/><item jid='n@c.example' subscription='to'/></query></iq>"));
    step(r, stanza_input(SEALED));
    assert_true(the_script.origin.answerable);
    step(r, stanza_input("<message from='n@c.example/x'><sealed xmlns='test:script'/></message>"));
    assert_false(the_script.origin.answerable);
    step(r, stanza_input(
                "<iq type='set' id='r' from='juliet@capulet.example'><query xmlns='jabber:iq:roster'><item jid='" ROMEO
                "' subscription='remove'/></query></iq>"));
    step(r, stanza_input(SEALED));
    assert_false(the_script.origin.answerable);
    step(r, stanza_input("<message from='juliet@capulet.example/other'><sealed xmlns='test:script'/></message>"));
    assert_true(the_script.origin.answerable && the_script.origin.own);
}

static void test_T3_a_roster_from_somebody_else_is_none(void **state) {
    engine_rig *r = *state;
    static const char *const liars[] = {"mallory@evil.example", "capulet.example", "juliet@capulet.example/other"};
    for (size_t i = 0; i < sizeof liars / sizeof *liars; i++) {
        char push[256];
        snprintf(push, sizeof push,
                 "<iq type='set' id='r' from='%s'><query xmlns='jabber:iq:roster'><item jid='" ROMEO
                 "' subscription='both'/></query></iq>",
                 liars[i]);
        step(r, stanza_input(push));
    }
    step(r, stanza_input(SEALED));
    assert_false(the_script.origin.answerable);
}

static void test_T23_a_new_stream_forgets_the_roster(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    step(r, stanza_input("<iq type='result' id='r'><query xmlns='jabber:iq:roster'><item jid='" ROMEO
                         "' subscription='both'/>"
                         "<item jid='n@c.example' subscription='both'/></query></iq>"));
    go_online(r, true);
    step(r, stanza_input(SEALED));
    assert_true(the_script.origin.answerable);
    go_online(r, false);
    step(r, stanza_input(SEALED));
    assert_false(the_script.origin.answerable);
}

static sotto_status count_key(void *arg, const sotto_key *key) {
    (void)key;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

static sotto_status count_record(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)key;
    (void)value;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

/* limit: SOTTO_KEYS_MAX */
static void test_the_keys_of_one_jid_are_bounded(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_READY;
    go_online(r, false);
    for (uint32_t i = 1; i <= SOTTO_KEYS_MAX + 3; i++) {
        script_key(0, ROMEO, i, 0);
        memcpy(the_script.keys[0].key, &i, sizeof i);
        sotto_input input = send_input(i, "<message to='" ROMEO "'><body>x</body></message>");
        step(r, input);
        const char *text = outputs(r, true);
        /* Beyond the limit the oldest that nobody decided about makes room, so that a true new key is still seen. */
        assert_contains(text, "new-key");
        assert_contains(text, "stanza script");
    }
    size_t count = 0;
    assert_ok(sotto_engine_keys(r->engine, BYTES_LITERAL(ROMEO), count_key, &count));
    assert_int_equal(count, SOTTO_KEYS_MAX);
    /* And nothing is left of the others: whose they were goes with them. */
    count = 0;
    assert_ok(sotto_engine_commit(r->engine));
    assert_ok(r->store.inner->methods->scan(r->store.inner, BYTES_LITERAL("K"), count_record, &count));
    assert_int_equal(count, SOTTO_KEYS_MAX);
}

static void test_delayed_is_not_live(void **state) {
    engine_rig *r = *state;
    step(r, stanza_input("<message from='" ROMEO "/x'><sealed xmlns='test:script'/><delay xmlns='urn:xmpp:delay' "
                         "stamp='2026-11-20T09:00:00Z' from='capulet.example'/></message>"));
    assert_false(the_script.origin.live);
    assert_true(the_script.origin.time_ms == UINT64_C(1795165200000));
}

static void test_a_failure_of_the_peer_is_an_event_and_changes_nothing(void **state) {
    engine_rig *r = *state;
    the_script.puts_then_fails = true;
    const struct {
        sotto_status status;
        const char *name;
    } failures[] = {{SOTTO_FAIL(BAD_MAC), "bad-mac"},
                    {SOTTO_FAIL(MALFORMED), "malformed"},
                    {SOTTO_FAIL(NO_PREKEY), "no-prekey"},
                    {SOTTO_FAIL(TOO_FAR), "too-far"}};
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        the_script.open_fails = failures[i].status;
        step(r, stanza_input(SEALED));
        char expected[128];
        snprintf(expected, sizeof expected, "event unreadable 0 " ROMEO " %s 'm1'\n", failures[i].name);
        assert_outputs(r, expected);
    }
    sotto_bytes value;
    assert_status(sotto_engine_noted(r->engine, BYTES_LITERAL("half"), &value), NOT_FOUND);
    the_script.puts_then_fails = false;
    the_script.open_fails = SOTTO_OK;
    step(r, stanza_input(SEALED));
    assert_contains(outputs(r, true), "deliver script");
}

static void test_duplicates_are_silent(void **state) {
    engine_rig *r = *state;
    the_script.outcome = SEAL_DUPLICATE;
    step(r, stanza_input(SEALED));
    the_script.open_fails = SOTTO_FAIL(DUPLICATE);
    step(r, stanza_input(SEALED));
    assert_outputs(r, "");
}

static void test_unreadable_keeps_what_was_staged(void **state) {
    engine_rig *r = *state;
    the_script.outcome = SEAL_UNREADABLE;
    step(r, stanza_input(SEALED));
    assert_outputs(r, "event unreadable 0 " ROMEO " no-session 'm1' device 7 undecided\n");
}

static void test_a_failure_of_ours_fails_the_step(void **state) {
    engine_rig *r = *state;
    the_script.puts_then_fails = true;
    the_script.open_fails = SOTTO_FAIL(NO_MEMORY);
    assert_status(try_step(r, stanza_input(SEALED)), NO_MEMORY);
    assert_outputs(r, "");
    the_script.open_fails = SOTTO_OK;
    step(r, stanza_input(SEALED));
    assert_contains(outputs(r, true), "deliver script");
}

static void test_T1_a_forged_copy_is_ignored_whatever_its_type(void **state) {
    engine_rig *r = *state;
#define COPY(outer)                                                                                                    \
    "<message " outer "><received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"                   \
    "<message xmlns='jabber:client' from='" ROMEO "/x' to='juliet@capulet.example/other'>"                             \
    "<sealed xmlns='test:script'/></message></forwarded></received></message>"
    step(r, stanza_input(COPY("from='mallory@evil.example'")));
    step(r, stanza_input(COPY("from='mallory@evil.example' type='error'")));
    step(r, stanza_input(COPY("from='juliet@capulet.example/other'")));
    assert_outputs(r, "");
    assert_int_equal(the_script.unprotects, 0);
    step(r, stanza_input(COPY("from='juliet@capulet.example'")));
    assert_contains(outputs(r, true), "deliver script " ROMEO);
}

static void test_bounces_are_not_opened(void **state) {
    engine_rig *r = *state;
    step(r, stanza_input("<message type='error' from='" ROMEO
                         "'><sealed xmlns='test:script'/><error type='cancel'/></message>"));
    assert_int_equal(the_script.unprotects, 0);
    assert_contains(outputs(r, true), "deliver clear " ROMEO);
}

static void test_T4_notifications_come_from_bare_jids_of_people(void **state) {
    engine_rig *r = *state;
#define EVENT                                                                                                          \
    "<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='test:devices'><item id='current'><x "         \
    "xmlns='y'/></item></items></event>"
    step(r, stanza_input("<message from='" ROMEO "' type='headline'>" EVENT "</message>"));
    assert_int_equal(the_script.inputs[SEAL_INPUT_PEP], 1);
    assert_string_equal(the_script.pep_jid, ROMEO);
    assert_string_equal(the_script.pep_node, "test:devices");
    step(r, stanza_input("<message from='" ROMEO "/x' type='headline'>" EVENT "</message>"));
    step(r, stanza_input("<message from='montague.example' type='headline'>" EVENT "</message>"));
    step(r, stanza_input("<message from='" ROMEO "' type='headline'>" EVENT EVENT "</message>"));
    assert_int_equal(the_script.inputs[SEAL_INPUT_PEP], 1);
    assert_string_equal(sotto_engine_features(r->engine)[0], "test:devices+notify");
    assert_null(sotto_engine_features(r->engine)[1]);
}

static void test_a_notification_that_is_none_changes_nothing(void **state) {
    engine_rig *r = *state;
    the_script.answer_fails = SOTTO_FAIL(MALFORMED);
    step(r, stanza_input("<message from='" ROMEO "' type='headline'>" EVENT "</message>"));
    assert_int_equal(the_script.inputs[SEAL_INPUT_PEP], 1);
    assert_outputs(r, "");
}

static void test_a_sealed_iq_goes_to_no_seal_that_cannot_seal_them(void **state) {
    engine_rig *r = *state;
    step(r, stanza_input("<iq type='set' id='1' from='" ROMEO "/x'><sealed xmlns='test:script'/></iq>"));
    assert_int_equal(the_script.unprotects, 0);
    assert_contains(outputs(r, true), "deliver clear " ROMEO);
}

static void test_presence_and_answers_are_handed_out_once(void **state) {
    engine_rig *r = *state;
    step(r, stanza_input("<presence from='" ROMEO "/x'/>"));
    step(r, stanza_input("<iq type='result' id='1' from='" ROMEO "/x'/>"));
    const char *text = outputs(r, false);
    assert_contains(text, "deliver clear " ROMEO " undecided <presence");
    assert_contains(text, "deliver clear " ROMEO " undecided <iq");
    engine_reopen(r);
    assert_outputs(r, "");
}

/* Nobody asks again over a stream that is resumed; over another one nobody waits for the answer. */
static void test_questions_wait_for_their_answers(void **state) {
    engine_rig *r = *state;
    for (int resumed = 0; resumed < 2; resumed++) {
        go_online(r, false);
        outputs(r, true);
        step(r, stanza_input("<iq type='get' id='1' from='" ROMEO "/x'><ping xmlns='urn:xmpp:ping'/></iq>"));
        assert_contains(outputs(r, false), "deliver clear " ROMEO " undecided <iq");
        assert_true(r->last_seq > 0);
        engine_reopen(r);
        go_online(r, resumed);
        const char *text = outputs(r, true);
        if (resumed)
            assert_contains(text, "deliver clear " ROMEO " undecided <iq");
        else
            assert_lacks(text, "<iq");
        commit(r);
        engine_reopen(r);
        go_online(r, true);
        assert_lacks(outputs(r, true), "<iq"); /* done, or gone */
    }
}

static void test_malformed_stanzas_are_refused_exactly(void **state) {
    engine_rig *r = *state;
    assert_status(try_step(r, stanza_input("<message from='@'/>")), BAD_JID);
    assert_status(try_step(r, stanza_input("<note/>")), MALFORMED);
    assert_status(try_step(r, stanza_input("<!DOCTYPE x><message/>")), XML_FORBIDDEN);
    assert_outputs(r, "");
}

/* A host need not answer: it may have too much to do. */
static void test_jobs_without_an_answer_are_bounded(void **state) {
    /* limit: SOTTO_JOBS_MAX */
    engine_rig *r = *state;
    uint64_t first = 0, second = 0;
    for (unsigned i = 0; i < SOTTO_JOBS_MAX + 1; i++) {
        step(r, (sotto_input){.kind = SOTTO_INPUT_REFRESH, .jid = BYTES_LITERAL(ROMEO)});
        assert_outputs(r, "job work\n");
        if (i == 0) first = r->last_seq;
        if (i == 1) second = r->last_seq;
    }
    assert_status(try_step(r, (sotto_input){.kind = SOTTO_INPUT_ANSWER, .job = first}), NOT_FOUND);
    step(r, (sotto_input){.kind = SOTTO_INPUT_ANSWER, .job = second, .answer = BYTES_LITERAL("worked")});
    assert_outputs(r, "event refreshed 0  ok 'worked'\n");
}

static void test_timers_and_jobs(void **state) {
    engine_rig *r = *state;
    step(r, (sotto_input){.kind = SOTTO_INPUT_REFRESH, .jid = BYTES_LITERAL(ROMEO)});
    assert_outputs(r, "job work\n");
    assert_true(sotto_engine_deadline(r->engine) == START_MS + 5000);
    step(r, (sotto_input){.kind = SOTTO_INPUT_ANSWER, .job = r->last_seq, .answer = BYTES_LITERAL("worked")});
    assert_status(try_step(r, (sotto_input){.kind = SOTTO_INPUT_ANSWER, .job = r->last_seq}), NOT_FOUND);
    r->now_ms += 5000;
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    assert_outputs(r, "event refreshed 0  ok 'worked'\nevent refreshed 0  ok 'tick'\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, engine_setup, engine_teardown)
const struct CMUnitTest receive_tests[] = {
    T(test_clear_text_is_delivered_and_marked),
    T(test_sealed_is_opened_and_marked),
    T(test_T23_who_may_be_answered),
    T(test_T3_a_roster_from_somebody_else_is_none),
    T(test_delayed_is_not_live),
    T(test_T23_a_new_stream_forgets_the_roster),
    T(test_the_keys_of_one_jid_are_bounded),
    T(test_a_failure_of_the_peer_is_an_event_and_changes_nothing),
    T(test_duplicates_are_silent),
    T(test_unreadable_keeps_what_was_staged),
    T(test_a_failure_of_ours_fails_the_step),
    T(test_bounces_are_not_opened),
    T(test_T1_a_forged_copy_is_ignored_whatever_its_type),
    T(test_T4_notifications_come_from_bare_jids_of_people),
    T(test_presence_and_answers_are_handed_out_once),
    T(test_questions_wait_for_their_answers),
    T(test_a_notification_that_is_none_changes_nothing),
    T(test_a_sealed_iq_goes_to_no_seal_that_cannot_seal_them),
    T(test_malformed_stanzas_are_refused_exactly),
    T(test_jobs_without_an_answer_are_bounded),
    T(test_timers_and_jobs),
};
const size_t receive_count = sizeof receive_tests / sizeof *receive_tests;
