/* SPDX-License-Identifier: ISC
 *
 * Comparing keys by eight characters between whole accounts, carried by OMEMO (doc/live.md, "Verification string"):
 * what people see, with everybody there or not, killed after any operation; and what somebody who lies, replays or
 * stands in the middle gets. */
#include "world.h"

#include "engine/compare_part.h"
#include "engine/state.h"
#include "seal/live/live.h"

#define MINUTE_MS UINT64_C(60000)
#define DAY_MS    UINT64_C(86400000)

/* ---- people ---- */

static void begin(device *d, const char *jid) {
    device_wish(d, (sotto_input){.kind = SOTTO_INPUT_COMPARE, .jid = bytes_text(jid)}, NULL);
    world_run(d->w);
}

static void say(device *d, const char *jid, bool same) {
    device_wish(d, (sotto_input){.kind = SOTTO_INPUT_COMPARED, .jid = bytes_text(jid), .same = same}, NULL);
    world_run(d->w);
}

typedef struct looking {
    const char *jid;
    sotto_comparison found;
    char text[16];
} looking;

static sotto_status see(void *arg, const sotto_comparison *c) {
    looking *look = arg;
    if (!bytes_is(c->jid, look->jid)) return SOTTO_OK;
    look->found = *c;
    snprintf(look->text, sizeof look->text, "%.*s", (int)c->text.len, (const char *)c->text.at);
    return SOTTO_OK;
}

static looking look(const device *d, const char *jid) {
    looking l = {.jid = jid};
    assert_ok(sotto_engine_compares(d->engine, see, &l));
    return l;
}

/* The last thing the person was told; 0: nothing. */
static uint32_t news(const device *d) {
    const told_event *told = device_told_last(d, SOTTO_EVENT_COMPARE);
    return told != NULL ? told->number : 0;
}
static int why(const device *d) {
    const told_event *told = device_told_last(d, SOTTO_EVENT_COMPARE);
    assert_non_null(told);
    return told->reason.code;
}

static sotto_status see_key(void *arg, const sotto_key *key) {
    told_event *search = arg;
    if (key->known && memcmp(key->key, search->key, 32) == 0) search->trust = key->trust;
    return SOTTO_OK;
}
static sotto_trust trust_in(const device *by, device *of, const char *jid) {
    told_event search = {.trust = SOTTO_TRUST_UNDECIDED};
    device_key(of, search.key);
    assert_ok(sotto_engine_keys(by->engine, bytes_text(jid), see_key, &search));
    return search.trust;
}

static engine_compare_run run_in(device *d, const char *jid) {
    engine_compare_run run;
    assert_ok(engine_compare_row_get(d->engine, bytes_text(jid), &run));
    return run;
}

/* ---- two ---- */

/* Everybody has heard of everybody. */
static void start(two *t) {
    two_start(t, sotto_seal_omemo());
    device_say(t->juliet, ROMEO, "hello");
    world_run(&t->w);
    device_say(t->romeo, JULIET, "hello");
    world_run(&t->w);
    world_pass(&t->w, 61 * 1000);
    device_forget_told(t->juliet);
    device_forget_told(t->romeo);
}

static void assert_same_string(const device *a, const char *jid_of_b, const device *b, const char *jid_of_a) {
    looking here = look(a, jid_of_b), there = look(b, jid_of_a);
    assert_int_equal(strlen(here.text), 8);
    assert_string_equal(here.text, there.text);
}

static void assert_over(const two *t) {
    assert_int_equal(look(t->juliet, ROMEO).found.stage, 0);
    assert_int_equal(look(t->romeo, JULIET).found.stage, 0);
}

