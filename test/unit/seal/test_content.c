/* SPDX-License-Identifier: ISC
 *
 * What 0.3, which protects the text of <body/> alone, makes of everything else: the golden table, and each of its rows
 * done. romeo has a device that knows 0.3 only; juliet has both. */
#include <stdio.h>
#include <stdlib.h>

#include "groups.h"
#include "seal/omemo/content.h"
#include "two.h"

#ifndef POLICY_FOLDER
#error "the build says where test/policy is"
#endif

/* ---- the table as text ---- */

/* The whole table: the same as test/policy/content.txt, or the difference is what a reviewer must look at. */
static void test_table_is_the_golden_text(void **state) {
    (void)state;
    static char have[16384], golden[16384];
    size_t len = 0;
    for (const omemo_content_rule *rule = omemo_content_rules;; rule++) {
        len += (size_t)snprintf(have + len, sizeof have - len, "%-16s %-39s %-17s %-9s %s\n", rule->what,
                                rule->ns ? rule->ns : "(anything else)", omemo_fate_name(rule->fate),
                                omemo_alone_name(rule->alone), omemo_found_name(rule->found));
        assert_true(len < sizeof have);
        if (!rule->ns) break;
    }
    FILE *file = fopen(POLICY_FOLDER "/content.txt", "r");
    assert_non_null(file);
    size_t read = fread(golden, 1, sizeof golden - 1, file);
    golden[read] = 0;
    fclose(file);
    const char *table = strstr(golden, "\n\n"); /* what it is about stands before it */
    assert_non_null(table);
    assert_string_equal(table + 2, have);
}

/* ---- rows ---- */

typedef struct sample {
    const char *what; /* of the table */
    const char *xml;
    const char *secret; /* what must not be in the clear; NULL: nothing is secret */
    const char *clear;  /* what must be there; NULL: nothing */
} sample;

static const sample samples[] = {
    {"subject", "<subject>hush topic</subject>", "hush", NULL},
    {"thread", "<thread>e0ffe42b</thread>", NULL, "e0ffe42b"},
    {"correction", "<replace xmlns='urn:xmpp:message-correct:0' id='old-1'/>", NULL, "old-1"},
    {"reply", "<reply xmlns='urn:xmpp:reply:0' to='" ROMEO "/x' id='old-2'/>", NULL, "old-2"},
    {"fallback", "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='3'/></fallback>",
     "fallback", NULL},
    {"retraction", "<retract xmlns='urn:xmpp:message-retract:1' id='old-3'/>", "old-3", NULL},
    {"reaction", "<reactions xmlns='urn:xmpp:reactions:0' id='old-4'><reaction>hush</reaction></reactions>", "hush",
     NULL},
    {"receipt request", "<request xmlns='urn:xmpp:receipts'/>", NULL, "<request "},
    {"receipt", "<received xmlns='urn:xmpp:receipts' id='old-5'/>", "old-5", NULL},
    {"marker request", "<markable xmlns='urn:xmpp:chat-markers:0'/>", NULL, "<markable "},
    {"marker", "<displayed xmlns='urn:xmpp:chat-markers:0' id='old-6'/>", "old-6", NULL},
    {"chat state", "<composing xmlns='http://jabber.org/protocol/chatstates'/>", "composing", NULL},
    {"call set-up", "<propose xmlns='urn:xmpp:jingle-message:0' id='hush'/>", "hush", NULL},
    {"call set-up", "<jingle xmlns='urn:xmpp:jingle:1' sid='hush'/>", "hush", NULL},
    {"call set-up", "<invite xmlns='urn:xmpp:call-invites:0' hush='1'/>", "hush", NULL},
    {"attention", "<attention xmlns='urn:xmpp:attention:0'/>", "urn:xmpp:attention:0", NULL},
    {"file sharing", "<x xmlns='jabber:x:oob'><url>https://hush.example/</url></x>", "hush", NULL},
    {"file sharing", "<file-sharing xmlns='urn:xmpp:sfs:0' id='hush'/>", "hush", NULL},
    {"file sharing", "<reference xmlns='urn:xmpp:reference:0' uri='hush'/>", "hush", NULL},
    {"file sharing", "<data xmlns='urn:xmpp:bob' cid='hush'/>", "hush", NULL},
    {"origin id", "<origin-id xmlns='urn:xmpp:sid:0' id='old-7'/>", NULL, "old-7"},
    {"unknown", "<hush xmlns='urn:example:new'/>", "hush", NULL},
};
#define SAMPLES (sizeof samples / sizeof samples[0])

