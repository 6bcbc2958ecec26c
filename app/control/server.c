/* SPDX-License-Identifier: ISC
 *
 * The holder's side of the control socket. */
#include <sys/stat.h>
#include <unistd.h>

#include "app/command.h"
#include "app/control/control.h"
#include "bytes/memory.h"
#include "bytes/span.h"

struct app_call {
    app_control *control;
    app_call *previous, *next;
    net_connection *connection; /* NULL: whoever asked has left */
    app_frames frames;
    bytes_buffer room; /* the request's words */
    bytes_buffer text; /* and its standard input */
    app_request request;
    app_output output;
    app_inlet inlet;
    bool running;
    bool deaf;  /* it does not read: nothing more is written, and that it is lost comes soon */
    bool *gone; /* set when it is freed while it is being fed; NULL: it is not */
};

struct app_control {
    net_listener *listener;
    app_control_run *run;
    void *arg;
    app_call *calls;
};

static void call_free(app_call *call, bool flush) {
    if (call->gone) *call->gone = true;
    net_close(call->connection, flush);
    app_frames_free(&call->frames);
    bytes_buffer_free(&call->room);
    bytes_buffer_free(&call->text);
    if (call->previous)
        call->previous->next = call->next;
    else
        call->control->calls = call->next;
    if (call->next) call->next->previous = call->previous;
    bytes_free(sotto_host_default(), call, sizeof *call);
}

/* The connection goes; a command that runs goes on without it, but for one that took lines from there. */
static void call_leave(app_call *call, bool flush) {
    if (!call->running) {
        call_free(call, flush);
        return;
    }
    net_close(call->connection, flush);
    call->connection = NULL;
    app_inlet_give(&call->inlet, APP_INPUT_END, BYTES_NONE);
}

/* Writes frames; somebody who does not read is given up. A command that takes lines from there is told so later: it is
 * in the middle of something. */
static void call_send(app_call *call, bytes_buffer *frames) {
    sotto_bytes all;
    bool open = call->connection && !call->deaf;
    bool sent = open && sotto_ok(bytes_buffer_end(frames, &all)) && sotto_ok(net_write(call->connection, all));
    if (open && !sent) {
        call->deaf = true;
        net_drop(call->connection);
    }
    bytes_buffer_free(frames);
}

static void frames_begin(bytes_buffer *frames) {
    bytes_buffer_owned(frames, sotto_host_default(), NET_UNWRITTEN_MAX);
}

static void call_write(void *arg, app_stream stream, sotto_bytes bytes) {
    app_call *call = arg;
    bytes_buffer frames;
    if (!call->connection || call->deaf) return;
    frames_begin(&frames);
    app_frame_put_output(&frames, stream, bytes);
    call_send(call, &frames);
}

bool app_control_sign(const app_control *control) {
    bool any = false;
    for (app_call *call = control->calls; call; call = call->next) {
        bytes_buffer frames;
        if (!call->running || !call->connection || call->deaf) continue;
        any = true;
        frames_begin(&frames);
        app_frame_put_sign(&frames);
        call_send(call, &frames);
    }
    return any;
}

const app_output *app_call_output(const app_call *call) {
    return &call->output;
}

app_inlet *app_call_inlet(app_call *call) {
    return &call->inlet;
}

void app_call_answer(app_call *call, int exit_status) {
    bytes_buffer frames;
    frames_begin(&frames);
    app_frame_put_exit(&frames, exit_status);
    call_send(call, &frames);
    call_free(call, !call->deaf);
}

/* ---- a request ---- */

/* The payload goes with the next frame, so the text is kept apart for as long as the command runs. */
static sotto_status request_keep(app_call *call, const app_frame *frame) {
    SOTTO_TRY(app_request_read(&call->request, &call->room, frame->payload));
    bytes_buffer_put(&call->text, call->request.text);
    return bytes_buffer_end(&call->text, &call->request.text);
}

