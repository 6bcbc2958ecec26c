/* SPDX-License-Identifier: ISC
 *
 * Logging in to the lab through bytes, with the real client stream: certificates, passwords, resumption, and clients
 * that mean no good. */
#include "phone.h"

typedef struct line {
    rig *r;
    lab_listener *listener;
    phone juliet, romeo;
} line;

static lab_listener *listener_new(rig *r, lab_listener_config config) {
    lab_listener *listener = NULL;
    config.now_ms = 1700000000000;
    assert_fine(lab_listener_new(&listener, r->server, &config));
    return listener;
}

/* Both logged in; the rig's own sessions are gone. */
static void setup(rig *r, line *l, lab_listener_config config) {
    *l = (line){.r = r, .listener = listener_new(r, config)};
    lab_session_detach(r->juliet);
    lab_session_detach(r->romeo);
    phone_new(&l->juliet, r, l->listener, "juliet", "balcony", false);
    phone_new(&l->romeo, r, l->listener, "romeo", "orchard", true);
    phone_pump(&l->juliet);
    phone_pump(&l->romeo);
}

static void teardown(line *l) {
    phone_free(&l->juliet);
    phone_free(&l->romeo);
    lab_listener_free(l->listener);
}

static void login_and_talk(void **state) {
    rig *r = *state;
    line l;
    setup(r, &l, (lab_listener_config){0});
    assert_true(l.juliet.online);
    assert_true(l.romeo.online);
    assert_false(l.juliet.resumed);
    assert_true(l.juliet.bound_channel);
    assert_string_equal(l.juliet.jid, "juliet@lab.example/balcony");
    phone_say(&l.juliet, "<presence/>");
    phone_say(&l.romeo, "<presence/>");
    phone_say(&l.juliet, "<message to='romeo@lab.example' type='chat' id='1'><body>over TLS</body></message>");
    phone_pump(&l.romeo);
    assert_non_null(strstr(
        l.romeo.inbox, "from='juliet@lab.example/balcony' to='romeo@lab.example'><body>over TLS</body></message>\n"));
    assert_true(rig_saw(r, "<body>over TLS</body>"));
    /* A stanza-level session and a stream see each other alike. */
    rig_say(r->nurse,
            "<message to='romeo@lab.example/orchard' type='chat' id='2'><body>from the kitchen</body></message>");
    phone_pump(&l.romeo);
    assert_non_null(strstr(l.romeo.inbox, "from the kitchen"));
    assert_fine(lab_session_inject(lab_connection_session(l.romeo.connection), bytes_text("<message id='i'/>")));
    phone_pump(&l.romeo);
    assert_non_null(strstr(l.romeo.inbox, "<message id='i'/>\n"));
    assert_int_equal(l.juliet.acked, 2);
    assert_fine(stream_client_end(l.juliet.client));
    phone_pump(&l.juliet);
    assert_true(l.juliet.ended);
    assert_fine(l.juliet.status);
    phone_pump(&l.romeo);
    assert_non_null(strstr(l.romeo.inbox, "<presence type='unavailable' from='juliet@lab.example/balcony'"));
    teardown(&l);
}

static sotto_status login_status(rig *r, lab_listener_config config, const char *local, const char *password,
                                 const char *resource, bool direct_tls) {
    lab_listener *listener = listener_new(r, config);
    phone p;
    phone_new(&p, r, listener, "juliet", "x", direct_tls);
    stream_client_free(p.client);
    phone_start(&p, local, password, resource, "");
    phone_pump(&p);
    sotto_status status = p.online ? SOTTO_OK : p.status;
    assert_true(p.online != p.ended);
    phone_free(&p);
    lab_listener_free(listener);
    return status;
}

