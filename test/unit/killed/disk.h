/* SPDX-License-Identifier: ISC
 *
 * A disk for SQLite, in memory: a VFS that keeps the two files of a store, records every operation on them, can be made
 * to fail, and can be killed. And the same operations played again, whole, torn, or as a disk may have left them that
 * lost its power. doc/killed.md says what is and what is not taken for possible.
 *
 * A snapshot is disk_copy of `now` (or of `settled`); disk_become puts one back, as somebody does who copies
 * yesterday's files over today's, or today's to another machine. */
#ifndef TEST_KILLED_DISK_H
#define TEST_KILLED_DISK_H

#include "test/unit/bytes/rig.h"

#include <sqlite3.h>

#include <sotto/store.h>

#define DISK_SECTOR 512u

typedef enum disk_name { DISK_STORE, DISK_WAL, DISK_NAMES } disk_name;

typedef struct disk_file {
    bool exists;
    uint8_t *bytes;
    size_t len, size;
} disk_file;

typedef struct disk_image {
    disk_file files[DISK_NAMES];
} disk_image;

typedef enum disk_kind { DISK_WRITE, DISK_TRUNCATE, DISK_SYNC, DISK_CREATE, DISK_DELETE } disk_kind;

typedef struct disk_op {
    disk_kind kind;
    disk_name name;
    size_t at;  /* TRUNCATE: the new length */
    size_t len; /* of bytes */
    uint8_t *bytes;
} disk_op;

/* What became of a write that was under way. */
typedef enum disk_tear {
    TEAR_NOTHING, /* nothing of it is there */
    TEAR_HALF,    /* the first half, to the byte */
    TEAR_FIRST,   /* its first sector alone */
    TEAR_LAST,    /* its last sector alone */
    TEAR_ODD,     /* every other sector */
    TEAR_EVEN,    /* ... the others */
    TEAR_ZEROS,   /* the file is longer, and there are zeros in the new part */
    TEARS
} disk_tear;

/* What a disk without power kept of all that was not synced. */
typedef enum disk_loss {
    LOSS_ALL,
    LOSS_ODD,        /* every other operation */
    LOSS_EVEN,       /* ... the others */
    LOSS_BUT_LAST,   /* only the last one is there */
    LOSS_ZEROS,      /* the lengths are right, the new parts are zeros */
    LOSS_SOME,       /* any sectors of any operation: this and what follows, by chance */
    LOSS_SOME_OTHER, /* ... with another seed */
    LOSSES
} disk_loss;

typedef struct disk {
    sqlite3_vfs vfs;
    char vfs_name[32];
    char path[64]; /* of the store; a plain file of that name exists and is what src/store/files.c looks at */
    char key_path[64];
    disk_image now;     /* what a process sees */
    disk_image settled; /* what was synced */
    disk_op *log;
    size_t log_len, log_size;
    size_t settled_at[DISK_NAMES]; /* the operations of a file from here on are not synced */
    bool keeps_log;                /* false: settled and log are not kept */
    unsigned life;                 /* descriptors of the one before are dead */
    bool dead;                     /* nothing works until disk_revive */
    size_t ops;                    /* so far */

    /* Called for each operation before it is done; may end the life. */
    void (*watch)(void *arg, struct disk *, const disk_op *);
    void *watch_arg;

    /* Operations that fail, from this one on, and how many (counted as `ops`); SIZE_MAX: none. */
    size_t fail_at, fail_count;
    int fail_write, fail_sync; /* what they get */
    size_t failed;
    disk_kind failed_kind; /* the first of them since `failed` was made 0 */
} disk;

/* ---- images ---- */

void disk_copy(disk_image *ret, const disk_image *from); /* into a zeroed or used image */
void disk_clear(disk_image *);
void disk_apply(disk_image *, const disk_op *);
void disk_apply_torn(disk_image *, const disk_op *, disk_tear);

/* ---- disks ---- */

/* The name of the VFS must be one's own. Paths are those of another disk, or real ones. */
void disk_start(disk *, const char *vfs_name, const char *path, const char *key_path);
void disk_end(disk *);
/* Takes the place of everything on it, settled; the log begins anew. */
void disk_become(disk *, const disk_image *);
/* Does one recorded operation, as if a process did it. */
void disk_play(disk *, const disk_op *);
/* What a loss of power leaves, `last` (not done yet; may be NULL) included. */
void disk_lose(disk_image *ret, const disk *, const disk_op *last, disk_loss, uint64_t seed);
/* The process that had it ends: its descriptors do nothing any more. */
void disk_kill(disk *);
void disk_revive(disk *);
sotto_status disk_open(disk *, const sotto_host *, sotto_store **ret);
/* Every key and value, in order, in one number. */
uint64_t disk_digest(sotto_store *);

#endif
