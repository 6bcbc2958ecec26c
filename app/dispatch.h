/* SPDX-License-Identifier: ISC
 *
 * From the words of a command line to the command that they name. */
#ifndef APP_DISPATCH_H
#define APP_DISPATCH_H

#include "app/command.h"
#include "app/home/home.h"

/* What a command is given: its arguments, the process's streams, and where to look for accounts. */
typedef struct app_context {
    app_output output;
    app_environment environment;
} app_context;

typedef struct app_command {
    const char *name; /* a topic of app/text/topics.c says everything else */
    int (*run)(const app_context *, const app_arguments *);
} app_command;

/* Runs the command that `words` (argv without the program's name) ask for out of a table ended by a NULL name, and
 * returns the exit status. */
int app_dispatch(const app_command *table, const app_context *, const char *const *words, size_t count);

/* The help of a topic, or with NULL that of the program. */
void app_help_print(const app_output *, app_stream, const app_topic *);

#endif
