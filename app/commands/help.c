/* SPDX-License-Identifier: ISC
 *
 * sotto help. */
#include "app/commands/commands.h"

int app_help_run(const app_context *context, const app_arguments *arguments) {
    const char *name = arguments->positional[0];
    const app_topic *topic = name ? app_topic_find(name) : NULL;
    if (name && !topic) {
        app_print(&context->output, APP_ERR, "sotto help: there is no command %s; see sotto help\n", name);
        return APP_USAGE;
    }
    app_help_print(&context->output, APP_OUT, topic);
    return APP_DONE;
}
