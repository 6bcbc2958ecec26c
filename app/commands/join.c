/* SPDX-License-Identifier: ISC
 *
 * sotto join and sotto part. Joining ends when it is known what the room is: whether what is said in it will be
 * encrypted is what a person has to know before saying anything. */
#include "app/commands/commands.h"
#include "app/commands/room.h"
#include "app/task.h"
#include "bytes/span.h"

typedef struct join_task {
    app_task task;
    char jid[SOTTO_JID_BYTES_MAX + 1];
} join_task;

static void join_failed(app_task *task, sotto_status status) {
    const join_task *join = (const join_task *)task;
    app_task_fail(task, status, join->jid);
}

/* The first thing the engine says about the room answers. */
static bool join_event(app_task *task, const sotto_event *event) {
    join_task *join = (join_task *)task;
    if (event->kind != SOTTO_EVENT_ROOM || !bytes_is(event->jid, join->jid) || !task->then) return false;
    bool in = sotto_ok(event->reason) || sotto_is(event->reason, SOTTO_E_ROOM_PUBLIC) ||
              sotto_is(event->reason, SOTTO_E_ROOM_ANONYMOUS);
    bool is, joined;
    sotto_status status = app_room_find(app_session_engine(task->session), join->jid, &is, &joined);
    if (sotto_ok(status) && !is) {
        app_task_refuse(task, "%s did not let you in%s%.*s.", join->jid, event->text.len > 0 ? ": " : "",
                        (int)event->text.len, event->text.len > 0 ? (const char *)event->text.at : "");
        return true;
    }
    app_stream stream = in ? APP_OUT : APP_ERR;
    app_print(task->output, stream, "%s: ", join->jid);
    app_room_print_state(task->output, stream, event->reason, event->number, event->total, event->text);
    app_print(task->output, stream, ".\n");
    app_task_finish(task, in ? APP_DONE : APP_REFUSED);
    return true;
}

static void join_enter(app_task *task, sotto_status status) {
    join_task *join = (join_task *)task;
    const char *nick = app_argument(&task->arguments, "nick");
    sotto_input input = {.kind = SOTTO_INPUT_JOIN, .jid = bytes_text(join->jid), .nick = bytes_text(nick)};
    if (sotto_ok(status)) {
        task->event = join_event;
        app_task_wait(task, join_failed);
        status = app_session_step(task->session, &input);
    }
    if (sotto_is(status, SOTTO_E_TOO_LARGE))
        app_task_refuse(task, "You are in %u rooms already, the most there can be: sotto part leaves one.",
                        SOTTO_ROOMS_MAX);
    else if (sotto_is(status, SOTTO_E_BAD_JID))
        app_task_refuse(task, "%s cannot be a room, or %s not a nick.", join->jid,
                        nick ? nick : app_session_jid(task->session));
    else if (!sotto_ok(status))
        app_task_fail(task, status, join->jid);
}

static void join_begin(app_task *task) {
    join_task *join = (join_task *)task;
    if (app_task_address(task, task->arguments.positional[0], join->jid)) app_task_when_online(task, join_enter);
}

/* ---- part ---- */

static void part_done(app_task *task, sotto_status status) {
    const join_task *part = (const join_task *)task;
    if (!sotto_ok(status)) {
        app_task_fail(task, status, part->jid);
        return;
    }
    app_print(task->output, APP_OUT, "Left %s.\n", part->jid);
    app_task_finish(task, APP_DONE);
}

static void part_begin(app_task *task) {
    join_task *part = (join_task *)task;
    if (!app_task_address(task, task->arguments.positional[0], part->jid)) return;
    sotto_input input = {.kind = SOTTO_INPUT_PART, .jid = bytes_text(part->jid)};
    sotto_status status = app_session_step(task->session, &input);
    if (sotto_is(status, SOTTO_E_NOT_FOUND))
        app_task_refuse(task, "You have not joined %s: sotto rooms lists those you have.", part->jid);
    else if (!sotto_ok(status))
        app_task_fail(task, status, part->jid);
    else
        app_task_when_committed(task, part_done);
}

const app_task_class app_join_task = {"join", sizeof(join_task), NULL, join_begin, NULL};
const app_task_class app_part_task = {"part", sizeof(join_task), NULL, part_begin, NULL};
