/* SPDX-License-Identifier: ISC
 *
 * A command that is being executed in a session: for the person at this terminal, or for somebody at the control
 * socket. It begins, waits for what it needs, prints to its output, and finishes with an exit status, once. */
#ifndef APP_TASK_H
#define APP_TASK_H

#include "app/command.h"
#include "app/inlet.h"
#include "app/session.h"

typedef struct app_task app_task;

#define APP_TASK_WAIT_MS                                                                                               \
    45000u /* for each thing that a command waits for: to be online, an answer, an acknowledgement */

#define APP_TEXT_BYTES_MAX                                                                                             \
    (128u * 1024u) /* of a message; encrypted it must fit into what servers take, often 256 KiB */

typedef struct app_task_class {
    const char *name;                          /* of the command */
    size_t size;                               /* of the struct that begins with app_task */
    bool (*takes_text)(const app_arguments *); /* standard input belongs to it; NULL: never */
    void (*begin)(app_task *);
    void (*end)(app_task *); /* frees what the struct holds; NULL: nothing */
} app_task_class;

/* The commands that are tasks, ended by NULL. */
extern const app_task_class *const app_task_classes[];
const app_task_class *app_task_find(const char *name); /* NULL: none */

/* What a task is begun with. All of it outlives the task. */
typedef struct app_task_order {
    const app_task_class *class;
    const app_arguments *arguments; /* copied */
    sotto_bytes text;               /* standard input */
    const app_output *output;
    void (*done)(void *arg, int exit_status); /* when it has finished; the task is gone then */
    void *arg;
    app_inlet *inlet; /* for a command that goes on taking lines; NULL: none come */
} app_task_order;

/* May finish before it returns. */
void app_task_begin(app_session *, const app_task_order *);

/* ---- for the commands ---- */

typedef void app_task_step(app_task *, sotto_status);

struct app_task {
    app_task_order order;
    app_arguments arguments;
    app_session *session;
    app_watch watch; /* the task's own functions in it come through those below */
    const app_output *output;
    /* What the task waits for now, and what comes then: OK, or why not (TIMEOUT, what ended the connection). */
    app_task_step *then;
    unsigned answers; /* REFRESHED events that are due */
    char asked[2][SOTTO_JID_BYTES_MAX + 1];
    size_t asked_count;
    sotto_status answer;   /* of a refresh: OK, or why the devices of one of those asked about could not be read */
    char answer_text[128]; /* what the server said about it */
    bool stepped;          /* a message was stepped: when that is committed, */
    bool perhaps;          /* it may be on its way */
    bool for_answers, for_online, for_rest;
    sotto_status lost; /* why the connection was lost last, and what was said about it */
    char lost_text[256];
    /* Events and acknowledgements for commands that look at them. */
    bool (*event)(app_task *, const sotto_event *);              /* true: dealt with */
    void (*sent)(app_task *, uint64_t ticket, sotto_bytes seal); /* seal empty: in the clear */
};

void app_task_finish(app_task *, int exit_status);
/* Prints "sotto COMMAND: ..." for a status and finishes with APP_REFUSED. */
void app_task_fail(app_task *, sotto_status, const char *whom);
/* The bare address of an account out of what was typed. False: it is none, which was said, and the task has finished
 * with APP_USAGE. */
bool app_task_address(app_task *, const char *typed, char ret[SOTTO_JID_BYTES_MAX + 1]);
/* The same with a sentence of the command's own. */
void app_task_refuse(app_task *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Connects if need be, and goes on when the account is online. */
void app_task_when_online(app_task *, app_task_step *then);
/* Asks for the devices of up to two bare JIDs, connecting if need be, and goes on when all the answers are here. What
 * they were shows in the keys, and in task->answer. */
void app_task_refresh(app_task *, const char *one, const char *other, app_task_step *then);
/* Why a refresh found nothing: what the server said, if it did. */
void app_task_answer_text(const app_task *, sotto_status, app_trouble *ret);
/* Goes on when everything that was stepped is committed; not OK when that failed. */
void app_task_when_committed(app_task *, app_task_step *then);
/* Waits for whatever `event` and `sent` see; `then` comes with a failure only. */
void app_task_wait(app_task *, app_task_step *then);
void app_task_wait_for(app_task *, uint64_t wait_ms, app_task_step *then);
/* Waits for nothing any more: something else (a transfer, say) will call. */
void app_task_rest(app_task *);

#endif
