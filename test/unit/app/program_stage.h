/* SPDX-License-Identifier: ISC
 *
 * What the tests of the program share: people with homes of their own, the server, the last command and what it said.
 */
#ifndef PROGRAM_STAGE_H
#define PROGRAM_STAGE_H

#include "program_tests.h"

#include <string.h>

#define JULIET "juliet@" PROGRAM_DOMAIN
#define ROMEO  "romeo@" PROGRAM_DOMAIN
#define NURSE  "nurse@" PROGRAM_DOMAIN

typedef struct stage {
    const char *program;
    char folder[64];
    program_server server;
    program_run run; /* of the last command */
    program_run listener;
} stage;

extern stage the;

/* A home for each person, so that they do not know of each other. */
const char *home_of(const char *who);
void run_with(const char *input, size_t len, const char *const *words);
#define RUN(...)              run_with(NULL, 0, (const char *const[]){__VA_ARGS__, NULL})
#define RUN_INPUT(input, ...) run_with(input, strlen(input), (const char *const[]){__VA_ARGS__, NULL})
void done(void);
/* One line on standard error that holds `text`. */
void refused(int status, const char *text);
const char *file_with(const char *name, const char *text);
void set_up(const char *who, const char *home);
void listen_start(const char *home, const char *how);
void listen_end(int signal_number, int status);
bool exists(const char *home, const char *below);
mode_t mode_of(const char *home, const char *below);
/* The value of a member of the first object of `out` that holds `mark`. */
const char *member(const char *out, const char *mark, const char *name);

#endif
