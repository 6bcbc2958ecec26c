/* SPDX-License-Identifier: ISC
 *
 * Making a backup. What belongs into it the engine says (sotto_engine_backup); here only the notes of the account that
 * are of no use elsewhere are left out, and the password unless it is wanted. */
#include "app/backup/make.h"

#include <string.h>

#include "account/account.h"
#include "app/backup/content.h"
#include "app/backup/file.h"
#include "app/version.h"
#include "bytes/span.h"

typedef struct making {
    const app_backup_order *order;
    app_sealing *sealing;
    app_sealed_fault fault;
    uint64_t records;
} making;

/* 'N' and the name: a note of the host or of the account (doc/engine.md). */
static bool is_note(sotto_bytes key, const char *name) {
    return key.len > 0 && key.at[0] == 'N' && bytes_is(bytes_after(key, 1), name);
}

static sotto_status record_put(void *arg, sotto_bytes key, sotto_bytes value) {
    making *m = arg;
    if (is_note(key, ACCOUNT_NOTE_STREAM) || is_note(key, ACCOUNT_NOTE_SUSPECT)) return SOTTO_OK;
    if (is_note(key, ACCOUNT_NOTE_PASSWORD) && !m->order->with_password) return SOTTO_OK;
    m->fault = app_content_put_record(m->sealing, key, value);
    m->records++;
    return m->fault == APP_SEALED_FINE ? SOTTO_OK : SOTTO_FAIL(SYSTEM);
}

static app_sealed_fault about_put(const making *m) {
    uint8_t room[APP_CONTENT_SETTINGS_BYTES_MAX];
    bytes_buffer settings;
    app_content_about about = {.made_ms = m->order->now_ms,
                               .version = BYTES_LITERAL(APP_VERSION),
                               .account = bytes_text(m->order->config->account)};
    bytes_buffer_borrowed(&settings, room, sizeof room);
    app_config_format(m->order->config, &settings);
    if (!sotto_ok(bytes_buffer_end(&settings, &about.settings))) return APP_SEALED_STRANGE;
    return app_content_put_about(m->sealing, &about);
}

/* The store may fail too, which the fault does not say. */
static sotto_status write_all(making *m) {
    m->fault = about_put(m);
    if (m->fault != APP_SEALED_FINE) return SOTTO_OK;
    sotto_status status = sotto_engine_backup(m->order->engine, record_put, m);
    if (m->fault != APP_SEALED_FINE) return SOTTO_OK;
    SOTTO_TRY(status);
    m->fault = app_content_put_end(m->sealing, m->records);
    return SOTTO_OK;
}

static bool fault_tell(app_sealed_fault fault, const app_backup_file *file, app_trouble *trouble) {
    if (fault == APP_SEALED_OUTSIDE)
        return app_trouble_set(trouble, "The backup %s cannot be written: %s. Nothing was left there.", file->path,
                               strerror(file->error));
    return app_trouble_set(trouble, "The backup cannot be made: %s.", app_sealed_fault_text(fault));
}

bool app_backup_make(const app_backup_order *order, uint64_t *ret_records, app_trouble *trouble) {
    app_backup_file file;
    making m = {.order = order};
    if (!app_backup_file_make(&file, order->path, order->force, trouble)) return false;
    sotto_status status = SOTTO_OK;
    m.fault = app_sealing_new(&m.sealing, order->passphrase, &order->cost, app_backup_file_write, &file);
    if (m.fault == APP_SEALED_FINE) status = write_all(&m);
    app_sealing_free(m.sealing);
    bool done = sotto_ok(status) && m.fault == APP_SEALED_FINE;
    if (done)
        done = app_backup_file_keep(&file, order->force, trouble);
    else if (!sotto_ok(status))
        app_trouble_status(trouble, status, order->config->account, order->config->account);
    else
        (void)fault_tell(m.fault, &file, trouble);
    app_backup_file_close(&file);
    if (done) *ret_records = m.records;
    return done;
}
