/* SPDX-License-Identifier: ISC
 *
 * Dispatch. */
#include "app/dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/version.h"
#include "bytes/span.h"

void app_help_print(const app_output *output, app_stream stream, const app_topic *topic) {
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    if (!to) return;
    if (topic)
        app_text_topic(to, topic, output->screen.width);
    else
        app_text_overview(to, output->screen.width);
    if (fclose(to) == 0) app_put(output, stream, bytes_of(text, len));
    free(text);
}

static const app_command *command_find(const app_command *table, const char *name) {
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0) return table;
    return NULL;
}

static int version_print(const app_context *context) {
    app_print(&context->output, APP_OUT, "sotto %s\n", APP_VERSION);
    return APP_DONE;
}

/* Options before the command's name and behind it are the same ones, so what was said in front counts for the rest. */
static int dispatch(const app_command *table, const app_context *context, const char *const *words, size_t count) {
    const app_output *output = &context->output;
    app_arguments arguments = {0};
    if (count == 1 && strcmp(words[0], "--version") == 0) return version_print(context);
    size_t used = app_arguments_common(&arguments, words, count, output);
    if (used == SIZE_MAX) return APP_USAGE;
    if (app_argument(&arguments, "help")) {
        app_help_print(output, APP_OUT, NULL);
        return APP_DONE;
    }
    if (used == count) {
        app_help_print(output, APP_ERR, NULL);
        return APP_USAGE;
    }
    const app_command *command = command_find(table, words[used]);
    if (!command) {
        app_print(output, APP_ERR, "sotto: there is no command %s; see sotto help\n", words[used]);
        return APP_USAGE;
    }
    const app_topic *topic = app_topic_find(command->name);
    if (!app_arguments_read(&arguments, topic, words + used + 1, count - used - 1, output)) return APP_USAGE;
    if (app_argument(&arguments, "help")) {
        app_help_print(output, APP_OUT, topic);
        return APP_DONE;
    }
    return command->run(context, &arguments);
}

/* Whoever did not get what was asked for must not be told that all is well. */
int app_dispatch(const app_command *table, const app_context *context, const char *const *words, size_t count) {
    int exit_status = dispatch(table, context, words, count);
    return exit_status == APP_DONE && app_output_failed(&context->output) ? APP_REFUSED : exit_status;
}
