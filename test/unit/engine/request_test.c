/* SPDX-License-Identifier: ISC
 *
 * An iq gets its answer or an error, never silence; and what is asked under seal is answered under seal. */
#include "engine_rig.h"

#include "engine/request.h"

#define ROMEO      "romeo@montague.example"
#define ORCHARD    ROMEO "/orchard"
#define QUERY      "<iq type='get' id='q1' to='" ORCHARD "'><query xmlns='test:secret'/></iq>"
#define CARRIER    "<iq type='set' id='outer' from='" ORCHARD "'><sealed xmlns='" NS_NEAR "'/></iq>"
#define ERROR_OF   "deliver clear " ROMEO " undecided <iq type='error' id='q1' from='" ORCHARD "' to='"
#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"

static void begin(engine_rig *r) {
    the_script.promise = the_near.promise = SEAL_READY;
    script_key(0, ROMEO, 11, 0x11);
    near_key(0, ROMEO, 12, 0x77);
    go_online(r, false);
    step(r, stanza_input("<presence from='" ORCHARD "'/>"));
    (void)outputs(r, true);
}

/* Something arrives in the near seal. */
static const char *arrive(engine_rig *r, const char *inside) {
    the_near.opened = inside;
    step(r, stanza_input(CARRIER));
    return outputs(r, true);
}

static const char *pass(engine_rig *r, uint64_t ms) {
    r->now_ms += ms;
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    return outputs(r, true);
}

static void send_sealed(engine_rig *r, uint64_t ticket) {
    step(r, send_input(ticket, QUERY));
    assert_contains(outputs(r, true), "stanza near ");
}

/* ---- held ---- */

/* limit: SOTTO_BRIEF_HELD_MS */
static void test_a_held_iq_has_a_deadline(void **state) {
    engine_rig *r = *state;
    begin(r);
    the_near.promise = SEAL_ASKING;
    step(r, send_input(1, QUERY));
    assert_contains(outputs(r, true), "event held 1 " ROMEO " again");
    assert_int_equal(sotto_engine_deadline(r->engine), r->now_ms + SOTTO_BRIEF_HELD_MS);
    assert_string_equal(pass(r, SOTTO_BRIEF_HELD_MS - 1), "");
    const char *text = pass(r, 1);
    assert_contains(text, "event refused 1 " ROMEO " timeout\n");
    assert_contains(text, ERROR_OF);
    assert_contains(text, "<error type='wait'><remote-server-timeout xmlns='" NS_STANZAS "'/>");
    assert_lacks(text, "stanza ");
    assert_true(sotto_engine_deadline(r->engine) == UINT64_MAX);
    /* A held presence goes without a word to anybody but the event. */
    step(r, send_input(2, "<presence to='" ORCHARD "'><status>x</status></presence>"));
    (void)outputs(r, true);
    assert_string_equal(pass(r, SOTTO_BRIEF_HELD_MS), "event refused 2 " ROMEO " timeout\n");
    /* A held message stays. */
    the_script.promise = SEAL_ASKING;
    step(r, send_input(3, "<message to='" ROMEO "'><body>x</body></message>"));
    (void)outputs(r, true);
    assert_string_equal(pass(r, 10 * SOTTO_BRIEF_HELD_MS), "");
}

/* Over a restart as well, and by the time that had passed. */
static void test_a_deadline_outlives_a_restart(void **state) {
    engine_rig *r = *state;
    begin(r);
    the_near.promise = SEAL_ASKING;
    step(r, send_input(1, QUERY));
    (void)outputs(r, true);
    commit(r);
    r->now_ms += 10000;
    engine_reopen(r);
    assert_int_equal(sotto_engine_deadline(r->engine), r->now_ms); /* it is looked at */
    assert_string_equal(pass(r, 0), "");
    assert_int_equal(sotto_engine_deadline(r->engine), r->now_ms + 20000);
    const char *text = pass(r, 20000);
    assert_contains(text, "event refused 1 " ROMEO " timeout\n");
    assert_contains(text, "<iq type='error' id='q1' from='" ORCHARD "' to='juliet@capulet.example'>"); /* offline */
    /* With a clock that was set back by a year too. */
    go_online(r, false);
    step(r, send_input(2, QUERY));
    (void)outputs(r, true);
    r->now_ms -= UINT64_C(31536000000);
    engine_reopen(r);
    assert_contains(pass(r, 0), "event refused 2 ");
}

