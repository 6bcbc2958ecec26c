/* SPDX-License-Identifier: ISC
 *
 * Contacts who may not be able to read any more: each sign (test/policy/doubt.txt), what is kept, and what a new device
 * is sent. */
#include "engine_rig.h"

#define ROMEO       "romeo@montague.example"
#define DAY         UINT64_C(86400000)
#define CLEAR(text) "<message from='" ROMEO "/x' type='chat'>" text "</message>"
#define SAYS(id)    "<message to='" ROMEO "' type='chat' id='" id "'><body>" id "</body></message>"

static sotto_contact look(engine_rig *r) {
    sotto_contact contact;
    assert_ok(sotto_engine_contact(r->engine, BYTES_LITERAL(ROMEO), &contact));
    return contact;
}

/* Romeo has device 11, and was written to. */
static void begin(engine_rig *r) {
    the_script.promise = SEAL_READY;
    script_key(0, ROMEO, 11, 0x11);
    go_online(r, false);
    step(r, send_input(1, SAYS("one")));
    outputs(r, true);
    assert_int_equal(look(r).unconfirmed, 1);
}

/* Something sealed arrives, by the key of this fill. */
static void hear(engine_rig *r, uint8_t fill) {
    the_script.opened_fill = fill;
    step(r, stanza_input("<message from='" ROMEO "/x'><sealed xmlns='" NS_SCRIPT "'/></message>"));
}

static void devices(engine_rig *r, uint32_t number) {
    the_script.tells_devices = true;
    the_script.tells_number = number;
    step(r, stanza_input("<message from='" ROMEO "'><event xmlns='http://jabber.org/protocol/pubsub#event'>"
                         "<items node='test:devices'><item id='current'/></items></event></message>"));
}

/* ---- signs ---- */

static void test_a_text_in_the_clear_is_told_once(void **state) {
    engine_rig *r = *state;
    begin(r);
    step(r, stanza_input(CLEAR("<body>hi</body>")));
    assert_contains(outputs(r, true), "event doubtful 0 " ROMEO " in-the-clear\ndeliver clear");
    assert_int_equal(r->last_number, 1);
    assert_true(look(r).doubtful);
    step(r, stanza_input(CLEAR("<body>hi</body>")));
    assert_lacks(outputs(r, true), "doubtful");
    /* T14: encryption goes on. */
    step(r, send_input(2, SAYS("two")));
    assert_contains(outputs(r, true), "stanza script 2");
    /* Something sealed by an accepted key ends it; then it would be news again. */
    hear(r, 0x11);
    assert_false(look(r).doubtful);
    step(r, stanza_input(CLEAR("<body>hi</body>")));
    assert_contains(outputs(r, true), "event doubtful");
}

static void test_what_is_no_text_of_theirs_says_nothing(void **state) {
    engine_rig *r = *state;
    static const char *const harmless[] = {
        CLEAR("<composing xmlns='http://jabber.org/protocol/chatstates'/>"),
        CLEAR("<body>This message is encrypted.</body><encryption xmlns='urn:xmpp:eme:0' "
              "namespace='jabber:x:encrypted'/>"),
        "<message from='" ROMEO "' type='headline'><body>news</body></message>",
        "<message from='" ROMEO "' type='error'><body>back</body><error type='cancel'/></message>",
        "<message from='montague.example'><body>maintenance</body></message>",
        "<message from='nurse@capulet.example'><body>hi</body></message>",
        "<message from='juliet@capulet.example/x'><body>note to self</body></message>"};
    begin(r);
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
        step(r, stanza_input(harmless[i]));
        assert_lacks(outputs(r, true), "doubtful");
    }
    /* Nor what they write when it was agreed that it may be in the clear. */
    step(r,
         (sotto_input){
             .kind = SOTTO_INPUT_POLICY, .jid = BYTES_LITERAL(ROMEO), .encrypt = SOTTO_ENCRYPT_NEVER, .for_ms = DAY});
    step(r, stanza_input(CLEAR("<body>hi</body>")));
    assert_lacks(outputs(r, true), "doubtful");
}

static void test_T8_a_list_that_is_gone_is_told_once(void **state) {
    engine_rig *r = *state;
    begin(r);
    devices(r, 1);
    assert_lacks(outputs(r, true), "list-gone");
    devices(r, 0);
    const char *text = outputs(r, true);
    assert_contains(text, "event list-gone 0 " ROMEO " devices-gone");
    assert_contains(text, "event doubtful 0 " ROMEO " devices-gone");
    devices(r, 0);
    text = outputs(r, true);
    assert_lacks(text, "list-gone");
    assert_lacks(text, "doubtful");
    /* It is back, and is gone again: that is another time. */
    devices(r, 1);
    devices(r, 0);
    text = outputs(r, true);
    assert_contains(text, "event list-gone");
    assert_lacks(text, "doubtful"); /* they still are */
    assert_true(look(r).encrypted);
}

