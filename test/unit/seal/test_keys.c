/* SPDX-License-Identifier: ISC
 *
 * Records: own keys, prekeys, skipped keys, what is volatile; and records that are damaged or from a newer version. */
#include <stdio.h>

#include <sotto/limits.h>
#include <sotto/store.h>

#include "groups.h"
#include "seal/omemo/cache.h"
#include "seal/omemo/own.h"
#include "seal/omemo/peer.h"
#include "seal/omemo/self.h"
#include "seal/omemo/skipped.h"
#include "testing.h"
#include "two.h"

static const crypto_x25519_public ephemeral = {{1, 2, 3}}, other_ephemeral = {{3, 2, 1}};
static const omemo_use use = {{1, 2, 3}, {7}};

typedef struct seen_ids {
    uint32_t ids[256];
    uint32_t count;
} seen_ids;

static sotto_status see_id(void *arg, uint32_t id, const crypto_x25519_public *key) {
    seen_ids *seen = arg;
    assert_code(crypto_x25519_check(key), 0);
    assert_in_range(id, 1, OMEMO_ID_MAX);
    for (uint32_t i = 0; i < seen->count; i++) assert_int_not_equal(seen->ids[i], id);
    seen->ids[seen->count++] = id;
    return SOTTO_OK;
}

static void test_own_keys(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        world w;
        omemo_own own, again;
        world_start(&w, sotto_seal_omemo());
        w.random_state = seed;
        world_device *d = world_join(&w, JULIET);
        seen_ids seen = {.count = 0};
        assert_code(omemo_own_load(&d->env, &own), 0);
        assert_in_range(own.device, 1, OMEMO_ID_MAX);
        assert_in_range(own.signed_id, 1, OMEMO_ID_MAX);
        assert_code(omemo_own_prekeys(&d->env, see_id, &seen), 0);
        assert_int_equal(seen.count, SOTTO_OMEMO_PREKEYS);
        assert_code(omemo_own_save(&d->env, &own), 0);
        assert_code(omemo_own_load(&d->env, &again), 0);
        assert_memory_equal(again.secret, own.secret, 32);
        bytes_arena_clear(&d->arena);
        world_end(&w);
    }
}

/* T19: ids go on counting, past the largest; nothing published twice. */
static void test_T19_ids_are_never_given_twice(void **state) {
    (void)state;
    world w;
    omemo_own own;
    bool changed;
    world_start(&w, sotto_seal_omemo());
    world_device *d = world_join(&w, JULIET);
    assert_code(omemo_own_load(&d->env, &own), 0);
    own.next_prekey_id = OMEMO_ID_MAX - 3;
    seen_ids seen = {.count = 0};
    assert_code(omemo_own_prekeys(&d->env, see_id, &seen), 0);
    for (uint32_t i = 0; i < 10; i++) {
        uint32_t version = own.version;
        assert_code(omemo_own_use(&d->env, &own, seen.ids[i], &use, OMEMO_KEEP_LIVE_MS), 0);
        assert_int_equal(own.version, version + 1);
    }
    assert_code(omemo_own_refill(&d->env, &own, &changed), 0);
    assert_true(changed);
    assert_int_equal(own.next_prekey_id, 7); /* four up to the largest, then 1 to 6 */
    seen_ids now = {.count = 0};
    assert_code(omemo_own_prekeys(&d->env, see_id, &now), 0);
    assert_int_equal(now.count, SOTTO_OMEMO_PREKEYS);
    for (uint32_t i = 0; i < 10; i++) {
        for (uint32_t k = 0; k < now.count; k++) assert_int_not_equal(now.ids[k], seen.ids[i]);
    }
    assert_code(omemo_own_refill(&d->env, &own, &changed), 0);
    assert_false(changed);
    bytes_arena_clear(&d->arena);
    world_end(&w);
}

