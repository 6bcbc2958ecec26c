/* SPDX-License-Identifier: ISC
 *
 * How far an archive was read, and what came live and waits until it is. One of these an archive: the own account's,
 * and each room's. */
#ifndef ENGINE_BACKLOG_H
#define ENGINE_BACKLOG_H

#include "engine/state.h"

typedef struct engine_backlog {
    sotto_bytes archive;  /* bare JID */
    bool known;           /* there is a cursor: `last`, or (when that is empty) the beginning of the archive */
    bool hole;            /* what is behind the cursor was not read to its end: it may not move with what comes live */
    bool ids;             /* the archive announces what makes its ids worth something (context/stanza_id.h) */
    sotto_bytes last;     /* id of the last message that was read, or came live */
    uint64_t last_ms;     /* when the archive got it */
    uint64_t first, next; /* numbers of the rows that wait */
} engine_backlog;

/* One that there is not reads as zero. Spans lie in the call's arena. */
SOTTO_MUST_CHECK sotto_status engine_backlog_get(sotto_engine *, sotto_bytes archive, engine_backlog *ret);
SOTTO_MUST_CHECK sotto_status engine_backlog_put(sotto_engine *, const engine_backlog *);

/* A message that came live joins those that wait; *ret_full: there are as many as may be, and it did not. real: who
 * wrote it in a room, as the room said when it came (T36). */
SOTTO_MUST_CHECK sotto_status engine_backlog_wait(sotto_engine *, sotto_bytes archive, sotto_bytes real,
                                                  sotto_bytes raw, bool *ret_full);
/* The first that waits, in the call's arena; removed. *ret_is: there was one. */
SOTTO_MUST_CHECK sotto_status engine_backlog_take(sotto_engine *, sotto_bytes archive, bool *ret_is,
                                                  sotto_bytes *ret_real, sotto_bytes *ret, uint64_t *ret_ms);

/* Archives for which something waits, or that have a hole. */
typedef sotto_status engine_backlog_visit(sotto_engine *, const engine_backlog *);
SOTTO_MUST_CHECK sotto_status engine_backlog_scan(sotto_engine *, engine_backlog_visit *);

#endif
