/* SPDX-License-Identifier: ISC
 *
 * The way out: sealing, holding, refusing, stickiness, trust, order. */
#include "engine_rig.h"

#define ROMEO "romeo@montague.example"
#define HELLO "<message to='" ROMEO "' type='chat'><body>hello</body></message>"

static void ready(void) {
    the_script.promise = SEAL_READY;
    script_key(0, ROMEO, 11, 0x11);
}

static void test_sealed_when_ready(void **state) {
    engine_rig *r = *state;
    ready();
    go_online(r, false);
    step(r, send_input(1, HELLO));
    assert_outputs(r, "event new-key 0 " ROMEO " ok device 11 blind\n"
                      "stanza script 1 <message to='" ROMEO "'><sealed xmlns='test:script' n='1'/></message>\n");
    assert_int_equal(the_script.allowed, 1);
}

static void test_harmless_stanzas_pass_as_they_are(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    step(r, send_input(1, "<presence><show>away</show></presence>"));
    step(r, send_input(2, "<iq  type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>"));
    assert_outputs(r, "stanza clear 1 <presence><show>away</show></presence>\n"
                      "stanza clear 2 <iq  type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>\n");
    assert_int_equal(the_script.promises, 0);
}

static void test_auto_leaves_in_the_clear_only_when_they_never_had_keys(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_NEVER;
    go_online(r, false);
    step(r, send_input(1, HELLO));
    assert_outputs(r, "stanza clear 1 " HELLO "\n");
}

static void test_always_refuses_instead(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_NEVER;
    go_online(r, false);
    sotto_input input = send_input(1, HELLO);
    input.encrypt = SOTTO_ENCRYPT_ALWAYS;
    step(r, input);
    assert_outputs(r, "event refused 1 " ROMEO " no-device\n");
}

static void test_T14_once_sealed_never_clear_again(void **state) {
    engine_rig *r = *state;
    ready();
    go_online(r, false);
    step(r, send_input(1, HELLO));
    outputs(r, true);
    /* T8: now the server says there are no devices and never were. */
    the_script.promise = SEAL_NEVER;
    step(r, send_input(2, HELLO));
    step(r, send_input(3, "<message to='" ROMEO "/invented' type='chat'><body>to a resource</body></message>"));
    const char *text = outputs(r, true);
    assert_lacks(text, "stanza");
    assert_contains(text, "event held 2 " ROMEO " no-device");
    /* Nor after a restart. */
    engine_reopen(r);
    go_online(r, false);
    step(r, send_input(4, HELLO));
    assert_lacks(outputs(r, true), "stanza");
}

static void test_what_no_seal_can_protect_is_refused_to_a_sticky_contact(void **state) {
    engine_rig *r = *state;
    ready();
    go_online(r, false);
    const char *jingle = "<iq type='set' id='1' to='" ROMEO "/x'><jingle xmlns='urn:xmpp:jingle:1'/></iq>";
    step(r, send_input(1, jingle));
    assert_contains(outputs(r, true), "stanza clear 1");
    step(r, send_input(2, HELLO));
    outputs(r, true);
    step(r, send_input(3, jingle));
    step(r, send_input(4, "<presence to='" ROMEO "'><status>secret</status></presence>"));
    const char *text = outputs(r, true);
    assert_lacks(text, "stanza clear");
    assert_contains(text, "event refused 3 " ROMEO " cannot-protect\n");
    assert_contains(text, "<iq type='error' id='1' from='" ROMEO "/x'"); /* whoever asked is told as well */
    assert_contains(text, "<not-acceptable ");
    assert_contains(text, "event refused 4 " ROMEO " cannot-protect\n");
}

static void test_held_while_asking_and_released_in_order(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_ASKING;
    the_script.asks = true;
    go_online(r, false);
    step(r, send_input(1, HELLO));
    step(r, send_input(2, HELLO));
    const char *text = outputs(r, true);
    assert_contains(text, "event held 1 " ROMEO " again");
    assert_contains(text, "event held 2 " ROMEO " again");
    const char *id = strstr(text, "id='");
    assert_non_null(id);
    char answer[256];
    snprintf(answer, sizeof answer, "<iq type='result' id='%.18s' from='" ROMEO "'/>", id + 4);
    script_key(0, ROMEO, 11, 0x11);
    step(r, stanza_input(answer));
    text = outputs(r, true);
    const char *one = strstr(text, "stanza script 1"), *two = strstr(text, "stanza script 2");
    assert_true(one != NULL && two != NULL && one < two);
}

