/* SPDX-License-Identifier: ISC
 *
 * What goes up comes down again, in pieces of any size; what was altered, cut, or is another file, does not appear
 * under any name (T34), and nothing that is there is written to. */
#include "files_tests.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/files/crossing.h"
#include "app/files/offer.h"

static char folder[64];
static const uint8_t key[32] = {1, 2, 3}, iv[12] = {9, 8, 7};
static uint8_t plain[200000], sealed[sizeof plain + 16];

static int setup(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/sotto-files-XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof plain; i++) plain[i] = (uint8_t)(i * 31 + i / 251);
    return 0;
}

static void path_of(char ret[400], const char *name) {
    (void)snprintf(ret, 400, "%s/%s", folder, name);
}

/* How many names the folder has; removes them. */
static size_t sweep(void) {
    size_t count = 0;
    DIR *all = opendir(folder);
    assert_non_null(all);
    for (const struct dirent *one = readdir(all); one; one = readdir(all)) {
        char path[400];
        if (strcmp(one->d_name, ".") == 0 || strcmp(one->d_name, "..") == 0) continue;
        path_of(path, one->d_name);
        assert_int_equal(unlink(path), 0);
        count++;
    }
    (void)closedir(all);
    return count;
}

static int teardown(void **state) {
    (void)state;
    (void)sweep();
    return rmdir(folder);
}

static int file_of(size_t len) {
    char path[400];
    path_of(path, "source");
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_true(write(fd, plain, len) == (ssize_t)len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(unlink(path), 0);
    return fd;
}

/* Encrypts the first `len` bytes, asked for in pieces of this size; the share of it. */
static context_share up(size_t len, size_t piece) {
    app_crossing c;
    context_share share = {.key = bytes_of(key, 32), .iv = bytes_of(iv, 12), .has_size = true, .size = len};
    size_t total = 0, got = 1;
    assert_true(sotto_ok(app_crossing_up(&c, file_of(len), len, key, iv)));
    while (got > 0) {
        assert_true(
            app_crossing_take(&c, sealed + total, piece < sizeof sealed - total ? piece : sizeof sealed - total, &got));
        total += got;
        if (total == sizeof sealed) break;
    }
    assert_true(app_crossing_up_end(&c, &share.hash, &share.sealed));
    assert_int_equal(total, len + 16);
    app_crossing_free(&c);
    return share;
}

/* Takes in what is on the server, in pieces; how it ended. */
static app_transfer_end down(const context_share *share, size_t len, size_t piece, const char *name) {
    app_crossing c;
    context_hash hash;
    char got[APP_FILE_NAME_SIZE];
    assert_true(sotto_ok(app_crossing_down(&c, share, folder)));
    bool going = true;
    for (size_t at = 0; going && at < len; at += piece)
        going = app_crossing_put(&c, bytes_of(sealed + at, len - at < piece ? len - at : piece));
    app_transfer_end end = c.end;
    if (going) end = app_crossing_keep(&c, name, got, &hash) ? APP_TRANSFER_DONE : c.end;
    app_crossing_free(&c);
    return end;
}

static void holds(const char *name, size_t len) {
    char path[400];
    static uint8_t read_back[sizeof plain + 1];
    struct stat about;
    path_of(path, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, read_back, sizeof read_back) == (ssize_t)len);
    assert_memory_equal(read_back, plain, len);
    assert_int_equal(fstat(fd, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    (void)close(fd);
}

static void test_up_and_down(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 31, 32, 33, 65535, 65536, 65537, sizeof plain};
    static const size_t pieces[] = {1, 7, 16, 17, 65536, sizeof sealed};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t j = 0; j < sizeof pieces / sizeof *pieces; j++) {
            if (sizes[i] > 1000 && pieces[j] < 16) continue;
            context_share share = up(sizes[i], pieces[j]);
            assert_int_equal(down(&share, sizes[i] + 16, pieces[j], "got"), APP_TRANSFER_DONE);
            holds("got", sizes[i]);
            share.has_size = false; /* a URL says no size and has no hash */
            share.hash.size = share.sealed.size = 0;
            assert_int_equal(down(&share, sizes[i] + 16, pieces[j], "again"), APP_TRANSFER_DONE);
            assert_int_equal(sweep(), 2);
        }
    }
}

