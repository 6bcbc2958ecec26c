/* SPDX-License-Identifier: ISC
 *
 * Somebody in the middle who has all of the network: Juliet's server and Romeo's know each other only through him.
 * There are two worlds, and in each of them one of the two is him, with an engine that does all that is to be done, and
 * with keys of his own; what he reads in one world he says in the other. (One who keeps no rule: test/unit/live.) */
#include "people.h"

typedef struct middle {
    talk left, right; /* Juliet and he as Romeo; he as Juliet and Romeo */
    device *juliet, *as_romeo, *as_juliet, *romeo;
    size_t passed_on[2];
} middle;

static void middle_prepare(middle *m, sotto_store *juliet, sotto_store *romeo) {
    memset(m, 0, sizeof *m);
    people_prepare_seeded(&m->left, LIVE_ALONE, 7, juliet, NULL);
    people_prepare_seeded(&m->right, LIVE_ALONE, 11, NULL, romeo);
    m->juliet = m->left.t.juliet;
    m->as_romeo = m->left.t.romeo;
    m->as_juliet = m->right.t.juliet;
    m->romeo = m->right.t.romeo;
}

static void middle_run(middle *m);

static void middle_start(middle *m, sotto_store *juliet, sotto_store *romeo) {
    middle_prepare(m, juliet, romeo);
    device_go_online(m->juliet);
    device_go_online(m->as_romeo);
    device_go_online(m->as_juliet);
    device_go_online(m->romeo);
    middle_run(m);
}

static void middle_end(middle *m) {
    world_end(&m->left.t.w);
    world_end(&m->right.t.w);
}

/* Everything he reads he says on the other side. */
static void middle_run(middle *m) {
    for (bool busy = true; busy;) {
        live_run(&m->left);
        live_run(&m->right);
        busy = false;
        for (; m->passed_on[0] < m->as_romeo->read_len; busy = true)
            device_say(m->as_juliet, ROMEO, m->as_romeo->read[m->passed_on[0]++].body);
        for (; m->passed_on[1] < m->as_juliet->read_len; busy = true)
            device_say(m->as_romeo, JULIET, m->as_juliet->read[m->passed_on[1]++].body);
    }
}

static void middle_pass(middle *m, uint64_t ms) {
    middle_run(m);
    live_pass(&m->left, ms);
    live_pass(&m->right, ms);
    middle_run(m);
}

static void say(middle *m, device *from, const char *to, const char *body) {
    device_say(from, to, body);
    for (unsigned i = 0; i < 4; i++) middle_pass(m, i == 0 ? 1000 : 31000);
}

/* What both had before he came: a conversation, and stores that are as they are after it. */
typedef struct before {
    rig host;
    sotto_store *juliet, *romeo;
} before;

static void before_start(before *b) {
    talk k;
    rig_start(&b->host);
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    b->juliet = people_copy_store(k.t.juliet, &b->host);
    b->romeo = people_copy_store(k.t.romeo, &b->host);
    world_end(&k.t.w);
}

static void before_end(before *b) {
    sotto_store_close(b->juliet);
    sotto_store_close(b->romeo);
    rig_end(&b->host);
}

/* Whether he has ever seen a live key of theirs. */
static bool saw_a_key(const middle *m) {
    return device_told_count(m->as_romeo, SOTTO_EVENT_NEW_KEY, -1) > 0 ||
           device_told_count(m->as_juliet, SOTTO_EVENT_NEW_KEY, -1) > 0;
}

/* ---- first contact ---- */

/* He reads, because nobody has compared anything; the first comparison shows him, on both sides, whatever he answers.
 * How many tries he has at characters that fit: one in 2^40 a run, and not 2^24 of them at home
 * (test/unit/context/compare_test.c takes so many). */
static void attack_in_the_middle_is_seen_by_eight_characters(void **state) {
    (void)state;
    middle m;
    char hers[16], his[16], left[16], right[16];
    middle_start(&m, NULL, NULL);
    say(&m, m.juliet, ROMEO, "is it you?");
    say(&m, m.romeo, JULIET, "it is");
    assert_int_equal(device_read_count(m.romeo, "is it you?"), 1);
    assert_int_equal(device_read_count(m.as_romeo, "is it you?"), 1); /* this is what is claimed, and no more */
    people_compare(m.juliet, ROMEO);
    people_compare(m.as_romeo, JULIET);
    people_string(m.juliet, ROMEO, hers);
    people_compare(m.as_juliet, ROMEO);
    people_compare(m.romeo, JULIET);
    people_string(m.romeo, JULIET, his);
    people_string(m.as_romeo, JULIET, left);
    people_string(m.as_juliet, ROMEO, right);
    assert_int_equal(strlen(hers), 8);
    assert_int_equal(strlen(his), 8);
    assert_string_equal(hers, left);
    assert_string_equal(his, right);
    assert_string_not_equal(hers, his);
    people_compared(m.as_romeo, JULIET, true); /* he says that it is all right */
    people_compared(m.as_juliet, ROMEO, true);
    people_compared(m.juliet, ROMEO, false);
    people_compared(m.romeo, JULIET, false);
    assert_int_equal(people_trust(m.juliet, ROMEO, m.as_romeo), SOTTO_TRUST_BLIND);
    assert_int_equal(people_trust(m.romeo, JULIET, m.as_juliet), SOTTO_TRUST_BLIND);
    middle_end(&m);
}