static void test_T5_an_answer_from_somebody_else_is_no_answer(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_ASKING;
    the_script.asks = true;
    go_online(r, false);
    step(r, send_input(1, HELLO));
    const char *id = strstr(outputs(r, true), "id='");
    char answer[256];
    static const char *const liars[] = {"mallory@evil.example", ROMEO "/orchard", "montague.example", "capulet.example",
                                        "juliet@capulet.example"};
    for (size_t i = 0; i < sizeof liars / sizeof *liars; i++) {
        snprintf(answer, sizeof answer, "<iq type='result' id='%.18s' from='%s'/>", id + 4, liars[i]);
        step(r, stanza_input(answer));
    }
    snprintf(answer, sizeof answer, "<iq type='result' id='%.18s'/>", id + 4);
    step(r, stanza_input(answer));
    assert_int_equal(the_script.inputs[SEAL_INPUT_ANSWER], 0);
    snprintf(answer, sizeof answer, "<iq type='error' id='%.18s' from='" ROMEO "'><error type='cancel'/></iq>", id + 4);
    step(r, stanza_input(answer));
    assert_int_equal(the_script.inputs[SEAL_INPUT_ANSWER], 1);
    assert_int_equal(the_script.answer_status.code, SOTTO_E_SERVER_REFUSED);
    /* The second answer to the same question is none. */
    step(r, stanza_input(answer));
    assert_int_equal(the_script.inputs[SEAL_INPUT_ANSWER], 1);
}

static void test_T35_an_answer_that_cannot_be_used_is_told_and_changes_nothing(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_ASKING;
    the_script.asks = true;
    the_script.answer_fails = SOTTO_FAIL(BAD_KEY);
    go_online(r, false);
    step(r, send_input(1, HELLO));
    const char *id = strstr(outputs(r, true), "id='");
    char answer[256];
    snprintf(answer, sizeof answer, "<iq type='result' id='%.18s' from='" ROMEO "'/>", id + 4);
    step(r, stanza_input(answer));
    assert_int_equal(the_script.inputs[SEAL_INPUT_ANSWER], 2);
    assert_int_equal(the_script.answer_status.code, SOTTO_E_BAD_KEY);
    assert_outputs(r, "event held 1 " ROMEO " bad-key\n");
    assert_true(sotto_engine_deadline(r->engine) == UINT64_MAX);
    /* A failure of this machine fails the step, and the same answer works later. */
    the_script.promise = SEAL_ASKING;
    step(r, send_input(2, "<message to='mercutio@verona.example'><body>x</body></message>"));
    id = strstr(outputs(r, true), "id='");
    snprintf(answer, sizeof answer, "<iq type='result' id='%.18s' from='mercutio@verona.example'/>", id + 4);
    the_script.answer_fails = SOTTO_FAIL(NO_MEMORY);
    assert_status(try_step(r, stanza_input(answer)), NO_MEMORY);
    the_script.answer_fails = SOTTO_OK;
    step(r, stanza_input(answer));
    assert_int_equal(the_script.answer_status.code, 0);
}

/* limit: SOTTO_ASK_WAIT_MS */
static void test_a_question_times_out(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_ASKING;
    the_script.asks = true;
    go_online(r, false);
    step(r, send_input(1, HELLO));
    outputs(r, true);
    assert_int_equal(sotto_engine_deadline(r->engine), r->now_ms + SOTTO_ASK_WAIT_MS);
    r->now_ms += SOTTO_ASK_WAIT_MS - 1;
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    assert_int_equal(the_script.inputs[SEAL_INPUT_ANSWER], 0);
    r->now_ms++;
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    assert_int_equal(the_script.answer_status.code, SOTTO_E_TIMEOUT);
    assert_string_equal(the_script.answer_note, "keys");
    assert_outputs(r, "event held 1 " ROMEO " timeout\n");
    assert_true(sotto_engine_deadline(r->engine) == UINT64_MAX);
}

