/* SPDX-License-Identifier: ISC
 *
 * The passphrase of a backup, from a file or the terminal. */
#ifndef APP_BACKUP_SECRET_H
#define APP_BACKUP_SECRET_H

#include "app/command.h"
#include "app/terminal.h"
#include "app/trouble.h"

#define APP_BACKUP_PASSPHRASE_OPTION "backup-passphrase-file"

/* For a new backup it is asked for twice: nobody could open it with a slip of the finger. */
bool app_backup_passphrase(app_secret *ret, const app_arguments *, bool fresh, const app_output *, app_trouble *);
/* Asks at the terminal, twice if `again` is a question too; `instead` is the option that makes asking unnecessary. */
bool app_backup_ask(app_secret *ret, const char *question, const char *again, const char *instead, app_trouble *);

#endif
