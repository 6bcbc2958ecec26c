/* SPDX-License-Identifier: ISC
 *
 * An environment for a seal (seal/seal.h) without an engine: records in a map, everything else taken note of and
 * nothing more. */
#ifndef FUZZ_ENV_H
#define FUZZ_ENV_H

#include "bytes/map.h"
#include "rig.h"
#include "seal/seal.h"

#define FUZZ_NOW_MS UINT64_C(1800000000000)

typedef struct fuzz_env {
    seal_env base;
    fuzz_host host;
    bytes_arena arena;
    bytes_map records;
} fuzz_env;

static inline sotto_status fuzz_env_get(seal_env *base, sotto_bytes key, sotto_bytes *ret) {
    fuzz_env *env = base->engine;
    sotto_bytes value;
    if (!bytes_map_get(&env->records, key, &value)) return SOTTO_FAIL(NOT_FOUND);
    return bytes_arena_copy(&env->arena, value, ret) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

static inline sotto_status fuzz_env_put(seal_env *base, sotto_bytes key, sotto_bytes value) {
    fuzz_env *env = base->engine;
    MUST(key.len > 0 && value.len <= SOTTO_RECORD_BYTES_MAX);
    if (value.len > 0) return bytes_map_put(&env->records, key, value);
    bytes_map_remove(&env->records, key);
    return SOTTO_OK;
}

static inline sotto_status fuzz_env_scan(seal_env *base, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    fuzz_env *env = base->engine;
    sotto_bytes key, value, from = prefix;
    bool beyond = false;
    while (bytes_map_from(&env->records, from, beyond, &key, &value) && bytes_starts_with(key, prefix)) {
        sotto_bytes kept;
        if (!bytes_arena_copy(&env->arena, key, &from) || !bytes_arena_copy(&env->arena, value, &kept))
            return SOTTO_FAIL(NO_MEMORY);
        beyond = true;
        SOTTO_TRY(visit(arg, from, kept));
    }
    return SOTTO_OK;
}

static inline sotto_status fuzz_env_random(seal_env *base, void *out, size_t len) {
    fuzz_env *env = base->engine;
    return fuzz_random(&env->host, out, len);
}

static inline void fuzz_env_start(fuzz_env *env, const char *account) {
    *env = (fuzz_env){0};
    fuzz_host_start(&env->host);
    bytes_arena_init(&env->arena, &env->host.host, 1u << 26);
    bytes_map_init(&env->records, &env->host.host);
    env->base = (seal_env){.now_ms = FUZZ_NOW_MS,
                           .account = bytes_text(account),
                           .host = &env->host.host,
                           .arena = &env->arena,
                           .engine = env,
                           .get = fuzz_env_get,
                           .put = fuzz_env_put,
                           .scan = fuzz_env_scan,
                           .random = fuzz_env_random};
    MUST_OK(stanza_parser_new(&env->base.parser, &env->host.host));
}

static inline void fuzz_env_end(fuzz_env *env) {
    stanza_parser_free(env->base.parser);
    bytes_map_clear(&env->records);
    bytes_arena_clear(&env->arena);
    fuzz_host_end(&env->host);
}

#endif
