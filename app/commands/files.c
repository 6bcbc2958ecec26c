/* SPDX-License-Identifier: ISC
 *
 * sotto files: what was offered; sotto files get: fetches one, decrypts it, and puts it under a name that is free.
 * Needs no connection to the account's server. */
#include <stdio.h>
#include <string.h>

#include "app/commands/commands.h"
#include "app/files/offer.h"
#include "app/files/progress.h"
#include "app/files/transfer.h"
#include "app/home/home.h"
#include "app/task.h"
#include "bytes/base64.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define ARENA_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define LINE_BYTES_MAX  ((size_t)64 * 1024)

typedef struct files_task {
    app_task task;
    app_progress_line progress;
    bytes_arena arena;
    uint64_t number; /* 0: a URL */
    context_share share;
    char name[APP_FILE_NAME_SIZE], folder[APP_PATH_SIZE];
    app_transfer *transfer;
    bool json;
} files_task;

static void put_line(const app_output *output, bytes_buffer *line) {
    sotto_bytes text;
    if (sotto_ok(bytes_buffer_end(line, &text))) app_put(output, APP_OUT, text);
    bytes_buffer_free(line);
}

/* ---- the list ---- */

static sotto_status list_print(files_task *files, uint64_t *ret_count) {
    sotto_engine *engine = app_session_engine(files->task.session);
    uint64_t next;
    SOTTO_TRY(app_ledger_next(engine, &next));
    for (uint64_t number = next > SOTTO_FILES_REMEMBERED ? next - SOTTO_FILES_REMEMBERED : 1; number < next; number++) {
        app_offer offer;
        bytes_arena_mark mark = bytes_arena_here(&files->arena);
        sotto_status status = app_ledger_get(engine, &files->arena, number, &offer);
        if (sotto_is(status, SOTTO_E_NOT_FOUND)) continue;
        SOTTO_TRY(status);
        (*ret_count)++;
        if (files->json) {
            bytes_buffer line;
            bytes_buffer_owned(&line, sotto_host_default(), LINE_BYTES_MAX);
            app_offer_json(&line, &offer);
            put_line(files->task.output, &line);
        } else {
            app_print(files->task.output, APP_OUT, "%.*s: ", (int)offer.from.len, (const char *)offer.from.at);
            app_offer_print(files->task.output, &offer);
        }
        bytes_arena_back(&files->arena, mark);
    }
    return SOTTO_OK;
}

static void list(files_task *files) {
    uint64_t count = 0;
    sotto_status status = list_print(files, &count);
    if (!sotto_ok(status)) {
        app_task_fail(&files->task, status, app_session_jid(files->task.session));
        return;
    }
    if (count == 0 && !files->json) app_print(files->task.output, APP_ERR, "No files were offered yet.\n");
    app_task_finish(&files->task, APP_DONE);
}

/* ---- getting one ---- */

static void tell_saved(const files_task *files, const app_transfer_result *result) {
    char path[sizeof files->folder + APP_FILE_NAME_SIZE + 1];
    const char *separator = files->folder[strlen(files->folder) - 1] == '/' ? "" : "/";
    bytes_buffer line;
    (void)snprintf(path, sizeof path, "%s%s%s", files->folder, separator, result->name);
    if (!files->json) {
        app_print(files->task.output, APP_OUT, "%s\n", path);
        return;
    }
    bytes_buffer_owned(&line, sotto_host_default(), LINE_BYTES_MAX);
    app_json json = app_json_begin(&line);
    app_json_text(&json, "event", BYTES_LITERAL("saved"));
    if (files->number > 0)
        app_json_number(&json, "number", files->number);
    else
        app_json_null(&json, "number");
    app_json_text(&json, "path", bytes_text(path));
    app_json_number(&json, "size", result->size);
    app_json_hex(&json, result->hash.size == 64 ? "sha512" : "sha256", bytes_of(result->hash.bytes, result->hash.size));
    app_json_end(&json);
    put_line(files->task.output, &line);
}

