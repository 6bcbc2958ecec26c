/* SPDX-License-Identifier: ISC
 *
 * One process at a time holds an account. The lock is the kernel's (flock), so it goes with the process whatever ends
 * it, and what is written in the file is only for people. */
#ifndef APP_HOME_LOCK_H
#define APP_HOME_LOCK_H

#include "app/home/home.h"

typedef enum app_lock_result { APP_LOCK_TAKEN, APP_LOCK_BUSY, APP_LOCK_FAILED } app_lock_result;

/* TAKEN: *ret_fd holds it until it is closed. BUSY: *ret_pid has it (0: not known). */
app_lock_result app_lock_take(const app_account *, int *ret_fd, unsigned *ret_pid, app_trouble *);

/* The path to bind or connect the account's control socket by: at most 107 bytes (sun_path). A longer one goes through
 * a descriptor of its folder and /proc/self/fd, which is why there is something to close. */
typedef struct app_control_path {
    char path[108];
    int folder; /* -1: none */
} app_control_path;
bool app_control_path_open(app_control_path *ret, const app_account *, app_trouble *);
void app_control_path_close(app_control_path *);

#endif
