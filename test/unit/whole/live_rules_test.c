/* SPDX-License-Identifier: ISC
 *
 * Live sessions: what is on the wire, who is answered, whose keys are used, and what comes back when it cannot be sent
 * again. */
#include "live_talk.h"

#include "alter.h"
#include "bytes/base64.h"
#include "engine/state.h"
#include "seal/live/live.h"
#include "seal/live/self.h"

static const live_self *inside(const device *d) {
    return d->engine->seals[0].self;
}

static size_t ready_count(const device *d) {
    size_t count = 0;
    for (const live_session *s = inside(d)->sessions; s != NULL; s = s->next) count += s->proved && !s->over;
    return count;
}

static void begin(talk *k) {
    live_begin(k, (hostile){0});
    k->t.juliet = world_device(&k->t.w, "juliet", "balcony");
    k->t.romeo = world_device(&k->t.w, "romeo", "orchard");
    device_go_online(k->t.juliet);
    device_go_online(k->t.romeo);
}

static void live_key(const device *d, uint8_t ret[32]) {
    memcpy(ret, inside(d)->identity.ed25519.bytes, 32);
}

/* ---- the wire ---- */

static void test_the_first_stanza_leaves_in_the_second_iq(void **state) {
    (void)state;
    talk k;
    begin(&k);
    device_say(k.t.juliet, ROMEO, "one");
    live_run(&k);
    assert_read_from(k.t.romeo, JULIET, LIST("one"));
    assert_int_equal(k.h.seen, 5); /* two iqs and their results; and that the secret for the next time is held */
    assert_int_equal(world_saw_count(&k.t.w, "<iq type='set'") - 2, 3); /* the others ask for copies */
    assert_false(world_saw(&k.t.w, "one") || world_saw(&k.t.w, "<message"));
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_DELIVERED, 0), 1);
    device_say(k.t.romeo, JULIET, "two");
    live_run(&k);
    assert_read_from(k.t.juliet, ROMEO, LIST("two"));
    assert_int_equal(k.h.seen, 7);
    world_end(&k.t.w);
}

/* Every outer stanza stays below 10,000 bytes, whatever is inside. */
static void assert_small_stanzas(const world *w) {
    sotto_bytes saw = lab_server_saw(w->server);
    while (saw.len > 0) {
        const uint8_t *end = memchr(saw.at, '\n', saw.len);
        assert_non_null(end);
        assert_true(end - saw.at < 10000);
        saw = bytes_after(saw, (size_t)(end - saw.at) + 1);
    }
}

static void test_a_large_stanza_goes_in_many(void **state) {
    (void)state;
    talk k;
    begin(&k);
    static char text[400000], stanza[sizeof text + 200];
    memset(text, 'x', sizeof text - 1);
    snprintf(stanza, sizeof stanza,
             "<message to='" ROMEO "' type='chat' id='large'><body>end</body><x xmlns='t'>%s</x></message>", text);
    uint64_t ticket = device_send(k.t.juliet, stanza);
    device_say(k.t.juliet, ROMEO, "after");
    live_run(&k);
    assert_read_from(k.t.romeo, JULIET, LIST("end", "after"));
    assert_true(k.h.seen > sizeof text / 6000); /* those of results that only say "received" are not counted */
    assert_small_stanzas(&k.t.w);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_DELIVERED, 0), 2);
    assert_true(ticket > 0);
    world_end(&k.t.w);
}

/* Presence and iq as well; from and to are the channel's, whatever is written inside. */
static void test_every_kind_of_stanza(void **state) {
    (void)state;
    talk k;
    begin(&k);
    device_send(k.t.juliet, "<presence to='" ROMEO "/orchard' from='" MALLORY "'><status>dreaming</status></presence>");
    device_send(k.t.juliet, "<iq type='get' id='q1' to='" ROMEO "/orchard'><query xmlns='test:secret'/></iq>");
    live_run(&k);
    sotto_bytes all;
    assert_ok(bytes_buffer_end(&k.t.romeo->transcript, &all));
    assert_non_null(memmem(all.at, all.len, "dreaming", 8));
    assert_non_null(memmem(all.at, all.len, "test:secret", 11));
    assert_non_null(memmem(all.at, all.len, "<presence from='" JULIET "/balcony' to='" ROMEO "/orchard'>", 64));
    assert_null(memmem(all.at, all.len, MALLORY, strlen(MALLORY)));
    assert_false(world_saw(&k.t.w, "dreaming") || world_saw(&k.t.w, "test:secret"));
    world_end(&k.t.w);
}

