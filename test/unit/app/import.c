/* SPDX-License-Identifier: ISC
 *
 * Other clients' files: what is read out of good ones, and what each kind of broken one is told. (Files of the real
 * Profanity: test/interop/test_import.py.) */
#include "app_tests.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/import/import.h"
#include "app/import/keyfile.h"
#include "bytes/base64.h"
#include "bytes/buffer.h"
#include "bytes/span.h"
#include "crypto/curve.h"

#define OWN    "juliet@capulet.example"
#define ROMEO  "romeo@montague.example"
#define ORSINO "orsino@illyria.example"

/* ---- key files ---- */

typedef struct lines {
    char text[512];
    size_t ends_at;
} lines;

static bool line_keep(void *arg, sotto_bytes group, sotto_bytes key, sotto_bytes value) {
    lines *l = arg;
    size_t len = strlen(l->text);
    (void)snprintf(l->text + len, sizeof l->text - len, "%.*s|%.*s|%.*s\n", (int)group.len, (const char *)group.at,
                   (int)key.len, (const char *)key.at, (int)value.len, (const char *)value.at);
    return l->ends_at == 0 || --l->ends_at > 0;
}

static size_t keyfile_of(const char *text, size_t len, lines *l, int *ret_code) {
    size_t line = 99;
    *ret_code = app_keyfile_read(bytes_of(text, len), line_keep, l, &line).code;
    return line;
}

static void test_keyfile(void **state) {
    (void)state;
    lines l = {.ends_at = 0};
    int code;
    const char text[] = "# a remark\n\n[one]\r\nkey=value=\n  spaced \t=  x y \n[two words]\nempty=\n[one]\nkey=again";
    assert_int_equal(keyfile_of(text, sizeof text - 1, &l, &code), 0);
    assert_int_equal(code, 0);
    assert_string_equal(l.text, "one|key|value=\none|spaced|x y\ntwo words|empty|\none|key|again\n");
    l = (lines){.ends_at = 2};
    assert_int_equal(keyfile_of(text, sizeof text - 1, &l, &code), 5);
    assert_int_equal(code, SOTTO_E_CANCELLED);
}

static void test_keyfile_malformed(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t len, line;
    } bad[] = {
#define BAD(text, line) {text, sizeof(text) - 1, line}
        BAD("key=before any group", 1), BAD("[g]\nno pair", 2), BAD("[g]\n=no key", 2),
        BAD("[g]\na=1\n[g", 3),         BAD("[]\na=1", 1),      BAD("[a[b]]\na=1", 1),
        BAD("[g]\na=\0b\n", 2),         BAD("[a\001]\na=1", 1), BAD("SQLite format 3\0", 1),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        lines l = {.ends_at = 0};
        int code;
        assert_int_equal(keyfile_of(bad[i].text, bad[i].len, &l, &code), bad[i].line);
        assert_int_equal(code, SOTTO_E_MALFORMED);
    }
    /* A value beyond all that such files hold. */
    static char text[APP_KEYFILE_VALUE_BYTES_MAX + 16];
    lines l = {.ends_at = 0};
    int code;
    memset(text, 'x', sizeof text);
    memcpy(text, "[g]\na=", 6);
    assert_int_equal(keyfile_of(text, 6 + APP_KEYFILE_VALUE_BYTES_MAX + 1, &l, &code), 2);
    assert_int_equal(code, SOTTO_E_MALFORMED);
}

static void test_keyfile_escapes(void **state) {
    (void)state;
    uint8_t text[] = "a\\sb\\\\c\\n\\t\\rd";
    size_t len = 0;
    assert_true(app_keyfile_plain(text, sizeof text - 1, &len));
    assert_true(bytes_is(bytes_of(text, len), "a b\\c\n\t\rd"));
    uint8_t end[] = "a\\", other[] = "\\x", zero[] = "\\\0";
    assert_false(app_keyfile_plain(end, 2, &len));
    assert_false(app_keyfile_plain(other, 2, &len));
    assert_false(app_keyfile_plain(zero, 2, &len));
}

/* ---- a folder, keys ---- */

typedef struct scene {
    char folder[64], path[160];
    crypto_x25519_pair own, romeo, orsino, other;
    app_imported imported;
    app_trouble trouble;
} scene;

