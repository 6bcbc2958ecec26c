/* SPDX-License-Identifier: ISC */
#include "app/serving.h"

#include "app/task.h"

static void call_done(void *arg, int exit_status) {
    app_call_answer(arg, exit_status);
}

static void on_call(void *arg, app_call *call, const app_request *request) {
    const app_serving *serving = arg;
    const app_output *output = app_call_output(call);
    const app_task_class *class = app_task_find(request->words[0]);
    app_arguments arguments = {0};
    if (!class) {
        app_print(output, APP_ERR, "sotto: the running sotto does not know %s; end it and start it again\n",
                  request->words[0]);
        app_call_answer(call, APP_REFUSED);
        return;
    }
    if (!app_arguments_read(&arguments, app_topic_find(class->name), request->words + 1, request->count - 1, output)) {
        app_call_answer(call, APP_USAGE);
        return;
    }
    app_task_begin(serving->session, &(app_task_order){.class = class,
                                                       .arguments = &arguments,
                                                       .text = request->text,
                                                       .output = output,
                                                       .done = call_done,
                                                       .arg = call,
                                                       .inlet = app_call_inlet(call)});
}

bool app_serving_open(app_serving *serving, app_session *session, const app_account *holder, app_trouble *trouble) {
    *serving = (app_serving){.session = session};
    if (!app_control_path_open(&serving->path, holder, trouble)) return false;
    if (sotto_ok(app_control_open(&serving->control, app_session_loop(session), serving->path.path, on_call, serving)))
        return true;
    app_control_path_close(&serving->path);
    return app_trouble_set(trouble,
                           "The control socket %s cannot be made: the file system may not have sockets, or no "
                           "room. --home DIR, or XDG_DATA_HOME, chooses another place.",
                           holder->control);
}

void app_serving_close(app_serving *serving) {
    if (!serving->control) return;
    app_control_close(serving->control);
    app_control_path_close(&serving->path);
    serving->control = NULL;
}
