/* SPDX-License-Identifier: ISC
 *
 * sotto restore: an account out of a backup, on a machine that has none of it. The identity is the same, so contacts
 * see no new key; the device is a new one, and the old one is taken off the list by the first command that connects. */
#include <string.h>
#include <unistd.h>

#include "account/account.h"
#include "app/backup/restore.h"
#include "app/backup/secret.h"
#include "app/commands/commands.h"
#include "app/holder.h"
#include "app/json.h"
#include "app/keys.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define JSON_BYTES_MAX 8192u

typedef struct restoring {
    const app_output *output;
    const app_arguments *arguments;
    app_restoring from;
    app_account account;
    app_aside aside;
    app_secret passphrase, store_passphrase, password;
    uint32_t device;
    app_trouble trouble;
} restoring;

/* Whose backup it is stands in it; who names an account means that one. */
static bool find(restoring *r, const app_context *context) {
    app_home home;
    char wanted[SOTTO_JID_BYTES_MAX + 1];
    const char *asked = app_argument(r->arguments, "account");
    if (asked && (!app_jid_read(asked, wanted) || strcmp(wanted, r->from.config.account) != 0))
        return app_trouble_set(&r->trouble, "This is a backup of %s and not of %s. Nothing was changed.",
                               r->from.config.account, asked);
    return app_home_find(&home, &context->environment, app_argument(r->arguments, "home"), &r->trouble) &&
           app_account_at(&r->account, &home, r->from.config.account, &r->trouble) &&
           app_aside_free(&r->account, "A backup is restored", &r->trouble);
}

/* The new store is sealed as the old one was. */
static bool secrets(restoring *r) {
    const char *path = app_argument(r->arguments, "passphrase-file");
    const char *password = app_argument(r->arguments, "password-file");
    if (password && !app_holder_secret_file(&r->password, password, r->output, &r->trouble)) return false;
    if (!r->from.config.passphrase) return true;
    if (path) return app_holder_secret_file(&r->store_passphrase, path, r->output, &r->trouble);
    return app_backup_ask(&r->store_passphrase, "New passphrase of the store: ", "Again: ", "passphrase-file",
                          &r->trouble);
}

/* What the engine made of it is told here, in other words. */
static sotto_status settle(restoring *r) {
    sotto_output output;
    sotto_engine *engine = r->aside.engine;
    while (sotto_engine_next(engine, &output)) {
        if (output.kind != SOTTO_OUTPUT_EVENT || output.event.kind != SOTTO_EVENT_COPIED) continue;
        r->device = output.event.number;
        SOTTO_TRY(sotto_engine_done(engine, output.seq));
    }
    if (r->password.len > 0)
        SOTTO_TRY(sotto_engine_note(engine, BYTES_LITERAL(ACCOUNT_NOTE_PASSWORD), app_secret_bytes(&r->password)));
    return sotto_engine_commit(engine);
}

static bool restore(restoring *r, const app_context *context) {
    if (!app_backup_passphrase(&r->passphrase, r->arguments, false, r->output, &r->trouble) ||
        !app_restoring_open(&r->from, r->arguments->positional[0], app_secret_bytes(&r->passphrase), &r->trouble) ||
        !find(r, context) || !secrets(r) ||
        !app_aside_make(&r->aside, &r->account, app_secret_bytes(&r->store_passphrase), &r->trouble) ||
        !app_restoring_write(&r->from, r->aside.store, &r->trouble) ||
        !app_aside_open(&r->aside, net_now_ms(), &r->trouble))
        return false;
    sotto_status status = settle(r);
    if (sotto_ok(status)) return app_aside_install(&r->aside, &r->from.config, &r->trouble);
    app_trouble_status(&r->trouble, status, r->account.jid, r->account.jid);
    return false;
}

static bool is_without_password(const restoring *r) {
    return !r->from.has_password && r->password.len == 0;
}

static void tell_json(const restoring *r) {
    uint8_t room[JSON_BYTES_MAX];
    bytes_buffer text;
    sotto_bytes all;
    bytes_buffer_borrowed(&text, room, sizeof room);
    app_json json = app_json_begin(&text);
    app_json_text(&json, "event", BYTES_LITERAL("restored"));
    app_json_text(&json, "jid", bytes_text(r->account.jid));
    app_json_number(&json, "records", r->from.records);
    app_json_number(&json, "device", r->device);
    app_json_bool(&json, "password", !is_without_password(r));
    app_json_end(&json);
    if (sotto_ok(bytes_buffer_end(&text, &all))) app_put(r->output, APP_OUT, all);
}

static void warn_of_ca(const restoring *r) {
    if (!r->from.config.ca[0] || access(r->from.config.ca, R_OK) == 0) return;
    app_print(r->output, APP_ERR,
              "sotto: Warning: the settings name certificate authorities in %s, which is not on this machine: sotto "
              "setup %s --ca FILE says where they are.\n",
              r->from.config.ca, r->account.jid);
}

static void tell(const restoring *r) {
    const char *jid = r->account.jid;
    app_print(r->output, APP_OUT, "%s is restored: %llu records. This is a new device, number %u, with the same key.\n",
              jid, (unsigned long long)r->from.records, (unsigned)r->device);
    app_print(
        r->output, APP_OUT,
        "The next command that connects publishes it and takes the old one off the list. Sessions begin anew, and "
        "what arrived since the backup was made is not here.\n");
    if (is_without_password(r))
        app_print(r->output, APP_OUT, "The password is not in the backup: sotto setup %s asks for it.\n", jid);
    app_print(r->output, APP_OUT,
              "If the old device is still in use, leave with one of the two (sotto leave): they have one key, and "
              "cannot write to each other.\n");
}

int app_restore_run(const app_context *context, const app_arguments *arguments) {
    restoring *r = bytes_new(sotto_host_default(), sizeof *r);
    if (!r) {
        app_print(&context->output, APP_ERR, "sotto restore: out of memory\n");
        return APP_REFUSED;
    }
    r->output = &context->output;
    r->arguments = arguments;
    r->aside.lock = r->from.file.fd = -1;
    bool done = restore(r, context);
    if (done) warn_of_ca(r);
    if (done && app_argument(arguments, "json"))
        tell_json(r);
    else if (done)
        tell(r);
    else
        app_trouble_print(&context->output, "restore", &r->trouble);
    app_aside_end(&r->aside);
    app_restoring_close(&r->from);
    bytes_free(sotto_host_default(), r, sizeof *r);
    return done ? APP_DONE : APP_REFUSED;
}
