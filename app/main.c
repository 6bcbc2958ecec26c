/* SPDX-License-Identifier: ISC
 *
 * The program: a table of subcommands. */
#include <errno.h>
#include <fcntl.h>

#include "app/commands/commands.h"
#include "app/holder.h"
#include "tls/wipe.h"

static const app_command commands[] = {
    {"setup", app_setup_run},
    {"send", app_send_run},
    {"listen", app_listen_run},
    {"devices", app_devices_run},
    {"identity", app_identity_run},
    {"sessions", app_holder_run},
    {"chat", app_chat_run},
    {"history", app_holder_run},
    {"trust", app_holder_run},
    {"distrust", app_holder_run},
    {"files", app_holder_run},
    {"repair", app_holder_run},
    {"leave", app_leave_run},
    {"backup", app_backup_run},
    {"restore", app_restore_run},
    {"import", app_import_run},
    {"join", app_holder_run},
    {"part", app_holder_run},
    {"rooms", app_holder_run},
    {"encrypt", app_encrypt_run},
    {"via", app_holder_run},
    {"verify", app_verify_run},
    {"resend", app_holder_run},
    {"help", app_help_run},
    {NULL, NULL},
};

/* A standard stream that is closed would be taken by the next file or socket of ours, and what is printed would go
 * there. Opened for reading, the outputs fail when they are written to, so that what could not be printed does not
 * count as delivered. False: not even that can be opened. */
static bool streams_open(void) {
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && (errno != EBADF || open("/dev/null", O_RDONLY | O_NOCTTY) != fd)) return false;
    return true;
}

int main(int argc, char **argv) {
    if (!streams_open()) return APP_REFUSED;
    /* Before anything else uses OpenSSL, which takes it only then: keys of sessions that ended are wiped. */
    if (!sotto_ok(tls_wipe_start())) return APP_REFUSED;
    bool failed = false;
    const app_context context = {app_output_standard(&failed), app_environment_process()};
    size_t count = argc > 0 ? (size_t)argc - 1 : 0;
    return app_dispatch(commands, &context, (const char *const *)argv + 1, count);
}
