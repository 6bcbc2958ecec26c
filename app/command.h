/* SPDX-License-Identifier: ISC
 *
 * The command line: what a topic's tables (app/text/text.h) say a command takes, read from argv. A mistake is told in
 * one line that ends with where to look; the exit status is then 2. */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include "app/output.h"
#include "app/text/text.h"

#define APP_DONE     0 /* exit statuses */
#define APP_REFUSED  1 /* or failed */
#define APP_USAGE    2
#define APP_ASK      3 /* inside the program alone: the person has to say something first, and then it is done again */
#define APP_ASK_SAME 4 /* the same, with one key: whether the eight characters are the same (sotto verify) */

#define APP_OPTIONS_MAX    16u
#define APP_POSITIONAL_MAX 10u /* a JID and a fingerprint in eight groups, with room */
#define APP_AGAIN_MAX      15u /* values of an option that may be given several times, after its first */

typedef struct app_arguments {
    const app_topic *topic;
    const char *given[APP_OPTIONS_MAX];             /* by place in the topic's table; a flag that is set: "" */
    const char *common[APP_OPTIONS_MAX];            /* by place in app_text_common */
    const char *positional[APP_POSITIONAL_MAX + 1]; /* ended by NULL */
    size_t count;
    struct {
        size_t option; /* its place in the topic's table */
        const char *value;
    } again[APP_AGAIN_MAX];
    size_t again_count;
} app_arguments;

/* Reads the words after the command's name into *ret, in whatever order options and other words come; "--" ends the
 * options. On a mistake prints one line to `output` and returns false. Values in *ret are those of words. */
bool app_arguments_read(app_arguments *ret, const app_topic *topic, const char *const *words, size_t count,
                        const app_output *output);

/* The value of an option by its long name; NULL: not given. A flag that is given is "". */
const char *app_argument(const app_arguments *, const char *name);
/* Gives an option of the command's own a value; false: it has no such option. */
bool app_argument_set(app_arguments *, const char *name, const char *value);
/* Of an option that may be given several times, the value at this place, from 0; NULL: there are not so many. */
const char *app_argument_at(const app_arguments *, const char *name, size_t which);

/* Options before the command's name: the common ones, into `common`. Returns how many words they took, or SIZE_MAX
 * after a mistake, which was told. */
size_t app_arguments_common(app_arguments *ret, const char *const *words, size_t count, const app_output *output);

/* "HOST:PORT", "[v6]:PORT"; the host is copied. False: not of that form. */
bool app_argument_address(const char *text, char ret_host[256], uint16_t *ret_port);

#endif
