/* SPDX-License-Identifier: ISC */
#include "program_pty.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void pty_start(pty *p, const char *program, const char *const *words, unsigned columns) {
    char *argv[32] = {(char *)(uintptr_t)program};
    const struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
    p->len = p->seen = 0;
    p->text[0] = '\0';
    for (size_t i = 0; words[i]; i++) {
        assert_true(i + 2 < sizeof argv / sizeof *argv);
        argv[i + 1] = (char *)(uintptr_t)words[i];
    }
    p->pid = forkpty(&p->fd, NULL, NULL, &size);
    assert_true(p->pid >= 0);
    if (p->pid > 0) return;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setenv("TERM", "xterm", 1);
    (void)setenv("LC_ALL", "C.UTF-8", 1);
    (void)setenv("NO_COLOR", "1", 1);
    (void)execv(program, argv);
    _exit(127);
}

void pty_type(pty *p, const char *keys) {
    size_t len = strlen(keys);
    assert_int_equal(write(p->fd, keys, len), (ssize_t)len);
}

#define SILENCE_MS 20000 /* a program that shows nothing for so long is stuck */

/* False: the program has ended, or is stuck. */
static bool pty_read(pty *p) {
    struct pollfd wait = {.fd = p->fd, .events = POLLIN};
    assert_true(p->len + 1 < sizeof p->text);
    if (poll(&wait, 1, SILENCE_MS) == 0) return false;
    ssize_t got = read(p->fd, p->text + p->len, sizeof p->text - p->len - 1);
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) return false; /* EIO: nobody has the other end */
    p->len += (size_t)got;
    p->text[p->len] = '\0';
    return true;
}

void pty_wait_for(pty *p, const char *text) {
    for (;;) {
        const char *found = strstr(p->text + p->seen, text);
        if (found) {
            p->seen = (size_t)(found - p->text) + strlen(text);
            return;
        }
        if (pty_read(p)) continue;
        print_error("never shown: %s\n%s\n", text, p->text);
        fail();
    }
}

void pty_wait(pty *p) {
    int status = 0;
    while (pty_read(p)) continue;
    (void)close(p->fd);
    while (waitpid(p->pid, &status, 0) < 0) assert_int_equal(errno, EINTR);
    p->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool pty_showed(const pty *p, const char *text) {
    return strstr(p->text, text) != NULL;
}
