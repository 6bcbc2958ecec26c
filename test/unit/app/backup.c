/* SPDX-License-Identifier: ISC
 *
 * Backups: the encrypted stream and every way in which one can be broken, each with its own error; the entries inside;
 * the file. (Whole accounts: test/unit/whole/backup_test.c, and the program itself in program_backup.c.) */
#include "app_tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sotto/store.h>

#include "app/backup/content.h"
#include "app/backup/file.h"
#include "bytes/cursor.h"
#include "bytes/span.h"
#include "crypto/hash.h"

#define RIGHT BYTES_LITERAL("correct horse")
#define WRONG BYTES_LITERAL("correct house")
#define HEAD  APP_SEALED_HEADER_BYTES
#define FRONT 8u
#define EXTRA 17u
#define PIECE (FRONT + APP_SEALED_PIECE_BYTES + EXTRA) /* a full one in the stream */

/* Guessing is cheap here. */
static const app_sealed_cost cheap = {1, 8};

/* A stream in memory. */
typedef struct tape {
    uint8_t at[512 * 1024];
    size_t len, read;
    size_t room;  /* writing fails beyond; 0: no limit */
    size_t stuck; /* reading fails beyond; 0: never */
} tape;

static bool tape_write(void *arg, sotto_bytes bytes) {
    tape *t = arg;
    assert_true(t->len + bytes.len <= sizeof t->at);
    if (t->room > 0 && t->len + bytes.len > t->room) return false;
    memcpy(t->at + t->len, bytes.at, bytes.len);
    t->len += bytes.len;
    return true;
}

/* Not more than a few at once, as files and pipes may do. */
static bool tape_read(void *arg, uint8_t *to, size_t size, size_t *ret_len) {
    tape *t = arg;
    size_t rest = t->len - t->read, part = size < 1000 ? size : 1000;
    if (t->stuck > 0 && t->read >= t->stuck) return false;
    if (part > rest) part = rest;
    memcpy(to, t->at + t->read, part);
    t->read += part;
    *ret_len = part;
    return true;
}

static uint8_t pattern(size_t i) {
    return (uint8_t)(i * 131 + i / 257);
}

static void record_tape(tape *t, size_t len) {
    app_sealing *s;
    static uint8_t text[300000];
    assert_true(len <= sizeof text);
    for (size_t i = 0; i < len; i++) text[i] = pattern(i);
    memset(t, 0, sizeof *t);
    assert_int_equal(app_sealing_new(&s, RIGHT, &cheap, tape_write, t), APP_SEALED_FINE);
    assert_int_equal(app_sealing_put(s, bytes_of(text, len / 3)), APP_SEALED_FINE);
    assert_int_equal(app_sealing_put(s, bytes_of(text + len / 3, len - len / 3)), APP_SEALED_FINE);
    assert_int_equal(app_sealing_end(s), APP_SEALED_FINE);
    app_sealing_free(s);
}

/* What is wrong with it, read as `len` bytes and an end; what came out is right as far as it goes. */
static app_sealed_fault play(tape *t, size_t len) {
    app_unsealing *u;
    uint8_t part[777];
    t->read = 0;
    app_sealed_fault fault = app_unsealing_new(&u, RIGHT, tape_read, t);
    if (fault != APP_SEALED_FINE) return fault;
    for (size_t done = 0; fault == APP_SEALED_FINE && done < len;) {
        size_t want = len - done < sizeof part ? len - done : sizeof part;
        fault = app_unsealing_get(u, part, want);
        for (size_t i = 0; fault == APP_SEALED_FINE && i < want; i++) assert_int_equal(part[i], pattern(done + i));
        done += want;
    }
    if (fault == APP_SEALED_FINE) fault = app_unsealing_end(u);
    app_unsealing_free(u);
    return fault;
}

static tape t;