static void test_two_weeks_of_silence(void **state) {
    engine_rig *r = *state;
    begin(r);
    r->now_ms = START_MS + 14 * DAY - 1;
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    assert_lacks(outputs(r, true), "doubtful");
    assert_true(sotto_engine_deadline(r->engine) < r->now_ms + DAY + 1); /* it looks again by itself */
    r->now_ms = sotto_engine_deadline(r->engine);
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    assert_contains(outputs(r, true), "event doubtful 0 " ROMEO " timeout");
    /* ... or when a stream begins. */
    commit(r);
    engine_reopen(r);
    go_online(r, false);
    assert_lacks(outputs(r, true), "doubtful");
    assert_true(look(r).doubtful);
}

static void test_who_confirmed_is_not_silent(void **state) {
    engine_rig *r = *state;
    begin(r);
    hear(r, 0x11);
    outputs(r, true);
    r->now_ms = START_MS + 30 * DAY;
    commit(r);
    engine_reopen(r);
    go_online(r, false);
    assert_lacks(outputs(r, true), "doubtful");
}

/* ---- what is kept ---- */

static void test_only_who_got_it_confirms_it(void **state) {
    engine_rig *r = *state;
    begin(r);
    hear(r, 0x55); /* a key that is new, and accepted, but had no message of ours */
    outputs(r, true);
    assert_int_equal(look(r).unconfirmed, 1);
    /* What was written before ours was sent says nothing about it: out of the offline store, with its time. */
    the_script.opened_fill = 0x11;
    step(r, stanza_input("<message from='" ROMEO "/x'><sealed xmlns='" NS_SCRIPT
                         "'/><delay xmlns='urn:xmpp:delay' stamp='2020-01-01T00:00:00Z'/></message>"));
    assert_int_equal(look(r).unconfirmed, 1);
    /* An empty message (an answer to a key exchange, a heartbeat) is a sign as well. */
    the_script.outcome = SEAL_CONTROL;
    hear(r, 0x11);
    assert_int_equal(look(r).unconfirmed, 0);
    outputs(r, true);
}

static void test_refused_keys_confirm_nothing(void **state) {
    engine_rig *r = *state;
    begin(r);
    uint8_t key[32];
    memset(key, 0x11, sizeof key);
    step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                          .jid = BYTES_LITERAL(ROMEO),
                          .key = bytes_of(key, sizeof key),
                          .trust = SOTTO_TRUST_DISTRUSTED});
    hear(r, 0x11);
    outputs(r, true);
    assert_int_equal(look(r).unconfirmed, 1);
}

/* limit: SOTTO_UNCONFIRMED_MAX, SOTTO_UNCONFIRMED_BYTES_MAX */
static void test_what_is_kept_is_bounded(void **state) {
    engine_rig *r = *state;
    begin(r);
    for (uint64_t i = 0; i < SOTTO_UNCONFIRMED_MAX + 20; i++) step(r, send_input(100 + i, SAYS("more")));
    outputs(r, true);
    assert_int_equal(look(r).unconfirmed, SOTTO_UNCONFIRMED_MAX);
    hear(r, 0x11);
    assert_int_equal(look(r).unconfirmed, 0);
    static char large[SOTTO_UNCONFIRMED_BYTES_MAX + 256];
    int len = snprintf(large, sizeof large, "<message to='" ROMEO "'><body>%0*d</body></message>",
                       (int)SOTTO_UNCONFIRMED_BYTES_MAX, 1);
    assert_true(len > 0 && (size_t)len < sizeof large);
    step(r, send_input(1000, large));
    outputs(r, true);
    assert_int_equal(look(r).unconfirmed, 0);
    /* What has no text is not kept either. */
    step(r,
         send_input(1001, "<message to='" ROMEO "'><active xmlns='http://jabber.org/protocol/chatstates'/></message>"));
    step(r, send_input(1002, "<message to='juliet@capulet.example'><body>to myself</body></message>"));
    outputs(r, true);
    assert_int_equal(look(r).unconfirmed, 0);
}

/* ---- a new device ---- */

static void resend(engine_rig *r, uint64_t ticket) {
    the_script.sealed[0] = 0;
    step(r, (sotto_input){.kind = SOTTO_INPUT_RESEND, .jid = BYTES_LITERAL(ROMEO), .ticket = ticket});
}

