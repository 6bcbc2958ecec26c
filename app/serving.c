/* SPDX-License-Identifier: ISC */
#include "app/serving.h"

#include "app/task.h"

static void call_done(void *arg, int exit_status) {
    app_call_answer(arg, exit_status);
}

static void sign_again(app_serving *serving) {
    serving->watch.late_ms = net_now_ms() + APP_CONTROL_SIGN_MS;
}

static void on_late(void *arg) {
    app_serving *serving = arg;
    if (app_control_sign(serving->control)) sign_again(serving);
}

static void on_call(void *arg, app_call *call, const app_request *request) {
    app_serving *serving = arg;
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
    if (serving->watch.late_ms == UINT64_MAX) sign_again(serving);
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
    if (sotto_ok(
            app_control_open(&serving->control, app_session_loop(session), serving->path.path, on_call, serving))) {
        serving->watch = (app_watch){.arg = serving, .late = on_late, .late_ms = UINT64_MAX};
        app_session_watch(session, &serving->watch);
        return true;
    }
    app_control_path_close(&serving->path);
    return app_trouble_set(trouble,
                           "The control socket %s cannot be made: the file system may not have sockets, or no "
                           "room. --home DIR, or XDG_DATA_HOME, chooses another place.",
                           holder->control);
}

void app_serving_close(app_serving *serving) {
    if (!serving->control) return;
    app_session_unwatch(serving->session, &serving->watch);
    app_control_close(serving->control);
    app_control_path_close(&serving->path);
    serving->control = NULL;
}
