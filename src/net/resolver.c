/* SPDX-License-Identifier: ISC
 *
 * SRV answers from libunbound, which works on a thread of its own and wakes the loop through a pipe. It validates where
 * the root anchor is installed (Debian: dns-root-data). The context is made for the first look-up: most runs of the
 * program have none. */
#include <string.h>
#include <unbound.h>
#include <unistd.h>

#include "bytes/cursor.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "net/inside.h"

#define ROOT_ANCHOR     "/usr/share/dns/root.key"
#define NAME_BYTES_MAX  253u /* RFC 1035 section 2.3.4, as text without the last dot */
#define LABEL_BYTES_MAX 63u
#define TYPE_SRV        33
#define CLASS_IN        1
#define RCODE_NOERROR   0
#define RCODE_NXDOMAIN  3

struct net_lookup {
    net_loop *loop;
    net_lookup *previous, *next;
    int id;
    uv_timer_t timer;
    net_srv_found *found;
    void *arg;
};

/* ---- one answer ---- */

/* A name on the wire (RFC 1035 section 3.1, never compressed here: RFC 2782) as text. Bytes that no host name has make
 * it unfit, so that what comes out can go into a message or a look-up as it is. */
static bool target_read(bytes_cursor *wire, char ret[256]) {
    size_t len = 0;
    for (;;) {
        sotto_bytes label = bytes_cursor_take(wire, bytes_cursor_u8(wire));
        if (wire->failed || label.len > LABEL_BYTES_MAX || len + label.len + 1 > NAME_BYTES_MAX + 1) return false;
        if (label.len == 0) break;
        if (len > 0) ret[len++] = '.';
        for (size_t i = 0; i < label.len; i++) {
            uint8_t c = label.at[i];
            bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_') return false;
            ret[len++] = (char)c;
        }
    }
    if (len == 0) ret[len++] = '.'; /* RFC 2782: decidedly not available */
    ret[len] = '\0';
    return true;
}

static uint16_t u16_read(bytes_cursor *wire) {
    unsigned high = bytes_cursor_u8(wire);
    return (uint16_t)(high << 8 | bytes_cursor_u8(wire));
}

static bool record_read(sotto_bytes rdata, net_srv *ret) {
    bytes_cursor wire = bytes_cursor_over(rdata);
    net_srv srv = {0};
    srv.priority = u16_read(&wire);
    srv.weight = u16_read(&wire);
    srv.port = u16_read(&wire);
    if (!target_read(&wire, srv.target) || !sotto_ok(bytes_cursor_end(&wire))) return false;
    *ret = srv;
    return true;
}

/* Records that cannot be read are left out: another of the same answer may be good. */
static size_t records_read(const struct ub_result *result, net_srv ret[NET_SRV_MAX]) {
    size_t count = 0;
    for (size_t i = 0; result->data && result->data[i] && count < NET_SRV_MAX; i++) {
        int len = result->len[i];
        if (len > 0 && record_read(bytes_of(result->data[i], (size_t)len), &ret[count])) count++;
    }
    return count;
}

/* ---- the look-ups under way ---- */

static void lookup_freed(uv_handle_t *handle) {
    net_lookup *lookup = handle->data;
    bytes_free(lookup->loop->host, lookup, sizeof *lookup);
}

/* Out of the list; the pipe is watched, and keeps the loop running, only while an answer is due. */
static void lookup_unlink(net_lookup *lookup) {
    net_loop *loop = lookup->loop;
    if (lookup->previous)
        lookup->previous->next = lookup->next;
    else
        loop->lookups = lookup->next;
    if (lookup->next) lookup->next->previous = lookup->previous;
    if (!loop->lookups) (void)uv_poll_stop(&loop->names_poll);
    uv_close((uv_handle_t *)&lookup->timer, lookup_freed);
}

static void answer_came(void *arg, int error, struct ub_result *result) {
    net_lookup *lookup = arg;
    net_srv records[NET_SRV_MAX];
    size_t count = 0;
    bool answered = error == 0 && result && (result->rcode == RCODE_NOERROR || result->rcode == RCODE_NXDOMAIN);
    bool secure = answered && result->secure;
    bool bogus = error == 0 && result && result->bogus;
    if (answered) count = records_read(result, records);
    ub_resolve_free(result);
    lookup_unlink(lookup);
    lookup->found(lookup->arg, records, count, !answered, secure, bogus);
}

