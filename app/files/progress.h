/* SPDX-License-Identifier: ISC
 *
 * How far a transfer is, told now and then: a line on a terminal that is written over, or objects for programs. */
#ifndef APP_FILES_PROGRESS_H
#define APP_FILES_PROGRESS_H

#include "app/files/name.h"
#include "app/session.h"

#define APP_PROGRESS_EVERY_MS 500u

typedef void app_progress_look(void *arg, uint64_t *ret_done, uint64_t *ret_total);

typedef struct app_progress_line {
    app_session *session;
    app_watch watch;
    const app_output *output;
    bool json, running;
    char name[APP_FILE_NAME_SIZE];
    app_progress_look *look;
    void *arg;
    uint64_t told;
} app_progress_line;

/* From now on until app_progress_end; the line lies where the caller has it. */
void app_progress_begin(app_progress_line *, app_session *, const app_output *, bool json, const char *name,
                        app_progress_look *, void *arg);
void app_progress_end(app_progress_line *); /* harmless when it does not run */

#endif
