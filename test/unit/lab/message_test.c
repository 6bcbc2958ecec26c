/* SPDX-License-Identifier: ISC
 *
 * Who gets a message or an iq (RFC 6121 section 8.5), and what waits for those who are away (XEP-0160). */
#include "rig.h"

#define UNAVAILABLE "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"

static void full_jid(void **state) {
    rig *r = *state;
    rig_say(r->juliet, "<message to='Romeo@LAB.example/orchard' type='chat' id='1' from='juliet@lab.example'>"
                       "<body>Ay &amp; me!</body></message>");
    rig_expect(r->romeo, "<message type='chat' id='1' from='juliet@lab.example/balcony' to='romeo@lab.example/orchard'>"
                         "<body>Ay &amp; me!</body></message>");
    rig_nothing(r->romeo);
    rig_nothing(r->juliet);
}

static void content_is_untouched(void **state) {
    rig *r = *state;
    rig_say(r->juliet, "<message xmlns='jabber:client' xml:lang='it' to='romeo@lab.example/orchard' xmlns:e='urn:e' "
                       "e:mark=\"'\">\n <e:x a='1'><y xmlns=''/></e:x></message>");
    rig_has(r, r->romeo, "xml:lang='it'");
    assert_non_null(strstr(r->text, "urn:e"));
    assert_non_null(strstr(r->text, "<y xmlns=''/>"));
    assert_non_null(strstr(r->text, "&apos;"));
}

static void bare_jid_reaches_all_that_are_available(void **state) {
    rig *r = *state;
    lab_session *garden = rig_attach(r, "romeo", "garden");
    lab_session *cellar = rig_attach(r, "romeo", "cellar");
    rig_say(r->romeo, "<presence/>");
    rig_say(garden, "<presence><priority>5</priority></presence>");
    rig_say(cellar, "<presence><priority>-1</priority></presence>");
    (void)rig_drain(r->romeo), (void)rig_drain(garden), (void)rig_drain(cellar);
    rig_say(r->juliet, "<message to='romeo@lab.example' type='chat' id='1'><body>who?</body></message>");
    rig_has(r, r->romeo, "to='romeo@lab.example'><body>who?</body>");
    rig_has(r, garden, "<body>who?</body>");
    rig_nothing(cellar);
    rig_say(r->juliet, "<message to='romeo@lab.example/cellar' id='2'><body>there?</body></message>");
    rig_has(r, cellar, "there?");
    rig_say(r->juliet, "<message to='romeo@lab.example' type='headline' id='3'><body>news</body></message>");
    rig_has(r, garden, "news");
    rig_has(r, r->romeo, "news");
    rig_nothing(cellar);
}

static void offline_and_back(void **state) {
    rig *r = *state;
    rig_say(r->juliet, "<message to='romeo@lab.example' type='chat' id='1'><body>one</body></message>");
    lab_server_time(r->server, 1700000060500);
    rig_say(r->juliet, "<message to='romeo@lab.example' id='2'><body>two</body></message>");
    rig_say(r->juliet, "<message to='romeo@lab.example/gone' type='chat' id='3'><body>three</body></message>");
    rig_nothing(r->romeo);
    rig_nothing(r->juliet);
    lab_server_time(r->server, 1700000900000);
    rig_say(r->romeo, "<presence><priority>-1</priority></presence>");
    rig_has(r, r->romeo, "<presence");
    rig_nothing(r->romeo);
    rig_say(r->romeo, "<presence/>");
    rig_has(r, r->romeo, "<presence");
    rig_expect(r->romeo, "<message type='chat' id='1' from='juliet@lab.example/balcony' to='romeo@lab.example'>"
                         "<body>one</body><delay xmlns='urn:xmpp:delay' from='lab.example' "
                         "stamp='2023-11-14T22:13:20.000Z'/></message>");
    rig_has(r, r->romeo,
            "<body>two</body><delay xmlns='urn:xmpp:delay' from='lab.example' stamp='2023-11-14T22:14:20.500Z'/>");
    rig_has(r, r->romeo, "<body>three</body><delay");
    rig_nothing(r->romeo);
    rig_say(r->romeo, "<presence/>");
    rig_has(r, r->romeo, "<presence");
    rig_nothing(r->romeo);
}

