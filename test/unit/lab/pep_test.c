/* SPDX-License-Identifier: ISC
 *
 * Personal eventing (XEP-0163 over XEP-0060). */
#include "rig.h"

#define PS "http://jabber.org/protocol/pubsub"
#define ERROR(type, condition)                                                                                         \
    "<error type='" type "'><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
#define ERROR_WITH(type, condition, detail)                                                                            \
    "<error type='" type "'><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><" detail                      \
    " xmlns='http://jabber.org/protocol/pubsub#errors'/></error>"
#define FIELD(name, value) "<field var='" name "'><value>" value "</value></field>"
#define OPTIONS(fields)                                                                                                \
    "<publish-options><x xmlns='jabber:x:data' type='submit'>" FIELD("FORM_TYPE", PS "#publish-options") fields        \
        "</x></publish-options>"

static void request(lab_session *session, const char *type, const char *to, const char *content) {
    char stanza[8192];
    (void)snprintf(stanza, sizeof stanza, "<iq type='%s' id='q'%s%s%s><pubsub xmlns='" PS "'>%s</pubsub></iq>", type,
                   to ? " to='" : "", to ? to : "", to ? "'" : "", content);
    rig_say(session, stanza);
}

static void owner(lab_session *session, const char *type, const char *to, const char *content) {
    char stanza[8192];
    (void)snprintf(stanza, sizeof stanza, "<iq type='%s' id='q'%s%s%s><pubsub xmlns='" PS "#owner'>%s</pubsub></iq>",
                   type, to ? " to='" : "", to ? to : "", to ? "'" : "", content);
    rig_say(session, stanza);
}

static void publish(rig *r, lab_session *session, const char *node, const char *id, const char *options) {
    char content[4096];
    (void)snprintf(content, sizeof content,
                   "<publish node='%s'><item id='%s'><v xmlns='urn:v'>%s</v></item></publish>%s", node, id, id,
                   options);
    request(session, "set", NULL, content);
    while (true) {
        rig_has(r, session, "");
        assert_string_not_equal(r->text, "");
        if (strncmp(r->text, "<iq", 3) == 0) break;
    }
}

static void publish_and_items(void **state) {
    rig *r = *state;
    request(r->juliet, "set", NULL, "<publish node='urn:n'><item id='a'><v xmlns='urn:v'>1</v></item></publish>");
    rig_expect(r->juliet,
               "<iq type='result' id='q' from='juliet@lab.example' to='juliet@lab.example/balcony'><pubsub xmlns='" PS
               "'>"
               "<publish node='urn:n'><item id='a'/></publish></pubsub></iq>");
    request(r->juliet, "get", NULL, "<items node='urn:n'/>");
    rig_expect(r->juliet,
               "<iq type='result' id='q' from='juliet@lab.example' to='juliet@lab.example/balcony'><pubsub xmlns='" PS
               "'>"
               "<items node='urn:n'><item id='a'><v xmlns='urn:v'>1</v></item></items></pubsub></iq>");
    /* One item is kept by default: the new one. */
    publish(r, r->juliet, "urn:n", "b", "");
    request(r->romeo, "get", "juliet@lab.example", "<items node='urn:n'/>");
    rig_expect(r->romeo,
               "<iq type='result' id='q' from='juliet@lab.example' to='romeo@lab.example/orchard'><pubsub xmlns='" PS
               "'>"
               "<items node='urn:n'><item id='b'><v xmlns='urn:v'>b</v></item></items></pubsub></iq>");
    /* Without an id the server finds one. */
    request(r->juliet, "set", NULL, "<publish node='urn:n'><item><v xmlns='urn:v'/></item></publish>");
    rig_has(r, r->juliet, "<item id='lab-1'/>");
}

