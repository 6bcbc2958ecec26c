/* SPDX-License-Identifier: ISC
 *
 * A VFS over SQLite's own that fails after so many writes or syncs, as a full or broken disk does. */
#include "fixture.h"

#include <sqlite3.h>

failing_disk disk;

typedef struct disk_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
} disk_file;

static sqlite3_file *real_of(sqlite3_file *file) {
    return ((disk_file *)file)->real;
}

static int disk_close(sqlite3_file *file) {
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int disk_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at) {
    return real_of(file)->pMethods->xRead(real_of(file), out, len, at);
}

static int disk_write(sqlite3_file *file, const void *in, int len, sqlite3_int64 at) {
    disk.writes++;
    if (disk.writes_left == 0) return disk.result;
    if (disk.writes_left > 0) disk.writes_left--;
    return real_of(file)->pMethods->xWrite(real_of(file), in, len, at);
}

static int disk_truncate(sqlite3_file *file, sqlite3_int64 len) {
    return real_of(file)->pMethods->xTruncate(real_of(file), len);
}

static int disk_sync(sqlite3_file *file, int flags) {
    disk.syncs++;
    if (disk.syncs_left == 0) return SQLITE_IOERR_FSYNC;
    if (disk.syncs_left > 0) disk.syncs_left--;
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int disk_size(sqlite3_file *file, sqlite3_int64 *ret) {
    return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int disk_lock(sqlite3_file *file, int kind) {
    return real_of(file)->pMethods->xLock(real_of(file), kind);
}

static int disk_unlock(sqlite3_file *file, int kind) {
    return real_of(file)->pMethods->xUnlock(real_of(file), kind);
}

static int disk_is_reserved(sqlite3_file *file, int *ret) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int disk_control(sqlite3_file *file, int what, void *arg) {
    return real_of(file)->pMethods->xFileControl(real_of(file), what, arg);
}

static int disk_sector(sqlite3_file *file) {
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int disk_traits(sqlite3_file *file) {
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

/* Version 1: without shared memory, which a store that is locked from open to close has no use for. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_size,
    .xLock = disk_lock,
    .xUnlock = disk_unlock,
    .xCheckReservedLock = disk_is_reserved,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector,
    .xDeviceCharacteristics = disk_traits,
};

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags) {
    sqlite3_vfs *under = vfs->pAppData;
    disk_file *opened = (disk_file *)file;
    opened->real = (sqlite3_file *)(opened + 1);
    int result = under->xOpen(under, name, opened->real, flags, ret_flags);
    opened->base.pMethods = opened->real->pMethods != NULL ? &methods : NULL;
    return result;
}

const char *failing_vfs(void) {
    static sqlite3_vfs vfs;
    disk = (failing_disk){.writes_left = -1, .syncs_left = -1, .result = SQLITE_FULL};
    if (vfs.zName == NULL) {
        sqlite3_vfs *under = sqlite3_vfs_find(NULL);
        vfs = *under;
        vfs.zName = "failing";
        vfs.pNext = NULL;
        vfs.pAppData = under;
        vfs.szOsFile = (int)sizeof(disk_file) + under->szOsFile;
        vfs.xOpen = disk_open;
        assert_int_equal(sqlite3_vfs_register(&vfs, 0), SQLITE_OK);
    }
    return "failing";
}