static void test_one_question_for_many_messages(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_ASKING;
    the_script.asks = true;
    go_online(r, false);
    for (uint64_t i = 1; i <= 5; i++) step(r, send_input(i, HELLO));
    const char *text = outputs(r, true);
    assert_contains(text, "test:keys");
    assert_lacks(strstr(text, "test:keys") + 1, "test:keys");
}

static void test_T7_a_new_key_after_verification_gets_nothing(void **state) {
    engine_rig *r = *state;
    ready();
    go_online(r, false);
    step(r, send_input(1, HELLO));
    outputs(r, true);
    uint8_t key[32];
    memset(key, 0x11, sizeof key);
    step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                          .jid = BYTES_LITERAL(ROMEO),
                          .key = bytes_of(key, 32),
                          .trust = SOTTO_TRUST_VERIFIED});
    script_key(1, ROMEO, 666, 0x66);
    step(r, send_input(2, HELLO));
    const char *text = outputs(r, true);
    assert_contains(text, "event new-key 0 " ROMEO " ok device 666 undecided");
    assert_contains(text, "event left-out 2 " ROMEO " no-trusted-device device 666");
    assert_int_equal(the_script.allowed, 1);
    /* Accepted by a person, it is used. */
    memset(key, 0x66, sizeof key);
    step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                          .jid = BYTES_LITERAL(ROMEO),
                          .key = bytes_of(key, 32),
                          .trust = SOTTO_TRUST_VERIFIED});
    step(r, send_input(3, HELLO));
    assert_int_equal(the_script.allowed, 2);
}

static void verdict(engine_rig *r, const char *jid, uint8_t fill, sotto_trust trust) {
    uint8_t key[32];
    memset(key, fill, sizeof key);
    step(r,
         (sotto_input){.kind = SOTTO_INPUT_VERDICT, .jid = bytes_text(jid), .key = bytes_of(key, 32), .trust = trust});
}

static void test_T7_distrusting_the_verified_key_does_not_bring_the_blind_one_back(void **state) {
    engine_rig *r = *state;
    ready();
    script_key(1, ROMEO, 666, 0x66);
    go_online(r, false);
    step(r, send_input(1, HELLO));
    assert_int_equal(the_script.allowed, 2);
    verdict(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    step(r, send_input(2, HELLO));
    assert_int_equal(the_script.allowed, 1);
    verdict(r, ROMEO, 0x11, SOTTO_TRUST_DISTRUSTED); /* the phone was stolen */
    script_key(2, ROMEO, 667, 0x67);
    outputs(r, true);
    step(r, send_input(3, HELLO));
    const char *text = outputs(r, true);
    assert_contains(text, "event held 3 " ROMEO " no-trusted-device");
    assert_contains(text, "event new-key 0 " ROMEO " ok device 667 undecided");
    assert_lacks(text, "stanza");
}

static void test_T7_own_blind_devices_are_left_out_of_what_goes_to_verified_contacts(void **state) {
    engine_rig *r = *state;
    ready();
    script_key(1, "juliet@capulet.example", 99, 0x99);
    go_online(r, false);
    step(r, send_input(1, HELLO));
    assert_int_equal(the_script.allowed, 2);
    verdict(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    outputs(r, true);
    step(r, send_input(2, HELLO));
    assert_int_equal(the_script.allowed, 1);
    assert_contains(outputs(r, true), "event left-out 2 juliet@capulet.example no-trusted-device device 99");
    verdict(r, "juliet@capulet.example", 0x99, SOTTO_TRUST_VERIFIED);
    step(r, send_input(3, HELLO));
    assert_int_equal(the_script.allowed, 2);
}

static void test_sealed_only_when_it_can_leave(void **state) {
    engine_rig *r = *state;
    ready();
    go_online(r, false);
    step(r, send_input(1, HELLO));
    outputs(r, true);
    step(r, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    step(r, send_input(2, HELLO));
    assert_outputs(r, "event held 2 " ROMEO " offline\n");
    /* Distrusted while it waited: it is not sealed for that key any more. */
    verdict(r, ROMEO, 0x11, SOTTO_TRUST_DISTRUSTED);
    go_online(r, false);
    const char *text = outputs(r, true);
    assert_contains(text, "event held 2 " ROMEO " no-trusted-device");
    assert_lacks(text, "stanza script 2");
}

static void test_T14_who_seals_is_never_answered_in_the_clear(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    step(r, stanza_input("<message from='" ROMEO
                         "/x' to='juliet@capulet.example'><sealed xmlns='test:script'/></message>"));
    outputs(r, true);
    the_script.promise = SEAL_NEVER;
    step(r, send_input(1, HELLO));
    assert_contains(outputs(r, true), "event held 1 " ROMEO " no-device");
}

static void test_T14_a_key_that_is_not_accepted_cannot_opt_out(void **state) {
    engine_rig *r = *state;
    ready();
    go_online(r, false);
    const char *sealed =
        "<message from='" ROMEO "/x' to='juliet@capulet.example'><sealed xmlns='test:script'/></message>";
    step(r, stanza_input(sealed));
    verdict(r, ROMEO, 0x77, SOTTO_TRUST_DISTRUSTED);
    outputs(r, true);
    the_script.opt_out = true;
    step(r, stanza_input(sealed));
    assert_lacks(outputs(r, true), "opt-out");
    step(r, send_input(1, HELLO));
    assert_contains(outputs(r, true), "stanza script 1");
}

static void test_held_until_a_person_accepts_the_only_key(void **state) {
    engine_rig *r = *state;
    ready();
    go_online(r, false);
    uint8_t key[32];
    memset(key, 0x11, sizeof key);
    step(r, send_input(1, HELLO));
    step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                          .jid = BYTES_LITERAL(ROMEO),
                          .key = bytes_of(key, 32),
                          .trust = SOTTO_TRUST_DISTRUSTED});
    outputs(r, true);
    step(r, send_input(2, HELLO));
    assert_outputs(r, "event held 2 " ROMEO " no-trusted-device\n");
    commit(r);
    engine_reopen(r);
    go_online(r, false);
    assert_outputs(r, "");
    step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                          .jid = BYTES_LITERAL(ROMEO),
                          .key = bytes_of(key, 32),
                          .trust = SOTTO_TRUST_VERIFIED});
    assert_contains(outputs(r, true), "stanza script 2");
}