/* req_short_verification_string: one comparison, and both have verified each other. */
static void test_one_comparison(void **state) {
    (void)state;
    two t;
    start(&t);
    size_t read = t.juliet->read_len + t.romeo->read_len;
    begin(t.juliet, ROMEO);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_WAITING);
    assert_int_equal(why(t.juliet), 0);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_ASKED);
    assert_string_equal(device_told_last(t.romeo, SOTTO_EVENT_COMPARE)->jid, JULIET);
    assert_string_equal(look(t.romeo, JULIET).text, "");
    begin(t.romeo, JULIET);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_READY);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_READY);
    assert_same_string(t.juliet, ROMEO, t.romeo, JULIET);
    assert_string_equal(device_told_last(t.juliet, SOTTO_EVENT_COMPARE)->text, look(t.romeo, JULIET).text);
    /* Nobody is verified by that alone. */
    assert_int_equal(trust_in(t.juliet, t.romeo, ROMEO), SOTTO_TRUST_BLIND);
    say(t.juliet, ROMEO, true);
    assert_int_equal(trust_in(t.juliet, t.romeo, ROMEO), SOTTO_TRUST_VERIFIED);
    assert_int_equal(trust_in(t.romeo, t.juliet, JULIET), SOTTO_TRUST_BLIND);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_VERIFIED);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_THEY_AGREED);
    assert_int_equal(look(t.juliet, ROMEO).found.stage, SOTTO_COMPARE_VERIFIED);
    say(t.romeo, JULIET, true);
    assert_int_equal(trust_in(t.romeo, t.juliet, JULIET), SOTTO_TRUST_VERIFIED);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_AGREED);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_AGREED);
    assert_over(&t);
    /* Neither people nor the server saw any of it, and no secret of it is left. */
    assert_int_equal(t.juliet->read_len + t.romeo->read_len, read);
    assert_false(world_saw(&t.w, CONTEXT_COMPARE_NS) || world_saw(&t.w, "commitment"));
    assert_int_equal(run_in(t.juliet, ROMEO).own.count, 0);
    assert_true(world_keys_used_once(&t.w) > 0);
    world_end(&t.w);
}

/* Both people begin in the same moment: no deadlock, one run. */
static void test_both_at_once(void **state) {
    (void)state;
    two t;
    start(&t);
    device_wish(t.juliet, (sotto_input){.kind = SOTTO_INPUT_COMPARE, .jid = bytes_text(ROMEO)}, NULL);
    device_wish(t.romeo, (sotto_input){.kind = SOTTO_INPUT_COMPARE, .jid = bytes_text(JULIET)}, NULL);
    world_run(&t.w);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_READY);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_READY);
    assert_same_string(t.juliet, ROMEO, t.romeo, JULIET);
    assert_true(run_in(t.juliet, ROMEO).asker); /* the lower JID */
    assert_false(run_in(t.romeo, JULIET).asker);
    say(t.romeo, JULIET, true);
    say(t.juliet, ROMEO, true);
    assert_over(&t);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_AGREED);
    world_end(&t.w);
}

/* A no, and what was given up after it was answered, is counted and shown the next time; a good run ends that. */
static void test_runs_that_came_to_nothing_are_counted(void **state) {
    (void)state;
    two t;
    start(&t);
    begin(t.juliet, ROMEO);
    begin(t.romeo, JULIET);
    say(t.romeo, JULIET, false);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_ABORTED);
    assert_int_equal(why(t.juliet), SOTTO_E_DIFFERS);
    assert_int_equal(why(t.romeo), SOTTO_E_DIFFERS);
    assert_over(&t);
    assert_int_equal(trust_in(t.juliet, t.romeo, ROMEO), SOTTO_TRUST_BLIND);
    assert_int_equal(trust_in(t.romeo, t.juliet, JULIET), SOTTO_TRUST_BLIND);
    assert_status(sotto_engine_step(
                      t.juliet->engine,
                      &(sotto_input){.kind = SOTTO_INPUT_COMPARED, .jid = bytes_text(ROMEO), .same = true}, t.w.now_ms),
                  STATE);
    /* Not wanted at all: nothing was answered, so that counts for nothing. */
    begin(t.juliet, ROMEO);
    say(t.romeo, JULIET, false);
    assert_int_equal(why(t.juliet), SOTTO_E_CANCELLED);
    /* Ready, and nobody says anything for ten minutes. */
    begin(t.romeo, JULIET);
    begin(t.juliet, ROMEO);
    assert_int_equal(look(t.juliet, ROMEO).found.fruitless, 1);
    world_pass(&t.w, 10 * MINUTE_MS - 1000);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_READY);
    world_pass(&t.w, 1000);
    assert_int_equal(why(t.juliet), SOTTO_E_TIMEOUT);
    assert_int_equal(why(t.romeo), SOTTO_E_TIMEOUT);
    assert_over(&t);
    device_crash(t.juliet, false);
    device_crash(t.romeo, false);
    world_run(&t.w);
    begin(t.romeo, JULIET);
    begin(t.juliet, ROMEO);
    assert_int_equal(look(t.juliet, ROMEO).found.fruitless, 2);
    assert_int_equal(look(t.romeo, JULIET).found.fruitless, 2);
    say(t.juliet, ROMEO, true);
    say(t.romeo, JULIET, true);
    begin(t.juliet, ROMEO);
    assert_int_equal(look(t.juliet, ROMEO).found.fruitless, 0);
    assert_int_equal(look(t.romeo, JULIET).found.fruitless, 0);
    world_end(&t.w);
}

