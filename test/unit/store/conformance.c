/* SPDX-License-Identifier: ISC
 *
 * What the port promises, asked of every implementation alike. */
#include <stdio.h>
#include <stdlib.h>

#include <sotto/limits.h>

#include "fixture.h"

static sotto_bytes span(const char *bytes, size_t len) {
    return bytes_of(bytes, len);
}

static void test_get(void **state) {
    fixture *f = *state;
    assert_value(f->store, "romeo", NULL);
    assert_ok(put(f->store, "romeo", "montague"));
    assert_value(f->store, "romeo", "montague");
    assert_value(f->store, "rome", NULL);
    assert_value(f->store, "romeo2", NULL);
    assert_ok(put(f->store, "romeo", "verona"));
    assert_value(f->store, "romeo", "verona");
}

static void test_delete(void **state) {
    fixture *f = *state;
    assert_ok(put(f->store, "romeo", NULL)); /* was never there */
    assert_ok(put(f->store, "romeo", "montague"));
    assert_ok(put(f->store, "juliet", "capulet"));
    assert_ok(put(f->store, "romeo", NULL));
    assert_value(f->store, "romeo", NULL);
    assert_value(f->store, "juliet", "capulet");
    assert_scan(f->store, BYTES_NONE, "juliet=capulet ");
}

static void test_later_change_wins(void **state) {
    fixture *f = *state;
    const sotto_change changes[] = {
        {BYTES_LITERAL("a"), BYTES_LITERAL("1")}, {BYTES_LITERAL("b"), BYTES_LITERAL("1")},
        {BYTES_LITERAL("a"), BYTES_LITERAL("2")}, {BYTES_LITERAL("b"), BYTES_NONE},
        {BYTES_LITERAL("c"), BYTES_NONE},         {BYTES_LITERAL("c"), BYTES_LITERAL("3")},
    };
    assert_ok(f->store->methods->write(f->store, changes, sizeof changes / sizeof *changes));
    assert_scan(f->store, BYTES_NONE, "a=2 c=3 ");
}

static void test_no_changes(void **state) {
    fixture *f = *state;
    assert_ok(f->store->methods->write(f->store, NULL, 0));
    assert_scan(f->store, BYTES_NONE, "");
}

static void test_scan_order(void **state) {
    fixture *f = *state;
    const char *keys[] = {"b", "a", "ab", "aa", "c", "abc", "B", "ba"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) assert_ok(put(f->store, keys[i], "."));
    assert_scan(f->store, BYTES_NONE, "B=. a=. aa=. ab=. abc=. b=. ba=. c=. ");
    assert_scan(f->store, bytes_text("a"), "a=. aa=. ab=. abc=. ");
    assert_scan(f->store, bytes_text("ab"), "ab=. abc=. ");
    assert_scan(f->store, bytes_text("abcd"), "");
    assert_scan(f->store, bytes_text("C"), "");
    assert_scan(f->store, bytes_text("d"), "");
}

typedef struct key_list {
    char text[1024]; /* in hex */
} key_list;

static sotto_status list_key(void *arg, sotto_bytes key, sotto_bytes value) {
    key_list *list = arg;
    (void)value;
    for (size_t i = 0; i < key.len; i++) {
        size_t len = strlen(list->text);
        (void)snprintf(list->text + len, sizeof list->text - len, "%02x", key.at[i]);
    }
    strcat(list->text, " ");
    return SOTTO_OK;
}

static void assert_keys(sotto_store *store, sotto_bytes prefix, const char *expected) {
    key_list list = {""};
    assert_ok(store->methods->scan(store, prefix, list_key, &list));
    assert_string_equal(list.text, expected);
}

