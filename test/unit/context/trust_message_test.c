/* SPDX-License-Identifier: ISC
 *
 * Trust messages (XEP-0434): what is written is read again, the specification's example is read, and what is none
 * gives its exact error and no keys (T39). */
#include "groups.h"

#include "test/unit/bytes/rig.h"

#include <stdio.h>

#include <sotto/limits.h>

#include "bytes/base64.h"
#include "context/trust_message.h"

#define NS_OMEMO "urn:xmpp:omemo:2"
#define KEY_A    "aFABnX7Q/rbTgjBySYzrT2FsYCVYb49mbca5yB734KQ="
#define KEY_B    "YjVI04NcbTPvXLaA95RO84HPcSvyOgEZ2r5cTyUs0C8="
#define KEY_C    "tCP1CI3pqSTVGzFYFyPYUMfMZ9Ck/msmfD0wH/VtJBM="
#define OPEN     "<trust-message xmlns='urn:xmpp:tm:1' usage='urn:xmpp:atm:1' encryption='" NS_OMEMO "'>"
#define CLOSE    "</trust-message>"
#define ALICE    "<key-owner jid='alice@example.org'><trust>" KEY_A "</trust></key-owner>"

static bytes_arena arena;

static int setup(void **state) {
    (void)state;
    bytes_arena_init(&arena, sotto_host_default(), 4u << 20);
    return 0;
}
static int teardown(void **state) {
    (void)state;
    bytes_arena_clear(&arena);
    return 0;
}

static sotto_status read_inside(const char *inside, context_trust_message *ret) {
    static char text[131072];
    const stanza_element *stanza = NULL;
    snprintf(text, sizeof text, "<message from='x@y.example'>%s</message>", inside);
    assert_ok(stanza_parse(&arena, bytes_text(text), &stanza));
    return context_trust_message_read(stanza, NS_OMEMO, &arena, ret);
}

static void assert_key(const context_trust_key *key, const char *owner, const char *name, bool distrust) {
    uint8_t bytes[32];
    assert_ok(bytes_base64_into(bytes, sizeof bytes, bytes_text(name)));
    assert_true(bytes_is(key->owner, owner));
    assert_memory_equal(key->name, bytes, sizeof bytes);
    assert_int_equal(key->distrust, distrust);
}

static void test_the_example_of_the_specification(void **state) {
    (void)state;
    context_trust_message m;
    assert_ok(read_inside(OPEN "<key-owner jid='alice@example.org'><trust>" KEY_A "</trust></key-owner>"
                               "<key-owner jid='Bob@example.com'>\n <trust>" KEY_B "</trust> <distrust> " KEY_C
                               "\n</distrust></key-owner>" CLOSE "<store xmlns='urn:xmpp:hints'/>",
                          &m));
    assert_true(m.present && m.alone && bytes_is(m.encryption, NS_OMEMO));
    assert_int_equal(m.count, 3);
    assert_key(&m.keys[0], "alice@example.org", KEY_A, false);
    assert_key(&m.keys[1], "bob@example.com", KEY_B, false);
    assert_key(&m.keys[2], "bob@example.com", KEY_C, true);
}

static void test_what_is_written_is_read_again(void **state) {
    (void)state;
    context_trust_key keys[3] = {{.owner = BYTES_LITERAL("a@x.example"), .name = {1}},
                                 {.owner = BYTES_LITERAL("a@x.example"), .name = {2}, .distrust = true},
                                 {.owner = BYTES_LITERAL("b@x.example"), .name = {3}}};
    char at[2048];
    bytes_buffer out;
    stanza_writer writer;
    sotto_bytes text;
    bytes_buffer_borrowed(&out, at, sizeof at);
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    context_trust_message_write(&writer, NS_OMEMO, keys, 3);
    bytes_buffer_u8(&out, 0);
    assert_ok(bytes_buffer_end(&out, &text));
    context_trust_message m;
    assert_ok(read_inside(at, &m));
    assert_int_equal(m.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(bytes_equal(m.keys[i].owner, keys[i].owner) && m.keys[i].distrust == keys[i].distrust);
        assert_memory_equal(m.keys[i].name, keys[i].name, 32);
    }
    assert_null(strstr(strstr(at, "jid='a@x.example'") + 5, "jid='a@x.example'")); /* one element an owner */
}

static void test_whether_there_is_something_to_see(void **state) {
    (void)state;
    context_trust_message m;
    assert_ok(read_inside("<body>hello</body>", &m));
    assert_true(!m.present && !m.alone && m.count == 0);
    assert_ok(read_inside("<body>hello</body>" OPEN ALICE CLOSE, &m));
    assert_true(m.present && !m.alone && m.count == 1);
    assert_ok(read_inside("<subject>hello</subject>" OPEN ALICE CLOSE, &m));
    assert_true(m.present && !m.alone);
}

