/* SPDX-License-Identifier: ISC
 *
 * How live sessions are made anew and how they end: nothing is lost or read twice between an old one and its
 * successor, whatever the server does in the middle; what is said last is heard; whoever seemed to be there is not,
 * when a session is gone for good. */
#include "live_talk.h"

#include "alter.h"
#include "engine/state.h"
#include "seal/live/live.h"
#include "seal/live/self.h"

#define HALF_HOUR 1800000u

/* ---- looking inside ---- */

static live_self *inside(const device *d) {
    return d->engine->seals[0].self;
}

static live_session *current(const device *d) {
    live_session *found = NULL;
    for (live_session *s = inside(d)->sessions; s != NULL; s = s->next) {
        if (!s->proved || s->over || s->closing || s->wear.retiring) continue;
        assert_null(found);
        found = s;
    }
    return found;
}

static size_t all_count(const device *d) {
    size_t count = 0;
    for (const live_session *s = inside(d)->sessions; s != NULL; s = s->next) count += !s->over;
    return count;
}

static void begin(talk *k) {
    live_begin(k, (hostile){0});
    k->t.juliet = world_device(&k->t.w, "juliet", "balcony");
    k->t.romeo = world_device(&k->t.w, "romeo", "orchard");
    device_go_online(k->t.juliet);
    device_go_online(k->t.romeo);
}

static void begin_talking(talk *k) {
    begin(k);
    device_say(k->t.juliet, ROMEO, "one");
    live_run(k);
    assert_read_from(k->t.romeo, JULIET, LIST("one"));
}

static void id_of(const device *d, uint8_t ret[LIVE_ID_BYTES]) {
    assert_non_null(current(d));
    memcpy(ret, current(d)->id, LIVE_ID_BYTES);
}

static bool has_id(const device *d, const uint8_t id[LIVE_ID_BYTES]) {
    return current(d) != NULL && memcmp(current(d)->id, id, LIVE_ID_BYTES) == 0;
}

static bool same_session(const talk *k) {
    return current(k->t.juliet) != NULL && has_id(k->t.romeo, current(k->t.juliet)->id);
}

static bool transcript_has(const device *d, const char *text) {
    sotto_bytes all;
    assert_ok(bytes_buffer_end(&d->transcript, &all));
    return memmem(all.at, all.len, text, strlen(text)) != NULL;
}

/* ---- made anew ---- */

static void test_after_half_an_hour_a_session_is_made_anew(void **state) {
    (void)state;
    talk k;
    uint8_t id[LIVE_ID_BYTES];
    begin_talking(&k);
    id_of(k.t.juliet, id);
    live_pass(&k, HALF_HOUR - 1);
    assert_true(has_id(k.t.juliet, id));
    live_pass(&k, 1);
    assert_false(has_id(k.t.juliet, id));
    assert_true(same_session(&k));
    assert_true(current(k.t.juliet)->used); /* with the retained secret */
    assert_true(current(k.t.juliet)->wear.renewed == 1 && current(k.t.romeo)->wear.renewed == 1);
    assert_int_equal(all_count(k.t.juliet), 2); /* the old one is read for a while */
    assert_int_equal(all_count(k.t.romeo), 2);
    device_say(k.t.romeo, JULIET, "two");
    live_run(&k);
    assert_read_from(k.t.juliet, ROMEO, LIST("two"));
    live_pass(&k, LIVE_RETIRING_MS);
    assert_int_equal(all_count(k.t.juliet), 1);
    assert_int_equal(all_count(k.t.romeo), 1);
    assert_true(same_session(&k));
    world_end(&k.t.w);
}

/* Nothing went through it, so there is nothing that a new one would protect. */
static void test_an_unused_session_is_left_alone(void **state) {
    (void)state;
    talk k;
    uint8_t id[LIVE_ID_BYTES];
    begin_talking(&k);
    live_pass(&k, HALF_HOUR);
    id_of(k.t.juliet, id);
    live_pass(&k, HALF_HOUR);
    live_pass(&k, HALF_HOUR);
    assert_true(has_id(k.t.juliet, id));
    world_end(&k.t.w);
}

