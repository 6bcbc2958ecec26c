/* SPDX-License-Identifier: ISC
 *
 * Two people compare a word they both know: the same one verifies, another one never does and is counted, whatever is
 * lost on the way and whoever is forgotten or ends in the middle. */
#include "live_talk.h"

#include "engine/keyring.h"
#include "engine/state.h"
#include "seal/live/live.h"
#include "seal/live/self.h"

#define WORD  "midnight at the orchard wall"
#define OTHER "noon at the orchard wall"

static live_self *inside(const device *d) {
    return d->engine->seals[0].self;
}

static const live_session *current(const device *d) {
    for (const live_session *s = inside(d)->sessions; s != NULL; s = s->next)
        if (s->proved && !s->over && !s->closing && !s->wear.retiring) return s;
    return NULL;
}

static void begin(talk *k, hostile h) {
    live_begin(k, h);
    k->t.juliet = world_device(&k->t.w, "juliet", "balcony");
    k->t.romeo = world_device(&k->t.w, "romeo", "orchard");
    device_go_online(k->t.juliet);
    device_go_online(k->t.romeo);
    device_say(k->t.juliet, ROMEO, "one"); /* she begins: the initiator */
    live_run(k);
    device_say(k->t.romeo, JULIET, "two");
    live_run(k);
    assert_true(current(k->t.juliet)->initiator);
}

static void type(device *d, const char *jid, const char *word, bool again) {
    device_wish(
        d,
        (sotto_input){.kind = SOTTO_INPUT_PASSWORD, .jid = bytes_text(jid), .bytes = bytes_text(word), .again = again},
        NULL);
}

static size_t news_count(const device *d, sotto_password_news news) {
    size_t count = 0;
    for (size_t i = 0; i < d->told_len; i++)
        count += d->told[i].kind == SOTTO_EVENT_PASSWORD && d->told[i].number == (uint32_t)news;
    return count;
}

static sotto_trust trust_in(const device *d, const char *jid, const device *of) {
    sotto_trust trust;

    assert_ok(engine_keyring_trust(d->engine, bytes_text(jid), inside(of)->identity.ed25519.bytes, &trust));
    return trust;
}

static void assert_verified(const talk *k) {
    assert_int_equal(trust_in(k->t.juliet, ROMEO, k->t.romeo), SOTTO_TRUST_VERIFIED);
    assert_int_equal(trust_in(k->t.romeo, JULIET, k->t.juliet), SOTTO_TRUST_VERIFIED);
}

static void assert_not_verified(const talk *k) {
    assert_int_equal(trust_in(k->t.juliet, ROMEO, k->t.romeo), SOTTO_TRUST_BLIND);
    assert_int_equal(trust_in(k->t.romeo, JULIET, k->t.juliet), SOTTO_TRUST_BLIND);
}

static void assert_nothing_under_way(const talk *k) {
    for (const live_session *s = inside(k->t.juliet)->sessions; s != NULL; s = s->next) assert_null(s->password);
    for (const live_session *s = inside(k->t.romeo)->sessions; s != NULL; s = s->next) assert_null(s->password);
}

/* The word is in what the next session was opened with, which came at once. */
static void assert_renewed(const talk *k) {
    assert_non_null(current(k->t.juliet));
    assert_non_null(current(k->t.romeo));
    assert_memory_equal(current(k->t.juliet)->id, current(k->t.romeo)->id, LIVE_ID_BYTES);
    assert_int_equal(current(k->t.juliet)->wear.renewed, 1);
    assert_true(current(k->t.juliet)->used && current(k->t.romeo)->used);
}

