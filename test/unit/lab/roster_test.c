/* SPDX-License-Identifier: ISC
 *
 * Rosters and subscriptions (RFC 6121 sections 2 and 3). */
#include "rig.h"

#define GET "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>"

static void item(rig *r, lab_session *session, const char *wanted) {
    rig_say(session, GET);
    rig_has(r, session, wanted);
}

static void get(void **state) {
    rig *r = *state;
    rig_say(r->juliet, GET);
    rig_expect(r->juliet, "<iq type='result' id='g' from='juliet@lab.example' to='juliet@lab.example/balcony'><query "
                          "xmlns='jabber:iq:roster'>"
                          "<item jid='romeo@lab.example' subscription='both'/></query></iq>");
    rig_say(r->nurse, GET);
    rig_has(r, r->nurse, "<query xmlns='jabber:iq:roster'/>");
    rig_say(r->nurse, "<iq to='juliet@lab.example' type='get' id='x'><query xmlns='jabber:iq:roster'/></iq>");
    rig_has(r, r->nurse, "service-unavailable");
}

static void set_and_push(void **state) {
    rig *r = *state;
    rig_say(r->juliet, GET);
    (void)rig_drain(r->juliet);
    lab_session *garden = rig_attach(r, "juliet", "garden");
    rig_say(garden, "<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='Nurse@lab.example' name='Nurse'>"
                    "<group>House</group></item></query></iq>");
    rig_expect(garden, "<iq type='result' id='s' from='juliet@lab.example' to='juliet@lab.example/garden'/>");
    rig_expect(
        r->juliet,
        "<iq type='set' id='lab-1' from='juliet@lab.example' to='juliet@lab.example/balcony'><query "
        "xmlns='jabber:iq:roster'>"
        "<item jid='nurse@lab.example' subscription='none' name='Nurse'><group>House</group></item></query></iq>");
    rig_say(r->juliet, "<iq type='result' id='lab-1'/>");
    rig_nothing(r->juliet);
    rig_nothing(garden);
}

