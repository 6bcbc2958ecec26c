/* SPDX-License-Identifier: ISC
 *
 * Killed in every transaction and right after every one, and the conversation goes on. At each of these points the
 * test's process is doubled: the child's victim dies there and comes back over what its disk has then, while the rest
 * of the world is as it was; the parent goes on to the next point. So the conversation is run once and not once for
 * each point. */
#include "talk.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE 2

typedef struct killing {
    const history *before; /* of the same conversation without a death */
    pid_t children[AT_ONCE];
    char labels[AT_ONCE][128];
    size_t count, failed;
    bool is_child;
} killing;

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
static void plan(victim *v, bool is_over) {
    v->how = (unsigned)v->write + is_over;
    v->device->crash_resumed = (v->write + is_over) % 2 == 0;
    if (v->write % 3 != 0) return;
    v->die_in = v->write + 1 + v->write / 3 % 4;
    v->die_at = v->write % 2 == 0 ? 1 : SIZE_MAX;
}

static bool double_here(void *arg, victim *v, const disk_op *op) {
    killing *k = arg;
    if (k->is_child) return false;
    assert_true(v->write < k->before->count);
    const history_step *step = &k->before->steps[v->write];
    assert_int_equal(step->begin, v->write_begin); /* the same conversation as before */
    if (op != NULL && v->disk.ops - v->write_begin != v->write * 7 % (step->end - step->begin)) return false;
    size_t place = k->count++ % AT_ONCE;
    wait_for(k, place);
    (void)snprintf(k->labels[place], sizeof k->labels[place], "in transaction %zu, operation %zu of %zu", v->write,
                   v->disk.ops - v->write_begin, step->end - step->begin);
    (void)fflush(NULL);
    k->children[place] = fork();
    assert_true(k->children[place] >= 0);
    if (k->children[place] > 0) return false;
    k->is_child = true;
    assert_int_equal(setenv("CMOCKA_TEST_ABORT", "1", 1), 0); /* what fails ends the process */
    plan(v, op == NULL);
    return true;
}

static void prepare(void *arg, victim *v) {
    v->choose = double_here;
    v->choose_arg = arg;
}

static void kill_each(const talk_script *script, talk_who who, bool grouped) {
    static talk t;
    static history before;
    talk_made m;
    talk_made_start(&m, script);
    talk_start(&t, &m, who, grouped, NULL, NULL);
    talk_run(&t);
    before = t.v.history;
    talk_end(&t);
    killing k = {.before = &before};
    talk_start(&t, &m, who, grouped, prepare, &k);
    talk_run(&t);
    talk_check(&t);
    size_t deaths = t.v.deaths;
    talk_end(&t);
    if (k.is_child) _exit(deaths > 0 ? 0 : 1);
    for (size_t i = 0; i < AT_ONCE; i++) wait_for(&k, i);
    print_message("%s: died %zu times\n", talk_names[who], k.count);
    assert_int_equal(k.count, 2 * before.count);
    assert_int_equal(k.failed, 0);
    talk_made_end(&m);
}

static void test_balcony(void **state) {
    (void)state;
    kill_each(&talk_pair, BALCONY, false);
}
static void test_tablet(void **state) {
    (void)state;
    kill_each(&talk_pair, TABLET, true);
}
static void test_orchard(void **state) {
    (void)state;
    kill_each(&talk_pair, ORCHARD, true);
}
static void test_phone(void **state) {
    (void)state;
    kill_each(&talk_pair, PHONE, false);
}
static void test_balcony_in_a_room(void **state) {
    (void)state;
    kill_each(&talk_room, BALCONY, true);
}
static void test_tablet_in_a_room(void **state) {
    (void)state;
    kill_each(&talk_room, TABLET, false);
}
static void test_orchard_in_a_room(void **state) {
    (void)state;
    kill_each(&talk_room, ORCHARD, true);
}
const struct CMUnitTest kill_tests[] = {
    cmocka_unit_test(test_balcony),
    cmocka_unit_test(test_tablet),
    cmocka_unit_test(test_orchard),
    cmocka_unit_test(test_phone),
};
const size_t kill_count = sizeof kill_tests / sizeof kill_tests[0];

const struct CMUnitTest room_tests[] = {
    cmocka_unit_test(test_balcony_in_a_room),
    cmocka_unit_test(test_tablet_in_a_room),
    cmocka_unit_test(test_orchard_in_a_room),
};
const size_t room_count = sizeof room_tests / sizeof room_tests[0];
