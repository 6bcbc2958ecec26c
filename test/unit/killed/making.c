/* SPDX-License-Identifier: ISC
 *
 * A new store, on the real file system: the process is really ended at every operation of SQLite, and at every call
 * that makes, renames, removes or syncs a file beside it. What is left opens, or there is no store yet; and making it
 * again succeeds. */
#include "talk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/sqlite.h"

#define ENDED 42

/* The process ends before this operation (from 1); 0: it does not. */
static size_t ends_at, operations;

static void operation(void) {
    if (++operations == ends_at) _exit(ENDED);
}

/* ---- a VFS over SQLite's own ---- */

typedef struct counted_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
} counted_file;

static sqlite3_file *real_of(sqlite3_file *file) {
    return ((counted_file *)file)->real;
}

static int counted_close(sqlite3_file *file) {
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int counted_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at) {
    return real_of(file)->pMethods->xRead(real_of(file), out, len, at);
}

/* Ends before the write, or when half of it was done. */
static int counted_write(sqlite3_file *file, const void *in, int len, sqlite3_int64 at) {
    operation();
    int result = real_of(file)->pMethods->xWrite(real_of(file), in, len / 2, at);
    operation();
    return result != SQLITE_OK ? result : real_of(file)->pMethods->xWrite(real_of(file), in, len, at);
}

static int counted_truncate(sqlite3_file *file, sqlite3_int64 len) {
    operation();
    return real_of(file)->pMethods->xTruncate(real_of(file), len);
}

