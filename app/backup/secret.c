/* SPDX-License-Identifier: ISC
 *
 * Asking for the passphrase of a backup. */
#include "app/backup/secret.h"

#include <string.h>
#include <unistd.h>

#include "app/holder.h"
#include "bytes/memory.h"

static bool ask(app_secret *ret, int terminal, const char *question, app_trouble *trouble) {
    sotto_status status = app_terminal_secret(terminal, question, ret);
    if (sotto_ok(status)) return true;
    if (sotto_is(status, SOTTO_E_TOO_LARGE)) return app_trouble_set(trouble, "That is too long.");
    return app_trouble_set(trouble, "Cancelled; nothing was changed.");
}

bool app_backup_ask(app_secret *ret, const char *question, const char *again, const char *instead,
                    app_trouble *trouble) {
    app_secret second = {.len = 0};
    int terminal = app_terminal_open();
    if (terminal < 0) return app_trouble_set(trouble, "There is no terminal to ask at: use --%s FILE.", instead);
    bool asked = ask(ret, terminal, question, trouble) && (!again || ask(&second, terminal, again, trouble));
    (void)close(terminal);
    bool same = !again || (second.len == ret->len && memcmp(second.bytes, ret->bytes, ret->len) == 0);
    bytes_wipe(&second, sizeof second);
    return asked && (same || app_trouble_set(trouble, "The two are not the same. Nothing was changed."));
}

bool app_backup_passphrase(app_secret *ret, const app_arguments *arguments, bool fresh, const app_output *output,
                           app_trouble *trouble) {
    const char *path = app_argument(arguments, APP_BACKUP_PASSPHRASE_OPTION);
    if (path) return app_holder_secret_file(ret, path, output, trouble);
    return app_backup_ask(ret, fresh ? "Passphrase for the backup: " : "Passphrase of the backup: ",
                          fresh ? "Again: " : NULL, APP_BACKUP_PASSPHRASE_OPTION, trouble);
}