/* Offline it waits as long, and why it was not sent is said. */
static void test_offline_for_too_long(void **state) {
    engine_rig *r = *state;
    begin(r);
    step(r, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    step(r, send_input(1, QUERY));
    assert_contains(outputs(r, true), "event held 1 " ROMEO " offline");
    const char *text = pass(r, SOTTO_BRIEF_HELD_MS);
    assert_contains(text, "event refused 1 " ROMEO " offline\n");
    assert_contains(text, "<recipient-unavailable ");
}

/* ---- refused ---- */

/* Somebody who is spoken to encrypted, with a program that does not speak live sessions: at once, with why. */
static void test_refused_at_once_where_it_cannot_be_sealed(void **state) {
    engine_rig *r = *state;
    begin(r);
    step(r, send_input(1, "<message to='" ROMEO "'><body>x</body></message>"));
    (void)outputs(r, true);
    the_near.promise = SEAL_NEVER;
    the_near.reason = SOTTO_FAIL(NO_DEVICE);
    step(r, send_input(2, QUERY));
    const char *text = outputs(r, true);
    assert_lacks(text, "stanza ");
    assert_contains(text, "event refused 2 " ROMEO " no-live\n");
    assert_contains(text, "<not-acceptable xmlns='" NS_STANZAS "'/>");
    assert_contains(text, "sotto encrypt " ROMEO " never"); /* what to do */
    /* Nor to a resource that somebody made up. */
    step(r, send_input(3, "<iq type='set' id='q3' to='" ROMEO "/invented'><secret xmlns='x'/></iq>"));
    step(r, send_input(4, "<presence to='" ROMEO "/invented'><status>secret</status></presence>"));
    step(r, send_input(5, "<message to='" ROMEO "/invented'><body>secret</body></message>"));
    text = outputs(r, true);
    assert_lacks(text, "stanza clear");
    assert_contains(text, "event refused 3 " ROMEO " no-live\n");
    assert_contains(text, "event refused 4 " ROMEO " no-live\n");
    assert_contains(text, "stanza script 5 ");
    /* Results and errors of the application are nobody's requests. */
    step(r, send_input(6, "<iq type='result' id='r' to='" ORCHARD "'><secret xmlns='x'/></iq>"));
    assert_outputs(r, "event refused 6 " ROMEO " no-live\n");
}

static void test_untrusted_is_said_when_its_time_is_over(void **state) {
    engine_rig *r = *state;
    begin(r);
    the_near.keys[0].key[0] = 0x13; /* one that was never seen, with verified ones beside */
    uint8_t key[32];
    memset(key, 0x11, sizeof key);
    step(r, send_input(1, "<message to='" ROMEO "'><body>x</body></message>"));
    step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                          .jid = BYTES_LITERAL(ROMEO),
                          .key = bytes_of(key, 32),
                          .trust = SOTTO_TRUST_VERIFIED});
    (void)outputs(r, true);
    step(r, send_input(2, QUERY));
    assert_contains(outputs(r, true), "event held 2 " ROMEO " no-trusted-device");
    const char *text = pass(r, SOTTO_BRIEF_HELD_MS);
    assert_contains(text, "event refused 2 " ROMEO " no-trusted-device\n");
    assert_contains(text, "<policy-violation ");
    assert_contains(text, "sotto devices " ROMEO);
}

/* ---- sent ---- */

static void test_an_answer_is_handed_on_once(void **state) {
    engine_rig *r = *state;
    begin(r);
    send_sealed(r, 1);
    const char *text = arrive(r, "<iq type='result' id='q1' from='" ORCHARD "'><a xmlns='b'/></iq>");
    assert_contains(text, "deliver near " ROMEO " blind <iq type='result' id='q1'");
    assert_true(sotto_engine_deadline(r->engine) <= r->now_ms + SOTTO_REQUEST_WAIT_MS);
    assert_string_equal(pass(r, SOTTO_REQUEST_WAIT_MS), ""); /* and no error follows */
}

