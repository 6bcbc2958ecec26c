/* SPDX-License-Identifier: ISC
 *
 * The record of own keys, and the signed prekey. Prekeys are in omemo/prekey.c. */
#include "seal/omemo/own.h"

#include <string.h>

#include "bytes/cursor.h"
#include "bytes/memory.h"
#include "seal/omemo/exchange.h"

#define OWN_VERSION   3 /* 1 had no retired device, 2 knew one dialect */
#define OWN_BYTES_MAX 512

enum { FLAG_SCALAR = 1, FLAG_ANNOUNCED = 2, FLAG_LEAVING = 4, FLAGS_ALL = 7 };

static void pair_put(bytes_buffer *out, const crypto_x25519_pair *pair) {
    bytes_buffer_put(out, bytes_of(pair->private_key.bytes, 32));
    bytes_buffer_put(out, bytes_of(pair->public_key.bytes, 32));
}

static void pair_take(bytes_cursor *c, crypto_x25519_pair *pair) {
    bytes_cursor_into(c, pair->private_key.bytes, 32);
    bytes_cursor_into(c, pair->public_key.bytes, 32);
}

sotto_status omemo_own_load(seal_env *env, omemo_own *ret) {
    omemo_row row;
    sotto_bytes value;
    omemo_row_own(&row, OMEMO_ROW_OWN);
    SOTTO_TRY(env->get(env, omemo_row_key(&row), &value));
    bytes_cursor c = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&c), flags = bytes_cursor_u8(&c);
    if (version > OWN_VERSION) return SOTTO_FAIL(STORE_NEWER);
    omemo_own own = {.is_scalar = flags & FLAG_SCALAR,
                     .announced = (flags & FLAG_ANNOUNCED) != 0,
                     .leaving = (flags & FLAG_LEAVING) != 0};
    own.device = bytes_cursor_u32(&c);
    bytes_cursor_into(&c, own.secret, 32);
    own.next_prekey_id = bytes_cursor_u32(&c);
    own.signed_id = bytes_cursor_u32(&c);
    pair_take(&c, &own.signed_pair);
    bytes_cursor_into(&c, own.signatures[0].bytes, 64);
    own.signed_ms = bytes_cursor_u64(&c);
    own.older_id = bytes_cursor_u32(&c);
    pair_take(&c, &own.older_pair);
    own.version = bytes_cursor_u32(&c);
    own.published[0] = bytes_cursor_u32(&c);
    if (version >= 2) own.retired = bytes_cursor_u32(&c);
    for (size_t i = 1; i < OMEMO_DIALECTS && version >= 3; i++) {
        bytes_cursor_into(&c, own.signatures[i].bytes, 64);
        own.published[i] = bytes_cursor_u32(&c);
    }
    bool whole = sotto_ok(bytes_cursor_end(&c)) && version >= 1 && flags <= FLAGS_ALL && own.device != 0;
    if (whole) *ret = own;
    bytes_wipe(&own, sizeof own);
    return whole ? SOTTO_OK : SOTTO_FAIL(STORE_CORRUPT);
}

sotto_status omemo_own_device(seal_env *env, uint32_t *ret) {
    omemo_own own;
    sotto_status status = omemo_own_load(env, &own);
    if (sotto_ok(status)) *ret = own.device;
    bytes_wipe(&own, sizeof own);
    return status;
}