static void test_T19_used_prekeys(void **state) {
    (void)state;
    world w;
    omemo_own own;
    crypto_x25519_pair pair;
    uint64_t next;
    world_start(&w, sotto_seal_omemo());
    world_device *d = world_join(&w, JULIET);
    d->env.now_ms = w.now_ms;
    assert_code(omemo_own_load(&d->env, &own), 0);
    seen_ids seen = {.count = 0};
    assert_code(omemo_own_prekeys(&d->env, see_id, &seen), 0);
    uint32_t id = seen.ids[0];
    assert_code(omemo_own_prekey(&d->env, id, &ephemeral, &pair), 0);
    assert_code(omemo_own_use(&d->env, &own, id, &use, 1000), 0);
    assert_code(omemo_own_prekey(&d->env, id, &ephemeral, &pair), SOTTO_E_NO_PREKEY);
    assert_code(omemo_own_prekey(&d->env, id, &other_ephemeral, &pair), 0);
    for (uint8_t i = 1; i < OMEMO_USES_MAX; i++)
        assert_code(omemo_own_use(&d->env, &own, id, &(omemo_use){{99, i}, {99, i}}, 1000), 0);
    assert_code(omemo_own_prekey(&d->env, id, &other_ephemeral, &pair), SOTTO_E_NO_PREKEY);
    assert_code(omemo_own_use(&d->env, &own, seen.ids[1], &use, 1000), 0);
    assert_code(omemo_own_expire(&d->env, &next), 0);
    assert_true(next == w.now_ms + 1000);
    d->env.now_ms += 1000;
    assert_code(omemo_own_prekey(&d->env, seen.ids[1], &other_ephemeral, &pair), SOTTO_E_NO_PREKEY);
    assert_code(omemo_own_expire(&d->env, &next), 0);
    assert_true(next == UINT64_MAX);
    assert_int_equal(d->records.count, 1 + SOTTO_OMEMO_PREKEYS - 2);
    assert_code(omemo_own_prekey(&d->env, 5, &ephemeral, &pair), SOTTO_E_NO_PREKEY);
    bytes_arena_clear(&d->arena);
    world_end(&w);
}

/* T26: the same key exchange, whatever its ephemeral key looks like, is known by what was agreed on. */
static void test_C12_T19_use_is_known_by_the_secret(void **state) {
    (void)state;
    static const uint8_t secret[32] = {1}, another[32] = {2};
    world w;
    omemo_own own;
    omemo_use first, again, other;
    world_start(&w, sotto_seal_omemo());
    world_device *d = world_join(&w, JULIET);
    seen_ids seen = {.count = 0};
    assert_code(omemo_own_load(&d->env, &own), 0);
    assert_code(omemo_own_prekeys(&d->env, see_id, &seen), 0);
    omemo_use_of(&ephemeral, secret, &first);
    omemo_use_of(&other_ephemeral, secret, &again);
    omemo_use_of(&other_ephemeral, another, &other);
    assert_code(omemo_own_unused(&d->env, seen.ids[0], &first), 0);
    assert_code(omemo_own_use(&d->env, &own, seen.ids[0], &first, 1000), 0);
    assert_code(omemo_own_unused(&d->env, seen.ids[0], &again), SOTTO_E_NO_PREKEY);
    assert_code(omemo_own_unused(&d->env, seen.ids[0], &other), 0);
    assert_code(omemo_own_unused(&d->env, seen.ids[1], &first), 0);
    bytes_arena_clear(&d->arena);
    world_end(&w);
}

