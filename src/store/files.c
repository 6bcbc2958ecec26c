/* SPDX-License-Identifier: ISC
 *
 * The files of the SQLite store. */
#include "store/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes/memory.h"
#include "crypto/hash.h"

#define KEY_BYTES        32
#define PAGE_BYTES_MIN   512 /* of SQLite; a database has one page at least */
#define NUMBER_BYTES_MAX 21  /* 2^64 - 1, and the end of the line */

static sotto_status failure(int error) {
    return error == ENOSPC || error == EDQUOT ? SOTTO_FAIL(STORE_FULL) : SOTTO_FAIL(STORE_FAILED);
}

/* The folder of a path and the name in it; the path itself is not changed. */
static sotto_status split(store_path *ret_folder, const char **ret_name, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    if (*name == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return SOTTO_FAIL(USAGE);
    const char *folder = slash == NULL ? "." : slash == path ? "/" : path;
    size_t len = folder == path ? (size_t)(slash - path) : 1;
    if (len >= sizeof ret_folder->text) return SOTTO_FAIL(USAGE);
    memcpy(ret_folder->text, folder, len);
    ret_folder->text[len] = 0;
    *ret_name = name;
    return SOTTO_OK;
}

static sotto_status join(store_path *ret, const char *first, const char *between, const char *last) {
    int len = snprintf(ret->text, sizeof ret->text, "%s%s%s", first, between, last);
    return len < 0 || (size_t)len >= sizeof ret->text ? SOTTO_FAIL(USAGE) : SOTTO_OK;
}

sotto_status store_path_resolve(store_path *ret, const char *path) {
    store_path folder, real;
    const char *name;
    SOTTO_TRY(split(&folder, &name, path));
    if (realpath(folder.text, real.text) == NULL) {
        return errno == ENOENT || errno == ENOTDIR ? SOTTO_FAIL(NOT_FOUND) : failure(errno);
    }
    return join(ret, real.text, strcmp(real.text, "/") == 0 ? "" : "/", name);
}

sotto_status store_path_look(const char *path) {
    struct stat info;
    if (lstat(path, &info) != 0) return errno == ENOENT ? SOTTO_FAIL(NOT_FOUND) : failure(errno);
    return S_ISREG(info.st_mode) && info.st_size >= PAGE_BYTES_MIN ? SOTTO_OK : SOTTO_FAIL(STORE_CORRUPT);
}

bool store_path_has_bytes(const store_path *path, const char *suffix) {
    store_path beside;
    struct stat info;
    return sotto_ok(join(&beside, path->text, suffix, "")) && lstat(beside.text, &info) == 0 && info.st_size > 0;
}

/* As store_file_new, and leaves it open. */
static sotto_status make(store_path *ret, int *ret_fd, const char *path) {
    store_path made;
    SOTTO_TRY(join(&made, path, ".", "XXXXXX"));
    int fd = mkostemp(made.text, O_CLOEXEC);
    if (fd < 0) return failure(errno);
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0) {
        sotto_status status = failure(errno);
        (void)close(fd);
        store_file_remove(&made);
        return status;
    }
    *ret = made;
    *ret_fd = fd;
    return SOTTO_OK;
}

sotto_status store_file_new(store_path *ret, const char *path) {
    int fd = -1;
    SOTTO_TRY(make(ret, &fd, path));
    (void)close(fd);
    return SOTTO_OK;
}

void store_file_remove(const store_path *path) {
    (void)unlink(path->text);
}

/* Makes names durable, as fsync(2) says: syncing a file does not sync its entry in the folder. */
static sotto_status sync_folder_of(const char *path) {
    store_path folder;
    const char *name;
    SOTTO_TRY(split(&folder, &name, path));
    int fd = open(folder.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return failure(errno);
    /* Some network file systems cannot sync a folder and say EINVAL; there is nothing better to be had there. */
    sotto_status status = fsync(fd) == 0 || errno == EINVAL ? SOTTO_OK : failure(errno);
    (void)close(fd);
    return status;
}

/* 0, or the error; never replaces anything. */
static int rename_new(const char *from, const char *path) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, path, RENAME_NOREPLACE) == 0) return 0;
    if (errno == EEXIST) return EEXIST;
    /* File systems without that kind of rename (NFS) have links, which never replace either. */
    if (link(from, path) != 0) return errno;
    (void)unlink(from);
    return 0;
}

sotto_status store_file_install(const store_path *from, const char *path) {
    int error = rename_new(from->text, path);
    if (error != 0) store_file_remove(from);
    if (error != 0 && error != EEXIST) return failure(error);
    return sync_folder_of(path);
}

