/* SPDX-License-Identifier: ISC
 *
 * The loop: one turn at a time, so that the idle callback has its place after every batch of events and before the
 * return, whatever ends the loop. */
#include "net/loop.h"

#include <signal.h>
#include <time.h>

#include "bytes/memory.h"
#include "net/inside.h"

/* libuv's timers run on a clock that stands still while the machine sleeps; looking at Unix time this often brings a
 * deadline that passed in the meantime soon. */
#define TIMER_LOOK_MS 30000u

uint64_t net_now_ms(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec < 0) return 0;
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- the owner's timer ---- */

static void timer_arm(net_loop *loop);

static void timer_fired(uv_timer_t *timer) {
    net_loop *loop = timer->data;
    if (net_now_ms() < loop->timer_at) {
        timer_arm(loop);
        return;
    }
    loop->timer_at = UINT64_MAX;
    loop->timer_done(loop->timer_arg);
}

/* Never 0: a timer of 0 that is set again in its own callback would keep libuv from looking at sockets. */
static void timer_arm(net_loop *loop) {
    uint64_t now = net_now_ms();
    uint64_t wait = loop->timer_at > now ? loop->timer_at - now : 1;
    if (wait > TIMER_LOOK_MS) wait = TIMER_LOOK_MS;
    uv_update_time(&loop->uv);
    (void)uv_timer_start(&loop->timer, timer_fired, wait, 0); /* fails only while closing */
}

void net_loop_timer(net_loop *loop, uint64_t at_ms, net_timer_done *done, void *arg) {
    loop->timer_at = at_ms;
    loop->timer_done = done;
    loop->timer_arg = arg;
    if (at_ms == UINT64_MAX || !done) {
        (void)uv_timer_stop(&loop->timer);
        return;
    }
    timer_arm(loop);
}

/* ---- interrupts ---- */

static void signal_came(uv_signal_t *handle, int number) {
    (void)number;
    net_loop *loop = handle->data;
    if (loop->interrupted) loop->interrupted(loop->interrupted_arg);
}

void net_loop_on_interrupt(net_loop *loop, net_timer_done *done, void *arg) {
    static const int numbers[2] = {SIGINT, SIGTERM};
    loop->interrupted = done;
    loop->interrupted_arg = arg;
    for (size_t i = 0; i < 2; i++) {
        (void)uv_signal_stop(&loop->interrupts[i]);
        if (done) (void)uv_signal_start(&loop->interrupts[i], signal_came, numbers[i]);
    }
}

/* ---- the loop ---- */

void net_loop_on_idle(net_loop *loop, net_timer_done *done, void *arg) {
    loop->idle = done;
    loop->idle_arg = arg;
}

static void loop_idle(net_loop *loop) {
    if (loop->idle) loop->idle(loop->idle_arg);
}

/* A turn of libuv calls timers that came due since the last one, and what else it had put off, before it looks at the
 * sockets, and then waits for those as long as the timers say. What such a callback began must be settled before that:
 * it may have used up the last timer, and the wait would have no end. Between the two is the prepare handle. */
static void before_wait(uv_prepare_t *handle) {
    loop_idle(handle->data);
}

/* Handles that live as long as the loop and do not keep it running, but for the timer, which does when it is armed. */
static sotto_status loop_handles(net_loop *loop) {
    if (uv_prepare_init(&loop->uv, &loop->before_wait) != 0) return SOTTO_FAIL(SYSTEM);
    loop->before_wait.data = loop;
    (void)uv_prepare_start(&loop->before_wait, before_wait); /* fails only without a callback */
    uv_unref((uv_handle_t *)&loop->before_wait);
    if (uv_timer_init(&loop->uv, &loop->timer) != 0) return SOTTO_FAIL(SYSTEM);
    loop->timer.data = loop;
    for (size_t i = 0; i < 2; i++) {
        if (uv_signal_init(&loop->uv, &loop->interrupts[i]) != 0) return SOTTO_FAIL(SYSTEM);
        loop->interrupts[i].data = loop;
        uv_unref((uv_handle_t *)&loop->interrupts[i]);
    }
    return SOTTO_OK;
}

static void handle_close(uv_handle_t *handle, void *arg) {
    (void)arg;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

/* What is left when connections, listeners and look-ups have been told to close are the loop's own handles. */
static void loop_close(net_loop *loop) {
    uv_walk(&loop->uv, handle_close, NULL);
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) uv_walk(&loop->uv, handle_close, NULL);
    (void)uv_loop_close(&loop->uv);
    bytes_free(loop->host, loop, sizeof *loop);
}

sotto_status net_loop_new(net_loop **ret, const sotto_host *host) {
    net_loop *loop = bytes_new(host, sizeof *loop);
    if (!loop) return SOTTO_FAIL(NO_MEMORY);
    loop->host = host;
    loop->timer_at = UINT64_MAX;
    loop->lookup_wait_ms = NET_LOOKUP_WAIT_MS;
    if (uv_loop_init(&loop->uv) != 0) {
        bytes_free(host, loop, sizeof *loop);
        return SOTTO_FAIL(SYSTEM);
    }
    loop->uv.data = loop;
    sotto_status status = loop_handles(loop);
    if (!sotto_ok(status)) {
        loop_close(loop);
        return status;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* fails for invalid numbers only */
    *ret = loop;
    return SOTTO_OK;
}

sotto_status net_loop_run(net_loop *loop) {
    for (;;) {
        loop_idle(loop);
        if (loop->stopped || !uv_loop_alive(&loop->uv)) break;
        (void)uv_run(&loop->uv, UV_RUN_ONCE);
    }
    loop->stopped = false;
    return SOTTO_OK;
}

void net_loop_stop(net_loop *loop) {
    loop->stopped = true;
    uv_stop(&loop->uv); /* makes a turn that has not polled yet not wait */
}

void net_loop_free(net_loop *loop) {
    if (!loop) return;
    net_listeners_close(loop);
    net_connections_close(loop);
    net_lookups_close(loop);
    net_works_close(loop);
    loop_close(loop);
}