sotto_status omemo_own_save(seal_env *env, const omemo_own *own) {
    omemo_row row;
    uint8_t memory[OWN_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes value;
    unsigned flags = (own->is_scalar ? FLAG_SCALAR : 0u) | (own->announced ? FLAG_ANNOUNCED : 0u) |
                     (own->leaving ? FLAG_LEAVING : 0u);
    omemo_row_own(&row, OMEMO_ROW_OWN);
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_u8(&out, OWN_VERSION);
    bytes_buffer_u8(&out, (uint8_t)flags);
    bytes_buffer_u32(&out, own->device);
    bytes_buffer_put(&out, bytes_of(own->secret, 32));
    bytes_buffer_u32(&out, own->next_prekey_id);
    bytes_buffer_u32(&out, own->signed_id);
    pair_put(&out, &own->signed_pair);
    bytes_buffer_put(&out, bytes_of(own->signatures[0].bytes, 64));
    bytes_buffer_u64(&out, own->signed_ms);
    bytes_buffer_u32(&out, own->older_id);
    pair_put(&out, &own->older_pair);
    bytes_buffer_u32(&out, own->version);
    bytes_buffer_u32(&out, own->published[0]);
    bytes_buffer_u32(&out, own->retired);
    for (size_t i = 1; i < OMEMO_DIALECTS; i++) {
        bytes_buffer_put(&out, bytes_of(own->signatures[i].bytes, 64));
        bytes_buffer_u32(&out, own->published[i]);
    }
    sotto_status status = bytes_buffer_end(&out, &value);
    if (sotto_ok(status)) status = env->put(env, omemo_row_key(&row), value);
    bytes_wipe(memory, sizeof memory);
    return status;
}

/* ---- making ---- */

sotto_status omemo_own_pair(seal_env *env, crypto_x25519_pair *ret) {
    crypto_x25519_private private_key;
    SOTTO_TRY(env->random(env, private_key.bytes, 32));
    sotto_status status = crypto_x25519_derive(ret, &private_key);
    bytes_wipe(&private_key, sizeof private_key);
    return status;
}

sotto_status omemo_own_below(seal_env *env, uint32_t bound, uint32_t *ret) {
    uint32_t limit = UINT32_MAX - UINT32_MAX % bound; /* below it every remainder is equally likely */
    uint32_t drawn;
    do {
        SOTTO_TRY(env->random(env, &drawn, sizeof drawn));
    } while (drawn >= limit);
    *ret = drawn % bound;
    return SOTTO_OK;
}

sotto_status omemo_own_new_device(seal_env *env, uint32_t *ret) {
    SOTTO_TRY(omemo_own_below(env, OMEMO_ID_MAX, ret));
    ++*ret;
    return SOTTO_OK;
}

/* XEdDSA takes randomness through a host; ours is the environment's. */
static sotto_status env_random(void *arg, void *out, size_t len) {
    seal_env *env = arg;
    return env->random(env, out, len);
}

sotto_status omemo_own_sign(seal_env *env, const crypto_identity *identity, sotto_bytes message,
                            crypto_signature *ret) {
    const sotto_host random = {.arg = env, .random = env_random};
    return crypto_identity_sign(ret, identity, message, &random);
}

sotto_status omemo_own_label(seal_env *env, const crypto_identity *identity, const omemo_dialect *dialect,
                             uint32_t device, sotto_bytes text, omemo_label *ret) {
    const sotto_host random = {.arg = env, .random = env_random};
    *ret = (omemo_label){.device = device, .text = text};
    return text.len == 0 ? SOTTO_OK : omemo_label_sign(dialect, identity, text, &random, &ret->signature);
}

static sotto_status signed_sign(seal_env *env, omemo_own *own, const crypto_identity *identity,
                                const omemo_dialect *dialect) {
    const sotto_host random = {.arg = env, .random = env_random};
    return omemo_offer_sign(dialect, identity, &own->signed_pair.public_key, &random,
                            &own->signatures[dialect->number]);
}

static sotto_status signed_new(seal_env *env, omemo_own *own, const crypto_identity *identity) {
    SOTTO_TRY(omemo_own_pair(env, &own->signed_pair));
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) SOTTO_TRY(signed_sign(env, own, identity, omemo_dialects[i]));
    own->signed_id = own->signed_id >= OMEMO_ID_MAX ? 1 : own->signed_id + 1;
    own->signed_ms = env->now_ms;
    own->version++;
    return SOTTO_OK;
}

sotto_status omemo_own_identity(const omemo_own *own, crypto_identity *ret) {
    return (own->is_scalar ? crypto_identity_from_scalar : crypto_identity_from_seed)(ret, own->secret);
}

/* Everything but the identity and the device id. */
static sotto_status prekeys_make(seal_env *env, omemo_own *own, const crypto_identity *identity) {
    bool changed;
    SOTTO_TRY(omemo_own_below(env, OMEMO_ID_MAX, &own->signed_id));
    SOTTO_TRY(omemo_own_below(env, OMEMO_ID_MAX, &own->next_prekey_id));
    own->next_prekey_id++;
    SOTTO_TRY(signed_new(env, own, identity));
    SOTTO_TRY(omemo_own_refill(env, own, &changed));
    return omemo_own_save(env, own);
}