static void test_T9_a_known_device_with_another_key_is_an_alarm(void **state) {
    engine_rig *r = *state;
    ready();
    go_online(r, false);
    step(r, send_input(1, HELLO));
    outputs(r, true);
    script_key(0, ROMEO, 11, 0x99);
    step(r, send_input(2, HELLO));
    const char *text = outputs(r, true);
    assert_contains(text, "event key-alarm 0 " ROMEO " key-changed device 11 undecided");
    assert_lacks(text, "stanza");
}

static void test_T9_a_key_under_a_second_jid_is_an_alarm(void **state) {
    engine_rig *r = *state;
    ready();
    go_online(r, false);
    step(r, send_input(1, HELLO));
    outputs(r, true);
    script_key(0, "mallory@evil.example", 3, 0x11);
    step(r, send_input(2, "<message to='mallory@evil.example'><body>x</body></message>"));
    const char *text = outputs(r, true);
    assert_contains(text, "event key-alarm 0 mallory@evil.example key-changed '" ROMEO "' device 3");
    assert_contains(text, "event held 2"); /* not taken on trust: a person decides */
    assert_lacks(text, "stanza");
}

static void test_a_broken_device_does_not_stop_the_others(void **state) {
    engine_rig *r = *state;
    ready();
    script_key(1, ROMEO, 12, 0x12);
    the_script.keys[1].problem = SOTTO_FAIL(BUNDLE_BROKEN);
    go_online(r, false);
    step(r, send_input(1, HELLO));
    const char *text = outputs(r, true);
    assert_contains(text, "stanza script 1");
    assert_contains(text, "event left-out 1 " ROMEO " bundle-broken device 12");
}

static void test_keys_that_break_while_sealing_hold_the_message(void **state) {
    engine_rig *r = *state;
    ready();
    the_script.protect_fails = SOTTO_FAIL(BAD_KEY);
    the_script.promise_then = SEAL_READY;
    go_online(r, false);
    step(r, send_input(1, HELLO));
    assert_contains(outputs(r, true), "event held 1 " ROMEO " bad-key");
    the_script.protect_fails = SOTTO_OK;
    step(r, (sotto_input){.kind = SOTTO_INPUT_POLICY, .jid = BYTES_LITERAL(ROMEO), .encrypt = SOTTO_ENCRYPT_ALWAYS});
    assert_contains(outputs(r, true), "stanza script 1");
}

