/* SPDX-License-Identifier: ISC
 *
 * Trust and policy between whole accounts: what one device verified the others learn, sealed (XEP-0450; T39); and what
 * a contact's lost device took with it, a new one is sent (T8, T14). */
#include "world.h"

#define NS_OMEMO_03  "eu.siacs.conversations.axolotl"
#define NODE_LIST_03 NS_OMEMO_03 ".devicelist"

static sotto_status see_key(void *arg, const sotto_key *key) {
    told_event *search = arg;
    if (key->known && memcmp(key->key, search->key, 32) == 0) search->trust = key->trust;
    return SOTTO_OK;
}

/* How far `by` trusts the key of `of`. */
static sotto_trust trust_in(const device *by, device *of, const char *jid) {
    told_event search = {.trust = SOTTO_TRUST_UNDECIDED};
    device_key(of, search.key);
    assert_ok(sotto_engine_keys(by->engine, bytes_text(jid), see_key, &search));
    return search.trust;
}

static void verify(device *by, device *of, const char *jid, sotto_trust trust) {
    uint8_t key[32];
    device_key(of, key);
    device_verdict(by, jid, key, trust);
    world_run(by->w);
}

static void say(device *d, const char *to, const char *body) {
    device_say(d, to, body);
    world_run(d->w);
}

static sotto_contact contact_of(const device *d, const char *jid) {
    sotto_contact contact;
    assert_ok(sotto_engine_contact(d->engine, bytes_text(jid), &contact));
    return contact;
}

/* ---- automatic trust ---- */

typedef struct three {
    two t;
    device *garden; /* juliet's other device */
} three;

/* Everybody has heard of everybody. */
static void three_start(three *h) {
    two_start(&h->t, sotto_seal_omemo());
    h->garden = world_device(&h->t.w, "juliet", "garden");
    device_go_online(h->garden);
    say(h->t.juliet, ROMEO, "from the balcony");
    say(h->garden, ROMEO, "from the garden");
    say(h->t.romeo, JULIET, "from the orchard");
    world_pass(&h->t.w, 61 * 1000);
    say(h->t.juliet, JULIET, "to myself");
    say(h->garden, JULIET, "to myself too");
    device_forget_told(h->t.juliet);
    device_forget_told(h->garden);
    device_forget_told(h->t.romeo);
}

static void test_one_verification_is_enough(void **state) {
    (void)state;
    three h;
    three_start(&h);
    device *balcony = h.t.juliet, *romeo = h.t.romeo;
    verify(balcony, h.garden, JULIET, SOTTO_TRUST_VERIFIED);
    verify(h.garden, balcony, JULIET, SOTTO_TRUST_VERIFIED);
    verify(balcony, romeo, ROMEO, SOTTO_TRUST_VERIFIED);
    /* The garden heard it from the balcony, which it had verified. */
    assert_int_equal(trust_in(h.garden, romeo, ROMEO), SOTTO_TRUST_VERIFIED);
    const told_event *told = device_told_last(h.garden, SOTTO_EVENT_VOUCHED);
    assert_non_null(told);
    assert_string_equal(told->jid, ROMEO);
    assert_string_equal(told->text, JULIET);
    /* T39: romeo was told of the garden's key by a device he has not verified: nothing yet. */
    assert_int_equal(trust_in(romeo, h.garden, JULIET), SOTTO_TRUST_BLIND);
    assert_int_equal(device_told_count(romeo, SOTTO_EVENT_VOUCHED, -1), 0);
    device_crash(romeo, false); /* it waits in the store */
    world_run(&h.t.w);
    verify(romeo, balcony, JULIET, SOTTO_TRUST_VERIFIED);
    assert_int_equal(trust_in(romeo, h.garden, JULIET), SOTTO_TRUST_VERIFIED);
    assert_int_equal(trust_in(h.garden, balcony, JULIET), SOTTO_TRUST_VERIFIED);
    /* Nobody saw any of it, neither people nor the server. */
    assert_false(world_saw(&h.t.w, "trust-message") || world_saw(&h.t.w, "key-owner"));
    assert_int_equal(device_read_count(romeo, ""), 0);
    /* And what is said now is read everywhere. */
    say(balcony, ROMEO, "good night");
    say(romeo, JULIET, "good night, good night");
    assert_int_equal(device_read_count(romeo, "good night"), 1);
    assert_int_equal(device_read_count(balcony, "good night, good night"), 1);
    assert_int_equal(device_read_count(h.garden, "good night, good night"), 1);
    /* Distrust travels the same way. */
    verify(balcony, romeo, ROMEO, SOTTO_TRUST_DISTRUSTED);
    assert_int_equal(trust_in(h.garden, romeo, ROMEO), SOTTO_TRUST_DISTRUSTED);
    assert_true(world_keys_used_once(&h.t.w) > 0);
    world_end(&h.t.w);
}