static void logins_that_fail(void **state) {
    rig *r = *state;
    static const char *const plain[] = {"PLAIN", NULL}, *const old[] = {"SCRAM-SHA-1", NULL};
    lab_listener_config good = {0};
    for (int direct = 0; direct < 2; direct++) {
        assert_fine(login_status(r, good, "juliet", "secret", "x", direct));
        assert_status(login_status(r, good, "juliet", "Secret", "x", direct), NOT_AUTHORIZED);
        assert_status(login_status(r, good, "tybalt", "secret", "x", direct), NOT_AUTHORIZED);
        assert_status(login_status(r, (lab_listener_config){.flaw = LAB_EXPIRED}, "juliet", "secret", "x", direct),
                      BAD_CERTIFICATE);
        assert_status(login_status(r, (lab_listener_config){.flaw = LAB_OTHER_DOMAIN}, "juliet", "secret", "x", direct),
                      BAD_CERTIFICATE);
        assert_status(login_status(r, (lab_listener_config){.flaw = LAB_SELF_SIGNED}, "juliet", "secret", "x", direct),
                      BAD_CERTIFICATE);
        assert_status(
            login_status(r, (lab_listener_config){.flaw = LAB_ONLY_COMMON_NAME}, "juliet", "secret", "x", direct),
            BAD_CERTIFICATE);
        assert_status(login_status(r, (lab_listener_config){.offer = plain}, "juliet", "secret", "x", direct),
                      NO_MECHANISM);
        assert_fine(login_status(r, (lab_listener_config){.offer = old, .without_binding = true}, "juliet", "secret",
                                 "x", direct));
        /* Types of channel binding without a mechanism for them: somebody removed it (XEP-0440). */
        assert_status(login_status(r, (lab_listener_config){.offer = old}, "juliet", "secret", "x", direct),
                      NO_MECHANISM);
        assert_fine(login_status(r, (lab_listener_config){.without_binding = true}, "juliet", "secret", "x", direct));
        assert_fine(
            login_status(r, (lab_listener_config){.without_management = true}, "juliet", "secret", "x", direct));
        assert_fine(login_status(r, good, "juliet", "secret", "", direct));
    }
    assert_status(login_status(r, (lab_listener_config){.without_starttls = true}, "juliet", "secret", "x", false),
                  NO_TLS);
    assert_false(rig_saw(r, "secret"));
}

static void resumption(void **state) {
    rig *r = *state;
    line l;
    setup(r, &l, (lab_listener_config){0});
    phone_say(&l.juliet, "<presence/>");
    phone_say(&l.romeo, "<presence/>");
    phone_pump(&l.juliet);
    uint32_t before = l.juliet.handled;
    assert_true(before > 0);
    /* One message reaches the line and is not confirmed, one does not even reach it, one comes while nobody is there.
     */
    phone_say(&l.romeo, "<message to='juliet@lab.example' type='chat' id='1'><body>one</body></message>");
    uint8_t chunk[4096];
    assert_true(lab_connection_take(l.juliet.connection, chunk, sizeof chunk) > 0);
    phone_say(&l.romeo, "<message to='juliet@lab.example' type='chat' id='2'><body>two</body></message>");
    phone_lose(&l.juliet);
    phone_say(&l.romeo, "<message to='juliet@lab.example' type='chat' id='3'><body>three</body></message>");
    assert_null(strstr(l.romeo.inbox, "unavailable"));
    assert_int_equal(l.juliet.handled, before);
    phone_again(&l.juliet);
    assert_true(l.juliet.resumed);
    assert_string_equal(l.juliet.jid, "juliet@lab.example/balcony");
    const char *one = strstr(l.juliet.inbox, "<body>one</body>"), *two = strstr(l.juliet.inbox, "<body>two</body>");
    const char *three = strstr(l.juliet.inbox, "<body>three</body>");
    assert_true(one && two && three && one < two && two < three);
    assert_null(strstr(one + 1, "<body>one</body>"));
    assert_null(strstr(l.juliet.inbox, "delay"));
    assert_int_equal(l.juliet.handled, before + 3);
    assert_int_equal(l.juliet.acked, 1);
    /* And on: numbers go on where they were. */
    phone_say(&l.juliet, "<message to='romeo@lab.example' type='chat' id='4'><body>four</body></message>");
    assert_int_equal(l.juliet.acked, 2);
    phone_pump(&l.romeo);
    assert_non_null(strstr(l.romeo.inbox, "four"));
    teardown(&l);
}

