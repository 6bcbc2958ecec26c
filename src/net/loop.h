/* SPDX-License-Identifier: ISC
 *
 * Sockets, timers, names and signals over libuv and libunbound. No XML, no keys, no policy. One thread.
 *
 * No callback is ever made from inside the call that started it; all of them come from net_loop_run (but for the end of
 * work, see below). Inside a callback
 * every function here may be called, closing what called included, except net_loop_run and net_loop_free.
 *
 * A process that makes a loop ignores SIGPIPE from then on (a write to a connection that is gone is told by `lost`). */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <sotto/types.h>

typedef struct net_loop net_loop;
typedef struct net_connection net_connection;
typedef struct net_listener net_listener;

/* Bounds. Waiting is in milliseconds. */
#define NET_CONNECT_WAIT_MS 10000u                /* for the look-up of a name, and again for each of its addresses */
#define NET_FLUSH_WAIT_MS   2000u                 /* for what is queued when a connection closes */
#define NET_LOOKUP_WAIT_MS  10000u                /* for one SRV answer */
#define NET_UNWRITTEN_MAX   (16u * 1024u * 1024u) /* bytes that wait in one connection */
#define NET_ACCEPTED_MAX    64u                   /* connections of one listener at once; more are closed at once */
#define NET_SRV_MAX         64u                   /* records of one answer that are looked at */

/* Unix time in milliseconds. It may jump when somebody sets the clock. */
uint64_t net_now_ms(void);

/* NO_MEMORY, SYSTEM. The host outlives the loop. */
SOTTO_MUST_CHECK sotto_status net_loop_new(net_loop **ret, const sotto_host *);
/* Runs callbacks until net_loop_stop, or until nothing is left to wait for. SYSTEM. */
SOTTO_MUST_CHECK sotto_status net_loop_run(net_loop *);
/* The loop returns after the events at hand (and their idle callback); a stop outside net_loop_run stops the next run.
 */
void net_loop_stop(net_loop *);
void net_loop_free(net_loop *); /* closes everything that is left; NULL is allowed */

/* One timer of the loop's owner: calls back at Unix time at_ms or soon after; UINT64_MAX: never. Replaces the last. */
typedef void net_timer_done(void *arg);
void net_loop_timer(net_loop *, uint64_t at_ms, net_timer_done *, void *arg);
/* SIGINT and SIGTERM, each time. Does not keep the loop running. A NULL callback: signals kill again, as they do when
 * the system does not let them be caught. */
void net_loop_on_interrupt(net_loop *, net_timer_done *, void *arg);
/* Calls back whenever the loop has dealt with the events at hand, before it waits again or returns: the moment to
 * commit. Does not keep the loop running. */
void net_loop_on_idle(net_loop *, net_timer_done *, void *arg);

typedef struct net_callbacks {
    void (*connected)(void *arg, bool ok, const char *why_not); /* outgoing only */
    void (*received)(void *arg, sotto_bytes);
    void (*lost)(void *arg); /* the other side is gone; once; close is still to be called */
} net_callbacks;

/* TCP to a name or address (both families, one after the other), or a unix socket. The connection exists at once; the
 * outcome comes by callback, never from inside this call. why_not is a sentence for people that lives for the call.
 * USAGE (a host or path that is empty or too long), NO_MEMORY, SYSTEM. */
SOTTO_MUST_CHECK sotto_status net_connect(net_connection **ret, net_loop *, const char *host, uint16_t port,
                                          const net_callbacks *, void *arg);
SOTTO_MUST_CHECK sotto_status net_connect_unix(net_connection **ret, net_loop *, const char *path,
                                               const net_callbacks *, void *arg);
/* Queues bytes (copied). TOO_LARGE when more than NET_UNWRITTEN_MAX would wait (nothing is queued then); STATE before
 * connected; CLOSED after lost; NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status net_write(net_connection *, sotto_bytes);
size_t net_unwritten(const net_connection *);
/* Stops and starts reading, for an owner that cannot take more now. A paused connection does not notice a loss. */
void net_pause(net_connection *, bool paused);
/* The user at the other end of a unix socket. False: not a unix socket, or not known. */
bool net_peer_user(const net_connection *, uint32_t *ret_uid);
/* Gives up on a connection that takes nothing more: nothing is read any more, and `lost` comes soon, never from in
 * here.
 */
void net_drop(net_connection *);
/* Closes; with `flush`, after what is queued has been written (at most NET_FLUSH_WAIT_MS). No callback comes
 * afterwards, and the pointer is not valid any more. NULL is allowed. */
void net_close(net_connection *, bool flush);

/* Accepts connections: TCP at a numeric address (port 0: any; *ret_port tells) or a unix socket of mode 0600, which is
 * removed again by net_unlisten. The callback fills in what it wants of the connection; without a `received` the
 * connection is closed. SYSTEM: the address or path is in use, or may not be used. USAGE, NO_MEMORY. */
typedef void net_accepted(void *arg, net_connection *, net_callbacks *ret_callbacks, void **ret_arg);
SOTTO_MUST_CHECK sotto_status net_listen(net_listener **ret, net_loop *, const char *address, uint16_t port,
                                         net_accepted *, void *arg, uint16_t *ret_port);
SOTTO_MUST_CHECK sotto_status net_listen_unix(net_listener **ret, net_loop *, const char *path, net_accepted *,
                                              void *arg);
void net_unlisten(net_listener *); /* its connections stay; NULL is allowed */

/* Work that blocks, on another thread. `does` runs there and touches nothing that the loop's thread touches meanwhile;
 * `stop`, called on the loop's thread, asks it to end soon (the loop is being freed, which waits for it); `done` is
 * called on the loop's thread, once, always, in the end also while the loop is being freed. begun: false: `does` never
 * ran. Keeps the loop running. NO_MEMORY, SYSTEM: nothing is called. */
typedef void net_work_do(void *arg);
typedef void net_work_stop(void *arg);
typedef void net_work_done(void *arg, bool begun);
SOTTO_MUST_CHECK sotto_status net_work_begin(net_loop *, net_work_do *does, net_work_stop *, net_work_done *done,
                                             void *arg);

/* SRV lookup (libunbound, resolv.conf and hosts of the system; validating with the root anchor where there is one). */
typedef struct net_srv {
    uint16_t priority, weight, port;
    char target[256]; /* without the last dot; "." where the name is the root: the service is not offered */
} net_srv;
/* failed: no answer (a name that does not exist, or without SRV, is an answer with count 0). secure: DNSSEC. bogus:
 * DNSSEC says that the answer was tampered with, or the resolver in between cannot do DNSSEC; what it said is there all
 * the same, for the caller to judge. */
typedef void net_srv_found(void *arg, const net_srv *, size_t count, bool failed, bool secure, bool bogus);
/* USAGE (a name that is empty or too long), NO_MEMORY, SYSTEM. */
SOTTO_MUST_CHECK sotto_status net_lookup_srv(net_loop *, const char *name, net_srv_found *, void *arg);

#endif