/* T39: a message that says the right things, from the right account, and is not sealed. */
static void test_T39_not_sealed_is_not_said(void **state) {
    (void)state;
    three h;
    three_start(&h);
    verify(h.t.juliet, h.garden, JULIET, SOTTO_TRUST_VERIFIED);
    char stanza[1024];
    for (unsigned own = 0; own < 2; own++) {
        snprintf(stanza, sizeof stanza,
                 "<message from='%s/x' to='" JULIET "' type='chat'><trust-message xmlns='urn:xmpp:tm:1' "
                 "usage='urn:xmpp:atm:1' encryption='" NS_OMEMO "'><key-owner jid='" ROMEO
                 "'><distrust>aFABnX7Q/rbTgjBySYzrT2FsYCVYb49mbca5yB734KQ=</distrust></key-owner></trust-message>"
                 "</message>",
                 own ? JULIET : ROMEO);
        device_inject(h.t.juliet, stanza);
    }
    assert_int_equal(device_told_count(h.t.juliet, SOTTO_EVENT_VOUCHED, -1), 0);
    world_end(&h.t.w);
}

/* What is decided while this device is away from its server is told when it is back. */
static void test_they_leave_later(void **state) {
    (void)state;
    three h;
    three_start(&h);
    verify(h.t.juliet, h.garden, JULIET, SOTTO_TRUST_VERIFIED);
    verify(h.garden, h.t.juliet, JULIET, SOTTO_TRUST_VERIFIED);
    device_leave(h.t.juliet);
    verify(h.t.juliet, h.t.romeo, ROMEO, SOTTO_TRUST_VERIFIED);
    assert_int_equal(trust_in(h.garden, h.t.romeo, ROMEO), SOTTO_TRUST_BLIND);
    assert_int_equal(device_held(h.t.juliet), 0); /* it is nobody's to cancel */
    device_go_online(h.t.juliet);
    world_pass(&h.t.w, 61 * 1000);
    assert_int_equal(trust_in(h.garden, h.t.romeo, ROMEO), SOTTO_TRUST_VERIFIED);
    world_end(&h.t.w);
}

/* ---- doubt ---- */

