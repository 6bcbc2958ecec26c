/* SPDX-License-Identifier: ISC */
#include "disk.h"

#include <stdio.h>

#include "bytes/span.h"
#include "store/sqlite.h"

/* ---- images ---- */

static void set_len(disk_file *file, size_t len) {
    if (len > file->size) {
        size_t size = file->size < 65536 ? 65536 : file->size;
        while (size < len) size *= 2;
        file->bytes = realloc(file->bytes, size);
        assert_non_null(file->bytes);
        file->size = size;
    }
    if (len > file->len) memset(file->bytes + file->len, 0, len - file->len);
    file->len = len;
}

static void put_bytes(disk_file *file, size_t at, const uint8_t *bytes, size_t len) {
    if (at + len > file->len) set_len(file, at + len);
    if (len > 0) memcpy(file->bytes + at, bytes, len);
}

void disk_copy(disk_image *ret, const disk_image *from) {
    for (size_t i = 0; i < DISK_NAMES; i++) {
        ret->files[i].exists = from->files[i].exists;
        ret->files[i].len = 0;
        put_bytes(&ret->files[i], 0, from->files[i].bytes, from->files[i].len);
    }
}

void disk_clear(disk_image *image) {
    for (size_t i = 0; i < DISK_NAMES; i++) free(image->files[i].bytes);
    *image = (disk_image){0};
}

void disk_apply(disk_image *image, const disk_op *op) {
    disk_file *file = &image->files[op->name];
    switch (op->kind) {
    case DISK_WRITE:
        put_bytes(file, op->at, op->bytes, op->len);
        break;
    case DISK_TRUNCATE:
        set_len(file, op->at);
        break;
    case DISK_CREATE:
    case DISK_DELETE:
        file->exists = op->kind == DISK_CREATE;
        file->len = 0;
        break;
    case DISK_SYNC:
        break;
    }
}

/* The sectors of a write for which `keeps` is true. */
static void put_sectors(disk_image *image, const disk_op *op, bool keeps(void *arg, size_t sector), void *arg) {
    for (size_t at = op->at; at < op->at + op->len;) {
        size_t sector = at / DISK_SECTOR, end = (sector + 1) * DISK_SECTOR;
        if (end > op->at + op->len) end = op->at + op->len;
        if (keeps(arg, sector)) put_bytes(&image->files[op->name], at, op->bytes + (at - op->at), end - at);
        at = end;
    }
}

static bool keeps_one(void *arg, size_t sector) {
    return sector == *(const size_t *)arg;
}

static bool keeps_parity(void *arg, size_t sector) {
    return sector % 2 == *(const size_t *)arg;
}

static void put_zeros(disk_image *image, const disk_op *op) {
    disk_file *file = &image->files[op->name];
    if (op->at + op->len > file->len) set_len(file, op->at + op->len);
}

void disk_apply_torn(disk_image *image, const disk_op *op, disk_tear tear) {
    if (op->kind != DISK_WRITE) return;
    size_t which = tear == TEAR_FIRST  ? op->at / DISK_SECTOR
                   : tear == TEAR_ODD  ? 1
                   : tear == TEAR_LAST ? (op->at + op->len - 1) / DISK_SECTOR
                                       : 0;
    if (tear == TEAR_HALF) put_bytes(&image->files[op->name], op->at, op->bytes, op->len / 2);
    if (tear == TEAR_FIRST || tear == TEAR_LAST) put_sectors(image, op, keeps_one, &which);
    if (tear == TEAR_ODD || tear == TEAR_EVEN) put_sectors(image, op, keeps_parity, &which);
    if (tear == TEAR_ZEROS) put_zeros(image, op);
}

/* ---- losing power ---- */

typedef struct chance {
    uint64_t state;
} chance;

static bool by_chance(void *arg, size_t sector) {
    (void)sector;
    chance *c = arg;
    c->state = c->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return c->state >> 63 != 0;
}

static void lose_one(disk_image *image, const disk_op *op, size_t number, bool is_last, disk_loss loss, chance *c) {
    bool some = loss == LOSS_SOME || loss == LOSS_SOME_OTHER;
    if (op->kind == DISK_WRITE && some) {
        put_sectors(image, op, by_chance, c);
    } else if (op->kind == DISK_WRITE && loss == LOSS_ZEROS) {
        put_zeros(image, op);
    } else {
        bool stays = some                    ? by_chance(c, 0)
                     : loss == LOSS_ODD      ? number % 2 == 1
                     : loss == LOSS_EVEN     ? number % 2 == 0
                     : loss == LOSS_BUT_LAST ? is_last
                                             : loss == LOSS_ZEROS;
        /* What was written to a new file cannot be there without the file. */
        if (stays || (op->kind == DISK_CREATE && loss != LOSS_ALL)) disk_apply(image, op);
    }
}