static void test_skipped_blocks(void **state) {
    (void)state;
    world w;
    omemo_skipped_rows rows, others;
    uint8_t keys[100][32], key[32];
    uint32_t count;
    world_start(&w, sotto_seal_omemo());
    world_device *d = world_join(&w, JULIET);
    size_t before = d->records.count;
    for (unsigned i = 0; i < 100; i++) memset(keys[i], (int)i, 32);
    assert_code(omemo_skipped_open(&rows, &d->env, BYTES_LITERAL(ROMEO), 7, 1), 0);
    assert_code(omemo_skipped_open(&others, &d->env, BYTES_LITERAL(ROMEO), 7, 2), 0);
    omemo_skipped port = omemo_skipped_port(&rows), other = omemo_skipped_port(&others);
    assert_code(port.keep(port.arg, 3, 20, (const uint8_t(*)[32])keys, 100), 0); /* 20 to 119: five blocks */
    assert_int_equal(d->records.count, before + 4);
    assert_code(other.keep(other.arg, 3, 20, (const uint8_t(*)[32])keys, 1), 0);
    for (uint32_t n = 20; n < 120; n++) {
        assert_code(port.find(port.arg, 3, n, key), 0);
        assert_int_equal(key[0], n - 20);
    }
    assert_code(port.find(port.arg, 3, 19, key), SOTTO_E_NOT_FOUND);
    assert_code(port.find(port.arg, 3, 120, key), SOTTO_E_NOT_FOUND);
    assert_code(port.find(port.arg, 4, 20, key), SOTTO_E_NOT_FOUND);
    assert_code(port.remove(port.arg, 3, 50), 0);
    assert_code(port.find(port.arg, 3, 50, key), SOTTO_E_NOT_FOUND);
    assert_code(port.keep(port.arg, 4, 0, (const uint8_t(*)[32])keys, 5), 0);
    uint32_t chain, last;
    assert_code(port.evict(port.arg, 31, &chain, &last), 0); /* 20 to 49, and 51 */
    assert_int_equal(chain, 3);
    assert_int_equal(last, 51);
    assert_code(port.find(port.arg, 3, 51, key), SOTTO_E_NOT_FOUND);
    assert_code(port.find(port.arg, 3, 52, key), 0);
    assert_code(port.forget(port.arg, 3, &count), 0);
    assert_int_equal(count, 68);
    assert_code(port.find(port.arg, 3, 52, key), SOTTO_E_NOT_FOUND);
    assert_code(port.find(port.arg, 4, 4, key), 0);
    assert_code(port.evict(port.arg, 5, &chain, &last), 0);
    assert_int_equal(chain, 4);
    assert_int_equal(last, 4);
    assert_int_equal(d->records.count, before + 1);
    assert_code(omemo_skipped_wipe(&others), 0);
    assert_int_equal(d->records.count, before);
    bytes_arena_clear(&d->arena);
    world_end(&w);
}

static void test_cache(void **state) {
    (void)state;
    omemo_cache cache;
    omemo_view view = {.fresh = true}, read;
    omemo_glimpse glimpse = {.at_ms = 5}, seen;
    omemo_cache_init(&cache, sotto_host_default());
    assert_code(omemo_cache_put_view(&cache, BYTES_LITERAL(JULIET), &omemo_dialect_2, &view), 0);
    assert_code(omemo_cache_put_glimpse(&cache, BYTES_LITERAL(JULIET), &omemo_dialect_2, 7, &glimpse), 0);
    assert_code(omemo_cache_put_glimpse(&cache, BYTES_LITERAL(JULIET), &omemo_dialect_2, 8, &glimpse), 0);
    assert_code(omemo_cache_put_glimpse(&cache, BYTES_LITERAL(JULIET ".org"), &omemo_dialect_2, 7, &glimpse), 0);
    omemo_cache_drop_glimpse(&cache, BYTES_LITERAL(JULIET), &omemo_dialect_2, 8);
    assert_false(omemo_cache_glimpse(&cache, BYTES_LITERAL(JULIET), &omemo_dialect_2, 8, &seen));
    assert_true(omemo_cache_glimpse(&cache, BYTES_LITERAL(JULIET), &omemo_dialect_2, 7, &seen));
    assert_int_equal(seen.at_ms, 5);
    omemo_cache_forget(&cache, BYTES_LITERAL(JULIET));
    omemo_cache_view(&cache, BYTES_LITERAL(JULIET), &omemo_dialect_2, &read);
    assert_false(read.fresh);
    assert_false(omemo_cache_glimpse(&cache, BYTES_LITERAL(JULIET), &omemo_dialect_2, 7, &seen));
    assert_true(omemo_cache_glimpse(&cache, BYTES_LITERAL(JULIET ".org"), &omemo_dialect_2, 7, &seen));
    omemo_cache_forget(&cache, BYTES_NONE);
    assert_int_equal(cache.map.count, 0);
    assert_int_equal(cache.glimpses, 0);
}

