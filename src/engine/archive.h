/* SPDX-License-Identifier: ISC
 *
 * Reading what was missed from the archives of the account and of its rooms (XEP-0313): when it is asked for, how far,
 * and in which order that and what comes live are looked at. doc/archive.md says why so. */
#ifndef ENGINE_ARCHIVE_H
#define ENGINE_ARCHIVE_H

#include "engine/backlog.h"
#include "engine/deliver.h"

/* ---- for the rest of the engine; each does nothing unless the engine was opened with catch_up ---- */

/* A stream is there. anew: nothing asked before will be answered; resumed: nothing was missed on it. */
SOTTO_MUST_CHECK sotto_status engine_archive_online(sotto_engine *, bool anew, bool resumed);
/* Reads the archive of a room (bare JID): to be called each time it was joined. */
SOTTO_MUST_CHECK sotto_status engine_archive_query(sotto_engine *, sotto_bytes room);
/* Answers and timers (engine/part.h). */
SOTTO_MUST_CHECK sotto_status engine_archive_input(sotto_engine *, const seal_input *);
/* A message came live. *ret_taken: it is a result (of whomever), or it waits until the archive was read. */
SOTTO_MUST_CHECK sotto_status engine_archive_take(sotto_engine *, const engine_arrival *, bool *ret_taken);

/* The id an archive gave to a message that came live, if one may believe it. */
SOTTO_MUST_CHECK sotto_status engine_archive_name(sotto_engine *, engine_arrival *);
/* Something that nothing but its id tells from its copies is about to be handed on: *ret_first is false when it was
 * before. */
SOTTO_MUST_CHECK sotto_status engine_archive_first(sotto_engine *, const engine_arrival *, bool *ret_first);
/* What came of an arrival is handed on in this step. */
SOTTO_MUST_CHECK sotto_status engine_archive_handed(sotto_engine *, const engine_arrival *);
/* A message of this device leaves in the clear: it is not to come back from the archive. peer: whom it is for. */
SOTTO_MUST_CHECK sotto_status engine_archive_sent(sotto_engine *, const stanza_element *, sotto_bytes peer);

/* ---- between archive.c and archive_take.c ---- */

typedef enum archive_phase { ARCHIVE_INFO, ARCHIVE_PAGE, ARCHIVE_RELEASE } archive_phase;

/* The reading of one archive; fleeting. */
typedef struct archive_run {
    sotto_bytes archive;
    archive_phase phase;
    bool newest;         /* the first time: only what is sealed counts */
    bool by_time;        /* the cursor was lost */
    bool let_go;         /* of a message that is in the archive, because too many wait */
    bool excess;         /* a page had more results than were asked for */
    sotto_bytes queryid; /* of the open question; empty: none */
    uint32_t pages;
    uint32_t results; /* of this page */
    uint32_t handed, unreadable;
    sotto_bytes last; /* id of this page's last result */
    uint64_t last_ms;
    sotto_status reason; /* RELEASE: how it ended */
} archive_run;

/* Spans live until the fleeting records change. */
bool archive_run_get(const sotto_engine *, sotto_bytes archive, archive_run *ret);
SOTTO_MUST_CHECK sotto_status archive_run_put(sotto_engine *, const archive_run *);
/* Looks at the next ones that waited. */
SOTTO_MUST_CHECK sotto_status archive_release(sotto_engine *, sotto_bytes archive);
/* Nothing waits any more. */
SOTTO_MUST_CHECK sotto_status archive_run_end(sotto_engine *, const archive_run *);
SOTTO_MUST_CHECK sotto_status archive_timer(sotto_engine *, char what, sotto_bytes archive, uint64_t at_ms);

#endif