static void test_after_so_many_stanzas_or_bytes(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        talk k;
        uint8_t id[LIVE_ID_BYTES];
        begin_talking(&k);
        id_of(k.t.juliet, id);
        if (i == 0)
            current(k.t.juliet)->wear.stanzas = LIVE_REKEY_STANZAS - 2;
        else
            current(k.t.juliet)->wear.bytes = LIVE_REKEY_BYTES - 250;
        device_say(k.t.juliet, ROMEO, "two");
        live_run(&k);
        assert_true(has_id(k.t.juliet, id));
        device_say(k.t.juliet, ROMEO, "three");
        device_say(k.t.juliet, ROMEO, "four");
        device_say(k.t.juliet, ROMEO, "five");
        live_run(&k);
        assert_false(has_id(k.t.juliet, id));
        assert_true(same_session(&k));
        assert_read_from(k.t.romeo, JULIET, LIST("one", "two", "three", "four", "five"));
        world_end(&k.t.w);
    }
}

/* ClientHellos of Juliet's do not arrive. */
static lab_fate drop_her_hellos(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                                uint64_t *ret_until_ms) {
    (void)arg, (void)ret_instead, (void)ret_until_ms;
    const stanza_element *live = stanza_child(stanza, "live", NS_LIVE);
    bool hers = bytes_starts_with(stanza_attribute_of(stanza, "from"), BYTES_LITERAL(JULIET));
    return to_client && live != NULL && hers && bytes_is(stanza_attribute_of(live, "number"), "0") &&
                   bytes_is(stanza_attribute_of(stanza, "type"), "set")
               ? LAB_DROP
               : LAB_PASS;
}

static lab_fate drop_hellos(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                            uint64_t *ret_until_ms) {
    (void)arg, (void)ret_instead, (void)ret_until_ms;
    const stanza_element *live = stanza_child(stanza, "live", NS_LIVE);
    return to_client && live != NULL && bytes_is(stanza_attribute_of(live, "number"), "0") ? LAB_DROP : LAB_PASS;
}

static void test_the_responder_does_it_when_the_initiator_does_not(void **state) {
    (void)state;
    talk k;
    uint8_t id[LIVE_ID_BYTES];
    begin_talking(&k);
    id_of(k.t.romeo, id);
    lab_server_hook(k.t.w.server, drop_her_hellos, NULL);
    live_pass(&k, HALF_HOUR);
    for (unsigned i = 0; i < 9; i++) live_pass(&k, 31000);
    assert_true(has_id(k.t.romeo, id)); /* it gives her five minutes */
    for (unsigned i = 0; i < 4; i++) live_pass(&k, 31000);
    assert_false(has_id(k.t.romeo, id));
    assert_true(same_session(&k));
    assert_true(current(k.t.romeo)->initiator);
    world_end(&k.t.w);
}

/* Whoever lets no new session come about does not keep the old one alive either. */
static void test_a_session_that_cannot_be_made_anew_ends(void **state) {
    (void)state;
    talk k;
    uint8_t id[LIVE_ID_BYTES];
    begin_talking(&k);
    id_of(k.t.juliet, id);
    lab_server_hook(k.t.w.server, drop_hellos, NULL);
    for (unsigned i = 0; i < 118; i++) {
        live_pass(&k, 30000);
        assert_true(has_id(k.t.juliet, id)); /* tried again and again; until then it is used */
    }
    for (unsigned i = 0; i < 2; i++) live_pass(&k, 30000);
    assert_null(current(k.t.juliet));
    assert_null(current(k.t.romeo));
    lab_server_hook(k.t.w.server, NULL, NULL);
    device_say(k.t.juliet, ROMEO, "two");
    for (unsigned i = 0; i < 4; i++) live_pass(&k, 31000);
    assert_read_from(k.t.romeo, JULIET, LIST("one", "two"));
    world_end(&k.t.w);
}

static void wear_out(talk *k) {
    current(k->t.juliet)->wear.stanzas = LIVE_REKEY_STANZAS;
    current(k->t.romeo)->wear.stanzas = LIVE_REKEY_STANZAS;
    current(k->t.romeo)->wear.due_ms = k->t.w.now_ms - LIVE_REKEY_LATE_MS;
}

