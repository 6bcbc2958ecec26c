/* SPDX-License-Identifier: ISC
 *
 * Own prekeys: a record each. One that was used is kept for a while, with the names of the key exchanges that used it.
 */
#include <string.h>

#include "bytes/cursor.h"
#include "bytes/memory.h"
#include "crypto/hash.h"
#include "crypto/sha256.h"
#include "seal/omemo/own.h"

#define PREKEY_VERSION   2
#define PREKEY_BYTES_MAX (80 + sizeof(omemo_use) * OMEMO_USES_MAX)

typedef struct own_prekey {
    crypto_x25519_pair pair;
    uint64_t until_ms; /* 0: unused, to be published */
    uint8_t uses;
    omemo_use used[OMEMO_USES_MAX];
} own_prekey;

static void prekey_row(omemo_row *ret, uint32_t id) {
    omemo_row_own(ret, OMEMO_ROW_PREKEY);
    omemo_row_u32(ret, id);
}

static sotto_status prekey_decode(sotto_bytes value, own_prekey *ret) {
    bytes_cursor c = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&c);
    if (version > PREKEY_VERSION) return SOTTO_FAIL(STORE_NEWER);
    *ret = (own_prekey){.uses = 0};
    bytes_cursor_into(&c, ret->pair.private_key.bytes, 32);
    bytes_cursor_into(&c, ret->pair.public_key.bytes, 32);
    ret->until_ms = bytes_cursor_u64(&c);
    ret->uses = bytes_cursor_u8(&c);
    if (ret->uses > OMEMO_USES_MAX) return SOTTO_FAIL(STORE_CORRUPT);
    bytes_cursor_into(&c, ret->used, ret->uses * sizeof ret->used[0]);
    return sotto_ok(bytes_cursor_end(&c)) && version == PREKEY_VERSION ? SOTTO_OK : SOTTO_FAIL(STORE_CORRUPT);
}