void disk_lose(disk_image *ret, const disk *d, const disk_op *last, disk_loss loss, uint64_t seed) {
    disk_copy(ret, &d->settled);
    chance c = {(seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)loss};
    size_t from =
        d->settled_at[DISK_STORE] < d->settled_at[DISK_WAL] ? d->settled_at[DISK_STORE] : d->settled_at[DISK_WAL];
    size_t number = 0;
    for (size_t i = from; i < d->log_len; i++) {
        const disk_op *op = &d->log[i];
        if (i < d->settled_at[op->name] || op->kind == DISK_SYNC) continue;
        lose_one(ret, op, number++, last == NULL && i + 1 == d->log_len, loss, &c);
    }
    if (last != NULL && last->kind != DISK_SYNC) lose_one(ret, last, number, true, loss, &c);
}

/* ---- operations ---- */

static void keep(disk *d, const disk_op *op) {
    if (d->log_len == d->log_size) {
        d->log_size = d->log_size == 0 ? 1024 : d->log_size * 2;
        d->log = realloc(d->log, d->log_size * sizeof *d->log);
        assert_non_null(d->log);
    }
    disk_op *kept = &d->log[d->log_len++];
    *kept = *op;
    kept->bytes = NULL;
    if (op->len == 0) return;
    kept->bytes = malloc(op->len);
    assert_non_null(kept->bytes);
    memcpy(kept->bytes, op->bytes, op->len);
}

/* What was done to a file is on the disk now, its name too: SQLite's own VFS syncs the folder with the first sync of a
 * new file. */
static void settle(disk *d, disk_name name) {
    for (size_t i = d->settled_at[name]; i < d->log_len; i++)
        if (d->log[i].name == name) disk_apply(&d->settled, &d->log[i]);
    d->settled.files[name].exists = d->now.files[name].exists; /* a name stays to be synced when a sync failed */
    d->settled_at[name] = d->log_len;
}

void disk_play(disk *d, const disk_op *op) {
    disk_apply(&d->now, op);
    d->ops++;
    if (!d->keeps_log) return;
    keep(d, op);
    if (op->kind == DISK_SYNC) settle(d, op->name);
}

static int operate(disk *d, const disk_op *op) {
    if (!d->dead && d->watch != NULL) d->watch(d->watch_arg, d, op);
    if (d->dead) return SQLITE_IOERR;
    size_t number = d->ops;
    if (number >= d->fail_at && number - d->fail_at < d->fail_count) {
        if (d->failed++ == 0) d->failed_kind = op->kind;
        d->ops++;
        /* What could not be synced counts as written (fsync(2)): a later sync does not make up for it. */
        if (op->kind == DISK_SYNC) d->settled_at[op->name] = d->log_len;
        return op->kind == DISK_SYNC ? d->fail_sync : d->fail_write;
    }
    disk_play(d, op);
    return SQLITE_OK;
}

/* ---- the VFS ---- */

typedef struct open_file {
    sqlite3_file base;
    disk *d;
    disk_name name;
    unsigned life;
} open_file;

static bool is_gone(const open_file *f) {
    return f->d->dead || f->life != f->d->life;
}

static int file_close(sqlite3_file *file) {
    (void)file;
    return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at) {
    const open_file *f = (const open_file *)file;
    if (is_gone(f)) return SQLITE_IOERR_READ;
    const disk_file *from = &f->d->now.files[f->name];
    size_t there = (size_t)at < from->len ? from->len - (size_t)at : 0;
    if (there > (size_t)len) there = (size_t)len;
    if (there > 0) memcpy(out, from->bytes + at, there);
    memset((uint8_t *)out + there, 0, (size_t)len - there);
    return there == (size_t)len ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *in, int len, sqlite3_int64 at) {
    const open_file *f = (const open_file *)file;
    if (is_gone(f)) return SQLITE_IOERR_WRITE;
    uint8_t *bytes = malloc((size_t)len + 1);
    assert_non_null(bytes);
    memcpy(bytes, in, (size_t)len);
    disk_op op = {.kind = DISK_WRITE, .name = f->name, .at = (size_t)at, .len = (size_t)len, .bytes = bytes};
    int result = operate(f->d, &op);
    free(bytes);
    return result;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 len) {
    const open_file *f = (const open_file *)file;
    if (is_gone(f)) return SQLITE_IOERR_TRUNCATE;
    return operate(f->d, &(disk_op){.kind = DISK_TRUNCATE, .name = f->name, .at = (size_t)len});
}

static int file_sync(sqlite3_file *file, int flags) {
    (void)flags;
    const open_file *f = (const open_file *)file;
    if (is_gone(f)) return SQLITE_IOERR_FSYNC;
    return operate(f->d, &(disk_op){.kind = DISK_SYNC, .name = f->name});
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret) {
    const open_file *f = (const open_file *)file;
    if (is_gone(f)) return SQLITE_IOERR_FSTAT;
    *ret = (sqlite3_int64)f->d->now.files[f->name].len;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int kind) {
    (void)file, (void)kind;
    return SQLITE_OK;
}

static int file_is_reserved(sqlite3_file *file, int *ret) {
    (void)file;
    *ret = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int what, void *arg) {
    (void)file, (void)what, (void)arg;
    return SQLITE_NOTFOUND;
}