static int counted_sync(sqlite3_file *file, int flags) {
    operation();
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int counted_size(sqlite3_file *file, sqlite3_int64 *ret) {
    return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int counted_lock(sqlite3_file *file, int kind) {
    return real_of(file)->pMethods->xLock(real_of(file), kind);
}

static int counted_unlock(sqlite3_file *file, int kind) {
    return real_of(file)->pMethods->xUnlock(real_of(file), kind);
}

static int counted_is_reserved(sqlite3_file *file, int *ret) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int counted_control(sqlite3_file *file, int what, void *arg) {
    return real_of(file)->pMethods->xFileControl(real_of(file), what, arg);
}

/* What disk.c announces is what the real one says here. */
static int counted_sector(sqlite3_file *file) {
    assert_int_equal(real_of(file)->pMethods->xSectorSize(real_of(file)), 4096);
    return 4096;
}

static int counted_traits(sqlite3_file *file) {
    int traits = real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
    assert_true((traits & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0);
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods counted_methods = {
    .iVersion = 1,
    .xClose = counted_close,
    .xRead = counted_read,
    .xWrite = counted_write,
    .xTruncate = counted_truncate,
    .xSync = counted_sync,
    .xFileSize = counted_size,
    .xLock = counted_lock,
    .xUnlock = counted_unlock,
    .xCheckReservedLock = counted_is_reserved,
    .xFileControl = counted_control,
    .xSectorSize = counted_sector,
    .xDeviceCharacteristics = counted_traits,
};

static int counted_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret_flags) {
    sqlite3_vfs *under = vfs->pAppData;
    counted_file *opened = (counted_file *)file;
    opened->real = (sqlite3_file *)(opened + 1);
    operation();
    int result = under->xOpen(under, path, opened->real, flags, ret_flags);
    opened->base.pMethods = opened->real->pMethods != NULL ? &counted_methods : NULL;
    return result;
}

static int counted_delete(sqlite3_vfs *vfs, const char *path, int syncs) {
    sqlite3_vfs *under = vfs->pAppData;
    operation();
    return under->xDelete(under, path, syncs);
}

static void register_counted(sqlite3_vfs *vfs) {
    sqlite3_vfs *under = sqlite3_vfs_find(NULL);
    *vfs = *under;
    vfs->zName = "counted";
    vfs->pNext = NULL;
    vfs->pAppData = under;
    vfs->szOsFile = (int)sizeof(counted_file) + under->szOsFile;
    vfs->xOpen = counted_open;
    vfs->xDelete = counted_delete;
    assert_int_equal(sqlite3_vfs_register(vfs, 0), SQLITE_OK);
}

/* ---- calls of src/store/files.c, wrapped by the linker ---- */

int __real_fsync(int);
int __wrap_fsync(int);
int __wrap_fsync(int fd) {
    operation();
    return __real_fsync(fd);
}

int __real_mkostemp(char *, int);
int __wrap_mkostemp(char *, int);
int __wrap_mkostemp(char *path, int flags) {
    operation();
    return __real_mkostemp(path, flags);
}

int __real_renameat2(int, const char *, int, const char *, unsigned);
int __wrap_renameat2(int, const char *, int, const char *, unsigned);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) {
    operation();
    return __real_renameat2(from_fd, from, to_fd, to, flags);
}

int __real_rename(const char *, const char *);
int __wrap_rename(const char *, const char *);
int __wrap_rename(const char *from, const char *to) {
    operation();
    return __real_rename(from, to);
}

int __real_unlink(const char *);
int __wrap_unlink(const char *);
int __wrap_unlink(const char *path) {
    operation();
    return __real_unlink(path);
}

ssize_t __real_write(int, const void *, size_t);
ssize_t __wrap_write(int, const void *, size_t);
ssize_t __wrap_write(int fd, const void *bytes, size_t len) {
    operation();
    return __real_write(fd, bytes, len);
}

/* ---- making it ---- */

typedef struct making {
    char folder[40], path[64], key_path[64];
} making;

static void empty_folder(const making *m) {
    DIR *folder = opendir(m->folder);
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.') assert_int_equal(unlinkat(dirfd(folder), entry->d_name, 0), 0);
    assert_int_equal(closedir(folder), 0);
}

static size_t count_files(const making *m, const char *prefix) {
    DIR *folder = opendir(m->folder);
    size_t count = 0;
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    assert_int_equal(closedir(folder), 0);
    return count;
}

static sotto_status open_it(const making *m, const rig *r, bool create, const char *vfs, sotto_store **ret) {
    sotto_sqlite_options options = {.path = m->path, .key_path = m->key_path, .create = create, .host = &r->host};
    return store_sqlite_open_with(ret, &options, &(store_sqlite_setup){.vfs = vfs});
}

static sotto_status put_one(sotto_store *store, const char *value) {
    return store->methods->write(store, &(sotto_change){BYTES_LITERAL("a"), bytes_text(value)}, 1);
}

/* Makes a store, writes to it, closes it; tells after the write. */
static void child(const making *m, int tell) {
    rig r;
    sotto_store *store;
    rig_start(&r);
    if (!sotto_ok(open_it(m, &r, true, "counted", &store))) _exit(1);
    if (!sotto_ok(put_one(store, "1"))) _exit(2);
    if (__real_write(tell, "w", 1) != 1) _exit(3);
    sotto_store_close(store);
    _exit(0);
}

/* The exit status of a process that makes it and ends at this operation; whether it had written. */
static int make_until(const making *m, size_t at, bool *ret_written) {
    int pipes[2], status = 0;
    char told;
    assert_int_equal(pipe(pipes), 0);
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        ends_at = at;
        operations = 0;
        child(m, pipes[1]);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(close(pipes[1]), 0);
    *ret_written = read(pipes[0], &told, 1) == 1;
    assert_int_equal(close(pipes[0]), 0);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* What is left: no store, and it can be made; or a whole one. */
static void check_left(const making *m, bool written) {
    rig r;
    sotto_store *store = NULL;
    rig_start(&r);
    sotto_status status = open_it(m, &r, false, NULL, &store);
    bool is_there = sotto_ok(status);
    if (!is_there) {
        assert_status(status, NOT_FOUND);
        assert_false(written);
        assert_int_equal(count_files(m, "account-"), 0);
        assert_ok(open_it(m, &r, true, NULL, &store));
    }
    assert_int_equal(store->setbacks, 0); /* it was killed, not copied back */
    uint64_t digest = disk_digest(store);
    if (written) {
        assert_ok(put_one(store, "1"));
        assert_true(digest == disk_digest(store));
    }
    assert_ok(put_one(store, ""));
    uint64_t empty = disk_digest(store);
    assert_ok(put_one(store, "1"));
    assert_true(digest == empty || digest == disk_digest(store));
    sotto_store_close(store);
    /* One more time, in order: nothing that the crash left is taken for a setback. */
    assert_ok(open_it(m, &r, false, NULL, &store));
    assert_int_equal(store->setbacks, 0);
    sotto_store_close(store);
    rig_end(&r);
}

static void test_making(void **state) {
    (void)state;
    static sqlite3_vfs vfs;
    making m = {.folder = "/tmp/sotto-killed-XXXXXX"};
    assert_non_null(mkdtemp(m.folder));
    (void)snprintf(m.path, sizeof m.path, "%s/account", m.folder);
    (void)snprintf(m.key_path, sizeof m.key_path, "%s/key", m.folder);
    register_counted(&vfs);
    size_t at = 1;
    for (bool ended = true; ended; at++) {
        bool written;
        int result = make_until(&m, at, &written);
        ended = result == ENDED;
        if (!ended) assert_int_equal(result, 0);
        check_left(&m, written);
        empty_folder(&m);
    }
    print_message("a new store: ended %zu times\n", at - 2);
    assert_true(at > 30);
    assert_int_equal(sqlite3_vfs_unregister(&vfs), SQLITE_OK);
    assert_int_equal(rmdir(m.folder), 0);
}

const struct CMUnitTest making_tests[] = {cmocka_unit_test(test_making)};
const size_t making_count = sizeof making_tests / sizeof making_tests[0];
