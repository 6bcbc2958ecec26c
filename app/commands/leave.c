/* SPDX-License-Identifier: ISC
 *
 * sotto leave: first the server, then this machine. When the server cannot be told, nothing is removed here either: the
 * keys would stay on its list with nobody left to take them off. Unless somebody says that it shall be so: --local. */
#include <stdio.h>
#include <unistd.h>

#include "app/commands/commands.h"
#include "app/holder.h"
#include "app/home/lock.h"
#include "app/terminal.h"
#include "bytes/span.h"

#define NOTHING_REMOVED                                                                                                \
    "Nothing was removed here; try again later, or remove it here without the server: sotto leave --local."

typedef struct leave_task {
    app_task task;
} leave_task;

static bool leave_event(app_task *task, const sotto_event *event) {
    if (event->kind != SOTTO_EVENT_LEFT) return false;
    const char *jid = app_session_jid(task->session);
    if (!sotto_ok(event->reason)) {
        app_task_refuse(task, "The server did not take this device of %s off its list (%s%s%.*s). " NOTHING_REMOVED,
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
    app_trouble why;
    const char *jid = app_session_jid(task->session);
    app_trouble_lost(&why, status, status.code == task->lost.code ? bytes_text(task->lost_text) : BYTES_NONE, jid, jid);
    app_task_refuse(task, "%s " NOTHING_REMOVED, why.text);
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

/* Where nobody can be asked it has to be said: a script that runs it by mistake loses keys that nobody has again. */
static bool confirmed(const app_context *context, const app_arguments *arguments, const char *question) {
    if (app_argument(arguments, "yes")) return true;
    int terminal = isatty(STDIN_FILENO) == 1 ? app_terminal_open() : -1;
    bool yes = terminal >= 0 && app_terminal_confirm(terminal, question);
    if (terminal >= 0) (void)close(terminal);
    if (!yes)
        app_print(&context->output, APP_ERR, "sotto leave: %s\n",
                  terminal >= 0 ? "Cancelled; nothing was changed."
                                : "Nothing was changed. Without a terminal, --yes says that you mean it.");
    return yes;
}

/* ---- here only ---- */

/* The settings need not be readable, nor the store: this is also how one gets rid of what is damaged. */
static bool local_find(app_account *ret, int *ret_lock, const app_context *context, const app_arguments *arguments,
                       app_trouble *trouble) {
    app_home home;
    unsigned pid = 0;
    if (!app_home_find(&home, &context->environment, app_argument(arguments, "home"), trouble) ||
        !app_account_choose(ret, &home, app_argument(arguments, "account"), trouble))
        return false;
    app_lock_result lock = app_lock_take(ret, ret_lock, &pid, trouble);
    if (lock == APP_LOCK_BUSY)
        return app_trouble_set(trouble, "%s is held by another sotto (process %u): end it first. Nothing was removed.",
                               ret->jid, pid);
    return lock == APP_LOCK_TAKEN;
}

static int remove_here(const app_context *context, const app_arguments *arguments, const app_account *at) {
    app_trouble trouble;
    app_print(&context->output, APP_ERR,
              "Warning: the server is not told: others go on encrypting to this device of %s, and nobody can read "
              "that, until another of your clients takes it off the list.\n",
              at->jid);
    if (!confirmed(context, arguments, "Remove the keys and settings here only? [y/N] ")) return APP_REFUSED;
    if (!app_account_remove(at, &trouble)) {
        app_trouble_print(&context->output, "leave", &trouble);
        return APP_REFUSED;
    }
    app_print(&context->output, APP_OUT, "The settings and the store of %s are removed from this machine.\n", at->jid);
    return APP_DONE;
}

static int leave_here(const app_context *context, const app_arguments *arguments) {
    app_account at;
    app_trouble trouble;
    int lock = -1, exit_status = APP_REFUSED;
    if (local_find(&at, &lock, context, arguments, &trouble))
        exit_status = remove_here(context, arguments, &at);
    else
        app_trouble_print(&context->output, "leave", &trouble);
    if (lock >= 0) (void)close(lock);
    return exit_status;
}

int app_leave_run(const app_context *context, const app_arguments *arguments) {
    app_home home;
    app_account at;
    app_trouble trouble;
    char question[SOTTO_JID_BYTES_MAX + 160];
    if (app_argument(arguments, "local")) return leave_here(context, arguments);
    /* Nobody is asked about an account that is not there, or not told which one it is about. */
    if (!app_home_find(&home, &context->environment, app_argument(arguments, "home"), &trouble) ||
        !app_account_choose(&at, &home, app_argument(arguments, "account"), &trouble)) {
        app_trouble_print(&context->output, "leave", &trouble);
        return APP_REFUSED;
    }
    (void)snprintf(question, sizeof question,
                   "Take this device of %s off the server, and remove its keys here? Messages on their way to it are "
                   "lost. [y/N] ",
                   at.jid);
    if (!confirmed(context, arguments, question)) return APP_REFUSED;
    return app_holder_run(context, arguments);
}