/* limit: SOTTO_REQUEST_WAIT_MS */
static void test_no_answer_is_an_error_and_a_late_one_nothing(void **state) {
    engine_rig *r = *state;
    begin(r);
    send_sealed(r, 1);
    assert_string_equal(pass(r, SOTTO_REQUEST_WAIT_MS - 1), "");
    const char *text = pass(r, 1);
    assert_contains(text, ERROR_OF "juliet@capulet.example/balcony'>");
    assert_contains(text, "<remote-server-timeout ");
    assert_lacks(text, "event");
    assert_string_equal(arrive(r, "<iq type='result' id='q1' from='" ORCHARD "'/>"), "");
    assert_contains(arrive(r, "<iq type='result' id='other' from='" ORCHARD "'/>"), "id='other'");
    assert_true(sotto_engine_deadline(r->engine) > r->now_ms + 1000000); /* the row of what was given up */
}

/* That it was made here can be told: it is not what somebody said. */
static void test_an_error_that_was_made_here_says_so(void **state) {
    engine_rig *r = *state;
    sotto_output out;
    begin(r);
    send_sealed(r, 1);
    r->now_ms += SOTTO_REQUEST_WAIT_MS;
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    commit(r);
    engine_reopen(r); /* nor is it lost */
    assert_true(sotto_engine_next(r->engine, &out));
    assert_int_equal(out.kind, SOTTO_OUTPUT_DELIVER);
    assert_int_equal(out.delivery.failure.code, SOTTO_E_TIMEOUT);
    assert_true(out.delivery.from.len == strlen(ROMEO) && out.delivery.seal.len == 0);
}

static void test_a_resource_that_vanished_answers_nothing(void **state) {
    engine_rig *r = *state;
    begin(r);
    step(r, stanza_input("<presence from='" ROMEO "/garden'/>"));
    send_sealed(r, 1);
    step(r, stanza_input("<presence from='" ROMEO "/garden' type='unavailable'/>"));
    assert_lacks(outputs(r, true), "<iq type='error'");
    step(r, stanza_input("<presence from='" ORCHARD "' type='unavailable'/>"));
    const char *text = outputs(r, true);
    assert_contains(text, ERROR_OF);
    assert_contains(text, "<recipient-unavailable ");
    assert_string_equal(arrive(r, "<iq type='result' id='q1' from='" ORCHARD "'/>"), "");
}

static void test_a_stanza_that_came_back_is_an_error(void **state) {
    engine_rig *r = *state;
    begin(r);
    send_sealed(r, 7);
    the_near.returns_ticket = 7;
    step(r, stanza_input("<presence from='" ORCHARD "'><show>away</show></presence>"));
    const char *text = outputs(r, true);
    assert_contains(text, "event delivery-unknown 7 ");
    assert_contains(text, ERROR_OF);
    assert_contains(text, "<policy-violation "); /* KEY_CHANGED */
    the_near.returns_ticket = 8;                 /* of a message, say */
    step(r, stanza_input("<presence from='" ORCHARD "'/>"));
    assert_lacks(outputs(r, true), "<iq");
}

/* T8: an answer in the clear, in the other's name, to what was asked under seal. */
static void test_T8_an_answer_in_the_clear_is_none(void **state) {
    static const char forged[] = "<iq type='error' id='q1' from='" ORCHARD "'><error type='cancel'/></iq>";
    engine_rig *r = *state;
    begin(r);
    send_sealed(r, 1);
    step(r, stanza_input(forged));
    assert_outputs(r, "event false-answer 0 " ROMEO " in-the-clear 'q1'\n");
    step(r, stanza_input(forged));
    assert_outputs(r, ""); /* said once */
    step(r, stanza_input("<iq type='result' id='q1' from='" ROMEO "/other'/>"));
    assert_contains(outputs(r, true), "deliver clear "); /* to nothing of ours */
    assert_contains(arrive(r, "<iq type='result' id='q1' from='" ORCHARD "'/>"), "deliver near ");
}

