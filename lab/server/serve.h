/* SPDX-License-Identifier: ISC
 *
 * The lab's server on TCP: a listener's connections over sockets of loopback. */
#ifndef LAB_SERVE_H
#define LAB_SERVE_H

#include "lab/server/listener.h"
#include "net/loop.h"

typedef struct lab_serve lab_serve;

/* Accepts at a numeric address, port 0: any; *ret_port tells. Loop and listener outlive it. SYSTEM, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status lab_serve_new(lab_serve **ret, net_loop *, lab_listener *, const char *address,
                                            uint16_t port, bool direct_tls, uint16_t *ret_port);
/* For a loop with other users: the owner calls lab_serve_time by lab_listener_deadline, and lab_serve_flush after it
 * did something to the server itself (inject, plant, another session). */
void lab_serve_time(lab_serve *, uint64_t now_ms);
void lab_serve_flush(lab_serve *);
/* For a loop that is the server's alone: takes the loop's timer and idle callback, and the system's clock. */
void lab_serve_alone(lab_serve *);
/* Stops accepting and closes the connections. NULL is allowed. */
void lab_serve_free(lab_serve *);

#endif