static void test_both_begin_at_once(void **state) {
    (void)state;
    talk k;
    begin(&k);
    device_say(k.t.juliet, ROMEO, "j");
    device_say(k.t.romeo, JULIET, "r");
    live_run(&k);
    live_pass(&k, 5000);
    assert_read_from(k.t.romeo, JULIET, LIST("j"));
    assert_read_from(k.t.juliet, ROMEO, LIST("r"));
    assert_true(world_saw(&k.t.w, "<conflict "));
    assert_int_equal(ready_count(k.t.juliet), 1);
    assert_int_equal(ready_count(k.t.romeo), 1);
    assert_memory_equal(inside(k.t.juliet)->sessions->id, inside(k.t.romeo)->sessions->id, LIVE_ID_BYTES);
    assert_true(inside(k.t.juliet)->sessions->initiator); /* the lower JID */
    world_end(&k.t.w);
}

/* A stream that is resumed keeps its sessions: no second handshake. */
static void test_a_resumed_stream_keeps_its_session(void **state) {
    (void)state;
    talk k;
    begin(&k);
    device_say(k.t.juliet, ROMEO, "one");
    live_run(&k);
    uint8_t id[LIVE_ID_BYTES];
    memcpy(id, inside(k.t.juliet)->sessions->id, sizeof id);
    device_wish(k.t.juliet, (sotto_input){.kind = SOTTO_INPUT_OFFLINE}, NULL);
    live_run(&k);
    device_say(k.t.juliet, ROMEO, "two");
    live_run(&k);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_HELD, SOTTO_E_OFFLINE), 1);
    k.t.juliet->online_due = k.t.juliet->resumed = true;
    live_run(&k);
    assert_read_from(k.t.romeo, JULIET, LIST("one", "two"));
    assert_memory_equal(inside(k.t.juliet)->sessions->id, id, sizeof id);
    world_end(&k.t.w);
}

/* ---- who is answered (T23) ---- */

static void test_strangers_get_what_an_unknown_namespace_gets(void **state) {
    (void)state;
    talk k;
    begin(&k);
    device *mallory = world_device(&k.t.w, "mallory", "cell");
    device_go_online(mallory);
    device_say(k.t.juliet, ROMEO, "one"); /* there is a session, with somebody else */
    live_run(&k);
    static const char *const payloads[] = {
        "<live xmlns='test:unknown:0'>AAAA</live>", "<live xmlns='" NS_LIVE "'>AAAA</live>",
        "<live xmlns='" NS_LIVE "' session='00112233445566778899aabbccddeeff' number='0'>FgMBAAAA</live>",
        "<live xmlns='" NS_LIVE "' session='00112233445566778899aabbccddeeff' number='7'>FgMBAAAA</live>"};
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        char iq[512], delivered[600];
        snprintf(iq, sizeof iq, "<iq type='set' id='x%u' from='" MALLORY "/cell' to='" JULIET "/balcony'>%s</iq>",
                 (unsigned)i, payloads[i]);
        size_t before = k.t.juliet->transcript.len;
        device_inject(k.t.juliet, iq);
        sotto_bytes all;
        assert_ok(bytes_buffer_end(&k.t.juliet->transcript, &all));
        while (before < all.len && all.at[before] >= '0' && all.at[before] <= '9') before++; /* its number */
        snprintf(delivered, sizeof delivered, "b%s\n", iq); /* handed to the application, and nothing else */
        assert_int_equal(all.len - before, strlen(delivered));
        assert_memory_equal(all.at + before, delivered, strlen(delivered));
    }
    assert_int_equal(ready_count(k.t.juliet), 1);
    world_end(&k.t.w);
}