/* limit: SOTTO_REQUESTS_MAX */
static void test_requests_of_ours_are_bounded(void **state) {
    engine_rig *r = *state;
    char text[256];
    begin(r);
    for (unsigned i = 0; i < SOTTO_REQUESTS_MAX; i++) {
        snprintf(text, sizeof text, "<iq type='get' id='n%u' to='" ORCHARD "'><a xmlns='b'/></iq>", i);
        step(r, send_input(100 + i, text));
        if (i % 64 == 0) (void)outputs(r, true);
    }
    (void)outputs(r, true);
    step(r, send_input(1, QUERY));
    assert_contains(outputs(r, true), "event held 1 " ROMEO " outbox-full");
    const char *error = pass(r, SOTTO_BRIEF_HELD_MS);
    assert_contains(error, "<resource-constraint ");
    /* Those that were given up make room. */
    (void)pass(r, SOTTO_REQUEST_WAIT_MS);
    send_sealed(r, 2);
}

/* limit: SOTTO_REQUEST_ID_BYTES_MAX */
static void test_a_long_id_is_refused(void **state) {
    engine_rig *r = *state;
    static char text[SOTTO_REQUEST_ID_BYTES_MAX + 200], id[SOTTO_REQUEST_ID_BYTES_MAX + 2];
    begin(r);
    memset(id, 'x', SOTTO_REQUEST_ID_BYTES_MAX + 1);
    snprintf(text, sizeof text, "<iq type='get' id='%s' to='" ORCHARD "'><a xmlns='b'/></iq>", id);
    step(r, send_input(1, text));
    assert_contains(outputs(r, true), "event refused 1 " ROMEO " too-large\n");
    snprintf(text, sizeof text, "<iq type='get' id='%s' from='" ORCHARD "'><a xmlns='b'/></iq>", id);
    assert_string_equal(arrive(r, text), ""); /* its answer could not be told from another one */
    id[SOTTO_REQUEST_ID_BYTES_MAX] = 0;
    snprintf(text, sizeof text, "<iq type='get' id='%s' to='" ORCHARD "'><a xmlns='b'/></iq>", id);
    step(r, send_input(2, text));
    assert_contains(outputs(r, true), "stanza near 2 ");
}

/* In the clear nobody answers for it but the server; what is lost with a stream is an error all the same. */
static void test_a_clear_iq_that_was_lost_with_its_stream(void **state) {
    engine_rig *r = *state;
    the_near.promise = SEAL_NEVER;
    go_online(r, false);
    step(r, send_input(1, QUERY));
    assert_contains(outputs(r, false), "stanza clear 1 ");
    go_online(r, false);
    const char *text = outputs(r, true);
    assert_contains(text, "event refused 1  offline");
    assert_contains(text, ERROR_OF);
    /* Or what the server cannot stand. */
    step(r, send_input(2, QUERY));
    assert_contains(outputs(r, false), "stanza clear 2 ");
    uint64_t seq = r->last_seq;
    assert_ok(sotto_engine_reject(r->engine, seq, SOTTO_FAIL(SERVER_REFUSED)));
    assert_contains(outputs(r, true), ERROR_OF);
}

/* ---- theirs ---- */

static void test_a_result_goes_back_through_the_same_seal(void **state) {
    static const char *const answers[] = {
        "<iq type='result' id='t1' to='" ORCHARD "'/>",                          /* says nothing */
        "<iq type='error' id='t1' to='" ORCHARD "'><error type='cancel'/></iq>", /* bare */
        "<iq type='result' id='t1' to='" ORCHARD "'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
        "<iq type='result' id='t1' to='" ORCHARD "'><secret xmlns='x'/></iq>",
    };
    engine_rig *r = *state;
    begin(r);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        assert_contains(arrive(r, "<iq type='get' id='t1' from='" ORCHARD "'><query xmlns='x'/></iq>"),
                        "deliver near " ROMEO " blind <iq type='get' id='t1'");
        step(r, send_input(1, answers[i]));
        assert_contains(outputs(r, true), "stanza near 1 ");
    }
    /* Once: what comes after it answers nothing that was sealed. */
    step(r, send_input(1, answers[0]));
    assert_contains(outputs(r, true), "stanza clear 1 ");
}

