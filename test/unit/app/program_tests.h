/* SPDX-License-Identifier: ISC
 *
 * The program as a person runs it: child processes, against the lab's server in another child. */
#ifndef PROGRAM_TESTS_H
#define PROGRAM_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#define PROGRAM_DOMAIN "capulet.example"

/* The server's process: accounts juliet, romeo and nurse (password: the name and " secret"), the first two friends. */
typedef struct program_server {
    pid_t pid;
    char address[64]; /* for --connect */
    char ca[128];     /* its root certificate, a file */
    char saw[128];    /* where it writes what it saw, when it ends */
} program_server;

/* Starts it, with files in `folder`. */
void program_server_start(program_server *, const char *folder);
/* Ends it. */
void program_server_end(program_server *);

/* A child process and what it printed so far. */
typedef struct program_run {
    pid_t pid;
    int out_fd, err_fd;
    int status; /* exit status; 128 and more: a signal */
    size_t out_len, err_len;
    char out[65536], err[65536];
} program_run;

/* Starts `program` with words ended by NULL and this standard input (NULL: none); it has no terminal. */
void program_start(program_run *, const char *program, const char *const *words, const char *input, size_t input_len);
/* The same with the three standard streams as they are in `closed`: closed where its bit (1 << descriptor) is set. */
void program_start_closed(program_run *, const char *program, const char *const *words, unsigned closed);
/* Reads until standard output holds `text`; false: it ended without. */
bool program_wait_for(program_run *, const char *text);
/* Reads until it ends. */
void program_wait(program_run *);

/* program_backup.c: after there are messages, and keys that were verified */
void test_backup(void **state);
void test_restore_refused(void **state);
void test_restore(void **state);
void test_restore_twice(void **state);
void test_devices_remove(void **state);

/* program_policy.c: after Juliet verified Romeo's key */
void test_verify_shows(void **state);
void test_verify_by_address(void **state);
void test_verify_refuses(void **state);
void test_verify_by_image(void **state);
void test_encrypt(void **state);
void test_via(void **state);
void test_resend(void **state);

#endif
