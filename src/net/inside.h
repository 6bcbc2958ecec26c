/* SPDX-License-Identifier: ISC
 *
 * What the files of this folder share, and the door by which tests put a resolver of their own in place. Nothing
 * outside src/net and its tests includes this. */
#ifndef NET_INSIDE_H
#define NET_INSIDE_H

#include <uv.h>

#include "net/loop.h"

struct ub_ctx;

typedef struct net_lookup net_lookup;
typedef struct net_work net_work;

struct net_loop {
    const sotto_host *host;
    uv_loop_t uv;
    bool stopped;
    uv_prepare_t before_wait;
    uv_timer_t timer;
    uint64_t timer_at;
    net_timer_done *timer_done;
    void *timer_arg;
    uv_signal_t interrupts[2];
    net_timer_done *interrupted;
    void *interrupted_arg;
    net_timer_done *idle;
    void *idle_arg;
    net_connection *connections;
    net_listener *listeners;
    net_work *works;
    /* names */
    struct ub_ctx *names;
    uv_poll_t names_poll;
    net_lookup *lookups;
    uint64_t lookup_wait_ms;
};

/* Takes an accepted socket, without callbacks yet. NULL: it could not be taken. */
net_connection *net_connection_accept(net_listener *, uv_stream_t *server, bool is_unix);
void net_connection_owner(net_connection *, const net_callbacks *, void *arg);
void net_connections_orphan(net_loop *, const net_listener *); /* the listener goes; its connections stay */
void net_listener_freed(net_listener *);                       /* a connection of it closed */
/* Ends what the loop still has; the loop is then run until everything is closed. */
void net_connections_close(net_loop *);
void net_listeners_close(net_loop *);
void net_lookups_close(net_loop *);
void net_works_close(net_loop *); /* asks all of them to stop */

/* Instead of the system's resolver, one at "address@port", with a trust anchor (a DS or DNSKEY record as text) or NULL,
 * and another time to wait. Before the first look-up only: STATE. */
SOTTO_MUST_CHECK sotto_status net_loop_resolver(net_loop *, const char *forward, const char *anchor, uint64_t wait_ms);

#endif
