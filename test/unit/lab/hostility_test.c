/* SPDX-License-Identifier: ISC
 *
 * What a hostile server can be told to do, and that it saw everything. */
#include "rig.h"

/* Fates for messages, by id: on the way in, or on the way out. */
typedef struct script {
    bool out;
    struct {
        const char *id;
        lab_fate fate;
        const char *instead;
        uint64_t until_ms;
    } rules[8];
    size_t calls;
} script;

static lab_fate follow(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                       uint64_t *ret_until_ms) {
    script *s = arg;
    s->calls++;
    if (to_client != s->out || !stanza_is(stanza, "message", NULL)) return LAB_PASS;
    for (size_t i = 0; i < sizeof s->rules / sizeof s->rules[0] && s->rules[i].id; i++) {
        if (!bytes_is(stanza_attribute_of(stanza, "id"), s->rules[i].id)) continue;
        if (s->rules[i].instead) *ret_instead = bytes_text(s->rules[i].instead);
        *ret_until_ms = s->rules[i].until_ms;
        return s->rules[i].fate;
    }
    return LAB_PASS;
}

static void say(lab_session *session, const char *id) {
    char stanza[256];
    (void)snprintf(stanza, sizeof stanza,
                   "<message to='romeo@lab.example/orchard' type='chat' id='%s'><body>%s</body></message>", id, id);
    rig_say(session, stanza);
}

/* The ids of all messages that wait, joined. */
static const char *ids(rig *r, lab_session *session) {
    sotto_bytes got;
    char *out = r->text;
    *out = 0;
    while (lab_session_next(session, &got)) {
        const char *at = memmem(got.at, got.len, " id='", 5);
        assert_non_null(at);
        *out++ = at[5];
        *out = 0;
    }
    return r->text;
}

static void drop_and_repeat(void **state) {
    rig *r = *state;
    for (int out = 0; out < 2; out++) {
        script s = {.out = out == 1, .rules = {{"b", LAB_DROP, NULL, 0}, {"c", LAB_REPEAT, NULL, 0}}};
        lab_server_hook(r->server, follow, &s);
        say(r->juliet, "a"), say(r->juliet, "b"), say(r->juliet, "c"), say(r->juliet, "d");
        assert_string_equal(ids(r, r->romeo), "accd");
        assert_true(s.calls >= 7);
        lab_server_hook(r->server, NULL, NULL);
    }
    assert_true(rig_saw(r, "<body>b</body>"));
}

static void delay(void **state) {
    rig *r = *state;
    for (int out = 0; out < 2; out++) {
        uint64_t now = 1700000000000 + (uint64_t)out * 100000;
        lab_server_time(r->server, now);
        script s = {.out = out == 1,
                    .rules = {{"a", LAB_DELAY, NULL, now + 5000},
                              {"b", LAB_DELAY, NULL, now + 2000},
                              {"c", LAB_DELAY, NULL, now + 2000}}};
        lab_server_hook(r->server, follow, &s);
        say(r->juliet, "a"), say(r->juliet, "b"), say(r->juliet, "c"), say(r->juliet, "d");
        assert_string_equal(ids(r, r->romeo), "d");
        lab_server_time(r->server, now + 1999);
        assert_string_equal(ids(r, r->romeo), "");
        lab_server_time(r->server, now + 2000);
        assert_string_equal(ids(r, r->romeo), "bc");
        lab_server_time(r->server, now + 9000);
        assert_string_equal(ids(r, r->romeo), "a");
        lab_server_hook(r->server, NULL, NULL);
    }
}

static void reorder(void **state) {
    rig *r = *state;
    for (int out = 0; out < 2; out++) {
        script s = {.out = out == 1,
                    .rules = {{"a", LAB_REORDER, NULL, 0}, {"d", LAB_REORDER, NULL, 0}, {"e", LAB_REORDER, NULL, 0}}};
        lab_server_hook(r->server, follow, &s);
        say(r->juliet, "a");
        assert_string_equal(ids(r, r->romeo), "");
        say(r->juliet, "b"), say(r->juliet, "c");
        assert_string_equal(ids(r, r->romeo), "bac");
        say(r->juliet, "d"), say(r->juliet, "e"), say(r->juliet, "f");
        assert_string_equal(ids(r, r->romeo), "fed");
        lab_server_hook(r->server, NULL, NULL);
    }
}