static void test_both_begin_anew_at_once(void **state) {
    (void)state;
    talk k;
    uint8_t id[LIVE_ID_BYTES];
    begin_talking(&k);
    id_of(k.t.juliet, id);
    wear_out(&k);
    device_say(k.t.juliet, ROMEO, "two");
    device_say(k.t.romeo, JULIET, "three");
    live_run(&k);
    live_pass(&k, 5000);
    assert_true(world_saw(&k.t.w, "<conflict "));
    assert_false(has_id(k.t.juliet, id));
    assert_true(same_session(&k));
    assert_true(current(k.t.juliet)->initiator);
    assert_read_from(k.t.romeo, JULIET, LIST("one", "two"));
    assert_read_from(k.t.juliet, ROMEO, LIST("three"));
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_DELIVERED, 0), 2);
    assert_int_equal(device_told_count(k.t.romeo, SOTTO_EVENT_DELIVERED, 0), 1);
    world_end(&k.t.w);
}

static const char *const all_of_juliet[] = {"one", "j1", "j2", "j3", "j4", NULL};
static const char *const all_of_romeo[] = {"r1", "r2", "r3", NULL};

static void assert_each_once(const device *from, const device *to, const char *const *bodies, const char *jid) {
    size_t count = 0;
    for (; bodies[count] != NULL; count++)
        if (device_read_count(to, bodies[count]) != 1)
            fail_msg("%s was read %u times", bodies[count], (unsigned)device_read_count(to, bodies[count]));
    assert_read_from(to, jid, bodies);
    assert_int_equal(device_told_count(from, SOTTO_EVENT_DELIVERED, 0), count);
    assert_int_equal(device_told_count(from, SOTTO_EVENT_DELIVERY_UNKNOWN, -1), 0);
    assert_int_equal(device_told_count(to, SOTTO_EVENT_UNREADABLE, -1), 0);
}

/* Both talk while a session gives way to the next one, and something happens to the n-th frame of that. */
static bool talk_over_it(malice what, unsigned at, bool both) {
    talk k;
    begin_talking(&k);
    k.h = (hostile){.what = what, .at = k.h.seen + at};
    device_say(k.t.romeo, JULIET, "r1");
    device_say(k.t.juliet, ROMEO, "j1");
    for (unsigned i = 0; i < 3; i++) device_turn(k.t.romeo), device_turn(k.t.juliet); /* on its way */
    if (both)
        wear_out(&k);
    else
        current(k.t.juliet)->wear.stanzas = LIVE_REKEY_STANZAS;
    device_say(k.t.juliet, ROMEO, "j2");
    device_say(k.t.romeo, JULIET, "r2");
    live_run(&k);
    device_say(k.t.juliet, ROMEO, "j3");
    live_run(&k);
    device_say(k.t.romeo, JULIET, "r3");
    device_say(k.t.juliet, ROMEO, "j4");
    live_run(&k);
    for (unsigned i = 0; i < 6; i++) live_pass(&k, i < 3 ? 3000 : 31000);
    bool happened = k.h.seen >= k.h.at;
    assert_each_once(k.t.juliet, k.t.romeo, all_of_juliet, JULIET);
    assert_each_once(k.t.romeo, k.t.juliet, all_of_romeo, ROMEO);
    live_pass(&k, 61000);
    assert_true(all_count(k.t.juliet) <= 1 && all_count(k.t.romeo) <= 1);
    world_end(&k.t.w);
    return happened;
}

static void test_nothing_is_lost_or_repeated_in_between(void **state) {
    (void)state;
    static const malice whats[] = {HONEST, DROPS, REPEATS, REORDERS, DELAYS, REFUSES, FORGETS_FOR_IT, REFLECTS};
    for (size_t i = 0; i < sizeof whats / sizeof *whats; i++) {
        unsigned at = 1;
        while (at < 30 && talk_over_it(whats[i], at, at % 2 == 0)) at++;
        assert_true(at > 8);
    }
}