static sotto_status read_key(uint8_t ret[KEY_BYTES], int fd) {
    struct stat info;
    if (fstat(fd, &info) != 0) return failure(errno);
    if (!S_ISREG(info.st_mode)) return SOTTO_FAIL(WRONG_PASSPHRASE);
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) return SOTTO_FAIL(KEY_EXPOSED);
    if (info.st_size != KEY_BYTES) return SOTTO_FAIL(WRONG_PASSPHRASE);
    ssize_t got = read(fd, ret, KEY_BYTES);
    if (got == KEY_BYTES) return SOTTO_OK;
    sotto_status status = got < 0 ? failure(errno) : SOTTO_FAIL(STORE_FAILED);
    bytes_wipe(ret, KEY_BYTES);
    return status;
}

sotto_status store_key_read(uint8_t ret[KEY_BYTES], const char *path) {
    /* A link is followed: the key may well live on a stick. O_NONBLOCK, so that a pipe does not hold us up. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? SOTTO_FAIL(NOT_FOUND) : failure(errno);
    sotto_status status = read_key(ret, fd);
    (void)close(fd);
    return status;
}

static sotto_status write_key(int fd, const sotto_host *host) {
    uint8_t key[KEY_BYTES];
    SOTTO_TRY(crypto_random(host, key, sizeof key));
    ssize_t put = write(fd, key, sizeof key);
    int error = put < 0 ? errno : ENOSPC;
    bytes_wipe(key, sizeof key);
    if (put != KEY_BYTES) return failure(error);
    return fsync(fd) == 0 ? SOTTO_OK : failure(errno);
}

static sotto_status make_key(const char *path, const sotto_host *host) {
    store_path made;
    int fd = -1;
    SOTTO_TRY(make(&made, &fd, path));
    sotto_status status = write_key(fd, host);
    (void)close(fd);
    if (sotto_ok(status)) return store_file_install(&made, path);
    store_file_remove(&made);
    return status;
}

sotto_status store_key_read_or_make(uint8_t ret[KEY_BYTES], const char *path, const sotto_host *host) {
    sotto_status status = store_key_read(ret, path);
    /* One that is there may be what a crash left a moment ago: its name need not be on the disk yet. */
    if (sotto_ok(status)) status = sync_folder_of(path);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) return status;
    SOTTO_TRY(make_key(path, host));
    status = store_key_read(ret, path);
    /* A link that leads nowhere has the name, and no key. */
    return sotto_is(status, SOTTO_E_NOT_FOUND) ? SOTTO_FAIL(STORE_FAILED) : status;
}

/* ---- the count of openings ---- */

static sotto_status opening_path(store_path *ret, const store_path *path) {
    return join(ret, path->text, "-opening", "");
}

/* Digits and the end of the line; 0 when it is anything else. */
static uint64_t number_of(const char *text, size_t len) {
    uint64_t number = 0;
    if (len < 2 || text[len - 1] != '\n') return 0;
    for (size_t i = 0; i + 1 < len; i++) {
        if (text[i] < '0' || text[i] > '9' || number > (UINT64_MAX - 9) / 10) return 0;
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    return number;
}

sotto_status store_opening_read(uint64_t *ret, const store_path *path) {
    store_path beside;
    char text[NUMBER_BYTES_MAX + 1];
    SOTTO_TRY(opening_path(&beside, path));
    int fd = open(beside.text, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0 && errno != ENOENT && errno != ELOOP) return failure(errno);
    ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text);
    sotto_status status = got < 0 && errno != EISDIR ? failure(errno) : SOTTO_OK;
    if (fd >= 0) (void)close(fd);
    SOTTO_TRY(status);
    *ret = got > 0 ? number_of(text, (size_t)got) : 0;
    return SOTTO_OK;
}

void store_opening_remove(const store_path *path) {
    store_path beside;
    if (sotto_ok(opening_path(&beside, path))) store_file_remove(&beside);
}

static sotto_status write_number(int fd, uint64_t number) {
    char text[NUMBER_BYTES_MAX + 1];
    int len = snprintf(text, sizeof text, "%" PRIu64 "\n", number);
    ssize_t put = write(fd, text, (size_t)len);
    if (put != len) return failure(put < 0 ? errno : ENOSPC);
    return fsync(fd) == 0 ? SOTTO_OK : failure(errno);
}

sotto_status store_opening_write(const store_path *path, uint64_t number) {
    store_path beside, made;
    int fd = -1;
    SOTTO_TRY(opening_path(&beside, path));
    SOTTO_TRY(make(&made, &fd, beside.text));
    sotto_status status = write_number(fd, number);
    (void)close(fd);
    if (sotto_ok(status) && rename(made.text, beside.text) != 0) status = failure(errno);
    if (sotto_ok(status)) return sync_folder_of(beside.text);
    store_file_remove(&made);
    return status;
}
