/* SPDX-License-Identifier: ISC
 *
 * Getting online with an honest server, and what stops it: the wrong password, the wrong certificate, no TLS, no
 * mechanism, time. */
#include "groups.h"
#include <sotto/limits.h>

#include "rig.h"

static void test_starttls(void **state) {
    (void)state;
    talk t;
    talk_whole(&t, &(talk_options){.resource = "balcony"});
    assert_int_equal(t.onlines, 1);
    assert_int_equal(t.verdicts, 1);
    assert_int_equal(t.ended, 0);
    assert_string_equal(t.jid, RIG_ACCOUNT "/balcony");
    assert_string_equal(t.online.mechanism, "SCRAM-SHA-256-PLUS");
    assert_true(t.online.channel_bound);
    assert_true(t.online.manages);
    assert_false(t.online.resumed);
    assert_string_equal(t.resume_id, "sm-1");
    assert_string_equal(t.connect_name, "server.example");
    assert_int_equal(t.connect_port, 5222);
    assert_int_equal(stream_client_deadline(t.client), UINT64_MAX);
    /* In the clear: only who is asked, never who asks. */
    assert_true(talk_has(&t.from_client, "to='" RIG_DOMAIN "'"));
    assert_true(talk_has(&t.from_client, "<starttls"));
    assert_false(talk_has(&t.from_client, "juliet"));
    assert_false(talk_has(&t.from_client, "from="));
    assert_false(talk_has(&t.from_client, "<auth"));
    talk_free(&t);
}

static void test_direct_tls(void **state) {
    (void)state;
    talk t;
    talk_whole(&t, &(talk_options){.direct_tls = true});
    assert_int_equal(t.onlines, 1);
    assert_int_equal(t.connect_port, 5223);
    assert_string_equal(t.jid, RIG_ACCOUNT "/chosen");
    assert_true(t.online.channel_bound);
    assert_false(talk_has(&t.from_client, "<"
                                          "stream"));
    talk_free(&t);
}

static void test_byte_by_byte(void **state) {
    (void)state;
    for (int direct = 0; direct < 2; direct++) {
        talk t;
        talk_whole(&t, &(talk_options){.direct_tls = direct == 1, .step = 1});
        assert_int_equal(t.onlines, 1);
        talk_server_sends(&t, "<message id='a'><body>x &amp; y</body></message>");
        talk_run(&t);
        assert_string_equal(t.stanza, "<message id='a'><body>x &amp; y</body></message>");
        talk_free(&t);
    }
}

static void online_with(const talk_options *options, const char *mechanism) {
    talk t;
    talk_whole(&t, options);
    assert_int_equal(t.onlines, 1);
    assert_string_equal(t.online.mechanism, mechanism);
    assert_int_equal(t.online.channel_bound, strstr(mechanism, "-PLUS") != NULL);
    talk_free(&t);
}

static void test_mechanisms(void **state) {
    (void)state;
    static const char *const sha256_plus[] = {"SCRAM-SHA-256-PLUS", NULL},
                             *const sha1_plus[] = {"SCRAM-SHA-1-PLUS", NULL}, *const sha256[] = {"SCRAM-SHA-256", NULL},
                             *const sha1[] = {"SCRAM-SHA-1", NULL}, *const many[] = {"PLAIN",
                                                                                     "SCRAM-SHA-1",
                                                                                     "SCRAM-SHA-1-PLUS",
                                                                                     "X-NEW",
                                                                                     "SCRAM-SHA-256",
                                                                                     NULL},
                             *const newer[] = {"SCRAM-SHA-512-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-1", NULL};
    online_with(&(talk_options){.offer = sha256_plus}, "SCRAM-SHA-256-PLUS");
    online_with(&(talk_options){.offer = sha1_plus}, "SCRAM-SHA-1-PLUS");
    online_with(&(talk_options){.offer = sha256, .without_binding = true}, "SCRAM-SHA-256");
    online_with(&(talk_options){.offer = sha1, .without_binding = true}, "SCRAM-SHA-1");
    online_with(&(talk_options){.offer = many}, "SCRAM-SHA-1-PLUS");
    online_with(&(talk_options){.offer = newer}, "SCRAM-SHA-1");
    online_with(&(talk_options){.without_binding = true}, "SCRAM-SHA-256");
    online_with(&(talk_options){.tls_1_2 = true}, "SCRAM-SHA-256");
}