static void type(device *d, const char *jid, const char *word) {
    device_wish(d, (sotto_input){.kind = SOTTO_INPUT_PASSWORD, .jid = bytes_text(jid), .bytes = bytes_text(word)},
                NULL);
}

/* A word that both people know, which he does not: a guess a run, all of them counted and told, and then none. */
static void attack_guessing_a_password(void **state) {
    (void)state;
    middle m;
    middle_start(&m, NULL, NULL);
    say(&m, m.juliet, ROMEO, "one");
    for (unsigned i = 0; i < SOTTO_LIVE_GUESSES_MAX + 1; i++) {
        char guess[16];
        snprintf(guess, sizeof guess, "guess %u", i);
        type(m.juliet, ROMEO, "by yonder blessed moon");
        type(m.as_romeo, JULIET, guess);
        type(m.as_juliet, ROMEO, guess);
        type(m.romeo, JULIET, "by yonder blessed moon");
        middle_run(&m);
    }
    for (unsigned side = 0; side < 2; side++) {
        const device *d = side == 0 ? m.juliet : m.romeo;
        size_t wrong = 0, out = 0;
        for (size_t i = 0; i < d->told_len; i++) {
            if (d->told[i].kind != SOTTO_EVENT_PASSWORD) continue;
            assert_int_not_equal(d->told[i].number, SOTTO_PASSWORD_CONFIRMED);
            wrong += d->told[i].number == SOTTO_PASSWORD_WRONG;
            out += d->told[i].reason.code == SOTTO_E_GUESSED_OUT;
        }
        assert_int_equal(wrong, SOTTO_LIVE_GUESSES_MAX);
        assert_true(out >= 1);
    }
    assert_int_equal(people_trust(m.juliet, ROMEO, m.as_romeo), SOTTO_TRUST_BLIND);
    assert_int_equal(people_trust(m.romeo, JULIET, m.as_juliet), SOTTO_TRUST_BLIND);
    middle_end(&m);
}

/* ---- they have spoken before ---- */

/* Neither what they say nor who they are: without the secret he is shown no key, whoever begins; both are told. */
static void req_identity_protection_an_active_attacker_sees_no_key(void **state) {
    (void)state;
    before b;
    before_start(&b);
    for (unsigned who = 0; who < 4; who++) {
        middle m;
        middle_start(&m, b.juliet, b.romeo);
        if (who == 0) say(&m, m.juliet, ROMEO, SECRET);
        if (who == 1) say(&m, m.romeo, JULIET, SECRET);
        if (who == 2) say(&m, m.as_romeo, JULIET, "write to me");
        if (who == 3) say(&m, m.as_juliet, ROMEO, "write to me");
        for (unsigned i = 0; i < 24; i++) middle_pass(&m, 31000);
        assert_false(saw_a_key(&m));
        assert_int_equal(m.as_romeo->read_len + m.as_juliet->read_len, 0);
        assert_int_equal(device_read_count(m.juliet, "write to me") + device_read_count(m.romeo, "write to me"), 0);
        const device *told = who == 0 || who == 2 ? m.juliet : m.romeo;
        assert_true(device_told_count(told, SOTTO_EVENT_QUARANTINED, -1) >= 1);
        people_assert_closed(&m.left);
        people_assert_closed(&m.right);
        middle_end(&m);
    }
    before_end(&b);
}

/* ... and what was verified is not taken over by him. */
static void attack_in_the_middle_after_a_session_gets_nothing(void **state) {
    (void)state;
    before b;
    middle m;
    before_start(&b);
    middle_start(&m, b.juliet, b.romeo);
    uint64_t ticket = device_say(m.juliet, ROMEO, SECRET);
    for (unsigned i = 0; i < 24; i++) middle_pass(&m, 31000);
    assert_int_equal(m.as_romeo->read_len, 0);
    assert_int_equal(m.romeo->read_len, 0);
    bool said = false; /* it is held, or came back; it did not vanish */
    for (size_t i = 0; i < m.juliet->told_len; i++)
        said = said || (m.juliet->told[i].ticket == ticket &&
                        (m.juliet->told[i].kind == SOTTO_EVENT_HELD || m.juliet->told[i].kind == SOTTO_EVENT_REFUSED));
    assert_true(said);
    assert_int_equal(device_told_count(m.juliet, SOTTO_EVENT_DELIVERED, -1), 0);
    assert_int_equal(device_told_count(m.juliet, SOTTO_EVENT_QUARANTINED, -1) > 0, 1);
    middle_end(&m);
    before_end(&b);
}