/* T34 */
static void test_what_is_wrong_gets_no_name(void **state) {
    (void)state;
    const size_t len = 1000, all = len + 16;
    context_share good = up(len, 100), share = good;
    for (size_t at = 0; at < all; at += 127) {
        sealed[at] ^= 1;
        assert_int_equal(down(&good, all, 64, "got"), APP_TRANSFER_WRONG_TAG);
        sealed[at] ^= 1;
    }
    sealed[all - 1] ^= 0x80; /* in the tag itself */
    assert_int_equal(down(&good, all, 64, "got"), APP_TRANSFER_WRONG_TAG);
    sealed[all - 1] ^= 0x80;
    assert_int_equal(down(&good, all - 1, 64, "got"), APP_TRANSFER_CUT_SHORT);
    assert_int_equal(down(&good, 0, 64, "got"), APP_TRANSFER_CUT_SHORT);
    share.size = len - 1;
    assert_int_equal(down(&share, all, 64, "got"), APP_TRANSFER_TOO_LARGE);
    share.has_size = false; /* nobody said how much it is: the tag tells */
    assert_int_equal(down(&share, all - 1, 64, "got"), APP_TRANSFER_WRONG_TAG);
    assert_int_equal(down(&share, 15, 64, "got"), APP_TRANSFER_CUT_SHORT);
    share = good;
    share.hash.bytes[0] ^= 1;
    assert_int_equal(down(&share, all, 64, "got"), APP_TRANSFER_WRONG_HASH);
    share = good;
    share.sealed.bytes[31] ^= 1;
    assert_int_equal(down(&share, all, 64, "got"), APP_TRANSFER_WRONG_HASH);
    static const uint8_t other[32] = {7};
    share = good;
    share.key = bytes_of(other, sizeof other);
    assert_int_equal(down(&share, all, 64, "got"), APP_TRANSFER_WRONG_TAG);
    assert_int_equal(sweep(), 0);
    assert_int_equal(down(&good, all, 64, "got"), APP_TRANSFER_DONE);
    assert_int_equal(sweep(), 1);
}

/* limit: SOTTO_FILE_BYTES_MAX. No gigabyte is moved for it: what is announced larger is not begun, and what is not
 * announced may have so much and the tag. */
static void test_files_have_a_size(void **state) {
    (void)state;
    context_share share = up(10, 10);
    share.size = (uint64_t)SOTTO_FILE_BYTES_MAX + 1;
    assert_int_equal(down(&share, 26, 64, "got"), APP_TRANSFER_TOO_LARGE);
    share.size = SOTTO_FILE_BYTES_MAX;
    assert_true(app_crossing_most(&share) == (uint64_t)SOTTO_FILE_BYTES_MAX + 16);
    share.has_size = false;
    assert_true(app_crossing_most(&share) == (uint64_t)SOTTO_FILE_BYTES_MAX + 16);
    assert_int_equal(sweep(), 0);
}

/* T34: files, folders and links that are in the way stay what they are. */
static void test_what_is_there_stays(void **state) {
    (void)state;
    char path[400], target[400];
    context_share share = up(100, 100);
    path_of(path, "a.txt");
    FILE *mine = fopen(path, "w");
    assert_non_null(mine);
    (void)fputs("mine", mine);
    (void)fclose(mine);
    path_of(path, "a (2).txt");
    path_of(target, "elsewhere");
    assert_int_equal(symlink(target, path), 0);
    path_of(path, "a (3).txt");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(down(&share, 116, 64, "a.txt"), APP_TRANSFER_DONE);
    holds("a (4).txt", 100);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(access(target, F_OK), -1);
    path_of(path, "a.txt");
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_size, 4);
    assert_int_equal(sweep(), 3);
}

static void test_too_many_of_a_name(void **state) {
    (void)state;
    context_share share = up(1, 1);
    for (unsigned i = 0; i < APP_FILE_NAMES_MAX; i++) assert_int_equal(down(&share, 17, 64, "same"), APP_TRANSFER_DONE);
    assert_int_equal(down(&share, 17, 64, "same"), APP_TRANSFER_NAMES_TAKEN);
    assert_int_equal(sweep(), APP_FILE_NAMES_MAX);
}

static void test_no_folder(void **state) {
    (void)state;
    app_crossing c;
    context_share share = up(1, 1);
    assert_true(sotto_ok(app_crossing_down(&c, &share, "/nonexistent/folder")));
    assert_int_equal(c.end, APP_TRANSFER_NO_FOLDER);
    assert_int_equal(c.error, ENOENT);
    app_crossing_free(&c);
}

/* Our own file grows or shrinks while it is read: nothing is sent that was not announced. */
static void test_a_file_that_changes(void **state) {
    (void)state;
    app_crossing c;
    context_hash a, b;
    size_t got = 1;
    for (int grows = 0; grows < 2; grows++) {
        assert_true(sotto_ok(app_crossing_up(&c, file_of(100), grows ? 99 : 101, key, iv)));
        bool going = true;
        while (going && got > 0) going = app_crossing_take(&c, sealed, 64, &got);
        assert_false(going);
        assert_int_equal(c.end, APP_TRANSFER_CHANGED);
        assert_false(app_crossing_up_end(&c, &a, &b));
        app_crossing_free(&c);
        got = 1;
    }
}

static void test_records(void **state) {
    (void)state;
    uint8_t memory[2048];
    bytes_buffer out;
    sotto_bytes record;
    app_offer offer = {.number = 7, .time_ms = 1795165200000u, .trust = SOTTO_TRUST_VERIFIED}, back;
    offer.from = bytes_text("romeo@montague.example");
    offer.seal = bytes_text("omemo:2");
    offer.share = up(10, 10);
    offer.share.url = bytes_text("https://a.example/b");
    offer.share.name = bytes_text("b");
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    app_offer_put(&out, &offer);
    assert_true(sotto_ok(bytes_buffer_end(&out, &record)));
    assert_true(sotto_ok(app_offer_read(&back, record)));
    assert_true(back.number == 7 && back.share.size == 10 && back.trust == SOTTO_TRUST_VERIFIED);
    assert_true(bytes_equal(back.share.url, offer.share.url) && bytes_equal(back.from, offer.from));
    for (size_t len = 0; len < record.len; len++)
        assert_int_equal(app_offer_read(&back, bytes_of(record.at, len)).code, SOTTO_E_MALFORMED);
}