static void test_a_new_device_is_sent_what_they_missed(void **state) {
    engine_rig *r = *state;
    begin(r);
    step(r, send_input(2, SAYS("two")));
    outputs(r, true);
    /* The old device goes, a new one comes and is accepted: it is offered. */
    the_script.key_count = 0;
    script_key(0, ROMEO, 12, 0x12);
    devices(r, 1);
    assert_int_equal(look(r).missed, 2);
    step(r, send_input(3, SAYS("three")));
    const char *text = outputs(r, true);
    assert_contains(text, "event new-key 0 " ROMEO " ok device 12 blind");
    assert_contains(text, "event missed 0 " ROMEO " ok device 12 blind");
    assert_int_equal(look(r).unconfirmed, 3);
    assert_int_equal(look(r).missed, 2);
    /* The same stanzas, for the new device alone. */
    resend(r, 77);
    assert_string_equal(the_script.sealed, "12 " SAYS("one") "\n12 " SAYS("two") "\n");
    text = outputs(r, true);
    assert_contains(text, "stanza script 0 ");
    assert_contains(text, "event resent 77 " ROMEO " ok\n");
    assert_int_equal(r->last_number, 2);
    assert_int_equal(look(r).missed, 0);
    /* Not a second time. */
    resend(r, 78);
    assert_string_equal(the_script.sealed, "");
    assert_outputs(r, "event resent 78 " ROMEO " ok\n");
    assert_int_equal(r->last_number, 0);
    hear(r, 0x12);
    outputs(r, true);
    assert_int_equal(look(r).unconfirmed, 0);
}

/* T7: whoever can add a device to a list must not get what was said before because the person who asks for it to be
 * sent again meant another one: a key that nobody was told of yet gets nothing of it, unless it is verified. */
static void test_T7_a_device_that_slips_in_gets_nothing_old(void **state) {
    engine_rig *r = *state;
    begin(r);
    the_script.key_count = 0;
    script_key(0, ROMEO, 12, 0x12);
    devices(r, 1);
    step(r, send_input(3, SAYS("three")));
    assert_contains(outputs(r, true), "event missed 0 " ROMEO " ok device 12 blind");
    r->now_ms += 1000;
    const uint64_t asked_ms = r->now_ms;
    r->now_ms += 10; /* ... and while its devices are looked at once more */
    script_key(1, ROMEO, 13, 0x13);
    devices(r, 2);
    step(r, send_input(4, SAYS("four")));
    assert_contains(outputs(r, true), "event new-key 0 " ROMEO " ok device 13 blind");
    the_script.sealed[0] = 0;
    sotto_input again = {
        .kind = SOTTO_INPUT_RESEND, .jid = BYTES_LITERAL(ROMEO), .ticket = 77, .seen_before_ms = asked_ms};
    step(r, again);
    assert_string_equal(the_script.sealed, "12 " SAYS("one") "\n");
    outputs(r, true);
}

static void test_T7_a_device_that_slips_in_alone(void **state) {
    engine_rig *r = *state;
    begin(r);
    sotto_input again = {
        .kind = SOTTO_INPUT_RESEND, .jid = BYTES_LITERAL(ROMEO), .ticket = 77, .seen_before_ms = r->now_ms};
    r->now_ms += 10;
    the_script.key_count = 0;
    script_key(0, ROMEO, 13, 0x13);
    devices(r, 1);
    step(r, send_input(4, SAYS("four")));
    outputs(r, true);
    the_script.sealed[0] = 0;
    step(r, again);
    assert_string_equal(the_script.sealed, "");
    assert_outputs(r, "event resent 77 " ROMEO " no-trusted-device\n");
    /* Verified, it was decided about. */
    uint8_t key[32];
    memset(key, 0x13, sizeof key);
    step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                          .jid = BYTES_LITERAL(ROMEO),
                          .key = bytes_of(key, sizeof key),
                          .trust = SOTTO_TRUST_VERIFIED});
    outputs(r, true);
    the_script.sealed[0] = 0;
    again.ticket = 78;
    step(r, again);
    assert_string_equal(the_script.sealed, "13 " SAYS("one") "\n");
    outputs(r, true);
}

static void test_own_devices_do_not_get_it_again(void **state) {
    engine_rig *r = *state;
    begin(r);
    the_script.key_count = 0;
    script_key(0, ROMEO, 12, 0x12);
    script_key(1, "juliet@capulet.example", 21, 0x21);
    script_key(2, ROMEO, 11, 0x11);
    step(r, stanza_input(CLEAR("<body>hi</body>"))); /* doubtful: what is on the list does not count as having it */
    step(r, send_input(2, SAYS("two")));
    outputs(r, true);
    resend(r, 77);
    assert_string_equal(the_script.sealed, "12 " SAYS("one") "\n");
    outputs(r, true);
}