/* Nobody has to be there when the other is: not to ask, not to answer, not to be told. */
static void test_one_after_the_other(void **state) {
    (void)state;
    two t;
    start(&t);
    device_leave(t.romeo);
    begin(t.juliet, ROMEO);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_WAITING);
    device_leave(t.juliet);
    world_pass(&t.w, 3 * DAY_MS);
    device_go_online(t.romeo);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_ASKED);
    begin(t.romeo, JULIET);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_WAITING);
    world_pass(&t.w, 2 * DAY_MS);
    device_go_online(t.juliet);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_READY);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_READY);
    assert_same_string(t.juliet, ROMEO, t.romeo, JULIET);
    /* Offline when the person says yes: the keys are verified, and the other side hears it later. */
    device_leave(t.juliet);
    say(t.juliet, ROMEO, true);
    assert_int_equal(trust_in(t.juliet, t.romeo, ROMEO), SOTTO_TRUST_VERIFIED);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_READY);
    device_go_online(t.juliet);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_THEY_AGREED);
    say(t.romeo, JULIET, true);
    assert_over(&t);
    /* Begun without a connection. */
    device_leave(t.juliet);
    begin(t.juliet, ROMEO);
    assert_int_equal(why(t.juliet), SOTTO_E_OFFLINE);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_AGREED);
    device_go_online(t.juliet);
    world_pass(&t.w, 2000);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_ASKED);
    /* An ask is good for seven days, on both sides. */
    world_pass(&t.w, 7 * DAY_MS);
    assert_int_equal(why(t.juliet), SOTTO_E_TIMEOUT);
    assert_int_equal(why(t.romeo), SOTTO_E_TIMEOUT);
    assert_over(&t);
    world_end(&t.w);
}

/* An ask that was answered too late for anybody to wait for the answer. */
static void test_an_answer_to_nobody(void **state) {
    (void)state;
    two t;
    start(&t);
    begin(t.juliet, ROMEO);
    device_leave(t.juliet);
    say(t.juliet, ROMEO, false); /* not any more; nobody can be told */
    begin(t.romeo, JULIET);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_WAITING);
    device_go_online(t.juliet);
    world_pass(&t.w, 2000);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_ABORTED);
    assert_int_equal(why(t.romeo), SOTTO_E_CANCELLED);
    assert_over(&t);
    world_end(&t.w);
}

/* ---- killed ---- */

typedef struct ending {
    bool romeo;
    bool resumed;
    unsigned at;
} ending;

/* What people do, each when they see that it is their turn. Returns the operations of the one who is killed. */
static unsigned talk(const made *m, ending e) {
    two t;
    world_start(&t.w, sotto_seal_omemo());
    t.juliet = world_device_over(&t.w, "juliet", "balcony", m->juliet);
    t.romeo = world_device_over(&t.w, "romeo", "orchard", m->romeo);
    device_go_online(t.juliet);
    device_go_online(t.romeo);
    device *victim = e.romeo ? t.romeo : t.juliet;
    unsigned before = victim->ops;
    if (e.at > 0) victim->crash_at = before + e.at;
    victim->crash_resumed = e.resumed;
    begin(t.juliet, ROMEO);
    world_pass(&t.w, 5000);
    begin(t.romeo, JULIET);
    world_pass(&t.w, 5000);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_READY);
    assert_same_string(t.juliet, ROMEO, t.romeo, JULIET);
    say(t.romeo, JULIET, true);
    world_pass(&t.w, 5000);
    say(t.juliet, ROMEO, true);
    world_pass(&t.w, 5000);
    if (e.at > 0) assert_int_equal(victim->crashes, 1);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_AGREED);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_AGREED);
    assert_over(&t);
    assert_int_equal(trust_in(t.juliet, t.romeo, ROMEO), SOTTO_TRUST_VERIFIED);
    assert_int_equal(trust_in(t.romeo, t.juliet, JULIET), SOTTO_TRUST_VERIFIED);
    world_keys_used_once(&t.w);
    unsigned ops = victim->ops - before;
    world_end(&t.w);
    return ops;
}