static sotto_status own_make(seal_env *env, omemo_own *own, crypto_identity *identity) {
    SOTTO_TRY(env->random(env, own->secret, 32));
    SOTTO_TRY(omemo_own_identity(own, identity));
    SOTTO_TRY(omemo_own_new_device(env, &own->device));
    return prekeys_make(env, own, identity);
}

/* A device that is being taken off keeps its id, under which it is found on the server. */
static sotto_status device_renew(seal_env *env, const omemo_own *own, omemo_own *fresh) {
    fresh->device = own->device;
    fresh->announced = own->announced;
    if (own->leaving) return SOTTO_OK;
    fresh->retired = own->announced ? own->device : own->retired;
    fresh->announced = false;
    do {
        SOTTO_TRY(omemo_own_new_device(env, &fresh->device));
    } while (fresh->device == own->device);
    return SOTTO_OK;
}

sotto_status omemo_own_renew(seal_env *env, omemo_own *own, const crypto_identity *identity) {
    omemo_row prekeys;
    omemo_own fresh = {.is_scalar = own->is_scalar, .version = own->version, .leaving = own->leaving};
    memcpy(fresh.secret, own->secret, sizeof fresh.secret);
    omemo_row_own(&prekeys, OMEMO_ROW_PREKEY);
    sotto_status status = omemo_row_delete_all(env, &prekeys);
    if (sotto_ok(status)) status = device_renew(env, own, &fresh);
    if (sotto_ok(status)) status = prekeys_make(env, &fresh, identity);
    if (sotto_ok(status)) *own = fresh;
    bytes_wipe(&fresh, sizeof fresh);
    return status;
}

sotto_status omemo_own_create(seal_env *env, omemo_own *ret, crypto_identity *ret_identity) {
    omemo_own own = {0};
    crypto_identity identity;
    sotto_status status = own_make(env, &own, &identity);
    if (sotto_ok(status)) {
        *ret = own;
        *ret_identity = identity;
    }
    bytes_wipe(&own, sizeof own);
    bytes_wipe(&identity, sizeof identity);
    return status;
}

sotto_status omemo_own_complete(seal_env *env, omemo_own *own, const crypto_identity *identity) {
    static const crypto_signature none = {.bytes = {0}};
    bool changed = false;
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        if (memcmp(own->signatures[i].bytes, none.bytes, sizeof none.bytes) != 0) continue;
        SOTTO_TRY(signed_sign(env, own, identity, omemo_dialects[i]));
        changed = true;
    }
    return changed ? omemo_own_save(env, own) : SOTTO_OK;
}

sotto_status omemo_own_wipe(seal_env *env) {
    omemo_row row = {.at = {0}, .len = 1};
    return omemo_row_delete_all(env, &row);
}

/* ---- the signed prekey ---- */

uint64_t omemo_own_rotation(const omemo_own *own) {
    return own->signed_ms + OMEMO_PERIOD_MS;
}

/* XEP-0384 section 4.2: once a week to once a month, and the old one "kept for another rotation period". */
sotto_status omemo_own_rotate(seal_env *env, omemo_own *own, const crypto_identity *identity, bool *ret_changed) {
    *ret_changed = false;
    if (env->now_ms < own->signed_ms) { /* the clock went back: count from here */
        own->signed_ms = env->now_ms;
        return omemo_own_save(env, own);
    }
    if (env->now_ms - own->signed_ms < OMEMO_PERIOD_MS) return SOTTO_OK;
    own->older_id = own->signed_id;
    own->older_pair = own->signed_pair;
    SOTTO_TRY(signed_new(env, own, identity));
    *ret_changed = true;
    return omemo_own_save(env, own);
}

const crypto_x25519_pair *omemo_own_signed(const omemo_own *own, uint32_t id) {
    if (id == 0) return NULL;
    if (id == own->signed_id) return &own->signed_pair;
    return id == own->older_id ? &own->older_pair : NULL;
}