static void old_start(two *t) {
    world_start(&t->w, sotto_seal_omemo());
    t->juliet = world_join(&t->w, JULIET);
    t->w.without = MODERN;
    t->romeo = world_join(&t->w, ROMEO);
    world_go_online(t->juliet, true);
    world_go_online(t->romeo, true);
}

static const omemo_content_rule *rule_of(two *t, const sample *s) {
    const stanza_element *stanza = world_parse(&t->w, world_text(&t->w, "<message>%s</message>", s->xml));
    const omemo_content_rule *rule = omemo_content_rule_of(stanza_first(stanza));
    assert_string_equal(rule->what, s->what);
    return rule;
}

/* Every row but the body's, which all the others have beside them, has a sample. */
static void test_every_row_has_a_sample(void **state) {
    (void)state;
    two t;
    old_start(&t);
    for (const omemo_content_rule *rule = omemo_content_rules + 1;; rule++) {
        bool found = false;
        for (size_t i = 0; i < SAMPLES; i++) found = found || rule_of(&t, &samples[i]) == rule;
        if (!found) fail_msg("'%s' in '%s' has no sample", rule->what, rule->ns ? rule->ns : "");
        if (!rule->ns) break;
    }
    two_end(&t);
}

/* Beside a body: what is in the clear, what is said, and what the reader is handed. */
static void test_T6_beside_a_body(void **state) {
    (void)state;
    two t;
    old_start(&t);
    for (size_t i = 0; i < SAMPLES; i++) {
        const sample *s = &samples[i];
        const omemo_content_rule *rule = rule_of(&t, s);
        size_t events = world_events(t.juliet, SOTTO_EVENT_REDUCED);
        sotto_bytes sealed,
            text =
                world_text(&t.w, "<message to='" ROMEO "' type='chat' id='m'><body>words</body>%s</message>", s->xml);
        assert_code(world_seal(t.juliet, (const char *)text.at, &sealed), 0);
        assert_false(has(sealed, "words"));
        assert_true(has(sealed, "xmlns='" AXOLOTL "'"));
        if (s->secret) assert_false(has(sealed, s->secret));
        if (s->clear) assert_true(has(sealed, s->clear));
        bool clear = rule->fate == OMEMO_CLEAR || rule->fate == OMEMO_CLEAR_SAID;
        assert_int_equal(clear, s->clear != NULL);
        bool said = rule->fate == OMEMO_CLEAR_SAID || rule->fate == OMEMO_DROPPED_SAID;
        assert_int_equal(world_events(t.juliet, SOTTO_EVENT_REDUCED), events + (said ? 1 : 0));
        if (said) {
            const world_event *event = world_last_event(t.juliet, SOTTO_EVENT_REDUCED);
            assert_text(event->text, s->what);
            assert_text(event->jid, ROMEO);
            assert_text(event->seal, "omemo:0.3");
            assert_int_equal(event->ticket, 1);
            assert_int_equal(event->number, 1);
            assert_int_equal(event->device, world_device_id(t.romeo));
        }
        world_read read = world_open(t.romeo, t.juliet, sealed, NULL);
        assert_int_equal(read.opened.outcome, SEAL_OPENED);
        assert_text(read.opened.key.dialect, "omemo:0.3");
        const stanza_element *opened = world_parse(&t.w, read.opened.stanza);
        assert_int_equal(stanza_count(opened), rule->found == OMEMO_FOUND_HINT ? 2 : 1);
        const stanza_element *hints = stanza_child(opened, "unprotected", OMEMO_NS_UNPROTECTED);
        assert_int_equal(hints != NULL, rule->found == OMEMO_FOUND_HINT);
        assert_non_null(stanza_child(opened, "body", STANZA_NS_CLIENT));
        world_pass_controls(t.romeo);
    }
    two_end(&t);
}

/* What a server, or anybody on the way, adds beside the encryption acts on nothing (T6): it is not in the stanza, or is
 * a hint, and the body is there in any case. */
