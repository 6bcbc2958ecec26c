/* SPDX-License-Identifier: ISC
 *
 * Making a backup of an account that is open. */
#ifndef APP_BACKUP_MAKE_H
#define APP_BACKUP_MAKE_H

#include <sotto/engine.h>

#include "app/backup/sealed.h"
#include "app/home/config.h"

typedef struct app_backup_order {
    sotto_engine *engine;
    const app_config *config;
    const char *path; /* absolute */
    sotto_bytes passphrase;
    app_sealed_cost cost;
    bool with_password; /* the account's password is in it as well */
    bool force;         /* write over what is there */
    uint64_t now_ms;
} app_backup_order;

/* All of it or no file. *ret_records: how many it holds. */
bool app_backup_make(const app_backup_order *, uint64_t *ret_records, app_trouble *);

#endif