static void test_binary_keys(void **state) {
    fixture *f = *state;
    const sotto_bytes keys[] = {
        span("\xff\xff", 2), span("\xff", 1), span("\0", 1), span("\0\0", 2), span("\xff\xff\xff", 3), span("a", 1),
        span("a\xff", 2),    span("a\0b", 3), span("b", 1),  span("\x80", 1), span("a\xff\xff", 3)};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        sotto_change change = {keys[i], BYTES_LITERAL("\0\xff")};
        assert_ok(f->store->methods->write(f->store, &change, 1));
    }
    assert_keys(f->store, BYTES_NONE, "00 0000 61 610062 61ff 61ffff 62 80 ff ffff ffffff ");
    assert_keys(f->store, bytes_of("", 0), "00 0000 61 610062 61ff 61ffff 62 80 ff ffff ffffff ");
    assert_keys(f->store, span("\xff", 1), "ff ffff ffffff ");
    assert_keys(f->store, span("\xff\xff\xff", 3), "ffffff ");
    assert_keys(f->store, span("\xff\xff\xff\xff", 4), "");
    assert_keys(f->store, span("a\xff", 2), "61ff 61ffff ");
    assert_keys(f->store, span("a\0", 2), "610062 ");
    assert_keys(f->store, span("\0", 1), "00 0000 ");
}

typedef struct large {
    const uint8_t *at;
    size_t len;
    int calls;
} large;

static sotto_status compare_large(void *arg, sotto_bytes key, sotto_bytes value) {
    large *expected = arg;
    (void)key;
    expected->calls++;
    assert_int_equal(value.len, expected->len);
    assert_memory_equal(value.at, expected->at, value.len);
    return SOTTO_OK;
}

/* limit: SOTTO_RECORD_BYTES_MAX */
static void test_sizes(void **state) {
    fixture *f = *state;
    uint8_t *bytes = malloc(SOTTO_RECORD_BYTES_MAX + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i <= SOTTO_RECORD_BYTES_MAX; i++) bytes[i] = (uint8_t)(i * 31 + i / 256);
    const size_t sizes[] = {1, 439, 4095, 4096, 4097, 100000, SOTTO_RECORD_BYTES_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        sotto_change change = {BYTES_LITERAL("large"), bytes_of(bytes, sizes[i])};
        large expected = {bytes, sizes[i], 0};
        assert_ok(f->store->methods->write(f->store, &change, 1));
        assert_ok(f->store->methods->get(f->store, change.key, compare_large, &expected));
        assert_ok(f->store->methods->scan(f->store, change.key, compare_large, &expected));
        assert_int_equal(expected.calls, 2);
    }
    /* One too large takes the others of its write with it, and leaves what was. */
    const sotto_change changes[] = {{BYTES_LITERAL("small"), BYTES_LITERAL("1")},
                                    {BYTES_LITERAL("large"), bytes_of(bytes, SOTTO_RECORD_BYTES_MAX + 1)}};
    large expected = {bytes, SOTTO_RECORD_BYTES_MAX, 0};
    assert_fails(f->store->methods->write(f->store, changes, 2), "too-large");
    assert_value(f->store, "small", NULL);
    assert_ok(f->store->methods->get(f->store, BYTES_LITERAL("large"), compare_large, &expected));
    assert_int_equal(expected.calls, 1);
    free(bytes);
}

static void test_key_limits(void **state) {
    fixture *f = *state;
    char key[SOTTO_STORE_KEY_BYTES_MAX + 2];
    memset(key, 'k', sizeof key);
    key[sizeof key - 1] = 0;
    sotto_change longest = {bytes_of(key, SOTTO_STORE_KEY_BYTES_MAX), BYTES_LITERAL("v")};
    large expected = {(const uint8_t *)"v", 1, 0};
    assert_ok(f->store->methods->write(f->store, &longest, 1));
    assert_ok(f->store->methods->get(f->store, longest.key, compare_large, &expected));
    assert_ok(f->store->methods->scan(f->store, longest.key, compare_large, &expected));
    assert_int_equal(expected.calls, 2);

    const sotto_change bad[] = {{BYTES_LITERAL("good"), BYTES_LITERAL("v")}, {bytes_text(key), BYTES_LITERAL("v")}};
    assert_fails(f->store->methods->write(f->store, bad, 2), "usage");
    assert_value(f->store, "good", NULL);
    assert_fails(put(f->store, "", "v"), "usage");
    assert_fails(put(f->store, "", NULL), "usage");
    assert_fails(get_nothing(f->store, key), "usage");
    assert_fails(get_nothing(f->store, ""), "usage");
    assert_fails(f->store->methods->scan(f->store, bytes_text(key), compare_large, &expected), "usage");
    assert_int_equal(expected.calls, 2);
}