static void test_round_trip(void **state) {
    (void)state;
    static const size_t sizes[] = {
        0, 1, 1000, APP_SEALED_PIECE_BYTES - 1, APP_SEALED_PIECE_BYTES, APP_SEALED_PIECE_BYTES + 1, 200000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        record_tape(&t, sizes[i]);
        size_t pieces = sizes[i] / APP_SEALED_PIECE_BYTES + 1;
        assert_int_equal(t.len, HEAD + sizes[i] + pieces * (FRONT + EXTRA));
        assert_int_equal(play(&t, sizes[i]), APP_SEALED_FINE);
        if (sizes[i] > 0) assert_int_equal(play(&t, sizes[i] - 1), APP_SEALED_DAMAGED); /* there is more inside */
        assert_int_equal(play(&t, sizes[i] + 1), APP_SEALED_CUT);
    }
}

static void test_two_are_different(void **state) {
    (void)state;
    static tape other;
    record_tape(&t, 100);
    record_tape(&other, 100);
    assert_int_equal(t.len, other.len);
    assert_memory_not_equal(t.at + 25, other.at + 25, 16);                      /* salt */
    assert_memory_not_equal(t.at + HEAD + FRONT, other.at + HEAD + FRONT, 100); /* content */
}

static void test_wrong_passphrase(void **state) {
    (void)state;
    app_unsealing *u = NULL;
    record_tape(&t, 100);
    assert_int_equal(app_unsealing_new(&u, WRONG, tape_read, &t), APP_SEALED_PASSPHRASE);
    t.read = 0;
    assert_int_equal(app_unsealing_new(&u, BYTES_NONE, tape_read, &t), APP_SEALED_PASSPHRASE);
    assert_null(u);
}

static void test_cut_anywhere(void **state) {
    (void)state;
    record_tape(&t, 50);
    for (size_t len = t.len; len-- > 0;) {
        t.len = len;
        assert_int_equal(play(&t, 50), len < 16 ? APP_SEALED_NOT_ONE : APP_SEALED_CUT);
    }
    /* Between two pieces, where the rest is whole. */
    record_tape(&t, 2 * APP_SEALED_PIECE_BYTES + 5);
    t.len = HEAD + PIECE;
    assert_int_equal(play(&t, 2 * APP_SEALED_PIECE_BYTES + 5), APP_SEALED_CUT);
    record_tape(&t, 2 * APP_SEALED_PIECE_BYTES);
    t.len = HEAD + 2 * PIECE; /* without the last one, which is empty */
    assert_int_equal(play(&t, 2 * APP_SEALED_PIECE_BYTES), APP_SEALED_CUT);
}

/* What each byte is for decides what its loss is called. */
static app_sealed_fault damage_of(size_t at, uint8_t bit) {
    if (at < 16) return APP_SEALED_NOT_ONE;
    if (at == 16) return bit == 0 ? APP_SEALED_HEADER : APP_SEALED_NEWER; /* version 1: 0, or above */
    if (at < HEAD) return APP_SEALED_HEADER;
    if (at < HEAD + 4) return APP_SEALED_ORDER;
    return APP_SEALED_DAMAGED;
}

static void test_damage_anywhere(void **state) {
    (void)state;
    record_tape(&t, 40);
    for (size_t at = 0; at < t.len; at++) {
        uint8_t bit = (uint8_t)(at == 16 ? 0 : at % 8);
        t.at[at] ^= (uint8_t)(1u << bit);
        app_sealed_fault fault = play(&t, 40), expected = damage_of(at, bit);
        /* A length that is larger reads beyond the end. */
        if (at >= HEAD + 4 && at < HEAD + FRONT && fault == APP_SEALED_CUT) expected = APP_SEALED_CUT;
        assert_int_equal(fault, expected);
        t.at[at] ^= (uint8_t)(1u << bit);
    }
    assert_int_equal(play(&t, 40), APP_SEALED_FINE);
    t.at[16] = 2;
    assert_int_equal(play(&t, 40), APP_SEALED_NEWER);
}

