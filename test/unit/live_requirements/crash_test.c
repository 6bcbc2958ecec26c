/* SPDX-License-Identifier: ISC
 *
 * Killed in every write to the store and right after every one (test/unit/killed has the disk, doc/killed.md what a
 * death is), in a conversation of live sessions: first contact, requests, a session that is made anew, a word that is
 * compared, one that is forgotten, a good-bye, a second login. At each of these points the test's process is doubled,
 * the child's victim dies there and comes back, and the rest of the world goes on. What may come of that is a session
 * that is built again: nothing is lost or read twice, and the secrets of the two are never out of step. */
#include "people.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/unit/killed/victim.h"

#define AT_ONCE 2
#define WORD    "by yonder blessed moon"

typedef struct killing {
    pid_t children[AT_ONCE];
    char labels[AT_ONCE][96];
    size_t points, count, failed;
    bool is_child;
} killing;

typedef struct scene {
    talk k;
    victim v;
    uint64_t said[32];
    bool hers[32];
    unsigned count;
} scene;

/* ---- the conversation ---- */

static void say(scene *s, bool hers) {
    char body[16];
    unsigned i = s->count++;
    snprintf(body, sizeof body, "%c%u", hers ? 'j' : 'r', i);
    s->hers[i] = hers;
    s->said[i] = device_say(hers ? s->k.t.juliet : s->k.t.romeo, hers ? ROMEO : JULIET, body);
}

static void ask(scene *s, unsigned number) {
    char stanza[256];
    snprintf(stanza, sizeof stanza, "<iq type='get' id='q%u' to='" ORCHARD "'><query xmlns='urn:q'/></iq>", number);
    device_send(s->k.t.juliet, stanza);
    live_run(&s->k);
    snprintf(stanza, sizeof stanza, "id='q%u'><query", number);
    if (people_count_in(s->k.t.romeo, stanza) == 0) live_pass(&s->k, 31000); /* on its way again */
    if (people_count_in(s->k.t.romeo, stanza) == 0) return;
    snprintf(stanza, sizeof stanza, "<iq type='result' id='q%u' to='" BALCONY "'><query xmlns='urn:q'>a%u</query></iq>",
             number, number);
    device_send(s->k.t.romeo, stanza);
    live_run(&s->k);
}

static void type(device *d, const char *jid) {
    device_wish(d, (sotto_input){.kind = SOTTO_INPUT_PASSWORD, .jid = bytes_text(jid), .bytes = bytes_text(WORD)},
                NULL);
}

static void meet(scene *s) {
    device_attach(s->k.t.juliet);
    device_attach(s->k.t.romeo);
    live_run(&s->k);
    say(s, true);
    live_run(&s->k);
    say(s, false);
    say(s, true);
    live_run(&s->k);
    ask(s, 1);
    live_pass(&s->k, 2000);
}

static void renew(scene *s) {
    for (unsigned hers = 0; hers < 2; hers++) {
        live_session *session = people_session(hers != 0 ? s->k.t.juliet : s->k.t.romeo);
        if (session != NULL) session->wear.stanzas = LIVE_REKEY_STANZAS;
    }
    say(s, true);
    say(s, false);
    live_run(&s->k);
    type(s->k.t.juliet, ROMEO);
    type(s->k.t.romeo, JULIET);
    live_run(&s->k);
    say(s, false);
    live_pass(&s->k, LIVE_RETIRING_MS + 1000);
}

static void part(scene *s) {
    people_begin_anew(&s->k);
    say(s, true);
    say(s, false);
    live_run(&s->k);
    live_pass(&s->k, 2000);
    device_wish(s->k.t.romeo, (sotto_input){.kind = SOTTO_INPUT_ENDING}, NULL);
    live_run(&s->k);
    device_leave(s->k.t.romeo);
    say(s, true);
    live_run(&s->k);
    device_go_online(s->k.t.romeo);
    ask(s, 2);
    say(s, false);
    live_run(&s->k);
    people_wait(&s->k, 8);
}

static void converse(scene *s) {
    meet(s);
    renew(s);
    part(s);
}

/* ---- what came of it ---- */

static size_t told_of(const device *d, sotto_event_kind kind, uint64_t ticket) {
    size_t count = 0;
    for (size_t i = 0; i < d->told_len; i++) count += d->told[i].kind == kind && d->told[i].ticket == ticket;
    return count;
}

static void check_messages(const scene *s) {
    for (unsigned i = 0; i < s->count; i++) {
        const device *from = s->hers[i] ? s->k.t.juliet : s->k.t.romeo;
        const device *to = s->hers[i] ? s->k.t.romeo : s->k.t.juliet;
        char body[16];
        snprintf(body, sizeof body, "%c%u", s->hers[i] ? 'j' : 'r', i);
        size_t read = device_read_count(to, body), stored = told_of(from, SOTTO_EVENT_DELIVERED, s->said[i]);
        size_t back =
            told_of(from, SOTTO_EVENT_DELIVERY_UNKNOWN, s->said[i]) + told_of(from, SOTTO_EVENT_REFUSED, s->said[i]);
        if (read != 1 || stored != 1 || back != 0)
            fail_msg("%s: read %zu, delivered %zu, back %zu", body, read, stored, back);
    }
}

