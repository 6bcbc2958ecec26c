/* SPDX-License-Identifier: ISC */
#include "engine/env.h"

#include "bytes/memory.h"
#include "engine/ask.h"
#include "engine/deliver.h"
#include "engine/doubt.h"
#include "engine/job.h"
#include "engine/keyring.h"
#include "engine/output.h"
#include "engine/record.h"
#include "engine/request.h"

static engine_env *env_of(seal_env *base) {
    return (engine_env *)(void *)base;
}

static void begin_key(engine_env *env, engine_key_room *room, sotto_bytes key) {
    bytes_buffer *out = engine_key_begin(room, 'S');
    bytes_buffer_text(out, env->engine->seals[env->seal].class->name);
    bytes_buffer_u8(out, 0);
    bytes_buffer_put(out, key);
}

static sotto_status env_get(seal_env *base, sotto_bytes key, sotto_bytes *ret) {
    engine_env *env = env_of(base);
    engine_key_room room;
    sotto_bytes full;
    begin_key(env, &room, key);
    SOTTO_TRY(bytes_buffer_end(&room.buffer, &full));
    return engine_record_get(env->engine, full, ret);
}

static sotto_status env_put(seal_env *base, sotto_bytes key, sotto_bytes value) {
    engine_env *env = env_of(base);
    engine_key_room room;
    sotto_bytes full;
    begin_key(env, &room, key);
    SOTTO_TRY(bytes_buffer_end(&room.buffer, &full));
    return engine_record_put(env->engine, full, value);
}

typedef struct seal_scan {
    sotto_visit *visit;
    void *arg;
    size_t prefix_len; /* of the namespace */
} seal_scan;

static sotto_status strip_key(void *arg, sotto_bytes key, sotto_bytes value) {
    const seal_scan *scan = arg;
    return scan->visit(scan->arg, bytes_after(key, scan->prefix_len), value);
}

static sotto_status env_scan(seal_env *base, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    engine_env *env = env_of(base);
    engine_key_room room;
    sotto_bytes full;
    begin_key(env, &room, prefix);
    SOTTO_TRY(bytes_buffer_end(&room.buffer, &full));
    seal_scan scan = {visit, arg, full.len - prefix.len};
    return engine_record_scan(env->engine, full, strip_key, &scan);
}

sotto_status engine_random(const sotto_engine *engine, void *out, size_t len) {
    if (sotto_ok(engine->host->random(engine->host->arg, out, len))) return SOTTO_OK;
    bytes_wipe(out, len);
    return SOTTO_FAIL(NO_RANDOM);
}

static sotto_status env_random(seal_env *base, void *out, size_t len) {
    return engine_random(env_of(base)->engine, out, len);
}

static sotto_status env_ask(seal_env *base, bool set, sotto_bytes to, sotto_bytes payload, sotto_bytes note) {
    engine_env *env = env_of(base);
    return engine_ask(env->engine, env->seal, set, to, payload, note);
}

static bool env_asking(seal_env *base, sotto_bytes note) {
    engine_env *env = env_of(base);
    return engine_asking(env->engine, env->seal, note);
}

static sotto_status env_control(seal_env *base, sotto_bytes stanza) {
    engine_env *env = env_of(base);
    sotto_output output = {
        .kind = SOTTO_OUTPUT_STANZA, .stanza = stanza, .seal = bytes_text(env->engine->seals[env->seal].class->name)};
    return engine_output_stage(env->engine, &output, OUTBOX_LASTING);
}

static sotto_status env_timer(seal_env *base, sotto_bytes note, uint64_t at_ms) {
    engine_env *env = env_of(base);
    return engine_timer(env->engine, env->seal, note, at_ms);
}

static sotto_status env_job(seal_env *base, sotto_bytes request, sotto_bytes note) {
    engine_env *env = env_of(base);
    return engine_job_start(env->engine, env->seal, request, note);
}

/* REFRESH, REPAIR and LEAVE are about what is on the server, and answered once: by a seal that has something there. Of
 * another one it is the answer only where there is no such seal. */
static bool answers_for_all(const engine_env *env, sotto_event_kind kind) {
    if ((kind != SOTTO_EVENT_REFRESHED && kind != SOTTO_EVENT_LEFT) ||
        (env->engine->seals[env->seal].class->can & SEAL_CAN_OFFLINE) != 0)
        return true;
    for (size_t i = 0; i < env->engine->seal_count; i++)
        if ((env->engine->seals[i].class->can & SEAL_CAN_OFFLINE) != 0) return false;
    return true;
}

static sotto_status env_event(seal_env *base, const sotto_event *event) {
    engine_env *env = env_of(base);
    sotto_event named = *event;
    if (!answers_for_all(env, event->kind)) return SOTTO_OK;
    if (event->kind == SOTTO_EVENT_DEVICES) {
        SOTTO_TRY(engine_keyring_list_changed(env->engine, event->jid));
        SOTTO_TRY(engine_doubt_list(env->engine, event->jid, event->number == 0));
    }
    if (event->kind == SOTTO_EVENT_DELIVERY_UNKNOWN)
        SOTTO_TRY(engine_request_returned(env->engine, event->ticket, event->reason));
    if (named.key.seal.len == 0) named.key.seal = bytes_text(env->engine->seals[env->seal].class->name);
    return engine_event(env->engine, &named);
}

