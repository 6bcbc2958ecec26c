/* SPDX-License-Identifier: ISC
 *
 * What a seal of live sessions needs of the engine: who is there, iqs answered in the step that takes them, stanzas
 * that come out of something else, the end of a step, and being told to forget. */
#include "engine_rig.h"

#define ROMEO   "romeo@montague.example"
#define ORCHARD ROMEO "/orchard"
#define SEALED  "<sealed xmlns='" NS_SCRIPT "'/>"

static void presence(engine_rig *r, const char *from, const char *rest) {
    char text[512];
    snprintf(text, sizeof text, "<presence from='%s' %s", from, rest);
    step(r, stanza_input(text));
    commit(r);
}

static void ask(engine_rig *r, uint64_t ticket, const char *to) {
    char text[256];
    snprintf(text, sizeof text, "<message to='%s' type='chat'><body>hi</body></message>", to);
    step(r, send_input(ticket, text));
}

/* ---- who is there ---- */

static void test_resources_of_a_bare_jid(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_READY;
    script_key(0, ROMEO, 5, 0x55);
    go_online(r, false);
    presence(r, ORCHARD, "/>");
    assert_string_equal(the_script.presence, ORCHARD " 1");
    presence(r, ROMEO "/garden", "><show>away</show></presence>");
    presence(r, ROMEO "x/elsewhere", "/>");
    presence(r, "montague.example/x", "/>");
    presence(r, ROMEO, "/>");
    presence(r, ROMEO "/room", "><x xmlns='http://jabber.org/protocol/muc#user'/></presence>");
    presence(r, ROMEO "/error", "type='error'/>");
    presence(r, "juliet@capulet.example/balcony", "/>");
    ask(r, 1, ROMEO);
    assert_string_equal(the_script.resources, ROMEO "/garden " ORCHARD " ");
    assert_true(the_script.ticket == 1);
    presence(r, ROMEO "/garden", "type='unavailable'/>");
    assert_string_equal(the_script.presence, ROMEO "/garden 0");
    ask(r, 2, ROMEO);
    assert_string_equal(the_script.resources, ORCHARD " ");
    assert_true(the_script.ticket == 2);
    ask(r, 3, ROMEO "/Somewhere"); /* as it is addressed, whether it is known or not */
    assert_string_equal(the_script.resources, ROMEO "/Somewhere ");
    (void)outputs(r, true);
}

/* A stream resumed after a restart does not tell presence again; one that begins anew does. */
static void test_resources_outlive_a_restart(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_READY;
    script_key(0, ROMEO, 5, 0x55);
    go_online(r, false);
    presence(r, ORCHARD, "/>");
    engine_reopen(r);
    go_online(r, true);
    ask(r, 1, ROMEO);
    assert_string_equal(the_script.resources, ORCHARD " ");
    engine_reopen(r);
    go_online(r, false);
    ask(r, 2, ROMEO);
    assert_string_equal(the_script.resources, "");
    (void)outputs(r, true);
}

static void test_resources_of_a_failed_commit(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_READY;
    script_key(0, ROMEO, 5, 0x55);
    go_online(r, false);
    presence(r, ORCHARD, "/>");
    step(r, stanza_input("<presence from='" ROMEO "/garden'/>"));
    r->store.write_fails = SOTTO_FAIL(STORE_FULL);
    assert_int_equal(sotto_engine_commit(r->engine).code, SOTTO_E_STORE_FULL);
    r->store.write_fails = SOTTO_OK;
    go_online(r, true);
    ask(r, 1, ROMEO);
    assert_string_equal(the_script.resources, ORCHARD " ");
    (void)outputs(r, true);
}

/* At most so many of one JID, whatever a server makes up. */
static void test_resources_are_bounded(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_READY;
    script_key(0, ROMEO, 5, 0x55);
    go_online(r, false);
    for (unsigned i = 0; i < SOTTO_RESOURCES_OF_ONE + 8; i++) {
        char from[64];
        snprintf(from, sizeof from, ROMEO "/%u", i);
        presence(r, from, "/>");
    }
    ask(r, 1, ROMEO);
    assert_int_equal(the_script.resource_count, SOTTO_RESOURCES_OF_ONE);
    (void)outputs(r, true);
}

/* ... and so many of all strangers'; there is room left for somebody who was written to. */
static void test_all_resources_are_bounded(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_READY;
    script_key(0, "last@montague.example", 5, 0x55);
    go_online(r, false);
    for (unsigned i = 0; i < SOTTO_RESOURCES_MAX / 2; i++) {
        char text[128];
        snprintf(text, sizeof text, "<presence from='x%u@montague.example/r'/>", i);
        step(r, stanza_input(text));
        if (i % 64 == 0) (void)outputs(r, true);
    }
    presence(r, "last@montague.example/r", "/>");
    ask(r, 1, "last@montague.example");
    assert_string_equal(the_script.resources, "");
    presence(r, "last@montague.example/r", "/>");
    ask(r, 2, "last@montague.example");
    assert_string_equal(the_script.resources, "last@montague.example/r ");
    (void)outputs(r, true);
}