static void what_is_not_stored(void **state) {
    rig *r = *state;
    rig_say(r->juliet, "<message to='romeo@lab.example' type='headline' id='1'><body>a</body></message>");
    rig_say(r->juliet, "<message to='romeo@lab.example' type='error' id='2'><body>b</body></message>");
    rig_say(
        r->juliet,
        "<message to='romeo@lab.example' type='chat' id='3'><composing xmlns='http://jabber.org/protocol/chatstates'/>"
        "<thread>t</thread></message>");
    rig_say(r->juliet, "<message to='romeo@lab.example' type='chat' id='4'><body>c</body><no-store "
                       "xmlns='urn:xmpp:hints'/></message>");
    rig_nothing(r->juliet);
    rig_say(r->juliet, "<message to='romeo@lab.example' type='chat' id='5'><store xmlns='urn:xmpp:hints'/>"
                       "<active xmlns='http://jabber.org/protocol/chatstates'/></message>");
    rig_say(r->romeo, "<presence/>");
    rig_has(r, r->romeo, "<presence");
    rig_has(r, r->romeo, "id='5'");
    rig_nothing(r->romeo);
}

static void untaken_messages_survive(void **state) {
    rig *r = *state;
    rig_say(r->romeo, "<presence/>");
    (void)rig_drain(r->romeo);
    rig_say(r->juliet, "<message to='romeo@lab.example' type='chat' id='1'><body>one</body></message>");
    rig_say(r->juliet, "<iq to='romeo@lab.example/orchard' type='get' id='q'><query xmlns='urn:q'/></iq>");
    lab_server_time(r->server, 1700000100000);
    lab_session_detach(r->romeo);
    r->romeo = rig_attach(r, "romeo", "orchard");
    rig_say(r->romeo, "<presence/>");
    rig_has(r, r->romeo, "<presence");
    rig_has(r, r->romeo,
            "<body>one</body><delay xmlns='urn:xmpp:delay' from='lab.example' "
            "stamp='2023-11-14T22:13:20.000Z'/></message>");
    rig_nothing(r->romeo);
    /* A second time the stamp stays the first one. */
    rig_say(r->juliet, "<message to='romeo@lab.example/orchard' type='chat' id='2'><body>two</body></message>");
    lab_session_detach(r->romeo);
    r->romeo = rig_attach(r, "romeo", "orchard");
    rig_say(r->romeo, "<presence/>");
    lab_session_detach(r->romeo);
    r->romeo = rig_attach(r, "romeo", "orchard");
    rig_say(r->romeo, "<presence/>");
    rig_has(r, r->romeo, "<presence");
    rig_has(r, r->romeo,
            "<body>two</body><delay xmlns='urn:xmpp:delay' from='lab.example' "
            "stamp='2023-11-14T22:15:00.000Z'/></message>");
    rig_nothing(r->romeo);
}

