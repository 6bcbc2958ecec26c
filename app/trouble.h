/* SPDX-License-Identifier: ISC
 *
 * What to tell a person when something went wrong: what happened, to whom, and what to do. */
#ifndef APP_TROUBLE_H
#define APP_TROUBLE_H

#include "app/output.h"

typedef struct app_trouble {
    char text[1024]; /* one sentence or more, without a line end; clean */
} app_trouble;

/* Sets the text (app_print's formats) and returns false, so that a function can end with it. */
bool app_trouble_set(app_trouble *, const char *format, ...) __attribute__((format(printf, 2, 3)));

void app_trouble_set_list(app_trouble *, const char *format, va_list);

/* What a status means for the person who ran a command, with the command that helps. `whom`: the address it is about,
 * or the account's own; never NULL. */
void app_trouble_status(app_trouble *, sotto_status, const char *account, const char *whom);

/* Adds what somebody else (a server, a library) said about it; nothing when that is empty. */
void app_trouble_said(app_trouble *, sotto_bytes text);

/* Both, for a connection that was lost or not made. */
void app_trouble_lost(app_trouble *, sotto_status, sotto_bytes text, const char *account, const char *whom);

/* "sotto COMMAND: text" on standard error; what the command send says begins with "Not sent:", unless the text has that
 * or "Perhaps sent:" already. */
void app_trouble_print(const app_output *, const char *command, const app_trouble *);

#endif