static void swap_pieces(size_t one, size_t other) {
    static uint8_t room[PIECE];
    memcpy(room, t.at + one, PIECE);
    memcpy(t.at + one, t.at + other, PIECE);
    memcpy(t.at + other, room, PIECE);
}

static void number_piece(size_t at, uint8_t number) {
    t.at[at + 3] = number;
}

static void test_order(void **state) {
    (void)state;
    const size_t len = 3 * APP_SEALED_PIECE_BYTES + 9, first = HEAD, second = HEAD + PIECE, third = HEAD + 2 * PIECE;
    record_tape(&t, len);
    swap_pieces(first, second);
    assert_int_equal(play(&t, len), APP_SEALED_ORDER);
    number_piece(first, 0), number_piece(second, 1); /* numbered anew they are not what they were sealed as */
    assert_int_equal(play(&t, len), APP_SEALED_DAMAGED);
    record_tape(&t, len);
    swap_pieces(second, third);
    assert_int_equal(play(&t, len), APP_SEALED_ORDER);
    number_piece(second, 1), number_piece(third, 2);
    assert_int_equal(play(&t, len), APP_SEALED_DAMAGED);
    record_tape(&t, len); /* one left out */
    memmove(t.at + second, t.at + third, t.len - third);
    t.len -= PIECE;
    assert_int_equal(play(&t, len), APP_SEALED_ORDER);
    record_tape(&t, len); /* one twice */
    memmove(t.at + third, t.at + second, t.len - second);
    t.len += PIECE;
    assert_int_equal(play(&t, len), APP_SEALED_ORDER);
    /* A piece of another backup with the same passphrase. */
    static tape other;
    record_tape(&other, len);
    record_tape(&t, len);
    memcpy(t.at + second, other.at + second, PIECE);
    assert_int_equal(play(&t, len), APP_SEALED_DAMAGED);
}

static void test_longer(void **state) {
    (void)state;
    record_tape(&t, 40);
    t.at[t.len++] = 0;
    assert_int_equal(play(&t, 40), APP_SEALED_LONGER);
}

/* The sum in the header is anybody's to make. */
static void header_set(size_t at, uint32_t value) {
    uint8_t hash[32];
    for (size_t i = 0; i < 4; i++) t.at[at + i] = (uint8_t)(value >> (24 - 8 * i));
    assert_true(sotto_ok(crypto_hash_of(CRYPTO_SHA256, hash, bytes_of(t.at, HEAD - 8))));
    memcpy(t.at + HEAD - 8, hash, 8);
}

/* limit: SOTTO_STORE_PASSES_MAX, SOTTO_STORE_KIBIBYTES_MAX: refused before any work is done. */
static void test_costly(void **state) {
    (void)state;
    record_tape(&t, 40);
    header_set(17, SOTTO_STORE_PASSES_MAX + 1);
    assert_int_equal(play(&t, 40), APP_SEALED_COSTLY);
    header_set(17, UINT32_MAX);
    assert_int_equal(play(&t, 40), APP_SEALED_COSTLY);
    header_set(17, 0);
    assert_int_equal(play(&t, 40), APP_SEALED_HEADER);
    header_set(17, SOTTO_STORE_PASSES_MAX); /* allowed, but not what it was made with */
    assert_int_equal(play(&t, 40), APP_SEALED_PASSPHRASE);
    header_set(17, 1);
    header_set(21, SOTTO_STORE_KIBIBYTES_MAX + 1);
    assert_int_equal(play(&t, 40), APP_SEALED_COSTLY);
    header_set(21, 7);
    assert_int_equal(play(&t, 40), APP_SEALED_HEADER);
    header_set(21, 8);
    assert_int_equal(play(&t, 40), APP_SEALED_FINE);
    assert_true(app_sealed_cost_usual.passes <= SOTTO_STORE_PASSES_MAX &&
                app_sealed_cost_usual.kibibytes <= SOTTO_STORE_KIBIBYTES_MAX);
}