static void test_the_same_word_verifies_whoever_is_first(void **state) {
    (void)state;
    for (unsigned order = 0; order < 3; order++) {
        talk k;
        begin(&k, (hostile){0});
        uint8_t id[LIVE_ID_BYTES];
        memcpy(id, current(k.t.juliet)->id, sizeof id);
        device *first = order == 1 ? k.t.romeo : k.t.juliet, *second = order == 1 ? k.t.juliet : k.t.romeo;
        type(first, order == 1 ? JULIET : ROMEO, WORD, false);
        if (order < 2) live_run(&k); /* else both at once */
        if (order < 2) assert_int_equal(news_count(second, SOTTO_PASSWORD_ASKED), 1);
        type(second, order == 1 ? ROMEO : JULIET, WORD, false);
        live_run(&k);
        assert_int_equal(news_count(k.t.juliet, SOTTO_PASSWORD_CONFIRMED), 1);
        assert_int_equal(news_count(k.t.romeo, SOTTO_PASSWORD_CONFIRMED), 1);
        assert_verified(&k);
        assert_renewed(&k);
        assert_true(memcmp(id, current(k.t.juliet)->id, sizeof id) != 0);
        assert_nothing_under_way(&k);
        assert_false(world_saw(&k.t.w, WORD));
        device_say(k.t.juliet, ROMEO, "three");
        live_run(&k);
        assert_read_from(k.t.romeo, JULIET, LIST("one", "three"));
        world_end(&k.t.w);
    }
}

/* limit: SOTTO_LIVE_GUESSES_MAX */
static void test_another_word_is_counted_and_told(void **state) {
    (void)state;
    talk k;
    begin(&k, (hostile){0});
    for (unsigned i = 1; i <= SOTTO_LIVE_GUESSES_MAX; i++) {
        type(k.t.juliet, ROMEO, WORD, false);
        type(k.t.romeo, JULIET, OTHER, false);
        live_run(&k);
        assert_int_equal(news_count(k.t.juliet, SOTTO_PASSWORD_WRONG), i);
        assert_int_equal(news_count(k.t.romeo, SOTTO_PASSWORD_WRONG), i);
        assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_PASSWORD)->reason.code, SOTTO_E_BAD_MAC);
    }
    assert_nothing_under_way(&k);
    type(k.t.juliet, ROMEO, WORD, false); /* no more of them */
    type(k.t.romeo, JULIET, WORD, false);
    live_run(&k);
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_PASSWORD)->number, SOTTO_PASSWORD_OVER);
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_PASSWORD)->reason.code, SOTTO_E_GUESSED_OUT);
    assert_int_equal(device_told_last(k.t.romeo, SOTTO_EVENT_PASSWORD)->reason.code, SOTTO_E_GUESSED_OUT);
    device_crash(k.t.juliet, true); /* the count is in the store */
    live_run(&k);
    type(k.t.juliet, ROMEO, WORD, false);
    live_run(&k);
    assert_not_verified(&k);
    device_say(k.t.juliet, ROMEO, "again");
    for (unsigned i = 0; i < 3; i++) live_pass(&k, 31000);
    type(k.t.juliet, ROMEO, WORD, false);
    live_run(&k);
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_PASSWORD)->reason.code, SOTTO_E_GUESSED_OUT);
    type(k.t.juliet, ROMEO, WORD, true);
    type(k.t.romeo, JULIET, WORD, true);
    live_run(&k);
    assert_verified(&k);
    world_end(&k.t.w);
}

/* Whoever mistyped types again, before or after the other side was told: what counts is the last word. */
static void test_a_slip_is_put_right(void **state) {
    (void)state;
    for (unsigned order = 0; order < 4; order++) {
        talk k;
        begin(&k, (hostile){0});
        bool hers = order % 2 == 0; /* the initiator slips */
        device *slips = hers ? k.t.juliet : k.t.romeo, *other = hers ? k.t.romeo : k.t.juliet;
        type(slips, hers ? ROMEO : JULIET, OTHER, false);
        if (order < 2) live_run(&k);
        type(slips, hers ? ROMEO : JULIET, WORD, false);
        live_run(&k);
        assert_int_equal(news_count(other, SOTTO_PASSWORD_ASKED), 1);
        assert_int_equal(news_count(slips, SOTTO_PASSWORD_OVER), 0);
        type(other, hers ? JULIET : ROMEO, WORD, false);
        live_run(&k);
        assert_int_equal(news_count(slips, SOTTO_PASSWORD_CONFIRMED), 1);
        assert_int_equal(news_count(slips, SOTTO_PASSWORD_WRONG) + news_count(other, SOTTO_PASSWORD_WRONG), 0);
        assert_verified(&k);
        assert_nothing_under_way(&k);
        world_end(&k.t.w);
    }
}

