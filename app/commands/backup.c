/* SPDX-License-Identifier: ISC
 *
 * sotto backup: everything that makes this account what it is to its contacts, in one encrypted file. Whoever holds the
 * account writes it; the passphrase is asked for here and handed on. */
#include "app/backup/file.h"
#include "app/backup/make.h"
#include "app/backup/secret.h"
#include "app/commands/commands.h"
#include "app/holder.h"
#include "app/json.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define JSON_BYTES_MAX 32768u

typedef struct backup_task {
    app_task task;
} backup_task;

static void json_done(const app_task *task, const app_config *config, const char *path, uint64_t records) {
    uint8_t room[JSON_BYTES_MAX];
    bytes_buffer text;
    sotto_bytes all;
    bytes_buffer_borrowed(&text, room, sizeof room);
    app_json json = app_json_begin(&text);
    app_json_text(&json, "event", BYTES_LITERAL("backup"));
    app_json_text(&json, "jid", bytes_text(config->account));
    app_json_text(&json, "path", bytes_text(path));
    app_json_number(&json, "records", records);
    app_json_bool(&json, "password", app_argument(&task->arguments, "with-password") != NULL);
    app_json_end(&json);
    if (sotto_ok(bytes_buffer_end(&text, &all))) app_put(task->output, APP_OUT, all);
}

static void backup_begin(app_task *task) {
    app_config config;
    app_trouble trouble;
    uint64_t records = 0;
    const char *path = task->arguments.positional[0];
    const app_backup_order order = {.engine = app_session_engine(task->session),
                                    .config = &config,
                                    .path = path,
                                    .passphrase = task->order.text,
                                    .cost = app_sealed_cost_usual,
                                    .with_password = app_argument(&task->arguments, "with-password") != NULL,
                                    .force = app_argument(&task->arguments, "force") != NULL,
                                    .now_ms = net_now_ms()};
    if (task->order.text.len == 0) {
        app_task_refuse(task, "There is no passphrase for the backup.");
    } else if (!app_config_read(&config, app_session_account(task->session), &trouble) ||
               !app_backup_make(&order, &records, &trouble)) {
        app_task_refuse(task, "%s", trouble.text);
    } else {
        if (app_argument(&task->arguments, "json"))
            json_done(task, &config, path, records);
        else
            app_print(task->output, APP_OUT,
                      "The backup of %s is in %s: %llu records, %s the password of the account.\n"
                      "Without its passphrase nobody can read it, you included.\n",
                      config.account, path, (unsigned long long)records, order.with_password ? "with" : "without");
        app_task_finish(task, APP_DONE);
    }
}

const app_task_class app_backup_task = {"backup", sizeof(backup_task), NULL, backup_begin, NULL};

/* Looked at before a passphrase is asked for; the holder, whose folder is another, gets the whole path. */
int app_backup_run(const app_context *context, const app_arguments *arguments) {
    char path[APP_PATH_SIZE];
    app_trouble trouble;
    app_secret passphrase = {.len = 0};
    app_arguments whole = *arguments;
    int exit_status = APP_REFUSED;
    whole.positional[0] = path;
    if (app_backup_path(arguments->positional[0], path, &trouble) &&
        app_backup_file_free(path, app_argument(arguments, "force") != NULL, &trouble) &&
        app_backup_passphrase(&passphrase, arguments, true, &context->output, &trouble))
        exit_status = app_holder_run_with(context, &whole, app_secret_bytes(&passphrase));
    else
        app_trouble_print(&context->output, "backup", &trouble);
    bytes_wipe(&passphrase, sizeof passphrase);
    return exit_status;
}
