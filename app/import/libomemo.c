/* SPDX-License-Identifier: ISC
 *
 * Stores of axc, which lurch (Pidgin) and others built on libomemo use: the file whose name ends in _axc_db.sqlite. One
 * table has own and others' keys; a contact's is the last one that was seen, since the name is the address alone, and
 * all of them were accepted without being asked for. */
#include <string.h>

#include "app/import/import.h"
#include "app/import/tables.h"
#include "bytes/span.h"

#define OWN 2 /* in the column `trusted` */

typedef struct reading {
    app_imported *to;
    app_trouble *trouble;
    bool has_secret, has_public;
} reading;

static void own_key(reading *r, sotto_bytes name, sotto_bytes key) {
    if (bytes_is(name, "own_public_key")) r->has_public = app_import_public(key, r->to->key);
    if (!bytes_is(name, "own_private_key") || key.len != sizeof r->to->secret) return;
    memcpy(r->to->secret, key.at, sizeof r->to->secret);
    r->has_secret = true;
}

static bool key_row(void *arg, const app_tables_value *row) {
    reading *r = arg;
    uint8_t key[32];
    bool named = row[0].there, there = named && row[1].there;
    if (row[2].there && row[2].number == OWN) {
        if (there) own_key(r, row[0].bytes, row[1].bytes);
        return true;
    }
    bool good = there && app_import_public(row[1].bytes, key);
    return app_import_add(r->to, named ? row[0].bytes : BYTES_NONE, good ? key : NULL, 0, SOTTO_TRUST_BLIND,
                          r->trouble);
}

static bool setting_row(void *arg, const app_tables_value *row) {
    reading *r = arg;
    if (row[0].there && row[0].number > 0 && row[0].number <= INT32_MAX) r->to->device = (uint32_t)row[0].number;
    return true;
}

static bool libomemo_read(app_imported *ret, const char *path, app_trouble *trouble) {
    reading r = {.to = ret, .trouble = trouble};
    app_tables *tables = NULL;
    if (!app_tables_open(&tables, path, trouble)) return false;
    bool good =
        app_tables_read(tables, "SELECT name, key, trusted FROM identity_key_store", "tbn", key_row, &r, trouble) &&
        app_tables_read(tables, "SELECT property FROM settings WHERE name = 'axolotl_registration_id'", "n",
                        setting_row, &r, trouble);
    if (good && (!r.has_secret || !r.has_public))
        good = app_trouble_set(trouble, "%s holds no identity of its own. Nothing was changed.", path);
    app_tables_close(tables);
    return good;
}

const app_import_format app_import_libomemo = {"libomemo", "lurch or another client with libomemo", libomemo_read,
                                               false};
