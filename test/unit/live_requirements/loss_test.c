/* SPDX-License-Identifier: ISC
 *
 * Two hundred stanzas, from both sides, messages and requests with their answers; and at each of them one thing goes
 * wrong: what carries it is lost, or comes twice; the answer is; either connection is cut; the other side's process
 * ends; or the other side comes back with another key. At each point the test's process is doubled: the child goes on
 * with what goes wrong, for a dozen stanzas (now and then to the end), until all is over; the parent goes on without.
 *
 * Without sanitizers each of these is done at each stanza (1,600 children); with them they take turns. */
#include "people.h"

#include <sys/wait.h>
#include <unistd.h>

#define STANZAS 200u
#define AT_ONCE 2
#define FURTHER 10u /* stanzas after the one that something happened to */

typedef enum trouble {
    LOSE_IT,
    LOSE_THE_ANSWER,
    IT_TWICE,
    THE_ANSWER_TWICE,
    CUT_THE_SENDER,
    CUT_THE_RECEIVER,
    END_THE_RECEIVER, /* its process; the stream is resumed */
    ANOTHER_KEY,
    TROUBLES
} trouble;

static const char *const names[] = {
    "it is lost",        "the answer is lost",  "it comes twice",    "the answer comes twice",
    "the sender is cut", "the receiver is cut", "the receiver ends", "another key"};

typedef struct long_talk {
    talk k;
    uint64_t tickets[STANZAS];
    bool hers[STANZAS];
    unsigned said; /* so many */
    unsigned hurt; /* the one that something happens to; STANZAS: none */
    trouble what;
    device *other; /* who came in Romeo's or Juliet's place */
} long_talk;

/* ---- what is said ---- */

/* Of ten: eight messages in an irregular order, a request and its answer. */
static bool is_request(unsigned i) {
    return i % 10 == 7;
}
static bool is_answer(unsigned i) {
    return i % 10 == 8;
}
static bool is_hers(unsigned i) {
    if (is_request(i) || is_answer(i)) return (i / 10 % 2 == 0) == is_request(i);
    return i * 7 / 3 % 2 == 0;
}

static void mark_of(unsigned i, char ret[16]) {
    snprintf(ret, 16, "%s%u", is_hers(i) ? "j" : "r", i);
}

static device *side(const long_talk *t, bool hers) {
    return hers ? t->k.t.juliet : t->k.t.romeo;
}

static const char *address(bool hers) {
    return hers ? BALCONY : ORCHARD;
}

static bool was_asked(const long_talk *t, unsigned request) {
    char text[32];
    snprintf(text, sizeof text, "id='q%u'><query", request);
    return people_count_in(side(t, !is_hers(request)), text) > 0;
}

/* An application answers what it was asked, as soon as it was, and nothing else. */
static void answer(long_talk *t, unsigned i) {
    char stanza[256], mark[16];
    if (t->tickets[i] != 0 || !was_asked(t, i - 1)) return;
    mark_of(i, mark);
    snprintf(stanza, sizeof stanza, "<iq type='result' id='q%u' to='%s'><query xmlns='urn:q'>%s</query></iq>", i - 1,
             address(!t->hers[i]), mark);
    t->tickets[i] = device_send(side(t, t->hers[i]), stanza);
    live_run(&t->k);
}

static void answer_all(long_talk *t) {
    for (unsigned i = 0; i < t->said; i++)
        if (is_answer(i)) answer(t, i);
}

static void say_one(long_talk *t, unsigned i) {
    char stanza[256], mark[16];
    bool hers = t->hers[i] = is_hers(i);
    mark_of(i, mark);
    t->said = i + 1;
    if (!is_request(i) && !is_answer(i)) {
        t->tickets[i] = device_say(side(t, hers), hers ? ROMEO : JULIET, mark);
        return;
    }
    if (is_answer(i)) {
        answer(t, i);
        return;
    }
    snprintf(stanza, sizeof stanza, "<iq type='get' id='q%u' to='%s'><query xmlns='urn:q'>%s</query></iq>", i,
             address(!hers), mark);
    t->tickets[i] = device_send(side(t, hers), stanza);
}

/* ---- what goes wrong ---- */

/* Until what carries it is on its way, and not read. */
static void until_it_left(long_talk *t, unsigned seen) {
    device *from = side(t, t->hers[t->hurt]);
    while (t->k.h.seen == seen && device_turn(from)) {
    }
    if (t->k.h.seen > seen) return;
    for (bool busy = true; busy && t->k.h.seen == seen;) /* it needs a session first */
        busy = device_turn(t->k.t.juliet) || device_turn(t->k.t.romeo);
}

static void come_back_with_another_key(long_talk *t, device *gone) {
    device_cut(gone);
    live_run(&t->k);
    t->other = world_device(&t->k.t.w, gone->local, "made");
    t->other->resource = gone->resource;
    device_attach(t->other);
}

