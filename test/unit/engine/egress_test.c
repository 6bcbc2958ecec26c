/* SPDX-License-Identifier: ISC
 *
 * The golden table of what may leave in the clear, and which class each stanza is of. */
#include "engine_rig.h"

#include <stdio.h>

#include "engine/egress.h"

#ifndef POLICY_FOLDER
#error "the build says where test/policy is"
#endif

/* The whole table as text: the same as test/policy/egress.txt, or the difference is what a reviewer must look at. */
static void test_the_table_is_the_golden_text(void **state) {
    (void)state;
    static char text[32768];
    size_t len = 0;
    for (unsigned class = 0; class < ENGINE_CLASS_COUNT; class ++)
        for (unsigned policy = 0; policy <= ENGINE_POLICY_ALWAYS; policy++)
            for (unsigned prospect = 0; prospect < ENGINE_PROSPECT_COUNT; prospect++)
                len +=
                    (size_t)snprintf(text + len, sizeof text - len, "%-22s %-7s %-10s %s\n", engine_class_name(class),
                                     engine_policy_name(policy), engine_prospect_name(prospect),
                                     engine_fate_name(engine_egress(class, policy, prospect)));
    static char golden[32768];
    FILE *file = fopen(POLICY_FOLDER "/egress.txt", "r");
    assert_non_null(file);
    golden[fread(golden, 1, sizeof golden - 1, file)] = 0;
    fclose(file);
    const char *table = strstr(golden, "presence-broadcast");
    assert_non_null(table);
    assert_string_equal(table, text);
}

static void test_nothing_unknown_leaves_in_the_clear(void **state) {
    (void)state;
    assert_int_equal(engine_egress(ENGINE_CLASS_COUNT, ENGINE_POLICY_AUTO, ENGINE_PROSPECT_NEVER), ENGINE_REFUSE);
    assert_int_equal(engine_egress(ENGINE_MESSAGE, (engine_policy)9, ENGINE_PROSPECT_NEVER), ENGINE_REFUSE);
    assert_int_equal(engine_egress(ENGINE_MESSAGE, ENGINE_POLICY_AUTO, ENGINE_PROSPECT_COUNT), ENGINE_REFUSE);
}

static const struct {
    const char *class, *stanza;
} samples[] = {
    {"presence-broadcast", "<presence/>"},
    {"presence-broadcast", "<presence><show>away</show><status>at the ball</status></presence>"},
    {"presence-subscription", "<presence to='r@m.example' type='subscribe'/>"},
    {"presence-subscription", "<presence to='r@m.example' type='unsubscribed'/>"},
    {"presence-room", "<presence to='room@muc.example/nick'><x xmlns='http://jabber.org/protocol/muc'/></presence>"},
    {"presence-room", "<presence to='room@muc.example/nick' type='unavailable'/>"},
    {"presence-empty", "<presence to='r@m.example'/>"},
    {"presence-empty", "<presence to='r@m.example'><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' "
                       "ver='v'/></presence>"},
    {"presence-directed", "<presence to='r@m.example'><status>I love you</status></presence>"},
    {"presence-directed", "<presence to='r@m.example' type='unavailable'><status>good night</status></presence>"},
    {"iq-server", "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>"},
    {"iq-server", "<iq type='get' id='1' to='m.example'><vCard xmlns='vcard-temp'/></iq>"},
    {"iq-server", "<iq type='get' id='1' to='r@m.example'><pubsub xmlns='http://jabber.org/protocol/pubsub'/></iq>"},
    {"iq-discovery",
     "<iq type='get' id='1' to='r@m.example/x'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"},
    {"iq-discovery", "<iq type='get' id='1' to='r@m.example/x'><ping xmlns='urn:xmpp:ping'/></iq>"},
    {"iq-discovery", "<iq type='result' id='1' to='r@m.example/x'/>"},
    {"iq-discovery", "<iq type='error' id='1' to='r@m.example/x'><error type='cancel'/></iq>"},
    {"iq-content", "<iq type='error' id='1' to='r@m.example/x'><secret xmlns='x'/><error type='cancel'/></iq>"},
    {"iq-content", "<iq type='set' id='1' to='r@m.example/x'><jingle xmlns='urn:xmpp:jingle:1'/></iq>"},
    {"iq-content", "<iq type='get' id='1' to='r@m.example/x'><ping xmlns='urn:xmpp:ping'/><secret xmlns='x'/></iq>"},
    {"iq-content", "<iq type='get' id='1' to='r@m.example/x'/>"},
    {"message", "<message to='r@m.example'><body>hi</body></message>"},
    {"message", "<message to='r@m.example'/>"},
    {"message",
     "<message to='r@m.example' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>"},
    {"message", "<message to='r@m.example' type='headline'><unknown xmlns='x'/></message>"},
    {"message", "<message to='r@m.example' type='error'><body>what you said</body><error type='cancel'/></message>"},
    {"message-error", "<message to='r@m.example' type='error'><error type='cancel'/></message>"},
    {"message-groupchat", "<message to='room@muc.example' type='groupchat'><body>hi</body></message>"},
};

static sotto_status classify(bytes_arena *arena, const char *text, engine_class *ret) {
    const stanza_element *stanza;
    SOTTO_TRY(stanza_parse(arena, bytes_text(text), &stanza));
    sotto_bytes to_text = stanza_attribute_of(stanza, "to");
    stanza_jid to;
    if (to_text.at != NULL) SOTTO_TRY(stanza_jid_parse(arena, to_text, &to));
    return engine_classify(stanza, to_text.at != NULL ? &to : NULL, ret);
}

static void test_each_stanza_has_its_class(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        bytes_arena arena;
        bytes_arena_init(&arena, sotto_host_default(), 1 << 20);
        engine_class class;
        assert_ok(classify(&arena, samples[i].stanza, &class));
        if (strcmp(engine_class_name(class), samples[i].class) != 0) print_error("%s\n", samples[i].stanza);
        assert_string_equal(engine_class_name(class), samples[i].class);
        bytes_arena_clear(&arena);
    }
}

static void test_what_is_no_stanza_is_malformed(void **state) {
    (void)state;
    static const char *const wrong[] = {"<message to='r@m.example' type='shout'><body>hi</body></message>",
                                        "<message><body>to nobody</body></message>",
                                        "<iq to='r@m.example/x' id='1'><x xmlns='y'/></iq>",
                                        "<iq type='maybe' id='1'/>",
                                        "<note to='r@m.example'/>",
                                        "<message xmlns='jabber:server' to='r@m.example'><body>hi</body></message>"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        bytes_arena arena;
        bytes_arena_init(&arena, sotto_host_default(), 1 << 20);
        engine_class class;
        assert_status(classify(&arena, wrong[i], &class), MALFORMED);
        bytes_arena_clear(&arena);
    }
}

const struct CMUnitTest egress_tests[] = {
    cmocka_unit_test(test_the_table_is_the_golden_text),
    cmocka_unit_test(test_nothing_unknown_leaves_in_the_clear),
    cmocka_unit_test(test_each_stanza_has_its_class),
    cmocka_unit_test(test_what_is_no_stanza_is_malformed),
};
const size_t egress_count = sizeof egress_tests / sizeof *egress_tests;
