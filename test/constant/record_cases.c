/* SPDX-License-Identifier: ISC
 *
 * Secrets on their way into records and out of them: own keys, prekeys, skipped keys of an OMEMO device, and the key
 * that opens the store. */
#include "bytes/map.h"
#include "bytes/span.h"
#include "crypto/hash.h"
#include "seal/omemo/own.h"
#include "seal/omemo/skipped.h"
#include "secrets.h"
#include "store/vault.h"

/* ---- an environment with records and randomness, and nothing else ---- */

typedef struct records {
    seal_env env;
    bytes_map map;
    bytes_arena arena;
} records;

static sotto_status records_get(seal_env *env, sotto_bytes key, sotto_bytes *ret) {
    const records *r = env->engine;
    return bytes_map_get(&r->map, key, ret) ? SOTTO_OK : SOTTO_FAIL(NOT_FOUND);
}

static sotto_status records_put(seal_env *env, sotto_bytes key, sotto_bytes value) {
    records *r = env->engine;
    if (value.len > 0) return bytes_map_put(&r->map, key, value);
    bytes_map_remove(&r->map, key);
    return SOTTO_OK;
}

static sotto_status records_scan(seal_env *env, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    const records *r = env->engine;
    sotto_bytes key = prefix, value;
    for (bool beyond = false; bytes_map_from(&r->map, key, beyond, &key, &value); beyond = true) {
        if (!bytes_starts_with(key, prefix)) break;
        SOTTO_TRY(visit(arg, key, value));
    }
    return SOTTO_OK;
}

static sotto_status records_random(seal_env *env, void *out, size_t len) {
    (void)env;
    secret_make(out, len);
    return SOTTO_OK;
}

static void records_open(records *r) {
    bytes_map_init(&r->map, &secret_host);
    bytes_arena_init(&r->arena, &secret_host, 1024u * 1024);
    r->env = (seal_env){.now_ms = 1000,
                        .host = &secret_host,
                        .arena = &r->arena,
                        .engine = r,
                        .get = records_get,
                        .put = records_put,
                        .scan = records_scan,
                        .random = records_random};
}

static bool records_close(records *r, bool good) {
    bytes_map_clear(&r->map);
    bytes_arena_clear(&r->arena);
    return good;
}

/* ---- OMEMO ---- */

static bool own_keys(void) {
    static records r;
    omemo_own own = {.device = 4, .signed_id = 9};
    records_open(&r);
    secret_make(own.secret, sizeof own.secret);
    bool good = sotto_ok(omemo_own_pair(&r.env, &own.signed_pair)) && sotto_ok(omemo_own_save(&r.env, &own));
    omemo_own again;
    good = good && sotto_ok(omemo_own_load(&r.env, &again)) && crypto_equal(again.secret, own.secret, 32);
    crypto_identity identity;
    good = good && sotto_ok(omemo_own_identity(&again, &identity));
    again.signed_ms = 0;
    r.env.now_ms = 2 * OMEMO_PERIOD_MS;
    bool changed = false;
    good = good && sotto_ok(omemo_own_rotate(&r.env, &again, &identity, &changed)) && changed;
    return records_close(&r, good);
}

/* Made, found, used by one key exchange, and refused to the same one in another form. */
static bool prekeys(void) {
    static records r;
    static const crypto_x25519_public ephemeral = {{9}}, other_form = {{8}};
    omemo_own own = {.device = 4, .next_prekey_id = 50};
    crypto_x25519_pair pair;
    omemo_use use, same;
    uint8_t agreed[32];
    bool changed = false;
    records_open(&r);
    secret_make(agreed, sizeof agreed);
    bool good = sotto_ok(omemo_own_refill(&r.env, &own, &changed)) && changed && r.map.count == SOTTO_OMEMO_PREKEYS;
    good = good && sotto_ok(omemo_own_prekey(&r.env, 60, &ephemeral, &pair));
    omemo_use_of(&ephemeral, agreed, &use);
    good = good && sotto_ok(omemo_own_unused(&r.env, 60, &use));
    good = good && sotto_ok(omemo_own_use(&r.env, &own, 60, &use, 5000));
    good = good && sotto_is(omemo_own_prekey(&r.env, 60, &ephemeral, &pair), SOTTO_E_NO_PREKEY);
    omemo_use_of(&other_form, agreed, &same);
    good = good && sotto_is(omemo_own_unused(&r.env, 60, &same), SOTTO_E_NO_PREKEY);
    return records_close(&r, good);
}

static bool skipped_rows(void) {
    static records r;
    static uint8_t keys[70][32];
    omemo_skipped_rows rows;
    uint32_t chain = 0, n = 0, count = 0;
    uint8_t key[32];
    records_open(&r);
    secret_make(keys, sizeof keys);
    bool good = sotto_ok(omemo_skipped_open(&rows, &r.env, BYTES_LITERAL("romeo@montague.example"), 4, 1));
    omemo_skipped port = omemo_skipped_port(&rows);
    good = good && sotto_ok(port.keep(port.arg, 3, 10, (const uint8_t(*)[32])keys, 70));
    good = good && sotto_ok(port.find(port.arg, 3, 44, key)) && crypto_equal(key, keys[34], 32);
    good = good && sotto_ok(port.remove(port.arg, 3, 44));
    good = good && sotto_is(port.find(port.arg, 3, 44, key), SOTTO_E_NOT_FOUND);
    good = good && sotto_ok(port.evict(port.arg, 20, &chain, &n)) && chain == 3 && n == 29;
    good = good && sotto_ok(port.forget(port.arg, 3, &count)) && count == 49;
    return records_close(&r, good);
}

/* ---- the store ---- */

/* With a passphrase the same happens after Argon2id, which is not in constant time (crypto_cases.c). */
static bool vault(void) {
    uint8_t data_key[STORE_VAULT_KEY_BYTES], opened[STORE_VAULT_KEY_BYTES], memory[256];
    store_secret by_file = {.from_file = true};
    bytes_buffer out;
    sotto_bytes row = BYTES_NONE;
    secret_make(data_key, sizeof data_key);
    secret_make(by_file.file_key, sizeof by_file.file_key);
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bool good =
        sotto_ok(store_vault_seal(&out, data_key, &by_file, &secret_host)) && sotto_ok(bytes_buffer_end(&out, &row));
    declassify_bytes(row); /* anybody may have the file */
    good = good && sotto_ok(store_vault_open(opened, row, &by_file, &secret_host)) &&
           crypto_equal(opened, data_key, sizeof opened);
    secret_make(by_file.file_key, sizeof by_file.file_key);
    return good && sotto_is(store_vault_open(opened, row, &by_file, &secret_host), SOTTO_E_WRONG_PASSPHRASE);
}

const constant_case record_cases[] = {
    {"OMEMO's own keys: stored, loaded, rotated", own_keys},
    {"OMEMO's prekeys: made, found, used up", prekeys},
    {"OMEMO's skipped keys: kept, found, pushed out", skipped_rows},
    {"the key of the store, sealed with a key file", vault},
    {NULL, NULL},
};
