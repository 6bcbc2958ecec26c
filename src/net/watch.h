/* SPDX-License-Identifier: ISC
 *
 * What a loop can wait for besides sockets of its own: a descriptor that somebody else reads, and signals. */
#ifndef NET_WATCH_H
#define NET_WATCH_H

#include "net/loop.h"

typedef struct net_watch net_watch;

/* Calls back as long as there is something to read, or the end. The descriptor becomes non-blocking: give one that is
 * open for this alone (the terminal of a shell is shared with it). Files, which a system cannot wait for, are always
 * ready. Keeps the loop running. SYSTEM, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status net_watch_readable(net_watch **ret, net_loop *, int fd, net_timer_done *, void *arg);
/* Calls back for each signal of this number. Does not keep the loop running. SYSTEM, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status net_watch_signal(net_watch **ret, net_loop *, int number, net_timer_done *, void *arg);
/* No callback comes afterwards. Before the loop is freed; NULL is allowed. */
void net_unwatch(net_watch *);

#endif