/* ---- the end ---- */

static void test_whoever_goes_says_so(void **state) {
    (void)state;
    talk k;
    begin_talking(&k);
    device_say(k.t.juliet, ROMEO, "two");
    device_wish(k.t.juliet, (sotto_input){.kind = SOTTO_INPUT_ENDING}, NULL);
    live_run(&k);
    assert_read_from(k.t.romeo, JULIET, LIST("one", "two"));
    assert_int_equal(all_count(k.t.juliet), 0);
    assert_int_equal(all_count(k.t.romeo), 0);
    assert_int_equal(device_told_count(k.t.romeo, SOTTO_EVENT_CUT_SHORT, -1), 0);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_DELIVERED, 0), 2);
    /* Nothing begins until there is a stream again. */
    device_say(k.t.romeo, JULIET, "three");
    device_say(k.t.juliet, ROMEO, "four");
    live_run(&k);
    assert_int_equal(all_count(k.t.juliet), 0);
    device_leave(k.t.juliet);
    device_go_online(k.t.juliet);
    for (unsigned i = 0; i < 4; i++) live_pass(&k, 31000);
    assert_read_from(k.t.romeo, JULIET, LIST("one", "two", "four"));
    assert_read_from(k.t.juliet, ROMEO, LIST("three"));
    world_end(&k.t.w);
}

static lab_fate drop_for_romeo(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                               uint64_t *ret_until_ms) {
    (void)arg, (void)ret_instead, (void)ret_until_ms;
    return to_client && stanza_child(stanza, "live", NS_LIVE) != NULL &&
                   bytes_starts_with(stanza_attribute_of(stanza, "to"), BYTES_LITERAL(ROMEO))
               ? LAB_DROP
               : LAB_PASS;
}

/* What was held back, and given back to her, is missed by him when she says how many there were. */
static void test_what_is_missing_at_the_end_is_told(void **state) {
    (void)state;
    talk k;
    begin_talking(&k);
    lab_server_hook(k.t.w.server, drop_for_romeo, NULL);
    device_say(k.t.juliet, ROMEO, "two");
    device_say(k.t.juliet, ROMEO, "three");
    for (unsigned i = 0; i < 5; i++) live_pass(&k, 31000);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_DELIVERY_UNKNOWN, SOTTO_E_TIMEOUT), 2);
    lab_server_hook(k.t.w.server, NULL, NULL);
    device_say(k.t.romeo, JULIET, "back");
    for (unsigned i = 0; i < 4; i++) live_pass(&k, 31000);
    assert_true(same_session(&k));
    device_wish(k.t.juliet, (sotto_input){.kind = SOTTO_INPUT_ENDING}, NULL);
    live_run(&k);
    const told_event *told = device_told_last(k.t.romeo, SOTTO_EVENT_CUT_SHORT);
    assert_int_equal(device_told_count(k.t.romeo, SOTTO_EVENT_CUT_SHORT, 0), 1);
    assert_int_equal(told->number, 2);
    assert_string_equal(told->jid, JULIET);
    assert_memory_equal(told->key, inside(k.t.juliet)->identity.ed25519.bytes, 32);
    world_end(&k.t.w);
}

static void test_a_refused_key_is_told(void **state) {
    (void)state;
    talk k;
    begin_talking(&k);
    device_send(k.t.romeo, "<presence to='" JULIET "/balcony'><status>here</status></presence>");
    live_run(&k);
    uint8_t key[32];
    memcpy(key, inside(k.t.romeo)->identity.ed25519.bytes, 32);
    device_verdict(k.t.juliet, ROMEO, key, SOTTO_TRUST_DISTRUSTED);
    live_run(&k);
    assert_int_equal(all_count(k.t.romeo), 0); /* he knows at once */
    assert_int_equal(all_count(k.t.juliet), 0);
    assert_true(
        transcript_has(k.t.juliet, "<presence from='" ROMEO "/orchard' to='" JULIET "/balcony' type='unavailable'/>"));
    device_say(k.t.romeo, JULIET, "two");
    live_pass(&k, 5000);
    assert_int_equal(k.t.juliet->read_len, 0);
    world_end(&k.t.w);
}