static void test_outside_fails(void **state) {
    (void)state;
    app_sealing *s;
    static const uint8_t text[APP_SEALED_PIECE_BYTES];
    memset(&t, 0, sizeof t);
    t.room = HEAD - 1;
    assert_int_equal(app_sealing_new(&s, RIGHT, &cheap, tape_write, &t), APP_SEALED_OUTSIDE);
    memset(&t, 0, sizeof t);
    t.room = HEAD + 100;
    assert_int_equal(app_sealing_new(&s, RIGHT, &cheap, tape_write, &t), APP_SEALED_FINE);
    assert_int_equal(app_sealing_put(s, bytes_of(text, sizeof text)), APP_SEALED_OUTSIDE);
    app_sealing_free(s);
    record_tape(&t, 3000);
    t.stuck = 50;
    assert_int_equal(play(&t, 3000), APP_SEALED_OUTSIDE);
    t.stuck = 1500;
    assert_int_equal(play(&t, 3000), APP_SEALED_OUTSIDE);
    t.stuck = 0;
    assert_int_equal(play(&t, 3000), APP_SEALED_FINE);
}

static void test_every_fault_has_words(void **state) {
    (void)state;
    for (int a = APP_SEALED_FINE; a <= APP_SEALED_MACHINE; a++)
        for (int b = a + 1; b <= APP_SEALED_MACHINE; b++)
            assert_string_not_equal(app_sealed_fault_text((app_sealed_fault)a),
                                    app_sealed_fault_text((app_sealed_fault)b));
}

/* ---- entries ---- */

static app_sealing *content_begin(void) {
    app_sealing *s;
    memset(&t, 0, sizeof t);
    assert_int_equal(app_sealing_new(&s, RIGHT, &cheap, tape_write, &t), APP_SEALED_FINE);
    return s;
}

static app_sealed_fault content_next(app_unsealing *u, app_content_entry *ret) {
    static bytes_buffer room;
    static bool ready;
    if (!ready) bytes_buffer_owned(&room, sotto_host_default(), APP_CONTENT_ROOM_BYTES);
    ready = true;
    if (u) return app_content_next(u, &room, ret);
    bytes_buffer_free(&room);
    ready = false;
    return APP_SEALED_FINE;
}

static app_unsealing *content_open(void) {
    app_unsealing *u;
    assert_int_equal(app_unsealing_new(&u, RIGHT, tape_read, &t), APP_SEALED_FINE);
    return u;
}

static void content_close(app_unsealing *u) {
    app_unsealing_free(u);
    (void)content_next(NULL, NULL);
}

static void test_content(void **state) {
    (void)state;
    const app_content_about about = {.made_ms = 1800000000000,
                                     .version = BYTES_LITERAL("0.1"),
                                     .account = BYTES_LITERAL("juliet@capulet.example"),
                                     .settings = BYTES_LITERAL("account = juliet@capulet.example\n")};
    app_content_entry entry;
    static uint8_t large[SOTTO_RECORD_BYTES_MAX / 8];
    app_sealing *s = content_begin();
    assert_int_equal(app_content_put_about(s, &about), APP_SEALED_FINE);
    assert_int_equal(app_content_put_record(s, BYTES_LITERAL("T1"), BYTES_LITERAL("trusted")), APP_SEALED_FINE);
    assert_int_equal(app_content_put_record(s, BYTES_LITERAL("N"), bytes_of(large, sizeof large)), APP_SEALED_FINE);
    assert_int_equal(app_content_put_end(s, 2), APP_SEALED_FINE);
    app_sealing_free(s);
    app_unsealing *u = content_open();
    assert_int_equal(content_next(u, &entry), APP_SEALED_FINE);
    assert_int_equal(entry.kind, APP_CONTENT_ABOUT);
    assert_int_equal(entry.about.made_ms, about.made_ms);
    assert_true(bytes_equal(entry.about.version, about.version) && bytes_equal(entry.about.account, about.account) &&
                bytes_equal(entry.about.settings, about.settings));
    assert_int_equal(content_next(u, &entry), APP_SEALED_FINE);
    assert_true(entry.kind == APP_CONTENT_RECORD && bytes_is(entry.key, "T1") && bytes_is(entry.value, "trusted"));
    assert_int_equal(content_next(u, &entry), APP_SEALED_FINE);
    assert_int_equal(entry.value.len, sizeof large);
    assert_int_equal(content_next(u, &entry), APP_SEALED_FINE);
    assert_true(entry.kind == APP_CONTENT_END && entry.count == 2);
    content_close(u);
}