static void several_items(void **state) {
    rig *r = *state;
    const char *most = OPTIONS(FIELD("pubsub#max_items", "3"));
    publish(r, r->juliet, "urn:n", "a", most);
    publish(r, r->juliet, "urn:n", "b", most);
    publish(r, r->juliet, "urn:n", "c", "");
    publish(r, r->juliet, "urn:n", "a", "");
    publish(r, r->juliet, "urn:n", "d", "");
    request(r->juliet, "get", NULL, "<items node='urn:n'/>");
    rig_has(r, r->juliet,
            "<item id='c'><v xmlns='urn:v'>c</v></item><item id='a'><v xmlns='urn:v'>a</v></item><item id='d'>");
    assert_null(strstr(r->text, "'b'"));
    request(r->juliet, "get", NULL, "<items node='urn:n' max_items='1'/>");
    rig_has(r, r->juliet, "<items node='urn:n'><item id='d'><v xmlns='urn:v'>d</v></item></items>");
    request(r->juliet, "get", NULL, "<items node='urn:n'><item id='a'/><item id='nothing'/><item id='c'/></items>");
    rig_has(r, r->juliet,
            "<items node='urn:n'><item id='a'><v xmlns='urn:v'>a</v></item><item id='c'><v "
            "xmlns='urn:v'>c</v></item></items>");
    request(r->juliet, "get", NULL, "<items node='urn:n'><item id='nothing'/></items>");
    rig_has(r, r->juliet, "<items node='urn:n'/>");
    request(r->juliet, "get", NULL, "<items node='urn:n' max_items='x'/>");
    rig_has(r, r->juliet, ERROR("modify", "bad-request"));
    publish(r, r->juliet, "urn:max", "1", OPTIONS(FIELD("pubsub#max_items", "max")));
    publish(r, r->juliet, "urn:max", "2", OPTIONS(FIELD("pubsub#max_items", "max")));
    request(r->juliet, "get", NULL, "<items node='urn:max'/>");
    rig_has(r, r->juliet, "<item id='1'><v xmlns='urn:v'>1</v></item><item id='2'>");
}

static void options_and_preconditions(void **state) {
    rig *r = *state;
    publish(r, r->juliet, "urn:n", "a", OPTIONS(FIELD("pubsub#access_model", "open") FIELD("pubsub#max_items", "max")));
    assert_non_null(strstr(r->text, "type='result'"));
    publish(r, r->juliet, "urn:n", "b", OPTIONS(FIELD("pubsub#access_model", "open")));
    assert_non_null(strstr(r->text, "type='result'"));
    static const char *const unmet[] = {
        OPTIONS(FIELD("pubsub#access_model", "presence")),
        OPTIONS(FIELD("pubsub#max_items", "5")),
        OPTIONS(FIELD("pubsub#access_model", "open") FIELD("pubsub#persist_items", "false")),
        OPTIONS(FIELD("pubsub#unheard_of", "1")),
        OPTIONS(FIELD("pubsub#access_model", "authorize")),
        OPTIONS(FIELD("pubsub#max_items", "0")),
        OPTIONS(FIELD("pubsub#max_items", "1001")),
        OPTIONS(FIELD("pubsub#max_items", "12x")),
        OPTIONS(FIELD("pubsub#persist_items", "maybe")),
        OPTIONS(FIELD("pubsub#send_last_published_item", "never")),
    };
    for (size_t i = 0; i < sizeof unmet / sizeof unmet[0]; i++) {
        publish(r, r->juliet, "urn:n", "c", unmet[i]);
        assert_non_null(strstr(r->text, ERROR_WITH("cancel", "conflict", "precondition-not-met")));
    }
    publish(r, r->juliet, "urn:n", "c", "<publish-options/>");
    assert_non_null(strstr(r->text, ERROR_WITH("modify", "bad-request", "invalid-options")));
    publish(r, r->juliet, "urn:n", "c",
            "<publish-options><x xmlns='jabber:x:data' type='submit'>" FIELD("FORM_TYPE", PS
                                                                             "#node_config") "</x></publish-options>");
    assert_non_null(strstr(r->text, ERROR_WITH("modify", "bad-request", "invalid-options")));
    request(r->juliet, "get", NULL, "<items node='urn:n'/>");
    rig_has(r, r->juliet, "<item id='b'>");
    assert_null(strstr(r->text, "'c'"));
    /* A refused first publish makes no node. */
    publish(r, r->juliet, "urn:new", "c", OPTIONS(FIELD("pubsub#unheard_of", "1")));
    request(r->juliet, "get", NULL, "<items node='urn:new'/>");
    rig_has(r, r->juliet, ERROR("cancel", "item-not-found"));
}