static void set_errors(void **state) {
    rig *r = *state;
    static const struct {
        const char *items, *error;
    } cases[] = {
        {"", "<bad-request"},
        {"<item jid='a@b'/><item jid='c@d'/>", "<bad-request"},
        {"<item/>", "<bad-request"},
        {"<item jid='@'/>", "<bad-request"},
        {"<item jid='a@b/c'/>", "<bad-request"},
        {"<item jid='juliet@lab.example'/>", "<not-allowed"},
        {"<item jid='a@b' subscription='remove'/>", "<item-not-found"},
        {"<item jid='a@b'><group/></item>", "<not-acceptable"},
        {"<item jid='a@b'><group>x</group><group>x</group></item>", "<not-acceptable"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char stanza[512];
        (void)snprintf(stanza, sizeof stanza, "<iq type='set' id='s'><query xmlns='jabber:iq:roster'>%s</query></iq>",
                       cases[i].items);
        rig_say(r->juliet, stanza);
        rig_has(r, r->juliet, cases[i].error);
    }
    item(r, r->juliet, "<query xmlns='jabber:iq:roster'><item jid='romeo@lab.example' subscription='both'/></query>");
}

static void handshake(void **state) {
    rig *r = *state;
    rig_say(r->nurse, GET);
    rig_say(r->nurse, "<presence/>");
    (void)rig_drain(r->nurse);
    /* Juliet is asked when she comes, not before. */
    rig_say(r->nurse,
            "<presence to='juliet@lab.example/balcony' type='subscribe'><status>it is me</status></presence>");
    rig_has(r, r->nurse, "<item jid='juliet@lab.example' subscription='none' ask='subscribe'/>");
    rig_nothing(r->juliet);
    item(r, r->juliet, "<query xmlns='jabber:iq:roster'><item jid='romeo@lab.example' subscription='both'/></query>");
    rig_say(r->juliet, "<presence/>");
    rig_has(r, r->juliet, "from='juliet@lab.example/balcony'");
    rig_has(r, r->juliet, "<presence type='subscribe' from='nurse@lab.example'");
    assert_non_null(strstr(r->text, "<status>it is me</status>"));
    rig_say(r->juliet, "<presence to='nurse@lab.example' type='subscribed'/>");
    rig_has(r, r->juliet, "<item jid='nurse@lab.example' subscription='from'/>");
    rig_expect(r->nurse, "<presence type='subscribed' from='juliet@lab.example' to='nurse@lab.example'/>");
    rig_has(r, r->nurse, "<item jid='juliet@lab.example' subscription='to'/>");
    rig_expect(r->nurse, "<presence from='juliet@lab.example/balcony' to='nurse@lab.example'/>");
    rig_nothing(r->nurse);
    /* And the other way round. */
    rig_say(r->juliet, "<presence to='nurse@lab.example' type='subscribe'/>");
    rig_say(r->nurse, "<presence to='juliet@lab.example' type='subscribed'/>");
    item(r, r->nurse, "type='subscribe'");
    rig_has(r, r->nurse, "subscription='both'");
    (void)rig_drain(r->juliet), (void)rig_drain(r->nurse);
    /* A second request is answered by the server. */
    rig_say(r->nurse, "<presence to='juliet@lab.example' type='subscribe'/>");
    rig_nothing(r->juliet);
    (void)rig_drain(r->nurse);
    /* The end of one direction. */
    rig_say(r->nurse, "<presence to='juliet@lab.example' type='unsubscribe'/>");
    rig_has(r, r->nurse, "subscription='from'");
    rig_expect(r->nurse, "<presence type='unavailable' from='juliet@lab.example/balcony' to='nurse@lab.example'/>");
    rig_has(r, r->juliet, "<presence type='unsubscribe' from='nurse@lab.example'");
    rig_has(r, r->juliet, "subscription='to'");
    /* And of the other, by the one who is seen. */
    rig_say(r->nurse, "<presence to='juliet@lab.example' type='unsubscribed'/>");
    rig_has(r, r->juliet, "<presence type='unavailable' from='nurse@lab.example/kitchen'");
    rig_has(r, r->juliet, "<presence type='unsubscribed' from='nurse@lab.example'");
    rig_has(r, r->juliet, "<item jid='nurse@lab.example' subscription='none'/>");
}

static void refusal(void **state) {
    rig *r = *state;
    rig_say(r->nurse, GET);
    rig_say(r->nurse, "<presence/>");
    rig_say(r->juliet, "<presence/>");
    rig_say(r->nurse, "<presence to='juliet@lab.example' type='subscribe'/>");
    (void)rig_drain(r->juliet), (void)rig_drain(r->nurse);
    rig_say(r->juliet, "<presence to='nurse@lab.example' type='unsubscribed'/>");
    rig_has(r, r->nurse, "<presence type='unsubscribed' from='juliet@lab.example'");
    rig_has(r, r->nurse, "<item jid='juliet@lab.example' subscription='none'/>");
    /* Nobody grants what was not asked for. */
    rig_say(r->nurse, "<presence to='juliet@lab.example' type='subscribed'/>");
    rig_say(r->juliet, "<presence to='nurse@lab.example' type='subscribed'/>");
    rig_nothing(r->juliet);
    rig_nothing(r->nurse);
    rig_say(r->nurse, "<presence to='juliet@lab.example' type='probe'/>");
    rig_nothing(r->nurse);
    rig_say(r->nurse, "<presence to='nurse@lab.example' type='subscribe'/>");
    rig_say(r->nurse, "<presence to='tybalt@lab.example' type='subscribe'/>");
    rig_has(r, r->nurse, "<item jid='tybalt@lab.example' subscription='none' ask='subscribe'/>");
    rig_nothing(r->nurse);
}

static void removal(void **state) {
    rig *r = *state;
    rig_say(r->juliet, GET);
    rig_say(r->romeo, GET);
    rig_say(r->juliet, "<presence/>");
    rig_say(r->romeo, "<presence/>");
    (void)rig_drain(r->juliet), (void)rig_drain(r->romeo);
    rig_say(r->juliet, "<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='romeo@lab.example' "
                       "subscription='remove'/></query></iq>");
    rig_expect(r->juliet, "<presence type='unavailable' from='romeo@lab.example/orchard' to='juliet@lab.example'/>");
    rig_has(r, r->juliet, "<item jid='romeo@lab.example' subscription='remove'/>");
    rig_has(r, r->juliet, "type='result' id='s'");
    rig_has(r, r->romeo, "<presence type='unsubscribe' from='juliet@lab.example'");
    rig_has(r, r->romeo, "subscription='to'");
    rig_has(r, r->romeo, "<presence type='unavailable' from='juliet@lab.example/balcony'");
    rig_has(r, r->romeo, "<presence type='unsubscribed' from='juliet@lab.example'");
    rig_has(r, r->romeo, "subscription='none'");
    rig_say(r->romeo, "<presence/>");
    rig_nothing(r->juliet);
}

static void befriending_while_online(void **state) {
    rig *r = *state;
    rig_say(r->nurse, "<presence/>");
    rig_online(r, r->juliet, "urn:n+notify");
    rig_say(
        r->nurse,
        "<iq type='set' id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:n'><item id='1'>"
        "<p xmlns='urn:p'/></item></publish></pubsub></iq>");
    (void)rig_drain(r->nurse);
    assert_fine(lab_server_befriend(r->server, "nurse", "juliet"));
    rig_expect(r->juliet, "<presence from='nurse@lab.example/kitchen' to='juliet@lab.example'/>");
    rig_has(r, r->juliet, "<items node='urn:n'><item id='1'>");
    rig_nothing(r->juliet);
    rig_has(r, r->nurse, "from='juliet@lab.example/balcony'");
    rig_nothing(r->nurse);
}

const struct CMUnitTest roster_tests[] = {
    cmocka_unit_test_setup_teardown(get, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(set_and_push, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(set_errors, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(handshake, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(refusal, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(removal, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(befriending_while_online, rig_setup, rig_teardown),
};
const size_t roster_tests_count = sizeof roster_tests / sizeof roster_tests[0];