static int scene_make(void **state) {
    static scene s;
    (void)snprintf(s.folder, sizeof s.folder, "/tmp/sotto-import-XXXXXX");
    *state = &s;
    if (!mkdtemp(s.folder) || !sotto_ok(crypto_start())) return -1;
    crypto_x25519_pair *pairs[] = {&s.own, &s.romeo, &s.orsino, &s.other};
    for (size_t i = 0; i < 4; i++)
        if (!sotto_ok(crypto_x25519_new(pairs[i], sotto_host_default()))) return -1;
    (void)snprintf(s.path, sizeof s.path, "%s", s.folder);
    return 0;
}

static int scene_remove(void **state) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", ((scene *)*state)->folder);
    return system(command);
}

static bool import(scene *s, const app_import_format *format) {
    app_imported_end(&s->imported);
    s->trouble.text[0] = '\0';
    return app_import_read(&s->imported, format, s->path, OWN, &s->trouble);
}

static void assert_refused(scene *s, const app_import_format *format, const char *why) {
    assert_false(import(s, format));
    if (!strstr(s->trouble.text, why)) print_error("%s\n", s->trouble.text);
    assert_non_null(strstr(s->trouble.text, why));
    app_imported_end(&s->imported);
}

static void assert_own(const scene *s, uint32_t device, size_t count, size_t strange) {
    assert_memory_equal(s->imported.secret, s->own.private_key.bytes, 32);
    assert_memory_equal(s->imported.key, s->own.public_key.bytes, 32);
    assert_int_equal(s->imported.device, device);
    assert_int_equal(s->imported.count, count);
    assert_int_equal(s->imported.strange, strange);
}

static void assert_key(const scene *s, size_t at, const char *jid, const crypto_x25519_pair *pair, uint32_t device,
                       sotto_trust trust) {
    const app_import_key *key = app_imported_key(&s->imported, at);
    assert_string_equal(key->jid, jid);
    assert_memory_equal(key->key, pair->public_key.bytes, 32);
    assert_int_equal(key->device, device);
    assert_int_equal(key->trust, trust);
}

/* ---- Profanity ---- */

static const char *base64(const uint8_t *at, size_t len, bool typed) {
    static char texts[8][64];
    static size_t next;
    uint8_t bytes[40] = {5};
    bytes_buffer out;
    char *text = texts[next++ % 8];
    memcpy(bytes + (typed ? 1 : 0), at, len);
    bytes_buffer_borrowed(&out, text, sizeof texts[0] - 1);
    bytes_base64_put(&out, bytes_of(bytes, len + (typed ? 1 : 0)));
    text[out.len] = '\0';
    return text;
}

static const char *hex(const crypto_x25519_pair *pair) {
    static char texts[4][65];
    static size_t next;
    char *text = texts[next++ % 4];
    for (size_t i = 0; i < 32; i++) (void)snprintf(text + 2 * i, 3, "%02x", pair->public_key.bytes[i]);
    return text;
}

static void write_file(const scene *s, const char *name, const char *text) {
    char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", s->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void write_identity(const scene *s, const crypto_x25519_pair *secret, const crypto_x25519_pair *public) {
    char text[512];
    (void)snprintf(text, sizeof text,
                   "[identity]\ndevice_id=1050935224\nidentity_key_public=%s\nidentity_key_private=%s\n"
                   "registration_id=12117\n\n[prekeys]\n7194794=CKqRtwMSIQX8\n",
                   base64(public->public_key.bytes, 32, true), base64(secret->private_key.bytes, 32, false));
    write_file(s, "identity.txt", text);
}