static sotto_status stop_at_third(void *arg, sotto_bytes key, sotto_bytes value) {
    int *calls = arg;
    (void)key, (void)value;
    return ++*calls == 3 ? SOTTO_FAIL(CANCELLED) : SOTTO_OK;
}

static void test_visit_stops(void **state) {
    fixture *f = *state;
    const char *keys[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < 5; i++) assert_ok(put(f->store, keys[i], "."));
    int calls = 0;
    assert_fails(f->store->methods->scan(f->store, BYTES_NONE, stop_at_third, &calls), "cancelled");
    assert_int_equal(calls, 3);
    calls = 2;
    assert_fails(f->store->methods->get(f->store, BYTES_LITERAL("a"), stop_at_third, &calls), "cancelled");
    assert_int_equal(calls, 3);
    /* And nothing is left hanging from it. */
    assert_ok(put(f->store, "a", "2"));
    assert_scan(f->store, BYTES_NONE, "a=2 b=. c=. d=. e=. ");
}

static sotto_status call_inside(void *arg, sotto_bytes key, sotto_bytes value) {
    sotto_store *store = arg;
    (void)key, (void)value;
    assert_fails(put(store, "b", "2"), "state");
    assert_fails(get_nothing(store, "a"), "state");
    assert_fails(scan_nothing(store), "state");
    return SOTTO_OK;
}

static void test_no_calls_inside(void **state) {
    fixture *f = *state;
    assert_ok(put(f->store, "a", "1"));
    assert_ok(f->store->methods->scan(f->store, BYTES_NONE, call_inside, f->store));
    assert_ok(f->store->methods->get(f->store, BYTES_LITERAL("a"), call_inside, f->store));
    assert_ok(put(f->store, "b", "2"));
    assert_scan(f->store, BYTES_NONE, "a=1 b=2 ");
}

/* Every allocation of a write fails once: the old state stays, and the same write works afterwards. */
static void test_out_of_memory(void **state) {
    fixture *f = *state;
    const sotto_change first[] = {{BYTES_LITERAL("a"), BYTES_LITERAL("1")}, {BYTES_LITERAL("b"), BYTES_LITERAL("1")}};
    char value[3000];
    memset(value, 'x', sizeof value);
    const sotto_change second[] = {{BYTES_LITERAL("a"), BYTES_LITERAL("2")},
                                   {BYTES_LITERAL("b"), BYTES_NONE},
                                   {BYTES_LITERAL("c"), bytes_of(value, sizeof value)},
                                   {BYTES_LITERAL("d"), BYTES_LITERAL("2")}};
    assert_ok(f->store->methods->write(f->store, first, 2));
    long failures = 0;
    for (f->host.memory_left = 0;; f->host.memory_left = ++failures) {
        sotto_status status = f->store->methods->write(f->store, second, 4);
        f->host.memory_left = -1;
        if (sotto_ok(status)) break;
        assert_fails(status, "no-memory");
        assert_scan(f->store, BYTES_NONE, "a=1 b=1 ");
    }
    assert_true(failures > 0);
    assert_value(f->store, "a", "2");
    assert_value(f->store, "b", NULL);
    assert_value(f->store, "d", "2");
}

/* ---- against a model: 200 keys, and whether and with what value they are there ---- */

enum { MODEL_KEYS = 200 };

typedef struct model {
    uint32_t random;
    uint32_t values[MODEL_KEYS]; /* 0: not there */
    int next;                    /* while comparing */
    int end;
} model;

static uint32_t draw(model *m, uint32_t below) {
    m->random ^= m->random << 13;
    m->random ^= m->random >> 17;
    m->random ^= m->random << 5;
    return m->random % below;
}

