/* SPDX-License-Identifier: ISC */
#include "account_rig.h"

#define TO_ROMEO(n) "<message to='romeo@capulet.example' type='chat' id='" n "'><body>" n "</body></message>"

static size_t occurrences(const char *text, const char *part) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) count++;
    return count;
}

static void both_online(account_rig *r) {
    start(&r->clients[0]);
    start(&r->clients[1]);
    heard(&r->clients[0]);
    heard(&r->clients[1]);
}

static void test_logs_in_speaks_and_is_acknowledged(void **state) {
    account_rig *r = *state;
    client *juliet = &r->clients[0], *romeo = &r->clients[1];
    start(juliet);
    assert_contains(heard(juliet), "online SCRAM-SHA-256-PLUS, bound to the TLS channel");
    start(romeo);
    heard(romeo);
    say(juliet, 7, TO_ROMEO("one"));
    pump(r);
    assert_contains(heard(juliet), "sent 7");
    assert_int_equal(occurrences(heard(romeo), "<body>one</body>"), 1);
    assert_true(account_is_online(juliet->account));
}

static void test_a_cut_connection_is_resumed_and_nothing_is_lost_or_doubled(void **state) {
    account_rig *r = *state;
    client *juliet = &r->clients[0], *romeo = &r->clients[1];
    both_online(r);
    romeo->deaf = true; /* what the server sends to romeo is lost with the connection */
    say(juliet, 1, TO_ROMEO("lost-on-the-way"));
    pump(r);
    say(romeo, 5, "<message to='juliet@capulet.example' type='chat'><body>never-acknowledged</body></message>");
    pump(r);
    assert_contains(heard(juliet), "never-acknowledged");
    romeo->deaf = false;
    cut(romeo);
    say(romeo, 6, "<message to='juliet@capulet.example' type='chat'><body>while-away</body></message>");
    pump(r);
    assert_contains(heard(romeo), "offline closed");
    advance(r, 2000);
    const char *log = heard(romeo);
    assert_contains(log, "resumed");
    assert_int_equal(occurrences(log, "<body>lost-on-the-way</body>"), 1);
    assert_contains(log, "sent 5");
    assert_contains(log, "sent 6");
    log = heard(juliet);
    assert_int_equal(occurrences(log, "never-acknowledged"), 0);
    assert_int_equal(occurrences(log, "while-away"), 1);
}

static void test_a_restart_resumes_the_stream(void **state) {
    account_rig *r = *state;
    client *juliet = &r->clients[0], *romeo = &r->clients[1];
    both_online(r);
    say(juliet, 1, TO_ROMEO("before"));
    pump(r);
    assert_contains(heard(romeo), "before");
    romeo->deaf = true;
    say(juliet, 2, TO_ROMEO("meanwhile"));
    say(romeo, 3, "<message to='juliet@capulet.example' type='chat'><body>said-before-death</body></message>");
    pump(r);
    romeo->deaf = false;
    client_restart(romeo);
    start(romeo);
    const char *log = heard(romeo);
    assert_contains(log, "resumed");
    assert_int_equal(occurrences(log, "<body>meanwhile</body>"), 1);
    assert_int_equal(occurrences(log, "<body>before</body>"), 0);
    assert_int_equal(occurrences(heard(juliet), "said-before-death"), 1);
}

/* Whoever dies before his presence was sent must not stay deaf for the rest of the stream. */
static void test_a_restart_announces_again(void **state) {
    account_rig *r = *state;
    client *juliet = &r->clients[0];
    both_online(r);
    lab_session *romeo;
    assert_ok(lab_session_attach(&romeo, r->server, "romeo", "phone"));
    assert_ok(lab_session_send(romeo, bytes_text("<presence/>")));
    pump(r);
    sotto_bytes stanza;
    while (lab_session_next(romeo, &stanza)) {
    }
    client_restart(juliet);
    start(juliet);
    assert_contains(heard(juliet), "resumed");
    bool announced = false;
    while (lab_session_next(romeo, &stanza))
        announced = announced || bytes_starts_with(stanza, BYTES_LITERAL("<presence"));
    assert_true(announced);
    cut(juliet); /* the same process: it need not be said again */
    pump(r);
    advance(r, 2000);
    assert_contains(heard(juliet), "resumed");
    assert_false(lab_session_next(romeo, &stanza));
    lab_session_detach(romeo);
}

static void test_what_was_not_done_comes_again_after_a_restart(void **state) {
    account_rig *r = *state;
    client *juliet = &r->clients[0], *romeo = &r->clients[1];
    both_online(r);
    romeo->keep_outputs = true;
    say(juliet, 1, TO_ROMEO("read-but-not-done"));
    pump(r);
    assert_contains(heard(romeo), "read-but-not-done");
    romeo->keep_outputs = false;
    client_restart(romeo);
    start(romeo);
    assert_int_equal(occurrences(heard(romeo), "<body>read-but-not-done</body>"), 1);
    client_restart(romeo);
    start(romeo);
    assert_int_equal(occurrences(heard(romeo), "<body>read-but-not-done</body>"), 0);
}

