/* SPDX-License-Identifier: ISC */
#include "seal/live/row.h"

#include "bytes/cursor.h"
#include "bytes/memory.h"
#include "seal/live/statement.h"

#define ROW_VERSION 1u
#define KEY_ROOM    (SOTTO_JID_BYTES_MAX + 64u)

typedef struct key_room {
    bytes_buffer buffer;
    uint8_t at[KEY_ROOM];
} key_room;

static sotto_bytes room_end(key_room *room) {
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(&room->buffer, &ret)) ? ret : BYTES_NONE;
}

/* kind, then as much of jid 0 key as is given. */
static void room_begin(key_room *room, char kind, sotto_bytes jid, const uint8_t *key) {
    bytes_buffer_borrowed(&room->buffer, room->at, sizeof room->at);
    bytes_buffer_u8(&room->buffer, (uint8_t)kind);
    if (jid.len == 0) return;
    bytes_buffer_put(&room->buffer, jid);
    bytes_buffer_u8(&room->buffer, 0);
    if (key != NULL) bytes_buffer_put(&room->buffer, bytes_of(key, 32));
}

static sotto_bytes room_key(key_room *room, char kind, sotto_bytes jid, const uint8_t *key) {
    room_begin(room, kind, jid, key);
    return room_end(room);
}

static sotto_bytes room_row(key_room *room, sotto_bytes jid, const uint8_t *key, uint64_t order) {
    room_begin(room, 'o', jid, key);
    bytes_buffer_u64(&room->buffer, order);
    return room_end(room);
}

/* ---- identity ---- */

static sotto_status identity_make(seal_env *env, crypto_identity *ret) {
    uint8_t value[33] = {ROW_VERSION};
    sotto_status status = env->random(env, value + 1, 32);
    if (sotto_ok(status)) status = crypto_identity_from_seed(ret, value + 1);
    if (sotto_ok(status)) status = env->put(env, BYTES_LITERAL("i"), bytes_of(value, sizeof value));
    bytes_wipe(value, sizeof value);
    return status;
}

sotto_status live_row_identity(seal_env *env, crypto_identity *ret) {
    sotto_bytes value;
    sotto_status status = env->get(env, BYTES_LITERAL("i"), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return identity_make(env, ret);
    SOTTO_TRY(status);
    if (value.len != 33 || value.at[0] != ROW_VERSION) return SOTTO_FAIL(STORE_CORRUPT);
    return crypto_identity_from_seed(ret, value.at + 1);
}

/* ---- rows ---- */

sotto_status live_row_put(seal_env *env, sotto_bytes jid, const uint8_t key[32], const live_row *row) {
    key_room room;
    bytes_buffer out;
    sotto_bytes value;
    bytes_buffer_owned(&out, env->host, SOTTO_RECORD_BYTES_MAX);
    bytes_buffer_u8(&out, ROW_VERSION);
    bytes_buffer_put(&out, bytes_of(row->epoch, sizeof row->epoch));
    bytes_buffer_u64(&out, row->number);
    bytes_buffer_u64(&out, row->ticket);
    bytes_buffer_u8(&out, (uint8_t)row->trust);
    bytes_buffer_block(&out, row->full);
    bytes_buffer_block(&out, row->stanza);
    sotto_status status = bytes_buffer_end(&out, &value);
    if (sotto_ok(status)) status = env->put(env, room_row(&room, jid, key, row->order), value);
    bytes_buffer_free(&out);
    return status;
}

sotto_status live_row_remove(seal_env *env, sotto_bytes jid, const uint8_t key[32], uint64_t order) {
    key_room room;
    return env->put(env, room_row(&room, jid, key, order), BYTES_NONE);
}

static sotto_status row_decode(sotto_bytes value, live_row *ret) {
    bytes_cursor c = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&c);
    bytes_cursor_into(&c, ret->epoch, sizeof ret->epoch);
    ret->number = bytes_cursor_u64(&c);
    ret->ticket = bytes_cursor_u64(&c);
    ret->trust = (sotto_trust)bytes_cursor_u8(&c);
    ret->full = bytes_cursor_block(&c);
    ret->stanza = bytes_cursor_block(&c);
    if (!sotto_ok(bytes_cursor_end(&c)) || version != ROW_VERSION || ret->trust > SOTTO_TRUST_DISTRUSTED)
        return SOTTO_FAIL(STORE_CORRUPT);
    return SOTTO_OK;
}

