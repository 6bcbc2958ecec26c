/* SPDX-License-Identifier: ISC
 *
 * A store for an account that has none on this machine, made aside and put into its place when it is whole: for restore
 * and import, neither of which may leave half an account behind, and neither of which needs the network. */
#ifndef APP_BACKUP_ASIDE_H
#define APP_BACKUP_ASIDE_H

#include <sotto/engine.h>
#include <sotto/sqlite.h>

#include "app/home/config.h"

typedef struct app_aside {
    const app_account *account;
    char path[APP_PATH_SIZE]; /* of the store, while it is aside */
    int lock;                 /* -1: not held */
    bool had_key;             /* a key file was there before */
    bool installed;
    sotto_store *store;
    sotto_engine *engine;
} app_aside;

/* Nothing may be there: neither settings nor a store. `what`: what must not go on top of them, in a sentence for the
 * person ("A backup is restored"). */
bool app_aside_free(const app_account *, const char *what, app_trouble *);
/* Makes the folders, takes the lock and makes the store: sealed with the passphrase, or with a key file where that is
 * empty. `account` outlives it. What is left of an attempt that was broken off is removed. */
bool app_aside_make(app_aside *ret, const app_account *account, sotto_bytes passphrase, app_trouble *);
/* Opens an engine over what was written into the store. */
bool app_aside_open(app_aside *, uint64_t now_ms, app_trouble *);
/* Closes engine and store, and gives the store its place; then the settings, where there are any (NULL: none). */
bool app_aside_install(app_aside *, const app_config *settings, app_trouble *);
/* What was not installed is gone. */
void app_aside_end(app_aside *);

#endif