static void hurt_one(long_talk *t, unsigned i, trouble what) {
    unsigned seen = t->k.h.seen;
    t->hurt = i;
    t->what = what;
    if (what < CUT_THE_SENDER) {
        bool once = what == LOSE_IT || what == LOSE_THE_ANSWER;
        unsigned at = seen + (what == LOSE_IT || what == IT_TWICE ? 1 : 2);
        t->k.h = (hostile){.what = once ? DROPS : REPEATS, .at = at, .seen = seen};
        say_one(t, i);
        live_run(&t->k);
        return;
    }
    say_one(t, i);
    until_it_left(t, seen);
    device *from = side(t, t->hers[i]), *to = side(t, !t->hers[i]);
    if (what == ANOTHER_KEY) {
        come_back_with_another_key(t, to);
    } else if (what == END_THE_RECEIVER) {
        device_crash(to, true);
    } else {
        device *d = what == CUT_THE_SENDER ? from : to;
        device_cut(d);
        live_run(&t->k);
        device_attach(d);
    }
    live_run(&t->k);
}

static void settle(long_talk *t) {
    static const uint64_t steps[] = {1000, 2000, 4000, 8000};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        live_pass(&t->k, steps[i]);
        if (t->what != ANOTHER_KEY) answer_all(t);
    }
    for (unsigned i = 0; i < 10; i++) {
        people_wait(&t->k, 1);
        if (t->what != ANOTHER_KEY) answer_all(t);
    }
}

/* ---- what came of it ---- */

static size_t told_of(const device *d, sotto_event_kind kind, uint64_t ticket) {
    size_t count = 0;
    for (size_t i = 0; i < d->told_len; i++) count += d->told[i].kind == kind && d->told[i].ticket == ticket;
    return count;
}

static void check_message(const long_talk *t, unsigned i, bool may_come_back) {
    char mark[16];
    const device *from = side(t, t->hers[i]), *to = side(t, !t->hers[i]);
    mark_of(i, mark);
    size_t read = device_read_count(to, mark), stored = told_of(from, SOTTO_EVENT_DELIVERED, t->tickets[i]);
    size_t back =
        told_of(from, SOTTO_EVENT_DELIVERY_UNKNOWN, t->tickets[i]) + told_of(from, SOTTO_EVENT_REFUSED, t->tickets[i]);
    bool good = back + stored == 1 && read <= 1 && read >= stored && (back == 0 || may_come_back);
    if (!good)
        fail_msg("%s: read %zu, delivered %zu, back %zu (%s at %u)", mark, read, stored, back,
                 t->hurt < STANZAS ? names[t->what] : "nothing", t->hurt);
}

/* One answer, or one error; and it was asked at most once. */
static void check_request(const long_talk *t, unsigned i, bool may_come_back) {
    char error[64], asked[32], result[32], mark[16];
    const device *from = side(t, t->hers[i]), *to = side(t, !t->hers[i]);
    mark_of(i + 1, mark);
    snprintf(error, sizeof error, "<iq type='error' id='q%u'", i);
    snprintf(asked, sizeof asked, "id='q%u'><query", i);
    snprintf(result, sizeof result, ">%s</query>", mark);
    size_t errors = people_count_in(from, error), results = people_count_in(from, result);
    bool answered = t->said > i + 1;
    bool good = people_count_in(to, asked) <= 1 && errors + results == 1 && (errors == 0 || may_come_back || !answered);
    if (!good)
        fail_msg("request %u: asked %zu, answers %zu, errors %zu (%s at %u)", i, people_count_in(to, asked), results,
                 errors, t->hurt < STANZAS ? names[t->what] : "nothing", t->hurt);
}

static void check_order(const device *d) {
    unsigned last = 0;
    for (size_t i = 0; i < d->read_len; i++) {
        unsigned number = (unsigned)strtoul(d->read[i].body + 1, NULL, 10);
        if (i > 0 && number <= last) fail_msg("%s came behind %u", d->read[i].body, last);
        last = number;
        assert_string_equal(d->read[i].seal, "live");
    }
    assert_int_equal(device_told_count(d, SOTTO_EVENT_UNREADABLE, -1), 0);
    assert_int_equal(device_told_count(d, SOTTO_EVENT_CUT_SHORT, -1), 0);
}

/* A request comes back when the stream it was asked in is gone, and when there is no session for half a minute, as
 * after the loss of the very first stanza. */
static void check(const long_talk *t) {
    for (unsigned i = 0; i < t->said; i++) {
        bool near = t->hurt < STANZAS && (i == t->hurt || i + 1 == t->hurt);
        bool cut = t->what == CUT_THE_SENDER || t->what == CUT_THE_RECEIVER || t->what == END_THE_RECEIVER;
        if (is_request(i))
            check_request(t, i, (near && cut) || t->hurt == 0);
        else if (!is_answer(i))
            check_message(t, i, false);
    }
    for (unsigned hers = 0; hers < 2; hers++) {
        const device *d = side(t, hers != 0);
        check_order(d);
        assert_int_equal(device_told_count(d, SOTTO_EVENT_QUARANTINED, -1), 0);
        assert_int_equal(device_held(side(t, hers != 0)), 0);
    }
}

