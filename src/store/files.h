/* SPDX-License-Identifier: ISC
 *
 * What the SQLite store does with files beside SQLite: finding its own, making new ones so that a crash leaves either
 * nothing or all of it, and the key file.
 *
 * A store that exists is never opened here, only looked at by name: closing any descriptor of a file drops the locks
 * that this process has on it (fcntl(2)), and with them SQLite's. */
#ifndef STORE_FILES_H
#define STORE_FILES_H

#include <limits.h>

#include <sotto/types.h>

typedef struct store_path {
    char text[PATH_MAX];
} store_path;

/* The absolute path, links in its folders followed, none in the last part. NOT_FOUND: the folder does not exist.
 * USAGE: no name of a file. */
SOTTO_MUST_CHECK sotto_status store_path_resolve(store_path *ret, const char *path);
/* NOT_FOUND; STORE_CORRUPT when it is no plain file (a symbolic link is none), or too short for a database: SQLite
 * takes an empty file for a new one and would write to it; STORE_FAILED. */
SOTTO_MUST_CHECK sotto_status store_path_look(const char *path);
/* True when there is such a file and it is not empty. `suffix` is put behind the path. */
bool store_path_has_bytes(const store_path *, const char *suffix);

/* An empty file with a new name that begins with `path`, mode 0600 whatever the umask. STORE_FULL, STORE_FAILED. */
SOTTO_MUST_CHECK sotto_status store_file_new(store_path *ret, const char *path);
/* Gives the finished file its name, durably. Where something has that name already it stays, and `from` is removed:
 * two who make the same file at once end with one, and both go on with that. */
SOTTO_MUST_CHECK sotto_status store_file_install(const store_path *from, const char *path);
void store_file_remove(const store_path *);

/* Reads a key file: exactly 32 bytes. NOT_FOUND; KEY_EXPOSED when its mode gives anything to anybody but the owner;
 * WRONG_PASSPHRASE when it cannot be a key file; STORE_FAILED. */
SOTTO_MUST_CHECK sotto_status store_key_read(uint8_t ret[32], const char *path);
/* Reads it, or makes it of random bytes where there is none: then it and its name are on the disk before this returns.
 */
SOTTO_MUST_CHECK sotto_status store_key_read_or_make(uint8_t ret[32], const char *path, const sotto_host *);

/* The number in the small file beside the store, "PATH-opening": which opening of the store was the last one. It is not
 * copied with the store alone, so a store that is behind it was copied back (T18). 0 where there is no such file, or
 * none that can be read as a number: whoever moves a store without it has done nothing wrong. STORE_FAILED. */
SOTTO_MUST_CHECK sotto_status store_opening_read(uint64_t *ret, const store_path *);
/* A new store begins without one. */
void store_opening_remove(const store_path *);
/* Replaces it, durably. STORE_FULL, STORE_FAILED, USAGE (the path is too long). */
SOTTO_MUST_CHECK sotto_status store_opening_write(const store_path *, uint64_t number);

#endif
