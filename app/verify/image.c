/* SPDX-License-Identifier: ISC */
#include "app/verify/image.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "sotto-scan"

/* Beside this program, as in a build; else where it was installed. */
static void program_path(char ret[PATH_MAX]) {
    ssize_t len = readlink("/proc/self/exe", ret, PATH_MAX - sizeof PROGRAM - 1);
    char *slash = NULL;
    if (len > 0) {
        ret[len] = '\0';
        slash = strrchr(ret, '/');
    }
    if (slash) memcpy(slash + 1, PROGRAM, sizeof PROGRAM);
    if (!slash || access(ret, X_OK) != 0) (void)snprintf(ret, PATH_MAX, "%s/%s", APP_LIBEXEC, PROGRAM);
}

static bool start(int image, const int out[2], pid_t *ret) {
    char path[PATH_MAX], name[] = PROGRAM;
    char *const words[] = {name, NULL}, *const environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    program_path(path);
    if (posix_spawn_file_actions_init(&actions) != 0) return false;
    bool ready = posix_spawn_file_actions_adddup2(&actions, image, STDIN_FILENO) == 0 &&
                 posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO) == 0 &&
                 posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0;
    ready = ready && posix_spawn(ret, path, &actions, NULL, words, environment) == 0;
    (void)posix_spawn_file_actions_destroy(&actions);
    return ready;
}

/* What it prints; more than fits is nothing. */
static bool read_text(int from, char ret[APP_SCAN_TEXT_MAX + 1]) {
    size_t len = 0;
    for (;;) {
        ssize_t got = read(from, ret + len, APP_SCAN_TEXT_MAX + 1 - len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 || len + (size_t)got > APP_SCAN_TEXT_MAX) return false;
        if (got == 0) break;
        len += (size_t)got;
    }
    ret[len] = '\0';
    return len > 0 && strlen(ret) == len;
}

/* Its exit status; -1: it did not end by itself. */
static int wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool scan(int image, char ret[APP_SCAN_TEXT_MAX + 1], int *ret_status) {
    int out[2];
    pid_t child = -1;
    *ret_status = 127;
    if (pipe2(out, O_CLOEXEC) != 0) return false;
    bool started = start(image, out, &child);
    (void)close(out[1]);
    bool fits = started && read_text(out[0], ret);
    (void)close(out[0]);
    if (started) *ret_status = wait_for(child);
    return fits && *ret_status == 0;
}

bool app_verify_image(const char *path, char ret[APP_SCAN_TEXT_MAX + 1], app_trouble *trouble) {
    int status, image = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (image < 0) return app_trouble_set(trouble, "%s cannot be read: %s.", path, strerror(errno));
    bool done = scan(image, ret, &status);
    (void)close(image);
    if (done) return true;
    if (status == 127) return app_trouble_set(trouble, "The program that reads images, " PROGRAM ", is not there.");
    if (status == 2) return app_trouble_set(trouble, "%s is no PNG image, or one that is too large.", path);
    if (status == 3) return app_trouble_set(trouble, "There is no QR code in %s, or it cannot be made out.", path);
    if (status == 4)
        return app_trouble_set(trouble, "There are several QR codes in %s: cut the image to the one you mean.", path);
    return app_trouble_set(trouble, "%s could not be read.", path);
}
