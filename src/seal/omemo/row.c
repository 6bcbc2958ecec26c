/* SPDX-License-Identifier: ISC */
#include "seal/omemo/row.h"

#include <string.h>

void omemo_row_u32(omemo_row *row, uint32_t value) {
    for (unsigned shift = 32; shift > 0; shift -= 8) row->at[row->len++] = (uint8_t)(value >> (shift - 8));
}

sotto_status omemo_row_all(omemo_row *ret, sotto_bytes jid) {
    if (jid.len == 0 || jid.len > SOTTO_OMEMO_JID_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    memcpy(ret->at, jid.at, jid.len);
    ret->at[jid.len] = 0;
    ret->len = jid.len + 1;
    return SOTTO_OK;
}

sotto_status omemo_row_device(omemo_row *ret, sotto_bytes jid, uint32_t device, char what) {
    SOTTO_TRY(omemo_row_all(ret, jid));
    omemo_row_u32(ret, device);
    ret->at[ret->len++] = (uint8_t)what;
    return SOTTO_OK;
}

void omemo_row_own(omemo_row *ret, char what) {
    ret->at[0] = 0;
    ret->at[1] = (uint8_t)what;
    ret->len = 2;
}

bool omemo_row_is(sotto_bytes key, size_t jid_len, char what, uint32_t *ret_device) {
    if (key.len != jid_len + 6 || key.at[jid_len] != 0 || key.at[jid_len + 5] != (uint8_t)what) return false;
    const uint8_t *at = key.at + jid_len + 1;
    *ret_device = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    return true;
}

sotto_status omemo_row_best(omemo_row *ret, sotto_bytes jid, const uint8_t key[32]) {
    SOTTO_TRY(omemo_row_device(ret, jid, 0, OMEMO_ROW_BEST));
    memcpy(ret->at + ret->len, key, 32);
    ret->len += 32;
    return SOTTO_OK;
}

bool omemo_row_is_best(sotto_bytes key, size_t jid_len) {
    return key.len == jid_len + 6 + 32 && key.at[jid_len] == 0 && key.at[jid_len + 5] == OMEMO_ROW_BEST;
}

/* Keys found by a scan; records may not be changed while one is under way. */
typedef struct found_keys {
    bytes_arena *arena;
    struct found_key {
        struct found_key *next;
        sotto_bytes key;
    } * first;
} found_keys;

static sotto_status key_found(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)value;
    found_keys *found = arg;
    struct found_key *one = bytes_arena_take(found->arena, sizeof *one);
    if (!one || !bytes_arena_copy(found->arena, key, &one->key)) return SOTTO_FAIL(NO_MEMORY);
    one->next = found->first;
    found->first = one;
    return SOTTO_OK;
}

sotto_status omemo_row_delete_all(seal_env *env, const omemo_row *prefix) {
    found_keys found = {.arena = env->arena};
    SOTTO_TRY(env->scan(env, omemo_row_key(prefix), key_found, &found));
    for (struct found_key *one = found.first; one; one = one->next) SOTTO_TRY(env->put(env, one->key, BYTES_NONE));
    return SOTTO_OK;
}