static void test_profanity(void **state) {
    scene *s = *state;
    char text[1024];
    write_identity(s, &s->own, &s->own);
    assert_true(import(s, &app_import_profanity)); /* nobody is known to it yet */
    assert_own(s, 1050935224, 0, 0);
    (void)snprintf(text, sizeof text,
                   "[" OWN "]\n1050935224=%s\n77=%s\n\n[" ROMEO "]\n5=%s\n[Orsino@ILLYRIA.example]\n6=%s\n",
                   hex(&s->own), hex(&s->other), hex(&s->romeo), hex(&s->orsino));
    write_file(s, "known_devices.txt", text);
    (void)snprintf(text, sizeof text, "[" OWN "]\n1050935224=%s\n[" ROMEO "]\n5=%s\n",
                   base64(s->own.public_key.bytes, 32, true), base64(s->romeo.public_key.bytes, 32, true));
    write_file(s, "trust.txt", text);
    assert_true(import(s, &app_import_profanity));
    assert_own(s, 1050935224, 3, 0); /* the own key is no news */
    assert_key(s, 0, OWN, &s->other, 77, SOTTO_TRUST_UNDECIDED);
    assert_key(s, 1, ROMEO, &s->romeo, 5, SOTTO_TRUST_BLIND);
    assert_key(s, 2, ORSINO, &s->orsino, 6, SOTTO_TRUST_UNDECIDED);
    /* Trusted and not among the known ones; keys and addresses that are none. */
    (void)snprintf(text, sizeof text, "[" ORSINO "]\n6=%s\n7=AAAA\n8=%s\n[no address]\n9=%s\n[illyria.example]\n1=%s\n",
                   base64(s->other.public_key.bytes, 32, true), base64((uint8_t[32]){0}, 32, true),
                   base64(s->romeo.public_key.bytes, 32, true), base64(s->romeo.public_key.bytes, 32, true));
    write_file(s, "trust.txt", text);
    assert_true(import(s, &app_import_profanity));
    assert_own(s, 1050935224, 4, 4);
    assert_key(s, 3, ORSINO, &s->other, 6, SOTTO_TRUST_BLIND);
    /* Two devices with one key: what was decided about the key counts for both. */
    (void)snprintf(text, sizeof text, "[" ROMEO "]\n5=%s\n6=%s\n", hex(&s->romeo), hex(&s->romeo));
    write_file(s, "known_devices.txt", text);
    (void)snprintf(text, sizeof text, "[" ROMEO "]\n5=%s\n6=%s\n", base64(s->romeo.public_key.bytes, 32, true),
                   base64(s->romeo.public_key.bytes, 32, true));
    write_file(s, "trust.txt", text);
    assert_true(import(s, &app_import_profanity));
    assert_own(s, 1050935224, 2, 0);
    assert_key(s, 0, ROMEO, &s->romeo, 5, SOTTO_TRUST_BLIND);
    assert_key(s, 1, ROMEO, &s->romeo, 6, SOTTO_TRUST_BLIND);
    app_imported_end(&s->imported);
}

static void test_profanity_refused(void **state) {
    scene *s = *state;
    char text[512];
    assert_refused(s, &app_import_profanity, "/identity.txt cannot be read: No such file or directory.");
    write_file(s, "identity.txt", "");
    assert_refused(s, &app_import_profanity, "/identity.txt holds no identity of Profanity. Nothing was changed.");
    write_file(s, "identity.txt", "[identity]\nnonsense\n");
    assert_refused(s, &app_import_profanity, "/identity.txt, line 2: this is no file of Profanity.");
    write_identity(s, &s->romeo, &s->own);
    assert_refused(s, &app_import_profanity, "do not belong together: it is damaged. Nothing was changed.");
    (void)snprintf(text, sizeof text, "[identity]\nidentity_key_public=%s\nidentity_key_private=%s\n",
                   base64((uint8_t[32]){0}, 32, true), base64((uint8_t[32]){0}, 32, false)); /* T25 */
    write_file(s, "identity.txt", text);
    assert_refused(s, &app_import_profanity, "holds no identity of Profanity");
    (void)snprintf(text, sizeof text, "[identity]\nidentity_key_public=%s\nidentity_key_private=%s\n",
                   base64(s->own.public_key.bytes, 32, true), "AAAA");
    write_file(s, "identity.txt", text);
    assert_refused(s, &app_import_profanity, "holds no identity of Profanity");
    write_identity(s, &s->own, &s->own);
    write_file(s, "trust.txt", "[" ROMEO "]\n\n5\n");
    assert_refused(s, &app_import_profanity, "/trust.txt, line 3: this is no file of Profanity.");
    (void)snprintf(s->path, sizeof s->path, "/dev/null");
    assert_refused(s, &app_import_profanity, "/dev/null/identity.txt cannot be read: Not a directory.");
}

/* More keys than anybody has; a file larger than any. */
static void test_profanity_limits(void **state) {
    scene *s = *state;
    char path[160];
    write_identity(s, &s->own, &s->own);
    (void)snprintf(path, sizeof path, "%s/known_devices.txt", s->folder);
    for (unsigned count = APP_IMPORT_KEYS_MAX; count <= APP_IMPORT_KEYS_MAX + 1; count++) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        for (unsigned i = 0; i < count; i++) (void)fprintf(file, "[a%u@b.example]\n1=%s\n", i, hex(&s->romeo));
        assert_int_equal(fclose(file), 0);
        if (count > APP_IMPORT_KEYS_MAX) break;
        assert_true(import(s, &app_import_profanity));
        assert_int_equal(s->imported.count, APP_IMPORT_KEYS_MAX);
    }
    assert_refused(s, &app_import_profanity, "There are more than 20000 keys in it. Nothing was changed.");
    assert_int_equal(truncate(path, APP_IMPORT_FILE_BYTES_MAX + 1), 0);
    assert_refused(s, &app_import_profanity, "/known_devices.txt is too large.");
}

