/* SPDX-License-Identifier: ISC
 *
 * Tasks: the waiting that commands have in common. */
#include "app/task.h"

#include <stdio.h>
#include <string.h>

#include "bytes/memory.h"
#include "bytes/span.h"

const app_task_class *app_task_find(const char *name) {
    for (size_t i = 0; app_task_classes[i]; i++)
        if (strcmp(app_task_classes[i]->name, name) == 0) return app_task_classes[i];
    return NULL;
}

/* ---- going on ---- */

/* Ends the waiting and goes on. The task may be gone afterwards. */
static void task_go_on(app_task *task, sotto_status status) {
    app_task_step *then = task->then;
    task->then = NULL;
    task->for_online = task->for_answers = task->for_rest = false;
    task->watch.late_ms = UINT64_MAX;
    if (then) then(task, status);
}

static void task_wait(app_task *task, uint64_t wait_ms, app_task_step *then) {
    task->then = then;
    task->watch.late_ms = net_now_ms() + wait_ms;
}

static void ask_all(app_task *task) {
    task->for_online = false;
    task->for_answers = true;
    task->watch.late_ms = net_now_ms() + APP_TASK_WAIT_MS;
    task->answers = 0;
    for (size_t i = 0; i < task->asked_count; i++) {
        sotto_input input = {.kind = SOTTO_INPUT_REFRESH, .jid = bytes_text(task->asked[i])};
        sotto_status status = app_session_step(task->session, &input);
        if (!sotto_ok(status)) {
            task_go_on(task, status);
            return;
        }
        task->answers++;
    }
}

/* ---- what happens in the session ---- */

static void on_online(void *arg, sotto_bytes how, bool resumed) {
    (void)how;
    (void)resumed;
    app_task *task = arg;
    if (!task->for_online) return;
    if (task->asked_count > 0)
        ask_all(task);
    else
        task_go_on(task, SOTTO_OK);
}

static void on_offline(void *arg, sotto_status status, sotto_bytes text, bool will_retry, uint64_t retry_ms) {
    (void)retry_ms;
    app_task *task = arg;
    task->lost = sotto_ok(status) ? SOTTO_FAIL(OFFLINE) : status;
    (void)snprintf(task->lost_text, sizeof task->lost_text, "%.*s", (int)text.len,
                   text.len ? (const char *)text.at : "");
    if (!task->then) return;
    if (task->for_rest && sotto_class(status) != SOTTO_CLASS_OURS) return; /* the network is not asked for that */
    if (will_retry && !task->for_answers) return; /* until it is late: what was sealed goes out then */
    task_go_on(task, task->lost);
}

static bool is_asked(const app_task *task, sotto_bytes jid) {
    for (size_t i = 0; i < task->asked_count; i++)
        if (bytes_is(jid, task->asked[i])) return true;
    return false;
}

static bool on_engine(void *arg, const sotto_output *output) {
    app_task *task = arg;
    if (output->kind != SOTTO_OUTPUT_EVENT) return false;
    const sotto_event *event = &output->event;
    if (task->for_answers && event->kind == SOTTO_EVENT_REFRESHED && is_asked(task, event->jid)) {
        if (!sotto_ok(event->reason)) {
            task->answer = event->reason;
            (void)snprintf(task->answer_text, sizeof task->answer_text, "%.*s", (int)event->text.len,
                           event->text.len > 0 ? (const char *)event->text.at : "");
        }
        if (--task->answers == 0) task_go_on(task, SOTTO_OK);
        return true;
    }
    return task->event ? task->event(task, event) : false;
}

static void on_sent(void *arg, uint64_t ticket, sotto_bytes seal) {
    app_task *task = arg;
    if (task->sent) task->sent(task, ticket, seal);
}

static void on_rest(void *arg) {
    app_task *task = arg;
    task->perhaps = task->stepped;
    if (task->for_rest) task_go_on(task, SOTTO_OK);
}

static void on_late(void *arg) {
    app_task *task = arg;
    if (task->for_online && !sotto_ok(task->lost))
        task_go_on(task, task->lost);
    else
        task_go_on(task, SOTTO_FAIL(TIMEOUT));
}

static void on_gone(void *arg) {
    app_task *task = arg;
    if (task->perhaps)
        app_task_refuse(task,
                        "Sotto was ended before the server had confirmed it. The next sotto command that connects "
                        "sends it, or says that it was dropped: do not send it again before.");
    else
        app_task_refuse(task, "Sotto was ended before this was done.");
}

/* ---- beginning and ending ---- */