static void too_late_to_resume(void **state) {
    rig *r = *state;
    line l;
    setup(r, &l, (lab_listener_config){.resume_ms = 10000});
    phone_say(&l.juliet, "<presence/>");
    phone_say(&l.romeo, "<presence/>");
    phone_pump(&l.juliet);
    phone_lose(&l.juliet);
    phone_say(&l.romeo, "<message to='juliet@lab.example' type='chat' id='1'><body>one</body></message>");
    assert_int_equal(lab_listener_deadline(l.listener), 1700000010000);
    assert_fine(lab_listener_time(l.listener, 1700000009999));
    phone_pump(&l.romeo);
    assert_null(strstr(l.romeo.inbox, "unavailable"));
    assert_fine(lab_listener_time(l.listener, 1700000010000));
    phone_pump(&l.romeo);
    assert_non_null(strstr(l.romeo.inbox, "<presence type='unavailable' from='juliet@lab.example/balcony'"));
    phone_again(&l.juliet);
    assert_true(l.juliet.online);
    assert_false(l.juliet.resumed);
    phone_say(&l.juliet, "<presence/>");
    assert_non_null(strstr(l.juliet.inbox, "<body>one</body><delay"));
    teardown(&l);
}

static void without_management_nothing_is_lost(void **state) {
    rig *r = *state;
    line l;
    setup(r, &l, (lab_listener_config){.without_management = true});
    assert_string_equal(l.juliet.resume_id, "");
    phone_say(&l.juliet, "<presence/>");
    phone_say(&l.romeo, "<presence/>");
    phone_lose(&l.juliet);
    phone_pump(&l.romeo);
    assert_non_null(strstr(l.romeo.inbox, "unavailable"));
    phone_say(&l.romeo, "<message to='juliet@lab.example' type='chat' id='1'><body>one</body></message>");
    phone_again(&l.juliet);
    phone_say(&l.juliet, "<presence/>");
    assert_non_null(strstr(l.juliet.inbox, "<body>one</body><delay"));
    teardown(&l);
}

static void one_resource_twice(void **state) {
    rig *r = *state;
    line l;
    setup(r, &l, (lab_listener_config){0});
    phone second;
    phone_new(&second, r, l.listener, "juliet", "balcony", false);
    phone_pump(&second);
    assert_true(second.online);
    phone_pump(&l.juliet);
    assert_true(l.juliet.ended);
    assert_status(l.juliet.status, STREAM_ERROR);
    /* A session that is not behind a stream is not taken over. */
    phone third;
    phone_new(&third, r, l.listener, "nurse", "kitchen", false);
    phone_pump(&third);
    assert_true(!third.online || strcmp(third.jid, "nurse@lab.example/kitchen") != 0);
    phone_free(&third);
    phone_free(&second);
    teardown(&l);
}

static void resuming_what_belongs_to_others(void **state) {
    rig *r = *state;
    line l;
    setup(r, &l, (lab_listener_config){0});
    phone_lose(&l.juliet);
    phone_lose(&l.romeo);
    memcpy(l.romeo.resume_id, l.juliet.resume_id, sizeof l.romeo.resume_id);
    phone_again(&l.romeo);
    assert_true(l.romeo.online);
    assert_false(l.romeo.resumed);
    /* More acknowledged than was ever sent. */
    l.juliet.handled = 1000;
    phone_again(&l.juliet);
    assert_true(l.juliet.online);
    assert_false(l.juliet.resumed);
    teardown(&l);
}

static void a_forged_sender_ends_the_stream(void **state) {
    rig *r = *state;
    line l;
    setup(r, &l, (lab_listener_config){0});
    phone_say(
        &l.juliet,
        "<message from='nurse@lab.example/kitchen' to='romeo@lab.example/orchard' id='1'><body>x</body></message>");
    assert_true(l.juliet.ended);
    assert_status(l.juliet.status, STREAM_ERROR);
    phone_pump(&l.romeo);
    assert_string_equal(l.romeo.inbox, "");
    teardown(&l);
}

