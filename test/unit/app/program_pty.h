/* SPDX-License-Identifier: ISC
 *
 * The program at a terminal: a child process with a pseudo terminal of its own, which is typed at and read. */
#ifndef PROGRAM_PTY_H
#define PROGRAM_PTY_H

#include "program_tests.h"

typedef struct pty {
    pid_t pid;
    int fd;
    int status;       /* as in program_run */
    size_t len, seen; /* seen: what pty_wait_for found ends there */
    char text[262144];
} pty;

/* Starts `program` with words ended by NULL at a terminal of this many columns, with UTF-8. */
void pty_start(pty *, const char *program, const char *const *words, unsigned columns);
void pty_type(pty *, const char *keys);
/* Reads until the terminal shows `text` after what was found last; fails the test when the program ends without. */
void pty_wait_for(pty *, const char *text);
/* Reads until it ends. */
void pty_wait(pty *);
/* Whether `text` was shown at any time. */
bool pty_showed(const pty *, const char *text);

#endif
