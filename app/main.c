/* SPDX-License-Identifier: ISC
 *
 * The program: a table of subcommands. */
#include "app/commands/commands.h"
#include "app/holder.h"

static const app_command commands[] = {
    {"setup", app_setup_run},   {"send", app_holder_run},
    {"listen", app_listen_run}, {"devices", app_holder_run},
    {"trust", app_holder_run},  {"distrust", app_holder_run},
    {"repair", app_holder_run}, {"leave", app_leave_run},
    {"help", app_help_run},     {NULL, NULL},
};

int main(int argc, char **argv) {
    bool failed = false;
    const app_context context = {app_output_standard(&failed), app_environment_process()};
    size_t count = argc > 0 ? (size_t)argc - 1 : 0;
    return app_dispatch(commands, &context, (const char *const *)argv + 1, count);
}