/* One answer, or an error: what belonged to a stream that is gone is not answered. */
static void check_requests(const scene *s) {
    for (unsigned i = 1; i <= 2; i++) {
        char answer[16], error[32];
        snprintf(answer, sizeof answer, ">a%u<", i);
        snprintf(error, sizeof error, "<iq type='error' id='q%u'", i);
        size_t answers = people_count_in(s->k.t.juliet, answer), errors = people_count_in(s->k.t.juliet, error);
        bool good = s->v.deaths == 0 ? answers == 1 && errors == 0 : answers >= 1 || errors >= 1;
        if (!good) fail_msg("request %u: %zu answers, %zu errors", i, answers, errors);
    }
}

static void check_side(const device *d) {
    unsigned last = 0;
    for (size_t i = 0; i < d->read_len; i++) {
        unsigned number = (unsigned)strtoul(d->read[i].body + 1, NULL, 10);
        if (i > 0 && number <= last) fail_msg("%s came behind %u", d->read[i].body, last);
        last = number;
    }
    assert_int_equal(device_told_count(d, SOTTO_EVENT_UNREADABLE, -1), 0);
    assert_int_equal(device_told_count(d, SOTTO_EVENT_QUARANTINED, -1), 0);
    assert_int_equal(device_told_count(d, SOTTO_EVENT_KEY_ALARM, -1), 0);
}

static void check(scene *s) {
    check_messages(s);
    check_requests(s);
    check_side(s->k.t.juliet);
    check_side(s->k.t.romeo);
    assert_int_equal(device_held(s->k.t.juliet) + device_held(s->k.t.romeo), 0);
    people_begin_anew(&s->k); /* and they have a secret in common */
    say(s, s->count % 2 == 0);
    live_run(&s->k);
    people_wait(&s->k, 3);
    check_messages(s);
    const live_session *hers = people_session(s->k.t.juliet), *his = people_session(s->k.t.romeo);
    assert_true(hers != NULL && his != NULL && hers->used && his->used);
    people_assert_closed(&s->k);
    victim_check_outputs(&s->v);
}

/* ---- at every write ---- */

static void wait_for(killing *k, size_t place) {
    int status = 0;
    if (k->children[place] == 0) return;
    assert_int_equal(waitpid(k->children[place], &status, 0), k->children[place]);
    k->children[place] = 0;
    if (status == 0) return;
    print_error("died %s\n", k->labels[place]);
    k->failed++;
}

/* How the child is to die, and in every third case once more soon afterwards. */
static void plan_death(victim *v, bool is_over) {
    v->how = (unsigned)v->write + is_over;
    v->device->crash_resumed = (v->write + is_over) % 2 == 0;
    if (v->write % 3 != 0) return;
    v->die_in = v->write + 1 + v->write / 3 % 4;
    v->die_at = v->write % 2 == 0 ? 1 : SIZE_MAX;
}

/* In the middle of each transaction, and after each one; `op` is NULL then. */
static bool double_here(void *arg, victim *v, const disk_op *op) {
    killing *k = arg;
    if (k->is_child || (op != NULL && v->disk.ops - v->write_begin != 1 + v->write % 2)) return false;
    if (k->points++ % ((thoroughness + 3) / 4) != 0) return false;
    size_t place = k->count++ % AT_ONCE;
    wait_for(k, place);
    (void)snprintf(k->labels[place], sizeof k->labels[place], "in transaction %zu, %s", v->write,
                   op != NULL ? "in the middle" : "after it");
    (void)fflush(NULL);
    k->children[place] = fork();
    assert_true(k->children[place] >= 0);
    if (k->children[place] > 0) return false;
    k->is_child = true;
    assert_int_equal(setenv("CMOCKA_TEST_ABORT", "1", 1), 0); /* what fails ends the process */
    plan_death(v, op == NULL);
    return true;
}

static void kill_each(bool romeo, bool grouped) {
    static scene s;
    killing k = {0};
    victim_ground ground;
    victim_ground_start(&ground);
    memset(&s, 0, sizeof s);
    people_prepare(&s.k, LIVE_ALONE, NULL, NULL);
    device *d = romeo ? s.k.t.romeo : s.k.t.juliet;
    d->grouped = grouped;
    d->crash_resumed = true;
    victim_take(&s.v, &ground, d, romeo ? 250 * 1024 : 0);
    s.v.choose = double_here;
    s.v.choose_arg = &k;
    converse(&s);
    size_t writes = s.v.write;
    s.v.choose = NULL; /* nobody dies while it is looked at what came of it */
    s.v.die_in = NOT_PLANNED;
    check(&s);
    size_t deaths = s.v.deaths;
    world_end(&s.k.t.w);
    victim_leave(&s.v);
    if (k.is_child) _exit(deaths > 0 ? 0 : 1);
    for (size_t i = 0; i < AT_ONCE; i++) wait_for(&k, i);
    victim_ground_end(&ground);
    print_message("%s: %zu transactions, died %zu times\n", romeo ? "romeo" : "juliet", writes, k.count);
    assert_true(writes > 60);
    assert_int_equal(k.points, 2 * writes);
    assert_int_equal(k.failed, 0);
}

static void req_integrity_killed_at_every_write(void **state) {
    (void)state;
    kill_each(false, false);
}
static void req_integrity_the_other_side_killed_at_every_write(void **state) {
    (void)state;
    kill_each(true, true);
}

const struct CMUnitTest crash_tests[] = {
    REQUIREMENT(req_integrity_killed_at_every_write),
    REQUIREMENT(req_integrity_the_other_side_killed_at_every_write),
};
const size_t crash_count = sizeof crash_tests / sizeof *crash_tests;
