/* SPDX-License-Identifier: ISC
 *
 * What of this seal's records goes into a backup, from which another device with the same identity is made (seal.h,
 * back_up). The identity, who has which devices, and which keys were seen. Not the sessions, skipped keys and prekeys:
 * two devices would write with the same keys (T18), and who finds the backup one day could read what was sent before
 * (T21). Signed prekeys are no exception, so they are left out of the record of own keys. Nor what was counted or told
 * about this run: budgets, openings. What is not named here is not carried. */
#include "seal/omemo/self.h"

#include "bytes/memory.h"

/* Encoding a record goes through env->put; here what is put is what is carried. */
typedef struct taking {
    seal_env env; /* first: the seal's own functions get a pointer to it */
    bytes_arena *arena;
    sotto_bytes read, put;
} taking;

static sotto_status take_get(seal_env *env, sotto_bytes key, sotto_bytes *ret) {
    (void)key;
    *ret = ((const taking *)(const void *)env)->read;
    return SOTTO_OK;
}

static sotto_status take_put(seal_env *env, sotto_bytes key, sotto_bytes value) {
    (void)key;
    taking *t = (taking *)(void *)env;
    return bytes_arena_copy(t->arena, value, &t->put) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

static taking taking_from(const seal_env *env, sotto_bytes value) {
    taking t = {.env = *env, .arena = env->arena, .read = value};
    t.env.get = take_get;
    t.env.put = take_put;
    return t;
}

static sotto_status own_back_up(const seal_env *env, sotto_bytes value, sotto_bytes *ret) {
    taking t = taking_from(env, value);
    omemo_own own;
    SOTTO_TRY(omemo_own_load(&t.env, &own));
    omemo_own kept = {.device = own.device,
                      .is_scalar = own.is_scalar,
                      .version = own.version,
                      .announced = own.announced,
                      .retired = own.retired};
    memcpy(kept.secret, own.secret, sizeof kept.secret);
    memcpy(kept.published, own.published, sizeof kept.published);
    sotto_status status = omemo_own_save(&t.env, &kept);
    bytes_wipe(&own, sizeof own);
    bytes_wipe(&kept, sizeof kept);
    if (sotto_ok(status)) *ret = t.put;
    return status;
}

static sotto_status peer_back_up(const seal_env *env, sotto_bytes jid, const omemo_dialect *dialect, uint32_t device,
                                 sotto_bytes value, sotto_bytes *ret) {
    taking t = taking_from(env, value);
    omemo_peer peer, kept;
    SOTTO_TRY(omemo_peer_decode(&peer, dialect, device, value));
    omemo_peer_without_sessions(&peer, &kept);
    bytes_wipe(&peer, sizeof peer);
    SOTTO_TRY(omemo_peer_save(&t.env, jid, &kept));
    *ret = t.put;
    return SOTTO_OK;
}

sotto_status omemo_back_up(seal_env *env, sotto_bytes key, sotto_bytes value, sotto_bytes *ret) {
    omemo_row own;
    uint32_t device;
    size_t jid_len = 0;
    *ret = BYTES_NONE;
    omemo_row_own(&own, OMEMO_ROW_OWN);
    if (bytes_equal(key, omemo_row_key(&own))) return own_back_up(env, value, ret);
    while (jid_len < key.len && key.at[jid_len] != 0) jid_len++;
    if (jid_len == 0) return SOTTO_OK;
    if (omemo_row_is_best(key, jid_len)) *ret = value;
    for (uint8_t i = 0; i < OMEMO_DIALECTS; i++) {
        if (omemo_row_is(key, jid_len, omemo_row_in(OMEMO_ROW_LIST, i), &device)) *ret = value;
        if (omemo_row_is(key, jid_len, omemo_row_in(OMEMO_ROW_DEVICE, i), &device))
            return peer_back_up(env, bytes_of(key.at, jid_len), omemo_dialects[i], device, value, ret);
    }
    return SOTTO_OK;
}
