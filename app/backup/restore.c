/* SPDX-License-Identifier: ISC
 *
 * Reading a backup into a store. Records are written as they come, some hundred in a transaction, so that a large
 * backup needs no large memory; what comes of a backup that turns out to be broken in the middle is thrown away by the
 * caller. */
#include "app/backup/restore.h"

#include <stdio.h>
#include <string.h>

#include "account/account.h"
#include "bytes/arena.h"
#include "bytes/span.h"

#define BATCH_RECORDS 256u
#define BATCH_BYTES   ((size_t)1024 * 1024)
#define BATCH_CEILING ((size_t)16 * 1024 * 1024)

static bool fault_tell(const app_restoring *r, app_sealed_fault fault, app_trouble *trouble) {
    if (fault == APP_SEALED_OUTSIDE)
        return app_trouble_set(trouble, "%s cannot be read: %s.", r->file.path, strerror(r->file.error));
    return app_trouble_set(trouble, "%s cannot be restored: %s. Nothing was changed.", r->file.path,
                           app_sealed_fault_text(fault));
}

static bool about_take(app_restoring *r, const app_content_about *about, app_trouble *trouble) {
    r->made_ms = about->made_ms;
    memcpy(r->version, about->version.at, about->version.len);
    r->version[about->version.len] = '\0';
    if (!app_config_parse(&r->config, about->settings, "The settings in the backup", trouble)) return false;
    return bytes_is(about->account, r->config.account) || fault_tell(r, APP_SEALED_STRANGE, trouble);
}

bool app_restoring_open(app_restoring *ret, const char *path, sotto_bytes passphrase, app_trouble *trouble) {
    app_content_entry entry;
    *ret = (app_restoring){.file.fd = -1};
    bytes_buffer_owned(&ret->room, sotto_host_default(), APP_CONTENT_ROOM_BYTES);
    if (!app_backup_file_open(&ret->file, path, trouble)) return false;
    (void)snprintf(ret->file.path, sizeof ret->file.path, "%s", path);
    app_sealed_fault fault = app_unsealing_new(&ret->unsealing, passphrase, app_backup_file_read, &ret->file);
    if (fault == APP_SEALED_FINE) fault = app_content_next(ret->unsealing, &ret->room, &entry);
    if (fault == APP_SEALED_FINE && entry.kind != APP_CONTENT_ABOUT) fault = APP_SEALED_STRANGE;
    if (fault != APP_SEALED_FINE) return fault_tell(ret, fault, trouble);
    return about_take(ret, &entry.about, trouble);
}

/* ---- records ---- */

typedef struct batch {
    bytes_arena arena;
    sotto_change changes[BATCH_RECORDS];
    size_t count, bytes;
} batch;

static sotto_status batch_write(batch *b, sotto_store *store) {
    if (b->count > 0) SOTTO_TRY(store->methods->write(store, b->changes, b->count));
    bytes_arena_back(&b->arena, (bytes_arena_mark){0});
    b->count = b->bytes = 0;
    return SOTTO_OK;
}

static sotto_status batch_add(batch *b, sotto_store *store, const app_content_entry *entry) {
    sotto_change *change = &b->changes[b->count];
    if (!bytes_arena_copy(&b->arena, entry->key, &change->key) ||
        !bytes_arena_copy(&b->arena, entry->value, &change->value))
        return SOTTO_FAIL(NO_MEMORY);
    b->count++;
    b->bytes += entry->value.len;
    return b->count == BATCH_RECORDS || b->bytes >= BATCH_BYTES ? batch_write(b, store) : SOTTO_OK;
}

static void record_look(app_restoring *r, const app_content_entry *entry) {
    r->records++;
    if (bytes_is(entry->key, "N" ACCOUNT_NOTE_PASSWORD)) r->has_password = true;
}

static app_sealed_fault write_all(app_restoring *r, sotto_store *store, batch *b, sotto_status *ret_status) {
    app_content_entry entry;
    for (;;) {
        app_sealed_fault fault = app_content_next(r->unsealing, &r->room, &entry);
        if (fault != APP_SEALED_FINE) return fault;
        if (entry.kind == APP_CONTENT_ABOUT) return APP_SEALED_STRANGE;
        if (entry.kind == APP_CONTENT_END) break;
        record_look(r, &entry);
        *ret_status = batch_add(b, store, &entry);
        if (!sotto_ok(*ret_status)) return APP_SEALED_FINE;
    }
    *ret_status = batch_write(b, store);
    return entry.count == r->records ? APP_SEALED_FINE : APP_SEALED_STRANGE;
}

bool app_restoring_write(app_restoring *r, sotto_store *store, app_trouble *trouble) {
    batch b = {.count = 0};
    sotto_status status = SOTTO_OK;
    bytes_arena_init(&b.arena, sotto_host_default(), BATCH_CEILING);
    app_sealed_fault fault = write_all(r, store, &b, &status);
    bytes_arena_clear(&b.arena);
    if (fault != APP_SEALED_FINE) return fault_tell(r, fault, trouble);
    if (!sotto_ok(status)) app_trouble_status(trouble, status, r->config.account, r->config.account);
    return sotto_ok(status);
}

void app_restoring_close(app_restoring *r) {
    app_unsealing_free(r->unsealing);
    r->unsealing = NULL;
    bytes_buffer_free(&r->room);
    app_backup_file_close(&r->file);
}