static void messages_that_reach_nobody(void **state) {
    rig *r = *state;
    rig_say(r->juliet, "<message to='romeo@lab.example/gone' id='1'><body>x</body></message>");
    rig_expect(r->juliet,
               "<message type='error' id='1' from='romeo@lab.example/gone' to='juliet@lab.example/balcony'>" UNAVAILABLE
               "</message>");
    rig_say(r->juliet, "<message to='tybalt@lab.example' type='chat' id='2'><body>x</body></message>");
    rig_expect(r->juliet,
               "<message type='error' id='2' from='tybalt@lab.example' to='juliet@lab.example/balcony'>" UNAVAILABLE
               "</message>");
    rig_say(r->juliet, "<message to='romeo@lab.example' type='groupchat' id='3'><body>x</body></message>");
    rig_expect(r->juliet,
               "<message type='error' id='3' from='romeo@lab.example' to='juliet@lab.example/balcony'>" UNAVAILABLE
               "</message>");
    rig_say(r->juliet, "<message to='a@elsewhere.example' type='chat' id='4'><body>x</body></message>");
    rig_expect(r->juliet, "<message type='error' id='4' from='a@elsewhere.example' to='juliet@lab.example/balcony'>"
                          "<error type='cancel'><remote-server-not-found "
                          "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
    rig_say(r->juliet, "<message to='romeo@lab.example/gone' type='error' id='5'><error/></message>");
    rig_nothing(r->juliet);
}

static void to_oneself(void **state) {
    rig *r = *state;
    rig_say(r->juliet, "<presence/>");
    (void)rig_drain(r->juliet);
    rig_say(r->juliet, "<message type='chat' id='1'><body>dear diary</body></message>");
    rig_expect(r->juliet, "<message type='chat' id='1' from='juliet@lab.example/balcony' to='juliet@lab.example'>"
                          "<body>dear diary</body></message>");
}

static void iq_between_full_jids(void **state) {
    rig *r = *state;
    rig_say(r->juliet, "<iq to='romeo@lab.example/orchard' type='get' id='1'><query xmlns='jabber:iq:version'/></iq>");
    rig_expect(r->romeo, "<iq type='get' id='1' from='juliet@lab.example/balcony' to='romeo@lab.example/orchard'>"
                         "<query xmlns='jabber:iq:version'/></iq>");
    rig_say(r->romeo, "<iq to='juliet@lab.example/balcony' type='result' id='1'/>");
    rig_expect(r->juliet,
               "<iq type='result' id='1' from='romeo@lab.example/orchard' to='juliet@lab.example/balcony'/>");
}

static void iq_errors(void **state) {
    rig *r = *state;
    static const char *const nobody[] = {"romeo@lab.example/gone", "tybalt@lab.example", "romeo@lab.example",
                                         "lab.example"};
    char stanza[512], answer[1024];
    for (size_t i = 0; i < sizeof nobody / sizeof nobody[0]; i++) {
        (void)snprintf(stanza, sizeof stanza, "<iq to='%s' type='set' id='%zu'><x xmlns='urn:x'/></iq>", nobody[i], i);
        (void)snprintf(answer, sizeof answer,
                       "<iq type='error' id='%zu' from='%s' to='juliet@lab.example/balcony'>" UNAVAILABLE "</iq>", i,
                       nobody[i]);
        rig_say(r->juliet, stanza);
        rig_expect(r->juliet, answer);
    }
    rig_say(r->juliet, "<iq to='elsewhere.example' type='get' id='a'><x xmlns='urn:x'/></iq>");
    rig_has(r, r->juliet, "remote-server-not-found");
    rig_say(r->juliet, "<iq to='romeo@lab.example/gone' type='result' id='b'/>");
    rig_nothing(r->juliet);
    static const char *const bad[] = {
        "<iq type='get'><x xmlns='urn:x'/></iq>",
        "<iq type='get' id='1'/>",
        "<iq type='get' id='1'><x xmlns='urn:x'/><x xmlns='urn:x'/></iq>",
        "<iq type='ask' id='1'><x xmlns='urn:x'/></iq>",
        "<iq id='1'><x xmlns='urn:x'/></iq>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rig_say(r->juliet, bad[i]);
        rig_has(r, r->juliet,
                "<error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
    }
    rig_say(r->juliet, "<iq type='get' id='1' to='@lab.example'><x xmlns='urn:x'/></iq>");
    rig_expect(r->juliet, "<iq type='error' id='1' to='juliet@lab.example/balcony'><error type='modify'>"
                          "<jid-malformed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

static void malformed_is_refused(void **state) {
    rig *r = *state;
    assert_status(lab_session_send(r->juliet, bytes_text("<message")), MALFORMED);
    assert_status(lab_session_send(r->juliet, bytes_text("")), MALFORMED);
    assert_status(lab_session_send(r->juliet, bytes_text("<message/><message/>")), MALFORMED);
    assert_status(lab_session_send(r->juliet, bytes_text("<message><!-- --></message>")), XML_FORBIDDEN);
    assert_status(lab_session_send(r->juliet, bytes_text("<note/>")), MALFORMED);
    assert_status(lab_session_send(r->juliet, bytes_text("<message xmlns='urn:other'/>")), MALFORMED);
    assert_status(lab_session_send(r->juliet, bytes_text("<message from='romeo@lab.example/orchard'/>")), MALFORMED);
    assert_status(lab_session_send(r->juliet, bytes_text("<message from='juliet@lab.example/other'/>")), MALFORMED);
    assert_status(lab_session_send(r->juliet, bytes_text("<message from='@'/>")), MALFORMED);
    rig_nothing(r->juliet);
    assert_int_equal(lab_server_saw(r->server).len, 0);
}

static void ping_and_discovery(void **state) {
    rig *r = *state;
    rig_say(r->juliet, "<iq to='lab.example' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>");
    rig_expect(r->juliet, "<iq type='result' id='1' from='lab.example' to='juliet@lab.example/balcony'/>");
    rig_say(r->juliet, "<iq type='get' id='2'><ping xmlns='urn:xmpp:ping'/></iq>");
    rig_expect(r->juliet, "<iq type='result' id='2' from='juliet@lab.example' to='juliet@lab.example/balcony'/>");
    rig_say(r->juliet,
            "<iq to='lab.example' type='get' id='3'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    rig_has(r, r->juliet, "<identity category='server' type='im'/>");
    rig_say(r->juliet, "<iq type='get' id='4'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    rig_has(r, r->juliet, "<identity category='pubsub' type='pep'/>");
    assert_non_null(strstr(r->text, "<feature var='http://jabber.org/protocol/pubsub#publish-options'/>"));
    assert_non_null(strstr(r->text, "<feature var='http://jabber.org/protocol/pubsub#config-node-max'/>"));
    rig_say(
        r->nurse,
        "<iq to='juliet@lab.example' type='get' id='5'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    rig_has(r, r->nurse, UNAVAILABLE);
    rig_say(
        r->romeo,
        "<iq to='juliet@lab.example' type='get' id='6'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    rig_has(r, r->romeo, "<identity category='account' type='registered'/>");
    rig_say(r->romeo,
            "<iq to='lab.example' type='get' id='7'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
    rig_has(r, r->romeo, "<query xmlns='http://jabber.org/protocol/disco#items'/>");
    rig_say(
        r->romeo,
        "<iq to='lab.example' type='get' id='8'><query xmlns='http://jabber.org/protocol/disco#info' node='x'/></iq>");
    rig_has(r, r->romeo, "<error type='cancel'><item-not-found");
    rig_say(r->juliet, "<iq type='set' id='9'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>");
    rig_has(r, r->juliet, "type='result' id='9'");
}

static void carbons(void **state) {
    rig *r = *state;
    lab_session *garden = rig_attach(r, "romeo", "garden");
    rig_say(garden, "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
    rig_has(r, garden, "type='result' id='c'");
    rig_say(r->juliet, "<message to='romeo@lab.example/orchard' type='chat' id='1'><body>in</body></message>");
    rig_has(r, r->romeo, "<body>in</body>");
    rig_expect(garden, "<message type='chat' from='romeo@lab.example' to='romeo@lab.example/garden'><received "
                       "xmlns='urn:xmpp:carbons:2'>"
                       "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' type='chat' id='1' "
                       "from='juliet@lab.example/balcony' "
                       "to='romeo@lab.example/orchard'><body>in</body></message></forwarded></received></message>");
    rig_say(r->romeo, "<message to='juliet@lab.example/balcony' type='chat' id='2'><body>out</body></message>");
    rig_has(r, garden, "<sent xmlns='urn:xmpp:carbons:2'>");
    rig_say(r->romeo, "<message to='juliet@lab.example/balcony' type='chat' id='3'><body>out</body><private "
                      "xmlns='urn:xmpp:carbons:2'/></message>");
    rig_say(r->romeo, "<message to='juliet@lab.example/balcony' id='4'><x xmlns='urn:x'/></message>");
    rig_nothing(garden);
    rig_say(garden, "<iq type='set' id='d'><disable xmlns='urn:xmpp:carbons:2'/></iq>");
    rig_has(r, garden, "type='result' id='d'");
    rig_say(r->romeo, "<message to='juliet@lab.example/balcony' type='chat' id='5'><body>out</body></message>");
    rig_nothing(garden);
    rig_say(garden, "<iq type='get' id='e'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
    rig_has(r, garden, "bad-request");
}

static void accounts_and_sessions(void **state) {
    rig *r = *state;
    lab_session *session = NULL;
    assert_status(lab_server_account(r->server, "JULIET", "x"), STATE);
    assert_status(lab_server_account(r->server, "", "x"), BAD_JID);
    assert_status(lab_server_account(r->server, "a@b", "x"), BAD_JID);
    assert_status(lab_server_account(r->server, "a b", "x"), BAD_JID);
    assert_status(lab_session_attach(&session, r->server, "tybalt", "x"), NOT_FOUND);
    assert_status(lab_session_attach(&session, r->server, "juliet", "balcony"), STATE);
    assert_null(session);
    assert_status(lab_server_befriend(r->server, "juliet", "tybalt"), NOT_FOUND);
    assert_status(lab_server_befriend(r->server, "juliet", "juliet"), USAGE);
    session = rig_attach(r, "juliet", NULL);
    assert_true(bytes_is(lab_session_jid(session), "juliet@lab.example/lab-1"));
    lab_session_detach(session);
    lab_session_detach(NULL);
    lab_server *server = NULL;
    assert_status(lab_server_new(&server, &r->host, "a@b"), BAD_JID);
    assert_status(lab_server_new(&server, &r->host, ""), BAD_JID);
    assert_null(server);
    lab_server_free(NULL);
}

/* Two servers told the same say the same. */
static void deterministic(void **state) {
    rig *r = *state;
    void *other_state = NULL;
    assert_int_equal(rig_setup(&other_state), 0);
    rig *both[] = {r, other_state};
    for (size_t i = 0; i < 2; i++) {
        rig_online(both[i], both[i]->juliet, "urn:n+notify");
        rig_say(both[i]->juliet,
                "<iq type='set' id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:n'><item>"
                "<p xmlns='urn:p'/></item></publish></pubsub></iq>");
    }
    assert_true(bytes_equal(lab_server_saw(r->server), lab_server_saw(both[1]->server)));
    assert_true(lab_server_saw(r->server).len > 0);
    assert_int_equal(rig_teardown(&other_state), 0);
}

/* Every allocation fails once: an error or a loss, never a crash or a leak. */
static void out_of_memory(void **state) {
    rig *r = *state;
    rig_online(r, r->romeo, "urn:n+notify");
    static const char *const lines[] = {
        "<message to='romeo@lab.example' type='chat' id='1'><body>one</body></message>",
        "<message to='nurse@lab.example' type='chat' id='2'><body>two</body></message>",
        "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:test' ver='1'/></presence>",
        "<presence to='nurse@lab.example' type='subscribe'/>",
        "<iq type='set' id='3'><query xmlns='jabber:iq:roster'><item jid='a@b' "
        "name='c'><group>d</group></item></query></iq>",
        "<iq type='set' id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:n'><item id='1'>"
        "<p xmlns='urn:p'/></item></publish></pubsub></iq>",
        "<iq type='get' id='q'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:n'/></pubsub></iq>",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        bool reached = true;
        for (long n = 1; reached && n < 500; n++) {
            r->fail_at = n;
            sotto_status status = lab_session_send(r->juliet, bytes_text(lines[i]));
            reached = r->fail_at == 0;
            r->fail_at = 0;
            assert_true(sotto_ok(status) || sotto_is(status, SOTTO_E_NO_MEMORY));
            (void)rig_drain(r->romeo), (void)rig_drain(r->juliet);
        }
        assert_false(reached);
    }
}

const struct CMUnitTest message_tests[] = {
    cmocka_unit_test_setup_teardown(full_jid, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(content_is_untouched, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(bare_jid_reaches_all_that_are_available, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(offline_and_back, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(what_is_not_stored, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(untaken_messages_survive, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(messages_that_reach_nobody, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(to_oneself, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(iq_between_full_jids, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(iq_errors, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(malformed_is_refused, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(ping_and_discovery, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(carbons, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(accounts_and_sessions, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(deterministic, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(out_of_memory, rig_setup, rig_teardown),
};
const size_t message_tests_count = sizeof message_tests / sizeof message_tests[0];
