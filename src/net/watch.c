/* SPDX-License-Identifier: ISC */
#include "net/watch.h"

#include "bytes/memory.h"
#include "net/inside.h"

struct net_watch {
    const sotto_host *host;
    net_timer_done *done;
    void *arg;
    union {
        uv_handle_t any;
        uv_poll_t poll;
        uv_idle_t idle;
        uv_signal_t signal;
    } handle;
};

static void watch_freed(uv_handle_t *handle) {
    net_watch *watch = handle->data;
    bytes_free(watch->host, watch, sizeof *watch);
}

void net_unwatch(net_watch *watch) {
    if (!watch) return;
    watch->done = NULL;
    uv_close(&watch->handle.any, watch_freed);
}

static net_watch *watch_new(net_loop *loop, net_timer_done *done, void *arg) {
    net_watch *watch = bytes_new(loop->host, sizeof *watch);
    if (!watch) return NULL;
    watch->host = loop->host;
    watch->done = done;
    watch->arg = arg;
    return watch;
}

static void watch_fail(net_watch *watch) {
    bytes_free(watch->host, watch, sizeof *watch);
}

/* ---- descriptors ---- */

static void poll_came(uv_poll_t *poll, int status, int events) {
    (void)status; /* an error shows when it is read */
    (void)events;
    const net_watch *watch = poll->data;
    if (watch->done) watch->done(watch->arg);
}

static void idle_came(uv_idle_t *idle) {
    const net_watch *watch = idle->data;
    if (watch->done) watch->done(watch->arg);
}

sotto_status net_watch_readable(net_watch **ret, net_loop *loop, int fd, net_timer_done *done, void *arg) {
    net_watch *watch = watch_new(loop, done, arg);
    if (!watch) return SOTTO_FAIL(NO_MEMORY);
    if (uv_poll_init(&loop->uv, &watch->handle.poll, fd) == 0) {
        watch->handle.any.data = watch;
        if (uv_poll_start(&watch->handle.poll, UV_READABLE | UV_DISCONNECT, poll_came) == 0) {
            *ret = watch;
            return SOTTO_OK;
        }
        net_unwatch(watch);
        return SOTTO_FAIL(SYSTEM);
    }
    uv_handle_type type = uv_guess_handle(fd);
    if (type != UV_FILE || uv_idle_init(&loop->uv, &watch->handle.idle) != 0) {
        watch_fail(watch);
        return SOTTO_FAIL(SYSTEM);
    }
    watch->handle.any.data = watch;
    (void)uv_idle_start(&watch->handle.idle, idle_came); /* fails only without a callback */
    *ret = watch;
    return SOTTO_OK;
}

/* ---- signals ---- */

static void signal_came(uv_signal_t *handle, int number) {
    (void)number;
    const net_watch *watch = handle->data;
    if (watch->done) watch->done(watch->arg);
}

sotto_status net_watch_signal(net_watch **ret, net_loop *loop, int number, net_timer_done *done, void *arg) {
    net_watch *watch = watch_new(loop, done, arg);
    if (!watch) return SOTTO_FAIL(NO_MEMORY);
    if (uv_signal_init(&loop->uv, &watch->handle.signal) != 0) {
        watch_fail(watch);
        return SOTTO_FAIL(SYSTEM);
    }
    watch->handle.any.data = watch;
    uv_unref(&watch->handle.any);
    if (uv_signal_start(&watch->handle.signal, signal_came, number) == 0) {
        *ret = watch;
        return SOTTO_OK;
    }
    net_unwatch(watch);
    return SOTTO_FAIL(SYSTEM);
}
