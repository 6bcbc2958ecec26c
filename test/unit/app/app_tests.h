/* SPDX-License-Identifier: ISC
 *
 * The groups of tests of app/, and a sink that keeps what commands print. */
#ifndef APP_TESTS_H
#define APP_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/output.h"

#define APP_TESTS_SECONDS_MAX 120

int app_tests_backup(void);
int app_tests_chat(void);
int app_tests_clean(void);
int app_tests_command(void);
int app_tests_control(void);
int app_tests_fingerprint(void);
int app_tests_history(void);
int app_tests_home(void);
int app_tests_import(void);
int app_tests_identity(void);
int app_tests_json(void);
int app_tests_live(void);
int app_tests_rooms(void);
int app_tests_show(void);
int app_tests_terminal(void);
int app_tests_text(void);
int app_tests_verify(void);

typedef struct app_kept {
    char out[8192], err[8192], prompt[512]; /* every prompt, one behind the other */
    size_t out_len, err_len;
} app_kept;

/* Prints into *kept, which is emptied. */
app_output app_kept_output(app_kept *kept);

#endif