static void call_refuse(app_call *call, sotto_status status) {
    app_print(&call->output, APP_ERR,
              "sotto: the running sotto did not understand the request (%s); if it is of "
              "another version, end it and start it again\n",
              sotto_status_name(status));
    app_call_answer(call, APP_REFUSED);
}

/* What is typed while the command runs; it may end the command, and the call with it. One request a connection: another
 * one is nobody's of ours, and so is input for a command that takes none. */
static void call_feed(app_call *call, sotto_bytes bytes) {
    bool gone = false;
    app_frame frame;
    call->gone = &gone;
    sotto_status status = app_frames_take(&call->frames, bytes);
    while (sotto_ok(status) && sotto_ok(status = app_frames_next(&call->frames, &frame))) {
        if (frame.kind != APP_FRAME_INPUT || !call->inlet.take) {
            status = SOTTO_FAIL(MALFORMED);
            break;
        }
        app_inlet_give(&call->inlet, frame.input, frame.payload);
        if (gone) return;
    }
    call->gone = NULL;
    if (!sotto_is(status, SOTTO_E_AGAIN)) call_leave(call, false);
}

static void call_received(void *arg, sotto_bytes bytes) {
    app_call *call = arg;
    app_frame frame;
    if (call->running) {
        call_feed(call, bytes);
        return;
    }
    sotto_status status = app_frames_take(&call->frames, bytes);
    if (sotto_ok(status)) status = app_frames_next(&call->frames, &frame);
    if (sotto_is(status, SOTTO_E_AGAIN)) return;
    if (sotto_ok(status) && frame.kind != APP_FRAME_REQUEST) status = SOTTO_FAIL(MALFORMED);
    if (sotto_ok(status)) status = request_keep(call, &frame);
    if (!sotto_ok(status)) {
        call_refuse(call, status);
        return;
    }
    call->running = true;
    call->output.screen = call->request.screen;
    bool gone = false;
    call->gone = &gone;
    call->control->run(call->control->arg, call, &call->request);
    if (gone) return;
    call->gone = NULL;
    call_feed(call, BYTES_NONE); /* what came behind the request */
}

static void call_lost(void *arg) {
    call_leave(arg, false);
}

static void call_accepted(void *arg, net_connection *connection, net_callbacks *ret_callbacks, void **ret_arg) {
    app_control *control = arg;
    uint32_t uid;
    if (!net_peer_user(connection, &uid) || uid != (uint32_t)geteuid()) return; /* closed by the listener */
    app_call *call = bytes_new(sotto_host_default(), sizeof *call);
    if (!call) return;
    call->control = control;
    call->connection = connection;
    call->output = (app_output){.write = call_write, .arg = call};
    app_frames_init(&call->frames, false);
    bytes_buffer_owned(&call->room, sotto_host_default(), APP_CONTROL_REQUEST_BYTES_MAX);
    bytes_buffer_owned(&call->text, sotto_host_default(), APP_CONTROL_TEXT_BYTES_MAX);
    call->next = control->calls;
    if (call->next) call->next->previous = call;
    control->calls = call;
    *ret_callbacks = (net_callbacks){NULL, call_received, call_lost};
    *ret_arg = call;
}

/* ---- opening and closing ---- */

sotto_status app_control_open(app_control **ret, net_loop *loop, const char *path, app_control_run *run, void *arg) {
    app_control *control = bytes_new(sotto_host_default(), sizeof *control);
    if (!control) return SOTTO_FAIL(NO_MEMORY);
    control->run = run;
    control->arg = arg;
    struct stat about;
    if (lstat(path, &about) == 0 && S_ISSOCK(about.st_mode)) (void)unlink(path);
    sotto_status status = net_listen_unix(&control->listener, loop, path, call_accepted, control);
    if (!sotto_ok(status)) {
        bytes_free(sotto_host_default(), control, sizeof *control);
        return status;
    }
    *ret = control;
    return SOTTO_OK;
}

void app_control_close(app_control *control) {
    if (!control) return;
    net_unlisten(control->listener);
    while (control->calls) call_free(control->calls, true);
    bytes_free(sotto_host_default(), control, sizeof *control);
}