static void test_T6_added_on_the_way(void **state) {
    (void)state;
    two t;
    old_start(&t);
    for (size_t i = 0; i < SAMPLES; i++) {
        const omemo_content_rule *rule = rule_of(&t, &samples[i]);
        sotto_bytes sealed = world_say(t.juliet, ROMEO, "words");
        const char *with = (const char *)world_text(&t.w, "%s</message>", samples[i].xml).at;
        world_read read = world_open(t.romeo, t.juliet, world_replace(&t.w, sealed, "</message>", with), NULL);
        assert_int_equal(read.opened.outcome, SEAL_OPENED);
        const stanza_element *opened = world_parse(&t.w, read.opened.stanza), *body = stanza_first(opened);
        sotto_bytes words = BYTES_NONE;
        assert_true(stanza_is(body, "body", STANZA_NS_CLIENT));
        assert_true(stanza_text(body, &t.w.memory, &words));
        assert_text(words, "words");
        const stanza_element *hints = stanza_next(opened, body);
        assert_int_equal(hints != NULL, rule->found == OMEMO_FOUND_HINT);
        if (hints) assert_true(stanza_is(hints, "unprotected", OMEMO_NS_UNPROTECTED) && !stanza_next(opened, hints));
        world_pass_controls(t.romeo);
    }
    two_end(&t);
}

/* Without a body: refused, or not sent; and nothing changed by that. */
static void test_alone(void **state) {
    (void)state;
    two t;
    old_start(&t);
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "first"), "first");
    for (size_t i = 0; i < SAMPLES; i++) {
        const omemo_content_rule *rule = rule_of(&t, &samples[i]);
        sotto_bytes sealed, before = world_records(t.juliet);
        sotto_bytes text = world_text(&t.w, "<message to='" ROMEO "' type='chat'>%s</message>", samples[i].xml);
        size_t events = t.juliet->event_count;
        if (rule->alone == OMEMO_ALONE_SILENT) {
            assert_true(world_seal_nothing(t.juliet, (const char *)text.at));
        } else {
            assert_code(world_seal(t.juliet, (const char *)text.at, &sealed), SOTTO_E_CANNOT_PROTECT);
        }
        assert_int_equal(t.juliet->event_count, events);
        assert_true(bytes_equal(before, world_records(t.juliet)));
    }
    two_end(&t);
}

/* Nothing at all, an empty body, a body in two languages. */
static void test_bodies(void **state) {
    (void)state;
    two t;
    old_start(&t);
    sotto_bytes sealed;
    assert_code(world_seal(t.juliet, "<message to='" ROMEO "'/>", &sealed), SOTTO_E_CANNOT_PROTECT);
    assert_code(world_seal(t.juliet, "<message to='" ROMEO "'><body/></message>", &sealed), SOTTO_E_CANNOT_PROTECT);
    assert_code(world_seal(t.juliet, "<message to='" ROMEO "'><store xmlns='urn:xmpp:hints'/></message>", &sealed),
                SOTTO_E_CANNOT_PROTECT);
    const char *two_bodies = "<message to='" ROMEO "'><body>words</body><body xml:lang='de'>hush</body>"
                             "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>";
    assert_code(world_seal(t.juliet, two_bodies, &sealed), 0);
    assert_false(has(sealed, "hush") || has(sealed, "words"));
    world_expect(t.romeo, t.juliet, sealed, "words");
    assert_text(world_last_event(t.juliet, SOTTO_EVENT_REDUCED)->text, "another body");
    two_end(&t);
}

/* Several things are said in one event, each once. */
static void test_said_once_a_message(void **state) {
    (void)state;
    two t;
    old_start(&t);
    sotto_bytes sealed, text = world_text(&t.w, "<message to='" ROMEO "'><body>words</body>%s%s%s%s</message>",
                                          samples[0].xml, samples[6].xml, samples[6].xml, samples[2].xml);
    assert_code(world_seal(t.juliet, (const char *)text.at, &sealed), 0);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_REDUCED), 1);
    assert_text(world_last_event(t.juliet, SOTTO_EVENT_REDUCED)->text, "subject, reaction, correction");
    two_end(&t);
}

/* What a text may hold stays text (T33). */
static void test_T33_text_stays_text(void **state) {
    (void)state;
    two t;
    old_start(&t);
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "&lt;/body>&lt;subject>x&lt;/subject>&amp;"),
                 "</body><subject>x</subject>&");
    two_end(&t);
}

int content_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_the_golden_text),
        cmocka_unit_test(test_every_row_has_a_sample),
        cmocka_unit_test(test_T6_beside_a_body),
        cmocka_unit_test(test_T6_added_on_the_way),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_said_once_a_message),
        cmocka_unit_test(test_T33_text_stays_text),
    };
    return cmocka_run_group_tests_name("content", tests, NULL, NULL);
}
