/* SPDX-License-Identifier: ISC
 *
 * Making an account out of a backup. */
#ifndef APP_BACKUP_RESTORE_H
#define APP_BACKUP_RESTORE_H

#include "app/backup/aside.h"
#include "app/backup/content.h"
#include "app/backup/file.h"

/* A backup that is being read: its passphrase fits, and what it is one of is known. */
typedef struct app_restoring {
    app_backup_file file;
    app_unsealing *unsealing;
    bytes_buffer room;
    uint64_t made_ms;
    char version[APP_CONTENT_VERSION_BYTES_MAX + 1];
    app_config config;
    uint64_t records;
    bool has_password;
} app_restoring;

bool app_restoring_open(app_restoring *ret, const char *path, sotto_bytes passphrase, app_trouble *);
/* Writes everything into the store, which is empty. When this fails the store is to be thrown away. */
bool app_restoring_write(app_restoring *, sotto_store *, app_trouble *);
void app_restoring_close(app_restoring *);

#endif
