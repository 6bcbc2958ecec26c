/* SPDX-License-Identifier: ISC
 *
 * sotto resend: what a contact's lost device took with it is sent to a new one that was accepted. Not to one that turns
 * up while it asks for the devices: what whoever typed it knew of is what he meant. */
#include "app/commands/commands.h"
#include "app/task.h"
#include "bytes/span.h"

typedef struct resend_task {
    app_task task;
    char jid[SOTTO_JID_BYTES_MAX + 1];
    uint64_t ticket, begun_ms;
    uint32_t number;
    sotto_status reason;
} resend_task;

static void resend_done(app_task *task, sotto_status status) {
    const resend_task *resend = (const resend_task *)task;
    if (!sotto_ok(status)) {
        app_task_fail(task, status, resend->jid);
    } else if (resend->number > 0) {
        app_print(task->output, APP_OUT, "Sent again to %s, encrypted: %u %s.\n", resend->jid, (unsigned)resend->number,
                  resend->number == 1 ? "message" : "messages");
        app_task_finish(task, APP_DONE);
    } else if (sotto_is(resend->reason, SOTTO_E_NO_TRUSTED_DEVICE)) {
        app_task_refuse(
            task,
            "Not sent: %s has no accepted device that does not have it already, and was known before. sotto "
            "devices %s shows the new ones; compare, then sotto trust %s NUMBER, then sotto resend %s.",
            resend->jid, resend->jid, resend->jid, resend->jid);
    } else if (sotto_ok(resend->reason)) {
        app_print(task->output, APP_OUT, "%s has missed nothing that is kept here.\n", resend->jid);
        app_task_finish(task, APP_DONE);
    } else {
        app_task_fail(task, resend->reason, resend->jid);
    }
}

static bool resend_event(app_task *task, const sotto_event *event) {
    resend_task *resend = (resend_task *)task;
    if (event->kind != SOTTO_EVENT_RESENT || event->ticket != resend->ticket || resend->ticket == 0) return false;
    resend->number = event->number;
    resend->reason = event->reason;
    app_task_when_committed(task, resend_done);
    return true;
}

static void resend_failed(app_task *task, sotto_status status) {
    app_task_fail(task, status, ((const resend_task *)task)->jid);
}

static void resend_refreshed(app_task *task, sotto_status status) {
    resend_task *resend = (resend_task *)task;
    if (sotto_ok(status)) status = app_session_ticket(&resend->ticket);
    if (sotto_ok(status)) {
        sotto_input input = {.kind = SOTTO_INPUT_RESEND,
                             .jid = bytes_text(resend->jid),
                             .ticket = resend->ticket,
                             .seen_before_ms = resend->begun_ms};
        app_task_wait(task, resend_failed);
        status = app_session_step(task->session, &input);
    }
    if (!sotto_ok(status)) app_task_fail(task, status, resend->jid);
}

static void resend_begin(app_task *task) {
    resend_task *resend = (resend_task *)task;
    task->event = resend_event;
    resend->begun_ms = net_now_ms();
    if (!app_task_address(task, task->arguments.positional[0], resend->jid)) return;
    app_task_refresh(task, resend->jid, app_session_jid(task->session), resend_refreshed);
}

const app_task_class app_resend_task = {"resend", sizeof(resend_task), NULL, resend_begin, NULL};