static void test_without_a_device_that_is_accepted_nothing_is_sent_again(void **state) {
    engine_rig *r = *state;
    begin(r);
    step(r, stanza_input(CLEAR("<body>hi</body>")));
    outputs(r, true);
    resend(r, 77); /* the old device has it already */
    assert_string_equal(the_script.sealed, "");
    assert_outputs(r, "event resent 77 " ROMEO " no-trusted-device\n");
    assert_int_equal(look(r).unconfirmed, 1);
    /* Held messages are another matter; offline, or with the list gone, it says why. */
    the_script.promise = SEAL_BROKEN;
    the_script.reason = SOTTO_FAIL(DEVICES_GONE);
    resend(r, 78);
    assert_outputs(r, "event resent 78 " ROMEO " devices-gone\n");
    step(r, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    resend(r, 79);
    assert_outputs(r, "event resent 79 " ROMEO " offline\n");
}

/* A key that has to be compared first: the offer comes when it was. */
static void test_the_offer_comes_with_the_verdict(void **state) {
    engine_rig *r = *state;
    r->config.trust = SOTTO_FIRST_USE;
    commit(r);
    engine_reopen(r);
    begin(r);
    the_script.key_count = 0;
    script_key(0, ROMEO, 12, 0x12);
    devices(r, 1);
    step(r, send_input(2, SAYS("two")));
    const char *text = outputs(r, true);
    assert_contains(text, "event new-key 0 " ROMEO " ok device 12 undecided");
    assert_contains(text, "event held 2 " ROMEO " no-trusted-device");
    assert_lacks(text, "missed");
    uint8_t key[32];
    memset(key, 0x12, sizeof key);
    step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                          .jid = BYTES_LITERAL(ROMEO),
                          .key = bytes_of(key, sizeof key),
                          .trust = SOTTO_TRUST_VERIFIED});
    text = outputs(r, true);
    assert_contains(text, "event missed 0 " ROMEO " ok device 12 verified");
    assert_contains(text, "stanza script 2");
}

/* When a device went is remembered, so that it can be said. */
static sotto_status see_gone(void *arg, const sotto_key *key) {
    uint64_t *gone_ms = arg;
    if (key->device == 11) *gone_ms = key->gone_ms;
    return SOTTO_OK;
}

static void test_when_a_device_went_is_remembered(void **state) {
    engine_rig *r = *state;
    uint64_t gone_ms = 1;
    begin(r);
    assert_ok(sotto_engine_keys(r->engine, BYTES_LITERAL(ROMEO), see_gone, &gone_ms));
    assert_true(gone_ms == 0);
    the_script.key_count = 0;
    r->now_ms += 5;
    devices(r, 0);
    outputs(r, true);
    assert_ok(sotto_engine_keys(r->engine, BYTES_LITERAL(ROMEO), see_gone, &gone_ms));
    assert_true(gone_ms == START_MS + 5);
    r->now_ms += 5;
    devices(r, 0); /* it does not go a second time */
    outputs(r, true);
    assert_ok(sotto_engine_keys(r->engine, BYTES_LITERAL(ROMEO), see_gone, &gone_ms));
    assert_true(gone_ms == START_MS + 5);
    script_key(0, ROMEO, 11, 0x11);
    devices(r, 1);
    outputs(r, true);
    assert_ok(sotto_engine_keys(r->engine, BYTES_LITERAL(ROMEO), see_gone, &gone_ms));
    assert_true(gone_ms == 0);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, engine_setup, engine_teardown)

const struct CMUnitTest doubt_tests[] = {
    WITH(test_a_text_in_the_clear_is_told_once),
    WITH(test_what_is_no_text_of_theirs_says_nothing),
    WITH(test_T8_a_list_that_is_gone_is_told_once),
    WITH(test_two_weeks_of_silence),
    WITH(test_who_confirmed_is_not_silent),
    WITH(test_only_who_got_it_confirms_it),
    WITH(test_refused_keys_confirm_nothing),
    WITH(test_what_is_kept_is_bounded),
    WITH(test_a_new_device_is_sent_what_they_missed),
    WITH(test_T7_a_device_that_slips_in_gets_nothing_old),
    WITH(test_T7_a_device_that_slips_in_alone),
    WITH(test_own_devices_do_not_get_it_again),
    WITH(test_without_a_device_that_is_accepted_nothing_is_sent_again),
    WITH(test_the_offer_comes_with_the_verdict),
    WITH(test_when_a_device_went_is_remembered),
};
const size_t doubt_count = sizeof doubt_tests / sizeof *doubt_tests;
