/* SPDX-License-Identifier: ISC
 *
 * A run of comparing keys by eight characters (doc/live.md, "Verification string"): what becomes of it, by where it
 * stands and what happens. State and event in, next state and what is to be done out; the whole table is
 * test/policy/compare.txt. */
#ifndef TRUST_COMPARE_H
#define TRUST_COMPARE_H

#include <stdbool.h>

typedef enum trust_compare_state {
    TRUST_COMPARE_STAY, /* none: where it was */
    TRUST_COMPARE_IDLE,
    TRUST_COMPARE_ASKED,      /* our person began; nobody has answered */
    TRUST_COMPARE_THEY_ASKED, /* theirs did; ours has not said yes */
    TRUST_COMPARE_ANSWERED,   /* both began; their nonce is not here yet */
    TRUST_COMPARE_READY,      /* the characters are known here; our person compares */
    TRUST_COMPARE_THEY_DID,   /* ... and theirs has said that they are the same */
    TRUST_COMPARE_COMPARED,   /* our person said that they are the same; theirs has not yet */
    TRUST_COMPARE_STATES
} trust_compare_state;

/* What happens. Messages of the run itself, from its key; what belongs to another run is a STRAY. */
typedef enum trust_compare_event {
    TRUST_COMPARE_BEGIN,       /* our person: verify */
    TRUST_COMPARE_YES,         /* our person: the same */
    TRUST_COMPARE_NO,          /* our person: not the same, or not now */
    TRUST_COMPARE_ASK,         /* a new one, from the key of the run or while there is no key yet */
    TRUST_COMPARE_ASK_WE_STAY, /* ... while ours is on its way: we are lower and stay who asked */
    TRUST_COMPARE_ASK_AGAIN,   /* the ask of this very run, once more */
    TRUST_COMPARE_ASK_OTHER,   /* from another key than that of the run */
    TRUST_COMPARE_ANSWER,
    TRUST_COMPARE_ANSWER_ELSEWHERE, /* with another context than ours */
    TRUST_COMPARE_REVEAL,
    TRUST_COMPARE_REVEAL_WRONG, /* not what was promised */
    TRUST_COMPARE_DONE_YES,
    TRUST_COMPARE_DONE_NO,
    TRUST_COMPARE_ABORTED,
    TRUST_COMPARE_STRAY, /* an answer or a reveal of a run that is not there */
    TRUST_COMPARE_LATE,  /* its time is over */
    TRUST_COMPARE_EVENTS
} trust_compare_event;

/* What is done, in this order. */
typedef enum trust_compare_action {
    TRUST_COMPARE_REFUSE = 1,       /* STATE: there is nothing to say yes or no to */
    TRUST_COMPARE_COUNT = 2,        /* one more run that came to nothing after it was answered */
    TRUST_COMPARE_NEW = 4,          /* a thread and a nonce of our own */
    TRUST_COMPARE_TAKE_ASK = 8,     /* what their ask holds is the run now */
    TRUST_COMPARE_TAKE_ANSWER = 16, /* what their answer holds joins it */
    TRUST_COMPARE_TAKE_REVEAL = 32, /* their nonce joins it */
    TRUST_COMPARE_VERIFY = 64,      /* every key of their list */
    TRUST_COMPARE_SEND_ASK = 128,   /* to all their devices; the first time or again */
    TRUST_COMPARE_SEND_ANSWER = 256,
    TRUST_COMPARE_SEND_REVEAL = 512,
    TRUST_COMPARE_SEND_DONE = 1024,
    TRUST_COMPARE_SEND_ABORT = 2048,
    TRUST_COMPARE_SEND_STRAY_ABORT = 4096, /* to whoever sent that, and nothing else changes */
    TRUST_COMPARE_TELL = 8192              /* the person, where it stands now */
} trust_compare_action;

typedef struct trust_compare_step {
    trust_compare_state next;
    unsigned actions;
} trust_compare_step;

trust_compare_step trust_compare_next(trust_compare_state, trust_compare_event);

const char *trust_compare_state_name(trust_compare_state);
const char *trust_compare_event_name(trust_compare_event);
const char *trust_compare_action_name(trust_compare_action); /* of a single one */

#endif