static void access_models(void **state) {
    rig *r = *state;
    publish(r, r->juliet, "urn:default", "1", "");
    publish(r, r->juliet, "urn:open", "1", OPTIONS(FIELD("pubsub#access_model", "open")));
    publish(r, r->juliet, "urn:private", "1", OPTIONS(FIELD("pubsub#access_model", "whitelist")));
    request(r->nurse, "get", "juliet@lab.example", "<items node='urn:default'/>");
    rig_expect(r->nurse, "<iq type='error' id='q' from='juliet@lab.example' to='nurse@lab.example/kitchen'>" ERROR_WITH(
                             "auth", "not-authorized", "presence-subscription-required") "</iq>");
    request(r->nurse, "get", "juliet@lab.example", "<items node='urn:open'/>");
    rig_has(r, r->nurse, "<item id='1'>");
    request(r->romeo, "get", "juliet@lab.example", "<items node='urn:default'/>");
    rig_has(r, r->romeo, "<item id='1'>");
    request(r->romeo, "get", "juliet@lab.example", "<items node='urn:private'/>");
    rig_has(r, r->romeo, ERROR_WITH("cancel", "not-allowed", "closed-node"));
    request(r->juliet, "get", "juliet@lab.example", "<items node='urn:private'/>");
    rig_has(r, r->juliet, "<item id='1'>");
    rig_say(
        r->romeo,
        "<iq to='juliet@lab.example' type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
    rig_has(
        r, r->romeo,
        "<item jid='juliet@lab.example' node='urn:default'/><item jid='juliet@lab.example' node='urn:open'/></query>");
    rig_say(r->romeo, "<iq to='juliet@lab.example' type='get' id='d'><query "
                      "xmlns='http://jabber.org/protocol/disco#info' node='urn:open'/></iq>");
    rig_has(r, r->romeo, "<identity category='pubsub' type='leaf'/>");
    rig_say(r->romeo, "<iq to='juliet@lab.example' type='get' id='d'><query "
                      "xmlns='http://jabber.org/protocol/disco#info' node='urn:private'/></iq>");
    rig_has(r, r->romeo, "item-not-found");
}

static void only_the_owner_changes(void **state) {
    rig *r = *state;
    publish(r, r->juliet, "urn:n", "1", OPTIONS(FIELD("pubsub#access_model", "open")));
    request(r->romeo, "set", "juliet@lab.example",
            "<publish node='urn:n'><item id='1'><v xmlns='urn:v'/></item></publish>");
    rig_has(r, r->romeo, ERROR("auth", "forbidden"));
    request(r->romeo, "set", "juliet@lab.example", "<retract node='urn:n'><item id='1'/></retract>");
    rig_has(r, r->romeo, ERROR("auth", "forbidden"));
    request(r->romeo, "set", "juliet@lab.example", "<create node='urn:m'/>");
    rig_has(r, r->romeo, ERROR("auth", "forbidden"));
    owner(r->romeo, "set", "juliet@lab.example", "<delete node='urn:n'/>");
    rig_has(r, r->romeo, ERROR("auth", "forbidden"));
    owner(r->romeo, "set", "juliet@lab.example", "<purge node='urn:n'/>");
    rig_has(r, r->romeo, ERROR("auth", "forbidden"));
    owner(r->romeo, "get", "juliet@lab.example", "<configure node='urn:n'/>");
    rig_has(r, r->romeo, ERROR("auth", "forbidden"));
    request(r->romeo, "get", "juliet@lab.example", "<items node='urn:n'/>");
    rig_has(r, r->romeo, "<item id='1'>");
}

static void bad_requests(void **state) {
    rig *r = *state;
    static const struct {
        const char *type, *content, *error;
    } cases[] = {
        {"set", "<publish><item id='1'><v xmlns='urn:v'/></item></publish>",
         ERROR_WITH("modify", "bad-request", "nodeid-required")},
        {"set", "<publish node='urn:n'/>", ERROR_WITH("modify", "bad-request", "item-required")},
        {"set", "<publish node='urn:n'><item id='1'/></publish>",
         ERROR_WITH("modify", "bad-request", "payload-required")},
        {"set", "<publish node='urn:n'><item id='1'><a xmlns='urn:v'/><b xmlns='urn:v'/></item></publish>",
         ERROR_WITH("modify", "bad-request", "invalid-payload")},
        {"set", "<publish node='urn:n'><item><a xmlns='urn:v'/></item><item><b xmlns='urn:v'/></item></publish>",
         ERROR_WITH("cancel", "not-allowed", "max-items-exceeded")},
        {"get", "<items/>", ERROR_WITH("modify", "bad-request", "nodeid-required")},
        {"get", "<items node='urn:n'/>", ERROR("cancel", "item-not-found")},
        {"set", "<retract node='urn:n'><item id='1'/></retract>", ERROR("cancel", "item-not-found")},
        {"set", "<retract node='urn:n'/>", ERROR_WITH("modify", "bad-request", "item-required")},
        {"set", "<retract node='urn:n'><item/></retract>", ERROR_WITH("modify", "bad-request", "item-required")},
        {"set", "<create/>", ERROR_WITH("modify", "bad-request", "nodeid-required")},
        {"set", "<subscribe node='urn:n' jid='juliet@lab.example'/>", ERROR("cancel", "feature-not-implemented")},
        {"get", "<publish node='urn:n'><item id='1'><v xmlns='urn:v'/></item></publish>",
         ERROR("cancel", "feature-not-implemented")},
        {"get", "", ERROR("modify", "bad-request")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        request(r->juliet, cases[i].type, NULL, cases[i].content);
        rig_has(r, r->juliet, cases[i].error);
    }
    owner(r->juliet, "set", NULL, "<delete node='urn:n'/>");
    rig_has(r, r->juliet, ERROR("cancel", "item-not-found"));
    owner(r->juliet, "set", NULL, "<purge node='urn:n'/>");
    rig_has(r, r->juliet, ERROR("cancel", "item-not-found"));
    owner(r->juliet, "get", NULL, "<configure node='urn:n'/>");
    rig_has(r, r->juliet, ERROR("cancel", "item-not-found"));
    owner(r->juliet, "set", NULL, "<configure node='urn:n'/>");
    rig_has(r, r->juliet, ERROR("cancel", "item-not-found"));
    rig_say(r->juliet,
            "<iq type='get' id='q' to='tybalt@lab.example'><pubsub xmlns='" PS "'><items node='urn:n'/></pubsub></iq>");
    rig_has(r, r->juliet, ERROR("cancel", "service-unavailable"));
}

static void configuration(void **state) {
    rig *r = *state;
    publish(r, r->juliet, "urn:n", "a", OPTIONS(FIELD("pubsub#max_items", "max")));
    publish(r, r->juliet, "urn:n", "b", "");
    owner(r->juliet, "get", NULL, "<configure node='urn:n'/>");
    rig_has(r, r->juliet,
            "<pubsub xmlns='" PS "#owner'><configure node='urn:n'><x xmlns='jabber:x:data' type='form'>"
            "<field var='FORM_TYPE' type='hidden'><value>" PS "#node_config</value></field>");
    assert_non_null(
        strstr(r->text,
               "<field var='pubsub#max_items' type='text-single' label='How many items are kept'><value>max</value>"));
    assert_non_null(strstr(r->text, "</option><value>presence</value></field>"));
    owner(r->juliet, "set", NULL,
          "<configure node='urn:n'><x xmlns='jabber:x:data' type='submit'>" FIELD("FORM_TYPE", PS "#node_config")
              FIELD("pubsub#access_model", "open") FIELD("pubsub#max_items", "1")
                  FIELD("pubsub#unheard_of", "x") "</x></configure>");
    rig_expect(r->juliet, "<iq type='result' id='q' from='juliet@lab.example' to='juliet@lab.example/balcony'/>");
    request(r->nurse, "get", "juliet@lab.example", "<items node='urn:n'/>");
    rig_has(r, r->nurse, "<items node='urn:n'><item id='b'><v xmlns='urn:v'>b</v></item></items>");
    owner(r->juliet, "get", NULL, "<configure node='urn:n'/>");
    rig_has(r, r->juliet, "</option><value>open</value></field>");
    assert_non_null(strstr(r->text, "label='How many items are kept'><value>1</value>"));
    owner(r->juliet, "set", NULL, "<configure node='urn:n'><x xmlns='jabber:x:data' type='cancel'/></configure>");
    rig_has(r, r->juliet, "type='result'");
    owner(r->juliet, "set", NULL, "<configure node='urn:n'/>");
    rig_has(r, r->juliet, ERROR("modify", "bad-request"));
    owner(r->juliet, "set", NULL,
          "<configure node='urn:n'><x xmlns='jabber:x:data' type='submit'>" FIELD("FORM_TYPE", PS "#node_config")
              FIELD("pubsub#access_model", "roster") "</x></configure>");
    rig_has(r, r->juliet, ERROR("modify", "not-acceptable"));
    owner(r->juliet, "get", NULL, "<default/>");
    rig_has(r, r->juliet, "<default><x xmlns='jabber:x:data' type='form'>");
    request(r->juliet, "set", NULL, "<create node='urn:n'/>");
    rig_has(r, r->juliet, ERROR("cancel", "conflict"));
    request(r->juliet, "set", NULL,
            "<create node='urn:m'/><configure><x xmlns='jabber:x:data' type='submit'>" FIELD(
                "FORM_TYPE", PS "#node_config") FIELD("pubsub#access_model", "open") "</x></configure>");
    rig_has(r, r->juliet, "type='result'");
    request(r->nurse, "get", "juliet@lab.example", "<items node='urn:m'/>");
    rig_has(r, r->nurse, "<items node='urn:m'/>");
    request(r->juliet, "set", NULL,
            "<create node='urn:o'/><configure><x xmlns='jabber:x:data' type='submit'>" FIELD(
                "FORM_TYPE", PS "#node_config") FIELD("pubsub#access_model", "authorize") "</x></configure>");
    rig_has(r, r->juliet, ERROR("modify", "not-acceptable"));
}

static void notified_are_those_who_asked(void **state) {
    rig *r = *state;
    lab_session *garden = rig_attach(r, "juliet", "garden");
    assert_fine(lab_server_befriend(r->server, "juliet", "nurse"));
    rig_online(r, r->juliet, "urn:n+notify urn:m+notify");
    rig_online(r, garden, "urn:m+notify urn:n");
    rig_online(r, r->romeo, "urn:n+notify");
    rig_say(r->nurse, "<presence/>");
    (void)rig_drain(r->nurse), (void)rig_drain(garden), (void)rig_drain(r->juliet);
    request(r->juliet, "set", NULL, "<publish node='urn:n'><item id='1'><v xmlns='urn:v'>x</v></item></publish>");
    rig_has(r, r->juliet, "to='juliet@lab.example/balcony'><event");
    rig_has(r, r->juliet, "<iq type='result'");
    rig_has(r, r->romeo,
            " from='juliet@lab.example' to='romeo@lab.example/orchard'><event xmlns='" PS "#event'><items node='urn:n'>"
            "<item id='1'><v xmlns='urn:v'>x</v></item></items></event></message>");
    assert_non_null(strstr(r->text, "<message type='headline' id='lab-"));
    rig_nothing(r->romeo);
    rig_nothing(garden);
    rig_nothing(r->nurse);
    /* Who goes offline is told nothing. */
    rig_say(r->romeo, "<presence type='unavailable'/>");
    publish(r, r->juliet, "urn:n", "2", "");
    rig_nothing(r->romeo);
    /* Nor is who is no longer a contact. */
    rig_say(r->romeo, "<presence/>");
    (void)rig_drain(r->romeo);
    rig_say(r->juliet, "<presence to='romeo@lab.example' type='unsubscribed'/>");
    (void)rig_drain(r->romeo);
    publish(r, r->juliet, "urn:n", "3", "");
    rig_nothing(r->romeo);
}

static void changes_are_notified(void **state) {
    rig *r = *state;
    rig_online(r, r->romeo, "urn:n+notify");
    publish(r, r->juliet, "urn:n", "1", "");
    (void)rig_drain(r->romeo);
    request(r->juliet, "set", NULL, "<retract node='urn:n' notify='true'><item id='1'/></retract>");
    rig_expect(r->juliet, "<iq type='result' id='q' from='juliet@lab.example' to='juliet@lab.example/balcony'/>");
    rig_has(r, r->romeo, "<items node='urn:n'><retract id='1'/></items>");
    request(r->juliet, "set", NULL, "<retract node='urn:n'><item id='1'/></retract>");
    rig_has(r, r->juliet, ERROR("cancel", "item-not-found"));
    publish(r, r->juliet, "urn:n", "2", "");
    (void)rig_drain(r->romeo);
    owner(r->juliet, "set", NULL, "<purge node='urn:n'/>");
    rig_has(r, r->juliet, "type='result'");
    rig_has(r, r->romeo, "<event xmlns='" PS "#event'><purge node='urn:n'/></event>");
    request(r->juliet, "get", NULL, "<items node='urn:n'/>");
    rig_has(r, r->juliet, "<items node='urn:n'/>");
    owner(r->juliet, "set", NULL, "<delete node='urn:n'/>");
    rig_has(r, r->juliet, "type='result'");
    rig_has(r, r->romeo, "<event xmlns='" PS "#event'><delete node='urn:n'/></event>");
    request(r->juliet, "get", NULL, "<items node='urn:n'/>");
    rig_has(r, r->juliet, ERROR("cancel", "item-not-found"));
    /* What is not kept is still told, and what is private only to oneself. */
    publish(r, r->juliet, "urn:n", "3", OPTIONS(FIELD("pubsub#persist_items", "0")));
    rig_has(r, r->romeo, "<item id='3'>");
    request(r->juliet, "get", NULL, "<items node='urn:n'/>");
    rig_has(r, r->juliet, "<items node='urn:n'/>");
    owner(r->juliet, "set", NULL, "<delete node='urn:n'/>");
    (void)rig_drain(r->romeo), (void)rig_drain(r->juliet);
    rig_online(r, r->juliet, "urn:n+notify");
    publish(r, r->juliet, "urn:n", "4", OPTIONS(FIELD("pubsub#access_model", "whitelist")));
    (void)rig_drain(r->juliet);
    assert_true(
        rig_saw(r, "to='juliet@lab.example/balcony'><event xmlns='" PS "#event'><items node='urn:n'><item id='4'>"));
    assert_false(
        rig_saw(r, "to='romeo@lab.example/orchard'><event xmlns='" PS "#event'><items node='urn:n'><item id='4'>"));
}

#define CAPS(ver)                                                                                                      \
    "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:test' ver='" ver "'/></presence>"
#define INFO(id, to, features)                                                                                         \
    "<iq type='result' id='" id "' to='" to "'><query xmlns='http://jabber.org/protocol/disco#info'>" features         \
    "</query></iq>"

static void last_item_on_presence(void **state) {
    rig *r = *state;
    publish(r, r->juliet, "urn:n", "1", "");
    publish(r, r->juliet, "urn:quiet", "1", OPTIONS(FIELD("pubsub#send_last_published_item", "never")));
    publish(r, r->romeo, "urn:n", "own", "");
    rig_say(r->romeo, CAPS("a"));
    rig_has(r, r->romeo, "<presence");
    rig_expect(r->romeo, "<iq type='get' id='lab-1' from='romeo@lab.example' to='romeo@lab.example/orchard'>"
                         "<query xmlns='http://jabber.org/protocol/disco#info' node='urn:test#a'/></iq>");
    rig_nothing(r->romeo);
    rig_say(r->romeo,
            INFO("lab-1", "romeo@lab.example", "<feature var='urn:n+notify'/><feature var='urn:quiet+notify'/>"));
    rig_has(r, r->romeo,
            "from='juliet@lab.example' to='romeo@lab.example/orchard'><event xmlns='" PS
            "#event'><items node='urn:n'><item id='1'>");
    rig_has(r, r->romeo,
            "from='romeo@lab.example' to='romeo@lab.example/orchard'><event xmlns='" PS
            "#event'><items node='urn:n'><item id='own'>");
    rig_nothing(r->romeo);
    /* Later presence brings nothing again, a new wish brings what is new. */
    rig_say(r->romeo, CAPS("a"));
    rig_has(r, r->romeo, "<presence");
    rig_nothing(r->romeo);
    publish(r, r->juliet, "urn:m", "2", "");
    rig_say(r->romeo, CAPS("b"));
    rig_has(r, r->romeo, "<presence");
    rig_has(r, r->romeo, "node='urn:test#b'");
    assert_non_null(strstr(r->text, "id='lab-4'"));
    rig_say(r->romeo, INFO("lab-4", "romeo@lab.example", "<feature var='urn:n+notify'/><feature var='urn:m+notify'/>"));
    rig_has(r, r->romeo, "<items node='urn:m'><item id='2'>");
    rig_nothing(r->romeo);
    /* Coming back brings everything, without a question. */
    rig_say(r->romeo, "<presence type='unavailable'/>");
    rig_say(r->romeo, CAPS("b"));
    rig_has(r, r->romeo, "<presence");
    rig_has(r, r->romeo, "<items node='urn:n'><item id='1'>");
    rig_has(r, r->romeo, "<items node='urn:m'><item id='2'>");
    rig_has(r, r->romeo, "<items node='urn:n'><item id='own'>");
    rig_nothing(r->romeo);
}

/* What a client tells anybody of itself counts as well. */
static void features_from_any_answer(void **state) {
    rig *r = *state;
    publish(r, r->juliet, "urn:n", "1", "");
    rig_say(r->romeo, "<presence/>");
    (void)rig_drain(r->romeo);
    rig_say(r->romeo, INFO("x", "juliet@lab.example/balcony", "<feature var='urn:n+notify'/>"));
    rig_has(r, r->juliet, "disco#info");
    rig_has(r, r->romeo, "<items node='urn:n'>");
    /* But not what is said of some other node of the client. */
    rig_say(r->romeo, "<iq type='result' id='y' to='juliet@lab.example/balcony'><query "
                      "xmlns='http://jabber.org/protocol/disco#info' node='other'/></iq>");
    publish(r, r->juliet, "urn:n", "2", "");
    rig_has(r, r->romeo, "<item id='2'>");
}

static void planted(void **state) {
    rig *r = *state;
    rig_online(r, r->romeo, "urn:n+notify");
    assert_fine(lab_server_plant(r->server, "juliet", "urn:n", "1", bytes_text("<v xmlns='urn:evil'/>"), true));
    rig_has(r, r->romeo, "<item id='1'><v xmlns='urn:evil'/></item>");
    assert_fine(lab_server_plant(r->server, "juliet", "urn:n", "2", bytes_text("<v xmlns='urn:quiet'/>"), false));
    rig_nothing(r->romeo);
    request(r->nurse, "get", "juliet@lab.example", "<items node='urn:n'/>");
    rig_has(r, r->nurse, "<item id='1'><v xmlns='urn:evil'/></item><item id='2'><v xmlns='urn:quiet'/></item>");
    assert_fine(lab_server_plant(r->server, "juliet", "urn:n", "1", BYTES_NONE, true));
    rig_has(r, r->romeo, "<retract id='1'/>");
    assert_status(lab_server_plant(r->server, "juliet", "urn:n", "1", BYTES_NONE, true), NOT_FOUND);
    assert_status(lab_server_plant(r->server, "juliet", "urn:none", "1", BYTES_NONE, true), NOT_FOUND);
    assert_status(lab_server_plant(r->server, "tybalt", "urn:n", "1", BYTES_NONE, true), NOT_FOUND);
    assert_status(lab_server_plant(r->server, "juliet", "urn:n", "1", bytes_text("<v"), true), MALFORMED);
}

const struct CMUnitTest pep_tests[] = {
    cmocka_unit_test_setup_teardown(publish_and_items, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(several_items, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(options_and_preconditions, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(access_models, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(only_the_owner_changes, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(bad_requests, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(configuration, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(notified_are_those_who_asked, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(changes_are_notified, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(last_item_on_presence, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(features_from_any_answer, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(planted, rig_setup, rig_teardown),
};
const size_t pep_tests_count = sizeof pep_tests / sizeof pep_tests[0];