static void test_contacts_are_told_what_is_wrong(void **state) {
    (void)state;
    talk k;
    begin(&k);
    device_inject(k.t.juliet,
                  "<iq type='set' id='x1' from='" ROMEO "/orchard' to='" JULIET "/balcony'><live xmlns='" NS_LIVE
                  "' session='00112233445566778899aabbccddeeff' number='7'>FgMBAAAA</live></iq>");
    assert_true(world_saw(&k.t.w, "<iq type='error' id='x1' from='" JULIET "/balcony' to='" ROMEO
                                  "/orchard'><error type='cancel'><item-not-found "));
    device_inject(k.t.juliet, "<iq type='set' id='x2' from='" ROMEO "/orchard' to='" JULIET
                              "/balcony'><live xmlns='" NS_LIVE "' session='00' number='0'>FgMBAAAA</live></iq>");
    assert_true(world_saw(&k.t.w, "id='x2' from='" JULIET "/balcony' to='" ROMEO
                                  "/orchard'><error type='cancel'><bad-request "));
    device_inject(k.t.juliet,
                  "<iq type='set' id='x3' from='" ROMEO "/orchard' to='" JULIET "/balcony'><live xmlns='" NS_LIVE
                  "' session='00112233445566778899aabbccddeeff' number='0'>R0VUIC8gSFRUUC8xLjENCg==</live></iq>");
    assert_true(world_saw(&k.t.w, "id='x3' from='" JULIET "/balcony' to='" ROMEO
                                  "/orchard'><error type='cancel'><not-acceptable "));
    assert_int_equal(inside(k.t.juliet)->session_count, 0);
    world_end(&k.t.w);
}

/* A budget of handshakes for each (T20). */
static void test_hellos_have_a_budget(void **state) {
    /* limit: SOTTO_LIVE_HELLOS_PER_MINUTE */
    (void)state;
    talk k;
    begin(&k);
    for (unsigned i = 0; i <= SOTTO_LIVE_HELLOS_PER_MINUTE; i++) {
        char iq[512];
        snprintf(iq, sizeof iq,
                 "<iq type='set' id='x%u' from='" ROMEO "/orchard' to='" JULIET "/balcony'><live xmlns='" NS_LIVE
                 "' session='00112233445566778899aabbccddeeff' number='0'>R0VUIC8gSFRUUC8xLjENCg==</live></iq>",
                 i);
        assert_false(world_saw(&k.t.w, "<resource-constraint "));
        device_inject(k.t.juliet, iq);
    }
    assert_true(world_saw(&k.t.w, "<resource-constraint "));
    k.t.w.now_ms += 60000;
    device_say(k.t.romeo, JULIET, "in the next minute");
    live_run(&k);
    assert_read_from(k.t.juliet, ROMEO, LIST("in the next minute"));
    world_end(&k.t.w);
}

/* ---- trust ---- */

static void test_nothing_leaves_before_the_key_is_accepted(void **state) {
    (void)state;
    talk k;
    uint8_t key[32];
    live_begin(&k, (hostile){0});
    k.t.w.trust = SOTTO_VERIFIED_ONLY;
    k.t.juliet = world_device(&k.t.w, "juliet", "balcony");
    k.t.romeo = world_device(&k.t.w, "romeo", "orchard");
    device_go_online(k.t.juliet);
    device_go_online(k.t.romeo);
    device_say(k.t.juliet, ROMEO, "one");
    live_run(&k);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_HELD, SOTTO_E_NO_TRUSTED_DEVICE), 1);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_NEW_KEY, 0), 1);
    assert_int_equal(k.t.romeo->read_len, 0);
    live_key(k.t.romeo, key);
    assert_memory_equal(device_told_last(k.t.juliet, SOTTO_EVENT_NEW_KEY)->key, key, 32);
    device_verdict(k.t.juliet, ROMEO, key, SOTTO_TRUST_VERIFIED);
    assert_read_from(k.t.romeo, JULIET, LIST("one"));
    assert_int_equal(k.t.romeo->read[0].trust, SOTTO_TRUST_UNDECIDED); /* nobody asked him yet; it is marked */
    world_end(&k.t.w);
}

static void test_a_refused_key_gets_no_session(void **state) {
    (void)state;
    talk k;
    uint8_t key[32];
    begin(&k);
    device_say(k.t.juliet, ROMEO, "one");
    live_run(&k);
    live_key(k.t.romeo, key);
    device_verdict(k.t.juliet, ROMEO, key, SOTTO_TRUST_DISTRUSTED);
    assert_int_equal(ready_count(k.t.juliet), 0);
    uint64_t ticket = device_say(k.t.juliet, ROMEO, "two");
    device_say(k.t.romeo, JULIET, "three");
    live_run(&k);
    live_pass(&k, 1000);
    assert_int_equal(ready_count(k.t.juliet), 0);
    assert_int_equal(k.t.juliet->read_len, 0);
    assert_read_from(k.t.romeo, JULIET, LIST("one"));
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_HELD)->ticket, ticket);
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_HELD)->reason.code, SOTTO_E_NO_TRUSTED_DEVICE);
    world_end(&k.t.w);
}