static void ends_with(const talk_options *options, int code, const char *text) {
    talk t;
    talk_whole(&t, options);
    assert_int_equal(t.onlines, 0);
    assert_int_equal(t.ended, 1);
    assert_int_equal(t.status.code, code);
    assert_int_equal(t.disconnects, t.connects);
    if (!strstr(t.text, text)) fail_msg("\"%s\" is not in \"%s\"", text, t.text);
    talk_free(&t);
}

static void test_wrong_password(void **state) {
    (void)state;
    ends_with(&(talk_options){.password = "r0m30"}, SOTTO_E_NOT_AUTHORIZED, "not-authorized");
    ends_with(&(talk_options){.password = "r0m30", .without_binding = true}, SOTTO_E_NOT_AUTHORIZED, "not-authorized");
    ends_with(&(talk_options){.password = ""}, SOTTO_E_NOT_AUTHORIZED, "empty");
    ends_with(&(talk_options){.account = "nurse@" RIG_DOMAIN}, SOTTO_E_NOT_AUTHORIZED, "not-authorized");
}

static void test_no_mechanism(void **state) {
    (void)state;
    static const char *const plain[] = {"PLAIN", NULL}, *const old[] = {"PLAIN", "DIGEST-MD5", NULL},
                             *const none[] = {NULL};
    ends_with(&(talk_options){.offer = plain, .without_binding = true}, SOTTO_E_NO_MECHANISM, "only: PLAIN");
    ends_with(&(talk_options){.offer = old, .without_binding = true}, SOTTO_E_NO_MECHANISM, "PLAIN DIGEST-MD5");
    ends_with(&(talk_options){.offer = none, .without_binding = true}, SOTTO_E_NO_MECHANISM, "no login");
    talk t;
    talk_whole(&t, &(talk_options){.offer = plain, .without_binding = true});
    assert_int_equal(t.logins, 0);
    talk_free(&t);
}

/* RFC 7590: a server (or somebody between) without STARTTLS learns nothing at all. */
static void test_starttls_stripped(void **state) {
    (void)state;
    talk t;
    talk_whole(&t, &(talk_options){.without_starttls = true});
    assert_int_equal(t.ended, 1);
    assert_status(t.status, NO_TLS);
    assert_true(talk_has(&t.from_server, "SCRAM-SHA-256")); /* it was tempting */
    assert_false(talk_has(&t.from_client, "auth"));
    assert_false(talk_has(&t.from_client, "juliet"));
    assert_int_equal(t.logins, 0);
    talk_free(&t);
}

static void test_certificate(void **state) {
    (void)state;
    for (int direct = 0; direct < 2; direct++) {
        for (int wrong = 0; wrong < 2; wrong++) {
            talk t;
            talk_whole(
                &t, &(talk_options){.direct_tls = direct == 1, .refuse = wrong == 0, .wrong_certificate = wrong == 1});
            assert_int_equal(t.ended, 1);
            assert_int_equal(t.verdicts, 1);
            assert_status(t.status, BAD_CERTIFICATE);
            /* Not one byte left after the verdict, so no byte of a login in whatever form. */
            assert_int_equal(t.from_client.len, t.sent_before_verdict);
            assert_false(talk_has(&t.from_client, "juliet"));
            assert_int_equal(t.logins, 0);
            assert_int_equal(t.disconnects, 1);
            talk_free(&t);
        }
    }
}