static sotto_status count_row(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)key, (void)value;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

/* Where no seal asks, nothing is written down about anybody's coming and going. */
static void test_resources_only_where_a_seal_asks(void **state) {
    engine_rig *r = *state;
    size_t rows = 0;
    the_script.promise = SEAL_READY;
    script_key(0, ROMEO, 5, 0x55);
    go_online(r, false);
    presence(r, ORCHARD, "/>");
    ask(r, 1, ROMEO);
    assert_int_equal(the_script.resource_count, 0);
    assert_int_equal(the_script.inputs[SEAL_INPUT_PRESENCE], 0);
    assert_ok(r->store.inner->methods->scan(r->store.inner, BYTES_LITERAL("P"), count_row, &rows));
    assert_int_equal(rows, 0);
    (void)outputs(r, true);
}

/* Held because nobody was there: looked at again when somebody comes. */
static void test_held_until_somebody_comes(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_ASKING;
    go_online(r, false);
    ask(r, 1, ROMEO);
    assert_outputs(r, "event held 1 " ROMEO " again\n");
    the_script.promise = SEAL_READY;
    script_key(0, ROMEO, 5, 0x55);
    presence(r, ORCHARD, "/>");
    const char *text = outputs(r, true);
    assert_contains(text, "stanza script 1 <message to='" ROMEO "'><sealed ");
    assert_string_equal(the_script.resources, ORCHARD " ");
}

/* ---- iqs ---- */

static const char iq_sealed[] =
    "<iq type='set' id='q' from='" ORCHARD "' to='juliet@capulet.example/balcony'>" SEALED "</iq>";

/* T23: byte for byte what an unknown namespace gets. */
static void test_not_mine_is_nobodys(void **state) {
    engine_rig *r = *state;
    char unknown[512];
    the_script.outcome = SEAL_NOT_MINE;
    the_script.reply = SEAL_REPLY_RESULT; /* does not count */
    go_online(r, false);
    (void)outputs(r, true);
    step(r, stanza_input(iq_sealed));
    assert_int_equal(the_script.unprotects, 1);
    snprintf(unknown, sizeof unknown, "deliver clear " ROMEO " undecided %s\n", iq_sealed);
    assert_outputs(r, unknown);
    step(r, stanza_input("<iq type='set' id='q' from='" ORCHARD
                         "' to='juliet@capulet.example/balcony'><x xmlns='u'/></iq>"));
    assert_int_equal(the_script.unprotects, 1);
    assert_outputs(r, "deliver clear " ROMEO " undecided <iq type='set' id='q' from='" ORCHARD
                      "' to='juliet@capulet.example/balcony'><x xmlns='u'/></iq>\n");
}