static sotto_status prekey_put(seal_env *env, uint32_t id, const own_prekey *prekey) {
    omemo_row row;
    uint8_t memory[PREKEY_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes value;
    prekey_row(&row, id);
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_u8(&out, PREKEY_VERSION);
    bytes_buffer_put(&out, bytes_of(prekey->pair.private_key.bytes, 32));
    bytes_buffer_put(&out, bytes_of(prekey->pair.public_key.bytes, 32));
    bytes_buffer_u64(&out, prekey->until_ms);
    bytes_buffer_u8(&out, prekey->uses);
    bytes_buffer_put(&out, bytes_of(prekey->used, prekey->uses * sizeof prekey->used[0]));
    sotto_status status = bytes_buffer_end(&out, &value);
    if (sotto_ok(status)) status = env->put(env, omemo_row_key(&row), value);
    bytes_wipe(memory, sizeof memory);
    return status;
}

static sotto_status prekey_get(seal_env *env, uint32_t id, own_prekey *ret) {
    omemo_row row;
    sotto_bytes value;
    prekey_row(&row, id);
    sotto_status status = env->get(env, omemo_row_key(&row), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_FAIL(NO_PREKEY);
    SOTTO_TRY(status);
    return prekey_decode(value, ret);
}

static bool prekey_used_by(const own_prekey *prekey, const crypto_x25519_public *ephemeral) {
    for (uint8_t i = 0; i < prekey->uses; i++) {
        if (memcmp(prekey->used[i].ephemeral, ephemeral->bytes, 8) == 0) return true;
    }
    return false;
}

/* ---- catching up ---- */

#define CATCH_UP_VERSION 1
#define CATCH_UP_MS      (24ull * 3600 * 1000) /* one that nobody ended: a key is not kept for ever */
/* ... nor through one catch-up after the other, each begun before a day was over: the server says when one ends (T19,
 * T21). No longer than the signed prekey that goes with it is kept. */
#define KEPT_MS_MAX OMEMO_PERIOD_MS

static sotto_status catch_up_since(seal_env *env, uint64_t *ret) {
    omemo_row row;
    sotto_bytes value;
    omemo_row_own(&row, OMEMO_ROW_CATCH_UP);
    sotto_status status = env->get(env, omemo_row_key(&row), &value);
    *ret = 0;
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    bytes_cursor c = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&c);
    uint64_t since_ms = bytes_cursor_u64(&c);
    if (!sotto_ok(bytes_cursor_end(&c)) || version != CATCH_UP_VERSION) return SOTTO_FAIL(STORE_CORRUPT);
    *ret = since_ms;
    return SOTTO_OK;
}

sotto_status omemo_own_catching_up(seal_env *env, bool *ret) {
    uint64_t since_ms;
    SOTTO_TRY(catch_up_since(env, &since_ms));
    *ret = since_ms != 0 && env->now_ms >= since_ms && env->now_ms - since_ms < CATCH_UP_MS;
    return SOTTO_OK;
}

/* Until when a used prekey is kept for a catch-up; 0: not for one. */
static sotto_status kept_until(seal_env *env, uint64_t *ret) {
    uint64_t since_ms;
    bool catching_up;
    SOTTO_TRY(omemo_own_catching_up(env, &catching_up));
    SOTTO_TRY(catch_up_since(env, &since_ms));
    *ret = catching_up ? since_ms + CATCH_UP_MS : 0;
    return SOTTO_OK;
}

/* When a prekey that is due goes; in the past: now. */
static uint64_t prekey_end(uint64_t due_ms, uint64_t kept_until_ms) {
    if (kept_until_ms <= due_ms) return due_ms;
    return kept_until_ms < due_ms + KEPT_MS_MAX ? kept_until_ms : due_ms + KEPT_MS_MAX;
}

sotto_status omemo_own_catch_up(seal_env *env, bool begin) {
    omemo_row row;
    uint8_t memory[9];
    bytes_buffer out;
    sotto_bytes value = BYTES_NONE;
    omemo_row_own(&row, OMEMO_ROW_CATCH_UP);
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_u8(&out, CATCH_UP_VERSION);
    bytes_buffer_u64(&out, env->now_ms);
    if (begin) SOTTO_TRY(bytes_buffer_end(&out, &value));
    return env->put(env, omemo_row_key(&row), value);
}

sotto_status omemo_own_prekey(seal_env *env, uint32_t id, const crypto_x25519_public *ephemeral,
                              crypto_x25519_pair *ret) {
    own_prekey prekey;
    uint64_t kept_ms;
    SOTTO_TRY(kept_until(env, &kept_ms));
    SOTTO_TRY(prekey_get(env, id, &prekey));
    /* T19: a key exchange that made a session once makes none again, and a kept prekey serves a few at most. */
    sotto_status status = SOTTO_OK;
    if (prekey_used_by(&prekey, ephemeral) || prekey.uses == OMEMO_USES_MAX) status = SOTTO_FAIL(NO_PREKEY);
    if (prekey.until_ms != 0 && env->now_ms >= prekey_end(prekey.until_ms, kept_ms)) status = SOTTO_FAIL(NO_PREKEY);
    if (sotto_ok(status)) *ret = prekey.pair;
    bytes_wipe(&prekey, sizeof prekey);
    return status;
}

void omemo_use_of(const crypto_x25519_public *ephemeral, const uint8_t secret[32], omemo_use *ret) {
    uint8_t hash[32];
    crypto_sha256(hash, bytes_of(secret, 32));
    memcpy(ret->ephemeral, ephemeral->bytes, sizeof ret->ephemeral);
    memcpy(ret->agreed, hash, sizeof ret->agreed);
    bytes_wipe(hash, sizeof hash);
}

sotto_status omemo_own_unused(seal_env *env, uint32_t id, const omemo_use *use) {
    own_prekey prekey;
    SOTTO_TRY(prekey_get(env, id, &prekey));
    sotto_status status = SOTTO_OK;
    for (uint8_t i = 0; i < prekey.uses; i++) {
        if (crypto_equal(prekey.used[i].agreed, use->agreed, sizeof use->agreed)) status = SOTTO_FAIL(NO_PREKEY);
    }
    bytes_wipe(&prekey, sizeof prekey);
    return status;
}

sotto_status omemo_own_use(seal_env *env, omemo_own *own, uint32_t id, const omemo_use *use, uint64_t keep_ms) {
    own_prekey prekey;
    SOTTO_TRY(prekey_get(env, id, &prekey));
    if (prekey.until_ms == 0) {
        own->version++;
        prekey.until_ms = env->now_ms + keep_ms;
    }
    if (prekey.uses < OMEMO_USES_MAX) prekey.used[prekey.uses++] = *use;
    sotto_status status = prekey_put(env, id, &prekey);
    bytes_wipe(&prekey, sizeof prekey);
    return status;
}

/* ---- all of them ---- */

typedef struct prekey_scan {
    seal_env *env;
    omemo_own_visit *visit; /* of those to be published */
    void *arg;
    uint32_t count;   /* of those to be published */
    uint64_t kept_ms; /* until when those that are due are kept for a catch-up */
    uint64_t next_ms; /* earliest end of a kept one */
    uint32_t due[SOTTO_OMEMO_PREKEYS];
    uint32_t due_count;
} prekey_scan;

static sotto_status prekey_found(void *arg, sotto_bytes key, sotto_bytes value) {
    prekey_scan *scan = arg;
    own_prekey prekey;
    bytes_cursor c = bytes_cursor_over(bytes_after(key, 2));
    uint32_t id = bytes_cursor_u32(&c);
    sotto_status status = prekey_decode(value, &prekey);
    if (sotto_ok(status) && prekey.until_ms == 0) {
        scan->count++;
        if (scan->visit) status = scan->visit(scan->arg, id, &prekey.pair.public_key);
    } else if (sotto_ok(status)) {
        uint64_t now = scan->env->now_ms, end = prekey_end(prekey.until_ms, scan->kept_ms);
        /* A clock that went back must not make it stay. */
        bool odd = prekey.until_ms > now && prekey.until_ms - now > OMEMO_KEEP_CATCH_UP_MS && scan->kept_ms == 0;
        bool due = now >= end || odd;
        if (due && scan->due_count < SOTTO_OMEMO_PREKEYS) {
            scan->due[scan->due_count++] = id;
        } else if (end < scan->next_ms) {
            scan->next_ms = end;
        }
    }
    bytes_wipe(&prekey, sizeof prekey);
    return status;
}

static sotto_status prekey_all(prekey_scan *scan) {
    omemo_row row;
    omemo_row_own(&row, OMEMO_ROW_PREKEY);
    scan->next_ms = UINT64_MAX;
    return scan->env->scan(scan->env, omemo_row_key(&row), prekey_found, scan);
}

sotto_status omemo_own_prekeys(seal_env *env, omemo_own_visit *visit, void *arg) {
    prekey_scan scan = {.env = env, .visit = visit, .arg = arg};
    return prekey_all(&scan);
}

sotto_status omemo_own_expire(seal_env *env, uint64_t *ret_next) {
    prekey_scan scan = {.env = env};
    SOTTO_TRY(kept_until(env, &scan.kept_ms));
    SOTTO_TRY(prekey_all(&scan));
    for (uint32_t i = 0; i < scan.due_count; i++) {
        omemo_row row;
        prekey_row(&row, scan.due[i]);
        SOTTO_TRY(env->put(env, omemo_row_key(&row), BYTES_NONE));
    }
    *ret_next = scan.next_ms;
    return SOTTO_OK;
}

sotto_status omemo_own_refill(seal_env *env, omemo_own *own, bool *ret_changed) {
    prekey_scan scan = {.env = env};
    *ret_changed = false;
    SOTTO_TRY(prekey_all(&scan));
    /* "The bundle MUST always contain at least 25 PreKeys" (XEP-0384 section 4.2): every refill fills up, so the floor
     * is never come near. */
    _Static_assert(SOTTO_OMEMO_PREKEYS > SOTTO_OMEMO_PREKEYS_FLOOR, "a full bundle is above the floor");
    for (uint32_t have = scan.count; have < SOTTO_OMEMO_PREKEYS; have++) {
        own_prekey prekey = {.uses = 0};
        sotto_status status = omemo_own_pair(env, &prekey.pair);
        if (sotto_ok(status)) status = prekey_put(env, own->next_prekey_id, &prekey);
        bytes_wipe(&prekey, sizeof prekey);
        SOTTO_TRY(status);
        own->next_prekey_id = own->next_prekey_id >= OMEMO_ID_MAX ? 1 : own->next_prekey_id + 1;
        *ret_changed = true;
    }
    if (*ret_changed) own->version++;
    return SOTTO_OK;
}