static void alter(void **state) {
    rig *r = *state;
    const char *forged =
        "<message from='nurse@lab.example/x' to='romeo@lab.example/orchard' id='z'><body>forged</body></message>";
    for (int out = 0; out < 2; out++) {
        script s = {.out = out == 1, .rules = {{"a", LAB_ALTER, forged, 0}}};
        lab_server_hook(r->server, follow, &s);
        say(r->juliet, "a");
        rig_has(r, r->romeo, "<body>forged</body>");
        assert_non_null(strstr(r->text, "from='nurse@lab.example/x'"));
        rig_nothing(r->romeo);
        lab_server_hook(r->server, NULL, NULL);
    }
    assert_true(rig_saw(r, "<body>a</body>"));
    assert_true(rig_saw(r, forged));
    /* Garbage is nothing on the way in, and arrives on the way out. */
    script in = {.rules = {{"a", LAB_ALTER, "<garbage", 0}}};
    lab_server_hook(r->server, follow, &in);
    say(r->juliet, "a");
    rig_nothing(r->romeo);
    script to_nobody = {.rules = {{"a", LAB_ALTER, "<message to='@'/>", 0}}};
    lab_server_hook(r->server, follow, &to_nobody);
    say(r->juliet, "a");
    rig_nothing(r->juliet);
    script out = {.out = true, .rules = {{"a", LAB_ALTER, "<garbage", 0}}};
    lab_server_hook(r->server, follow, &out);
    say(r->juliet, "a");
    rig_expect(r->romeo, "<garbage");
}

static void held_back_when_the_session_ends(void **state) {
    rig *r = *state;
    script s = {.rules = {{"a", LAB_REORDER, NULL, 0}, {"b", LAB_DELAY, NULL, 1700000009000}}};
    lab_server_hook(r->server, follow, &s);
    say(r->juliet, "a"), say(r->juliet, "b");
    lab_session_detach(r->juliet);
    assert_string_equal(ids(r, r->romeo), "a");
    lab_server_time(r->server, 1700000009000);
    assert_string_equal(ids(r, r->romeo), "b");
    r->juliet = rig_attach(r, "juliet", "balcony");
    s = (script){.out = true, .rules = {{"c", LAB_REORDER, NULL, 0}, {"d", LAB_DELAY, NULL, 1700000099000}}};
    say(r->juliet, "c"), say(r->juliet, "d");
    assert_string_equal(ids(r, r->romeo), "");
    lab_session_detach(r->romeo);
    r->romeo = rig_attach(r, "romeo", "orchard");
    lab_server_hook(r->server, NULL, NULL);
    lab_server_time(r->server, 1700000100000);
    rig_nothing(r->romeo);
    rig_say(r->romeo, "<presence/>");
    rig_has(r, r->romeo, "<presence");
    assert_string_equal(ids(r, r->romeo), "cd");
    /* A server that is freed lets go of what it holds back. */
    s = (script){.out = true, .rules = {{"c", LAB_REORDER, NULL, 0}}};
    lab_server_hook(r->server, follow, &s);
    say(r->juliet, "c");
}

static void answers_and_notifications_pass_the_hook(void **state) {
    rig *r = *state;
    rig_online(r, r->romeo, "urn:n+notify");
    script s = {.out = true, .rules = {{"lab-2", LAB_DROP, NULL, 0}}};
    lab_server_hook(r->server, follow, &s);
    rig_say(
        r->juliet,
        "<iq type='set' id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:n'><item id='1'>"
        "<v xmlns='urn:v'/></item></publish></pubsub></iq>");
    rig_nothing(r->romeo);
    assert_true(rig_saw(r, "<message type='headline' id='lab-2'"));
    assert_int_equal(s.calls, 3);
}

static void inject(void **state) {
    rig *r = *state;
    const char *push = "<iq type='set' id='e' from='evil@lab.example'><query xmlns='jabber:iq:roster'/></iq>";
    assert_fine(lab_session_inject(r->juliet, bytes_text(push)));
    rig_expect(r->juliet, push);
    assert_fine(lab_session_inject(r->juliet, bytes_text("not even XML <")));
    rig_expect(r->juliet, "not even XML <");
    assert_true(rig_saw(r, push));
    assert_fine(lab_session_inject(r->juliet, bytes_text("<")));
    lab_session_detach(r->juliet);
}

static void saw_everything_in_order(void **state) {
    rig *r = *state;
    rig_say(r->juliet, "<presence/>");
    rig_say(r->juliet, "<message to='romeo@lab.example' type='chat' id='1'><body>secret</body></message>");
    rig_say(r->juliet, "<iq type='get' id='2' to='lab.example'><ping xmlns='urn:xmpp:ping'/></iq>");
    sotto_bytes saw = lab_server_saw(r->server);
    assert_true(bytes_is(
        saw,
        "<presence from='juliet@lab.example/balcony'/>\n"
        "<message type='chat' id='1' from='juliet@lab.example/balcony' "
        "to='romeo@lab.example'><body>secret</body></message>\n"
        "<iq type='get' id='2' from='juliet@lab.example/balcony' to='lab.example'><ping xmlns='urn:xmpp:ping'/></iq>\n"
        "<iq type='result' id='2' from='lab.example' to='juliet@lab.example/balcony'/>\n"));
}

