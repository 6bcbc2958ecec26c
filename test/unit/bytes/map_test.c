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

#define MANY 2000u

static sotto_bytes many_key(uint8_t room[6], uint32_t number) {
    memset(room, 'k', 6);
    room[4] = (uint8_t)(number >> 8);
    room[5] = (uint8_t)number;
    return bytes_of(room, 6);
}

/* Looking up by index, walking and searching the tree agree with the table, and with each other. */
static void assert_many(const bytes_map *map, const uint8_t table[MANY]) {
    const bytes_map_entry *entry = bytes_map_first(map);
    size_t count = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        uint8_t room[6];
        sotto_bytes key = many_key(room, i), value, found, found_value;
        bool there = bytes_map_get(map, key, &value);
        assert_int_equal(there, table[i] != 0);
        assert_true(!bytes_map_from(map, key, false, &found, &found_value) || there == bytes_equal(found, key));
        if (!there) continue;
        assert_int_equal(value.at[0], table[i]);
        assert_non_null(entry);
        assert_true(bytes_equal(bytes_map_entry_key(entry), key));
        assert_ptr_equal(bytes_map_entry_value(entry).at, value.at);
        entry = bytes_map_next(entry);
        count++;
    }
    assert_null(entry);
    assert_int_equal(map->count, count);
}

/* Enough of them for an index that grows; in the second round it never gets memory for that, in the third it has one
 * that cannot grow. */
static void many_at_random(void **state) {
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        rig r;
        bytes_map map;
        static uint8_t table[MANY];
        memset(table, 0, sizeof table);
        rig_start(&r);
        bytes_map_init(&map, &r.host);
        for (size_t change = 0; change < 20000; change++) {
            uint32_t number = (uint32_t)(rig_next(&r) >> 33) % MANY;
            uint8_t room[6], value = (uint8_t)(rig_next(&r) >> 56);
            sotto_bytes key = many_key(room, number);
            if (value % 3 != 0) {
                bytes_map_entry *entry = bytes_map_entry_new(&r.host, key, bytes_of(&value, 1));
                assert_non_null(entry);
                bool refuse = round == 1 || (round == 2 && map.count > 300);
                r.fail_at = refuse ? r.allocations + 1 : 0;
                bytes_map_entry_free(&r.host, bytes_map_attach(&map, entry));
                r.fail_at = 0;
                table[number] = value;
            } else {
                bytes_map_remove(&map, key);
                table[number] = 0;
            }
            if (change % 2000 == 0) assert_many(&map, table);
        }
        assert_many(&map, table);
        assert_true(round == 1 ? map.index_size == 0 : map.index_size > 0);
        bytes_map_clear(&map);
        rig_end(&r);
    }
}

typedef struct taken {
    const sotto_host *host;
    bytes_map *other; /* not NULL: where they go */
    uint32_t count;
    bool in_order;
} taken;

static void take_one(void *arg, bytes_map_entry *entry) {
    taken *t = arg;
    uint8_t room[6];
    t->in_order = t->in_order && bytes_equal(bytes_map_entry_key(entry), many_key(room, t->count));
    t->count++;
    if (t->other != NULL)
        bytes_map_entry_free(t->host, bytes_map_attach(t->other, entry));
    else
        bytes_map_entry_free(t->host, entry);
}

/* All of it in order, into another map without copying; what was emptied can be used again. */
static void draining(void **state) {
    (void)state;
    rig r;
    bytes_map map, other;
    sotto_bytes value;
    uint8_t room[6];
    rig_start(&r);
    bytes_map_init(&map, &r.host);
    bytes_map_init(&other, &r.host);
    taken none = {.host = &r.host, .in_order = true};
    bytes_map_drain(&map, take_one, &none);
    assert_int_equal(none.count, 0);
    for (unsigned round = 0; round < 3; round++) {
        uint32_t count = round == 1 ? 3 : MANY;
        for (uint32_t i = 0; i < count; i++) /* 7919 is prime: every number once */
            assert_ok(bytes_map_put(&map, many_key(room, i * 7919u % count), BYTES_LITERAL("v")));
        taken t = {.host = &r.host, .other = &other, .in_order = true};
        bytes_map_drain(&map, take_one, &t);
        assert_int_equal(t.count, count);
        assert_true(t.in_order);
        assert_int_equal(map.count, 0);
        assert_null(bytes_map_first(&map));
        assert_false(bytes_map_get(&map, many_key(room, 1), &value));
        assert_true(bytes_map_get(&other, many_key(room, 1), &value));
        assert_int_equal(other.count, MANY);
    }
    taken last = {.host = &r.host, .in_order = true};
    bytes_map_drain(&other, take_one, &last);
    assert_int_equal(last.count, MANY);
    assert_true(last.in_order);
    bytes_map_clear(&map);
    bytes_map_clear(&other);
    rig_end(&r);
}

/* Keys that differ in one byte, wherever it stands, fall apart in the low bits, which is where tables look. */
static void hashes_differ_in_low_bits(void **state) {
    (void)state;
    for (size_t len = 1; len <= 40; len++)
        for (size_t place = 0; place < len; place++) {
            uint8_t key[40] = {0}, seen[1024] = {0};
            unsigned distinct = 0;
            for (unsigned value = 0; value < 256; value++) {
                key[place] = (uint8_t)value;
                uint8_t *at = &seen[bytes_map_hash(bytes_of(key, len), 1) % 1024];
                distinct += *at == 0;
                *at = 1;
            }
            assert_true(distinct > 180); /* by chance 226 */
        }
    assert_true(bytes_map_hash(BYTES_LITERAL("a"), 1) != bytes_map_hash(BYTES_LITERAL("a"), 2));
    assert_true(bytes_map_hash(BYTES_LITERAL("a"), 1) != bytes_map_hash(BYTES_LITERAL("a\0"), 1));
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
        cmocka_unit_test(in_order),
        cmocka_unit_test(random_changes),
        cmocka_unit_test(many_in_order),
        cmocka_unit_test(many_at_random),
        cmocka_unit_test(draining),
        cmocka_unit_test(hashes_differ_in_low_bits),
        cmocka_unit_test(empty_keys_and_values),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(entries_go_out_and_back),
    };
    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