static void on_fetched(void *arg, const app_transfer_result *result) {
    files_task *files = arg;
    files->transfer = NULL;
    app_progress_end(&files->progress);
    if (result->end == APP_TRANSFER_DONE) {
        tell_saved(files, result);
        app_task_finish(&files->task, APP_DONE);
        return;
    }
    app_trouble trouble;
    app_transfer_trouble(&trouble, result, files->name);
    app_task_refuse(&files->task, "Not saved: %s", trouble.text);
}

static void on_tick(void *arg, uint64_t *ret_done, uint64_t *ret_total) {
    const files_task *files = arg;
    app_transfer_progress(files->transfer, ret_done, ret_total);
}

static void fetch(files_task *files) {
    app_task *task = &files->task;
    const char *folder = app_argument(&task->arguments, "to");
    if ((size_t)snprintf(files->folder, sizeof files->folder, "%s", folder ? folder : ".") >= sizeof files->folder) {
        app_task_refuse(task, "Not saved: the path of the folder is too long.");
        return;
    }
    sotto_status status =
        app_transfer_fetch(&files->transfer, app_session_loop(task->session), app_session_ca(task->session),
                           &files->share, files->folder, files->name, on_fetched, files);
    if (sotto_ok(status))
        app_progress_begin(&files->progress, task->session, task->output, files->json, files->name, on_tick, files);
    else
        app_task_fail(task, status, app_session_jid(task->session));
}

/* The number of an offer; 0: it is none. */
static uint64_t number_of(const char *text) {
    uint64_t value = 0;
    size_t len = strspn(text, "0123456789");
    if (len == 0 || len > 18 || text[len]) return 0;
    for (; *text; text++) value = value * 10 + (uint64_t)(*text - '0');
    return value;
}

static bool offer_find(files_task *files) {
    app_offer offer;
    sotto_status status = app_ledger_get(app_session_engine(files->task.session), &files->arena, files->number, &offer);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) {
        app_task_refuse(&files->task, "There is no file %llu: sotto files lists them.",
                        (unsigned long long)files->number);
        return false;
    }
    if (!sotto_ok(status)) {
        app_task_fail(&files->task, status, app_session_jid(files->task.session));
        return false;
    }
    files->share = offer.share;
    (void)snprintf(files->name, sizeof files->name, "%.*s", (int)offer.share.name.len,
                   (const char *)offer.share.name.at);
    return true;
}

/* The URL stands in standard input when the argument is "-", because arguments can be seen by others. */
static bool url_read(files_task *files, const char *typed) {
    sotto_bytes text = strcmp(typed, "-") == 0 ? files->task.order.text : bytes_text(typed);
    while (text.len > 0 && text.at[text.len - 1] == '\n') text.len--;
    if (!sotto_ok(context_aesgcm_read(&files->arena, text, &files->share))) {
        app_task_refuse(&files->task,
                        "That is neither the number of a file (sotto files lists them) nor an aesgcm URL.");
        return false;
    }
    app_file_name_of_url(context_url_last(files->share.url), files->name);
    return true;
}

static void files_begin(app_task *task) {
    files_task *files = (files_task *)task;
    bytes_arena_init(&files->arena, sotto_host_default(), ARENA_BYTES_MAX);
    files->json = app_argument(&task->arguments, "json") != NULL;
    const char *const *words = task->arguments.positional;
    if (task->arguments.count == 0) {
        list(files);
        return;
    }
    if (strcmp(words[0], "get") != 0 || task->arguments.count != 2) {
        app_print(task->output, APP_ERR, "sotto files: takes nothing, or get NUMBER; see sotto help files\n");
        app_task_finish(task, APP_USAGE);
        return;
    }
    files->number = number_of(words[1]);
    if (files->number > 0 ? offer_find(files) : url_read(files, words[1])) fetch(files);
}

static void files_end(app_task *task) {
    files_task *files = (files_task *)task;
    app_progress_end(&files->progress);
    app_transfer_stop(files->transfer);
    bytes_arena_clear(&files->arena);
}

static bool files_takes_text(const app_arguments *arguments) {
    return arguments->count == 2 && strcmp(arguments->positional[1], "-") == 0;
}

const app_task_class app_files_task = {"files", sizeof(files_task), files_takes_text, files_begin, files_end};
