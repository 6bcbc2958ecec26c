/* SPDX-License-Identifier: ISC
 *
 * Which seal for which stanza, with two of them: "script", which needs nobody online, and "near", which does. */
#include "engine_rig.h"

#include "engine/route.h"

#ifndef POLICY_FOLDER
#error "the build says where test/policy is"
#endif

#define ROMEO   "romeo@montague.example"
#define ORCHARD ROMEO "/orchard"
#define HELLO   "<message to='" ROMEO "' type='chat'><body>hello</body></message>"
#define TYPING                                                                                                         \
    "<message to='" ROMEO "' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
#define QUERY "<iq type='get' id='q1' to='" ORCHARD "'><query xmlns='test:secret'/></iq>"

static void presence(engine_rig *r, const char *from) {
    char text[256];
    snprintf(text, sizeof text, "<presence from='%s'/>", from);
    step(r, stanza_input(text));
    (void)outputs(r, true);
}

static void both_ready(engine_rig *r) {
    the_script.promise = the_near.promise = SEAL_READY;
    script_key(0, ROMEO, 11, 0x11);
    near_key(0, ROMEO, 12, 0x12);
    go_online(r, false);
    presence(r, ORCHARD);
}

/* ---- the table ---- */

static void test_the_table_is_the_golden_text(void **state) {
    (void)state;
    static const char *const vias[] = {"auto", "stored", "live"};
    static char text[8192], golden[8192];
    size_t len = 0;
    for (unsigned matter = 0; matter < ENGINE_MATTER_COUNT; matter++)
        for (unsigned via = 0; via <= SOTTO_VIA_LIVE; via++)
            len += (size_t)snprintf(text + len, sizeof text - len, "%-10s %-7s %-7s %s\n", engine_matter_name(matter),
                                    vias[via], engine_turn_name(engine_route(matter, via, true)),
                                    engine_turn_name(engine_route(matter, via, false)));
    FILE *file = fopen(POLICY_FOLDER "/seal.txt", "r");
    assert_non_null(file);
    golden[fread(golden, 1, sizeof golden - 1, file)] = 0;
    fclose(file);
    const char *table = strstr(golden, "\nchat ");
    assert_non_null(table);
    assert_string_equal(table + 1, text);
}

static void test_what_is_unknown_goes_by_none(void **state) {
    (void)state;
    assert_int_equal(engine_route(ENGINE_MATTER_COUNT, SOTTO_VIA_AUTO, true), ENGINE_TURN_NEVER);
    assert_int_equal(engine_route(ENGINE_MATTER_CHAT, (sotto_via)9, true), ENGINE_TURN_NEVER);
    assert_int_equal(engine_route(ENGINE_MATTER_CHAT, SOTTO_VIA_NAMED, false), ENGINE_TURN_FIRST);
    assert_int_equal(engine_route(ENGINE_MATTER_ROOM, SOTTO_VIA_NAMED, false), ENGINE_TURN_NEVER);
}

