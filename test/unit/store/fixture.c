/* SPDX-License-Identifier: ISC
 *
 * What the tests of the store share. */
#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

/* ---- a host ---- */

static bool spend(long *left) {
    if (*left == 0) return false;
    if (*left > 0) (*left)--;
    return true;
}

static void *test_resize(void *arg, void *at, size_t old_size, size_t new_size) {
    test_host *host = arg;
    if (new_size == 0) {
        const uint8_t *bytes = at;
        for (size_t i = 0; i < old_size; i++) {
            if (bytes[i] != 0) host->unwiped++;
        }
        if (at != NULL) host->live--;
        free(at);
        return NULL;
    }
    if (!spend(&host->memory_left)) return NULL;
    void *moved = realloc(at, new_size);
    if (moved != NULL && at == NULL) host->live++;
    return moved;
}

static sotto_status test_random(void *arg, void *out, size_t len) {
    test_host *host = arg;
    const sotto_host *real = sotto_host_default();
    return spend(&host->random_left) ? real->random(real->arg, out, len) : SOTTO_FAIL(NO_RANDOM);
}

void test_host_init(test_host *host) {
    *host = (test_host){.memory_left = -1, .random_left = -1};
    host->host = (sotto_host){host, test_resize, test_random};
}

/* ---- a folder and a store in it ---- */

int fixture_setup(void **state) {
    fixture *f = calloc(1, sizeof *f);
    if (f == NULL) return -1;
    const char *temporary = getenv("TMPDIR");
    /* In memory where there is such a folder: thousands of syncs are waited for. */
    if (temporary == NULL && access("/dev/shm", W_OK) == 0) temporary = "/dev/shm";
    (void)snprintf(f->folder, sizeof f->folder, "%s/sotto-store-XXXXXX", temporary != NULL ? temporary : "/tmp");
    if (mkdtemp(f->folder) == NULL) return -1;
    (void)snprintf(f->path, sizeof f->path, "%s/account", f->folder);
    (void)snprintf(f->key_path, sizeof f->key_path, "%s/key", f->folder);
    test_host_init(&f->host);
    f->options =
        (sotto_sqlite_options){.path = f->path, .key_path = f->key_path, .create = true, .host = &f->host.host};
    *state = f;
    return 0;
}

int fixture_setup_memory(void **state) {
    if (fixture_setup(state) != 0) return -1;
    fixture *f = *state;
    return sotto_ok(sotto_store_memory(&f->store, &f->host.host)) ? 0 : -1;
}

int fixture_setup_sqlite(void **state) {
    if (fixture_setup(state) != 0) return -1;
    fixture *f = *state;
    return sotto_ok(sotto_sqlite_open(&f->store, &f->options)) ? 0 : -1;
}

static void remove_folder(const char *folder) {
    DIR *all = opendir(folder);
    if (all == NULL) return;
    for (struct dirent *entry = readdir(all); entry != NULL; entry = readdir(all)) {
        if (unlinkat(dirfd(all), entry->d_name, 0) != 0) (void)unlinkat(dirfd(all), entry->d_name, AT_REMOVEDIR);
    }
    (void)closedir(all);
    (void)rmdir(folder);
}

int fixture_teardown(void **state) {
    fixture *f = *state;
    sotto_store_close(f->store);
    remove_folder(f->folder);
    long live = f->host.live, unwiped = f->host.unwiped;
    free(f);
    if (live != 0) print_error("%ld pieces of memory were not given back\n", live);
    if (unwiped != 0) print_error("%ld bytes came back that were not wiped\n", unwiped);
    return live == 0 && unwiped == 0 ? 0 : -1;
}

void fixture_open(fixture *f) {
    assert_null(f->store);
    assert_ok(sotto_sqlite_open(&f->store, &f->options));
}

void fixture_close(fixture *f) {
    sotto_store_close(f->store);
    f->store = NULL;
}

const char *fixture_name(const fixture *f, const char *name) {
    static char names[4][512];
    static unsigned next;
    char *ret = names[next++ % 4];
    (void)snprintf(ret, sizeof names[0], "%s/%s", f->folder, name);
    return ret;
}