/* An entry of these bytes, and the end. */
static app_sealed_fault content_of(const void *bytes, size_t len) {
    app_content_entry entry;
    app_sealing *s = content_begin();
    assert_int_equal(app_sealing_put(s, bytes_of(bytes, len)), APP_SEALED_FINE);
    assert_int_equal(app_sealing_end(s), APP_SEALED_FINE);
    app_sealing_free(s);
    app_unsealing *u = content_open();
    app_sealed_fault fault = content_next(u, &entry);
    content_close(u);
    return fault;
}
#define CONTENT(text) content_of(text, sizeof(text) - 1)

static void test_strange_content(void **state) {
    (void)state;
    assert_int_equal(CONTENT("\2\0\0\0\4\1T\1v"), APP_SEALED_FINE);
    assert_int_equal(CONTENT("\0\0\0\0\4\1T\1v"), APP_SEALED_STRANGE); /* kinds that are none */
    assert_int_equal(CONTENT("\4\0\0\0\4\1T\1v"), APP_SEALED_STRANGE);
    assert_int_equal(CONTENT("\2\0\0\0\0"), APP_SEALED_STRANGE);               /* empty */
    assert_int_equal(CONTENT("\2\0\0\0\3\1T\1v"), APP_SEALED_STRANGE);         /* shorter than its record */
    assert_int_equal(CONTENT("\2\0\0\0\5\1T\1vx"), APP_SEALED_STRANGE);        /* longer */
    assert_int_equal(CONTENT("\2\0\0\0\3\0\1v"), APP_SEALED_STRANGE);          /* no key */
    assert_int_equal(CONTENT("\2\0\0\0\3\1T\0"), APP_SEALED_STRANGE);          /* no value */
    assert_int_equal(CONTENT("\2\377\377\377\377\1T\1v"), APP_SEALED_STRANGE); /* a length beyond every record */
    assert_int_equal(CONTENT("\2\0\0\1\0\1T\1v"), APP_SEALED_CUT);             /* more than there is */
    assert_int_equal(CONTENT("\3\0\0\0\10\0\0\0\0\0\0\0\0"), APP_SEALED_FINE);
    assert_int_equal(CONTENT("\3\0\0\0\10\0\0\0\0\0\0\0\0x"), APP_SEALED_DAMAGED);      /* after the end */
    assert_int_equal(CONTENT("\1\0\0\0\13\0\0\0\0\0\0\0\0\0\0\0"), APP_SEALED_STRANGE); /* nobody's */
    /* A key beyond what a store takes. */
    static uint8_t key[8 + SOTTO_STORE_KEY_BYTES_MAX + 8];
    const size_t body = 2 + SOTTO_STORE_KEY_BYTES_MAX + 1 + 2;
    memset(key, 'k', sizeof key);
    memcpy(key, "\2\0\0", 3);
    key[3] = (uint8_t)(body >> 8), key[4] = (uint8_t)body;
    key[5] = (uint8_t)((SOTTO_STORE_KEY_BYTES_MAX + 1) % 128 + 128), key[6] = (SOTTO_STORE_KEY_BYTES_MAX + 1) / 128;
    key[5 + body - 2] = 1;
    assert_int_equal(content_of(key, 5 + body), APP_SEALED_STRANGE);
}

/* ---- the file ---- */

static char folder[64];

