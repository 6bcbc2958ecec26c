/* SPDX-License-Identifier: ISC
 *
 * XEP-0419: the whole of it. */
#include "engine_rig.h"

#include "seal/rot13/cipher.h"

/* The examples of its section on stanza encryption: unencrypted, encrypted, body only, elements only. All the same. */
#define EXAMPLE(metadata_ns)                                                                                           \
    "<message from='chris.davidland@crap-security.example' to='lucas.george@shiteam.example' type='chat' id='12345'>"  \
    "<some-metadata xmlns='" metadata_ns "'/><body>Hey, Lucas!</body></message>"

static void test_two_rounds_are_enough(void **state) {
    (void)state;
    uint8_t text[] = "Hey, Lucas! {[]} \xc3\xa9";
    rot13_round(text, sizeof text - 1);
    assert_string_equal((const char *)text, "Url, Yhpnf! {[]} \xc3\xa9");
    rot13_round(text, sizeof text - 1);
    assert_string_equal((const char *)text, "Hey, Lucas! {[]} \xc3\xa9");
}

static void test_namespaces_are_upgraded_on_the_wire_and_taken_back(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    step(r,
         send_input(1, "<message to='lucas.george@shiteam.example' type='chat'><a xmlns='urn:xmpp:example:metadata'><b "
                       "xmlns='http://jabber.org/x'/></a><body>Hey, Lucas!</body></message>"));
    const char *wire = outputs(r, true);
    assert_contains(
        wire,
        "stanza rot13 1 <message to='lucas.george@shiteam.example' type='chat'><a "
        "xmlns='urn:xmpps:example:metadata'><b xmlns='https://jabber.org/x'/></a><body>Hey, Lucas!</body></message>");
    step(r, stanza_input("<message from='chris@crap.example/x' to='juliet@capulet.example'><a "
                         "xmlns='urn:xmpps:example:metadata'/><body>Hey</body></message>"));
    assert_contains(outputs(r, true),
                    "deliver rot13 chris@crap.example undecided <message from='chris@crap.example/x' "
                    "to='juliet@capulet.example'><a xmlns='urn:xmpp:example:metadata'/><body>Hey</body></message>");
}

static void test_the_checker_finds_every_example_correctly_encrypted(void **state) {
    (void)state;
    static const char *const examples[] = {EXAMPLE("urn:xmpps:example:metadata"), EXAMPLE("urn:xmpp:example:metadata")};
    for (size_t i = 0; i < 2; i++) {
        const char *sentence = NULL;
        assert_true(rot13_check(bytes_text(examples[i]), &sentence));
        assert_string_equal(sentence, "Correctly encrypted: nobody can tell this stanza from the original.");
    }
    const char *sentence;
    assert_false(rot13_check(BYTES_NONE, &sentence));
}

static void test_it_is_transparent_and_nobody_is_locked_in(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    /* A stanza without anything to upgrade is its own ciphertext: old clients read it, and so does everybody else. */
    step(r, send_input(1, "<message to='a@b.example'><body>Hey, Lucas!</body></message>"));
    assert_outputs(r, "stanza rot13 1 <message to='a@b.example'><body>Hey, Lucas!</body></message>\n");
    /* It never makes a contact sticky: strength zero promises nothing. */
    step(r, (sotto_input){.kind = SOTTO_INPUT_REFRESH, .jid = BYTES_LITERAL("a@b.example")});
    step(r, (sotto_input){.kind = SOTTO_INPUT_LEAVE});
    assert_outputs(r, "event refreshed 0 a@b.example ok\nevent left 0  ok\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, engine_setup_rot13, engine_teardown)
const struct CMUnitTest rot13_tests[] = {
    cmocka_unit_test(test_two_rounds_are_enough),
    T(test_namespaces_are_upgraded_on_the_wire_and_taken_back),
    cmocka_unit_test(test_the_checker_finds_every_example_correctly_encrypted),
    T(test_it_is_transparent_and_nobody_is_locked_in),
};
const size_t rot13_count = sizeof rot13_tests / sizeof *rot13_tests;
