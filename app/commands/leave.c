/* SPDX-License-Identifier: ISC
 *
 * sotto leave: first the server, then this machine. When the server cannot be told, nothing is removed here either: the
 * keys would stay on its list with nobody left to take them off. */
#include <unistd.h>

#include "app/commands/commands.h"
#include "app/holder.h"
#include "app/terminal.h"
#include "bytes/span.h"

typedef struct leave_task {
    app_task task;
} leave_task;

static bool leave_event(app_task *task, const sotto_event *event) {
    if (event->kind != SOTTO_EVENT_LEFT) return false;
    const char *jid = app_session_jid(task->session);
    if (!sotto_ok(event->reason)) {
        app_task_refuse(
            task,
            "The server did not take this device of %s off its list (%s%s%.*s). Nothing was removed here; try "
            "again later.",
            jid, sotto_status_text(event->reason), event->text.len > 0 ? ": " : "", (int)event->text.len,
            event->text.len > 0 ? (const char *)event->text.at : "");
        return true;
    }
    app_print(task->output, APP_OUT,
              "This device and its keys are off the server: nobody encrypts to it any more.\n"
              "The settings and the store of %s are removed from this machine.\n",
              jid);
    app_session_leave(task->session);
    app_task_finish(task, APP_DONE);
    return true;
}

static void leave_failed(app_task *task, sotto_status status) {
    app_task_fail(task, status, app_session_jid(task->session));
}

static void leave_online(app_task *task, sotto_status status) {
    if (!sotto_ok(status)) {
        leave_failed(task, status);
        return;
    }
    task->event = leave_event;
    app_task_wait(task, leave_failed);
    status = app_session_step(task->session, &(sotto_input){.kind = SOTTO_INPUT_LEAVE});
    if (!sotto_ok(status)) leave_failed(task, status);
}

static void leave_begin(app_task *task) {
    app_task_when_online(task, leave_online);
}

const app_task_class app_leave_task = {"leave", sizeof(leave_task), NULL, leave_begin, NULL};

/* ---- asking first ---- */

int app_leave_run(const app_context *context, const app_arguments *arguments) {
    int terminal = app_argument(arguments, "yes") ? -1 : app_terminal_open();
    if (terminal >= 0 && isatty(STDIN_FILENO) == 1) {
        bool yes =
            app_terminal_confirm(terminal, "Take this device off the server, and remove its keys here? Messages on "
                                           "their way to it are lost. [y/N] ");
        (void)close(terminal);
        if (!yes) {
            app_print(&context->output, APP_ERR, "sotto leave: Cancelled; nothing was changed.\n");
            return APP_REFUSED;
        }
    } else if (terminal >= 0) {
        (void)close(terminal);
    }
    return app_holder_run(context, arguments);
}