static int folder_make(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/sotto-backup-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int folder_remove(void **state) {
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static const char *in_folder(const char *name) {
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static bool file_says(const char *path, const char *text) {
    char at[64] = {0};
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    size_t len = fread(at, 1, sizeof at - 1, file);
    (void)fclose(file);
    return len == strlen(text) && memcmp(at, text, len) == 0;
}

static size_t files_in_folder(void) {
    char command[128];
    unsigned count = 0;
    (void)snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%u", &count), 1);
    assert_int_equal(pclose(pipe), 0);
    return count;
}

static void test_file(void **state) {
    (void)state;
    app_trouble trouble;
    app_backup_file file;
    struct stat status;
    const char *path = in_folder("one");
    mode_t mask = umask(0);
    assert_true(app_backup_file_make(&file, path, false, &trouble));
    assert_true(app_backup_file_write(&file, BYTES_LITERAL("old")));
    assert_int_equal(access(path, F_OK), -1); /* not before it is whole */
    assert_true(app_backup_file_keep(&file, false, &trouble));
    app_backup_file_close(&file);
    (void)umask(mask);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(file_says(path, "old"));
    /* What is there stays. */
    assert_false(app_backup_file_make(&file, path, false, &trouble));
    assert_non_null(strstr(trouble.text, "is there already: choose another name, or write over it with --force."));
    assert_true(app_backup_file_make(&file, path, true, &trouble));
    assert_true(app_backup_file_write(&file, BYTES_LITERAL("half of a new o")));
    app_backup_file_close(&file); /* broken off */
    assert_true(file_says(path, "old"));
    assert_int_equal(files_in_folder(), 1);
    assert_true(app_backup_file_make(&file, path, true, &trouble));
    assert_true(app_backup_file_write(&file, BYTES_LITERAL("new")) && app_backup_file_keep(&file, true, &trouble));
    app_backup_file_close(&file);
    assert_true(file_says(path, "new"));
    /* Somebody was quicker. */
    assert_true(app_backup_file_make(&file, in_folder("two"), false, &trouble));
    assert_true(app_backup_file_write(&file, BYTES_LITERAL("mine")));
    assert_int_equal(symlink("one", in_folder("two")), 0);
    assert_false(app_backup_file_keep(&file, false, &trouble));
    assert_non_null(strstr(trouble.text, "cannot be written: File exists."));
    app_backup_file_close(&file);
    assert_true(file_says(in_folder("one"), "new"));
    assert_int_equal(files_in_folder(), 2);
}

static void test_places(void **state) {
    (void)state;
    app_trouble trouble;
    app_backup_file file;
    char path[APP_PATH_SIZE], here[APP_PATH_SIZE];
    assert_true(app_backup_path("/somewhere/file", path, &trouble));
    assert_string_equal(path, "/somewhere/file");
    assert_non_null(getcwd(here, sizeof here));
    assert_true(app_backup_path("file", path, &trouble));
    assert_memory_equal(path, here, strlen(here));
    assert_string_equal(path + strlen(here), "/file");
    assert_false(app_backup_file_make(&file, in_folder("no/such"), false, &trouble));
    assert_non_null(strstr(trouble.text, "cannot be written: No such file or directory."));
    assert_false(app_backup_file_make(&file, folder, true, &trouble));
    assert_non_null(strstr(trouble.text, "is not a plain file, so nothing is written there."));
    assert_false(app_backup_file_open(&file, folder, &trouble));
    assert_non_null(strstr(trouble.text, "is not a plain file."));
    assert_false(app_backup_file_open(&file, in_folder("nothing"), &trouble));
    assert_non_null(strstr(trouble.text, "cannot be read: No such file or directory."));
}

int app_tests_backup(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_two_are_different),
        cmocka_unit_test(test_wrong_passphrase),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_damage_anywhere),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_longer),
        cmocka_unit_test(test_costly),
        cmocka_unit_test(test_outside_fails),
        cmocka_unit_test(test_every_fault_has_words),
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_strange_content),
        cmocka_unit_test_setup_teardown(test_file, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_places, folder_make, folder_remove),
    };
    return cmocka_run_group_tests_name("app: backup", tests, NULL, NULL);
}