static void test_killed_after_any_operation(void **state) {
    (void)state;
    made m;
    made_start(&m, sotto_seal_omemo());
    for (unsigned who = 0; who < 4; who++) {
        ending e = {.romeo = (who & 1) != 0, .resumed = (who & 2) != 0};
        unsigned ops = talk(&m, e);
        assert_true(ops > 20);
        for (e.at = 1; e.at < ops - 12; e.at += 2) talk(&m, e); /* the last ones are of the time after it was over */
    }
    made_end(&m);
}

/* ---- more devices ---- */

/* One yes verifies all devices that the other person verified; a device that was not asked for stays as it was. */
static void test_one_yes_for_all_devices(void **state) {
    (void)state;
    two t;
    start(&t);
    device *garden = world_device(&t.w, "juliet", "garden");
    device_go_online(garden);
    device_say(garden, ROMEO, "from the garden");
    world_run(&t.w);
    world_pass(&t.w, 61 * 1000);
    begin(t.romeo, JULIET); /* not verified by the balcony yet: the garden is not in its list */
    assert_int_equal(news(garden), SOTTO_COMPARE_ASKED);
    begin(t.juliet, ROMEO);
    assert_int_equal(news(garden), SOTTO_COMPARE_ABORTED); /* the balcony answered */
    say(t.romeo, JULIET, true);
    assert_int_equal(trust_in(t.romeo, t.juliet, JULIET), SOTTO_TRUST_VERIFIED);
    assert_int_equal(trust_in(t.romeo, garden, JULIET), SOTTO_TRUST_BLIND);
    say(t.juliet, ROMEO, true);
    /* Own devices among themselves. */
    begin(t.juliet, JULIET);
    assert_int_equal(news(garden), SOTTO_COMPARE_ASKED);
    begin(garden, JULIET);
    assert_same_string(t.juliet, JULIET, garden, JULIET);
    say(garden, JULIET, true);
    say(t.juliet, JULIET, true);
    assert_int_equal(news(garden), SOTTO_COMPARE_AGREED);
    assert_int_equal(trust_in(t.juliet, garden, JULIET), SOTTO_TRUST_VERIFIED);
    assert_int_equal(trust_in(garden, t.juliet, JULIET), SOTTO_TRUST_VERIFIED);
    /* Once more: both lists name both keys. */
    begin(garden, JULIET);
    begin(t.juliet, JULIET);
    assert_same_string(t.juliet, JULIET, garden, JULIET);
    say(garden, JULIET, true);
    say(t.juliet, JULIET, true);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_AGREED);
    /* Both at once, on one account. */
    device_wish(t.juliet, (sotto_input){.kind = SOTTO_INPUT_COMPARE, .jid = bytes_text(JULIET)}, NULL);
    device_wish(garden, (sotto_input){.kind = SOTTO_INPUT_COMPARE, .jid = bytes_text(JULIET)}, NULL);
    world_run(&t.w);
    assert_same_string(t.juliet, JULIET, garden, JULIET);
    say(garden, JULIET, false);
    assert_int_equal(why(t.juliet), SOTTO_E_DIFFERS);
    world_end(&t.w);
}

