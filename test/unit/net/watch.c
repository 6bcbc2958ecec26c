/* SPDX-License-Identifier: ISC
 *
 * Descriptors that others read, and signals. */
#include "net_tests.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/watch.h"

typedef struct watched {
    net_loop *loop;
    net_watch *watch;
    int fd, times;
    bool ended;
} watched;

static int setup(void **state) {
    static watched w;
    w = (watched){.fd = -1};
    *state = &w;
    return sotto_ok(net_loop_new(&w.loop, sotto_host_default())) ? 0 : -1;
}

static int teardown(void **state) {
    watched *w = *state;
    net_unwatch(w->watch);
    net_loop_free(w->loop);
    return w->fd >= 0 ? close(w->fd) : 0;
}

/* Reads until the end, and then lets go: the loop has nothing left to wait for. */
static void read_some(void *arg) {
    watched *w = arg;
    char some[4];
    w->times++;
    ssize_t got = read(w->fd, some, sizeof some);
    if (got != 0) return;
    w->ended = true;
    net_unwatch(w->watch);
    w->watch = NULL;
}

static void test_pipe(void **state) {
    watched *w = *state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    w->fd = ends[0];
    assert_int_equal(net_watch_readable(&w->watch, w->loop, w->fd, read_some, w).code, 0);
    assert_int_equal(write(ends[1], "six by", 6), 6);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(net_loop_run(w->loop).code, 0);
    assert_true(w->ended);
    assert_int_equal(w->times, 3);
}

static void test_file(void **state) {
    watched *w = *state;
    char path[] = "/tmp/sotto-watch-XXXXXX";
    w->fd = mkostemp(path, O_CLOEXEC);
    assert_true(w->fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(write(w->fd, "six by", 6), 6);
    assert_int_equal(lseek(w->fd, 0, SEEK_SET), 0);
    assert_int_equal(net_watch_readable(&w->watch, w->loop, w->fd, read_some, w).code, 0);
    assert_int_equal(net_loop_run(w->loop).code, 0);
    assert_true(w->ended);
}

static void test_no_descriptor(void **state) {
    watched *w = *state;
    assert_int_equal(net_watch_readable(&w->watch, w->loop, -1, read_some, w).code, SOTTO_E_SYSTEM);
    assert_null(w->watch);
    net_unwatch(NULL);
}

static void stop(void *arg) {
    watched *w = arg;
    w->times++;
    net_loop_stop(w->loop);
}

static void raise_now(void *arg) {
    (void)arg;
    assert_int_equal(raise(SIGWINCH), 0);
}

static void never(void *arg) {
    (void)arg;
    fail();
}

static void test_signal(void **state) {
    watched *w = *state;
    assert_int_equal(net_watch_signal(&w->watch, w->loop, SIGWINCH, stop, w).code, 0);
    net_loop_timer(w->loop, 0, raise_now, w);
    net_loop_on_idle(w->loop, NULL, NULL);
    int keep[2];
    assert_int_equal(pipe2(keep, O_CLOEXEC), 0);
    net_watch *waiting; /* a signal alone does not keep the loop running */
    assert_int_equal(net_watch_readable(&waiting, w->loop, keep[0], never, w).code, 0);
    assert_int_equal(net_loop_run(w->loop).code, 0);
    assert_int_equal(w->times, 1);
    net_unwatch(waiting);
    assert_int_equal(close(keep[0]) + close(keep[1]), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int net_tests_watch(void) {
    const struct CMUnitTest tests[] = {TEST(test_pipe), TEST(test_file), TEST(test_no_descriptor), TEST(test_signal)};
    return cmocka_run_group_tests_name("net: watch", tests, NULL, NULL);
}