/* ---- tables ---- */

static sqlite3 *db_make(scene *s, const char *sql) {
    sqlite3 *db;
    (void)snprintf(s->path, sizeof s->path, "%s/some.db", s->folder);
    (void)unlink(s->path);
    assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    return db;
}

/* Every ?1, ?2 ... of the statement is a key of 33 bytes, but ?9, which is the secret. */
static void db_put(const scene *s, sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement;
    const crypto_x25519_pair *pairs[] = {&s->own, &s->romeo, &s->orsino, &s->other};
    uint8_t key[33] = {5};
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    for (int i = 1; i <= sqlite3_bind_parameter_count(statement); i++) {
        if (i == 9) {
            assert_int_equal(sqlite3_bind_blob(statement, i, s->own.private_key.bytes, 32, SQLITE_TRANSIENT), 0);
            continue;
        }
        memcpy(key + 1, pairs[(i - 1) % 4]->public_key.bytes, 32);
        assert_int_equal(sqlite3_bind_blob(statement, i, key, 33, SQLITE_TRANSIENT), 0);
    }
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}

/* gajim/common/storage/omemo.py, version 12. */
#define GAJIM                                                                                                          \
    "CREATE TABLE secret (device_id INTEGER, public_key BLOB, private_key BLOB);"                                      \
    "CREATE TABLE identities (_id INTEGER PRIMARY KEY AUTOINCREMENT, recipient_id TEXT, registration_id INTEGER, "     \
    "public_key BLOB, timestamp INTEGER, trust INTEGER, shown INTEGER DEFAULT 0);"                                     \
    "PRAGMA user_version=12;"

static void test_gajim(void **state) {
    scene *s = *state;
    sqlite3 *db = db_make(s, GAJIM);
    db_put(s, db, "INSERT INTO secret VALUES (4711, ?1, ?9)");
    db_put(s, db,
           "INSERT INTO identities (recipient_id, public_key, trust) VALUES ('" OWN "', ?1, 1), ('" ROMEO
           "', ?2, 1), ('" ORSINO "', ?3, 0), ('" ORSINO "', ?4, 3), ('" OWN "', ?2, 2), ('" ROMEO
           "', ?3, 77), (-1, ?4, 1), ('" ROMEO "', 'text', 1), ('" ROMEO "', NULL, 1), (NULL, ?4, 1)");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_true(import(s, &app_import_gajim));
    assert_own(s, 4711, 5, 4);
    assert_key(s, 0, ROMEO, &s->romeo, 0, SOTTO_TRUST_VERIFIED);
    assert_key(s, 1, ORSINO, &s->orsino, 0, SOTTO_TRUST_DISTRUSTED);
    assert_key(s, 2, ORSINO, &s->other, 0, SOTTO_TRUST_BLIND);
    assert_key(s, 3, OWN, &s->romeo, 0, SOTTO_TRUST_UNDECIDED);
    assert_key(s, 4, ROMEO, &s->orsino, 0, SOTTO_TRUST_UNDECIDED); /* a trust nobody knows */
    app_imported_end(&s->imported);
}

static void test_gajim_refused(void **state) {
    scene *s = *state;
    assert_refused(s, &app_import_gajim, "There is no file ");
    sqlite3 *db = db_make(s, GAJIM);
    assert_refused(s, &app_import_gajim, "some.db holds no identity of Gajim. Nothing was changed.");
    db_put(s, db, "INSERT INTO secret VALUES (4711, ?2, ?9)");
    assert_refused(s, &app_import_gajim, "do not belong together");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    db = db_make(s, "CREATE TABLE something (a)");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_refused(s, &app_import_gajim, "some.db cannot be read: no such table: secret. Nothing was changed.");
    /* Tables that are code. */
    db = db_make(s, "CREATE TABLE identities (recipient_id, public_key, trust);"
                    "CREATE VIEW secret AS SELECT 1 AS device_id, randomblob(33) AS public_key, randomblob(32) AS "
                    "private_key");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_refused(s, &app_import_gajim, "some.db cannot be read: ");
    write_file(s, "some.db", "this is no database at all, whatever its name is, and is long enough to be one");
    assert_refused(s, &app_import_gajim, "some.db cannot be read: file is not a database.");
}

