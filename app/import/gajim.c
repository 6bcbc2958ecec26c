/* SPDX-License-Identifier: ISC
 *
 * Gajim 1.x (its schema version 12; gajim-omemo's before it has the same tables): omemo_ADDRESS.db. `secret` has one
 * row; `identities` says for each key what was decided: 0 refused, 1 compared, 2 nothing yet, 3 accepted without a
 * comparison. Which device a key belongs to stands in the sessions alone, and is learnt again. */
#include <string.h>

#include "app/import/import.h"
#include "app/import/tables.h"
#include "bytes/span.h"

typedef struct reading {
    app_imported *to;
    app_trouble *trouble;
    bool found;
} reading;

static bool secret_row(void *arg, const app_tables_value *row) {
    reading *r = arg;
    if (!row[1].there || !row[2].there || row[2].bytes.len != sizeof r->to->secret ||
        !app_import_public(row[1].bytes, r->to->key))
        return true;
    if (row[0].there && row[0].number > 0 && row[0].number <= INT32_MAX) r->to->device = (uint32_t)row[0].number;
    memcpy(r->to->secret, row[2].bytes.at, sizeof r->to->secret);
    r->found = true;
    return true;
}

static bool identity_row(void *arg, const app_tables_value *row) {
    static const sotto_trust trusts[] = {SOTTO_TRUST_DISTRUSTED, SOTTO_TRUST_VERIFIED, SOTTO_TRUST_UNDECIDED,
                                         SOTTO_TRUST_BLIND};
    reading *r = arg;
    uint8_t key[32];
    bool known = row[2].there && row[2].number >= 0 && row[2].number < 4;
    bool good = row[0].there && row[1].there && app_import_public(row[1].bytes, key);
    sotto_trust trust = known ? trusts[row[2].number] : SOTTO_TRUST_UNDECIDED;
    return app_import_add(r->to, row[0].there ? row[0].bytes : BYTES_NONE, good ? key : NULL, 0, trust, r->trouble);
}

static bool gajim_read(app_imported *ret, const char *path, app_trouble *trouble) {
    reading r = {.to = ret, .trouble = trouble};
    app_tables *tables = NULL;
    if (!app_tables_open(&tables, path, trouble)) return false;
    bool good = app_tables_read(tables, "SELECT device_id, public_key, private_key FROM secret LIMIT 1", "nbb",
                                secret_row, &r, trouble);
    if (good && !r.found) good = app_trouble_set(trouble, "%s holds no identity of Gajim. Nothing was changed.", path);
    good = good && app_tables_read(tables, "SELECT recipient_id, public_key, trust FROM identities", "tbn",
                                   identity_row, &r, trouble);
    app_tables_close(tables);
    return good;
}

const app_import_format app_import_gajim = {"gajim", "Gajim", gajim_read, true};
