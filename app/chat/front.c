/* SPDX-License-Identifier: ISC */
#include "app/chat/front.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes/memory.h"

#define PIECE_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* ---- what is shown ---- */

/* At a terminal whole lines are shown at once: the line below is drawn once for each. */
static void shown_write(void *arg, app_stream stream, sotto_bytes bytes) {
    app_front *front = arg;
    sotto_bytes all;
    if (!front->editor) {
        if (stream != APP_PROMPT) app_put(front->real, stream, bytes);
        return;
    }
    if (stream == APP_PROMPT) {
        app_editor_prompt(front->editor, bytes);
        return;
    }
    if (stream == APP_ERR && !front->real->screen.err_terminal) {
        app_put(front->real, APP_ERR, bytes);
        return;
    }
    bytes_buffer_put(&front->piece, bytes);
    if (!sotto_ok(bytes_buffer_end(&front->piece, &all))) {
        bytes_buffer_reset(&front->piece);
        return;
    }
    if (all.len == 0 || all.at[all.len - 1] != '\n') return;
    app_editor_print(front->editor, all);
    bytes_buffer_reset(&front->piece);
}

void app_front_init(app_front *front, const app_output *real) {
    memset(front, 0, sizeof *front);
    front->real = real;
    front->shown = *real;
    front->shown.write = shown_write;
    front->shown.arg = front;
    front->in = -1;
    const char *kind = getenv("TERM"); /* a dumb terminal cannot erase a line */
    front->terminal = isatty(STDIN_FILENO) == 1 && real->screen.out_terminal && kind && strcmp(kind, "dumb") != 0;
    bytes_buffer_owned(&front->piece, sotto_host_default(), PIECE_BYTES_MAX);
    bytes_buffer_owned(&front->line, sotto_host_default(), APP_FRONT_LINE_BYTES_MAX);
}

/* ---- what is typed ---- */

static void give(const app_front *front, app_input_kind kind, sotto_bytes text) {
    if (front->inlet) app_inlet_give(front->inlet, kind, text);
}

static void front_end(app_front *front) {
    if (front->ended) return;
    front->ended = true;
    net_unwatch(front->keys);
    front->keys = NULL;
    give(front, APP_INPUT_END, BYTES_NONE);
}

static void on_line(void *arg, sotto_bytes text) {
    give(arg, APP_INPUT_LINE, text);
}

static void on_typing(void *arg) {
    give(arg, APP_INPUT_TYPING, BYTES_NONE);
}

static void on_end(void *arg) {
    front_end(arg);
}

static void on_agree(void *arg) {
    give(arg, APP_INPUT_AGREE, BYTES_NONE);
}

static void on_same(void *arg) {
    give(arg, APP_INPUT_SAME, BYTES_NONE);
}

static void on_keys(void *arg) {
    app_front *front = arg;
    if (front->editor && !app_editor_read(front->editor)) front_end(front);
}

/* Each whole line; at the end also one that has none. */
static void lines_give(app_front *front, bool last) {
    sotto_bytes all;
    if (!sotto_ok(bytes_buffer_end(&front->line, &all))) {
        bytes_buffer_reset(&front->line);
        return;
    }
    while (all.len > 0) {
        const uint8_t *end = memchr(all.at, '\n', all.len);
        if (!end && !last && all.len < APP_FRONT_LINE_BYTES_MAX - 4096) break;
        size_t len = end ? (size_t)(end - all.at) : all.len;
        give(front, APP_INPUT_LINE, bytes_of(all.at, len));
        bytes_buffer_drop(&front->line, end ? len + 1 : len);
        if (!sotto_ok(bytes_buffer_end(&front->line, &all))) return;
    }
}

static void on_pipe(void *arg) {
    app_front *front = arg;
    uint8_t piece[4096];
    ssize_t got = read(front->in, piece, sizeof piece);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got > 0) bytes_buffer_put(&front->line, bytes_of(piece, (size_t)got));
    lines_give(front, got <= 0);
    bytes_wipe(piece, sizeof piece);
    if (got <= 0) front_end(front);
}

/* ---- signals ---- */

static void on_resized(void *arg) {
    const app_front *front = arg;
    if (front->editor) app_editor_resized(front->editor);
}

static void on_interrupt(void *arg) {
    app_front *front = arg;
    if (front->editor && !front->ended && app_editor_clear(front->editor)) return;
    bool again = front->ended;
    front_end(front);
    if (again && front->interrupted) front->interrupted(front->interrupted_arg);
}

/* ---- beginning and ending ---- */

/* A description of its own: that it does not wait is nobody else's business (a shell shares its terminal's). */
static int own_input(void) {
    int fd = open("/proc/self/fd/0", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return fd >= 0 ? fd : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
}

static void editor_open(app_front *front, net_loop *loop) {
    const app_editor_owner owner = {front, on_line, on_typing, on_end, on_agree, on_same};
    if (!sotto_ok(app_editor_new(&front->editor, front->in, STDOUT_FILENO, app_chat_commands, &owner))) {
        front->editor = NULL;
        return;
    }
    /* Without these the line is drawn for the old size until the next key. */
    if (!sotto_ok(net_watch_signal(&front->resized, loop, SIGWINCH, on_resized, front))) front->resized = NULL;
    if (!sotto_ok(net_watch_signal(&front->continued, loop, SIGCONT, on_resized, front))) front->continued = NULL;
}

bool app_front_open(app_front *front, net_loop *loop, const app_inlet *inlet) {
    front->inlet = inlet;
    front->in = own_input();
    if (front->in < 0) return false;
    if (front->terminal) editor_open(front, loop);
    net_loop_on_interrupt(loop, on_interrupt, front);
    return sotto_ok(net_watch_readable(&front->keys, loop, front->in, front->editor ? on_keys : on_pipe, front));
}

void app_front_close(app_front *front) {
    sotto_bytes rest;
    net_unwatch(front->keys);
    net_unwatch(front->resized);
    net_unwatch(front->continued);
    front->keys = front->resized = front->continued = NULL;
    app_editor_free(front->editor);
    front->editor = NULL;
    if (sotto_ok(bytes_buffer_end(&front->piece, &rest)) && rest.len > 0) app_put(front->real, APP_OUT, rest);
    bytes_buffer_free(&front->piece);
    bytes_buffer_free(&front->line);
    if (front->in >= 0) (void)close(front->in);
    front->in = -1;
    front->inlet = NULL;
}
