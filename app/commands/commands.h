/* SPDX-License-Identifier: ISC
 *
 * The commands; app/text/topics.c says what each does. */
#ifndef APP_COMMANDS_H
#define APP_COMMANDS_H

#include "app/dispatch.h"
#include "app/task.h"

int app_chat_run(const app_context *, const app_arguments *);
int app_help_run(const app_context *, const app_arguments *);
int app_listen_run(const app_context *, const app_arguments *);
int app_setup_run(const app_context *, const app_arguments *);
/* Asks, on a terminal, and then as app_holder_run. */
int app_leave_run(const app_context *, const app_arguments *);
int app_send_run(const app_context *, const app_arguments *);
int app_devices_run(const app_context *, const app_arguments *);
/* Makes a statement at the terminal, and then as app_holder_run. */
int app_identity_run(const app_context *, const app_arguments *);
/* Asks for a passphrase, and then as app_holder_run. */
int app_backup_run(const app_context *, const app_arguments *);
int app_restore_run(const app_context *, const app_arguments *);
int app_import_run(const app_context *, const app_arguments *);

/* Ask for words, or for what was compared, where that is needed, and do it again (APP_ASK). */
int app_encrypt_run(const app_context *, const app_arguments *);
int app_verify_run(const app_context *, const app_arguments *);

/* A command that is a task: by whoever holds the account, or else here (app/holder.h). */
extern const app_task_class app_chat_task, app_history_task, app_backup_task, app_devices_task, app_distrust_task,
    app_files_task, app_join_task, app_leave_task, app_part_task, app_rooms_task, app_repair_task, app_send_task,
    app_trust_task;

extern const app_task_class app_encrypt_task, app_via_task, app_verify_task, app_resend_task, app_identity_task,
    app_sessions_task;

#endif
