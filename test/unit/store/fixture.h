/* SPDX-License-Identifier: ISC
 *
 * What the tests of the store share: a host that counts, fails on demand and looks whether memory came back wiped;
 * a folder of their own for files; short ways to read, write and compare records; and a VFS that fails on demand. */
#ifndef TEST_STORE_FIXTURE_H
#define TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bytes/span.h"
#include "store/sqlite.h"

#define assert_ok(expression)            assert_string_equal(sotto_status_name(expression), "ok")
#define assert_fails(expression, reason) assert_string_equal(sotto_status_name(expression), reason)

/* ---- a host ---- */

typedef struct test_host {
    sotto_host host;
    long memory_left; /* calls that succeed before every other fails; below 0: no end */
    long random_left;
    long live; /* pieces that were not given back */
    long unwiped;
} test_host;

void test_host_init(test_host *);

/* ---- a folder and a store in it ---- */

typedef struct fixture {
    test_host host;
    char folder[200];
    char path[256];
    char key_path[256];
    sotto_sqlite_options options; /* path, key_path, create; the host */
    sotto_store *store;
} fixture;

int fixture_setup(void **state);        /* no store open */
int fixture_setup_memory(void **state); /* an empty store in memory */
int fixture_setup_sqlite(void **state); /* an empty store in a file */
int fixture_teardown(void **state);     /* closes the store, removes the folder, looks at the host */
void fixture_open(fixture *);           /* with f->options; must succeed */
void fixture_close(fixture *);
/* The path of another file in the folder; lives until the fourth call after it. */
const char *fixture_name(const fixture *, const char *name);

/* ---- records ---- */

/* One change; value NULL deletes. */
sotto_status put(sotto_store *, const char *key, const char *value);
void assert_value(sotto_store *, const char *key, const char *value);
/* "key=value key=value " in the order of the scan. */
void assert_scan(sotto_store *, sotto_bytes prefix, const char *expected);
sotto_status scan_nothing(sotto_store *); /* a scan of everything that looks at nothing */
sotto_status get_nothing(sotto_store *, const char *key);

/* ---- files ---- */

typedef struct file_bytes {
    uint8_t *at; /* malloc; NULL: there is no such file */
    size_t len;
} file_bytes;

file_bytes file_read(const char *path);
void file_write(const char *path, sotto_bytes);
void file_copy(const char *from, const char *to);
bool file_exists(const char *path);
bool file_contains(const char *path, sotto_bytes what); /* false too when there is no such file */
unsigned file_mode(const char *path);

/* Runs one statement on a closed store, with a blob for ?1 unless it is empty, as somebody with an editor would. */
void raw_sql(const char *path, const char *sql, sotto_bytes blob);
/* The first column of the first row: its length; the bytes go to ret. */
size_t raw_blob(const char *path, const char *sql, void *ret, size_t size);

/* ---- a disk that fails ---- */

typedef struct failing_disk {
    long writes_left; /* writes (and growing truncations) that succeed; below 0: no end */
    long syncs_left;
    int result; /* what the others get: SQLITE_FULL, SQLITE_IOERR_WRITE, ... */
    long writes;
    long syncs;
} failing_disk;

extern failing_disk disk;      /* state of the VFS; SQLite gives it no other place */
const char *failing_vfs(void); /* registers it once and makes the disk whole */

/* ---- the groups ---- */

int run_conformance(void);
int run_memory(void);
int run_opening(void);
int run_keys(void);
int run_damage(void);
int run_disk(void);
int run_sqlite_memory(void);
void use_failing_sqlite_memory(void); /* before anything else of SQLite */

#endif
