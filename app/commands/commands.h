/* SPDX-License-Identifier: ISC
 *
 * The commands; app/text/topics.c says what each does. */
#ifndef APP_COMMANDS_H
#define APP_COMMANDS_H

#include "app/dispatch.h"
#include "app/task.h"

int app_help_run(const app_context *, const app_arguments *);
int app_listen_run(const app_context *, const app_arguments *);
int app_setup_run(const app_context *, const app_arguments *);
/* Asks, on a terminal, and then as app_holder_run. */
int app_leave_run(const app_context *, const app_arguments *);

/* A command that is a task: by whoever holds the account, or else here (app/holder.h). */
extern const app_task_class app_devices_task, app_distrust_task, app_leave_task, app_repair_task, app_send_task,
    app_trust_task;

#endif
