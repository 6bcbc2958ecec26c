/* SPDX-License-Identifier: ISC
 *
 * Comparing keys by eight characters, or by a word that both people know, as people meet it: in sotto verify, in a
 * conversation, and in what sotto listen prints. */
#ifndef APP_VERIFY_COMPARE_H
#define APP_VERIFY_COMPARE_H

#include <sotto/engine.h>

#include "app/json.h"
#include "app/keys.h"
#include "app/task.h"

#define APP_COMPARE_TEXT_SIZE 10u /* ABCD-EFGH */

/* Whether there is anybody of theirs whom it could be asked: a device that speaks the newer OMEMO or lives in a session
 * with us, and is not refused. */
bool app_compare_can(const app_keys *);

/* The run with jid that is not over; stage 0: there is none. Spans in *ret are empty but for what text says. */
typedef struct app_comparison {
    sotto_compare stage;
    char text[APP_COMPARE_TEXT_SIZE]; /* in two groups; empty: not known yet */
    uint32_t fruitless;
} app_comparison;
SOTTO_MUST_CHECK sotto_status app_compare_look(sotto_engine *, const char *jid, app_comparison *ret);
/* Every run that waits for this person, as app_compare_print would have told it. */
void app_compare_print_open(const app_output *, sotto_engine *, const char *jid); /* jid NULL: with anybody */

/* "ABCDEFGH" as it is shown. */
void app_compare_group(sotto_bytes text, char ret[APP_COMPARE_TEXT_SIZE]);

/* What the engine tells, on standard error; false: it is another event. */
bool app_compare_print(const app_output *, const sotto_event *);
/* "waiting", "asked", "ready", "they-agreed", "verified", "agreed", "aborted"; and the members beside it. */
void app_compare_json(app_json *, const sotto_event *);

/* ---- in a task ---- */

/* Begins with jid, or says yes to its wish; waits, and finishes the task with the characters: APP_ASK_SAME at a
 * terminal. */
void app_compare_begin(app_task *, const char *jid);
/* yes, no, or the characters that the other side reads out. */
void app_compare_answer(app_task *, const char *jid, const char *answer);
/* The word is the task's text. */
void app_compare_password(app_task *, const char *jid, bool again);

#endif