/* How many offers there are is counted right whatever becomes of them, so that dropping finds each. */
static void test_cache_counts_glimpses(void **state) {
    (void)state;
    omemo_cache cache;
    omemo_view view = {.fresh = true};
    omemo_failures failures = {.count = 1};
    omemo_glimpse glimpse = {.at_ms = 5}, seen;
    sotto_bytes juliet = BYTES_LITERAL(JULIET);
    omemo_cache_init(&cache, sotto_host_default());
    omemo_cache_drop_glimpse(&cache, juliet, &omemo_dialect_2, 7); /* there is none */
    assert_code(omemo_cache_put_view(&cache, juliet, &omemo_dialect_2, &view), 0);
    assert_code(omemo_cache_put_failures(&cache, juliet, &failures), 0);
    assert_int_equal(cache.glimpses, 0);
    for (uint32_t round = 0; round < 2; round++) /* the second time over the first */
        for (uint32_t device = 1; device <= 5; device++)
            assert_code(omemo_cache_put_glimpse(&cache, juliet, &omemo_dialect_2, device, &glimpse), 0);
    assert_int_equal(cache.glimpses, 5);
    omemo_cache_drop_glimpse(&cache, juliet, &omemo_dialect_2, 3);
    omemo_cache_drop_glimpse(&cache, juliet, &omemo_dialect_2, 3);
    assert_int_equal(cache.glimpses, 4);
    assert_code(omemo_cache_put_glimpse(&cache, BYTES_LITERAL(ROMEO), &omemo_dialect_2, 1, &glimpse), 0);
    omemo_cache_forget(&cache, juliet);
    assert_int_equal(cache.glimpses, 1);
    assert_true(omemo_cache_glimpse(&cache, BYTES_LITERAL(ROMEO), &omemo_dialect_2, 1, &seen));
    for (uint32_t device = 1; device <= SOTTO_OMEMO_CACHE_MAX; device++) /* it is full once, and begins anew */
        assert_code(omemo_cache_put_glimpse(&cache, juliet, &omemo_dialect_2, device, &glimpse), 0);
    assert_int_equal(cache.glimpses, cache.map.count);
    omemo_cache_drop_glimpse(&cache, juliet, &omemo_dialect_2, SOTTO_OMEMO_CACHE_MAX);
    assert_false(omemo_cache_glimpse(&cache, juliet, &omemo_dialect_2, SOTTO_OMEMO_CACHE_MAX, &seen));
    omemo_cache_forget(&cache, BYTES_NONE);
}

static void test_cache_devices_are_the_fresh_ones(void **state) {
    (void)state;
    two t;
    two_start(&t);
    omemo_cache cache;
    sotto_bytes jid = BYTES_LITERAL("nurse@capulet.example");
    omemo_devices saved = {.known = true, .count = 1, .ids = {11}}, read;
    omemo_view view = {.fresh = true, .devices = {.known = true, .count = 2, .ids = {11, 12}}};
    omemo_cache_init(&cache, sotto_host_default());
    assert_code(omemo_cache_devices(&cache, &t.romeo->env, jid, &omemo_dialect_2, &read), 0);
    assert_int_equal(read.count, 0);
    assert_code(omemo_devices_save(&t.romeo->env, jid, &omemo_dialect_2, &saved), 0);
    assert_code(omemo_cache_devices(&cache, &t.romeo->env, jid, &omemo_dialect_2, &read), 0);
    assert_int_equal(read.count, 1);
    assert_code(omemo_cache_put_view(&cache, jid, &omemo_dialect_2, &view), 0);
    assert_code(omemo_cache_devices(&cache, &t.romeo->env, jid, &omemo_dialect_2, &read), 0);
    assert_int_equal(read.count, 2);
    view.fresh = false;
    assert_code(omemo_cache_put_view(&cache, jid, &omemo_dialect_2, &view), 0);
    assert_code(omemo_cache_devices(&cache, &t.romeo->env, jid, &omemo_dialect_2, &read), 0);
    assert_int_equal(read.count, 1);
    omemo_cache_forget(&cache, BYTES_NONE);
    two_end(&t);
}