/* A list with the other devices; and trust messages follow a yes as they follow every verdict. */
static void test_the_list_of_who_verified_more(void **state) {
    (void)state;
    two t;
    start(&t);
    device *garden = world_device(&t.w, "juliet", "garden");
    device_go_online(garden);
    device_say(t.juliet, JULIET, "to myself");
    world_run(&t.w);
    begin(t.juliet, JULIET);
    begin(garden, JULIET);
    say(t.juliet, JULIET, true);
    say(garden, JULIET, true);
    begin(t.juliet, ROMEO);
    begin(t.romeo, JULIET);
    say(t.romeo, JULIET, true);
    assert_int_equal(trust_in(t.romeo, t.juliet, JULIET), SOTTO_TRUST_VERIFIED);
    assert_int_equal(trust_in(t.romeo, garden, JULIET), SOTTO_TRUST_VERIFIED);
    assert_int_equal(trust_in(garden, t.romeo, ROMEO), SOTTO_TRUST_UNDECIDED);
    say(t.juliet, ROMEO, true);
    world_run(&t.w);
    world_pass(&t.w, 61 * 1000);
    assert_int_equal(device_told_count(garden, SOTTO_EVENT_VOUCHED, -1), 0); /* it has not seen romeo's key: it waits */
    device_say(garden, ROMEO, "hello");
    world_run(&t.w);
    assert_int_equal(trust_in(garden, t.romeo, ROMEO), SOTTO_TRUST_VERIFIED);
    /* What a person refused stays refused, whoever's list names it. */
    uint8_t key[32];
    device_key(garden, key);
    device_verdict(t.romeo, JULIET, key, SOTTO_TRUST_DISTRUSTED);
    begin(t.juliet, ROMEO);
    begin(t.romeo, JULIET);
    say(t.romeo, JULIET, true);
    assert_int_equal(trust_in(t.romeo, garden, JULIET), SOTTO_TRUST_DISTRUSTED);
    world_end(&t.w);
}

/* What nobody decided about can be compared: this is how it comes to be decided about. What was refused cannot. */
static void test_undecided_keys_speak_and_refused_ones_do_not(void **state) {
    (void)state;
    two t;
    world_start(&t.w, sotto_seal_omemo());
    t.w.trust = SOTTO_VERIFIED_ONLY;
    t.juliet = world_device(&t.w, "juliet", "balcony");
    t.romeo = world_device(&t.w, "romeo", "orchard");
    device_go_online(t.juliet);
    device_go_online(t.romeo);
    begin(t.juliet, ROMEO);
    world_pass(&t.w, 4000); /* keys are looked for first */
    assert_int_equal(trust_in(t.juliet, t.romeo, ROMEO), SOTTO_TRUST_UNDECIDED);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_ASKED);
    begin(t.romeo, JULIET);
    world_pass(&t.w, 4000);
    assert_same_string(t.juliet, ROMEO, t.romeo, JULIET);
    say(t.juliet, ROMEO, true);
    say(t.romeo, JULIET, true);
    assert_int_equal(trust_in(t.juliet, t.romeo, ROMEO), SOTTO_TRUST_VERIFIED);
    uint8_t key[32];
    device_key(t.juliet, key);
    device_verdict(t.romeo, JULIET, key, SOTTO_TRUST_DISTRUSTED);
    world_run(&t.w);
    device_forget_told(t.romeo);
    begin(t.juliet, ROMEO);
    assert_int_equal(news(t.romeo), 0);
    world_end(&t.w);
}

/* ---- lies ---- */

/* What an application of romeo's says by itself, sealed like everything. */
static void lie(two *t, const context_compare_message *m) {
    char text[4096];
    bytes_buffer out;
    stanza_writer writer;
    bytes_buffer_borrowed(&out, text, sizeof text);
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    stanza_open(&writer, "message", STANZA_NS_CLIENT);
    stanza_put_text(&writer, "to", JULIET);
    stanza_put_text(&writer, "type", "chat");
    stanza_put_text(&writer, "id", "lie");
    context_compare_write(&writer, m);
    stanza_close(&writer);
    bytes_buffer_u8(&out, 0);
    assert_ok(out.status);
    device_send(t->romeo, text);
    world_run(&t->w);
}

static context_compare_message lie_about(device *liar, context_compare_step step, uint8_t fill) {
    context_compare_message m = {.step = step};
    uint8_t key[32];
    memset(m.thread, fill, sizeof m.thread);
    memset(m.commitment, fill, sizeof m.commitment);
    device_key(liar, key);
    assert_ok(context_compare_list_add(&m.list, CONTEXT_COMPARE_OMEMO, key));
    return m;
}