static void test_a_seal_that_needs_to_ask_after_all_is_asked_again(void **state) {
    engine_rig *r = *state;
    ready();
    the_script.asks = true;
    the_script.protect_fails = SOTTO_FAIL(AGAIN);
    the_script.promise_then = SEAL_ASKING;
    go_online(r, false);
    step(r, send_input(1, HELLO));
    const char *text = outputs(r, true);
    assert_contains(text, "test:keys");
    assert_contains(text, "event held 1 " ROMEO " again");
    assert_int_equal(the_script.protects, 1);
    the_script.protect_fails = SOTTO_OK;
    char answer[256];
    snprintf(answer, sizeof answer, "<iq type='result' id='%.18s' from='" ROMEO "'/>", strstr(text, "id='") + 4);
    step(r, stanza_input(answer));
    assert_contains(outputs(r, true), "stanza script 1");
}

static void test_only_a_person_makes_it_clear(void **state) {
    engine_rig *r = *state;
    ready();
    go_online(r, false);
    step(r, send_input(1, HELLO));
    outputs(r, true);
    step(r, (sotto_input){.kind = SOTTO_INPUT_POLICY, .jid = BYTES_LITERAL(ROMEO), .encrypt = SOTTO_ENCRYPT_NEVER});
    step(r, send_input(2, HELLO));
    assert_contains(outputs(r, true), "stanza clear 2");
    sotto_input input = send_input(3, HELLO);
    input.encrypt = SOTTO_ENCRYPT_ALWAYS; /* the stanza's own demand wins */
    step(r, input);
    assert_contains(outputs(r, true), "stanza script 3");
}

static void test_opt_out_holds_until_a_person_answers(void **state) {
    engine_rig *r = *state;
    ready();
    go_online(r, false);
    the_script.opt_out = true;
    step(r, stanza_input("<message from='" ROMEO
                         "/x' to='juliet@capulet.example'><sealed xmlns='test:script'/></message>"));
    assert_contains(outputs(r, true), "event opt-out 0 " ROMEO " ok 'compliance'");
    step(r, send_input(1, HELLO));
    assert_contains(outputs(r, true), "event held 1 " ROMEO " cancelled");
    step(r, (sotto_input){.kind = SOTTO_INPUT_POLICY, .jid = BYTES_LITERAL(ROMEO), .encrypt = SOTTO_ENCRYPT_ALWAYS});
    assert_contains(outputs(r, true), "stanza script 1");
}

static void test_tickets(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_ASKING;
    assert_status(try_step(r, send_input(0, HELLO)), TICKET_USED);
    step(r, send_input(1, HELLO));
    assert_status(try_step(r, send_input(1, HELLO)), TICKET_USED);
    step(r, send_input(2, "<presence/>"));
    assert_status(try_step(r, send_input(2, HELLO)), TICKET_USED);
    step(r, (sotto_input){.kind = SOTTO_INPUT_CANCEL, .ticket = 1});
    assert_status(try_step(r, (sotto_input){.kind = SOTTO_INPUT_CANCEL, .ticket = 1}), NOT_FOUND);
    step(r, send_input(1, HELLO));
}

static sotto_status count_held(void *arg, const sotto_held *held) {
    size_t *count = arg;
    assert_true(bytes_is(held->jid, ROMEO));
    assert_true(bytes_is(held->stanza, HELLO));
    assert_int_equal(held->since_ms, START_MS);
    (*count)++;
    return SOTTO_OK;
}

/* limit: SOTTO_HELD_MAX */
static void test_no_more_than_the_limit_is_held(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_ASKING;
    for (uint64_t i = 1; i <= SOTTO_HELD_MAX; i++) {
        step(r, send_input(i, HELLO));
        if (i % 100 == 0) outputs(r, true);
    }
    assert_status(try_step(r, send_input(SOTTO_HELD_MAX + 1, HELLO)), OUTBOX_FULL);
    size_t count = 0;
    assert_ok(sotto_engine_held(r->engine, count_held, &count));
    assert_int_equal(count, SOTTO_HELD_MAX);
}

