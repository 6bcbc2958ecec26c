/* SPDX-License-Identifier: ISC
 *
 * What the formats share. */
#include "app/import/import.h"

#include <stdio.h>
#include <string.h>

#include "app/home/home.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "crypto/curve.h"

#define PUBLIC_TYPE 5 /* DJB_TYPE of libsignal-protocol-c */

static const app_import_format *const formats[] = {&app_import_profanity, &app_import_gajim, &app_import_libomemo};

const app_import_format *app_import_find(const char *name) {
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i]->name, name) == 0) return formats[i];
    return NULL;
}

bool app_import_public(sotto_bytes written, uint8_t ret[32]) {
    crypto_x25519_public key;
    if (written.len != sizeof key.bytes + 1 || written.at[0] != PUBLIC_TYPE) return false;
    memcpy(key.bytes, written.at + 1, sizeof key.bytes);
    if (!sotto_ok(crypto_x25519_check_order(&key))) return false;
    memcpy(ret, key.bytes, sizeof key.bytes);
    return true;
}

/* ---- keys of others ---- */

const app_import_key *app_imported_key(const app_imported *imported, size_t at) {
    return (const app_import_key *)(const void *)(imported->keys.at + at * sizeof(app_import_key));
}

/* The bare address in a file, normalized; false: it is none of an account. */
static bool address(sotto_bytes text, char ret[SOTTO_JID_BYTES_MAX + 1]) {
    char typed[SOTTO_JID_BYTES_MAX + 1];
    if (text.len == 0 || text.len > SOTTO_JID_BYTES_MAX || memchr(text.at, '\0', text.len)) return false;
    memcpy(typed, text.at, text.len);
    typed[text.len] = '\0';
    return app_jid_read(typed, ret) && strchr(ret, '@') != NULL;
}

bool app_import_add(app_imported *imported, sotto_bytes jid, const uint8_t *key, uint32_t device, sotto_trust trust,
                    app_trouble *trouble) {
    app_import_key one = {.device = device, .trust = trust};
    if (!key || !address(jid, one.jid)) {
        imported->strange++;
        return true;
    }
    if (imported->count == APP_IMPORT_KEYS_MAX)
        return app_trouble_set(trouble, "There are more than %u keys in it. Nothing was changed.", APP_IMPORT_KEYS_MAX);
    memcpy(one.key, key, sizeof one.key);
    bytes_buffer_put(&imported->keys, bytes_of(&one, sizeof one));
    if (!sotto_ok(imported->keys.status)) return app_trouble_set(trouble, "Out of memory.");
    imported->count++;
    return true;
}

bool app_import_raise(app_imported *imported, sotto_bytes jid, const uint8_t key[32], sotto_trust trust) {
    char bare[SOTTO_JID_BYTES_MAX + 1];
    bool raised = false;
    if (!address(jid, bare)) return false;
    /* All of them: two devices may have one key (a restored backup), and what is decided is decided about keys. */
    for (size_t i = 0; i < imported->count; i++) {
        app_import_key *one = (app_import_key *)(void *)(imported->keys.at + i * sizeof *one);
        if (strcmp(one->jid, bare) != 0 || memcmp(one->key, key, sizeof one->key) != 0) continue;
        one->trust = trust;
        raised = true;
    }
    return raised;
}

/* ---- the whole ---- */

/* A key that is not what its secret makes would be shown to contacts as ours and prove nothing. */
static bool is_pair(const app_imported *imported) {
    crypto_identity identity;
    bool same = sotto_ok(crypto_start()) && sotto_ok(crypto_identity_from_scalar(&identity, imported->secret)) &&
                memcmp(identity.x25519.bytes, imported->key, sizeof imported->key) == 0;
    bytes_wipe(&identity, sizeof identity);
    return same;
}

/* Our own key is no news to us. */
static void own_drop(app_imported *imported, const char *own) {
    app_import_key *keys = (app_import_key *)(void *)imported->keys.at;
    size_t kept = 0;
    for (size_t i = 0; i < imported->count; i++) {
        bool ours = strcmp(keys[i].jid, own) == 0 && memcmp(keys[i].key, imported->key, sizeof imported->key) == 0;
        if (ours) continue;
        if (kept != i) keys[kept] = keys[i];
        kept++;
    }
    imported->count = kept;
    bytes_buffer_cut(&imported->keys, kept * sizeof *keys);
}

bool app_import_read(app_imported *ret, const app_import_format *format, const char *path, const char *own,
                     app_trouble *trouble) {
    *ret = (app_imported){.count = 0};
    bytes_buffer_owned(&ret->keys, sotto_host_default(), (size_t)APP_IMPORT_KEYS_MAX * sizeof(app_import_key));
    if (!format->read(ret, path, trouble)) return false;
    if (!is_pair(ret))
        return app_trouble_set(trouble,
                               "The secret and the public key in %s do not belong together: it is damaged. Nothing was "
                               "changed.",
                               path);
    own_drop(ret, own);
    return true;
}

void app_imported_end(app_imported *imported) {
    bytes_buffer_free(&imported->keys);
    bytes_wipe(imported, sizeof *imported);
}