/* ---- whose key is shown ---- */

static void set_first(device *d, uint32_t first) {
    device_wish(d, (sotto_input){.kind = SOTTO_INPUT_FIRST, .number = first}, NULL);
    world_run(d->w);
}

/* Strangers, and he in the middle: he sees the key of whoever shows theirs first, and both sides can see to it that
 * this is not theirs. */
static void req_identity_protection_whose_key_is_shown_is_chosen(void **state) {
    (void)state;
    for (unsigned choice = 0; choice < 4; choice++) {
        middle m;
        middle_prepare(&m, NULL, NULL);
        device_go_online(m.juliet);
        device_go_online(m.as_romeo);
        device_go_online(m.as_juliet);
        device_go_online(m.romeo);
        if (choice == 1 || choice == 3) set_first(m.romeo, SOTTO_FIRST_ASK);
        if (choice == 2 || choice == 3) set_first(m.juliet, SOTTO_FIRST_NEVER);
        set_first(m.as_juliet, SOTTO_FIRST_NEVER); /* he shows none of his */
        set_first(m.as_romeo, SOTTO_FIRST_ASK);
        device_say(m.as_juliet, ROMEO, "show me"); /* he begins with Romeo */
        device_say(m.juliet, ROMEO, "hello");      /* Juliet begins with him */
        live_run(&m.left);
        live_run(&m.right);
        bool saw_his = device_told_count(m.as_juliet, SOTTO_EVENT_NEW_KEY, -1) > 0;
        bool saw_hers = device_told_count(m.as_romeo, SOTTO_EVENT_NEW_KEY, -1) > 0;
        assert_int_equal(saw_his, choice == 0 || choice == 2);
        assert_int_equal(saw_hers, choice == 0 || choice == 1);
        middle_end(&m);
    }
}

/* ---- other addresses ---- */

/* Romeo goes on under another JID: Juliet's program knows him by the secret, nobody is asked, and nothing on the wire
 * is of before (observer_test.c). */
static void req_identity_protection_known_again_under_another_jid(void **state) {
    (void)state;
    talk k;
    uint8_t key[32];
    people_prepare(&k, LIVE_ALONE, NULL, NULL);
    device *elsewhere = world_device(&k.t.w, "mallory", "cell"); /* his other account */
    device_go_online(k.t.juliet);
    device_go_online(k.t.romeo);
    people_talk(&k);
    people_key(k.t.romeo, key);
    device_verdict(k.t.juliet, ROMEO, key, SOTTO_TRUST_VERIFIED);
    device_leave(k.t.romeo);
    people_key(k.t.juliet, key);
    people_plant(elsewhere, k.t.romeo, BYTES_LITERAL("i"));
    people_plant(elsewhere, k.t.romeo, people_secret_record(&k.t.w.arena, JULIET, key));
    device_crash(elsewhere, false);
    device_go_online(elsewhere);
    device_say(elsewhere, BALCONY, "it is me, elsewhere");
    live_run(&k);
    people_wait(&k, 1);
    assert_int_equal(device_read_count(k.t.juliet, "it is me, elsewhere"), 1);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_MOVED, 0), 1);
    assert_string_equal(device_told_last(k.t.juliet, SOTTO_EVENT_MOVED)->jid, MALLORY);
    assert_string_equal(device_told_last(k.t.juliet, SOTTO_EVENT_MOVED)->text, ROMEO);
    assert_int_equal(people_trust(k.t.juliet, MALLORY, elsewhere), SOTTO_TRUST_VERIFIED);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_QUARANTINED, -1), 0);
    assert_true(people_session(k.t.juliet)->used);
    world_end(&k.t.w);
}

const struct CMUnitTest middle_tests[] = {
    REQUIREMENT(attack_in_the_middle_is_seen_by_eight_characters),
    REQUIREMENT(attack_guessing_a_password),
    REQUIREMENT(req_identity_protection_an_active_attacker_sees_no_key),
    REQUIREMENT(attack_in_the_middle_after_a_session_gets_nothing),
    REQUIREMENT(req_identity_protection_whose_key_is_shown_is_chosen),
    REQUIREMENT(req_identity_protection_known_again_under_another_jid),
};
const size_t middle_count = sizeof middle_tests / sizeof *middle_tests;
