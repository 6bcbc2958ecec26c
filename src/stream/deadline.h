/* SPDX-License-Identifier: ISC
 *
 * One deadline where time is an argument of the timer alone. What starts between two timers starts at a time that is
 * not known exactly: the first timer that comes too late for it only tells the time, and the wait begins then. */
#ifndef STREAM_DEADLINE_H
#define STREAM_DEADLINE_H

#include <sotto/types.h>

typedef struct stream_deadline {
    uint64_t now_ms;
    uint64_t wait_ms; /* 0: none */
    uint64_t at_ms;
    bool fresh; /* set since the time was last told */
} stream_deadline;

static inline void stream_deadline_set(stream_deadline *deadline, uint64_t wait_ms) {
    deadline->wait_ms = wait_ms;
    deadline->at_ms = wait_ms > 0 ? deadline->now_ms + wait_ms : UINT64_MAX;
    deadline->fresh = true;
}

/* Time goes on; true when the deadline has passed. */
static inline bool stream_deadline_passed(stream_deadline *deadline, uint64_t now_ms) {
    deadline->now_ms = now_ms;
    if (deadline->wait_ms == 0 || now_ms < deadline->at_ms) return false;
    if (!deadline->fresh) return true;
    deadline->at_ms = now_ms + deadline->wait_ms;
    deadline->fresh = false;
    return false;
}

#endif
