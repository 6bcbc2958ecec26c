/* SPDX-License-Identifier: ISC
 *
 * The keys of one JID, read once for many verdicts. */
#include "engine/contact.h"
#include "engine/key_row.h"
#include "engine/keyring.h"

struct engine_ring_key {
    struct engine_ring_key *next;
    uint8_t key[32];
    sotto_trust trust;
    uint64_t first_seen_ms;
};

typedef struct ring_scan {
    bytes_arena *arena;
    engine_ring *ring;
} ring_scan;

static sotto_status add_to_ring(void *arg, sotto_bytes key, sotto_bytes value) {
    const ring_scan *scan = arg;
    engine_key_row row;
    SOTTO_TRY(engine_key_row_decode(value, &row));
    struct engine_ring_key *entry = bytes_arena_take(scan->arena, sizeof *entry);
    if (entry == NULL) return SOTTO_FAIL(NO_MEMORY);
    memcpy(entry->key, key.at + key.len - 32, 32);
    entry->trust = row.trust;
    entry->first_seen_ms = row.first_seen_ms;
    entry->next = scan->ring->first;
    scan->ring->first = entry;
    if (row.trust == SOTTO_TRUST_VERIFIED) scan->ring->any_verified = true;
    return SOTTO_OK;
}

sotto_status engine_ring_load(sotto_engine *engine, sotto_bytes jid, engine_ring *ret) {
    engine_key_room room;
    engine_contact contact;
    SOTTO_TRY(engine_contact_get(engine, jid, &contact));
    *ret = (engine_ring){.jid = jid, .any_verified = contact.verified};
    ring_scan scan = {&engine->arena, ret};
    return engine_record_scan(engine, engine_key_row_key(&room, jid, NULL), add_to_ring, &scan);
}

sotto_trust engine_ring_trust(const engine_ring *ring, const uint8_t key[32]) {
    for (const struct engine_ring_key *entry = ring->first; entry != NULL; entry = entry->next)
        if (memcmp(entry->key, key, 32) == 0) return entry->trust;
    return SOTTO_TRUST_UNDECIDED;
}

uint64_t engine_ring_first_seen(const engine_ring *ring, const uint8_t key[32]) {
    for (const struct engine_ring_key *entry = ring->first; entry != NULL; entry = entry->next)
        if (memcmp(entry->key, key, 32) == 0) return entry->first_seen_ms;
    return UINT64_MAX;
}

trust_key_use engine_ring_verdict(const sotto_engine *engine, const engine_ring *ring, const uint8_t key[32]) {
    trust_key_facts facts = {.recorded = engine_ring_trust(ring, key), .any_verified = ring->any_verified};
    return trust_key_verdict(engine->trust, &facts);
}

sotto_status engine_keyring_accepts(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32], bool *ret) {
    engine_ring ring;
    SOTTO_TRY(engine_ring_load(engine, jid, &ring));
    *ret = engine_ring_verdict(engine, &ring, key) == TRUST_USE;
    return SOTTO_OK;
}
