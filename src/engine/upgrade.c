/* SPDX-License-Identifier: ISC
 *
 * The layout of records as a whole has a number ('A' "layout"); single records have versions of their own, which their
 * readers know. What has changed:
 *
 * 1  The first one; it had no number. A seal was one version of OMEMO ("omemo:2"), and trust was recorded by the form a
 *    key has on the wire there (Ed25519).
 * 2  A seal has several dialects, which share an identity: its records lie under its own name, and trust is recorded by
 *    the form that is the same in all of them and that people compare: the fingerprint. What was decided about a key
 * has to hold whatever dialect its owner's client speaks tomorrow.
 *
 * Everything is in one transaction with what the first opening does: a store is of one layout or of the other. */
#include "engine/upgrade.h"

#include "bytes/cursor.h"
#include "engine/record.h"

#define LAYOUT     2u
#define LAYOUT_KEY BYTES_LITERAL("Alayout")

typedef struct upgrading {
    sotto_engine *engine;
    const seal_class *class; /* one that had another name */
    size_t prefix;           /* of the keys that are looked at */
} upgrading;

static sotto_status move(sotto_engine *engine, sotto_bytes from, sotto_bytes to, sotto_bytes value) {
    SOTTO_TRY(engine_record_put(engine, from, BYTES_NONE));
    return engine_record_put(engine, to, value);
}

/* ---- a seal's own records ---- */

static sotto_bytes namespace_key(engine_key_room *room, const char *name, sotto_bytes own) {
    sotto_bytes ret = BYTES_NONE;
    bytes_buffer *out = engine_key_begin(room, 'S');
    bytes_buffer_text(out, name);
    bytes_buffer_u8(out, 0);
    bytes_buffer_put(out, own);
    return sotto_ok(bytes_buffer_end(out, &ret)) ? ret : BYTES_NONE;
}

static sotto_status rename_record(void *arg, sotto_bytes key, sotto_bytes value) {
    const upgrading *u = arg;
    engine_key_room room;
    return move(u->engine, key, namespace_key(&room, u->class->name, bytes_after(key, u->prefix)), value);
}

/* ---- trust ---- */

/* A row of trust in layout 1: version, trust, device, seal, fingerprint, times. */
typedef struct old_row {
    sotto_bytes seal;
    uint8_t fingerprint[32];
} old_row;

static sotto_status old_row_read(sotto_bytes value, old_row *ret) {
    bytes_cursor in = bytes_cursor_over(value);
    (void)bytes_cursor_take(&in, 1 + 1 + 4);
    ret->seal = bytes_cursor_block(&in);
    bytes_cursor_into(&in, ret->fingerprint, sizeof ret->fingerprint);
    (void)bytes_cursor_take(&in, 8 + 8);
    return sotto_ok(bytes_cursor_end(&in)) ? SOTTO_OK : SOTTO_FAIL(STORE_CORRUPT);
}

/* The JID under which the key was seen first goes with it (T9). */
static sotto_status move_owner(sotto_engine *engine, const uint8_t from[32], const uint8_t to[32]) {
    uint8_t key[33] = {'K'}, moved[33] = {'K'};
    sotto_bytes owner;
    memcpy(key + 1, from, 32);
    memcpy(moved + 1, to, 32);
    sotto_status status = engine_record_get(engine, bytes_of(key, sizeof key), &owner);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK; /* moved already: the key is somebody else's too */
    SOTTO_TRY(status);
    return move(engine, bytes_of(key, sizeof key), bytes_of(moved, sizeof moved), owner);
}

static sotto_status rename_key(void *arg, sotto_bytes key, sotto_bytes value) {
    const upgrading *u = arg;
    old_row row;
    uint8_t moved[SOTTO_STORE_KEY_BYTES_MAX];
    if (key.len < 34 || key.len > sizeof moved) return SOTTO_FAIL(STORE_CORRUPT);
    SOTTO_TRY(old_row_read(value, &row));
    const uint8_t *before = key.at + key.len - 32;
    if (!bytes_is(row.seal, u->class->formerly) || memcmp(before, row.fingerprint, 32) == 0) return SOTTO_OK;
    memcpy(moved, key.at, key.len - 32);
    memcpy(moved + key.len - 32, row.fingerprint, 32);
    SOTTO_TRY(move_owner(u->engine, before, row.fingerprint));
    return move(u->engine, key, bytes_of(moved, key.len), value);
}

/* ---- the whole ---- */

static sotto_status from_1(sotto_engine *engine) {
    for (size_t i = 0; i < engine->seal_count; i++) {
        engine_key_room room;
        upgrading u = {engine, engine->seals[i].class, 0};
        if (u.class->formerly == NULL) continue;
        sotto_bytes prefix = namespace_key(&room, u.class->formerly, BYTES_NONE);
        u.prefix = prefix.len;
        SOTTO_TRY(engine_record_scan(engine, prefix, rename_record, &u));
        SOTTO_TRY(engine_record_scan(engine, BYTES_LITERAL("T"), rename_key, &u));
    }
    return SOTTO_OK;
}

sotto_status engine_upgrade(sotto_engine *engine) {
    sotto_bytes value;
    uint8_t layout = 1; /* an empty store has nothing to be changed, so it may count as one */
    sotto_status status = engine_record_get(engine, LAYOUT_KEY, &value);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) {
        SOTTO_TRY(status);
        layout = value.at[0];
    }
    if (layout > LAYOUT) return SOTTO_FAIL(STORE_NEWER);
    if (layout == LAYOUT) return SOTTO_OK;
    SOTTO_TRY(from_1(engine));
    layout = LAYOUT;
    return engine_record_put(engine, LAYOUT_KEY, bytes_of(&layout, 1));
}