/* A list without the key it is sealed with, or with a key of the one who reads it. */
static void test_hostile_lists(void **state) {
    (void)state;
    two t;
    start(&t);
    uint8_t own[32], other[32] = {9};
    device_key(t.juliet, own);
    context_compare_message m = lie_about(t.romeo, CONTEXT_COMPARE_ASK, 1);
    m.list.count = 0;
    assert_ok(context_compare_list_add(&m.list, CONTEXT_COMPARE_OMEMO, other));
    lie(&t, &m);
    assert_int_equal(news(t.juliet), 0);
    m = lie_about(t.romeo, CONTEXT_COMPARE_ASK, 2);
    assert_ok(context_compare_list_add(&m.list, CONTEXT_COMPARE_OMEMO, own));
    lie(&t, &m);
    assert_int_equal(news(t.juliet), 0);
    assert_over(&t);
    /* In an answer the same: the run goes on waiting for an honest one. */
    begin(t.juliet, ROMEO);
    engine_compare_run run = run_in(t.juliet, ROMEO);
    m = lie_about(t.romeo, CONTEXT_COMPARE_ANSWER, 3);
    memcpy(m.thread, run.thread, sizeof m.thread);
    assert_ok(context_compare_list_add(&m.list, CONTEXT_COMPARE_OMEMO, own));
    lie(&t, &m);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_WAITING);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_ABORTED); /* its own device was told that it lies */
    begin(t.romeo, JULIET);
    assert_same_string(t.juliet, ROMEO, t.romeo, JULIET);
    world_end(&t.w);
}

/* A whole honest run, with each message of it said again, and with other content, at each point. */
static void test_replays_change_nothing(void **state) {
    (void)state;
    two t;
    start(&t);
    begin(t.romeo, JULIET);
    engine_compare_run run = run_in(t.romeo, JULIET);
    context_compare_message ask = {.step = CONTEXT_COMPARE_ASK, .list = run.own};
    memcpy(ask.thread, run.thread, sizeof ask.thread);
    memcpy(ask.commitment, run.commitment, sizeof ask.commitment);
    size_t told = device_told_count(t.juliet, SOTTO_EVENT_COMPARE, -1);
    lie(&t, &ask);
    assert_int_equal(device_told_count(t.juliet, SOTTO_EVENT_COMPARE, -1), told);
    begin(t.juliet, ROMEO);
    char text[16];
    strcpy(text, look(t.juliet, ROMEO).text);
    assert_int_equal(strlen(text), 8);
    told = device_told_count(t.juliet, SOTTO_EVENT_COMPARE, -1);
    lie(&t, &ask);
    context_compare_message reveal = {.step = CONTEXT_COMPARE_REVEAL, .nonce = {4}};
    memcpy(reveal.thread, run.thread, sizeof reveal.thread);
    lie(&t, &reveal);
    memcpy(reveal.nonce, run.own_nonce, sizeof reveal.nonce);
    lie(&t, &reveal);
    assert_string_equal(look(t.juliet, ROMEO).text, text);
    assert_int_equal(device_told_count(t.juliet, SOTTO_EVENT_COMPARE, -1), told);
    say(t.juliet, ROMEO, true);
    /* A yes twice. */
    context_compare_message yes = {.step = CONTEXT_COMPARE_DONE, .yes = true};
    memcpy(yes.thread, run.thread, sizeof yes.thread);
    lie(&t, &yes);
    lie(&t, &yes);
    assert_int_equal(look(t.juliet, ROMEO).found.stage, 0);
    /* Over: what is left of it is answered, or ignored, and nobody is bothered. */
    told = device_told_count(t.juliet, SOTTO_EVENT_COMPARE, -1);
    lie(&t, &yes);
    lie(&t, &reveal);
    context_compare_message answer = lie_about(t.romeo, CONTEXT_COMPARE_ANSWER, 6);
    memcpy(answer.thread, run.thread, sizeof answer.thread);
    lie(&t, &answer);
    assert_int_equal(device_told_count(t.juliet, SOTTO_EVENT_COMPARE, -1), told);
    world_end(&t.w);
}

/* Who asked says another nonce than the one that was promised: the run ends, and is counted. */
static void test_another_nonce_than_was_promised(void **state) {
    (void)state;
    two t;
    start(&t);
    context_compare_message m = lie_about(t.romeo, CONTEXT_COMPARE_ASK, 7);
    lie(&t, &m);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_ASKED);
    begin(t.juliet, ROMEO); /* romeo's own device knows of no such run, and says so */
    assert_int_equal(why(t.juliet), SOTTO_E_CANCELLED);
    lie(&t, &m);
    net caught;
    net_spread(&caught, &t.w, ROMEO); /* what juliet answers does not reach it this time */
    begin(t.juliet, ROMEO);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_WAITING);
    context_compare_message reveal = {.step = CONTEXT_COMPARE_REVEAL};
    memset(reveal.thread, 7, sizeof reveal.thread);
    lie(&t, &reveal);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_ABORTED);
    assert_int_equal(why(t.juliet), SOTTO_E_MALFORMED);
    net_end(&caught);
    begin(t.juliet, ROMEO);
    assert_int_equal(look(t.juliet, ROMEO).found.fruitless, 2);
    world_end(&t.w);
}