/* The two are what SQLite's own VFS says of an ordinary file system; making_test.c holds them against it. */
static int file_sector(sqlite3_file *file) {
    (void)file;
    return 4096;
}

static int file_traits(sqlite3_file *file) {
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* Version 1: without shared memory, as a store that is locked from open to close has no use for it. */
static const sqlite3_io_methods file_methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_lock,
    .xCheckReservedLock = file_is_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

/* DISK_NAMES: none of ours. */
static disk_name name_of(const disk *d, const char *path) {
    size_t len = strlen(d->path);
    if (path == NULL || strncmp(path, d->path, len) != 0) return DISK_NAMES;
    return path[len] == 0 ? DISK_STORE : strcmp(path + len, "-wal") == 0 ? DISK_WAL : DISK_NAMES;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret_flags) {
    disk *d = vfs->pAppData;
    disk_name name = name_of(d, path);
    file->pMethods = NULL;
    if (d->dead || name == DISK_NAMES) return SQLITE_CANTOPEN;
    if (!d->now.files[name].exists) {
        if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
        int result = operate(d, &(disk_op){.kind = DISK_CREATE, .name = name});
        if (result != SQLITE_OK) return result;
    }
    *(open_file *)file = (open_file){.base.pMethods = &file_methods, .d = d, .name = name, .life = d->life};
    if (ret_flags != NULL) *ret_flags = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int syncs) {
    (void)syncs;
    disk *d = vfs->pAppData;
    disk_name name = name_of(d, path);
    if (d->dead) return SQLITE_IOERR_DELETE;
    if (name == DISK_NAMES || !d->now.files[name].exists) return SQLITE_IOERR_DELETE_NOENT;
    return operate(d, &(disk_op){.kind = DISK_DELETE, .name = name});
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret) {
    const disk *d = vfs->pAppData;
    disk_name name = name_of(d, path);
    bool is_there = name != DISK_NAMES && d->now.files[name].exists;
    *ret = flags == SQLITE_ACCESS_EXISTS ? is_there && d->now.files[name].len > 0 : is_there;
    return d->dead ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int size, char *ret) {
    (void)vfs;
    (void)snprintf(ret, (size_t)size, "%s", path);
    return SQLITE_OK;
}

void disk_start(disk *d, const char *vfs_name, const char *path, const char *key_path) {
    *d = (disk){.fail_at = SIZE_MAX, .fail_write = SQLITE_FULL, .fail_sync = SQLITE_IOERR_FSYNC};
    (void)snprintf(d->vfs_name, sizeof d->vfs_name, "%s", vfs_name);
    (void)snprintf(d->path, sizeof d->path, "%s", path);
    (void)snprintf(d->key_path, sizeof d->key_path, "%s", key_path);
    d->vfs = *sqlite3_vfs_find(NULL);
    d->vfs.szOsFile = (int)sizeof(open_file);
    d->vfs.pNext = NULL;
    d->vfs.zName = d->vfs_name;
    d->vfs.pAppData = d;
    d->vfs.xOpen = vfs_open;
    d->vfs.xDelete = vfs_delete;
    d->vfs.xAccess = vfs_access;
    d->vfs.xFullPathname = vfs_full_path;
    assert_int_equal(sqlite3_vfs_register(&d->vfs, 0), SQLITE_OK);
}

static void clear_log(disk *d) {
    while (d->log_len > 0) free(d->log[--d->log_len].bytes);
    d->settled_at[DISK_STORE] = d->settled_at[DISK_WAL] = 0;
}

void disk_end(disk *d) {
    assert_int_equal(sqlite3_vfs_unregister(&d->vfs), SQLITE_OK);
    clear_log(d);
    free(d->log);
    disk_clear(&d->now);
    disk_clear(&d->settled);
}

void disk_become(disk *d, const disk_image *image) {
    clear_log(d);
    disk_copy(&d->now, image);
    if (d->keeps_log) disk_copy(&d->settled, image);
    d->ops = 0;
}

void disk_kill(disk *d) {
    d->dead = true;
}

void disk_revive(disk *d) {
    d->dead = false;
    d->life++;
}

sotto_status disk_open(disk *d, const sotto_host *host, sotto_store **ret) {
    sotto_sqlite_options options = {.path = d->path, .key_path = d->key_path, .host = host};
    store_sqlite_setup setup = {.vfs = d->vfs_name, .uncounted = true};
    return store_sqlite_open_with(ret, &options, &setup);
}

/* FNV-1a. */
static void digest_bytes(uint64_t *digest, sotto_bytes bytes) {
    uint64_t state = (*digest ^ bytes.len) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < bytes.len; i++) state = (state ^ bytes.at[i]) * UINT64_C(0x100000001b3);
    *digest = state;
}

static sotto_status digest_record(void *arg, sotto_bytes key, sotto_bytes value) {
    digest_bytes(arg, key);
    digest_bytes(arg, value);
    return SOTTO_OK;
}

uint64_t disk_digest(sotto_store *store) {
    uint64_t digest = UINT64_C(0xcbf29ce484222325);
    assert_ok(store->methods->scan(store, BYTES_NONE, digest_record, &digest));
    return digest;
}
