/* SPDX-License-Identifier: ISC
 *
 * sotto repair: "clients MUST offer a way to manually replace broken sessions" (XEP-0384 section 6). Never done by
 * itself (T22); needs no connection. */
#include <string.h>

#include "app/commands/commands.h"
#include "app/keys.h"
#include "app/task.h"
#include "bytes/span.h"

typedef struct repair_task {
    app_task task;
    bool live; /* they have a live key */
    char jid[SOTTO_JID_BYTES_MAX + 1];
} repair_task;

static void repair_done(app_task *task, sotto_status status) {
    const repair_task *repair = (const repair_task *)task;
    if (!sotto_ok(status)) {
        app_task_fail(task, status, repair->jid);
        return;
    }
    app_print(
        task->output, APP_OUT,
        "The next message to %s begins new sessions with all of their devices. Keys and trust are as they were.\n",
        repair->jid);
    if (repair->live)
        app_print(task->output, APP_OUT,
                  "A live session now begins without the secret of the ones before: their person is warned, and has to "
                  "confirm it. Tell them in another way that it is you.\n");
    app_task_finish(task, APP_DONE);
}

static void repair_begin(app_task *task) {
    repair_task *repair = (repair_task *)task;
    if (!app_task_address(task, task->arguments.positional[0], repair->jid)) return;
    app_keys keys;
    sotto_input input = {.kind = SOTTO_INPUT_REPAIR, .jid = bytes_text(repair->jid)};
    sotto_status status = app_keys_read(&keys, app_session_engine(task->session), repair->jid);
    size_t own = 0;
    for (size_t i = 0; sotto_ok(status) && i < keys.count; i++) {
        if (keys.at[i].this_device) own++;
        repair->live = repair->live || (!keys.at[i].this_device && strcmp(keys.at[i].seal, "live") == 0);
    }
    if (sotto_ok(status) && keys.count == own) {
        app_task_refuse(task,
                        "No %s of %s is known here, so there is nothing to repair. sotto devices %s looks for them.",
                        own > 0 ? "other device" : "device", repair->jid, repair->jid);
        return;
    }
    if (sotto_ok(status)) status = app_session_step(task->session, &input);
    if (sotto_ok(status))
        app_task_when_committed(task, repair_done);
    else
        app_task_fail(task, status, repair->jid);
}

const app_task_class app_repair_task = {"repair", sizeof(repair_task), NULL, repair_begin, NULL};
