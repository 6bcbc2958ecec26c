/* SPDX-License-Identifier: ISC
 *
 * Asking the person at the terminal: secrets without echo, yes or no; and progress, which is for people only. */
#ifndef APP_TERMINAL_H
#define APP_TERMINAL_H

#include "app/output.h"

#define APP_SECRET_BYTES_MAX 1024u /* a password or passphrase, in UTF-8 */

typedef struct app_secret {
    size_t len;
    uint8_t bytes[APP_SECRET_BYTES_MAX];
} app_secret;

static inline sotto_bytes app_secret_bytes(const app_secret *secret) {
    return (sotto_bytes){secret->bytes, secret->len};
}

/* The terminal of the process, for reading and writing, whatever its standard streams are; -1: there is none. */
int app_terminal_open(void);

/* Prints the prompt and reads one line without echo. Whatever ends it, the terminal is as it was before: a signal that
 * would end the process comes through after that. Errors: CANCELLED (Ctrl-C, Ctrl-D, an empty line, the terminal is
 * gone), TOO_LARGE, SYSTEM (not a terminal). */
SOTTO_MUST_CHECK sotto_status app_terminal_secret(int fd, const char *prompt, app_secret *ret);
/* Prints the question and reads a line: true for y or yes; everything else, and no terminal at all, is no. */
bool app_terminal_confirm(int fd, const char *question);
/* Asks and waits for one of these keys, whatever its case; every other one does nothing. '\0': cancelled. */
char app_terminal_key(int fd, const char *question, const char *keys);

/* Prints the question and reads a line into ret, its end cut off. False: no terminal, nothing was typed, or too much.
 */
bool app_terminal_answer(int fd, const char *question, char *ret, size_t size);

/* The first line of a file ("-": standard input), for --password-file and --passphrase-file. Errors: NOT_FOUND, SYSTEM,
 * TOO_LARGE, MALFORMED (empty, or with a NUL). *ret_open: others may read the file. */
SOTTO_MUST_CHECK sotto_status app_secret_from_file(const char *path, app_secret *ret, bool *ret_open);

/* One line that is written over by the next, on standard error, only where that is a terminal; an empty text takes it
 * away. */
void app_progress(const app_output *, const char *text);

#endif
