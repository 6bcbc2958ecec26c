/* SPDX-License-Identifier: ISC
 *
 * The loop by itself: the timer, interrupts, the idle callback, stopping. */
#include "net_tests.h"

#include <signal.h>

#include "net/inside.h"

typedef struct counts {
    net_loop *loop;
    int timers, idles, interrupts;
    int idles_at_timer; /* how many idle callbacks there had been when the timer came */
    uint64_t came_ms;
    uv_timer_t end;
} counts;

static void count_idle(void *arg) {
    ((counts *)arg)->idles++;
}

static void count_timer(void *arg) {
    counts *c = arg;
    c->timers++;
    c->idles_at_timer = c->idles;
    c->came_ms = net_now_ms();
}

static int setup(void **state) {
    static counts c;
    c = (counts){0};
    *state = &c;
    return sotto_ok(net_loop_new(&c.loop, sotto_host_default())) ? 0 : -1;
}

static int teardown(void **state) {
    net_loop_free(((counts *)*state)->loop);
    return 0;
}

static void run(counts *c) {
    assert_int_equal(net_loop_run(c->loop).code, 0);
}

static void test_nothing_to_wait_for(void **state) {
    counts *c = *state;
    net_loop_on_idle(c->loop, count_idle, c);
    run(c);
    assert_int_equal(c->idles, 1);
}

static void test_timer_comes_once_and_idle_follows(void **state) {
    counts *c = *state;
    net_loop_on_idle(c->loop, count_idle, c);
    uint64_t at = net_now_ms() + 20;
    net_loop_timer(c->loop, at, count_timer, c);
    run(c);
    assert_int_equal(c->timers, 1);
    assert_true(c->came_ms >= at);
    assert_true(c->idles > c->idles_at_timer); /* the last batch is followed by an idle callback too */
}

static void test_timer_in_the_past(void **state) {
    counts *c = *state;
    net_loop_timer(c->loop, 1, count_timer, c);
    assert_int_equal(c->timers, 0);
    run(c);
    assert_int_equal(c->timers, 1);
}

static void test_timer_never(void **state) {
    counts *c = *state;
    net_loop_timer(c->loop, net_now_ms(), count_timer, c);
    net_loop_timer(c->loop, UINT64_MAX, count_timer, c);
    run(c);
    assert_int_equal(c->timers, 0);
}

/* Longer than any timer that is due at once waits; the moment the loop was about to wait is over before it does. */
static void busy_for_a_moment(void) {
    uint64_t until = uv_hrtime() + 5000000;
    while (uv_hrtime() < until) {
    }
}

static void settle(void *arg) {
    counts *c = arg;
    c->idles++;
    if (c->timers > 0) {
        net_loop_stop(c->loop);
    } else if (c->idles == 1) {
        net_loop_timer(c->loop, net_now_ms(), count_timer, c);
        busy_for_a_moment();
    }
}

static void too_late(uv_timer_t *timer) {
    net_loop_stop(timer->data);
}

/* It came due between the idle callback and the wait, as on a machine that is busy with other things: libuv calls it
 * before it waits, and what it began must not be left to the next event, which may never come. */
static void test_timer_just_before_the_wait_is_followed_by_idle(void **state) {
    counts *c = *state;
    net_loop_on_idle(c->loop, settle, c);
    assert_int_equal(uv_timer_init(&c->loop->uv, &c->end), 0);
    c->end.data = c->loop;
    assert_int_equal(uv_timer_start(&c->end, too_late, 3000, 0), 0);
    uint64_t begun = net_now_ms();
    run(c);
    uint64_t took = net_now_ms() - begun;
    assert_int_equal(c->timers, 1);
    assert_true(c->idles > c->idles_at_timer);
    assert_true(took < 2000);
    net_loop_on_idle(c->loop, NULL, NULL);
    uv_close((uv_handle_t *)&c->end, NULL);
    run(c); /* its end */
}

static void again_until_three(void *arg) {
    counts *c = arg;
    if (++c->timers < 3) net_loop_timer(c->loop, 0, again_until_three, c);
}

static void test_timer_set_in_its_callback(void **state) {
    counts *c = *state;
    net_loop_timer(c->loop, 0, again_until_three, c);
    run(c);
    assert_int_equal(c->timers, 3);
}

static void stop_loop(void *arg) {
    net_loop_stop(((counts *)arg)->loop);
}

static void test_stop(void **state) {
    counts *c = *state;
    net_loop_timer(c->loop, net_now_ms() + 3600000, count_timer, c);
    net_loop_on_idle(c->loop, stop_loop, c);
    run(c);
    assert_int_equal(c->timers, 0);
    net_loop_on_idle(c->loop, NULL, NULL);
    net_loop_stop(c->loop); /* outside: the next run */
    run(c);
    assert_int_equal(c->timers, 0);
}

static void count_interrupt(void *arg) {
    counts *c = arg;
    if (++c->interrupts == 2) net_loop_stop(c->loop);
}

static void raise_now(void *arg) {
    counts *c = arg;
    c->timers++;
    if (c->timers == 1)
        net_loop_timer(c->loop, 0, raise_now, c);
    else
        net_loop_timer(c->loop, net_now_ms() + 3600000, raise_now, c);
    (void)raise(c->timers == 1 ? SIGINT : SIGTERM);
}

static void test_interrupts(void **state) {
    counts *c = *state;
    net_loop_on_interrupt(c->loop, count_interrupt, c);
    net_loop_timer(c->loop, 0, raise_now, c);
    run(c);
    assert_int_equal(c->interrupts, 2);
    assert_int_equal(c->timers, 2);
}

static void test_interrupts_do_not_keep_running(void **state) {
    counts *c = *state;
    net_loop_on_interrupt(c->loop, count_interrupt, c);
    run(c);
    assert_int_equal(c->interrupts, 0);
}

int net_tests_timers(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_to_wait_for, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timer_comes_once_and_idle_follows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timer_just_before_the_wait_is_followed_by_idle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timer_in_the_past, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timer_never, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timer_set_in_its_callback, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupts_do_not_keep_running, setup, teardown),
    };
    return cmocka_run_group_tests_name("net: timers", tests, NULL, NULL);
}