/* In the clear it is a message like any other, and no comparison. */
static void test_not_sealed_is_not_said(void **state) {
    (void)state;
    two t;
    start(&t);
    device_inject(t.juliet,
                  "<message from='" ROMEO "/x' to='" JULIET "' type='chat'><compare xmlns='urn:sotto:compare:0'"
                  " thread='abababababababababababababababab' step='abort'/></message>");
    begin(t.juliet, ROMEO);
    engine_compare_run run = run_in(t.juliet, ROMEO);
    char hex[33] = {0}, stanza[1024];
    for (unsigned i = 0; i < 16; i++) snprintf(hex + 2 * i, 3, "%02x", run.thread[i]);
    snprintf(stanza, sizeof stanza,
             "<message from='" ROMEO "/orchard' to='" JULIET "' type='chat'><compare xmlns='urn:sotto:compare:0' "
             "thread='%s' step='abort' reason='cancelled'/></message>",
             hex);
    device_inject(t.juliet, stanza);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_WAITING);
    assert_int_equal(look(t.juliet, ROMEO).found.stage, SOTTO_COMPARE_WAITING);
    world_end(&t.w);
}

/* limit: SOTTO_COMPARES_MAX. With so many runs nobody new is heard; who is heard already, and whom we ask, is. */
static void test_more_people_than_are_heard(void **state) {
    (void)state;
    two t;
    start(&t);
    for (unsigned i = 0; i < SOTTO_COMPARES_MAX; i++) {
        char jid[64];
        snprintf(jid, sizeof jid, "user%u@lab.example", i);
        engine_compare_run run = {.jid = bytes_text(jid),
                                  .state = TRUST_COMPARE_THEY_ASKED,
                                  .until_ms = t.w.now_ms + DAY_MS,
                                  .way = CONTEXT_COMPARE_OMEMO};
        assert_ok(engine_compare_row_put(t.juliet->engine, &run));
    }
    assert_ok(sotto_engine_commit(t.juliet->engine));
    begin(t.romeo, JULIET);
    assert_int_equal(news(t.juliet), 0);
    begin(t.juliet, ROMEO);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_READY);
    world_end(&t.w);
}

/* ---- the middle ---- */

/* An attacker who got a device onto both lists (the server can), and was accepted blindly, stands between the two: each
 * of them compares with him. They see different characters, say no, and nothing is verified. */
static void test_attacker_in_the_middle_is_seen(void **state) {
    (void)state;
    two t;
    start(&t);
    device *as_romeo = world_device(&t.w, "romeo", "evil"), *as_juliet = world_device(&t.w, "juliet", "evil");
    device_go_online(as_romeo);
    device_go_online(as_juliet);
    device_say(as_romeo, JULIET, "it is me");
    device_say(as_juliet, ROMEO, "it is me");
    world_run(&t.w);
    world_pass(&t.w, 61 * 1000);
    assert_int_equal(trust_in(t.juliet, as_romeo, ROMEO), SOTTO_TRUST_BLIND);
    begin(t.juliet, ROMEO);
    assert_int_equal(news(as_romeo), SOTTO_COMPARE_ASKED);
    begin(as_romeo, JULIET); /* he is faster than romeo */
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_READY);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_ABORTED);
    begin(as_juliet, ROMEO); /* and asks romeo in juliet's name */
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_ASKED);
    begin(t.romeo, JULIET);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_READY);
    assert_string_not_equal(look(t.juliet, ROMEO).text, look(t.romeo, JULIET).text);
    say(t.juliet, ROMEO, false);
    say(t.romeo, JULIET, false);
    assert_int_equal(trust_in(t.juliet, as_romeo, ROMEO), SOTTO_TRUST_BLIND);
    assert_int_equal(trust_in(t.romeo, as_juliet, JULIET), SOTTO_TRUST_BLIND);
    begin(t.juliet, ROMEO);
    assert_int_equal(look(t.juliet, ROMEO).found.fruitless, 1);
    world_end(&t.w);
}

/* ---- in live sessions ---- */