typedef struct row_scan {
    live_row_visit *visit;
    void *arg;
} row_scan;

/* 'o' jid 0 key order: the key begins 40 bytes before the end. */
static sotto_status visit_row(void *arg, sotto_bytes name, sotto_bytes value) {
    const row_scan *scan = arg;
    live_row row = {0};
    if (name.len < 1 + 1 + 1 + 32 + 8 || name.at[name.len - 41] != 0) return SOTTO_FAIL(STORE_CORRUPT);
    bytes_cursor order = bytes_cursor_over(bytes_of(name.at + name.len - 8, 8));
    row.order = bytes_cursor_u64(&order);
    SOTTO_TRY(row_decode(value, &row));
    return scan->visit(scan->arg, bytes_of(name.at + 1, name.len - 42), name.at + name.len - 40, &row);
}

sotto_status live_row_scan(seal_env *env, sotto_bytes jid, const uint8_t *key, live_row_visit *visit, void *arg) {
    key_room room;
    row_scan scan = {visit, arg};
    return env->scan(env, room_key(&room, 'o', jid, key), visit_row, &scan);
}

/* ---- received ---- */

#define EPOCH_BYTES (LIVE_EPOCH_BYTES + 8u)

sotto_status live_row_received(seal_env *env, sotto_bytes jid, const uint8_t key[32],
                               const uint8_t epoch[LIVE_EPOCH_BYTES], uint64_t number, bool *ret_new) {
    key_room room;
    sotto_bytes name = room_key(&room, 'r', jid, key), value = BYTES_NONE, written;
    sotto_status status = env->get(env, name, &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND))
        status = live_row_key_seen(env, jid, key); /* pushed out in its session: with the key this goes one day */
    SOTTO_TRY(status);
    if (value.len > 0 && (value.at[0] != ROW_VERSION || (value.len - 1) % EPOCH_BYTES != 0))
        return SOTTO_FAIL(STORE_CORRUPT);
    uint8_t at[1 + SOTTO_LIVE_EPOCHS_MAX * EPOCH_BYTES];
    bytes_buffer out;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u8(&out, ROW_VERSION);
    bytes_buffer_put(&out, bytes_of(epoch, LIVE_EPOCH_BYTES));
    bytes_buffer_u64(&out, number);
    for (sotto_bytes rest = bytes_after(value, 1); rest.len > 0; rest = bytes_after(rest, EPOCH_BYTES)) {
        bytes_cursor last = bytes_cursor_over(bytes_of(rest.at + LIVE_EPOCH_BYTES, 8));
        bool same = memcmp(rest.at, epoch, LIVE_EPOCH_BYTES) == 0;
        if (same && bytes_cursor_u64(&last) >= number) {
            *ret_new = false;
            return SOTTO_OK;
        }
        if (!same && out.len + EPOCH_BYTES <= sizeof at) bytes_buffer_put(&out, bytes_of(rest.at, EPOCH_BYTES));
    }
    SOTTO_TRY(bytes_buffer_end(&out, &written));
    SOTTO_TRY(env->put(env, name, written));
    *ret_new = true;
    return SOTTO_OK;
}