static const struct {
    const char *matter;
    engine_class class;
    bool by_nick;
    const char *stanza;
} samples[] = {
    {"chat", ENGINE_MESSAGE, false, HELLO},
    {"chat", ENGINE_MESSAGE, false, "<message to='" ROMEO "'/>"},
    {"chat", ENGINE_MESSAGE, false,
     "<message to='" ROMEO "'><active xmlns='http://jabber.org/protocol/chatstates'/><body>hi</body></message>"},
    {"chat-state", ENGINE_MESSAGE, false, TYPING},
    {"chat-state", ENGINE_MESSAGE, false,
     "<message to='" ROMEO "'><thread>t</thread><paused xmlns='http://jabber.org/protocol/chatstates'/><no-store "
     "xmlns='urn:xmpp:hints'/></message>"},
    {"chat", ENGINE_MESSAGE, false, "<message to='" ROMEO "'><no-store xmlns='urn:xmpp:hints'/></message>"},
    {"file-offer", ENGINE_MESSAGE, false,
     "<message to='" ROMEO "'><propose xmlns='urn:xmpp:jingle-message:0' id='a'><description "
     "xmlns='urn:xmpp:jingle:apps:file-transfer:5'/></propose></message>"},
    {"chat", ENGINE_MESSAGE, false,
     "<message to='" ROMEO "'><propose xmlns='urn:xmpp:jingle-message:0' id='a'><description "
     "xmlns='urn:xmpp:jingle:apps:rtp:1'/></propose></message>"},
    {"file-offer", ENGINE_MESSAGE, false,
     "<message to='" ROMEO "'><jinglepub xmlns='urn:xmpp:jinglepub:1'/></message>"},
    {"iq", ENGINE_IQ_CONTENT, false, QUERY},
    {"presence", ENGINE_PRESENCE_DIRECTED, false, "<presence to='" ROMEO "'><status>x</status></presence>"},
    {"room", ENGINE_GROUPCHAT, false, "<message to='r@muc.example' type='groupchat'><body>x</body></message>"},
    {"occupant", ENGINE_MESSAGE, true, "<message to='r@muc.example/nick'><body>x</body></message>"},
    {"occupant", ENGINE_IQ_CONTENT, true, "<iq type='get' id='1' to='r@muc.example/nick'><x xmlns='y'/></iq>"},
};

static void test_what_each_stanza_is_about(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        bytes_arena arena;
        const stanza_element *stanza;
        bytes_arena_init(&arena, sotto_host_default(), 1 << 20);
        assert_ok(stanza_parse(&arena, bytes_text(samples[i].stanza), &stanza));
        assert_string_equal(engine_matter_name(engine_matter_of(stanza, samples[i].class, samples[i].by_nick)),
                            samples[i].matter);
        bytes_arena_clear(&arena);
    }
}

/* ---- via auto ---- */

/* A message goes by the stored seal, and nothing is asked of the other one. */
static void test_a_message_does_not_wait_for_a_live_session(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    the_near.promise = SEAL_ASKING;
    step(r, send_input(1, HELLO));
    assert_contains(outputs(r, true), "stanza script 1 ");
    assert_int_equal(the_near.promises, 0);
}

static void test_iq_and_directed_presence_go_live(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    step(r, send_input(1, QUERY));
    step(r, send_input(2, "<presence to='" ORCHARD "'><status>dreaming</status></presence>"));
    const char *text = outputs(r, true);
    assert_contains(text, "stanza near 1 ");
    assert_contains(text, "stanza near 2 ");
    assert_int_equal(the_script.protects, 0);
    assert_string_equal(the_near.resources, ORCHARD " ");
}

/* What is held for one resource holds up neither messages nor what is for another resource. */
static void test_what_is_held_for_a_resource_holds_nothing_else_up(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    the_near.promise = SEAL_ASKING;
    step(r, send_input(1, QUERY));
    assert_contains(outputs(r, true), "event held 1 " ROMEO " again");
    step(r, send_input(2, HELLO));
    assert_contains(outputs(r, true), "stanza script 2 ");
    the_near.promise = SEAL_READY;
    step(r, send_input(3, "<iq type='get' id='q2' to='" ROMEO "/garden'><query xmlns='test:secret'/></iq>"));
    assert_contains(outputs(r, true), "stanza near 3 ");
    step(r, send_input(4, "<iq type='get' id='q3' to='" ORCHARD "'><query xmlns='test:secret'/></iq>"));
    const char *text = outputs(r, true), *one = strstr(text, "stanza near 1 "), *four = strstr(text, "stanza near 4 ");
    assert_true(one != NULL && four != NULL && one < four); /* in their order, by the look that the last one brought */
}

static void test_a_message_to_somebody_without_a_stored_key_goes_live(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    the_script.promise = SEAL_NEVER;
    step(r, send_input(1, HELLO));
    const char *text = outputs(r, true);
    assert_contains(text, "stanza near 1 ");
    assert_contains(text, "event live-only 1 " ROMEO " ok\n");
    step(r, send_input(2, HELLO));
    text = outputs(r, true);
    assert_contains(text, "stanza near 2 ");
    assert_lacks(text, "live-only"); /* said once */
}