/* limit: SOTTO_FILES_REMEMBERED. The oldest make room; numbers go on. */
static void test_the_ledger(void **state) {
    (void)state;
    const sotto_host *host = sotto_host_default();
    sotto_store *store;
    sotto_engine *engine;
    const sotto_seal *const seals[] = {sotto_seal_omemo(), NULL};
    assert_true(sotto_ok(sotto_store_memory(&store, host)));
    const sotto_engine_config config = {.account = bytes_text("juliet@capulet.example"),
                                        .host = host,
                                        .store = store,
                                        .seals = seals,
                                        .least_strength = 1};
    assert_true(sotto_ok(sotto_engine_open(&engine, &config, 1)));
    app_offer offer = {.from = bytes_text("romeo@montague.example")}, got;
    offer.share = up(10, 10);
    offer.share.url = bytes_text("https://a.example/b");
    bytes_arena arena;
    bytes_arena_init(&arena, host, 1u << 20);
    uint64_t number = 0;
    assert_int_equal(app_ledger_get(engine, &arena, 1, &got).code, SOTTO_E_NOT_FOUND);
    for (uint64_t i = 1; i <= SOTTO_FILES_REMEMBERED + 1; i++) {
        assert_true(sotto_ok(app_ledger_add(engine, &offer, &number)));
        assert_true(number == i);
    }
    assert_true(sotto_ok(sotto_engine_commit(engine)));
    assert_int_equal(app_ledger_get(engine, &arena, 1, &got).code, SOTTO_E_NOT_FOUND);
    assert_true(sotto_ok(app_ledger_get(engine, &arena, 2, &got)) && got.number == 2);
    assert_true(sotto_ok(app_ledger_get(engine, &arena, number, &got)) && got.number == number);
    assert_int_equal(app_ledger_get(engine, &arena, number + 1, &got).code, SOTTO_E_NOT_FOUND);
    assert_int_equal(app_ledger_get(engine, &arena, UINT64_MAX, &got).code, SOTTO_E_NOT_FOUND);
    bytes_arena_clear(&arena);
    sotto_engine_close(engine);
    sotto_store_close(store);
}

static void count_line(void *arg, app_stream stream, sotto_bytes bytes) {
    size_t *count = arg;
    if (stream == APP_OUT && bytes.len > 0 && bytes.at[bytes.len - 1] == '\n') (*count)++;
}

/* sotto listen and a conversation in the same process both look at a delivery, and what was not done comes again. */
static void test_a_delivery_is_remembered_once(void **state) {
    (void)state;
    const sotto_host *host = sotto_host_default();
    sotto_store *store;
    sotto_engine *engine;
    const sotto_seal *const seals[] = {sotto_seal_omemo(), NULL};
    assert_true(sotto_ok(sotto_store_memory(&store, host)));
    const sotto_engine_config config = {.account = bytes_text("juliet@capulet.example"),
                                        .host = host,
                                        .store = store,
                                        .seals = seals,
                                        .least_strength = 1};
    assert_true(sotto_ok(sotto_engine_open(&engine, &config, 1)));
    sotto_delivery d = {.stanza =
                            bytes_text("<message><body>aesgcm://a.example/b.txt#"
                                       "000102030405060708090a0b000102030405060708090a0b0c0d0e0f101112131415161718"
                                       "191a1b1c1d1e1f</body></message>"),
                        .seal = bytes_text("omemo:0.3"),
                        .from = bytes_text("romeo@montague.example"),
                        .time_ms = 1000};
    size_t shown = 0;
    uint64_t next = 0;
    const app_output output = {.write = count_line, .arg = &shown};
    app_offers_take(engine, &d, &output, true);
    app_offers_take(engine, &d, &output, true);
    assert_true(sotto_ok(app_ledger_next(engine, &next)) && next == 2);
    d.time_ms = 2000; /* the same file, sent again */
    app_offers_take(engine, &d, &output, true);
    assert_true(sotto_ok(app_ledger_next(engine, &next)) && next == 3);
    assert_int_equal(shown, 3);
    sotto_engine_close(engine);
    sotto_store_close(store);
}

int run_crossing_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_up_and_down),         cmocka_unit_test(test_what_is_wrong_gets_no_name),
        cmocka_unit_test(test_files_have_a_size),   cmocka_unit_test(test_what_is_there_stays),
        cmocka_unit_test(test_too_many_of_a_name),  cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_a_file_that_changes), cmocka_unit_test(test_records),
        cmocka_unit_test(test_the_ledger),          cmocka_unit_test(test_a_delivery_is_remembered_once),
    };
    return cmocka_run_group_tests_name("crossings", tests, setup, teardown);
}