/* ---- records ---- */

sotto_status put(sotto_store *store, const char *key, const char *value) {
    sotto_change change = {bytes_text(key), bytes_text(value)};
    return store->methods->write(store, &change, 1);
}

typedef struct seen {
    const char *key;
    const char *value;
    int calls;
} seen;

static sotto_status compare_value(void *arg, sotto_bytes key, sotto_bytes value) {
    seen *expected = arg;
    expected->calls++;
    assert_true(bytes_is(key, expected->key));
    assert_true(bytes_is(value, expected->value));
    return SOTTO_OK;
}

void assert_value(sotto_store *store, const char *key, const char *value) {
    seen expected = {key, value, 0};
    sotto_status status = store->methods->get(store, bytes_text(key), compare_value, &expected);
    if (value == NULL) {
        assert_fails(status, "not-found");
    } else {
        assert_ok(status);
        assert_int_equal(expected.calls, 1);
    }
}

static sotto_status write_down(void *arg, sotto_bytes key, sotto_bytes value) {
    char *text = arg;
    size_t len = strlen(text);
    (void)snprintf(text + len, 1024 - len, "%.*s=%.*s ", (int)key.len, (const char *)key.at, (int)value.len,
                   (const char *)value.at);
    return SOTTO_OK;
}

void assert_scan(sotto_store *store, sotto_bytes prefix, const char *expected) {
    char text[1024] = "";
    assert_ok(store->methods->scan(store, prefix, write_down, text));
    assert_string_equal(text, expected);
}

static sotto_status look_at_nothing(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)arg, (void)key, (void)value;
    return SOTTO_OK;
}

sotto_status scan_nothing(sotto_store *store) {
    return store->methods->scan(store, BYTES_NONE, look_at_nothing, NULL);
}

sotto_status get_nothing(sotto_store *store, const char *key) {
    return store->methods->get(store, bytes_text(key), look_at_nothing, NULL);
}

/* ---- files ---- */

file_bytes file_read(const char *path) {
    file_bytes ret = {NULL, 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) return ret;
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    ret.len = (size_t)ftell(file);
    rewind(file);
    ret.at = malloc(ret.len + 1);
    assert_non_null(ret.at);
    assert_int_equal(fread(ret.at, 1, ret.len, file), ret.len);
    (void)fclose(file);
    return ret;
}

void file_write(const char *path, sotto_bytes bytes) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.at, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

void file_copy(const char *from, const char *to) {
    file_bytes all = file_read(from);
    assert_non_null(all.at);
    file_write(to, bytes_of(all.at, all.len));
    free(all.at);
}

bool file_exists(const char *path) {
    struct stat info;
    return lstat(path, &info) == 0;
}

bool file_contains(const char *path, sotto_bytes what) {
    file_bytes all = file_read(path);
    bool found = all.at != NULL && memmem(all.at, all.len, what.at, what.len) != NULL;
    free(all.at);
    return found;
}

unsigned file_mode(const char *path) {
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return (unsigned)info.st_mode & 07777u;
}

static sqlite3_stmt *raw_prepare(sqlite3 **ret_db, const char *path, const char *sql) {
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open_v2(path, ret_db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(*ret_db, sql, -1, &statement, NULL), SQLITE_OK);
    return statement;
}

void raw_sql(const char *path, const char *sql, sotto_bytes blob) {
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = raw_prepare(&db, path, sql);
    if (blob.len > 0) {
        assert_int_equal(sqlite3_bind_blob64(statement, 1, blob.at, blob.len, SQLITE_STATIC), SQLITE_OK);
    }
    int result = sqlite3_step(statement);
    assert_true(result == SQLITE_DONE || result == SQLITE_ROW);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

size_t raw_blob(const char *path, const char *sql, void *ret, size_t size) {
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = raw_prepare(&db, path, sql);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const void *at = sqlite3_column_blob(statement, 0);
    size_t len = (size_t)sqlite3_column_bytes(statement, 0);
    assert_true(len <= size);
    if (len > 0) memcpy(ret, at, len);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return len;
}