/* What a client may make the server hold has an end, each with its error. */
static void limits(void **state) {
    rig *r = *state;
    char stanza[512];
    for (int i = 0; i < 10000; i++) say(r->juliet, "a");
    (void)rig_drain(r->romeo);
    for (int i = 0; i < 10000; i++) {
        rig_say(r->juliet, "<message to='nurse@lab.example' type='chat' id='1'><body>x</body></message>");
    }
    rig_nothing(r->juliet);
    rig_say(r->juliet, "<message to='nurse@lab.example' type='chat' id='1'><body>x</body></message>");
    rig_has(r, r->juliet, "<service-unavailable");
    rig_say(r->nurse, "<presence/>");
    assert_int_equal(rig_drain(r->nurse), 10001);
    for (int i = 0; i <= 2000; i++) {
        (void)snprintf(stanza, sizeof stanza,
                       "<iq type='set' id='n'><pubsub xmlns='http://jabber.org/protocol/pubsub'><create "
                       "node='n%d'/></pubsub></iq>",
                       i);
        rig_say(r->juliet, stanza);
        rig_has(r, r->juliet, i < 2000 ? "type='result'" : "<max-nodes-exceeded");
    }
    for (int i = 0; i <= 2000; i++) {
        (void)snprintf(stanza, sizeof stanza,
                       "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='a%d@b.example'/></query></iq>",
                       i);
        rig_say(r->nurse, stanza);
        rig_has(r, r->nurse, i < 2000 ? "type='result'" : "<error type='wait'><resource-constraint");
    }
    for (int i = 0; i <= 1000; i++) {
        (void)snprintf(stanza, sizeof stanza, "<presence to='romeo@lab.example/r%d'/>", i);
        rig_say(r->nurse, stanza);
    }
    rig_has(r, r->nurse, "<error type='wait'><resource-constraint");
}

/* Stanzas with a few bytes changed at random: refused or answered, nothing worse. */
static void noise(void **state) {
    rig *r = *state;
    static const char *const seeds[] = {
        "<message to='romeo@lab.example/orchard' type='chat' id='1'><body>Ay me!</body><x xmlns='urn:x'/></message>",
        "<presence><priority>5</priority><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' "
        "ver='v'/></presence>",
        "<presence to='nurse@lab.example' type='subscribe'/>",
        "<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='a@b' "
        "name='c'><group>d</group></item></query></iq>",
        "<iq type='set' id='2'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'><item id='1'><p "
        "xmlns='urn:p'/>"
        "</item></publish><publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
        "<value>http://jabber.org/protocol/pubsub#publish-options</value></field><field "
        "var='pubsub#max_items'><value>2</value>"
        "</field></x></publish-options></pubsub></iq>",
        "<iq type='result' id='lab-1'><query xmlns='http://jabber.org/protocol/disco#info'><feature "
        "var='n+notify'/></query></iq>",
        "<iq type='get' id='3'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='n' "
        "max_items='1'/></pubsub></iq>",
    };
    uint32_t random = 1;
    size_t taken = 0;
    for (int i = 0; i < 7000; i++) {
        char text[1024];
        const char *seed = seeds[(size_t)i % (sizeof seeds / sizeof seeds[0])];
        size_t len = strlen(seed);
        memcpy(text, seed, len);
        for (int change = 0; change < 1 + i % 3; change++) {
            random = random * 1664525u + 1013904223u;
            text[(random >> 8) % len] = seeds[0][(random >> 20) % 60];
        }
        sotto_status status = lab_session_send(r->juliet, bytes_of(text, len));
        assert_true(sotto_class(status) == SOTTO_CLASS_OK || sotto_class(status) == SOTTO_CLASS_PEER);
        if (sotto_ok(status)) taken++;
        (void)rig_drain(r->juliet), (void)rig_drain(r->romeo), (void)rig_drain(r->nurse);
    }
    assert_true(taken > 500 && taken < 7000);
}

/* Memory that runs out while a session ends must not leave its parked stanzas with a session that is gone. */
static void memory_while_the_session_ends(void **state) {
    rig *r = *state;
    lab_server_time(r->server, 1700000000000);
    for (long fail_at = 1; fail_at < 12; fail_at++) {
        lab_session *phone = rig_attach(r, "juliet", "phone");
        script s = {.rules = {{"a", LAB_REORDER, NULL, 0}, {"b", LAB_DELAY, NULL, 1700000000000 + 1000}}};
        lab_server_hook(r->server, follow, &s);
        say(phone, "b"), say(phone, "a");
        r->fail_at = fail_at;
        lab_session_detach(phone);
        r->fail_at = 0;
        lab_server_time(r->server, 1700000000000 + 1000);
        lab_server_hook(r->server, NULL, NULL);
        const char *got = ids(r, r->romeo);
        assert_true(strchr(got, 'b') != NULL);
        lab_server_time(r->server, 1700000000000);
    }
}

const struct CMUnitTest hostility_tests[] = {
    cmocka_unit_test_setup_teardown(drop_and_repeat, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(delay, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(reorder, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(alter, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(held_back_when_the_session_ends, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(memory_while_the_session_ends, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(answers_and_notifications_pass_the_hook, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(inject, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(saw_everything_in_order, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(limits, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(noise, rig_setup, rig_teardown),
};
const size_t hostility_tests_count = sizeof hostility_tests / sizeof hostility_tests[0];
