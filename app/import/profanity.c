/* SPDX-License-Identifier: ISC
 *
 * Profanity (0.13): a folder for each account, in it key files. identity.txt has the secret key; trust.txt the keys
 * that messages are written to; known_devices.txt all that were ever seen. It does not record why a key is in
 * trust.txt: with trust mode "manual", which is the default, because a person said so, else because it was the first,
 * or was there. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/home/home.h"
#include "app/import/import.h"
#include "app/import/keyfile.h"
#include "bytes/base64.h"
#include "bytes/memory.h"
#include "bytes/span.h"

typedef struct reading {
    app_imported *to;
    app_trouble *trouble;
    bool has_secret, has_public, failed;
} reading;

/* A whole file. `needed`: that it is not there is a failure. */
static bool file_read(bytes_buffer *to, const char *folder, const char *name, bool needed, app_trouble *trouble) {
    char path[APP_PATH_SIZE];
    struct stat about;
    int len = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof path) return app_trouble_set(trouble, "That path is too long.");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT && !needed) return true;
    if (fd < 0) return app_trouble_set(trouble, "%s cannot be read: %s.", path, strerror(errno));
    bool good = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    if (!good) (void)app_trouble_set(trouble, "%s is not a plain file.", path);
    while (good) {
        uint8_t piece[4096];
        ssize_t got = read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) break;
        if (got < 0) good = app_trouble_set(trouble, "%s cannot be read: %s.", path, strerror(errno));
        if (got > 0) bytes_buffer_put(to, bytes_of(piece, (size_t)got));
        bytes_wipe(piece, sizeof piece);
        if (good && !sotto_ok(to->status)) good = app_trouble_set(trouble, "%s is too large.", path);
    }
    (void)close(fd);
    return good;
}

/* Reads one of the files; every line goes to `visit`. */
static bool keyfile(reading *r, const char *folder, const char *name, bool needed, app_keyfile_visit *visit) {
    bytes_buffer text;
    sotto_bytes all = BYTES_NONE;
    size_t line = 0;
    bytes_buffer_owned(&text, sotto_host_default(), APP_IMPORT_FILE_BYTES_MAX);
    bool good = file_read(&text, folder, name, needed, r->trouble) && sotto_ok(bytes_buffer_end(&text, &all));
    sotto_status status = good ? app_keyfile_read(all, visit, r, &line) : SOTTO_OK;
    if (!sotto_ok(status) && !r->failed)
        (void)app_trouble_set(r->trouble, "%s/%s, line %zu: this is no file of Profanity. Nothing was changed.", folder,
                              name, line);
    bytes_buffer_free(&text);
    return good && sotto_ok(status);
}

static bool base64_read(sotto_bytes text, uint8_t *ret, size_t len) {
    uint8_t plain[64];
    size_t plain_len = 0;
    bool good = text.len <= sizeof plain;
    if (good && text.len > 0) memcpy(plain, text.at, text.len);
    good = good && app_keyfile_plain(plain, text.len, &plain_len) &&
           sotto_ok(bytes_base64_into(ret, len, bytes_of(plain, plain_len)));
    bytes_wipe(plain, sizeof plain);
    return good;
}

static uint32_t number_read(sotto_bytes text) {
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || value > UINT32_MAX) return 0;
        value = value * 10 + (uint64_t)(text.at[i] - '0');
    }
    return value <= INT32_MAX ? (uint32_t)value : 0;
}

static bool identity_line(void *arg, sotto_bytes group, sotto_bytes key, sotto_bytes value) {
    reading *r = arg;
    uint8_t written[33];
    if (!bytes_is(group, "identity")) return true; /* prekeys: of no use to another device */
    if (bytes_is(key, "device_id")) r->to->device = number_read(value);
    if (bytes_is(key, "identity_key_private")) r->has_secret = base64_read(value, r->to->secret, sizeof r->to->secret);
    if (bytes_is(key, "identity_key_public"))
        r->has_public = base64_read(value, written, sizeof written) &&
                        app_import_public(bytes_of(written, sizeof written), r->to->key);
    return true;
}

/* 64 hex digits. */
static bool fingerprint_read(sotto_bytes text, uint8_t ret[32]) {
    uint8_t written[33] = {5};
    if (text.len != 64) return false;
    for (size_t i = 0; i < 64; i++) {
        uint8_t c = text.at[i];
        uint8_t digit = c >= '0' && c <= '9' ? (uint8_t)(c - '0') : c >= 'a' && c <= 'f' ? (uint8_t)(c - 'a' + 10) : 16;
        if (digit == 16) return false;
        written[1 + i / 2] = (uint8_t)(written[1 + i / 2] << 4 | digit);
    }
    return app_import_public(bytes_of(written, sizeof written), ret);
}

static bool known_line(void *arg, sotto_bytes group, sotto_bytes key, sotto_bytes value) {
    reading *r = arg;
    uint8_t found[32];
    bool good = fingerprint_read(value, found);
    r->failed = !app_import_add(r->to, group, good ? found : NULL, number_read(key), SOTTO_TRUST_UNDECIDED, r->trouble);
    return !r->failed;
}

static bool trust_line(void *arg, sotto_bytes group, sotto_bytes key, sotto_bytes value) {
    reading *r = arg;
    uint8_t written[33], found[32];
    bool good =
        base64_read(value, written, sizeof written) && app_import_public(bytes_of(written, sizeof written), found);
    if (good && app_import_raise(r->to, group, found, SOTTO_TRUST_BLIND)) return true;
    r->failed = !app_import_add(r->to, group, good ? found : NULL, number_read(key), SOTTO_TRUST_BLIND, r->trouble);
    return !r->failed;
}

static bool profanity_read(app_imported *ret, const char *path, app_trouble *trouble) {
    reading r = {.to = ret, .trouble = trouble};
    if (!keyfile(&r, path, "identity.txt", true, identity_line)) return false;
    if (!r.has_secret || !r.has_public)
        return app_trouble_set(trouble, "%s/identity.txt holds no identity of Profanity. Nothing was changed.", path);
    return keyfile(&r, path, "known_devices.txt", false, known_line) &&
           keyfile(&r, path, "trust.txt", false, trust_line);
}

const app_import_format app_import_profanity = {"profanity", "Profanity", profanity_read, false};