sotto_status engine_changed_add(sotto_engine *engine, sotto_bytes jid) {
    for (const struct engine_changed *known = engine->changed; known != NULL; known = known->next)
        if (known->jid.len == 0 || bytes_equal(known->jid, jid)) return SOTTO_OK;
    struct engine_changed *changed = bytes_arena_take(&engine->step_arena, sizeof *changed);
    if (changed == NULL || !bytes_arena_copy(&engine->step_arena, jid, &changed->jid)) return SOTTO_FAIL(NO_MEMORY);
    changed->next = engine->changed;
    engine->changed = changed;
    return SOTTO_OK;
}

/* Everything that is sealed is sealed for own other devices too: what changes about them changes all promises. */
static sotto_status env_changed(seal_env *base, sotto_bytes jid) {
    sotto_engine *engine = env_of(base)->engine;
    return engine_changed_add(engine, bytes_equal(jid, engine->account.bare) ? BYTES_NONE : jid);
}

static sotto_status env_key_seen(seal_env *base, const seal_key *key) {
    engine_env *env = env_of(base);
    return engine_keyring_seen(env->engine, env->seal, key);
}

static sotto_status env_trust(seal_env *base, sotto_bytes jid, const uint8_t key[32], sotto_trust *ret) {
    return engine_keyring_trust(env_of(base)->engine, jid, key, ret);
}

static sotto_status env_accepted(seal_env *base, sotto_bytes jid, const uint8_t key[32], bool *ret) {
    return engine_keyring_accepts(env_of(base)->engine, jid, key, ret);
}

static sotto_status env_deliver(seal_env *base, const seal_opened *opened) {
    engine_env *env = env_of(base);
    return engine_deliver_unasked(env->engine, env->seal, opened);
}

/* The first other seal that can do this: identities that sign are OMEMO's. */
static const seal_class *other_that_signs(const engine_env *env, size_t *ret) {
    for (size_t i = 0; i < env->engine->seal_count; i++) {
        const seal_class *class = env->engine->seals[i].class;
        *ret = i;
        if (i != env->seal && class->sign != NULL && class->check != NULL) return class;
    }
    return NULL;
}

static sotto_status env_sign(seal_env *base, sotto_bytes message, seal_key *ret_key, uint8_t ret[64]) {
    engine_env *env = env_of(base), other;
    size_t seal;
    const seal_class *class = other_that_signs(env, &seal);
    if (class == NULL) return SOTTO_FAIL(NOT_FOUND);
    engine_env_init(&other, env->engine, seal);
    return class->sign(env->engine->seals[seal].self, &other.base, message, ret_key, ret);
}

static sotto_status env_sibling(seal_env *base, sotto_bytes jid, const uint8_t key[32], sotto_bytes message,
                                const uint8_t signature[64], sotto_trust *ret) {
    engine_env *env = env_of(base), other;
    size_t seal;
    const seal_class *class = other_that_signs(env, &seal);
    if (class == NULL) return SOTTO_FAIL(NOT_FOUND);
    engine_env_init(&other, env->engine, seal);
    SOTTO_TRY(class->check(env->engine->seals[seal].self, &other.base, key, message, signature));
    return engine_keyring_trust(env->engine, jid, key, ret);
}

static sotto_status env_vouch(seal_env *base, sotto_bytes jid, const uint8_t key[32], seal_voucher voucher) {
    return engine_keyring_vouch(env_of(base)->engine, jid, key, voucher);
}

static sotto_status env_known_as(seal_env *base, sotto_bytes jid, sotto_bytes old_jid, const uint8_t key[32],
                                 bool *ret_taken) {
    return engine_keyring_known_as(env_of(base)->engine, jid, old_jid, key, ret_taken);
}

void engine_env_init(engine_env *env, sotto_engine *engine, size_t seal) {
    *env = (engine_env){
        .base = {.now_ms = engine->now_ms,
                 .set_back = engine_is_set_back(engine),
                 .account = engine->account.bare,
                 .host = engine->host,
                 .arena = &engine->arena,
                 .parser = engine->parser,
                 .engine = engine,
                 .get = env_get,
                 .put = env_put,
                 .scan = env_scan,
                 .random = env_random,
                 .ask = env_ask,
                 .asking = env_asking,
                 .control = env_control,
                 .timer = env_timer,
                 .job = env_job,
                 .event = env_event,
                 .changed = env_changed,
                 .key_seen = env_key_seen,
                 .trust = env_trust,
                 .accepted = env_accepted,
                 .deliver = env_deliver,
                 .sign = env_sign,
                 .sibling = env_sibling,
                 .vouch = env_vouch,
                 .known_as = env_known_as},
        .engine = engine,
        .seal = seal,
    };
    engine->seals[seal].called = true;
}

sotto_status engine_seal_input(sotto_engine *engine, size_t seal, const seal_input *input) {
    engine_env env;
    engine_env_init(&env, engine, seal);
    return engine->seals[seal].class->input(engine->seals[seal].self, &env.base, input);
}

sotto_status engine_seal_input_all(sotto_engine *engine, const seal_input *input) {
    for (size_t i = 0; i < engine->seal_count; i++) SOTTO_TRY(engine_seal_input(engine, i, input));
    return SOTTO_OK;
}
