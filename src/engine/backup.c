/* SPDX-License-Identifier: ISC
 *
 * What of an account's records belongs into a backup. Another store that gets these records is a new device with the
 * same identity: nothing that this device uses once may be among them, or two devices would use it (T18). So a space of
 * records is in it only if the table says so, and a seal decides about its own, record by record. */
#include "engine/env.h"
#include "engine/record.h"

/* What is not here, and why:
 *     O, X  outputs: they leave from here; out of a backup they would leave a second time
 *     H, U  held stanzas, and what was sent and nobody confirmed: they may have left by the time the backup is used
 *     P     who is available now
 *     Y     comparisons of keys: their nonces are used once
 * How far archives were read, and what came meanwhile (Q, B), is here, and so are the identities of messages that were
 * seen (I): what an archive shows again is not shown again. */
static const char carried[] = {'A', 'B', 'C', 'I', 'K', 'N', 'Q', 'R', 'S', 'T', 'V', 'W'};

typedef struct backing_up {
    sotto_engine *engine;
    sotto_visit *visit;
    void *arg;
} backing_up;

static bool is_carried(char space) {
    for (size_t i = 0; i < sizeof carried; i++)
        if (carried[i] == space) return true;
    return false;
}

/* The seal whose record it is, and the part of the key that is the seal's own; engine->seal_count: nobody's here. */
static size_t seal_of(const sotto_engine *engine, sotto_bytes key, sotto_bytes *ret_own) {
    sotto_bytes rest = bytes_of(key.at + 1, key.len - 1); /* of two bytes at least */
    size_t i = 0;
    for (; i < engine->seal_count; i++) {
        sotto_bytes name = bytes_text(engine->seals[i].class->name);
        if (rest.len <= name.len || !bytes_starts_with(rest, name) || rest.at[name.len] != 0) continue;
        *ret_own = bytes_after(rest, name.len + 1);
        break;
    }
    return i;
}

static sotto_status visit_sealed(const backing_up *b, sotto_bytes key, sotto_bytes value) {
    engine_env env;
    sotto_bytes own, kept = BYTES_NONE;
    size_t seal = seal_of(b->engine, key, &own);
    if (seal == b->engine->seal_count || b->engine->seals[seal].class->back_up == NULL) return SOTTO_OK;
    bool called = b->engine->seals[seal].called;
    engine_env_init(&env, b->engine, seal);
    b->engine->seals[seal].called = called; /* nothing is staged: no step */
    bytes_arena_mark mark = bytes_arena_here(&b->engine->arena);
    sotto_status status = b->engine->seals[seal].class->back_up(&env.base, own, value, &kept);
    if (sotto_ok(status) && kept.len > 0) status = b->visit(b->arg, key, kept);
    bytes_arena_back(&b->engine->arena, mark);
    return status;
}

static sotto_status visit_record(void *arg, sotto_bytes key, sotto_bytes value) {
    const backing_up *b = arg;
    if (key.len < 2 || !is_carried((char)key.at[0]) || bytes_equal(key, ENGINE_KEY_SETBACKS)) return SOTTO_OK;
    return key.at[0] == 'S' ? visit_sealed(b, key, value) : b->visit(b->arg, key, value);
}

/* The last record makes whoever opens an engine over them a new device (engine.c). */
sotto_status sotto_engine_backup(sotto_engine *engine, sotto_visit *visit, void *arg) {
    backing_up b = {engine, visit, arg};
    bytes_arena_back(&engine->arena, (bytes_arena_mark){0});
    SOTTO_TRY(engine->store->methods->scan(engine->store, BYTES_NONE, visit_record, &b));
    return visit(arg, ENGINE_KEY_RESTORED, BYTES_LITERAL("\1"));
}