/* ---- what comes back ---- */

/* Everything for romeo is dropped from here on. */
static lab_fate drop_for_romeo(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                               uint64_t *ret_until_ms) {
    (void)arg, (void)ret_instead, (void)ret_until_ms;
    return to_client && stanza_child(stanza, "live", NS_LIVE) != NULL &&
                   bytes_starts_with(stanza_attribute_of(stanza, "to"), BYTES_LITERAL(ROMEO))
               ? LAB_DROP
               : LAB_PASS;
}

static uint64_t one_on_its_way(talk *k) {
    begin(k);
    device_say(k->t.juliet, ROMEO, "one");
    live_run(k);
    lab_server_hook(k->t.w.server, drop_for_romeo, NULL);
    uint64_t ticket = device_say(k->t.juliet, ROMEO, "two");
    live_run(k);
    assert_int_equal(device_told_count(k->t.juliet, SOTTO_EVENT_DELIVERED, 0), 1);
    return ticket;
}

static void assert_back(const talk *k, uint64_t ticket, int reason) {
    const told_event *told = device_told_last(k->t.juliet, SOTTO_EVENT_DELIVERY_UNKNOWN);
    assert_int_equal(device_told_count(k->t.juliet, SOTTO_EVENT_DELIVERY_UNKNOWN, -1), 1);
    assert_int_equal(told->ticket, ticket);
    assert_int_equal(told->reason.code, reason);
    assert_string_equal(told->jid, ROMEO);
    assert_string_equal(told->text, "m2");
}

static void test_unreachable_for_two_minutes(void **state) {
    (void)state;
    talk k;
    uint64_t ticket = one_on_its_way(&k);
    for (unsigned i = 0; i < 11; i++) live_pass(&k, 10000);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_DELIVERY_UNKNOWN, -1), 0);
    live_pass(&k, 10000);
    assert_back(&k, ticket, SOTTO_E_TIMEOUT);
    lab_server_hook(k.t.w.server, NULL, NULL);
    for (unsigned i = 0; i < 10; i++) live_pass(&k, 61000);
    assert_read_from(k.t.romeo, JULIET, LIST("one")); /* it is not sent after all */
    world_end(&k.t.w);
}

/* Romeo comes back with the same resource and an empty store: another key. It must not get what was for the first. */
static void test_another_key_gets_nothing_that_was_sealed_before(void **state) {
    (void)state;
    talk k;
    uint64_t ticket = one_on_its_way(&k);
    device_leave(k.t.romeo);
    device *other = world_device(&k.t.w, "romeo", "other"); /* the same JID, as far as anybody can tell */
    other->resource = "orchard";
    lab_server_hook(k.t.w.server, NULL, NULL);
    device_go_online(other);
    live_pass(&k, 31000);
    live_pass(&k, 31000);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_QUARANTINED, 0), 1);
    uint8_t key[32];
    live_key(other, key);
    device_verdict(k.t.juliet, ROMEO, key, SOTTO_TRUST_VERIFIED);
    live_run(&k);
    assert_back(&k, ticket, SOTTO_E_KEY_CHANGED);
    assert_int_equal(other->read_len, 0);
    world_end(&k.t.w);
}

/* The same key under another resource gets messages, and nothing that was for the resource before. */
static void test_the_same_key_with_another_resource(void **state) {
    (void)state;
    talk k;
    one_on_its_way(&k);
    uint64_t iq =
        device_send(k.t.juliet, "<iq type='get' id='m2' to='" ROMEO "/orchard'><query xmlns='test:secret'/></iq>");
    live_run(&k);
    device_leave(k.t.romeo);
    lab_server_hook(k.t.w.server, NULL, NULL);
    k.t.romeo->resource = "garden";
    device_go_online(k.t.romeo);
    live_pass(&k, 31000);
    live_pass(&k, 31000);
    assert_read_from(k.t.romeo, JULIET, LIST("one", "two"));
    assert_back(&k, iq, SOTTO_E_NO_SESSION);
    sotto_bytes all;
    assert_ok(bytes_buffer_end(&k.t.romeo->transcript, &all));
    assert_null(memmem(all.at, all.len, "test:secret", 11));
    world_end(&k.t.w);
}

