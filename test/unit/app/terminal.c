/* SPDX-License-Identifier: ISC
 *
 * Asking at a pseudo-terminal: a thread plays the person, who waits for the question before typing. */
#include "app_tests.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "app/terminal.h"
#include "bytes/span.h"

typedef struct person {
    int master, slave;
    const char *types; /* once the question is there */
    int signal;        /* or this happens to the process instead; 0: nothing */
    char seen[256];    /* everything the terminal showed up to then */
    pthread_t thread;
} person;

static void *person_run(void *arg) {
    person *p = arg;
    size_t len = 0;
    while (!strstr(p->seen, "? ")) {
        ssize_t got = read(p->master, p->seen + len, sizeof p->seen - 1 - len);
        if (got <= 0) return NULL;
        len += (size_t)got;
        p->seen[len] = '\0';
    }
    if (p->signal)
        (void)kill(getpid(), p->signal);
    else if (write(p->master, p->types, strlen(p->types)) < 0)
        return NULL;
    return NULL;
}

static void person_begin(person *p, const char *types, int signal) {
    memset(p, 0, sizeof *p);
    p->types = types;
    p->signal = signal;
    p->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(p->master >= 0);
    assert_int_equal(grantpt(p->master), 0);
    assert_int_equal(unlockpt(p->master), 0);
    p->slave = open(ptsname(p->master), O_RDWR | O_NOCTTY);
    assert_true(p->slave >= 0);
    sigset_t signals, before; /* those of the process are for the thread that asks */
    assert_int_equal(sigfillset(&signals), 0);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &signals, &before), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, person_run, p), 0);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
}

/* The terminal echoes and edits lines again, as it did before. */
static void person_end(person *p) {
    struct termios now;
    assert_int_equal(tcgetattr(p->slave, &now), 0);
    assert_int_equal(now.c_lflag & (tcflag_t)(ECHO | ICANON | ISIG), ECHO | ICANON | ISIG);
    (void)close(p->slave);
    (void)close(p->master);
}

/* Nothing of what was typed showed: behind the question there is a line end and no more. */
static void shows_nothing(const person *p) {
    char rest[64];
    assert_int_equal(pthread_join(p->thread, NULL), 0);
    assert_int_equal(fcntl(p->master, F_SETFL, O_NONBLOCK), 0);
    ssize_t len = read(p->master, rest, sizeof rest);
    assert_int_equal(len, 2);
    assert_memory_equal(rest, "\r\n", 2);
}

static sotto_status ask(const char *types, app_secret *ret) {
    person p;
    person_begin(&p, types, 0);
    sotto_status status = app_terminal_secret(p.slave, "password? ", ret);
    shows_nothing(&p);
    person_end(&p);
    return status;
}

static void secret_is(const char *types, const char *wanted) {
    app_secret secret = {.len = 0};
    assert_int_equal(ask(types, &secret).code, 0);
    assert_int_equal(secret.len, strlen(wanted));
    assert_memory_equal(secret.bytes, wanted, secret.len);
}

static void test_secret(void **state) {
    (void)state;
    secret_is("wherefore\r", "wherefore");
    secret_is("with blanks \n", "with blanks ");
    secret_is("p\xc3\xa9\r", "p\xc3\xa9");
    secret_is("end of input\x04", "end of input");
}

static void test_secret_edited(void **state) {
    (void)state;
    secret_is("ab\x7f\x08"
              "c\r",
              "c");
    secret_is("a\xc3\xa9\x7f"
              "b\r",
              "ab"); /* a character of two bytes goes at once */
    secret_is("wrong\x15right\r", "right");
    secret_is("\x7f\x7fx\r", "x");
}

static void test_secret_cancelled(void **state) {
    (void)state;
    app_secret secret = {.len = 3, .bytes = "old"};
    assert_int_equal(ask("abc\x03", &secret).code, SOTTO_E_CANCELLED);
    assert_int_equal(ask("\x04", &secret).code, SOTTO_E_CANCELLED);
    assert_int_equal(ask("\r", &secret).code, SOTTO_E_CANCELLED);
    assert_int_equal(secret.len, 3); /* as it was */
    assert_memory_equal(secret.bytes, "old", 3);
}

static void test_secret_too_long(void **state) {
    (void)state;
    static char long_text[APP_SECRET_BYTES_MAX + 3];
    app_secret secret = {.len = 0};
    memset(long_text, 'a', APP_SECRET_BYTES_MAX + 1);
    long_text[APP_SECRET_BYTES_MAX + 1] = '\r';
    assert_int_equal(ask(long_text, &secret).code, SOTTO_E_TOO_LARGE);
    assert_int_equal(secret.len, 0);
}

