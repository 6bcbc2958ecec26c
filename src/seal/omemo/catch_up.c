/* SPDX-License-Identifier: ISC
 *
 * Catching up with archives: many messages at once, the answers to which are not worth one each. While it lasts used
 * prekeys are kept, because a sender who picked the same one may be further down the archive (XEP-0384 section 6; T19),
 * and no message goes out by itself; at the end every device that is due gets one (T22). That it lasts is in a record:
 * a program that ends on the way goes on with it, and what was kept for it is still there.
 *
 * The names of devices that are due are records too, beside those of the devices: 0 'n' device dialect jid. */
#include "seal/omemo/self.h"

#include <string.h>

#include "bytes/cursor.h"
#include "bytes/memory.h"

static void due_prefix(omemo_row *ret) {
    omemo_row_own(ret, OMEMO_ROW_DUE);
}

sotto_status omemo_catch_up_due(seal_env *env, sotto_bytes jid, const omemo_peer *peer) {
    static const uint8_t there = 1;
    omemo_row row;
    due_prefix(&row);
    omemo_row_u32(&row, peer->device);
    row.at[row.len++] = peer->dialect->number;
    if (jid.len > SOTTO_OMEMO_JID_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    memcpy(row.at + row.len, jid.at, jid.len);
    row.len += jid.len;
    return env->put(env, omemo_row_key(&row), bytes_of(&there, 1));
}

typedef struct due_scan {
    bytes_arena *arena;
    struct due_device {
        struct due_device *next;
        sotto_bytes key;
    } * first;
} due_scan;

static sotto_status due_found(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)value;
    due_scan *scan = arg;
    struct due_device *one = bytes_arena_take(scan->arena, sizeof *one);
    if (!one || !bytes_arena_copy(scan->arena, key, &one->key)) return SOTTO_FAIL(NO_MEMORY);
    one->next = scan->first;
    scan->first = one;
    return SOTTO_OK;
}

/* What was written to it meanwhile was its answer. T18: only while no other copy can be at work. */
static sotto_status due_answer(omemo_self *self, seal_env *env, sotto_bytes key) {
    bytes_cursor c = bytes_cursor_over(bytes_after(key, 2));
    omemo_peer peer;
    uint32_t device = bytes_cursor_u32(&c);
    const omemo_dialect *dialect = omemo_dialect_of(bytes_cursor_u8(&c));
    if (c.failed || !dialect) return SOTTO_FAIL(STORE_CORRUPT);
    sotto_status status = omemo_peer_load(env, c.rest, dialect, device, &peer);
    bool due = sotto_ok(status) && peer.reply_due && peer.has_session;
    if (due && (self->checked || omemo_session_owes(&peer.session))) {
        status = omemo_send_empty(self, env, c.rest, &peer);
        if (sotto_ok(status)) status = omemo_peer_save(env, c.rest, &peer);
    }
    bytes_wipe(&peer, sizeof peer);
    return status;
}

/* Beyond so many the answers wait until the user writes, as those to strangers do. */
static sotto_status due_answer_all(omemo_self *self, seal_env *env) {
    omemo_row prefix;
    due_scan scan = {.arena = env->arena};
    uint32_t count = 0;
    due_prefix(&prefix);
    SOTTO_TRY(env->scan(env, omemo_row_key(&prefix), due_found, &scan));
    for (struct due_device *one = scan.first; one; one = one->next) {
        if (count++ < SOTTO_OMEMO_ANSWERS_MAX) SOTTO_TRY(due_answer(self, env, one->key));
        SOTTO_TRY(env->put(env, one->key, BYTES_NONE));
    }
    return SOTTO_OK;
}

sotto_status omemo_catch_up(omemo_self *self, seal_env *env, bool begin) {
    omemo_own own;
    SOTTO_TRY(omemo_own_catch_up(env, begin));
    if (!begin) {
        SOTTO_TRY(due_answer_all(self, env));
        SOTTO_TRY(omemo_own_load(env, &own));
        sotto_status status = omemo_publish_timers(env, &own); /* what was kept for it may be due */
        bytes_wipe(&own, sizeof own);
        SOTTO_TRY(status);
    }
    self->catching_up = begin;
    return SOTTO_OK;
}