static void test_T8_a_new_device_gets_what_the_old_one_took_with_it(void **state) {
    (void)state;
    two t;
    two_start(&t, sotto_seal_omemo());
    say(t.juliet, ROMEO, "before");
    say(t.romeo, JULIET, "yes");
    assert_int_equal(contact_of(t.juliet, ROMEO).unconfirmed, 0);
    /* The old device goes without a word; two messages are for it alone. */
    device_leave(t.romeo);
    say(t.juliet, ROMEO, "secret-one");
    say(t.juliet, ROMEO, "secret-two");
    assert_int_equal(contact_of(t.juliet, ROMEO).unconfirmed, 2);
    /* Its list is emptied: said once, held from now on. */
    assert_ok(lab_server_plant(t.w.server, "romeo", NODE_LIST, "current",
                               BYTES_LITERAL("<devices xmlns='" NS_OMEMO "'/>"), true));
    assert_ok(lab_server_plant(t.w.server, "romeo", NODE_LIST_03, "current",
                               BYTES_LITERAL("<list xmlns='" NS_OMEMO_03 "'/>"), true));
    world_run(&t.w);
    assert_int_equal(device_told_count(t.juliet, SOTTO_EVENT_LIST_GONE, -1), 1);
    assert_int_equal(device_told_count(t.juliet, SOTTO_EVENT_DOUBTFUL, SOTTO_E_DEVICES_GONE), 1);
    assert_true(contact_of(t.juliet, ROMEO).doubtful);
    say(t.juliet, ROMEO, "secret-three");
    assert_int_equal(device_held(t.juliet), 1);
    /* A new one appears and is accepted. */
    device *phone = world_device(&t.w, "romeo", "phone");
    device_go_online(phone);
    world_pass(&t.w, 61 * 1000);
    assert_int_equal(device_held(t.juliet), 0);
    const told_event *missed = device_told_last(t.juliet, SOTTO_EVENT_MISSED);
    assert_non_null(missed);
    assert_int_equal(missed->number, 2);
    assert_int_equal(device_read_count(phone, "secret-three"), 1);
    assert_int_equal(device_read_count(phone, "secret-one"), 0);
    device_wish(t.juliet, (sotto_input){.kind = SOTTO_INPUT_RESEND, .jid = bytes_text(ROMEO), .ticket = 99}, NULL);
    world_run(&t.w);
    assert_int_equal(device_told_last(t.juliet, SOTTO_EVENT_RESENT)->number, 2);
    assert_int_equal(device_read_count(phone, "secret-one"), 1);
    assert_int_equal(device_read_count(phone, "secret-two"), 1);
    say(phone, JULIET, "thank you");
    assert_int_equal(contact_of(t.juliet, ROMEO).unconfirmed, 0);
    assert_false(contact_of(t.juliet, ROMEO).doubtful);
    assert_false(world_saw(&t.w, "secret"));
    assert_true(world_keys_used_once(&t.w) >= 5);
    world_end(&t.w);
}

static void test_T14_a_text_in_the_clear_makes_nothing_clear(void **state) {
    (void)state;
    two t;
    two_start(&t, sotto_seal_omemo());
    say(t.juliet, ROMEO, "before");
    for (unsigned i = 0; i < 2; i++)
        device_inject(t.juliet,
                      "<message from='" ROMEO "/web' to='" JULIET "' type='chat'><body>I lost my keys, please "
                      "write in the clear</body></message>");
    assert_int_equal(device_told_count(t.juliet, SOTTO_EVENT_DOUBTFUL, SOTTO_E_IN_THE_CLEAR), 1);
    say(t.juliet, ROMEO, "secret-one");
    assert_int_equal(device_read_count(t.romeo, "secret-one"), 1);
    assert_false(world_saw(&t.w, "secret-one"));
    world_end(&t.w);
}

/* T14: for an hour, because a person said so; and then not, because nobody has to say anything. */
static void test_T14_an_hour_in_the_clear(void **state) {
    (void)state;
    two t;
    two_start(&t, sotto_seal_omemo());
    say(t.juliet, ROMEO, "before");
    device_wish(t.juliet,
                (sotto_input){.kind = SOTTO_INPUT_POLICY,
                              .jid = bytes_text(ROMEO),
                              .encrypt = SOTTO_ENCRYPT_NEVER,
                              .for_ms = 3600 * 1000},
                NULL);
    say(t.juliet, ROMEO, "public-one");
    assert_true(world_saw(&t.w, "public-one"));
    world_pass(&t.w, 3600 * 1000);
    assert_int_equal(device_told_count(t.juliet, SOTTO_EVENT_POLICY_ENDED, -1), 1);
    say(t.juliet, ROMEO, "secret-two");
    assert_int_equal(device_read_count(t.romeo, "secret-two"), 1);
    assert_false(world_saw(&t.w, "secret-two"));
    world_end(&t.w);
}

const struct CMUnitTest policy_tests[] = {
    cmocka_unit_test(test_one_verification_is_enough),
    cmocka_unit_test(test_T39_not_sealed_is_not_said),
    cmocka_unit_test(test_they_leave_later),
    cmocka_unit_test(test_T8_a_new_device_gets_what_the_old_one_took_with_it),
    cmocka_unit_test(test_T14_a_text_in_the_clear_makes_nothing_clear),
    cmocka_unit_test(test_T14_an_hour_in_the_clear),
};
const size_t policy_count = sizeof policy_tests / sizeof policy_tests[0];