static void test_a_full_disk_acknowledges_nothing(void **state) {
    account_rig *r = *state;
    client *juliet = &r->clients[0], *romeo = &r->clients[1];
    both_online(r);
    romeo->store.write_fails = SOTTO_FAIL(STORE_FULL);
    say(juliet, 1, TO_ROMEO("no-room"));
    pump(r);
    const char *log = heard(romeo);
    assert_contains(log, "offline store-full");
    assert_lacks(log, "<body>no-room</body>");
    assert_null(romeo->connection); /* the host was told to close it */
    romeo->store.write_fails = SOTTO_OK;
    advance(r, 3000);
    log = heard(romeo);
    assert_contains(log, "resumed");
    assert_int_equal(occurrences(log, "<body>no-room</body>"), 1);
}

static void test_failures_that_cannot_pass_are_not_repeated(void **state) {
    account_rig *r = *state;
    client *juliet = &r->clients[0];
    juliet->config.password = BYTES_LITERAL("wrong");
    start(juliet);
    assert_contains(heard(juliet), "offline not-authorized");
    assert_int_equal(occurrences(heard(juliet), "retry -1"), 0);
    advance(r, 3600000);
    assert_string_equal(heard(juliet), "");
}

static void test_wrong_certificates(void **state) {
    account_rig *r = *state;
    static const lab_flaw flaws[] = {LAB_EXPIRED, LAB_OTHER_DOMAIN, LAB_SELF_SIGNED, LAB_ONLY_COMMON_NAME};
    for (size_t i = 0; i < sizeof flaws / sizeof *flaws; i++) {
        listener_with(r, (lab_listener_config){.flaw = flaws[i]});
        client *juliet = &r->clients[0];
        start(juliet);
        const char *log = heard(juliet);
        assert_contains(log, "offline bad-certificate");
        assert_contains(log, "retry -1");
        assert_null(juliet->connection);
        account_close(juliet->account);
        juliet->account = NULL;
    }
}

static void test_a_server_without_tls_gets_nothing(void **state) {
    account_rig *r = *state;
    listener_with(r, (lab_listener_config){.without_starttls = true});
    start(&r->clients[0]);
    assert_contains(heard(&r->clients[0]), "offline no-tls");
}

static void test_pauses_grow_and_end_with_success(void **state) {
    account_rig *r = *state;
    client *juliet = &r->clients[0];
    juliet->unreachable = true;
    start(juliet);
    int last = 0;
    for (int i = 0; i < 6; i++) {
        const char *log = heard(juliet), *at = strstr(log, "offline unreachable '");
        assert_non_null(at);
        int pause = atoi(strstr(at, "retry ") + 6);
        assert_true(pause > last);
        last = pause;
        advance(r, (uint64_t)pause);
    }
    juliet->unreachable = false;
    advance(r, 300000);
    assert_contains(heard(juliet), "online");
}

static void test_a_stream_ended_in_order_is_not_resumed(void **state) {
    account_rig *r = *state;
    client *juliet = &r->clients[0];
    both_online(r);
    say(juliet, 1, TO_ROMEO("last-words"));
    assert_ok(account_end(juliet->account, r->now_ms));
    pump(r);
    const char *log = heard(juliet);
    assert_contains(log, "sent 1");
    assert_contains(log, "offline ok");
    assert_contains(heard(&r->clients[1]), "last-words");
    client_restart(juliet);
    start(juliet);
    log = heard(juliet);
    assert_contains(log, "online");
    assert_lacks(log, "resumed");
}

static void test_works_without_stream_management(void **state) {
    account_rig *r = *state;
    listener_with(r, (lab_listener_config){.without_management = true});
    both_online(r);
    say(&r->clients[0], 1, TO_ROMEO("unmanaged"));
    pump(r);
    assert_contains(heard(&r->clients[0]), "sent 1");
    assert_contains(heard(&r->clients[1]), "unmanaged");
}