static void test_distrust_gives_back_what_was_not_acknowledged(void **state) {
    (void)state;
    talk k;
    uint8_t key[32];
    uint64_t ticket = one_on_its_way(&k);
    live_key(k.t.romeo, key);
    device_verdict(k.t.juliet, ROMEO, key, SOTTO_TRUST_DISTRUSTED);
    assert_back(&k, ticket, SOTTO_E_NO_TRUSTED_DEVICE);
    world_end(&k.t.w);
}

/* A key that was verified when it was sealed, and is not any more, is trusted less. */
static void test_not_sent_again_at_lower_trust(void **state) {
    (void)state;
    talk k;
    uint8_t key[32];
    begin(&k);
    device_say(k.t.juliet, ROMEO, "one");
    live_run(&k);
    live_key(k.t.romeo, key);
    device_verdict(k.t.juliet, ROMEO, key, SOTTO_TRUST_VERIFIED);
    lab_server_hook(k.t.w.server, drop_for_romeo, NULL);
    uint64_t ticket = device_say(k.t.juliet, ROMEO, "two");
    live_run(&k);
    device_verdict(k.t.juliet, ROMEO, key, SOTTO_TRUST_BLIND);
    lab_server_hook(k.t.w.server, NULL, NULL);
    live_pass(&k, 31000);
    live_pass(&k, 31000);
    assert_back(&k, ticket, SOTTO_E_NO_TRUSTED_DEVICE);
    assert_read_from(k.t.romeo, JULIET, LIST("one"));
    world_end(&k.t.w);
}

/* Nothing about the key changed, but another one of his was verified: this one is not sent to any more (T7). */
static void test_not_sent_again_when_not_accepted_any_more(void **state) {
    (void)state;
    talk k;
    uint8_t key[32];
    begin(&k);
    device *second = world_device(&k.t.w, "romeo", "garden");
    device_go_online(second);
    device_say(k.t.juliet, ROMEO, "one"); /* to both */
    live_run(&k);
    lab_server_hook(k.t.w.server, drop_for_romeo, NULL);
    uint64_t ticket =
        device_send(k.t.juliet, "<message to='" ROMEO "/orchard' type='chat' id='m2'><body>two</body></message>");
    live_run(&k);
    live_key(second, key);
    device_verdict(k.t.juliet, ROMEO, key, SOTTO_TRUST_VERIFIED);
    lab_server_hook(k.t.w.server, NULL, NULL);
    live_pass(&k, 31000);
    live_pass(&k, 31000);
    assert_back(&k, ticket, SOTTO_E_NO_TRUSTED_DEVICE);
    assert_read_from(k.t.romeo, JULIET, LIST("one"));
    world_end(&k.t.w);
}

/* A message to a bare JID is one copy for each accepted resource. */
static void test_a_copy_for_each_resource(void **state) {
    (void)state;
    talk k;
    begin(&k);
    device *second = world_device(&k.t.w, "romeo", "garden");
    device_go_online(second);
    uint64_t ticket = device_say(k.t.juliet, ROMEO, "one");
    live_run(&k);
    assert_read_from(k.t.romeo, JULIET, LIST("one"));
    assert_read_from(second, JULIET, LIST("one"));
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_DELIVERED, 0), 2);
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_DELIVERED)->ticket, ticket);
    world_end(&k.t.w);
}

/* Under `auto` nobody who is not there is taken for somebody who cannot: it waits, and nothing leaves in the clear. */
static void test_nobody_there_is_no_absence_of_keys(void **state) {
    (void)state;
    talk k;
    live_begin(&k, (hostile){0});
    k.t.w.encrypt = SOTTO_ENCRYPT_AUTO;
    k.t.juliet = world_device(&k.t.w, "juliet", "balcony");
    device_go_online(k.t.juliet);
    device_say(k.t.juliet, ROMEO, "one");
    live_run(&k);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_HELD, SOTTO_E_AGAIN), 1);
    k.t.romeo = world_device(&k.t.w, "romeo", "orchard");
    device_go_online(k.t.romeo);
    assert_read_from(k.t.romeo, JULIET, LIST("one"));
    assert_false(world_saw(&k.t.w, "<body"));
    world_end(&k.t.w);
}