/* Whatever bytes come: an end of that connection, and of nothing else. */
static void garbage(void **state) {
    rig *r = *state;
    line l;
    setup(r, &l, (lab_listener_config){0});
    static const char *const lines[] = {
        "",
        "\n\n",
        "GET / HTTP/1.1\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01",
        "<?xml version='1.0'?><stream:stream",
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='other.example' "
        "version='1.0'>",
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='lab.example' "
        "version='1.0'>"
        "<message to='romeo@lab.example/orchard'><body>no login</body></message>",
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='lab.example' "
        "version='1.0'>"
        "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><auth/>",
        "<!DOCTYPE x>",
        "</stream:stream>",
    };
    for (size_t i = 0; i < 2 * sizeof lines / sizeof lines[0]; i++) {
        lab_connection *connection = NULL;
        uint8_t out[4096];
        assert_fine(lab_connection_open(&connection, l.listener, i % 2 == 1));
        assert_fine(lab_connection_feed(connection, bytes_text(lines[i / 2])));
        (void)lab_connection_take(connection, out, sizeof out);
        if (i / 2 == 4 || i / 2 < 2) assert_fine(lab_listener_time(l.listener, 1700000000000));
        assert_null(lab_connection_session(connection));
        lab_connection_close(connection);
    }
    /* Who says nothing is sent away in time. */
    lab_connection *silent = NULL;
    assert_fine(lab_connection_open(&silent, l.listener, false));
    uint64_t deadline = lab_listener_deadline(l.listener);
    assert_true(deadline > 1700000000000 && deadline < 1700000100000);
    assert_fine(lab_listener_time(l.listener, 1700000000001)); /* the wait begins when time is first told */
    assert_fine(lab_listener_time(l.listener, deadline));
    assert_fine(lab_listener_time(l.listener, lab_listener_deadline(l.listener)));
    assert_true(lab_connection_over(silent));
    lab_connection_close(silent);
    phone_say(&l.juliet,
              "<message to='romeo@lab.example/orchard' type='chat' id='1'><body>still here</body></message>");
    phone_pump(&l.romeo);
    assert_non_null(strstr(l.romeo.inbox, "still here"));
    assert_null(strstr(l.romeo.inbox, "no login"));
    teardown(&l);
}

/* Allocations of the server fail while a client logs in and talks: the connection may end, nothing else happens. */
static void out_of_memory(void **state) {
    rig *r = *state;
    bool reached = true;
    size_t logins = 0;
    for (long n = 1; reached; n += 7) {
        void *other = NULL;
        assert_int_equal(rig_setup(&other), 0);
        rig *s = other;
        lab_listener *listener = listener_new(s, (lab_listener_config){0});
        phone p;
        phone_new(&p, r, listener, "juliet", "x", true);
        p.frail = true;
        s->fail_at = n;
        phone_pump(&p);
        if (p.online) {
            logins++;
            phone_say(&p, "<presence/>");
            if (p.online)
                phone_say(&p, "<message to='romeo@lab.example/orchard' type='chat' id='1'><body>x</body></message>");
        }
        reached = s->fail_at == 0;
        s->fail_at = 0;
        assert_true(p.online || p.ended);
        phone_free(&p);
        lab_listener_free(listener);
        assert_int_equal(rig_teardown(&other), 0);
        assert_true(n < 2000);
    }
    assert_true(logins > 1);
}

const struct CMUnitTest listener_tests[] = {
    cmocka_unit_test_setup_teardown(login_and_talk, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(logins_that_fail, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(resumption, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(too_late_to_resume, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(without_management_nothing_is_lost, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(one_resource_twice, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(resuming_what_belongs_to_others, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(a_forged_sender_ends_the_stream, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(garbage, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(out_of_memory, rig_setup, rig_teardown),
};
const size_t listener_tests_count = sizeof listener_tests / sizeof listener_tests[0];