static void test_answers_friends_and_tells_strangers_nothing(void **state) {
    account_rig *r = *state;
    client *juliet = &r->clients[0];
    both_online(r);
    lab_session *nurse, *friend;
    assert_ok(lab_session_attach(&friend, r->server, "romeo", "phone"));
    assert_ok(lab_session_attach(&nurse, r->server, "nurse", "x"));
    sotto_bytes jid = lab_session_jid(lab_connection_session(juliet->connection));
    static const char *const asks[] = {"<query xmlns='http://jabber.org/protocol/disco#info'/>",
                                       "<ping xmlns='urn:xmpp:ping'/>", "<time xmlns='urn:xmpp:time'/>"};
    static const char *const answers[] = {"test:devices+notify", "type='result'", "service-unavailable"};
    lab_session *who[] = {friend, nurse};
    for (size_t w = 0; w < 2; w++)
        for (size_t i = 0; i < 3; i++) {
            char iq[512];
            snprintf(iq, sizeof iq, "<iq type='get' id='q' to='%.*s'>%s</iq>", (int)jid.len, (const char *)jid.at,
                     asks[i]);
            assert_ok(lab_session_send(who[w], bytes_text(iq)));
            pump(r);
            sotto_bytes answer;
            assert_true(lab_session_next(who[w], &answer));
            char text[2048];
            snprintf(text, sizeof text, "%.*s", (int)answer.len, (const char *)answer.at);
            assert_contains(text, w == 0 ? answers[i] : "service-unavailable");
        }
    lab_session_detach(friend);
    lab_session_detach(nurse);
}

/* A request that is too long to be answered is nobody's way to end our connection. */
static void test_long_requests_do_not_end_the_connection(void **state) {
    account_rig *r = *state;
    client *juliet = &r->clients[0];
    both_online(r);
    lab_session *friend;
    assert_ok(lab_session_attach(&friend, r->server, "romeo", "phone"));
    sotto_bytes jid = lab_session_jid(lab_connection_session(juliet->connection));
    static char iq[SOTTO_STANZA_BYTES_MAX / 2], filler[SOTTO_STANZA_BYTES_MAX / 2 - 512];
    static const size_t sizes[] = {20000, 200000, sizeof filler - 1};
    memset(filler, 'x', sizeof filler);
    for (size_t i = 0; i < 3; i++) {
        snprintf(iq, sizeof iq, "<iq type='get' id='%.*s' to='%.*s'><ping xmlns='urn:xmpp:ping'/></iq>", (int)sizes[i],
                 filler, (int)jid.len, (const char *)jid.at);
        assert_ok(lab_session_send(friend, bytes_text(iq)));
        pump(r);
        assert_true(account_is_online(juliet->account));
        assert_string_equal(heard(juliet), "");
    }
    lab_session_detach(friend);
}

/* One stanza is stepped, the next fails for want of memory: the first is delivered once, the second after the
 * resumption. */
static void test_a_failure_in_the_middle_of_a_batch_doubles_nothing(void **state) {
    account_rig *r = *state;
    client *juliet = &r->clients[0], *romeo = &r->clients[1];
    both_online(r);
    romeo->deaf = true;
    say(juliet, 1, TO_ROMEO("before-the-failure"));
    say(juliet, 2, "<message to='romeo@capulet.example' type='chat'><sealed xmlns='test:script'/></message>");
    pump(r);
    romeo->deaf = false;
    the_script.open_fails = SOTTO_FAIL(NO_MEMORY);
    pump(r);
    const char *log = heard(romeo);
    assert_contains(log, "offline no-memory");
    size_t before = occurrences(log, "<body>before-the-failure</body>");
    the_script.open_fails = SOTTO_OK;
    advance(r, 3000);
    log = heard(romeo);
    assert_contains(log, "resumed");
    assert_int_equal(before + occurrences(log, "<body>before-the-failure</body>"), 1);
    assert_int_equal(occurrences(log, "<body>opened</body>"), 1);
}

static void test_a_stanza_that_ends_every_stream_is_dropped_and_told(void **state) {
    account_rig *r = *state;
    listener_with(r, (lab_listener_config){.stanza_bytes_max = 2000});
    client *juliet = &r->clients[0], *romeo = &r->clients[1];
    static char poison[4096], filler[3000];
    memset(filler, 'x', sizeof filler - 1);
    snprintf(poison, sizeof poison, "<message to='romeo@capulet.example' type='chat'><body>poison %s</body></message>",
             filler);
    both_online(r);
    say(juliet, 1, TO_ROMEO("before"));
    say(juliet, 2, poison);
    say(juliet, 3, TO_ROMEO("after"));
    pump(r);
    for (int i = 0; i < 4; i++) advance(r, 20000);
    const char *log = heard(juliet);
    assert_int_equal(occurrences(log, "offline stream-error 'policy-violation"), 2);
    assert_contains(log, "sent 1");
    assert_lacks(log, "sent 2");
    assert_contains(log, "event 1 stream-error");
    assert_contains(log, "sent 3");
    log = heard(romeo);
    assert_int_equal(occurrences(log, "<body>before</body>"), 1);
    assert_int_equal(occurrences(log, "<body>after</body>"), 1);
    assert_int_equal(occurrences(log, "poison"), 0);
}