static void test_replies(void **state) {
    engine_rig *r = *state;
    the_script.outcome = SEAL_CONTROL;
    the_script.reply = SEAL_REPLY_RESULT;
    go_online(r, false);
    (void)outputs(r, true);
    step(r, stanza_input(iq_sealed));
    const char *text = outputs(r, true);
    assert_contains(text,
                    "stanza script 0 <iq type='result' id='q' to='" ORCHARD "'><done xmlns='" NS_SCRIPT "'/></iq>\n");
    the_script.reply = SEAL_REPLY_ERROR;
    step(r, stanza_input(iq_sealed));
    text = outputs(r, true);
    assert_contains(text,
                    "stanza script 0 <iq type='error' id='q' to='" ORCHARD "'><error type='cancel'><item-not-found "
                    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>\n");
    the_script.reply = SEAL_REPLY_NONE;
    step(r, stanza_input(iq_sealed));
    assert_outputs(r, "");
    step(r, stanza_input("<message from='" ORCHARD "'>" SEALED "</message>"));
    assert_outputs(r, ""); /* a message is not answered so */
}

/* A reply belongs to its stream: it is not sent in the next one. */
static void test_replies_end_with_their_stream(void **state) {
    engine_rig *r = *state;
    the_script.outcome = SEAL_CONTROL;
    the_script.reply = SEAL_REPLY_RESULT;
    go_online(r, false);
    (void)outputs(r, true);
    step(r, stanza_input(iq_sealed));
    commit(r);
    go_online(r, false);
    const char *text = outputs(r, true);
    assert_lacks(text, "type='result'");
}

/* ---- several stanzas ---- */

static void test_deliver(void **state) {
    engine_rig *r = *state;
    the_script.outcome = SEAL_CONTROL;
    the_script.reply = SEAL_REPLY_RESULT;
    the_script.delivers = 2;
    go_online(r, false);
    (void)outputs(r, true);
    step(r, stanza_input(iq_sealed));
    const char *text = outputs(r, true);
    const char *first = strstr(text, "deliver script " ROMEO " blind <message><body>more</body></message>\n");
    assert_non_null(first);
    assert_contains(first + 1, "deliver script " ROMEO " blind <message><body>more</body></message>\n");
    assert_contains(text, "event new-key 0 " ROMEO " ok device 7 blind\n");
    /* It failed after all: nothing of it stays. */
    the_script.open_fails = SOTTO_FAIL(BAD_MAC);
    the_script.delivers_first = true;
    step(r, stanza_input(iq_sealed));
    assert_outputs(r, "event unreadable 0 " ROMEO " bad-mac 'q'\n");
    the_script.open_fails = SOTTO_FAIL(OUTBOX_FULL); /* ours: the step can be tried again */
    assert_int_equal(try_step(r, stanza_input(iq_sealed)).code, SOTTO_E_OUTBOX_FULL);
    assert_outputs(r, "");
}

static void test_accepted(void **state) {
    engine_rig *r = *state;
    script_key(0, ROMEO, 5, 0x55);
    go_online(r, false);
    presence(r, ORCHARD, "/>");
    assert_false(the_script.accepted); /* nobody has seen it */
    the_script.promise = SEAL_READY;
    ask(r, 1, ROMEO);
    presence(r, ROMEO "/garden", "/>");
    assert_true(the_script.accepted);
    uint8_t key[32];
    memset(key, 0x55, sizeof key);
    step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                          .jid = BYTES_LITERAL(ROMEO),
                          .key = bytes_of(key, 32),
                          .trust = SOTTO_TRUST_DISTRUSTED});
    presence(r, ROMEO "/hall", "/>");
    assert_false(the_script.accepted);
    (void)outputs(r, true);
}

/* ---- the end of a step ---- */

static void test_flush_ends_each_step_that_called(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    unsigned before = the_script.flushes;
    step(r, stanza_input("<message from='" ORCHARD "'><body>clear</body></message>"));
    assert_int_equal(the_script.flushes, before);
    step(r, stanza_input("<message from='" ORCHARD "'>" SEALED "</message>"));
    assert_int_equal(the_script.flushes, before + 1);
    step(r, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    assert_int_equal(the_script.flushes, before + 2);
    (void)outputs(r, true);
}

static void test_a_failed_step_makes_the_seal_forget(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_ASKING;
    go_online(r, false);
    ask(r, 1, ROMEO);
    (void)outputs(r, true);
    unsigned promises = the_script.promises;
    the_script.flush_fails = SOTTO_FAIL(NO_MEMORY);
    assert_int_equal(try_step(r, stanza_input("<message from='" ORCHARD "'>" SEALED "</message>")).code,
                     SOTTO_E_NO_MEMORY);
    assert_int_equal(the_script.forgets, 1);
    assert_outputs(r, "");
    the_script.flush_fails = SOTTO_OK;
    unsigned flushes = the_script.flushes;
    step(r, stanza_input("<message from='" ORCHARD "'><body>clear</body></message>"));
    assert_int_equal(the_script.promises, promises + 1); /* what it promised is void */
    assert_int_equal(the_script.flushes, flushes + 1);
    assert_int_equal(the_script.forgets, 1);
    /* A step that fails before the seal was called is none of its business. */
    assert_int_equal(try_step(r, stanza_input("<message")).code, SOTTO_E_MALFORMED);
    assert_int_equal(the_script.forgets, 1);
    (void)outputs(r, true);
}

#define LIVE(f) cmocka_unit_test_setup_teardown(f, engine_setup_live, engine_teardown)
#define ANY(f)  cmocka_unit_test_setup_teardown(f, engine_setup, engine_teardown)

const struct CMUnitTest carrier_tests[] = {
    LIVE(test_resources_of_a_bare_jid),
    LIVE(test_resources_outlive_a_restart),
    LIVE(test_resources_of_a_failed_commit),
    LIVE(test_resources_are_bounded),
    LIVE(test_all_resources_are_bounded),
    ANY(test_resources_only_where_a_seal_asks),
    LIVE(test_held_until_somebody_comes),
    LIVE(test_not_mine_is_nobodys),
    LIVE(test_replies),
    LIVE(test_replies_end_with_their_stream),
    LIVE(test_deliver),
    LIVE(test_accepted),
    ANY(test_flush_ends_each_step_that_called),
    ANY(test_a_failed_step_makes_the_seal_forget),
};
const size_t carrier_count = sizeof carrier_tests / sizeof carrier_tests[0];