/* ---- presence ---- */

#define HERE "<presence from='" JULIET "/balcony' to='" ROMEO "/orchard'><status>dreaming</status></presence>"
#define GONE "<presence from='" JULIET "/balcony' to='" ROMEO "/orchard' type='unavailable'/>"

static void begin_present(talk *k) {
    begin(k);
    device_send(k->t.juliet, "<presence to='" ROMEO "/orchard'><status>dreaming</status></presence>");
    live_run(k);
    assert_true(transcript_has(k->t.romeo, HERE));
    assert_false(transcript_has(k->t.romeo, GONE));
}

static void test_presence_outlives_a_session_that_is_replaced(void **state) {
    (void)state;
    talk k;
    begin_present(&k);
    live_pass(&k, HALF_HOUR); /* made anew */
    live_pass(&k, LIVE_RETIRING_MS);
    assert_false(transcript_has(k.t.romeo, GONE));
    live_forget(k.t.juliet); /* broken, and built again */
    live_forget(k.t.romeo);
    device_say(k.t.romeo, JULIET, "still there?");
    live_run(&k);
    assert_read_from(k.t.juliet, ROMEO, LIST("still there?"));
    assert_false(transcript_has(k.t.romeo, GONE));
    device_wish(k.t.juliet, (sotto_input){.kind = SOTTO_INPUT_ENDING}, NULL);
    live_run(&k);
    assert_true(transcript_has(k.t.romeo, GONE));
    world_end(&k.t.w);
}

/* She said good-bye inside: there is nothing left to be said for her. */
static void test_presence_that_was_taken_back_is_not_ended_twice(void **state) {
    (void)state;
    talk k;
    begin_present(&k);
    device_send(k.t.juliet, "<presence to='" ROMEO "/orchard' type='unavailable'/>");
    live_run(&k);
    size_t before = k.t.romeo->transcript.len;
    device_wish(k.t.juliet, (sotto_input){.kind = SOTTO_INPUT_ENDING}, NULL);
    live_run(&k);
    sotto_bytes all;
    assert_ok(bytes_buffer_end(&k.t.romeo->transcript, &all));
    assert_null(memmem(all.at + before, all.len - before, "unavailable", 11));
    world_end(&k.t.w);
}

/* The process is gone without a word: the server says so outside, and what was said inside ends with it. And for
 * whoever begins a new stream nobody is there any more. */
static void test_presence_ends_with_the_resource_or_the_stream(void **state) {
    (void)state;
    talk k;
    begin_present(&k);
    device_leave(k.t.juliet);
    live_run(&k);
    assert_true(transcript_has(k.t.romeo, GONE));
    world_end(&k.t.w);
    begin_present(&k);
    device_crash(k.t.romeo, false);
    live_run(&k);
    assert_true(transcript_has(k.t.romeo, GONE));
    world_end(&k.t.w);
}

const struct CMUnitTest life_tests[] = {
    cmocka_unit_test(test_after_half_an_hour_a_session_is_made_anew),
    cmocka_unit_test(test_an_unused_session_is_left_alone),
    cmocka_unit_test(test_after_so_many_stanzas_or_bytes),
    cmocka_unit_test(test_the_responder_does_it_when_the_initiator_does_not),
    cmocka_unit_test(test_a_session_that_cannot_be_made_anew_ends),
    cmocka_unit_test(test_both_begin_anew_at_once),
    cmocka_unit_test(test_nothing_is_lost_or_repeated_in_between),
    cmocka_unit_test(test_whoever_goes_says_so),
    cmocka_unit_test(test_what_is_missing_at_the_end_is_told),
    cmocka_unit_test(test_a_refused_key_is_told),
    cmocka_unit_test(test_presence_outlives_a_session_that_is_replaced),
    cmocka_unit_test(test_presence_that_was_taken_back_is_not_ended_twice),
    cmocka_unit_test(test_presence_ends_with_the_resource_or_the_stream),
};
const size_t life_count = sizeof life_tests / sizeof life_tests[0];
