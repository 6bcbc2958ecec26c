/* SPDX-License-Identifier: ISC
 *
 * Child processes: the program under test, and the lab's server. */
#include "program_tests.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytes/span.h"
#include "lab/server/room.h"
#include "lab/server/serve.h"

/* ---- the server ---- */

static void server_stop(void *arg) {
    net_loop_stop(arg);
}

static bool file_write(const char *path, sotto_bytes text) {
    FILE *file = fopen(path, "w");
    if (!file) return false;
    bool good = fwrite(text.at, 1, text.len, file) == text.len;
    return fclose(file) == 0 && good;
}

static sotto_status server_accounts(lab_server *server) {
    SOTTO_TRY(lab_server_account(server, "juliet", "juliet secret"));
    SOTTO_TRY(lab_server_account(server, "romeo", "romeo secret"));
    SOTTO_TRY(lab_server_account(server, "nurse", "nurse secret"));
    SOTTO_TRY(lab_server_room(server, "balcony", true, true));
    SOTTO_TRY(lab_server_room_affiliate(server, "balcony", "juliet@" PROGRAM_DOMAIN, "owner"));
    SOTTO_TRY(lab_server_room_affiliate(server, "balcony", "romeo@" PROGRAM_DOMAIN, "member"));
    SOTTO_TRY(lab_server_room_affiliate(server, "balcony", "nurse@" PROGRAM_DOMAIN, "member"));
    return lab_server_befriend(server, "juliet", "romeo");
}

/* Tells the port through `told`, serves until SIGTERM, and writes down what it saw. */
static int server_run(const program_server *paths, int told) {
    const sotto_host *host = sotto_host_default();
    lab_server *server = NULL;
    lab_listener *listener = NULL;
    lab_serve *serve = NULL;
    net_loop *loop = NULL;
    uint16_t port = 0;
    const lab_listener_config config = {.now_ms = net_now_ms()};
    bool good = sotto_ok(lab_server_new(&server, host, PROGRAM_DOMAIN)) && sotto_ok(server_accounts(server)) &&
                sotto_ok(lab_listener_new(&listener, server, &config)) && sotto_ok(net_loop_new(&loop, host)) &&
                sotto_ok(lab_serve_new(&serve, loop, listener, "127.0.0.1", 0, false, &port)) &&
                file_write(paths->ca, lab_listener_root(listener));
    if (good) {
        lab_serve_alone(serve);
        net_loop_on_interrupt(loop, server_stop, loop);
        good = write(told, &port, sizeof port) == sizeof port && sotto_ok(net_loop_run(loop)) &&
               file_write(paths->saw, lab_server_saw(server));
    }
    lab_serve_free(serve);
    net_loop_free(loop);
    lab_listener_free(listener);
    lab_server_free(server);
    return good ? 0 : 1;
}

void program_server_start(program_server *server, const char *folder) {
    int told[2];
    uint16_t port = 0;
    (void)snprintf(server->ca, sizeof server->ca, "%s/ca.pem", folder);
    (void)snprintf(server->saw, sizeof server->saw, "%s/saw.xml", folder);
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        exit(server_run(server, told[1]));
    }
    (void)close(told[1]);
    assert_int_equal(read(told[0], &port, sizeof port), sizeof port);
    (void)close(told[0]);
    (void)snprintf(server->address, sizeof server->address, "127.0.0.1:%u", (unsigned)port);
}

static int status_of(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) assert_int_equal(errno, EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void program_server_end(program_server *server) {
    assert_int_equal(kill(server->pid, SIGTERM), 0);
    assert_int_equal(status_of(server->pid), 0);
}

/* ---- the program ---- */

/* A file that is gone already, to read from: unlike a pipe it never has to be fed. */
static int input_open(const char *input, size_t len) {
    char path[] = "/tmp/sotto-input-XXXXXX";
    if (!input) return open("/dev/null", O_RDONLY | O_CLOEXEC);
    int fd = mkostemp(path, O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(write(fd, input, len), (ssize_t)len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void start(program_run *run, const char *program, const char *const *words, int in, unsigned closed) {
    char *argv[32] = {(char *)(uintptr_t)program};
    int out[2], err[2];
    memset(run, 0, sizeof *run);
    for (size_t i = 0; words[i]; i++) {
        assert_true(i + 2 < sizeof argv / sizeof *argv);
        argv[i + 1] = (char *)(uintptr_t)words[i];
    }
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(pipe2(err, O_CLOEXEC), 0);
    run->pid = fork();
    assert_true(run->pid >= 0);
    if (run->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
        (void)setsid();                         /* no terminal to ask at */
        if (dup2(in, 0) < 0 || dup2(out[1], 1) < 0 || dup2(err[1], 2) < 0) _exit(127);
        for (int fd = 0; fd <= 2; fd++)
            if (closed & 1u << fd) (void)close(fd);
        (void)execv(program, argv);
        _exit(127);
    }
    (void)close(in);
    (void)close(out[1]);
    (void)close(err[1]);
    run->out_fd = out[0];
    run->err_fd = err[0];
}

void program_start(program_run *run, const char *program, const char *const *words, const char *input,
                   size_t input_len) {
    start(run, program, words, input_open(input, input_len), 0);
}

void program_start_closed(program_run *run, const char *program, const char *const *words, unsigned closed) {
    start(run, program, words, input_open(NULL, 0), closed);
}

/* Some bytes of one stream; at its end the descriptor becomes -1. */
static void stream_read(int *fd, char *to, size_t *len, size_t size) {
    assert_true(*len + 1 < size);
    ssize_t got = read(*fd, to + *len, size - *len - 1);
    if (got <= 0) {
        (void)close(*fd);
        *fd = -1;
        return;
    }
    *len += (size_t)got;
    to[*len] = '\0';
}

/* False: both have ended. */
static bool streams_read(program_run *run) {
    struct pollfd waits[2] = {{.fd = run->out_fd, .events = POLLIN}, {.fd = run->err_fd, .events = POLLIN}};
    if (run->out_fd < 0 && run->err_fd < 0) return false;
    assert_true(poll(waits, 2, -1) >= 0);
    if (waits[0].revents) stream_read(&run->out_fd, run->out, &run->out_len, sizeof run->out);
    if (waits[1].revents) stream_read(&run->err_fd, run->err, &run->err_len, sizeof run->err);
    return true;
}

bool program_wait_for(program_run *run, const char *text) {
    while (!strstr(run->out, text))
        if (!streams_read(run)) return false;
    return true;
}

void program_wait(program_run *run) {
    while (streams_read(run)) continue;
    run->status = status_of(run->pid);
}
