/* SPDX-License-Identifier: ISC
 *
 * Retained secrets of live sessions: derived, kept in records and in the list by which ClientHellos are recognized, and
 * looked for there. Public are ids (they are said inside sessions), the identity of a ClientHello, names and roles. */
#include <string.h>

#include "bytes/map.h"
#include "bytes/span.h"
#include "crypto/hash.h"
#include "seal/live/self.h"
#include "secrets.h"

#define JULIET BYTES_LITERAL("juliet@capulet.example/balcony")
#define ROMEO  BYTES_LITERAL("romeo@montague.example/orchard")
#define OTHERS 3u

/* ---- an environment with records, and nothing else ---- */

typedef struct records {
    seal_env env;
    bytes_map map;
    bytes_arena arena;
    live_self self;
} records;

static sotto_status records_get(seal_env *env, sotto_bytes key, sotto_bytes *ret) {
    const records *r = env->engine;
    return bytes_map_get(&r->map, key, ret) ? SOTTO_OK : SOTTO_FAIL(NOT_FOUND);
}

static sotto_status records_put(seal_env *env, sotto_bytes key, sotto_bytes value) {
    records *r = env->engine;
    return bytes_map_put(&r->map, key, value);
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

static void records_open(records *r) {
    bytes_map_init(&r->map, &secret_host);
    bytes_map_init(&r->self.known, &secret_host);
    bytes_arena_init(&r->arena, &secret_host, 1024u * 1024);
    r->self.host = &secret_host;
    r->self.full = JULIET;
    r->env = (seal_env){.now_ms = 1000,
                        .host = &secret_host,
                        .arena = &r->arena,
                        .engine = r,
                        .get = records_get,
                        .put = records_put,
                        .scan = records_scan};
}

static bool records_close(records *r, bool good) {
    bytes_map_clear(&r->map);
    live_secret_forget(&r->self);
    bytes_arena_clear(&r->arena);
    return good;
}

/* ---- cases ---- */

/* As a session makes one: from the one before, the exporter and a password's key. */
static bool secret_new(live_secret *ret, const live_secret *before) {
    uint8_t password[64];
    live_secret_input in = {.before = before != NULL ? before->secret : NULL};
    secret_make(password, sizeof password);
    secret_make(in.exporter, sizeof in.exporter);
    in.password = bytes_of(password, sizeof password);
    *ret = (live_secret){.theirs = true, .made_ms = 1};
    if (!sotto_ok(live_secret_make(ret, &in))) return false;
    declassify(ret->id, sizeof ret->id);
    return true;
}

static bool secrets_made(void) {
    live_secret first, second;
    uint8_t psk[32], naming[32];
    return secret_new(&first, NULL) && secret_new(&second, &first) && sotto_ok(live_secret_psk(second.secret, psk)) &&
           sotto_ok(live_secret_naming(second.secret, true, naming)) && !crypto_equal(psk, naming, 32);
}

/* Kept for several keys, and recognized among all of them by what its other side says. */
static bool secrets_found(void) {
    static records r;
    live_secrets kept[OTHERS];
    live_found found, none;
    uint8_t naming[32], nonce[16] = {7}, identity[TLS_SECRET_IDENTITY_BYTES];
    live_way way = {.nonce = nonce, .initiator = ROMEO, .responder = JULIET};
    records_open(&r);
    bool good = true;
    for (uint8_t i = 0; i < OTHERS; i++) {
        const uint8_t key[32] = {i};
        kept[i] = (live_secrets){.count = 1, .full = ROMEO};
        good = good && secret_new(&kept[i].at[0], NULL) &&
               sotto_ok(live_secret_write(&r.self, &r.env, live_bare(ROMEO), key, &kept[i]));
    }
    good = good && sotto_ok(live_secret_naming(kept[1].at[0].secret, true, naming)) &&
           sotto_ok(live_secret_identity(identity, naming, &way));
    declassify(identity, sizeof identity);
    good = good && sotto_ok(live_secret_find(&r.self, &r.env, ROMEO, bytes_of(identity, sizeof identity), &found)) &&
           found.is && found.key[0] == 1 && crypto_equal(found.secret.secret, kept[1].at[0].secret, 32);
    identity[20] ^= 1;
    good = good && sotto_ok(live_secret_find(&r.self, &r.env, ROMEO, bytes_of(identity, sizeof identity), &none)) &&
           !none.is;
    return records_close(&r, good);
}

const constant_case live_cases[] = {
    {"live sessions: a retained secret is made of the one before and a password", secrets_made},
    {"live sessions: a ClientHello is recognized among all retained secrets", secrets_found},
    {NULL, NULL},
};