/* Somebody who is not there and never spoke so does not make a message wait for ever. */
static void test_nobody_there_is_no_reason_to_wait(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_NEVER;
    the_near.promise = SEAL_ASKING;
    go_online(r, false);
    step(r, send_input(1, HELLO));
    assert_outputs(r, "stanza clear 1 " HELLO "\n");
    assert_int_equal(the_near.promises, 0);
    /* With a key of theirs it is another matter. */
    near_key(0, ROMEO, 12, 0x12);
    step(r, send_input(2, HELLO));
    const char *text = outputs(r, true);
    assert_lacks(text, "stanza");
    assert_contains(text, "event held 2 " ROMEO " again");
}

/* T8: once the stored keys were used they cannot be made to vanish, and the message does not change its seal. */
static void test_T8_a_stored_seal_that_is_broken_is_not_replaced(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    the_script.promise = SEAL_BROKEN;
    the_script.reason = SOTTO_FAIL(DEVICES_GONE);
    step(r, send_input(1, HELLO));
    assert_contains(outputs(r, true), "event held 1 " ROMEO " devices-gone");
    the_script.promise = SEAL_ASKING;
    step(r, send_input(2, HELLO));
    assert_contains(outputs(r, true), "event held 2 " ROMEO);
    assert_int_equal(the_near.promises + the_near.protects, 0);
}

/* A stanza that a seal took and could not protect is not given to another one. */
static void test_no_stanza_changes_its_seal(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    the_script.protect_fails = SOTTO_FAIL(CANNOT_PROTECT);
    the_script.promise_then = SEAL_READY;
    step(r, send_input(1, HELLO));
    assert_contains(outputs(r, true), "event refused 1 " ROMEO " cannot-protect");
    the_near.protect_fails = SOTTO_FAIL(CANNOT_PROTECT);
    the_near.promise_then = SEAL_READY;
    step(r, send_input(2, QUERY));
    assert_contains(outputs(r, true), "event refused 2 " ROMEO " cannot-protect");
    assert_int_equal(the_near.protects, 1);
    assert_int_equal(the_script.protects, 1);
}

static void test_chat_states_go_live_only_where_a_session_is_open(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    step(r, send_input(1, TYPING));
    assert_contains(outputs(r, true), "stanza near 1 ");
    assert_true(the_near.idle); /* nothing is begun for it */
    the_near.promise = SEAL_ASKING;
    step(r, send_input(2, TYPING));
    assert_contains(outputs(r, true), "stanza script 2 ");
    assert_true(the_near.idle);
    the_near.promise = SEAL_BROKEN;
    step(r, send_input(3, TYPING));
    assert_contains(outputs(r, true), "stanza script 3 ");
}

static void test_a_file_offer_goes_live_or_else_stored(void **state) {
    static const char offer[] = "<message to='" ROMEO "'><jinglepub xmlns='urn:xmpp:jinglepub:1'/></message>";
    engine_rig *r = *state;
    both_ready(r);
    step(r, send_input(1, offer));
    assert_contains(outputs(r, true), "stanza near 1 ");
    the_near.promise = SEAL_NEVER;
    step(r, send_input(2, offer));
    assert_contains(outputs(r, true), "stanza script 2 ");
}

/* ---- via live, via stored ---- */

static void set_via(engine_rig *r, sotto_via via, const char *name) {
    step(r, (sotto_input){.kind = SOTTO_INPUT_VIA, .jid = BYTES_LITERAL(ROMEO), .via = via, .name = bytes_text(name)});
    (void)outputs(r, true);
}

