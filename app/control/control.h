/* SPDX-License-Identifier: ISC
 *
 * The control socket: the process that holds an account executes commands on behalf of others of the same user. Who is
 * at the other end is asked of the kernel (SO_PEERCRED), besides the socket's mode. */
#ifndef APP_CONTROL_H
#define APP_CONTROL_H

#include "app/control/frame.h"
#include "app/trouble.h"
#include "net/loop.h"

/* A holder that hangs must not make others wait for ever: every command that runs gets a sign of life from time to
 * time, and whoever asked looks for one. Counted in looks, so that time in which both slept is one. */
#define APP_CONTROL_SIGN_MS   10000u
#define APP_CONTROL_LOOK_MS   15000u
#define APP_CONTROL_LOOKS_MAX 3u

/* ---- the holder's side ---- */

typedef struct app_control app_control;
typedef struct app_call app_call; /* one command that is being executed for somebody */

/* A command came. Everything in *request lives until it is answered; output goes to app_call_output. */
typedef void app_control_run(void *arg, app_call *, const app_request *request);

/* Listens at `path`, which is removed first if it is a socket: the caller holds the account's lock, so it is a dead
 * one's. Errors: as net_listen_unix. */
SOTTO_MUST_CHECK sotto_status app_control_open(app_control **ret, net_loop *, const char *path, app_control_run *,
                                               void *arg);
/* Closes; what was printed is still written. Calls that are not answered are gone. NULL is allowed. */
void app_control_close(app_control *);

/* A sign of life for everybody who waits. False: nobody does. */
bool app_control_sign(const app_control *);

const app_output *app_call_output(const app_call *);
/* Where what whoever asked goes on typing is put; END when they leave. Lives as long as the call. */
app_inlet *app_call_inlet(app_call *);
/* The end of a command; `call` is gone after that. Whoever asked may have left before: that makes no difference. */
void app_call_answer(app_call *, int exit_status);

/* ---- the other side ---- */

typedef enum app_control_result {
    APP_CONTROL_ANSWERED, /* *ret_status is the command's */
    APP_CONTROL_NOBODY,   /* nobody listens there */
    APP_CONTROL_BROKEN    /* somebody did, and *trouble says what went wrong */
} app_control_result;

/* Has a command executed and prints what it prints. Waits as long as it takes, unless the holder gives no sign of life.
 */
app_control_result app_control_ask(const char *path, const app_request *, const app_output *, int *ret_status,
                                   app_trouble *);

/* Somebody who goes on typing while the command runs. `begin`: the request is on its way; what is put into the inlet
 * follows it. `end`: the loop is about to go. */
typedef struct app_talk {
    void *arg;
    void (*begin)(void *arg, net_loop *, const app_inlet *);
    void (*end)(void *arg);
} app_talk;
app_control_result app_control_talk(const char *path, const app_request *, const app_output *, const app_talk *,
                                    int *ret_status, app_trouble *);
/* The same with another time between looks. */
app_control_result app_control_talk_looking(const char *path, const app_request *, const app_output *, const app_talk *,
                                            uint64_t look_ms, int *ret_status, app_trouble *);

#endif