/* Somebody who spoke live once and refuses now has not lost the ability (T8). */
static void test_a_refusal_of_somebody_known_is_no_absence(void **state) {
    (void)state;
    talk k;
    live_begin(&k, (hostile){0});
    k.t.w.encrypt = SOTTO_ENCRYPT_AUTO;
    k.t.juliet = world_device(&k.t.w, "juliet", "balcony");
    k.t.romeo = world_device(&k.t.w, "romeo", "orchard");
    device_go_online(k.t.juliet);
    device_go_online(k.t.romeo);
    device_say(k.t.juliet, ROMEO, "one");
    live_run(&k);
    live_forget(k.t.juliet);
    k.h = (hostile){.what = REFUSES, .at = 1, .until = 1000};
    device_say(k.t.juliet, ROMEO, "two");
    live_run(&k);
    live_pass(&k, 1000);
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_HELD)->reason.code, SOTTO_E_SERVER_REFUSED);
    assert_false(world_saw(&k.t.w, "<body"));
    k.h = (hostile){0};
    for (unsigned i = 0; i < 4; i++) live_pass(&k, 31000);
    assert_read_from(k.t.romeo, JULIET, LIST("one", "two"));
    world_end(&k.t.w);
}

/* ---- own failures ---- */

/* The disk is full when the commit comes: what TLS did cannot be undone, so the session goes, and nothing else. */
static void test_a_commit_that_fails(void **state) {
    (void)state;
    for (unsigned side = 0; side < 2; side++)
        for (size_t at = 1; at <= 12; at++) {
            talk k;
            begin(&k);
            device *victim = side == 0 ? k.t.juliet : k.t.romeo;
            victim->store.fail_at = victim->store.writes + at;
            victim->store.fail_until = victim->store.fail_at + 1;
            device_say(k.t.juliet, ROMEO, "one");
            device_say(k.t.juliet, ROMEO, "two");
            live_run(&k);
            device_say(k.t.romeo, JULIET, "three");
            for (unsigned i = 0; i < 6; i++) live_pass(&k, 31000);
            assert_read_from(k.t.romeo, JULIET, LIST("one", "two"));
            assert_read_from(k.t.juliet, ROMEO, LIST("three"));
            assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_DELIVERY_UNKNOWN, -1), 0);
            world_end(&k.t.w);
        }
}

const struct CMUnitTest rules_tests[] = {
    cmocka_unit_test(test_the_first_stanza_leaves_in_the_second_iq),
    cmocka_unit_test(test_a_large_stanza_goes_in_many),
    cmocka_unit_test(test_every_kind_of_stanza),
    cmocka_unit_test(test_both_begin_at_once),
    cmocka_unit_test(test_a_resumed_stream_keeps_its_session),
    cmocka_unit_test(test_strangers_get_what_an_unknown_namespace_gets),
    cmocka_unit_test(test_contacts_are_told_what_is_wrong),
    cmocka_unit_test(test_hellos_have_a_budget),
    cmocka_unit_test(test_nothing_leaves_before_the_key_is_accepted),
    cmocka_unit_test(test_a_refused_key_gets_no_session),
    cmocka_unit_test(test_unreachable_for_two_minutes),
    cmocka_unit_test(test_another_key_gets_nothing_that_was_sealed_before),
    cmocka_unit_test(test_the_same_key_with_another_resource),
    cmocka_unit_test(test_distrust_gives_back_what_was_not_acknowledged),
    cmocka_unit_test(test_not_sent_again_at_lower_trust),
    cmocka_unit_test(test_not_sent_again_when_not_accepted_any_more),
    cmocka_unit_test(test_a_copy_for_each_resource),
    cmocka_unit_test(test_nobody_there_is_no_absence_of_keys),
    cmocka_unit_test(test_a_refusal_of_somebody_known_is_no_absence),
    cmocka_unit_test(test_a_commit_that_fails),
};
const size_t rules_count = sizeof rules_tests / sizeof rules_tests[0];
