/* SPDX-License-Identifier: ISC
 *
 * Who holds an account. A command asks the process that does; if nobody does, this process takes the lock and does it
 * itself. */
#ifndef APP_HOLDER_H
#define APP_HOLDER_H

#include "app/control/control.h"
#include "app/dispatch.h"
#include "app/session.h"
#include "app/terminal.h"

#define APP_HOLDER_WAIT_MS 60000u /* for another short-lived holder (a second `sotto send`) to end */

/* An account, its settings and its lock. */
typedef struct app_holding {
    app_account account;
    app_config config;
    int lock; /* -1: not held */
} app_holding;

/* Finds the account that the arguments mean. Takes no lock. */
bool app_holding_find(app_holding *ret, const app_context *, const app_arguments *, app_trouble *);
void app_holding_release(app_holding *);

/* Runs a command that is a task, wherever that has to happen, and returns its exit status. */
int app_holder_run(const app_context *, const app_arguments *);
/* The same; what the task gets as its text is `text` and not standard input (a secret that was asked for, say). */
int app_holder_run_with(const app_context *, const app_arguments *, sotto_bytes text);

/* For a command that goes on taking lines: has it executed by whoever holds the account (ANSWERED), or else takes the
 * lock, and it is to be executed here (NOBODY). */
app_control_result app_holder_reach(const app_context *, app_holding *, const app_arguments *, const app_talk *,
                                    int *ret_status, app_trouble *);

/* The passphrase of the store, from --passphrase-file or the terminal; empty where the store has a key file. */
bool app_holder_passphrase(app_secret *ret, const app_holding *, const app_arguments *, const app_output *,
                           app_trouble *);
/* A secret from a file that an option names, with a warning when others may read it. */
bool app_holder_secret_file(app_secret *ret, const char *path, const app_output *, app_trouble *);

/* Takes back what earlier commands left waiting: whoever gave them was never told that it was sent. Says so. */
void app_holder_drop_held(app_session *, const app_output *);

#endif
