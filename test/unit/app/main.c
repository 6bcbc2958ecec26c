/* SPDX-License-Identifier: ISC
 *
 * Runs the groups one after the other. */
#include "app_tests.h"

#include <string.h>
#include <unistd.h>

static void kept_write(void *arg, app_stream stream, sotto_bytes bytes) {
    app_kept *kept = arg;
    if (stream == APP_PROMPT) {
        size_t at = strlen(kept->prompt);
        assert_true(at + bytes.len < sizeof kept->prompt);
        memcpy(kept->prompt + at, bytes.at, bytes.len);
        return;
    }
    char *to = stream == APP_OUT ? kept->out : kept->err;
    size_t *len = stream == APP_OUT ? &kept->out_len : &kept->err_len;
    assert_true(*len + bytes.len < sizeof kept->out);
    memcpy(to + *len, bytes.at, bytes.len);
    *len += bytes.len;
    to[*len] = '\0';
}

app_output app_kept_output(app_kept *kept) {
    memset(kept, 0, sizeof *kept);
    return (app_output){.write = kept_write, .arg = kept, .screen = {.width = 80}};
}

int main(void) {
    (void)alarm(APP_TESTS_SECONDS_MAX);
    return app_tests_clean() + app_tests_json() + app_tests_rooms() + app_tests_fingerprint() + app_tests_command() +
           app_tests_text() + app_tests_verify() + app_tests_show() + app_tests_terminal() + app_tests_home() +
           app_tests_control() + app_tests_history() + app_tests_chat() + app_tests_backup() + app_tests_import() +
           app_tests_identity() + app_tests_live();
}