static void test_old_tls(void **state) {
    (void)state;
    talk t;
    talk_start(&t, &(talk_options){.direct_tls = true});
    t.options.manual = true;
    talk_run(&t);
    assert_int_equal(t.connects, 1);
    assert_fine(stream_client_connected(t.client, true));
    talk_run(&t);
    assert_fine(stream_client_received(t.client, bytes_text("HTTP/1.1 400 Bad Request\r\n\r\n")));
    talk_run(&t);
    assert_int_equal(t.ended, 1);
    assert_status(t.status, TLS_FAILED);
    assert_true(strlen(t.text) > 0);
    talk_free(&t);
}

static void test_bad_accounts(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",        "capulet.example",        "juliet@capulet.example/balcony", "@capulet.example",
        "juliet@", "ju liet@capulet.example"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        talk t;
        talk_start(&t, &(talk_options){.account = bad[i]});
        assert_null(t.client);
        assert_status(t.status, BAD_JID);
        talk_free(&t);
    }
}

/* ---- time ---- */

/* Stops where the test says, then lets time pass: not yet, then over. */
static void times_out(talk *t, uint64_t wait) {
    uint64_t deadline = stream_client_deadline(t->client);
    assert_true(deadline <= t->now + wait);
    assert_fine(stream_client_timer(t->client, t->now)); /* tells the time, and where the wait began */
    assert_fine(stream_client_timer(t->client, deadline - 1));
    talk_run(t);
    assert_int_equal(t->ended, 0);
    /* What began since time was last told gets its whole wait from now on. */
    t->now = deadline;
    assert_fine(stream_client_timer(t->client, t->now));
    assert_fine(stream_client_timer(t->client, t->now + wait - 1));
    talk_run(t);
    assert_int_equal(t->ended, 0);
    assert_fine(stream_client_timer(t->client, t->now + wait));
    talk_run(t);
    assert_int_equal(t->ended, 1);
    assert_status(t->status, TIMEOUT);
    assert_int_equal(stream_client_deadline(t->client), UINT64_MAX);
}

static void test_no_answer_from_dns(void **state) {
    (void)state;
    talk t;
    talk_whole(&t, &(talk_options){.discover = true, .manual = true});
    assert_int_equal(t.resolves, 1);
    times_out(&t, SOTTO_STREAM_WAIT_MS);
    talk_free(&t);
}

static void test_no_connection(void **state) {
    (void)state;
    talk t;
    talk_whole(&t, &(talk_options){.manual = true});
    assert_int_equal(t.connects, 1);
    times_out(&t, SOTTO_STREAM_WAIT_MS);
    assert_int_equal(t.disconnects, 0);
    talk_free(&t);
}

static int silent_after; /* the liar says so many things and falls silent */

static void falls_silent(talk *t, stream_wire_event event, const stanza_element *element) {
    if (t->liar_at++ >= silent_after) return;
    if (liar_greets(t, event, element)) return;
    liar_writes(t, "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1"
                   "</mechanism></mechanisms></stream:features>");
}

/* limit: SOTTO_STREAM_WAIT_MS */
static void test_silence(void **state) {
    (void)state;
    /* after nothing, the header, <starttls/> (TLS comes up by itself), the header inside, and <auth/> */
    for (silent_after = 0; silent_after <= 4; silent_after++) {
        talk t;
        talk_whole(&t, &(talk_options){.liar = falls_silent});
        assert_int_equal(t.connects, 1);
        assert_int_equal(t.ended, 0);
        times_out(&t, SOTTO_STREAM_WAIT_MS);
        assert_int_equal(t.disconnects, 1);
        talk_free(&t);
    }
}

int login_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starttls),
        cmocka_unit_test(test_direct_tls),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_mechanisms),
        cmocka_unit_test(test_wrong_password),
        cmocka_unit_test(test_no_mechanism),
        cmocka_unit_test(test_starttls_stripped),
        cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_old_tls),
        cmocka_unit_test(test_bad_accounts),
        cmocka_unit_test(test_no_answer_from_dns),
        cmocka_unit_test(test_no_connection),
        cmocka_unit_test(test_silence),
    };
    return cmocka_run_group_tests_name("login", tests, rig_setup, rig_teardown);
}
