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

/* XEP-0045 section 7.2: why a room does not let somebody in. NULL: as the server calls it. */
static const char *refusal_text(sotto_bytes condition) {
    static const struct {
        const char *condition, *text;
    } refusals[] = {
        {"registration-required", "it is for members only, and you are none: who runs it can make you one"},
        {"not-authorized", "it asks for a password, which sotto does not give"},
        {"forbidden", "you are banned from it"},
        {"not-allowed", "there is no such room, and you may not make it there"},
        {"item-not-found", "there is no such room"},
        {"conflict", "somebody there has this nick: --nick chooses another"},
        {"gone", "it is not there any more"},
        {"not-acceptable", "it takes no nick but the one you registered: --nick says which"},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (bytes_is(condition, refusals[i].condition)) return refusals[i].text;
    return NULL;
}

static void join_refused(join_task *join, sotto_bytes condition) {
    const char *text = refusal_text(condition);
    app_task_refuse(&join->task, "%s did not let you in%s%s%s%.*s%s.", join->jid, text ? ": " : "", text ? text : "",
                    condition.len > 0 ? (text ? " (" : ": ") : "", (int)condition.len,
                    condition.len > 0 ? (const char *)condition.at : "", condition.len > 0 && text ? ")" : "");
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
        join_refused(join, event->text);
        return true;
    }
    app_stream stream = in ? APP_OUT : APP_ERR;
    app_print(task->output, stream, "%s: ", join->jid);
    app_room_print_state(task->output, stream, event->reason, event->number, event->total, event->text);
    app_print(task->output, stream, ".");
    if (sotto_ok(event->reason) && event->total == 0)
        app_print(task->output, stream, " If that is a surprise, look at its name: a room that was not there is made.");
    if (!in) app_print(task->output, stream, " It is tried again; sotto part %s gives it up.", join->jid);
    app_print(task->output, stream, "\n");
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