static void test_bad_input_is_refused_exactly(void **state) {
    engine_rig *r = *state;
    assert_status(try_step(r, send_input(1, "<message to='a@b@c'><body/></message>")), BAD_JID);
    assert_status(try_step(r, send_input(1, "<message to='" ROMEO "'>")), MALFORMED);
    assert_status(try_step(r, send_input(1, "<message to='" ROMEO "'><!-- x --></message>")), XML_FORBIDDEN);
    assert_status(try_step(r, send_input(1, "<message/>")), MALFORMED);
    assert_status(try_step(r, (sotto_input){.kind = (sotto_input_kind)99}), USAGE);
    assert_status(
        try_step(
            r, (sotto_input){.kind = SOTTO_INPUT_VERDICT, .jid = BYTES_LITERAL(ROMEO), .key = BYTES_LITERAL("short")}),
        USAGE);
    uint8_t key[32] = {1};
    assert_status(try_step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                                            .jid = BYTES_LITERAL(ROMEO),
                                            .key = bytes_of(key, 32),
                                            .trust = SOTTO_TRUST_VERIFIED}),
                  NOT_FOUND);
    assert_status(
        try_step(r, (sotto_input){.kind = SOTTO_INPUT_ONLINE, .jid = BYTES_LITERAL("somebody@else.example/x")}),
        BAD_JID);
    assert_status(
        try_step(r, (sotto_input){.kind = SOTTO_INPUT_ONLINE, .jid = BYTES_LITERAL("juliet@capulet.example")}),
        BAD_JID);
    assert_outputs(r, "");
}

static sotto_status collect_key(void *arg, const sotto_key *key) {
    char *text = arg;
    sprintf(text + strlen(text), "%u %d %d;", key->device, (int)key->trust, key->active);
    return SOTTO_OK;
}

static void test_keys_are_listed_with_their_trust(void **state) {
    engine_rig *r = *state;
    ready();
    go_online(r, false);
    step(r, send_input(1, HELLO));
    script_key(0, ROMEO, 12, 0x12); /* device 11 left the list */
    step(r, send_input(2, HELLO));
    char text[128] = "";
    assert_ok(sotto_engine_keys(r->engine, BYTES_LITERAL("Romeo@Montague.example"), collect_key, text));
    assert_string_equal(text, "12 1 1;11 1 0;");
}

#define T(f) cmocka_unit_test_setup_teardown(f, engine_setup, engine_teardown)
const struct CMUnitTest send_tests[] = {
    T(test_sealed_when_ready),
    T(test_harmless_stanzas_pass_as_they_are),
    T(test_auto_leaves_in_the_clear_only_when_they_never_had_keys),
    T(test_always_refuses_instead),
    T(test_T14_once_sealed_never_clear_again),
    T(test_what_no_seal_can_protect_is_refused_to_a_sticky_contact),
    T(test_held_while_asking_and_released_in_order),
    T(test_T5_an_answer_from_somebody_else_is_no_answer),
    T(test_a_question_times_out),
    T(test_T35_an_answer_that_cannot_be_used_is_told_and_changes_nothing),
    T(test_one_question_for_many_messages),
    T(test_T7_a_new_key_after_verification_gets_nothing),
    T(test_held_until_a_person_accepts_the_only_key),
    T(test_T7_distrusting_the_verified_key_does_not_bring_the_blind_one_back),
    T(test_T7_own_blind_devices_are_left_out_of_what_goes_to_verified_contacts),
    T(test_sealed_only_when_it_can_leave),
    T(test_T14_who_seals_is_never_answered_in_the_clear),
    T(test_T14_a_key_that_is_not_accepted_cannot_opt_out),
    T(test_T9_a_known_device_with_another_key_is_an_alarm),
    T(test_T9_a_key_under_a_second_jid_is_an_alarm),
    T(test_a_broken_device_does_not_stop_the_others),
    T(test_keys_that_break_while_sealing_hold_the_message),
    T(test_a_seal_that_needs_to_ask_after_all_is_asked_again),
    T(test_only_a_person_makes_it_clear),
    T(test_opt_out_holds_until_a_person_answers),
    T(test_tickets),
    T(test_no_more_than_the_limit_is_held),
    T(test_bad_input_is_refused_exactly),
    T(test_keys_are_listed_with_their_trust),
};
const size_t send_count = sizeof send_tests / sizeof *send_tests;