/* Each record in turn is cut short, longer, or of a newer version: what needs it says so. */
static void test_damaged_records(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    sotto_bytes first = world_say(t.juliet, ROMEO, "skipped"), second = world_say(t.juliet, ROMEO, "x");
    world_expect(t.romeo, t.juliet, second, "x");
    sotto_bytes key = BYTES_NONE, value;
    uint8_t key_memory[SOTTO_STORE_KEY_BYTES_MAX], kept[4096], damaged[4096];
    unsigned prekeys = 0;
    for (bool beyond = false; bytes_map_from(&t.romeo->records, key, beyond, &key, &value); beyond = true) {
        assert_true(value.len + 1 < sizeof kept && key.len < sizeof key_memory);
        memcpy(key_memory, key.at, key.len);
        memcpy(kept, value.at, value.len);
        memcpy(damaged, value.at, value.len);
        sotto_bytes at = bytes_of(key_memory, key.len), whole = bytes_of(kept, value.len);
        key = at;
        bool of_own_prekey = at.at[0] == 0 && at.at[1] == OMEMO_ROW_PREKEY;
        if (of_own_prekey && prekeys++ > 2) continue; /* they are all alike */
        for (int how = 0; how < 3; how++) {
            damaged[0] = how == 2 ? 99 : kept[0];
            damaged[whole.len] = 0;
            assert_code(bytes_map_put(&t.romeo->records, at,
                                      bytes_of(damaged, how == 0   ? whole.len - 1
                                                        : how == 1 ? whole.len + 1
                                                                   : whole.len)),
                        0);
            int code = how == 2 ? SOTTO_E_STORE_NEWER : SOTTO_E_STORE_CORRUPT;
            if (omemo_row_is_best(at, strlen(JULIET))) {
                /* Read when a key is new (test_dialects). */
            } else if (omemo_row_is(at, strlen(JULIET), omemo_row_in(OMEMO_ROW_LIST, 1), &(uint32_t){0})) {
                sotto_bytes jid = BYTES_LITERAL(JULIET);
                seal_promise promise;
                omemo_cache_forget(&((omemo_self *)t.romeo->self)->cache, BYTES_NONE);
                seal_audience juliet = {.jids = &jid, .count = 1};
                assert_code(t.w.class->promise(t.romeo->self, &t.romeo->env, &juliet, &promise), code);
            } else if (at.at[0] == 0 && at.at[1] == OMEMO_ROW_BUDGET) {
                /* Read when somebody asks for a session (test_bounded). */
            } else if (bytes_starts_with(at, BYTES_LITERAL(JULIET))) {
                /* A list that is fresh stands for its record. */
                omemo_cache_forget(&((omemo_self *)t.romeo->self)->cache, BYTES_NONE);
                assert_code(world_open(t.romeo, t.juliet, first, NULL).status, code);
            } else if (at.at[0] == 0) {
                void *self = NULL;
                assert_code(t.w.class->open(&self, &t.romeo->env), code);
            }
            assert_code(bytes_map_put(&t.romeo->records, at, whole), 0);
            bytes_arena_clear(&t.romeo->arena);
        }
    }
    world_expect(t.romeo, t.juliet, first, "skipped");
    two_end(&t);
}

int keys_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_keys),
        cmocka_unit_test(test_T19_ids_are_never_given_twice),
        cmocka_unit_test(test_T19_used_prekeys),
        cmocka_unit_test(test_C12_T19_use_is_known_by_the_secret),
        cmocka_unit_test(test_skipped_blocks),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_cache_counts_glimpses),
        cmocka_unit_test(test_cache_devices_are_the_fresh_ones),
        cmocka_unit_test(test_damaged_records),
    };
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