/* Both have a session, and no OMEMO at all. */
static void start_live(two *t) {
    two_start(t, sotto_seal_live());
    device_say(t->juliet, ROMEO, "hello");
    world_pass(&t->w, 5000);
    device_say(t->romeo, JULIET, "hello");
    world_pass(&t->w, 5000);
    assert_int_equal(device_read_count(t->romeo, "hello"), 1);
    device_forget_told(t->juliet);
    device_forget_told(t->romeo);
}

static void test_in_a_live_session(void **state) {
    (void)state;
    two t;
    start_live(&t);
    begin(t.juliet, ROMEO);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_ASKED);
    assert_int_equal(run_in(t.romeo, JULIET).way, CONTEXT_COMPARE_LIVE);
    begin(t.romeo, JULIET);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_READY);
    assert_same_string(t.juliet, ROMEO, t.romeo, JULIET);
    say(t.juliet, ROMEO, true);
    say(t.romeo, JULIET, true);
    assert_int_equal(news(t.juliet), SOTTO_COMPARE_AGREED);
    assert_int_equal(news(t.romeo), SOTTO_COMPARE_AGREED);
    assert_int_equal(trust_in(t.juliet, t.romeo, ROMEO), SOTTO_TRUST_VERIFIED);
    assert_int_equal(trust_in(t.romeo, t.juliet, JULIET), SOTTO_TRUST_VERIFIED);
    assert_over(&t);
    assert_false(world_saw(&t.w, CONTEXT_COMPARE_NS) || world_saw(&t.w, "commitment"));
    world_end(&t.w);
}

/* Sessions are forgotten by either side between any two messages: what comes of it is the same characters on both
 * sides, or an end that says why; never different ones. */
static void test_a_session_that_is_begun_anew(void **state) {
    (void)state;
    unsigned ready = 0, ended = 0;
    for (unsigned which = 0; which < 12; which++) {
        two t;
        start_live(&t);
        device *victim = (which & 1) != 0 ? t.romeo : t.juliet;
        unsigned when = which >> 1;
        if (when == 0) device_crash(victim, false);
        world_pass(&t.w, 3000);
        begin(t.juliet, ROMEO);
        if (when == 1) device_crash(victim, true);
        if (when == 2) device_crash(victim, false);
        if (when == 4) victim->crash_at = victim->ops + 2;
        if (when == 5) victim->crash_at = victim->ops + 4;
        world_pass(&t.w, 5000);
        begin(t.romeo, JULIET);
        if (when == 3) device_crash(victim, false);
        world_pass(&t.w, 90 * 1000);
        looking hers = look(t.juliet, ROMEO), his = look(t.romeo, JULIET);
        if (hers.text[0] != 0 && his.text[0] != 0) {
            assert_string_equal(hers.text, his.text);
            ready++;
        } else if (device_told_last(t.juliet, SOTTO_EVENT_COMPARE) != NULL) {
            ended += news(t.juliet) == SOTTO_COMPARE_ABORTED || news(t.romeo) == SOTTO_COMPARE_ABORTED;
        }
        world_end(&t.w);
    }
    assert_true(ready >= 6);
    assert_int_equal(ready + ended, 12);
}

const struct CMUnitTest compare_tests[] = {
    cmocka_unit_test(test_in_a_live_session),
    cmocka_unit_test(test_a_session_that_is_begun_anew),
    cmocka_unit_test(test_one_comparison),
    cmocka_unit_test(test_both_at_once),
    cmocka_unit_test(test_runs_that_came_to_nothing_are_counted),
    cmocka_unit_test(test_one_after_the_other),
    cmocka_unit_test(test_an_answer_to_nobody),
    cmocka_unit_test(test_killed_after_any_operation),
    cmocka_unit_test(test_one_yes_for_all_devices),
    cmocka_unit_test(test_the_list_of_who_verified_more),
    cmocka_unit_test(test_undecided_keys_speak_and_refused_ones_do_not),
    cmocka_unit_test(test_hostile_lists),
    cmocka_unit_test(test_replays_change_nothing),
    cmocka_unit_test(test_another_nonce_than_was_promised),
    cmocka_unit_test(test_not_sealed_is_not_said),
    cmocka_unit_test(test_more_people_than_are_heard),
    cmocka_unit_test(test_attacker_in_the_middle_is_seen),
};
const size_t compare_count = sizeof compare_tests / sizeof compare_tests[0];