static void answer_late(uv_timer_t *timer) {
    net_lookup *lookup = timer->data;
    (void)ub_cancel(lookup->loop->names, lookup->id); /* an answer that is here already would have been delivered */
    lookup_unlink(lookup);
    lookup->found(lookup->arg, NULL, 0, true, false, false);
}

static void names_readable(uv_poll_t *poll, int status, int events) {
    (void)status;
    (void)events;
    net_loop *loop = poll->data;
    (void)ub_process(loop->names); /* a broken pipe leaves the look-ups to their timers */
}

/* ---- the context ---- */

static struct ub_ctx *context_new(void) {
    struct ub_ctx *names = ub_ctx_create();
    if (!names) return NULL;
    /* A thread, not a process: a process would inherit our locks and our memory. Nothing to standard error. */
    if (ub_ctx_async(names, 1) != 0 || ub_ctx_debugout(names, NULL) != 0) {
        ub_ctx_delete(names);
        return NULL;
    }
    return names;
}

/* Watches the context's pipe and keeps the context. */
static sotto_status context_take(net_loop *loop, struct ub_ctx *names) {
    if (uv_poll_init(&loop->uv, &loop->names_poll, ub_fd(names)) != 0) {
        ub_ctx_delete(names);
        return SOTTO_FAIL(SYSTEM);
    }
    loop->names_poll.data = loop;
    loop->names = names;
    return SOTTO_OK;
}

/* Without resolv.conf libunbound asks the root servers itself; without an anchor it does not validate. */
static sotto_status context_system(net_loop *loop) {
    struct ub_ctx *names = context_new();
    if (!names) return SOTTO_FAIL(NO_MEMORY);
    (void)ub_ctx_resolvconf(names, NULL);
    (void)ub_ctx_hosts(names, NULL);
    if (access(ROOT_ANCHOR, R_OK) == 0) (void)ub_ctx_add_ta_file(names, ROOT_ANCHOR);
    return context_take(loop, names);
}

sotto_status net_loop_resolver(net_loop *loop, const char *forward, const char *anchor, uint64_t wait_ms) {
    if (loop->names) return SOTTO_FAIL(STATE);
    struct ub_ctx *names = context_new();
    if (!names) return SOTTO_FAIL(NO_MEMORY);
    if (ub_ctx_set_fwd(names, forward) != 0 || (anchor && ub_ctx_add_ta(names, anchor) != 0)) {
        ub_ctx_delete(names);
        return SOTTO_FAIL(USAGE);
    }
    loop->lookup_wait_ms = wait_ms;
    return context_take(loop, names);
}

sotto_status net_lookup_srv(net_loop *loop, const char *name, net_srv_found *found, void *arg) {
    size_t len = strlen(name);
    if (len == 0 || len > NAME_BYTES_MAX) return SOTTO_FAIL(USAGE);
    if (!loop->names) SOTTO_TRY(context_system(loop));
    net_lookup *lookup = bytes_new(loop->host, sizeof *lookup);
    if (!lookup) return SOTTO_FAIL(NO_MEMORY);
    lookup->loop = loop;
    lookup->found = found;
    lookup->arg = arg;
    int error = ub_resolve_async(loop->names, name, TYPE_SRV, CLASS_IN, lookup, answer_came, &lookup->id);
    if (error != 0) {
        bytes_free(loop->host, lookup, sizeof *lookup);
        return error == UB_NOMEM ? SOTTO_FAIL(NO_MEMORY) : SOTTO_FAIL(SYSTEM);
    }
    lookup->next = loop->lookups;
    if (lookup->next) lookup->next->previous = lookup;
    loop->lookups = lookup;
    (void)uv_timer_init(&loop->uv, &lookup->timer); /* never fails */
    lookup->timer.data = lookup;
    uv_update_time(&loop->uv);
    (void)uv_timer_start(&lookup->timer, answer_late, loop->lookup_wait_ms, 0);
    if (uv_poll_start(&loop->names_poll, UV_READABLE, names_readable) != 0) {
        (void)ub_cancel(loop->names, lookup->id);
        lookup_unlink(lookup);
        return SOTTO_FAIL(SYSTEM);
    }
    return SOTTO_OK;
}

void net_lookups_close(net_loop *loop) {
    while (loop->lookups) {
        (void)ub_cancel(loop->names, loop->lookups->id);
        lookup_unlink(loop->lookups);
    }
    if (!loop->names) return;
    uv_close((uv_handle_t *)&loop->names_poll, NULL); /* before its descriptor goes */
    ub_ctx_delete(loop->names);
    loop->names = NULL;
}