static void test_via_live_one_copy_for_each_resource_and_a_warning(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    presence(r, ROMEO "/garden");
    set_via(r, SOTTO_VIA_LIVE, "");
    step(r, send_input(1, HELLO));
    const char *text = outputs(r, true);
    assert_contains(text, "stanza near 1 ");
    assert_contains(text, "event live-only 1 " ROMEO " ok\n");
    assert_string_equal(the_near.resources, ROMEO "/garden " ORCHARD " ");
    assert_int_equal(the_script.promises, 0);
    step(r, send_input(2, HELLO));
    assert_lacks(outputs(r, true), "live-only");
    set_via(r, SOTTO_VIA_NAMED, "near"); /* chosen anew: said anew */
    step(r, send_input(3, HELLO));
    assert_contains(outputs(r, true), "event live-only 3 ");
    /* Nobody there: it waits, and leaves neither in the clear nor by the other seal. */
    step(r, stanza_input("<presence from='" ORCHARD "' type='unavailable'/>"));
    step(r, stanza_input("<presence from='" ROMEO "/garden' type='unavailable'/>"));
    (void)outputs(r, true);
    the_near.promise = SEAL_ASKING;
    step(r, send_input(4, HELLO));
    text = outputs(r, true);
    assert_lacks(text, "stanza");
    assert_contains(text, "event held 4 " ROMEO " again");
}

static void test_via_stored_nothing_goes_live(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    set_via(r, SOTTO_VIA_STORED, "");
    step(r, send_input(1, HELLO));
    assert_contains(outputs(r, true), "stanza script 1 ");
    step(r, send_input(2, QUERY));
    assert_lacks(outputs(r, true), "stanza"); /* who chose a way did not choose the clear instead */
    assert_int_equal(the_near.promises, 0);
}

/* ---- rooms ---- */

/* T36: no live session with an occupant: whoever has the nick next is another. */
static void test_T36_nothing_of_a_room_goes_live(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    the_near.promise = SEAL_READY;
    step(r, (sotto_input){
                .kind = SOTTO_INPUT_JOIN, .jid = BYTES_LITERAL("verona@muc.example"), .nick = BYTES_LITERAL("juliet")});
    const char *text = outputs(r, true);
    assert_contains(text, "stanza clear 0 <presence ");
    step(r, stanza_input("<presence from='verona@muc.example/romeo'><x xmlns='http://jabber.org/protocol/muc#user'>"
                         "<item affiliation='member' role='participant' jid='" ORCHARD "'/></x></presence>"));
    (void)outputs(r, true);
    step(r, send_input(5, "<iq type='get' id='n' to='verona@muc.example/romeo'><query xmlns='test:secret'/></iq>"));
    step(r, send_input(6, "<message to='verona@muc.example/romeo' type='chat'><body>x</body></message>"));
    step(r, send_input(7, "<presence to='verona@muc.example/juliet2'><x xmlns='http://jabber.org/protocol/muc'/>"
                          "</presence>"));
    text = outputs(r, true);
    assert_int_equal(the_near.promises, 0);
    assert_contains(text, "stanza clear 7 ");
}

/* ---- keys of two seals ---- */

static void verify(engine_rig *r, uint8_t fill) {
    uint8_t key[32];
    memset(key, fill, sizeof key);
    step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                          .jid = BYTES_LITERAL(ROMEO),
                          .key = bytes_of(key, sizeof key),
                          .trust = SOTTO_TRUST_VERIFIED});
    (void)outputs(r, true);
}

static void with_policy(engine_rig *r, sotto_trust_policy policy) {
    r->config.trust = policy;
    commit(r);
    engine_reopen(r);
    go_online(r, true);
}

/* Where any key of theirs was verified, of whatever seal, a new one of the other seal carries nothing, whatever the
 * policy. */