/* axc_store.c, axc_db_create. */
#define AXC                                                                                                            \
    "CREATE TABLE identity_key_store(name TEXT NOT NULL PRIMARY KEY, key BLOB NOT NULL, key_len INTEGER NOT NULL, "    \
    "trusted INTEGER NOT NULL);"                                                                                       \
    "CREATE TABLE settings(name TEXT NOT NULL PRIMARY KEY, property INTEGER NOT NULL);"

static void test_libomemo(void **state) {
    scene *s = *state;
    sqlite3 *db = db_make(s, AXC);
    assert_refused(s, &app_import_libomemo, "some.db holds no identity of its own. Nothing was changed.");
    db_put(
        s, db,
        "INSERT INTO identity_key_store VALUES ('own_public_key', ?1, 33, 2), ('own_private_key', ?9, 32, 2), ('" ROMEO
        "', ?2, 33, 1), ('nobody', ?3, 33, 1)");
    db_put(s, db, "INSERT INTO settings VALUES ('axolotl_registration_id', 815), ('init_status', 1)");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_true(import(s, &app_import_libomemo));
    assert_own(s, 815, 1, 1);
    assert_key(s, 0, ROMEO, &s->romeo, 0, SOTTO_TRUST_BLIND);
    app_imported_end(&s->imported);
    /* A contact who calls himself like our own key. */
    db = db_make(s, AXC);
    db_put(s, db,
           "INSERT INTO identity_key_store VALUES ('own_public_key', ?1, 33, 1), ('own_private_key', ?9, 32, 1)");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_refused(s, &app_import_libomemo, "holds no identity of its own");
}

/* Every page of a tree that has pages below it (SQLite's file format, section 1.6) leads to the next such page alone,
 * so that the rows have no end. */
static void pages_entangle(const scene *s) {
    static uint8_t file[1024 * 512];
    FILE *stream = fopen(s->path, "r+b");
    assert_non_null(stream);
    size_t size = fread(file, 1, sizeof file, stream);
    unsigned inner[12], count = 0;
    for (unsigned page = 2; page <= size / 512 && count < 12; page++)
        if (file[(page - 1) * 512] == 5) inner[count++] = page;
    assert_int_equal(count, 12);
    for (unsigned i = 0; i + 1 < count; i++) {
        uint8_t *page = file + (inner[i] - 1) * 512;
        unsigned cells = (unsigned)page[3] << 8 | page[4];
        for (unsigned k = 0; k < cells; k++) {
            unsigned at = (unsigned)page[12 + 2 * k] << 8 | page[13 + 2 * k];
            page[at + 2] = (uint8_t)(inner[i + 1] >> 8);
            page[at + 3] = (uint8_t)inner[i + 1];
        }
    }
    rewind(stream);
    assert_int_equal(fwrite(file, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
}

/* A file that somebody made: a value that is large when it is asked for, and rows without an end. */
static void test_tables_that_are_traps(void **state) {
    scene *s = *state;
    sqlite3 *db = db_make(s, "CREATE TABLE secret (device_id INTEGER, public_key BLOB AS (zeroblob(900000000)), "
                             "private_key BLOB); INSERT INTO secret (device_id) VALUES (1)");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_refused(s, &app_import_gajim, "some.db cannot be read: string or blob too big. Nothing was changed.");
    db = db_make(s, "PRAGMA page_size = 512;" AXC);
    assert_int_equal(sqlite3_exec(db,
                                  "DROP TABLE settings; CREATE TABLE settings(name TEXT, property INTEGER);"
                                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) "
                                  "INSERT INTO settings SELECT 'x', i FROM n",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    pages_entangle(s);
    assert_refused(s, &app_import_libomemo, "some.db cannot be read: interrupted. Nothing was changed.");
}

static void test_formats(void **state) {
    (void)state;
    assert_ptr_equal(app_import_find("profanity"), &app_import_profanity);
    assert_ptr_equal(app_import_find("gajim"), &app_import_gajim);
    assert_ptr_equal(app_import_find("libomemo"), &app_import_libomemo);
    assert_null(app_import_find("dino"));
}

int app_tests_import(void) {
#define SCENE(f) cmocka_unit_test_setup_teardown(f, scene_make, scene_remove)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keyfile),
        cmocka_unit_test(test_keyfile_malformed),
        cmocka_unit_test(test_keyfile_escapes),
        SCENE(test_profanity),
        SCENE(test_profanity_refused),
        SCENE(test_profanity_limits),
        SCENE(test_gajim),
        SCENE(test_gajim_refused),
        SCENE(test_libomemo),
        SCENE(test_tables_that_are_traps),
        cmocka_unit_test(test_formats),
    };
    return cmocka_run_group_tests_name("app: import", tests, NULL, NULL);
}
