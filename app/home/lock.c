/* SPDX-License-Identifier: ISC
 *
 * The lock and the path of the control socket. */
#include "app/home/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PID_BYTES 16

static unsigned pid_read(int fd) {
    char text[PID_BYTES] = "";
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    unsigned long pid = len > 0 ? strtoul(text, NULL, 10) : 0;
    return pid <= UINT_MAX ? (unsigned)pid : 0;
}

/* For people alone, so a failure matters to nobody. */
static void pid_write(int fd) {
    char text[PID_BYTES];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) == 0 && len > 0) len = (int)pwrite(fd, text, (size_t)len, 0);
    (void)len;
}

app_lock_result app_lock_take(const app_account *account, int *ret_fd, unsigned *ret_pid, app_trouble *trouble) {
    int fd = open(account->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        (void)app_trouble_set(trouble, "The lock %s cannot be opened: %s.", account->lock, strerror(errno));
        return APP_LOCK_FAILED;
    }
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        int error = errno;
        *ret_pid = pid_read(fd);
        (void)close(fd);
        if (error == EWOULDBLOCK) return APP_LOCK_BUSY;
        (void)app_trouble_set(trouble, "The lock %s cannot be taken: %s.", account->lock, strerror(error));
        return APP_LOCK_FAILED;
    }
    pid_write(fd);
    *ret_fd = fd;
    return APP_LOCK_TAKEN;
}

bool app_control_path_open(app_control_path *ret, const app_account *account, app_trouble *trouble) {
    ret->folder = -1;
    if (strlen(account->control) < sizeof ret->path) {
        (void)snprintf(ret->path, sizeof ret->path, "%.107s", account->control);
        return true;
    }
    ret->folder = open(account->data_folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (ret->folder < 0)
        return app_trouble_set(trouble, "The folder %s cannot be opened: %s.", account->data_folder, strerror(errno));
    (void)snprintf(ret->path, sizeof ret->path, "/proc/self/fd/%d/control", ret->folder);
    return true;
}

void app_control_path_close(app_control_path *path) {
    if (path->folder >= 0) (void)close(path->folder);
    path->folder = -1;
}