static void test_T7_a_new_live_key_never_downgrades(void **state) {
    engine_rig *r = *state;
    for (sotto_trust_policy policy = SOTTO_BLIND_UNTIL_VERIFIED; policy <= SOTTO_VERIFIED_ONLY; policy++) {
        with_policy(r, policy);
        the_script.promise = the_near.promise = SEAL_READY;
        script_key(0, ROMEO, 11, 0x11);
        near_key(0, ROMEO, 12, (uint8_t)(0x20 + policy));
        step(r, send_input(1, "<message to='" ROMEO "' type='chat'><body>hello</body></message>"));
        (void)outputs(r, true);
        verify(r, 0x11);
        step(r, send_input(2, QUERY));
        const char *text = outputs(r, true);
        assert_contains(text, "event new-key 0 " ROMEO " ok device 12 undecided\n");
        assert_contains(text, "event held 2 " ROMEO " no-trusted-device");
        assert_int_equal(the_near.protects, 0);
        step(r, (sotto_input){.kind = SOTTO_INPUT_CANCEL, .ticket = 2});
        (void)outputs(r, true);
    }
    verify(r, 0x20 + SOTTO_VERIFIED_ONLY); /* a person compared that one too */
    step(r, send_input(3, QUERY));
    assert_contains(outputs(r, true), "stanza near 3 ");
    /* Even when the verified one is refused later. */
    uint8_t key[32];
    memset(key, 0x11, sizeof key);
    step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                          .jid = BYTES_LITERAL(ROMEO),
                          .key = bytes_of(key, sizeof key),
                          .trust = SOTTO_TRUST_DISTRUSTED});
    near_key(0, ROMEO, 13, 0x40);
    step(r, send_input(4, QUERY));
    assert_contains(outputs(r, true), "event held 4 " ROMEO " no-trusted-device");
}

/* ... and the other way round: a verified live key alone makes new devices undecided, and those that were accepted
 * blindly carry nothing any more. */
static void test_T7_a_verified_live_key_counts_for_devices(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    step(r, send_input(1, HELLO));
    step(r, send_input(2, QUERY));
    (void)outputs(r, true);
    verify(r, 0x12);
    step(r, send_input(3, HELLO));
    assert_contains(outputs(r, true), "event held 3 " ROMEO " no-trusted-device");
    script_key(0, ROMEO, 15, 0x15);
    step(r, (sotto_input){.kind = SOTTO_INPUT_CANCEL, .ticket = 3});
    step(r, send_input(4, HELLO));
    assert_contains(outputs(r, true), "event new-key 0 " ROMEO " ok device 15 undecided\n");
    assert_int_equal(the_script.protects, 1);
}

/* T9: a live key that somebody else was seen with is an alarm, and carries nothing. */
static void test_T9_a_live_key_under_a_second_address(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    step(r, send_input(1, QUERY));
    (void)outputs(r, true);
    near_key(0, "mercutio@verona.example", 12, 0x12);
    step(r, send_input(2, "<iq type='get' id='m' to='mercutio@verona.example/x'><a xmlns='b'/></iq>"));
    const char *text = outputs(r, true);
    assert_contains(text, "event key-alarm 0 mercutio@verona.example key-changed '" ROMEO "' device 12 ");
    assert_contains(text, "event held 2 mercutio@verona.example no-trusted-device");
}

/* A number that a live key has by chance is nobody's device; and no list of devices tells that a live key is gone. */
static void test_numbers_and_lists_are_each_seals_own(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    near_key(0, ROMEO, 11, 0x12); /* the number of the device */
    step(r, send_input(1, HELLO));
    step(r, send_input(2, QUERY));
    const char *text = outputs(r, true);
    assert_lacks(text, "key-alarm");
    assert_contains(text, "event new-key 0 " ROMEO " ok device 11 blind\n");
    the_script.tells_devices = true;
    the_script.tells_number = 1;
    the_near.lists_nothing = true; /* nothing is open now */
    step(r, stanza_input("<message from='" ROMEO "'><event xmlns='http://jabber.org/protocol/pubsub#event'>"
                         "<items node='test:devices'/></event></message>"));
    (void)outputs(r, true);
    the_script.promise = SEAL_BROKEN;
    step(r, send_input(3, HELLO));
    (void)outputs(r, true);
    assert_int_equal(r->last_total, 0); /* accepted keys that went off the list */
}