/* Two levels, so that prefixes mean something: 20 peers of 10 records. */
static sotto_bytes model_key(int number, char ret[4]) {
    ret[0] = (char)(0xf0 + number / 10 % 16); /* the 4 last peers share first bytes with the 4 first */
    ret[1] = (char)(number / 160);
    ret[2] = (char)(number % 10);
    return bytes_of(ret, 3);
}

static int order_of(int place) {
    /* The place in the order of keys: first byte, second, third. */
    return (place / 10 % 16) * 20 + place / 160 * 10 + place % 10;
}

static int number_at(int place) {
    for (int i = 0; i < MODEL_KEYS; i++) {
        if (order_of(i) == place) return i;
    }
    return -1;
}

static sotto_status compare_model(void *arg, sotto_bytes key, sotto_bytes value) {
    model *m = arg;
    char expected[4];
    while (m->next < m->end && (number_at(m->next) < 0 || m->values[number_at(m->next)] == 0)) m->next++;
    assert_true(m->next < m->end);
    int number = number_at(m->next++);
    assert_true(bytes_equal(key, model_key(number, expected)));
    assert_int_equal(value.len, 4 + m->values[number] % 700);
    uint32_t first;
    memcpy(&first, value.at, sizeof first);
    assert_int_equal(first, m->values[number]);
    return SOTTO_OK;
}

static void compare_run(sotto_store *store, model *m, sotto_bytes prefix, int start, int end) {
    m->next = start;
    m->end = end;
    assert_ok(store->methods->scan(store, prefix, compare_model, m));
    for (; m->next < end; m->next++) {
        int number = number_at(m->next);
        assert_true(number < 0 || m->values[number] == 0);
    }
}

static void test_model(void **state) {
    fixture *f = *state;
    model m = {.random = 2463534242u};
    for (int round = 0; round < 300; round++) {
        sotto_change changes[12];
        char keys[12][4];
        uint8_t values[12][704];
        size_t count = 1 + draw(&m, 12);
        for (size_t i = 0; i < count; i++) {
            int number = (int)draw(&m, MODEL_KEYS);
            uint32_t value = draw(&m, 5) < 2 ? 0 : 1 + draw(&m, 1u << 30);
            memset(values[i], 'v', sizeof values[i]);
            memcpy(values[i], &value, sizeof value);
            changes[i] =
                (sotto_change){model_key(number, keys[i]), bytes_of(values[i], value == 0 ? 0 : 4 + value % 700)};
            m.values[number] = value;
        }
        assert_ok(f->store->methods->write(f->store, changes, count));
        if (round % 10 != 9) continue;
        compare_run(f->store, &m, BYTES_NONE, 0, 320);
        int first = (int)draw(&m, 16);
        const char prefix[2] = {(char)(0xf0 + first), 0};
        compare_run(f->store, &m, bytes_of(prefix, 1), first * 20, first * 20 + 20);
        compare_run(f->store, &m, bytes_of(prefix, 2), first * 20, first * 20 + 10);
    }
}

int run_conformance(void) {
#define ON_BOTH(test)                                                                                                  \
    {"memory: " #test, test, fixture_setup_memory, fixture_teardown, NULL}, {                                          \
        "sqlite: " #test, test, fixture_setup_sqlite, fixture_teardown, NULL                                           \
    }
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_get),
        ON_BOTH(test_delete),
        ON_BOTH(test_later_change_wins),
        ON_BOTH(test_no_changes),
        ON_BOTH(test_scan_order),
        ON_BOTH(test_binary_keys),
        ON_BOTH(test_sizes),
        ON_BOTH(test_key_limits),
        ON_BOTH(test_visit_stops),
        ON_BOTH(test_no_calls_inside),
        ON_BOTH(test_out_of_memory),
        ON_BOTH(test_model),
    };
#undef ON_BOTH
    return cmocka_run_group_tests_name("store conformance", tests, NULL, NULL);
}
