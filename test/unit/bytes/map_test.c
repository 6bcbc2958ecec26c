/* SPDX-License-Identifier: ISC
 *
 * The map, against a plain table of the same things. */
#include "bytes/map.h"

#include "bytes/span.h"
#include "groups.h"
#include "rig.h"

#define KEYS 64u

/* A key for each number; in the order of numbers, of different lengths, one a prefix of the next at times. */
typedef struct name {
    uint8_t at[4];
    size_t len;
} name;

static name name_of(size_t number) {
    return (name){{(uint8_t)(number / 4), (uint8_t)(number % 4), 0xff, 0}, number % 4 == 0 ? 1 : 2 + number % 2};
}

static void in_order(void **state) {
    (void)state;
    for (size_t i = 0; i + 1 < KEYS; i++) {
        name a = name_of(i), b = name_of(i + 1);
        assert_true(bytes_compare(bytes_of(a.at, a.len), bytes_of(b.at, b.len)) < 0);
    }
}

/* Walks the whole map in order and compares it with the table (-1: no such key). */
static void assert_same(const bytes_map *map, const int table[KEYS]) {
    sotto_bytes at = BYTES_NONE, key, value;
    size_t count = 0;
    bool beyond = false;
    for (size_t i = 0; i < KEYS; i++) {
        name expected = name_of(i);
        sotto_bytes got;
        bool there = bytes_map_get(map, bytes_of(expected.at, expected.len), &got);
        assert_int_equal(there, table[i] >= 0);
        if (!there) continue;
        assert_int_equal(got.len, 1);
        assert_int_equal(got.at[0], table[i]);
        assert_true(bytes_map_from(map, at, beyond, &key, &value));
        assert_true(bytes_equal(key, bytes_of(expected.at, expected.len)));
        assert_int_equal(value.at[0], table[i]);
        at = key;
        beyond = true;
        count++;
    }
    assert_false(bytes_map_from(map, at, true, &key, &value) && count > 0);
    assert_int_equal(map->count, count);
}

static void random_changes(void **state) {
    (void)state;
    rig r;
    bytes_map map;
    int table[KEYS];
    rig_start(&r);
    bytes_map_init(&map, &r.host);
    for (size_t i = 0; i < KEYS; i++) table[i] = -1;
    for (size_t round = 0; round < 3000; round++) {
        const size_t number = (size_t)(rig_next(&r) >> 32) % KEYS;
        const uint8_t value = (uint8_t)(rig_next(&r) >> 56);
        const name key = name_of(number);
        if (value % 2 == 0) {
            assert_ok(bytes_map_put(&map, bytes_of(key.at, key.len), bytes_of(&value, 1)));
            table[number] = value;
        } else {
            bytes_map_remove(&map, bytes_of(key.at, key.len));
            table[number] = -1;
        }
        if (round % 50 == 0) assert_same(&map, table);
    }
    assert_same(&map, table);
    bytes_map_clear(&map);
    assert_int_equal(map.count, 0);
    rig_end(&r);
}

/* Keys that arrive in order are the usual ones (record numbers): clearing and searching must not become slow. */
static void many_in_order(void **state) {
    (void)state;
    rig r;
    bytes_map map;
    sotto_bytes key, value;
    rig_start(&r);
    bytes_map_init(&map, &r.host);
    for (uint32_t i = 0; i < 20000; i++) {
        const uint8_t number[4] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        assert_ok(bytes_map_put(&map, bytes_of(number, 4), bytes_of(number, 4)));
    }
    assert_int_equal(map.count, 20000);
    assert_true(bytes_map_from(&map, BYTES_LITERAL("\0\0\x01"), false, &key, &value));
    assert_true(bytes_equal(key, BYTES_LITERAL("\0\0\x01\0")));
    assert_true(bytes_map_from(&map, BYTES_LITERAL("\0\0\x01\0"), true, &key, &value));
    assert_true(bytes_equal(key, BYTES_LITERAL("\0\0\x01\x01")));
    assert_false(bytes_map_from(&map, BYTES_LITERAL("\x01"), false, &key, &value));
    bytes_map_clear(&map);
    rig_end(&r);
}

static void empty_keys_and_values(void **state) {
    (void)state;
    rig r;
    bytes_map map;
    sotto_bytes value = BYTES_LITERAL("untouched");
    rig_start(&r);
    bytes_map_init(&map, &r.host);
    assert_false(bytes_map_get(&map, BYTES_NONE, &value));
    assert_true(bytes_is(value, "untouched"));
    bytes_map_remove(&map, BYTES_NONE);
    assert_ok(bytes_map_put(&map, BYTES_NONE, BYTES_NONE));
    assert_true(bytes_map_get(&map, BYTES_NONE, &value));
    assert_int_equal(value.len, 0);
    assert_int_equal(map.count, 1);
    bytes_map_clear(&map);
    bytes_map_clear(&map);
    rig_end(&r);
}

static void without_memory(void **state) {
    (void)state;
    rig r;
    bytes_map map;
    sotto_bytes value;
    rig_start(&r);
    bytes_map_init(&map, &r.host);
    assert_ok(bytes_map_put(&map, BYTES_LITERAL("a"), BYTES_LITERAL("1")));
    r.fail_at = 2;
    assert_status(bytes_map_put(&map, BYTES_LITERAL("a"), BYTES_LITERAL("2")), NO_MEMORY);
    assert_status(bytes_map_put(&map, BYTES_LITERAL("b"), BYTES_LITERAL("2")), NO_MEMORY);
    assert_int_equal(map.count, 1);
    assert_true(bytes_map_get(&map, BYTES_LITERAL("a"), &value));
    assert_true(bytes_is(value, "1"));
    bytes_map_clear(&map);
    rig_end(&r);
}

/* A change and its undoing, which needs no memory. */
static void entries_go_out_and_back(void **state) {
    (void)state;
    rig r;
    bytes_map map;
    sotto_bytes value;
    rig_start(&r);
    bytes_map_init(&map, &r.host);
    assert_ok(bytes_map_put(&map, BYTES_LITERAL("a"), BYTES_LITERAL("old")));
    bytes_map_entry *fresh = bytes_map_entry_new(&r.host, BYTES_LITERAL("a"), BYTES_LITERAL("new"));
    assert_non_null(fresh);
    assert_true(bytes_is(bytes_map_entry_key(fresh), "a"));
    bytes_map_entry *old = bytes_map_attach(&map, fresh);
    assert_non_null(old);
    assert_true(bytes_map_get(&map, BYTES_LITERAL("a"), &value));
    assert_true(bytes_is(value, "new"));
    r.fail_at = r.allocations + 1;
    bytes_map_entry_free(&r.host, bytes_map_attach(&map, old));
    assert_true(bytes_map_get(&map, BYTES_LITERAL("a"), &value));
    assert_true(bytes_is(value, "old"));
    bytes_map_entry *out = bytes_map_detach(&map, BYTES_LITERAL("a"));
    assert_non_null(out);
    assert_null(bytes_map_detach(&map, BYTES_LITERAL("a")));
    assert_int_equal(map.count, 0);
    assert_null(bytes_map_attach(&map, out));
    assert_int_equal(map.count, 1);
    bytes_map_entry_free(&r.host, NULL);
    bytes_map_clear(&map);
    rig_end(&r);
}

int map_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),       cmocka_unit_test(random_changes),
        cmocka_unit_test(many_in_order),  cmocka_unit_test(empty_keys_and_values),
        cmocka_unit_test(without_memory), cmocka_unit_test(entries_go_out_and_back),
    };
    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