void app_task_begin(app_session *session, const app_task_order *order) {
    app_task *task = bytes_new(sotto_host_default(), order->class->size);
    if (!task) {
        const app_trouble trouble = {"Out of memory."};
        app_trouble_print(order->output, order->class->name, &trouble);
        order->done(order->arg, APP_REFUSED);
        return;
    }
    task->order = *order;
    task->arguments = *order->arguments;
    task->session = session;
    task->output = order->output;
    task->watch = (app_watch){.arg = task,
                              .online = on_online,
                              .offline = on_offline,
                              .sent = on_sent,
                              .engine = on_engine,
                              .rest = on_rest,
                              .gone = on_gone,
                              .late = on_late,
                              .late_ms = UINT64_MAX};
    app_session_watch(session, &task->watch);
    order->class->begin(task);
}

void app_task_finish(app_task *task, int exit_status) {
    app_task_order order = task->order;
    app_session_unwatch(task->session, &task->watch);
    if (order.class->end) order.class->end(task);
    bytes_free(sotto_host_default(), task, order.class->size);
    order.done(order.arg, exit_status);
}

static void task_trouble(app_task *task, const app_trouble *trouble) {
    app_trouble perhaps;
    if (task->perhaps) (void)app_trouble_set(&perhaps, "Perhaps sent: %s", trouble->text);
    app_trouble_print(task->output, task->order.class->name, task->perhaps ? &perhaps : trouble);
    app_task_finish(task, APP_REFUSED);
}

void app_task_fail(app_task *task, sotto_status status, const char *whom) {
    app_trouble trouble;
    app_trouble_lost(&trouble, status, status.code == task->lost.code ? bytes_text(task->lost_text) : BYTES_NONE,
                     app_session_jid(task->session), whom);
    task_trouble(task, &trouble);
}

bool app_task_address(app_task *task, const char *typed, char ret[SOTTO_JID_BYTES_MAX + 1]) {
    const char *name = task->order.class->name;
    bool address = app_jid_read(typed, ret);
    const char *resource = strchr(typed, '/');
    if (address && strchr(ret, '@') && !resource) return true;
    if (address && resource) { /* dropped in silence, ROOM/NICK would be everybody in the room */
        app_print(task->output, APP_ERR,
                  "sotto %s: %s names one client, or somebody in a room: leave %s out; who is meant in a room has an "
                  "address too (sotto rooms); see sotto help %s\n",
                  name, typed, resource, name);
        app_task_finish(task, APP_USAGE);
        return false;
    }
    app_print(task->output, APP_ERR, "sotto %s: %s is not %s; see sotto help %s\n", name, typed,
              address ? "the address of an account (it has no @)" : "an address", name);
    app_task_finish(task, APP_USAGE);
    return false;
}

void app_task_refuse(app_task *task, const char *format, ...) {
    app_trouble trouble;
    va_list args;
    va_start(args, format);
    app_trouble_set_list(&trouble, format, args);
    va_end(args);
    task_trouble(task, &trouble);
}

/* ---- waiting ---- */

void app_task_when_online(app_task *task, app_task_step *then) {
    task->asked_count = 0;
    task->lost = SOTTO_OK;
    task_wait(task, APP_TASK_WAIT_MS, then);
    if (app_session_is_online(task->session)) {
        task_go_on(task, SOTTO_OK);
        return;
    }
    task->for_online = true;
    app_session_connect(task->session);
}

static void ask_take(app_task *task, const char *jid) {
    if (!jid || is_asked(task, bytes_text(jid))) return;
    (void)snprintf(task->asked[task->asked_count++], sizeof task->asked[0], "%s", jid);
}

void app_task_refresh(app_task *task, const char *one, const char *other, app_task_step *then) {
    task->asked_count = 0;
    task->lost = task->answer = SOTTO_OK;
    task->answer_text[0] = '\0';
    ask_take(task, one);
    ask_take(task, other);
    task_wait(task, APP_TASK_WAIT_MS, then);
    if (app_session_is_online(task->session)) {
        ask_all(task);
        return;
    }
    task->for_online = true;
    app_session_connect(task->session);
}

void app_task_answer_text(const app_task *task, sotto_status status, app_trouble *ret) {
    const char *said = task->answer_text;
    (void)app_trouble_set(ret, "%s%s%s",
                          sotto_is(status, SOTTO_E_SERVER_REFUSED) ? "the server refused" : sotto_status_text(status),
                          *said ? ": " : "", said);
}

void app_task_when_committed(app_task *task, app_task_step *then) {
    task->lost = SOTTO_OK;
    task_wait(task, APP_TASK_WAIT_MS, then);
    task->for_rest = true;
}

void app_task_wait(app_task *task, app_task_step *then) {
    task_wait(task, APP_TASK_WAIT_MS, then);
}

void app_task_wait_for(app_task *task, uint64_t wait_ms, app_task_step *then) {
    task_wait(task, wait_ms, then);
}

void app_task_rest(app_task *task) {
    task->then = NULL;
    task->for_online = task->for_answers = task->for_rest = false;
    task->watch.late_ms = UINT64_MAX;
}