static void test_there_must_be_a_session(void **state) {
    (void)state;
    talk k;
    begin(&k, (hostile){0});
    type(k.t.juliet, MALLORY, WORD, false);
    live_run(&k);
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_PASSWORD)->number, SOTTO_PASSWORD_OVER);
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_PASSWORD)->reason.code, SOTTO_E_NO_SESSION);
    type(k.t.juliet, ROMEO, "a slip", false);
    type(k.t.juliet, ROMEO "/orchard", WORD, false); /* one at a time: the second takes the place of the first */
    live_run(&k);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_PASSWORD, -1), 1);
    device_leave(k.t.romeo); /* and it goes with the session */
    live_run(&k);
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_PASSWORD)->reason.code, SOTTO_E_NO_SESSION);
    assert_null(current(k.t.juliet));
    world_end(&k.t.w);
}

/* Nobody has said anything yet: asking for it begins the session that it needs. */
static void test_a_word_begins_the_session_it_needs(void **state) {
    (void)state;
    talk k;
    live_begin(&k, (hostile){0});
    k.t.juliet = world_device(&k.t.w, "juliet", "balcony");
    k.t.romeo = world_device(&k.t.w, "romeo", "orchard");
    device_go_online(k.t.juliet);
    device_go_online(k.t.romeo);
    live_run(&k);
    assert_null(current(k.t.juliet));
    type(k.t.juliet, ROMEO, WORD, false);
    live_run(&k);
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_PASSWORD)->reason.code, SOTTO_E_NO_SESSION);
    assert_non_null(current(k.t.juliet));
    type(k.t.juliet, ROMEO, WORD, false);
    type(k.t.romeo, JULIET, WORD, false);
    live_run(&k);
    assert_verified(&k);
    world_end(&k.t.w);
}

/* limit: SOTTO_LIVE_PASSWORD_BYTES_MAX */
static void test_a_word_has_an_end(void **state) {
    (void)state;
    talk k;
    static char long_word[SOTTO_LIVE_PASSWORD_BYTES_MAX + 2];
    begin(&k, (hostile){0});
    memset(long_word, 'x', sizeof long_word - 1);
    sotto_input input = {.kind = SOTTO_INPUT_PASSWORD, .jid = BYTES_LITERAL(ROMEO), .bytes = bytes_text(long_word)};
    assert_status(sotto_engine_step(k.t.juliet->engine, &input, k.t.w.now_ms), USAGE);
    input.bytes = BYTES_NONE;
    assert_status(sotto_engine_step(k.t.juliet->engine, &input, k.t.w.now_ms), USAGE);
    input.bytes = BYTES_LITERAL(" \t ");
    assert_status(sotto_engine_step(k.t.juliet->engine, &input, k.t.w.now_ms), USAGE);
    assert_non_null(current(k.t.juliet)); /* none of that cost the session */
    long_word[SOTTO_LIVE_PASSWORD_BYTES_MAX] = 0;
    type(k.t.juliet, ROMEO, long_word, false);
    type(k.t.romeo, JULIET, long_word, false);
    live_run(&k);
    assert_verified(&k);
    world_end(&k.t.w);
}

static void test_nobody_answers(void **state) {
    (void)state;
    talk k;
    begin(&k, (hostile){0});
    type(k.t.juliet, ROMEO, WORD, false);
    live_run(&k);
    assert_int_equal(news_count(k.t.romeo, SOTTO_PASSWORD_ASKED), 1);
    live_pass(&k, LIVE_PASSWORD_MS);
    live_pass(&k, 1000);
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_PASSWORD)->number, SOTTO_PASSWORD_OVER);
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_PASSWORD)->reason.code, SOTTO_E_TIMEOUT);
    assert_nothing_under_way(&k);
    type(k.t.romeo, JULIET, WORD, false); /* too late: it is asked anew */
    live_run(&k);
    assert_int_equal(news_count(k.t.juliet, SOTTO_PASSWORD_ASKED), 1);
    type(k.t.juliet, ROMEO, WORD, false);
    live_run(&k);
    assert_verified(&k);
    world_end(&k.t.w);
}

/* ---- disturbed ---- */

/* One of the two was told and the other one not: the last message of any such thing can be lost. What must never be is
 * a different word that is taken for the same, or something that goes on for ever. */