sotto_status live_row_last(seal_env *env, sotto_bytes jid, const uint8_t key[32], const uint8_t epoch[LIVE_EPOCH_BYTES],
                           uint64_t *ret) {
    key_room room;
    sotto_bytes value;
    *ret = 0;
    sotto_status status = env->get(env, room_key(&room, 'r', jid, key), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    if (value.len == 0 || value.at[0] != ROW_VERSION || (value.len - 1) % EPOCH_BYTES != 0)
        return SOTTO_FAIL(STORE_CORRUPT);
    for (sotto_bytes rest = bytes_after(value, 1); rest.len > 0; rest = bytes_after(rest, EPOCH_BYTES)) {
        bytes_cursor last = bytes_cursor_over(bytes_of(rest.at + LIVE_EPOCH_BYTES, 8));
        if (memcmp(rest.at, epoch, LIVE_EPOCH_BYTES) == 0) *ret = bytes_cursor_u64(&last);
    }
    return SOTTO_OK;
}

/* Whoever has a new address sends again, under the same numbers, what we did not acknowledge. */
sotto_status live_row_received_move(seal_env *env, sotto_bytes from, sotto_bytes to, const uint8_t key[32]) {
    key_room room;
    sotto_bytes value;
    sotto_status status = env->get(env, room_key(&room, 'r', from, key), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    return env->put(env, room_key(&room, 'r', to, key), value);
}

/* ---- keys ---- */

#define DAY_MS UINT64_C(86400000)

typedef struct key_seen {
    uint8_t key[32];
    uint64_t since_ms;
} key_seen;

typedef struct key_scan {
    live_key_visit *visit;
    void *arg;
    size_t count;
    key_seen *list; /* SOTTO_LIVE_KEYS_MAX; NULL: not wanted */
} key_scan;

static sotto_status visit_key(void *arg, sotto_bytes name, sotto_bytes value) {
    key_scan *scan = arg;
    bytes_cursor c = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&c);
    uint64_t since_ms = bytes_cursor_u64(&c);
    if (name.len < 34 || !sotto_ok(bytes_cursor_end(&c)) || version != ROW_VERSION) return SOTTO_FAIL(STORE_CORRUPT);
    const uint8_t *key = name.at + name.len - 32;
    if (scan->list != NULL && scan->count < SOTTO_LIVE_KEYS_MAX) {
        memcpy(scan->list[scan->count].key, key, 32);
        scan->list[scan->count].since_ms = since_ms;
    }
    scan->count++;
    return scan->visit != NULL ? scan->visit(scan->arg, key) : SOTTO_OK;
}

static sotto_status key_write(seal_env *env, sotto_bytes jid, const uint8_t key[32]) {
    key_room room;
    uint8_t at[9];
    bytes_buffer out;
    sotto_bytes value;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u8(&out, ROW_VERSION);
    bytes_buffer_u64(&out, env->now_ms);
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return env->put(env, room_key(&room, 'k', jid, key), value);
}

/* Whoever makes keys by the dozen in somebody's name pushes out only such keys, as long as there are any: what was
 * received of a key that is accepted must not be forgotten, or it could be delivered again. */
static sotto_status key_make_room(seal_env *env, sotto_bytes jid, const key_seen *list, size_t count) {
    const key_seen *least = NULL;
    bool least_accepted = false;
    key_room room;
    for (size_t i = 0; i < count; i++) {
        bool accepted;
        SOTTO_TRY(env->accepted(env, jid, list[i].key, &accepted));
        bool sooner = least == NULL || (least_accepted != accepted ? !accepted : list[i].since_ms < least->since_ms);
        if (!sooner) continue;
        least = &list[i];
        least_accepted = accepted;
    }
    if (least == NULL) return SOTTO_OK;
    SOTTO_TRY(env->put(env, room_key(&room, 'k', jid, least->key), BYTES_NONE));
    SOTTO_TRY(live_statement_forget(env, jid, least->key));
    return env->put(env, room_key(&room, 'r', jid, least->key), BYTES_NONE);
}

sotto_status live_row_key_seen(seal_env *env, sotto_bytes jid, const uint8_t key[32]) {
    key_room room;
    sotto_bytes value;
    key_seen list[SOTTO_LIVE_KEYS_MAX];
    key_scan scan = {.list = list};
    sotto_status status = env->get(env, room_key(&room, 'k', jid, key), &value);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) {
        SOTTO_TRY(status);
        bytes_cursor c = bytes_cursor_over(bytes_after(value, 1));
        uint64_t since_ms = bytes_cursor_u64(&c);
        return since_ms / DAY_MS == env->now_ms / DAY_MS ? SOTTO_OK : key_write(env, jid, key);
    }
    SOTTO_TRY(env->scan(env, room_key(&room, 'k', jid, NULL), visit_key, &scan));
    if (scan.count >= SOTTO_LIVE_KEYS_MAX) SOTTO_TRY(key_make_room(env, jid, list, SOTTO_LIVE_KEYS_MAX));
    return key_write(env, jid, key);
}

sotto_status live_row_keys(seal_env *env, sotto_bytes jid, live_key_visit *visit, void *arg) {
    key_room room;
    key_scan scan = {.visit = visit, .arg = arg};
    return env->scan(env, room_key(&room, 'k', jid, NULL), visit_key, &scan);
}
