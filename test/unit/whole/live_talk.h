/* SPDX-License-Identifier: ISC
 *
 * A conversation in live sessions, the same every time, that can be disturbed from inside (what is volatile is
 * forgotten, a process ends) and by the server; and what must be true of it afterwards. */
#ifndef TEST_WHOLE_LIVE_TALK_H
#define TEST_WHOLE_LIVE_TALK_H

#include "world.h"

#define NS_LIVE "urn:sotto:live:0"

typedef enum disturbance { UNDISTURBED, FORGET, FORGET_BOTH, CRASH_RESUMED, CRASH_ANEW } disturbance;

typedef struct plan {
    disturbance what;
    bool romeo;     /* to whom */
    bool grouped;   /* how they commit */
    unsigned after; /* the operation of that side; 0: never */
    unsigned every; /* ... and again after so many more, 40 times; 0: once */
} plan;

/* What the server does to the n-th stanza that carries something of a live session, on its way out. */
typedef enum malice {
    HONEST,
    DROPS,
    REPEATS,
    REORDERS,
    DELAYS,         /* by 40 seconds: later than anybody waits */
    ALTERS_RECORDS, /* one bit in the middle */
    CUTS_RECORDS,
    ALTERS_SESSION,
    ALTERS_NUMBER,
    REFLECTS, /* it comes back to who sent it, in the other's name; and arrives as well */
    REFLECTS_ALONE,
    REFUSES,       /* an error in the other's name */
    FORGETS_FOR_IT /* item-not-found in the other's name */
} malice;

typedef struct hostile {
    malice what;
    unsigned at;    /* which one */
    unsigned until; /* ... up to this one; 0: that one alone */
    unsigned seen;
    char *mirrored; /* to be put before `to` */
    device *to;
    char text[32768];
} hostile;

typedef struct talk {
    two t;
    plan p;
    hostile h;
    device *victim;
    unsigned done; /* disturbances */
} talk;

typedef struct tickets {
    uint64_t juliet[8], romeo[8];
} tickets;

/* Begins, talks, and lets time pass until everything under way has come to an end. */
void live_converse(talk *, const made *, plan, hostile, tickets *said);
/* Each stanza was read exactly once and acknowledged; or it came back, and was read at most once. All in order. Returns
 * how many came back. */
size_t live_check(talk *, const tickets *said);
/* As the engine does after a step that failed. */
void live_forget(device *);
void live_run(talk *);
void live_pass(talk *, uint64_t ms);
/* A world with the server's part of a talk in place, for tests that say something else. */
void live_begin(talk *, hostile);

#endif
