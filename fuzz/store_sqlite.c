/* SPDX-License-Identifier: ISC
 *
 * The SQLite store over a damaged or hostile file: bytes of a true one are changed where the input says, or pages
 * exchanged. Nothing is ever read that was not written (values are sealed for their keys), whatever else fails. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig.h"
#include "store/sqlite.h"

#define RECORDS 40

static char folder[64], path[96], key_path[96];
static uint8_t *pristine;
static size_t pristine_len;

static const char *const beside[] = {"", "-wal", "-journal", "-shm", "-opening"};

static void remove_all(void) {
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s%s", path, beside[i]);
        (void)unlink(name);
    }
}

static void clean_up(void) {
    remove_all();
    (void)unlink(key_path);
    (void)rmdir(folder);
    free(pristine);
}

static sotto_bytes value_of(size_t i, uint8_t *room) {
    for (size_t k = 0; k < 600; k++) room[k] = (uint8_t)(i * 7 + k);
    return bytes_of(room, 1 + i * 13);
}

static sotto_status open_store(sotto_store **ret, const sotto_host *host, bool create) {
    sotto_sqlite_options options = {.path = path, .key_path = key_path, .create = create, .host = host};
    return sotto_sqlite_open(ret, &options);
}

static void prepare(void) {
    if (pristine) return;
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(folder, sizeof folder, "%s/sotto-fuzz-XXXXXX", base);
    MUST(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof path, "%s/store", folder);
    (void)snprintf(key_path, sizeof key_path, "%s/key", folder);
    MUST(atexit(clean_up) == 0);
    sotto_store *store;
    MUST_OK(open_store(&store, sotto_host_default(), true));
    for (size_t i = 0; i < RECORDS; i++) {
        uint8_t room[600], key[2] = {'k', (uint8_t)i};
        MUST_OK(store->methods->write(store, &(sotto_change){bytes_of(key, 2), value_of(i, room)}, 1));
    }
    sotto_store_close(store);
    FILE *file = fopen(path, "rb");
    struct stat about;
    MUST(file && fstat(fileno(file), &about) == 0);
    pristine_len = (size_t)about.st_size;
    pristine = malloc(pristine_len);
    MUST(pristine && fread(pristine, 1, pristine_len, file) == pristine_len && fclose(file) == 0);
}

static void write_changed(sotto_bytes in) {
    uint8_t *copy = malloc(pristine_len);
    size_t len = pristine_len;
    MUST(copy != NULL);
    memcpy(copy, pristine, pristine_len);
    while (in.len > 0) {
        uint8_t kind = fuzz_u8(&in);
        size_t at = ((size_t)fuzz_u8(&in) << 16 | (size_t)fuzz_u8(&in) << 8 | fuzz_u8(&in)) % pristine_len;
        if (kind < 200) {
            copy[at] = fuzz_u8(&in);
        } else if (kind < 230) {
            size_t page = at / 4096 * 4096, other = (size_t)fuzz_u8(&in) * 4096 % pristine_len;
            if (page + 4096 <= pristine_len && other + 4096 <= pristine_len)
                memcpy(copy + page, pristine + other, 4096);
        } else if (kind < 240) {
            len = at;
        } else {
            sotto_bytes piece = fuzz_piece(&in, pristine_len - at);
            if (piece.len > 0) memcpy(copy + at, piece.at, piece.len);
        }
    }
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && write(fd, copy, len) == (ssize_t)len && close(fd) == 0);
    free(copy);
}

static sotto_status visit(void *arg, sotto_bytes key, sotto_bytes value) {
    uint8_t room[600];
    size_t *count = arg;
    MUST(key.len == 2 && key.at[0] == 'k' && key.at[1] < RECORDS);
    MUST(bytes_equal(value, value_of(key.at[1], room)));
    ++*count;
    return SOTTO_OK;
}

static void use(sotto_store *store) {
    size_t count = 0;
    (void)sotto_ok(store->methods->scan(store, BYTES_LITERAL("k"), visit, &count));
    (void)sotto_ok(store->methods->get(store, BYTES_LITERAL("k\x05"), visit, &count));
    sotto_status status = store->methods->write(store, &(sotto_change){BYTES_LITERAL("x"), BYTES_LITERAL("y")}, 1);
    MUST(sotto_ok(status) || sotto_class(status) == SOTTO_CLASS_OURS);
    (void)strlen(sotto_sqlite_message(store));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    prepare();
    fuzz_host host;
    fuzz_host_start(&host);
    remove_all();
    write_changed(bytes_of(data, size));
    sotto_store *store = NULL;
    sotto_status status = open_store(&store, &host.host, false);
    if (sotto_ok(status)) use(store);
    MUST(sotto_ok(status) || sotto_class(status) == SOTTO_CLASS_OURS || sotto_is(status, SOTTO_E_NOT_FOUND));
    if (sotto_ok(status)) sotto_store_close(store);
    fuzz_host_end(&host);
    return 0;
}
