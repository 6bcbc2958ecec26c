/* SPDX-License-Identifier: ISC
 *
 * sotto via: which ways of encrypting may be used for a contact (test/policy/via.txt). */
#include <string.h>

#include "app/commands/commands.h"
#include "app/commands/room.h"
#include "app/task.h"
#include "bytes/span.h"

typedef struct via_task {
    app_task task;
    char jid[SOTTO_JID_BYTES_MAX + 1];
} via_task;

static void via_show(app_task *task, sotto_status status) {
    const via_task *via = (const via_task *)task;
    sotto_contact contact;
    static const char *const texts[] = {
        [SOTTO_VIA_AUTO] = "by whatever encryption fits",
        [SOTTO_VIA_STORED] = "by encryption that all their devices can read later (OMEMO)",
        [SOTTO_VIA_LIVE] = ("in live sessions alone: their clients that are not there then, a phone that is off, and "
                            "archives will not have it")};
    if (sotto_ok(status))
        status = sotto_engine_contact(app_session_engine(task->session), bytes_text(via->jid), &contact);
    if (!sotto_ok(status)) {
        app_task_fail(task, status, via->jid);
        return;
    }
    if (contact.via == SOTTO_VIA_NAMED)
        app_print(task->output, APP_OUT, "Messages to %s go by %.*s alone.\n", via->jid, (int)contact.name.len,
                  (const char *)contact.name.at);
    else
        app_print(task->output, APP_OUT, "Messages to %s go %s.\n", via->jid,
                  texts[contact.via <= SOTTO_VIA_LIVE ? contact.via : SOTTO_VIA_AUTO]);
    app_task_finish(task, APP_DONE);
}

/* What is there today is said, and nothing is promised. */
static void refuse(app_task *task, const char *name) {
    app_task_refuse(task,
                    "This program has no encryption of the name %s. Nothing was changed; there are auto, stored, live "
                    "and omemo.",
                    name);
}

static void via_begin(app_task *task) {
    via_task *via = (via_task *)task;
    if (!app_task_address(task, task->arguments.positional[0], via->jid)) return;
    if (task->arguments.count < 2) {
        via_show(task, SOTTO_OK);
        return;
    }
    const char *name = task->arguments.positional[1];
    bool room = false, joined;
    sotto_status found = app_room_find(app_session_engine(task->session), via->jid, &room, &joined);
    if (sotto_ok(found) && room && strcmp(name, "live") == 0) {
        app_task_refuse(task, "%s is a room, and live sessions are between two. Nothing was changed.", via->jid);
        return;
    }
    sotto_via how = strcmp(name, "auto") == 0     ? SOTTO_VIA_AUTO
                    : strcmp(name, "stored") == 0 ? SOTTO_VIA_STORED
                    : strcmp(name, "live") == 0   ? SOTTO_VIA_LIVE
                                                  : SOTTO_VIA_NAMED;
    sotto_input input = {.kind = SOTTO_INPUT_VIA, .jid = bytes_text(via->jid), .via = how, .name = bytes_text(name)};
    sotto_status status = app_session_step(task->session, &input);
    if (sotto_ok(status))
        app_task_when_committed(task, via_show);
    else if (sotto_is(status, SOTTO_E_NOT_FOUND) || sotto_is(status, SOTTO_E_USAGE))
        refuse(task, name);
    else
        app_task_fail(task, status, via->jid);
}

const app_task_class app_via_task = {"via", sizeof(via_task), NULL, via_begin, NULL};