/* Over a restart, whatever the policy, and whatever way was chosen since. */
static void test_a_result_never_leaves_in_the_clear(void **state) {
    engine_rig *r = *state;
    begin(r);
    (void)arrive(r, "<iq type='set' id='t1' from='" ORCHARD "'><query xmlns='x'/></iq>");
    engine_reopen(r);
    go_online(r, true);
    step(r, (sotto_input){.kind = SOTTO_INPUT_POLICY, .jid = BYTES_LITERAL(ROMEO), .encrypt = SOTTO_ENCRYPT_NEVER});
    step(r, (sotto_input){.kind = SOTTO_INPUT_VIA, .jid = BYTES_LITERAL(ROMEO), .via = SOTTO_VIA_STORED});
    (void)outputs(r, true);
    the_near.promise = SEAL_ASKING;
    step(r, send_input(1, "<iq type='result' id='t1' to='" ORCHARD "'/>"));
    const char *text = outputs(r, true);
    assert_contains(text, "event held 1 " ROMEO " again");
    assert_lacks(text, "stanza");
    text = pass(r, SOTTO_BRIEF_HELD_MS);
    assert_string_equal(text, "event refused 1 " ROMEO " timeout\n");
    assert_int_equal(the_script.protects, 0);
}

/* limit: SOTTO_REQUESTS_OF_ONE */
static void test_requests_of_others_are_bounded(void **state) {
    engine_rig *r = *state;
    char text[256];
    begin(r);
    for (unsigned i = 0; i < SOTTO_REQUESTS_OF_ONE; i++) {
        snprintf(text, sizeof text, "<iq type='get' id='n%u' from='" ROMEO "/%u'><a xmlns='b'/></iq>", i, i);
        assert_contains(arrive(r, text), "deliver near ");
    }
    static const char more[] = "<iq type='get' id='more' from='" ORCHARD "'><a xmlns='b'/></iq>";
    assert_string_equal(arrive(r, more), ""); /* its answer could leave in the clear: it is not handed on */
    assert_contains(arrive(r, "<iq type='get' id='x' from='" ROMEO "x/o'><a xmlns='b'/></iq>"), "deliver near ");
    r->now_ms += 600000;
    assert_contains(arrive(r, more), "deliver near "); /* whoever asked first has given up */
    step(r, send_input(1, "<iq type='result' id='more' to='" ORCHARD "'/>"));
    assert_contains(outputs(r, true), "stanza near 1 ");
}

#define WITH(f)                                                                                                        \
    { #f, f, engine_setup_both, engine_teardown, NULL }

const struct CMUnitTest request_tests[] = {
    WITH(test_a_held_iq_has_a_deadline),
    WITH(test_a_deadline_outlives_a_restart),
    WITH(test_offline_for_too_long),
    WITH(test_refused_at_once_where_it_cannot_be_sealed),
    WITH(test_untrusted_is_said_when_its_time_is_over),
    WITH(test_an_answer_is_handed_on_once),
    WITH(test_no_answer_is_an_error_and_a_late_one_nothing),
    WITH(test_an_error_that_was_made_here_says_so),
    WITH(test_a_resource_that_vanished_answers_nothing),
    WITH(test_a_stanza_that_came_back_is_an_error),
    WITH(test_T8_an_answer_in_the_clear_is_none),
    WITH(test_requests_of_ours_are_bounded),
    WITH(test_a_long_id_is_refused),
    WITH(test_a_clear_iq_that_was_lost_with_its_stream),
    WITH(test_a_result_goes_back_through_the_same_seal),
    WITH(test_a_result_never_leaves_in_the_clear),
    WITH(test_requests_of_others_are_bounded),
};
const size_t request_count = sizeof request_tests / sizeof *request_tests;
