/* SPDX-License-Identifier: ISC
 *
 * One engine with thousands of sessions. Those it talks to are sides (side.h) in another process, so that this one's
 * memory is the engine's alone. */
#ifndef BENCH_LIVE_MANY_H
#define BENCH_LIVE_MANY_H

#include <stddef.h>

typedef struct many {
    size_t sessions;
    double resident_before, resident; /* bytes: with everybody's presence, and with sessions that are idle */
    double open_us;                   /* CPU of this process for a session and the first stanza in it */
    double first_us, stanza_us; /* ... for a further stanza until it was acknowledged: with one session; with all */
    double find_us;             /* one among all by its number */
} many;

/* What is on the disk lies in `folder`. */
void many_measure(many *ret, size_t sessions, const char *folder);

#endif
