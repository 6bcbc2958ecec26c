/* SPDX-License-Identifier: ISC
 *
 * What the program says about itself, as data: `sotto help`, the manual pages, the completions and the reading of the
 * command line all use these tables, so they cannot disagree. Nothing here includes anything else of the program,
 * because the tool that writes the pages is built from this folder alone. */
#ifndef APP_TEXT_H
#define APP_TEXT_H

#include <stddef.h>
#include <stdio.h>

typedef struct app_option {
    char letter; /* 0: only the long form */
    const char *name;
    const char *argument; /* "FILE", "DIR", "PATH", "ACCOUNT", "HOST:PORT"; NULL: a flag. With "..." at its end it may
                             be given several times. A PATH or a DIR is of the folder in which it was typed, wherever
                             the command is executed, and a DIR that is not given is that folder */
    const char *text;
} app_option;

typedef struct app_example {
    const char *command;
    const char *text;
} app_example;

typedef struct app_topic {
    const char *name;
    const char *arguments;         /* "JID [TEXT]" */
    size_t least, most;            /* how many words that may be */
    const char *summary;           /* a line without a full stop */
    const char *const *paragraphs; /* ended by NULL; one that begins with a blank is printed as it is */
    const app_option *options;     /* ended by a NULL name */
    const app_example *examples;   /* ended by a NULL command */
} app_topic;

/* The ends of lists of them. */
#define OPTIONS_END                                                                                                    \
    { 0, NULL, NULL, NULL }
#define EXAMPLES_END                                                                                                   \
    { NULL, NULL }

/* Ended by NULL, in the order in which they are listed. */
extern const app_topic *const app_topics[];
/* Of topics_live.c. */
extern const app_topic app_topic_identity, app_topic_sessions;
const app_topic *app_topic_find(const char *name); /* NULL: none */

/* Options that every command takes, ended by a NULL name. */
extern const app_option app_text_common[];
/* What the program as a whole says: paragraphs, files, environment, exit status. */
extern const char *const app_text_about[];
extern const app_example app_text_files[];
extern const app_example app_text_environment[];
extern const app_example app_text_exit[];
extern const app_example app_text_start[]; /* the first commands of somebody new */

/* For a terminal of `width` columns. */
void app_text_overview(FILE *, unsigned width);
void app_text_topic(FILE *, const app_topic *, unsigned width);
/* mdoc(7); `topic` NULL: the page of the program. */
void app_text_manual(FILE *, const app_topic *);
/* For bash. */
void app_text_completion(FILE *);

#endif