static volatile sig_atomic_t terminations;

static void on_termination(int number) {
    (void)number;
    terminations++;
}

/* A signal that ends the process ends the question first, and arrives when the terminal is as it was. */
static void test_secret_and_a_signal(void **state) {
    (void)state;
    person p;
    app_secret secret = {.len = 0};
    struct sigaction now = {.sa_handler = on_termination}, before;
    assert_int_equal(sigaction(SIGTERM, &now, &before), 0);
    person_begin(&p, "", SIGTERM);
    assert_int_equal(app_terminal_secret(p.slave, "password? ", &secret).code, SOTTO_E_CANCELLED);
    shows_nothing(&p);
    person_end(&p);
    assert_int_equal(sigaction(SIGTERM, &before, NULL), 0);
    assert_int_equal(terminations, 1);
}

static void test_secret_without_terminal(void **state) {
    (void)state;
    app_secret secret = {.len = 0};
    int fd = open("/dev/null", O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(app_terminal_secret(fd, "password? ", &secret).code, SOTTO_E_SYSTEM);
    assert_int_equal(app_terminal_secret(-1, "password? ", &secret).code, SOTTO_E_SYSTEM);
    (void)close(fd);
}

static bool confirmed(const char *types) {
    person p;
    person_begin(&p, types, 0);
    bool yes = app_terminal_confirm(p.slave, "leave? ");
    assert_int_equal(pthread_join(p.thread, NULL), 0);
    person_end(&p);
    return yes;
}

static void test_confirm(void **state) {
    (void)state;
    assert_true(confirmed("y\r"));
    assert_true(confirmed("YES\r"));
    assert_false(confirmed("\r"));
    assert_false(confirmed("no\r"));
    assert_false(confirmed("yes please, and do it quickly\r"));
    assert_false(confirmed("\x04"));
    assert_false(app_terminal_confirm(-1, "leave? "));
}

/* ---- files ---- */

static sotto_status from_file(const void *content, size_t len, mode_t mode, app_secret *ret, bool *ret_open) {
    char path[] = "/tmp/sotto-secret-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
    sotto_status status = app_secret_from_file(path, ret, ret_open);
    (void)unlink(path);
    return status;
}

static void test_secret_from_file(void **state) {
    (void)state;
    app_secret secret = {.len = 0};
    bool others = true;
    assert_int_equal(from_file("pass word\r\nmore\n", 16, 0600, &secret, &others).code, 0);
    assert_int_equal(secret.len, 9);
    assert_memory_equal(secret.bytes, "pass word", 9);
    assert_false(others);
    assert_int_equal(from_file("x", 1, 0644, &secret, &others).code, 0);
    assert_int_equal(secret.len, 1);
    assert_true(others);
}

static void test_secret_from_bad_file(void **state) {
    (void)state;
    static char long_text[APP_SECRET_BYTES_MAX + 1];
    app_secret secret = {.len = 0};
    bool others = false;
    memset(long_text, 'a', sizeof long_text);
    assert_int_equal(from_file("", 0, 0600, &secret, &others).code, SOTTO_E_MALFORMED);
    assert_int_equal(from_file("\nsecond\n", 8, 0600, &secret, &others).code, SOTTO_E_MALFORMED);
    assert_int_equal(from_file("a\0b\n", 4, 0600, &secret, &others).code, SOTTO_E_MALFORMED);
    assert_int_equal(from_file(long_text, sizeof long_text, 0600, &secret, &others).code, SOTTO_E_TOO_LARGE);
    assert_int_equal(app_secret_from_file("/nonexistent/file", &secret, &others).code, SOTTO_E_NOT_FOUND);
    assert_int_equal(app_secret_from_file("/", &secret, &others).code, SOTTO_E_SYSTEM);
    assert_int_equal(secret.len, 0);
}

static void test_progress(void **state) {
    (void)state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_progress(&output, "connecting");
    assert_string_equal(kept.err, "");
    output.screen.err_terminal = output.screen.colours = true;
    app_progress(&output, "connecting\033");
    assert_string_equal(kept.err, "\r\033[Kconnecting\xef\xbf\xbd");
}

int app_tests_terminal(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_secret_edited),
        cmocka_unit_test(test_secret_cancelled),
        cmocka_unit_test(test_secret_too_long),
        cmocka_unit_test(test_secret_and_a_signal),
        cmocka_unit_test(test_secret_without_terminal),
        cmocka_unit_test(test_confirm),
        cmocka_unit_test(test_secret_from_file),
        cmocka_unit_test(test_secret_from_bad_file),
        cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests_name("app: terminal", tests, NULL, NULL);
}
