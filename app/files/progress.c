/* SPDX-License-Identifier: ISC */
#include "app/files/progress.h"

#include <stdio.h>

#include "app/json.h"
#include "app/terminal.h"
#include "bytes/span.h"

#define LINE_BYTES_MAX ((size_t)8 * 1024)

static void tell_json(const app_progress_line *p, uint64_t done, uint64_t total) {
    bytes_buffer line;
    sotto_bytes text;
    bytes_buffer_owned(&line, sotto_host_default(), LINE_BYTES_MAX);
    app_json json = app_json_begin(&line);
    app_json_text(&json, "event", BYTES_LITERAL("progress"));
    app_json_text(&json, "name", bytes_text(p->name));
    app_json_number(&json, "done", done);
    if (total > 0)
        app_json_number(&json, "total", total);
    else
        app_json_null(&json, "total");
    app_json_end(&json);
    if (sotto_ok(bytes_buffer_end(&line, &text))) app_put(p->output, APP_OUT, text);
    bytes_buffer_free(&line);
}

static void tell_line(const app_progress_line *p, uint64_t done, uint64_t total) {
    char text[APP_FILE_NAME_SIZE + 96], is[32], of[32];
    app_file_size_text(done, is);
    app_file_size_text(total, of);
    if (total > 0)
        (void)snprintf(text, sizeof text, "%s: %s of %s (%u%%)", p->name, is, of, (unsigned)(done * 100 / total));
    else
        (void)snprintf(text, sizeof text, "%s: %s", p->name, is);
    app_progress(p->output, text);
}

static void on_late(void *arg) {
    app_progress_line *p = arg;
    uint64_t done, total;
    p->look(p->arg, &done, &total);
    if (done != p->told) {
        p->told = done;
        if (p->json)
            tell_json(p, done, total);
        else
            tell_line(p, done, total);
    }
    p->watch.late_ms = net_now_ms() + APP_PROGRESS_EVERY_MS;
}

void app_progress_begin(app_progress_line *p, app_session *session, const app_output *output, bool json,
                        const char *name, app_progress_look *look, void *arg) {
    *p = (app_progress_line){
        .session = session, .output = output, .json = json, .running = true, .look = look, .arg = arg};
    (void)snprintf(p->name, sizeof p->name, "%s", name);
    p->watch = (app_watch){.arg = p, .late = on_late, .late_ms = net_now_ms() + APP_PROGRESS_EVERY_MS};
    app_session_watch(session, &p->watch);
}

void app_progress_end(app_progress_line *p) {
    if (!p->running) return;
    p->running = false;
    app_session_unwatch(p->session, &p->watch);
    if (!p->json) app_progress(p->output, "");
}
