/* SPDX-License-Identifier: ISC
 *
 * The asking side of the control socket. */
#include <string.h>
#include <unistd.h>

#include "app/control/control.h"
#include "bytes/span.h"

typedef struct asking {
    net_loop *loop;
    net_connection *connection;
    const app_request *request;
    const app_output *output;
    const app_talk *talk; /* NULL: the command takes no more than the request */
    app_inlet inlet;
    app_frames frames;
    app_control_result result;
    int status;
    app_trouble *trouble;
    uint64_t look_ms;
    unsigned looks;          /* in vain, one after the other */
    bool heard, gives_signs; /* anything at all; a sign of life: a holder of an earlier version gives none */
} asking;

static void ask_end(asking *a, app_control_result result) {
    a->result = result;
    net_close(a->connection, false);
    a->connection = NULL;
    net_loop_stop(a->loop);
}

static void ask_broken(asking *a, const char *what) {
    bool send = a->request->count > 0 && strcmp(a->request->words[0], "send") == 0;
    (void)app_trouble_set(a->trouble, "%s%s. What became of the command is not known: look before you do it again.",
                          send ? "Perhaps sent: " : "", what);
    ask_end(a, APP_CONTROL_BROKEN);
}

static void ask_look(void *arg) {
    asking *a = arg;
    if (!a->heard || a->gives_signs) a->looks++;
    if (a->looks < APP_CONTROL_LOOKS_MAX)
        net_loop_timer(a->loop, net_now_ms() + a->look_ms, ask_look, a);
    else
        ask_broken(a, "The running sotto gives no sign of life; sotto listen, or what else it is, has to be ended");
}

/* What is typed meanwhile. */
static void ask_input(void *arg, app_input_kind kind, sotto_bytes text) {
    asking *a = arg;
    bytes_buffer frame;
    sotto_bytes all;
    bytes_buffer_owned(&frame, sotto_host_default(), APP_CONTROL_TEXT_BYTES_MAX + 64);
    sotto_status status = app_frame_put_input(&frame, kind, text);
    if (sotto_ok(status)) status = bytes_buffer_end(&frame, &all);
    if (sotto_ok(status) && a->connection) status = net_write(a->connection, all);
    bytes_buffer_free(&frame);
    if (!sotto_ok(status) && a->connection) ask_broken(a, "The running sotto does not take what is typed");
}

static void ask_talk(asking *a) {
    if (!a->talk) return;
    a->inlet = (app_inlet){ask_input, a};
    a->talk->begin(a->talk->arg, a->loop, &a->inlet);
}

static void ask_send(asking *a) {
    bytes_buffer frame;
    sotto_bytes all;
    bytes_buffer_owned(&frame, sotto_host_default(), APP_CONTROL_REQUEST_BYTES_MAX + 64);
    sotto_status status = app_request_put(&frame, a->request);
    if (sotto_ok(status)) status = bytes_buffer_end(&frame, &all);
    if (sotto_ok(status)) status = net_write(a->connection, all);
    bytes_buffer_free(&frame);
    if (sotto_ok(status)) {
        ask_talk(a);
        return;
    }
    (void)app_trouble_set(a->trouble, "The command is too long for the running sotto. Nothing was done.");
    ask_end(a, APP_CONTROL_BROKEN);
}

/* A socket of somebody else in a folder of ours: nothing goes there. */
static void ask_connected(void *arg, bool ok, const char *why_not) {
    (void)why_not;
    asking *a = arg;
    uint32_t uid;
    if (!ok) {
        ask_end(a, APP_CONTROL_NOBODY);
    } else if (!net_peer_user(a->connection, &uid) || uid != (uint32_t)geteuid()) {
        (void)app_trouble_set(a->trouble, "The control socket belongs to another user. Nothing was done.");
        ask_end(a, APP_CONTROL_BROKEN);
    } else {
        net_loop_timer(a->loop, net_now_ms() + a->look_ms, ask_look, a);
        ask_send(a);
    }
}

static app_stream stream_of(app_frame_kind kind) {
    return kind == APP_FRAME_OUT ? APP_OUT : kind == APP_FRAME_ERR ? APP_ERR : APP_PROMPT;
}

static void ask_received(void *arg, sotto_bytes bytes) {
    asking *a = arg;
    app_frame frame;
    sotto_status status = app_frames_take(&a->frames, bytes);
    while (sotto_ok(status) && sotto_ok(status = app_frames_next(&a->frames, &frame))) {
        if (frame.kind == APP_FRAME_EXIT) {
            a->status = frame.payload.at[0];
            ask_end(a, APP_CONTROL_ANSWERED);
            return;
        }
        a->looks = 0;
        a->heard = true;
        if (frame.payload.len == 0) a->gives_signs = true;
        app_put(a->output, stream_of(frame.kind), frame.payload);
    }
    if (!sotto_is(status, SOTTO_E_AGAIN)) ask_broken(a, "The running sotto answered something that is no answer");
}

static void ask_lost(void *arg) {
    ask_broken(arg, "The running sotto ended before it had answered");
}

app_control_result app_control_ask(const char *path, const app_request *request, const app_output *output,
                                   int *ret_status, app_trouble *trouble) {
    return app_control_talk(path, request, output, NULL, ret_status, trouble);
}

app_control_result app_control_talk(const char *path, const app_request *request, const app_output *output,
                                    const app_talk *talk, int *ret_status, app_trouble *trouble) {
    return app_control_talk_looking(path, request, output, talk, APP_CONTROL_LOOK_MS, ret_status, trouble);
}

app_control_result app_control_talk_looking(const char *path, const app_request *request, const app_output *output,
                                            const app_talk *talk, uint64_t look_ms, int *ret_status,
                                            app_trouble *trouble) {
    static const net_callbacks callbacks = {ask_connected, ask_received, ask_lost};
    asking a = {.request = request,
                .output = output,
                .talk = talk,
                .result = APP_CONTROL_BROKEN,
                .trouble = trouble,
                .look_ms = look_ms};
    (void)app_trouble_set(trouble, "The running sotto cannot be asked: the system refused. Nothing was done.");
    if (!sotto_ok(net_loop_new(&a.loop, sotto_host_default()))) return APP_CONTROL_BROKEN;
    app_frames_init(&a.frames, true);
    if (sotto_ok(net_connect_unix(&a.connection, a.loop, path, &callbacks, &a)) && sotto_ok(net_loop_run(a.loop)) &&
        a.result == APP_CONTROL_ANSWERED)
        *ret_status = a.status;
    if (a.inlet.take && talk) talk->end(talk->arg);
    app_frames_free(&a.frames);
    net_loop_free(a.loop);
    return a.result;
}
