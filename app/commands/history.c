/* SPDX-License-Identifier: ISC
 *
 * sotto history: what was said, out of the store; it asks no server. Without an address: with whom. */
#include <stdlib.h>
#include <string.h>

#include "app/chat/view.h"
#include "app/commands/commands.h"
#include "app/json.h"
#include "bytes/span.h"

#define SHOWN_DEFAULT 50u

typedef struct history_task {
    app_task task;
    app_view view;
    char with[SOTTO_JID_BYTES_MAX + 1];
    bool json;
    size_t count;
} history_task;

static sotto_status show_entry(void *arg, const app_entry *entry) {
    history_task *h = arg;
    app_view_entry(&h->view, entry, true);
    h->count++;
    return SOTTO_OK;
}

static void print_conversation(const app_output *output, const app_conversation *c) {
    app_print(output, APP_OUT, "%.*s%s: %llu message%s", (int)c->with.len, (const char *)c->with.at,
              c->room ? " (room)" : "", (unsigned long long)c->count, c->count == 1 ? "" : "s");
    if (c->unread > 0) app_print(output, APP_OUT, ", %llu not shown yet", (unsigned long long)c->unread);
    app_print(output, APP_OUT, "\n");
}

static void put_conversation(const app_output *output, const app_conversation *c) {
    bytes_buffer line;
    sotto_bytes text;
    bytes_buffer_owned(&line, sotto_host_default(), 65536);
    app_json json = app_json_begin(&line);
    app_json_text(&json, "event", BYTES_LITERAL("conversation"));
    app_json_text(&json, "with", c->with);
    app_json_bool(&json, "room", c->room);
    app_json_number(&json, "count", c->count);
    app_json_number(&json, "unread", c->unread);
    app_json_time(&json, "last", c->last_ms);
    app_json_end(&json);
    if (sotto_ok(bytes_buffer_end(&line, &text))) app_put(output, APP_OUT, text);
    bytes_buffer_free(&line);
}

static sotto_status show_conversation(void *arg, const app_conversation *c) {
    history_task *h = arg;
    if (h->json)
        put_conversation(h->task.output, c);
    else
        print_conversation(h->task.output, c);
    h->count++;
    return SOTTO_OK;
}

/* False: it is none, which was said. */
static bool number_read(history_task *h, const char *text, size_t *ret) {
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    *ret = number;
    if (*end == '\0' && *text >= '0' && *text <= '9' && number > 0 && number <= SOTTO_HISTORY_OF_ONE_MAX) return true;
    app_print(h->task.output, APP_ERR, "sotto history: not a number from 1 to %u: %s; see sotto help history\n",
              SOTTO_HISTORY_OF_ONE_MAX, text);
    app_task_finish(&h->task, APP_USAGE);
    return false;
}

static void forgotten(app_task *task, sotto_status status) {
    const history_task *h = (const history_task *)task;
    if (sotto_ok(status))
        app_task_finish(task, APP_DONE);
    else
        app_task_fail(task, status, h->with);
}

static void history_forget(history_task *h, app_history *history) {
    sotto_status status = app_history_forget(history, bytes_text(h->with));
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) {
        app_task_refuse(&h->task, "Nothing is kept of a conversation with %s.", h->with);
        return;
    }
    if (!sotto_ok(status)) {
        app_task_fail(&h->task, status, h->with);
        return;
    }
    app_session_changed(h->task.session);
    app_task_when_committed(&h->task, forgotten);
}

static void history_show(history_task *h, app_history *history, size_t number) {
    sotto_bytes with = bytes_text(h->with);
    const char *search = app_argument(&h->task.arguments, "search");
    sotto_status status;
    app_view_begin(&h->view, h->task.output, h->with, false, h->json);
    if (!h->with[0])
        status = app_history_conversations(history, show_conversation, h);
    else if (search)
        status = app_history_search(history, with, bytes_text(search), number, show_entry, h);
    else
        status = app_history_last(history, with, UINT64_MAX, number, show_entry, h);
    if (!sotto_ok(status))
        app_task_fail(&h->task, status, app_session_jid(h->task.session));
    else if (h->count == 0 && h->with[0] && !h->json)
        app_task_refuse(&h->task, "Nothing %sis kept of a conversation with %s.", search ? "of the kind " : "",
                        h->with);
    else
        app_task_finish(&h->task, APP_DONE);
}

static void history_begin(app_task *task) {
    history_task *h = (history_task *)task;
    app_history *history = app_session_history(task->session);
    const char *number = app_argument(&task->arguments, "number");
    size_t count = SHOWN_DEFAULT;
    h->json = app_argument(&task->arguments, "json") != NULL;
    if (task->arguments.count > 0 && !app_task_address(task, task->arguments.positional[0], h->with)) return;
    if (!h->with[0] &&
        (number || app_argument(&task->arguments, "search") || app_argument(&task->arguments, "forget"))) {
        app_print(task->output, APP_ERR,
                  "sotto history: that is of one conversation: say which JID; see sotto help history\n");
        app_task_finish(task, APP_USAGE);
        return;
    }
    if (number && !number_read(h, number, &count)) return;
    if (!history)
        app_task_refuse(task, "No history is kept: the settings say history = no.");
    else if (app_argument(&task->arguments, "forget"))
        history_forget(h, history);
    else
        history_show(h, history, count);
}

const app_task_class app_history_task = {"history", sizeof(history_task), NULL, history_begin, NULL};