/* What a device lost is not offered to a live session. */
static void test_a_new_live_key_missed_nothing(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    step(r, send_input(1, HELLO));
    (void)outputs(r, true);
    the_script.key_count = 0;
    the_script.tells_devices = true;
    step(r, stanza_input("<message from='" ROMEO "'><event xmlns='http://jabber.org/protocol/pubsub#event'>"
                         "<items node='test:devices'/></event></message>"));
    (void)outputs(r, true);
    step(r, send_input(2, QUERY)); /* a key of theirs is seen and accepted */
    const char *text = outputs(r, true);
    assert_contains(text, "event new-key 0 " ROMEO " ok device 12 blind\n");
    assert_lacks(text, "event missed");
    step(r, (sotto_input){.kind = SOTTO_INPUT_RESEND, .ticket = 9, .jid = BYTES_LITERAL(ROMEO)});
    assert_lacks(outputs(r, true), "stanza near");
}

/* What is about the server is answered once, by the seal that has something there. */
static void test_leaving_is_answered_once(void **state) {
    engine_rig *r = *state;
    both_ready(r);
    the_near.event_on_leave = the_script.event_on_leave = true;
    step(r, (sotto_input){.kind = SOTTO_INPUT_LEAVE});
    assert_outputs(r, "event left 0  ok 'script'\n");
    the_script.event_on_leave = false; /* it has to ask first */
    step(r, (sotto_input){.kind = SOTTO_INPUT_LEAVE});
    assert_outputs(r, "");
}

/* ---- what earlier versions wrote ---- */

/* A held message of the program before this one: its row says nothing of lanes. */
static void test_held_rows_of_version_1_are_read(void **state) {
    static const char row[] = "\x01"
                              "\0\0\0\0\0\0\0\x09"
                              "\0"
                              "\0\0\0\0\0\0\0\x01"
                              "\0\0\x01\x2e"
                              "\x16" ROMEO "\x4d" HELLO;
    engine_rig *r = *state;
    sotto_change change = {BYTES_LITERAL("H\0\0\0\0\0\0\0\x01"), bytes_of(row, sizeof row - 1)};
    sotto_engine_close(r->engine);
    r->engine = NULL;
    assert_int_equal(sizeof HELLO - 1, 0x4d);
    assert_ok(r->store.inner->methods->write(r->store.inner, &change, 1));
    assert_ok(sotto_engine_open(&r->engine, &r->config, r->now_ms));
    the_script.promise = SEAL_READY;
    script_key(0, ROMEO, 11, 0x11);
    go_online(r, false);
    assert_contains(outputs(r, true), "stanza script 9 ");
}

#define WITH(f)                                                                                                        \
    { #f, f, engine_setup_both, engine_teardown, NULL }

const struct CMUnitTest route_tests[] = {
    cmocka_unit_test(test_the_table_is_the_golden_text),
    cmocka_unit_test(test_what_is_unknown_goes_by_none),
    cmocka_unit_test(test_what_each_stanza_is_about),
    WITH(test_a_message_does_not_wait_for_a_live_session),
    WITH(test_iq_and_directed_presence_go_live),
    WITH(test_what_is_held_for_a_resource_holds_nothing_else_up),
    WITH(test_a_message_to_somebody_without_a_stored_key_goes_live),
    WITH(test_nobody_there_is_no_reason_to_wait),
    WITH(test_T8_a_stored_seal_that_is_broken_is_not_replaced),
    WITH(test_no_stanza_changes_its_seal),
    WITH(test_chat_states_go_live_only_where_a_session_is_open),
    WITH(test_a_file_offer_goes_live_or_else_stored),
    WITH(test_via_live_one_copy_for_each_resource_and_a_warning),
    WITH(test_via_stored_nothing_goes_live),
    WITH(test_T36_nothing_of_a_room_goes_live),
    WITH(test_T7_a_new_live_key_never_downgrades),
    WITH(test_T7_a_verified_live_key_counts_for_devices),
    WITH(test_T9_a_live_key_under_a_second_address),
    WITH(test_numbers_and_lists_are_each_seals_own),
    WITH(test_a_new_live_key_missed_nothing),
    WITH(test_leaving_is_answered_once),
    WITH(test_held_rows_of_version_1_are_read),
};
const size_t route_count = sizeof route_tests / sizeof *route_tests;
