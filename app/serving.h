/* SPDX-License-Identifier: ISC
 *
 * Executing the commands of others, for as long as this process holds the account. */
#ifndef APP_SERVING_H
#define APP_SERVING_H

#include "app/control/control.h"
#include "app/home/lock.h"
#include "app/session.h"

typedef struct app_serving {
    app_session *session;
    app_control *control; /* NULL: closed */
    app_control_path path;
    app_watch watch; /* for the signs of life */
} app_serving;

/* Opens the control socket. Without it other commands could only wait, so it is not an option. The caller holds the
 * account's lock; the struct stays where it is until it is closed. */
bool app_serving_open(app_serving *, app_session *, const app_account *holder, app_trouble *);
/* Harmless when it is not open. Before the session is closed. */
void app_serving_close(app_serving *);

#endif