static void check_end(const talk *k, bool same) {
    if (!same) {
        assert_not_verified(k);
        assert_int_equal(news_count(k->t.juliet, SOTTO_PASSWORD_CONFIRMED), 0);
        assert_int_equal(news_count(k->t.romeo, SOTTO_PASSWORD_CONFIRMED), 0);
    }
    assert_nothing_under_way(k);
    bool hers = news_count(k->t.juliet, SOTTO_PASSWORD_CONFIRMED) > 0;
    bool his = news_count(k->t.romeo, SOTTO_PASSWORD_CONFIRMED) > 0;
    assert_int_equal(trust_in(k->t.juliet, ROMEO, k->t.romeo), hers ? SOTTO_TRUST_VERIFIED : SOTTO_TRUST_BLIND);
    assert_int_equal(trust_in(k->t.romeo, JULIET, k->t.juliet), his ? SOTTO_TRUST_VERIFIED : SOTTO_TRUST_BLIND);
}

/* Whatever happened, they can go on talking, and compare again. */
static void check_after(talk *k) {
    k->h.what = HONEST;
    k->p.after = 0;
    device_say(k->t.juliet, ROMEO, "after");
    for (unsigned i = 0; i < 4; i++) live_pass(k, 31000);
    assert_int_equal(device_read_count(k->t.romeo, "after"), 1);
    type(k->t.juliet, ROMEO, WORD, true);
    type(k->t.romeo, JULIET, WORD, true);
    live_run(k);
    for (unsigned i = 0; i < 2; i++) live_pass(k, 31000);
    assert_verified(k);
}

static bool compare_over_it(malice what, unsigned at, bool same) {
    talk k;
    begin(&k, (hostile){0});
    k.h.what = what;
    k.h.at = k.h.seen + at;
    type(k.t.juliet, ROMEO, WORD, false);
    type(k.t.romeo, JULIET, same ? WORD : OTHER, false);
    live_run(&k);
    for (unsigned i = 0; i < 4; i++) live_pass(&k, 31000);
    live_pass(&k, LIVE_PASSWORD_MS);
    live_pass(&k, 31000);
    bool happened = k.h.seen >= k.h.at;
    check_end(&k, same);
    check_after(&k);
    world_end(&k.t.w);
    return happened;
}

static void test_whatever_the_server_does(void **state) {
    (void)state;
    static const malice whats[] = {DROPS, REPEATS, DELAYS, ALTERS_RECORDS, REFLECTS_ALONE, FORGETS_FOR_IT};
    for (size_t i = 0; i < sizeof whats / sizeof *whats; i++)
        for (unsigned at = 1; at < 20 && compare_over_it(whats[i], at, at % 3 != 0); at++) {
        }
}

static void test_whoever_ends_in_the_middle(void **state) {
    (void)state;
    for (unsigned after = 1; after < 40; after += 2) {
        talk k;
        begin(&k, (hostile){0});
        k.victim = after % 4 == 1 ? k.t.juliet : k.t.romeo;
        k.p = (plan){.what = after % 3 == 0 ? FORGET : CRASH_RESUMED, .after = k.victim->ops + after};
        type(k.t.juliet, ROMEO, WORD, false);
        type(k.t.romeo, JULIET, after % 5 == 0 ? OTHER : WORD, false);
        live_run(&k);
        for (unsigned i = 0; i < 3; i++) live_pass(&k, 31000);
        live_pass(&k, LIVE_PASSWORD_MS);
        live_pass(&k, 31000);
        bool hers = trust_in(k.t.juliet, ROMEO, k.t.romeo) == SOTTO_TRUST_VERIFIED;
        bool his = trust_in(k.t.romeo, JULIET, k.t.juliet) == SOTTO_TRUST_VERIFIED;
        assert_true(after % 5 != 0 || (!hers && !his));
        assert_nothing_under_way(&k);
        check_after(&k);
        world_end(&k.t.w);
    }
}

const struct CMUnitTest word_tests[] = {
    cmocka_unit_test(test_the_same_word_verifies_whoever_is_first),
    cmocka_unit_test(test_another_word_is_counted_and_told),
    cmocka_unit_test(test_a_slip_is_put_right),
    cmocka_unit_test(test_there_must_be_a_session),
    cmocka_unit_test(test_a_word_begins_the_session_it_needs),
    cmocka_unit_test(test_a_word_has_an_end),
    cmocka_unit_test(test_nobody_answers),
    cmocka_unit_test(test_whatever_the_server_does),
    cmocka_unit_test(test_whoever_ends_in_the_middle),
};
const size_t word_count = sizeof word_tests / sizeof word_tests[0];