/* Whatever was sealed for the key before is read by nobody else; it comes back. What is said from now on, and when a
 * person has said that this is him, is for the new one. (The first stanza of all was sealed for nobody yet, when there
 * was a ClientHello and no answer: it is for whoever is there.) */
static void check_another_key(long_talk *t) {
    unsigned i = t->hurt;
    device *from = side(t, t->hers[i]);
    const char *jid = t->hers[i] ? ROMEO : JULIET;
    uint8_t key[32];
    char error[64];
    snprintf(error, sizeof error, "<iq type='error' id='q%u'", i);
    if (is_request(i)) assert_int_equal(people_count_in(from, error), 1);
    if (i > 0 && !is_request(i) && !is_answer(i))
        assert_int_equal(told_of(from, SOTTO_EVENT_DELIVERY_UNKNOWN, t->tickets[i]), 1);
    device_say(from, jid, "x1000");
    people_wait(&t->k, 2);
    assert_int_equal(people_count_in(t->other, "urn:q"), 0);
    if (i > 0) {
        assert_int_equal(t->other->read_len, 0);
        assert_true(device_told_count(from, SOTTO_EVENT_QUARANTINED, -1) >= 1);
        people_key(t->other, key);
        device_verdict(from, jid, key, SOTTO_TRUST_VERIFIED);
        people_wait(&t->k, 3);
    }
    assert_int_equal(device_read_count(t->other, "x1000"), 1);
    assert_int_equal(t->other->read_len, i > 0 ? 1 : 2);
}

/* ---- at each of them ---- */

typedef struct children {
    pid_t at[AT_ONCE];
    char labels[AT_ONCE][64];
    size_t count, failed;
} children;

static void wait_for(children *c, size_t place) {
    int status = 0;
    if (c->at[place] == 0) return;
    assert_int_equal(waitpid(c->at[place], &status, 0), c->at[place]);
    c->at[place] = 0;
    if (status == 0) return;
    print_error("%s\n", c->labels[place]);
    c->failed++;
}

static void go_on(long_talk *t, unsigned i, trouble what) {
    hurt_one(t, i, what);
    unsigned last = i % 50 == 0 ? STANZAS - 1 : i + FURTHER;
    for (unsigned next = i + 1; what != ANOTHER_KEY && next <= last && next < STANZAS; next++) {
        say_one(t, next);
        live_run(&t->k);
    }
    settle(t);
    if (what == ANOTHER_KEY)
        check_another_key(t);
    else
        check(t);
}

/* A child for each thing that can go wrong at this stanza. */
static void branch(children *c, long_talk *t, unsigned i) {
    for (trouble what = LOSE_IT; what < TROUBLES; what++) {
        if ((i + what) % thoroughness != 0) continue;
        size_t place = c->count++ % AT_ONCE;
        wait_for(c, place);
        (void)snprintf(c->labels[place], sizeof c->labels[place], "stanza %u: %s", i, names[what]);
        (void)fflush(NULL);
        c->at[place] = fork();
        assert_true(c->at[place] >= 0);
        if (c->at[place] > 0) continue;
        assert_int_equal(setenv("CMOCKA_TEST_ABORT", "1", 1), 0); /* what fails ends the process */
        go_on(t, i, what);
        _exit(0);
    }
}

static void req_integrity_whatever_is_lost_or_comes_twice(void **state) {
    (void)state;
    static long_talk t;
    children c = {0};
    memset(&t, 0, sizeof t);
    t.hurt = STANZAS;
    people_meet(&t.k, LIVE_ALONE);
    unsigned count[2] = {0};
    for (unsigned i = 0; i < STANZAS; i++) {
        branch(&c, &t, i);
        say_one(&t, i);
        live_run(&t.k);
        count[t.hers[i]]++;
        if (i % 25 == 24) live_pass(&t.k, 2000);
    }
    for (size_t i = 0; i < AT_ONCE; i++) wait_for(&c, i);
    settle(&t);
    check(&t);
    assert_true(count[0] > 80 && count[1] > 80);
    print_message("%u stanzas of hers, %u of his; %zu times something went wrong\n", count[1], count[0], c.count);
    assert_int_equal(c.count, STANZAS * TROUBLES / thoroughness);
    assert_int_equal(c.failed, 0);
    world_end(&t.k.t.w);
}

const struct CMUnitTest loss_tests[] = {
    REQUIREMENT(req_integrity_whatever_is_lost_or_comes_twice),
};
const size_t loss_count = sizeof loss_tests / sizeof *loss_tests;
