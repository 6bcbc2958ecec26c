/* SPDX-License-Identifier: ISC
 *
 * The file of a backup. */
#include "app/backup/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes/span.h"

bool app_backup_path(const char *typed, char ret[APP_PATH_SIZE], app_trouble *trouble) {
    char here[APP_PATH_SIZE];
    bool absolute = typed[0] == '/';
    if (!absolute && !getcwd(here, sizeof here))
        return app_trouble_set(trouble, "The current folder cannot be found: %s.", strerror(errno));
    int len = snprintf(ret, APP_PATH_SIZE, "%s%s%s", absolute ? "" : here, absolute ? "" : "/", typed);
    if (len > 0 && len < APP_PATH_SIZE) return true;
    return app_trouble_set(trouble, "That path is too long.");
}

bool app_backup_file_free(const char *path, bool force, app_trouble *trouble) {
    struct stat about;
    if (lstat(path, &about) != 0) {
        if (errno == ENOENT) return true;
        return app_trouble_set(trouble, "%s cannot be written: %s.", path, strerror(errno));
    }
    if (!S_ISREG(about.st_mode))
        return app_trouble_set(trouble, "%s is not a plain file, so nothing is written there.", path);
    return force ||
           app_trouble_set(trouble, "%s is there already: choose another name, or write over it with --force.", path);
}

static bool folder_of(const char *path, char ret[APP_PATH_SIZE]) {
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    if (!slash || len >= APP_PATH_SIZE) return false;
    memcpy(ret, path, len);
    ret[len] = '\0';
    if (len == 0) memcpy(ret, "/", 2);
    return true;
}

bool app_backup_file_make(app_backup_file *ret, const char *path, bool force, app_trouble *trouble) {
    *ret = (app_backup_file){.fd = -1};
    if (!app_backup_file_free(path, force, trouble)) return false;
    int len = snprintf(ret->fresh, sizeof ret->fresh, "%s.XXXXXX", path);
    if (len < 0 || (size_t)len >= sizeof ret->fresh) return app_trouble_set(trouble, "That path is too long.");
    (void)snprintf(ret->path, sizeof ret->path, "%s", path);
    ret->fd = mkostemp(ret->fresh, O_CLOEXEC); /* 0600 */
    if (ret->fd >= 0) return true;
    ret->fresh[0] = '\0';
    return app_trouble_set(trouble, "%s cannot be written: %s.", path, strerror(errno));
}

bool app_backup_file_write(void *arg, sotto_bytes bytes) {
    app_backup_file *file = arg;
    while (bytes.len > 0) {
        ssize_t done = write(file->fd, bytes.at, bytes.len);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) {
            file->error = errno;
            return false;
        }
        bytes = bytes_after(bytes, (size_t)done);
    }
    return true;
}

/* Not every file system can rename without replacing: then what is there is looked for first. */
static bool rename_new(const char *from, const char *to) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return true;
    if (errno != EINVAL && errno != ENOSYS) return false;
    struct stat about;
    if (lstat(to, &about) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(from, to) == 0;
}

/* The name is on the disk only when its folder is. */
static bool folder_sync(const char *path) {
    char folder[APP_PATH_SIZE];
    if (!folder_of(path, folder)) return false;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    bool done = fsync(fd) == 0 || errno == EINVAL; /* some file systems have no such thing for folders */
    (void)close(fd);
    return done;
}

bool app_backup_file_keep(app_backup_file *file, bool force, app_trouble *trouble) {
    bool done = fsync(file->fd) == 0;
    int error = errno;
    int closed = close(file->fd);
    file->fd = -1;
    if (done && closed != 0) {
        done = false;
        error = errno;
    }
    if (done) {
        done = force ? rename(file->fresh, file->path) == 0 : rename_new(file->fresh, file->path);
        error = errno;
    }
    if (done) {
        file->fresh[0] = '\0';
        done = folder_sync(file->path);
        error = errno;
    }
    return done || app_trouble_set(trouble, "%s cannot be written: %s.", file->path, strerror(error));
}

bool app_backup_file_open(app_backup_file *ret, const char *path, app_trouble *trouble) {
    struct stat about;
    *ret = (app_backup_file){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)}; /* a pipe must not keep us waiting */
    if (ret->fd < 0) return app_trouble_set(trouble, "%s cannot be read: %s.", path, strerror(errno));
    if (fstat(ret->fd, &about) == 0 && S_ISREG(about.st_mode)) return true;
    app_backup_file_close(ret);
    return app_trouble_set(trouble, "%s is not a plain file.", path);
}

bool app_backup_file_read(void *arg, uint8_t *to, size_t size, size_t *ret_len) {
    app_backup_file *file = arg;
    ssize_t got;
    do {
        got = read(file->fd, to, size);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        file->error = errno;
        return false;
    }
    *ret_len = (size_t)got;
    return true;
}

void app_backup_file_close(app_backup_file *file) {
    if (file->fd >= 0) (void)close(file->fd);
    if (file->fresh[0]) (void)unlink(file->fresh);
    file->fd = -1;
    file->fresh[0] = '\0';
}