/* The same when every command is a process of its own, which does not try again by itself. */
static void test_what_is_suspected_survives_a_restart(void **state) {
    account_rig *r = *state;
    listener_with(r, (lab_listener_config){.stanza_bytes_max = 2000});
    client *juliet = &r->clients[0];
    static char poison[4096], filler[3000];
    memset(filler, 'x', sizeof filler - 1);
    snprintf(poison, sizeof poison, "<message to='romeo@capulet.example' type='chat'><body>%s</body></message>",
             filler);
    juliet->config.available = juliet->config.keep_trying = false;
    both_online(r);
    say(juliet, 2, poison);
    pump(r);
    assert_contains(heard(juliet), "offline stream-error");
    client_restart(juliet);
    start(juliet);
    const char *log = heard(juliet);
    assert_contains(log, "offline stream-error");
    assert_contains(log, "event 1 stream-error");
    client_restart(juliet);
    start(juliet);
    log = heard(juliet);
    assert_contains(log, "online");
    assert_lacks(log, "offline");
}

static void test_logins_that_fail_again_and_again_are_not_hurried(void **state) {
    account_rig *r = *state;
    client *romeo = &r->clients[1];
    both_online(r);
    int last = 0;
    for (int i = 0; i < 5; i++) {
        romeo->store.write_fails = SOTTO_FAIL(STORE_FULL);
        say(&r->clients[0], (uint64_t)i + 1, TO_ROMEO("x"));
        pump(r);
        const char *at = strstr(heard(romeo), "retry ");
        assert_non_null(at);
        int pause = atoi(at + 6);
        assert_true(pause > last);
        last = pause;
        romeo->store.write_fails = SOTTO_OK;
        advance(r, (uint64_t)pause);
        assert_contains(heard(romeo), "online");
    }
    advance(r, 120000); /* it lasted: the next failure begins with the shortest pause again */
    heard(romeo);
    cut(romeo);
    pump(r);
    assert_true(atoi(strstr(heard(romeo), "retry ") + 6) <= 1000);
}

static void test_the_password_is_kept_in_the_store(void **state) {
    account_rig *r = *state;
    client *juliet = &r->clients[0];
    juliet->config.password = BYTES_NONE;
    account *refused = NULL;
    assert_status(account_open(&refused, &juliet->config, r->now_ms), NOT_FOUND);
    juliet->config.password = BYTES_LITERAL("r0m30");
    start(juliet);
    juliet->config.password = BYTES_NONE;
    client_restart(juliet);
    start(juliet);
    assert_contains(heard(juliet), "online");
}

static void test_inputs_of_the_pump_are_not_the_hosts(void **state) {
    account_rig *r = *state;
    client_open(&r->clients[0]);
    static const sotto_input_kind kinds[] = {SOTTO_INPUT_ONLINE, SOTTO_INPUT_OFFLINE, SOTTO_INPUT_STANZA,
                                             SOTTO_INPUT_TIMER};
    for (size_t i = 0; i < 4; i++)
        assert_status(account_step(r->clients[0].account, &(sotto_input){.kind = kinds[i]}, r->now_ms), USAGE);
    sotto_input input = send_input(UINT64_C(1) << 63, TO_ROMEO("x"));
    assert_status(account_step(r->clients[0].account, &input, r->now_ms), USAGE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, account_setup, account_teardown)
static const struct CMUnitTest account_tests[] = {
    T(test_logs_in_speaks_and_is_acknowledged),
    T(test_a_cut_connection_is_resumed_and_nothing_is_lost_or_doubled),
    T(test_a_restart_resumes_the_stream),
    T(test_a_restart_announces_again),
    T(test_what_was_not_done_comes_again_after_a_restart),
    T(test_a_full_disk_acknowledges_nothing),
    T(test_failures_that_cannot_pass_are_not_repeated),
    T(test_wrong_certificates),
    T(test_a_server_without_tls_gets_nothing),
    T(test_pauses_grow_and_end_with_success),
    T(test_a_stream_ended_in_order_is_not_resumed),
    T(test_works_without_stream_management),
    T(test_answers_friends_and_tells_strangers_nothing),
    T(test_long_requests_do_not_end_the_connection),
    T(test_a_failure_in_the_middle_of_a_batch_doubles_nothing),
    T(test_a_stanza_that_ends_every_stream_is_dropped_and_told),
    T(test_what_is_suspected_survives_a_restart),
    T(test_logins_that_fail_again_and_again_are_not_hurried),
    T(test_the_password_is_kept_in_the_store),
    T(test_inputs_of_the_pump_are_not_the_hosts),
};

int main(void) {
    return cmocka_run_group_tests(account_tests, NULL, NULL);
}