static void test_others_usages_and_encryptions_are_not_looked_at(void **state) {
    (void)state;
    context_trust_message m;
    assert_ok(read_inside("<trust-message xmlns='urn:xmpp:tm:1' usage='urn:other' encryption='" NS_OMEMO "'/>", &m));
    assert_true(m.present && m.count == 0);
    assert_ok(read_inside("<trust-message xmlns='urn:xmpp:tm:1' usage='urn:xmpp:atm:1' encryption='openpgp'>"
                          "<key-owner jid='alice@example.org'><trust>MTIzNDU2</trust></key-owner></trust-message>",
                          &m));
    assert_true(m.present && m.count == 0 && bytes_is(m.encryption, "openpgp"));
    assert_ok(read_inside("<trust-message xmlns='urn:xmpp:tm:0' usage='urn:xmpp:atm:1' encryption='" NS_OMEMO "'>" ALICE
                          "</trust-message>",
                          &m));
    assert_false(m.present);
}

static void test_T39_malformed_ones_have_no_keys(void **state) {
    (void)state;
    static const char *const wrong[] = {
        OPEN CLOSE,
        OPEN "<key-owner jid='alice@example.org'/>" CLOSE,
        OPEN "<key-owner><trust>" KEY_A "</trust></key-owner>" CLOSE,
        OPEN "<key-owner jid=''><trust>" KEY_A "</trust></key-owner>" CLOSE,
        OPEN "<key-owner jid='@'><trust>" KEY_A "</trust></key-owner>" CLOSE,
        OPEN "<key-owner jid='example.org'><trust>" KEY_A "</trust></key-owner>" CLOSE,
        OPEN "<key-owner jid='alice@example.org/phone'><trust>" KEY_A "</trust></key-owner>" CLOSE,
        OPEN "<key-owner jid='alice@example.org'><trust></trust></key-owner>" CLOSE,
        OPEN "<key-owner jid='alice@example.org'><trust>aFABnX7Q</trust></key-owner>" CLOSE,
        OPEN "<key-owner jid='alice@example.org'><trust>" KEY_A KEY_A "</trust></key-owner>" CLOSE,
        OPEN "<key-owner jid='alice@example.org'><trust>" KEY_A "<x xmlns='y'/></trust></key-owner>" CLOSE,
        OPEN
        "<key-owner jid='alice@example.org'><trust>623548d3835c6d33ef5cb680f7944ef381cf712bf23a0119dabe5c4f252cd02f"
        "</trust></key-owner>" CLOSE,
        OPEN ALICE "<key-owner jid='bob@example.com'/>" CLOSE,
        OPEN "<key-owner xmlns='other' jid='alice@example.org'><trust>" KEY_A "</trust></key-owner>" CLOSE,
        OPEN ALICE CLOSE OPEN ALICE CLOSE, /* "MUST contain exactly one" */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        context_trust_message m;
        sotto_status status = read_inside(wrong[i], &m);
        if (!sotto_is(status, SOTTO_E_MALFORMED)) print_error("%s\n", wrong[i]);
        assert_status(status, MALFORMED);
        assert_true(m.present && m.count == 0);
    }
}

/* limit: SOTTO_TRUST_MESSAGE_KEYS */
static void test_more_keys_than_anybody_has(void **state) {
    (void)state;
    static char inside[120000];
    for (unsigned more = 0; more < 2; more++) {
        size_t len = (size_t)snprintf(inside, sizeof inside, OPEN "<key-owner jid='alice@example.org'>");
        for (unsigned i = 0; i < SOTTO_TRUST_MESSAGE_KEYS + more; i++)
            len += (size_t)snprintf(inside + len, sizeof inside - len, "<trust>" KEY_A "</trust>");
        snprintf(inside + len, sizeof inside - len, "</key-owner>" CLOSE);
        context_trust_message m;
        sotto_status status = read_inside(inside, &m);
        if (more) {
            assert_status(status, TOO_LARGE);
            assert_int_equal(m.count, 0);
        } else {
            assert_ok(status);
            assert_int_equal(m.count, SOTTO_TRUST_MESSAGE_KEYS);
        }
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int trust_message_group(void) {
    const struct CMUnitTest trust_message[] = {
        T(test_the_example_of_the_specification),  T(test_what_is_written_is_read_again),
        T(test_whether_there_is_something_to_see), T(test_others_usages_and_encryptions_are_not_looked_at),
        T(test_T39_malformed_ones_have_no_keys),   T(test_more_keys_than_anybody_has),
    };
    return cmocka_run_group_tests(trust_message, NULL, NULL);
}
