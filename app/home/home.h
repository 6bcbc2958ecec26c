/* SPDX-License-Identifier: ISC
 *
 * Where things are on the disk. Settings and keys are in one place and data in another, so that a backup of the data
 * alone opens nothing:
 *
 *     CONFIG/ACCOUNT/account.conf   settings (config.h)
 *     CONFIG/ACCOUNT/store.key      the key file, where the store has one
 *     DATA/ACCOUNT/store.sqlite     the store
 *     DATA/ACCOUNT/lock             held by the process that holds the account
 *     DATA/ACCOUNT/control          that process's socket
 *
 * CONFIG is $XDG_CONFIG_HOME/sotto or ~/.config/sotto, DATA is $XDG_DATA_HOME/sotto or ~/.local/share/sotto; with
 * --home DIR they are DIR/config and DIR/data. The socket is with the data and not in $XDG_RUNTIME_DIR because cron has
 * no such variable and must find it too. */
#ifndef APP_HOME_H
#define APP_HOME_H

#include <limits.h>

#include <sotto/limits.h>

#include "app/trouble.h"

/* Room for a path with the names above appended. */
#define APP_PATH_SIZE       PATH_MAX
#define APP_FOLDER_NAME_MAX 200u /* bytes of an account's folder name; longer addresses end in a hash */

/* What is asked of the environment; NULL or empty: not set. */
typedef struct app_environment {
    const char *home, *xdg_config, *xdg_data;
} app_environment;
app_environment app_environment_process(void);

typedef struct app_home {
    char config[APP_PATH_SIZE], data[APP_PATH_SIZE]; /* absolute */
} app_home;

/* `wanted`: what --home said, or NULL. */
bool app_home_find(app_home *ret, const app_environment *, const char *wanted, app_trouble *);

typedef struct app_account {
    char jid[SOTTO_JID_BYTES_MAX + 1]; /* bare, normalized */
    char config_folder[APP_PATH_SIZE], config[APP_PATH_SIZE], key[APP_PATH_SIZE];
    char data_folder[APP_PATH_SIZE], store[APP_PATH_SIZE], lock[APP_PATH_SIZE], control[APP_PATH_SIZE];
} app_account;

/* The paths of an account, which need not be there. False: the address is not one, or a path is too long. */
bool app_account_at(app_account *ret, const app_home *, const char *jid, app_trouble *);
/* Makes its two folders, only for their owner. */
bool app_account_make(const app_account *, app_trouble *);
/* Removes what is in them, and them. */
bool app_account_remove(const app_account *, app_trouble *);

/* The account that is meant: `wanted`, or the only one there is. */
bool app_account_choose(app_account *ret, const app_home *, const char *wanted, app_trouble *);
/* A bare JID from what a person typed: normalized, without resource. False: not an address. */
bool app_jid_read(const char *text, char ret[SOTTO_JID_BYTES_MAX + 1]);

#endif
