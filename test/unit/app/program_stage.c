/* SPDX-License-Identifier: ISC */
#include "program_stage.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

stage the;

const char *home_of(const char *who) {
    static char paths[4][192];
    static size_t next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", the.folder, who);
    return path;
}

void run_with(const char *input, size_t len, const char *const *words) {
    program_start(&the.run, the.program, words, input, len);
    program_wait(&the.run);
}

void done(void) {
    if (the.run.status != 0) print_error("%s%s", the.run.out, the.run.err);
    assert_int_equal(the.run.status, 0);
}

void refused(int status, const char *text) {
    if (the.run.status != status || !strstr(the.run.err, text)) print_error("%s%s", the.run.out, the.run.err);
    assert_int_equal(the.run.status, status);
    assert_non_null(strstr(the.run.err, text));
    assert_ptr_equal(strchr(the.run.err, '\n'), the.run.err + the.run.err_len - 1);
}

const char *file_with(const char *name, const char *text) {
    static char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", the.folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

void set_up(const char *who, const char *home) {
    char jid[64], password[64];
    (void)snprintf(jid, sizeof jid, "%s@" PROGRAM_DOMAIN, who);
    (void)snprintf(password, sizeof password, "%s secret\n", who);
    RUN("setup", jid, "--password-file", file_with("password", password), "--connect", the.server.address, "--ca",
        the.server.ca, "--home", home_of(home));
    done();
}

void listen_start(const char *home, const char *how) {
    program_start(&the.listener, the.program, (const char *const[]){"listen", "--home", home_of(home), how, NULL}, NULL,
                  0);
}

void listen_end(int signal_number, int status) {
    assert_int_equal(kill(the.listener.pid, signal_number), 0);
    program_wait(&the.listener);
    if (the.listener.status != status) print_error("%s%s", the.listener.out, the.listener.err);
    assert_int_equal(the.listener.status, status);
}

bool exists(const char *home, const char *below) {
    char path[320];
    (void)snprintf(path, sizeof path, "%s/%s", home_of(home), below);
    return access(path, F_OK) == 0;
}

mode_t mode_of(const char *home, const char *below) {
    char path[320];
    struct stat about;
    (void)snprintf(path, sizeof path, "%s/%s", home_of(home), below);
    assert_int_equal(stat(path, &about), 0);
    return about.st_mode & 07777;
}

const char *member(const char *out, const char *mark, const char *name) {
    static char value[256];
    char key[64];
    const char *line = strstr(out, mark);
    assert_non_null(line);
    while (line > out && line[-1] != '\n') line--;
    (void)snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(line, key);
    assert_non_null(at);
    at += strlen(key);
    bool text = *at == '"';
    at += text;
    size_t len = strcspn(at, text ? "\"" : ",}");
    assert_true(len < sizeof value);
    memcpy(value, at, len);
    value[len] = '\0';
    return value;
}
