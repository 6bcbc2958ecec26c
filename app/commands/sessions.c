/* SPDX-License-Identifier: ISC
 *
 * sotto sessions: the live sessions of whoever holds the account. */
#include "app/sessions.h"

#include "app/commands/commands.h"
#include "app/task.h"
#include "bytes/span.h"

#define JSON_BYTES_MAX (1024u * 1024u)

static sotto_status print_json(const app_output *output, const app_live_sessions *sessions) {
    bytes_buffer text;
    sotto_bytes all;
    bytes_buffer_owned(&text, sotto_host_default(), JSON_BYTES_MAX);
    app_sessions_json(&text, sessions);
    sotto_status status = bytes_buffer_end(&text, &all);
    if (sotto_ok(status)) app_put(output, APP_OUT, all);
    bytes_buffer_free(&text);
    return status;
}

static void print_text(const app_task *task, const app_live_sessions *sessions, const char *jid) {
    const app_output *output = task->output;
    if (sessions->count == 0) {
        app_print(output, APP_OUT, "There are no live sessions%s%s. One begins when something is to go through it.\n",
                  jid ? " with " : "", jid ? jid : "");
        return;
    }
    app_print(output, APP_OUT, "Live sessions of %s\n\n", app_session_jid(task->session));
    app_sessions_print(output, sessions, net_now_ms());
}

static void sessions_begin(app_task *task) {
    char jid[SOTTO_JID_BYTES_MAX + 1];
    app_live_sessions sessions;
    const char *typed = task->arguments.positional[0];
    if (typed && !app_task_address(task, typed, jid)) return;
    sotto_status status =
        app_sessions_read(&sessions, app_session_engine(task->session), typed ? bytes_text(jid) : BYTES_NONE);
    if (sotto_ok(status)) {
        if (app_argument(&task->arguments, "json"))
            status = print_json(task->output, &sessions);
        else
            print_text(task, &sessions, typed ? jid : NULL);
        app_sessions_free(&sessions);
    }
    if (sotto_ok(status))
        app_task_finish(task, APP_DONE);
    else
        app_task_fail(task, status, typed ? jid : app_session_jid(task->session));
}

const app_task_class app_sessions_task = {"sessions", sizeof(app_task), NULL, sessions_begin, NULL};
