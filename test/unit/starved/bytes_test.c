/* SPDX-License-Identifier: ISC
 *
 * Buffers, arenas, maps. */
#include "starve.h"

#include "bytes/arena.h"
#include "bytes/base64.h"
#include "bytes/map.h"
#include "bytes/memory.h"

typedef struct bytes_stage {
    bytes_buffer buffer;
    bytes_arena arena;
    bytes_map map;
    sotto_bytes kept[40];
} bytes_stage;

static void prepare(void *arg) {
    bytes_stage *s = arg;
    bytes_buffer_owned(&s->buffer, &supply_host, 10000);
    bytes_arena_init(&s->arena, &supply_host, 100000);
    bytes_map_init(&s->map, &supply_host);
    bytes_buffer_text(&s->buffer, "before");
    assert_ok(bytes_map_put(&s->map, BYTES_LITERAL("b"), BYTES_LITERAL("before")));
}

static void finish(bytes_stage *s) {
    bytes_buffer_free(&s->buffer);
    bytes_arena_clear(&s->arena);
    bytes_map_clear(&s->map);
    assert_int_equal(supply_lent(SUPPLY_HOST), 0);
}

static sotto_status fill_buffer(void *arg) {
    bytes_stage *s = arg;
    for (unsigned i = 0; i < 60; i++) bytes_buffer_u64(&s->buffer, i);
    bytes_base64_put(&s->buffer, bytes_of("0123456789", 10));
    bytes_hex_put(&s->buffer, bytes_of("0123456789", 10));
    bytes_buffer_block(&s->buffer, bytes_of("0123456789", 10));
    sotto_status status = bytes_base64_get(&s->buffer, BYTES_LITERAL("MDEyMzQ1Njc4OQ=="));
    return sotto_ok(status) ? s->buffer.status : status;
}

/* A buffer is sticky: what was in it before is still there, and it works again once it is cut back and cleared. */
static void after_buffer(void *arg, sotto_status status, bytes_buffer *out) {
    bytes_stage *s = arg;
    sotto_bytes all;
    assert_memory_equal(s->buffer.at, "before", 6);
    if (!sotto_ok(status)) {
        assert_status(bytes_buffer_end(&s->buffer, &all), NO_MEMORY);
        bytes_buffer_reset(&s->buffer);
        bytes_buffer_text(&s->buffer, "before");
        assert_ok(fill_buffer(s));
    }
    assert_ok(bytes_buffer_end(&s->buffer, &all));
    bytes_buffer_put(out, all);
    finish(s);
}

static void test_buffer(void **state) {
    (void)state;
    bytes_stage s;
    const starved_script script = {"buffer", prepare, fill_buffer, after_buffer, 0, STARVED_BOTH};
    starved_anew count = starve_anew(&script, &s);
    assert_true(count.failures >= 2 * 4); /* 64 bytes doubled to 1024, each both ways */
    assert_int_equal(count.survived[SUPPLY_HOST], 0);
}

static sotto_status fill_arena(void *arg) {
    bytes_stage *s = arg;
    bytes_arena_mark mark = bytes_arena_here(&s->arena);
    for (size_t i = 0; i < 40; i++) {
        if (bytes_arena_copy(&s->arena, bytes_of("0123456789abcdefghijklmnopqrstuvwxyz", i % 37), &s->kept[i]) &&
            bytes_arena_take(&s->arena, 8 * i) != NULL)
            continue;
        bytes_arena_back(&s->arena, mark);
        return SOTTO_FAIL(NO_MEMORY);
    }
    return SOTTO_OK;
}

static void after_arena(void *arg, sotto_status status, bytes_buffer *out) {
    bytes_stage *s = arg;
    if (!sotto_ok(status)) assert_ok(fill_arena(s));
    for (size_t i = 0; i < 40; i++) bytes_buffer_put(out, s->kept[i]);
    finish(s);
}

static void test_arena(void **state) {
    (void)state;
    bytes_stage s;
    const starved_script script = {"arena", prepare, fill_arena, after_arena, 0, STARVED_BOTH};
    starved_anew count = starve_anew(&script, &s);
    assert_true(count.failures >= 2 * 3);
    assert_int_equal(count.survived[SUPPLY_HOST], 0);
}

/* Each put by itself is whole or nothing. */
static sotto_status fill_map(void *arg) {
    bytes_stage *s = arg;
    static const char *const names[] = {"c", "a", "b", "e", "d"};
    for (size_t i = 0; i < 5; i++) {
        size_t count = s->map.count;
        sotto_status status = bytes_map_put(&s->map, bytes_text(names[i]), BYTES_LITERAL("new"));
        if (sotto_ok(status)) continue;
        assert_int_equal(s->map.count, count);
        return status;
    }
    return SOTTO_OK;
}

static void after_map(void *arg, sotto_status status, bytes_buffer *out) {
    bytes_stage *s = arg;
    sotto_bytes key = BYTES_NONE, value;
    assert_true(bytes_map_get(&s->map, BYTES_LITERAL("b"), &value));
    if (!sotto_ok(status)) assert_ok(fill_map(s));
    for (bool beyond = false; bytes_map_from(&s->map, key, beyond, &key, &value); beyond = true) {
        bytes_buffer_put(out, key);
        bytes_buffer_put(out, value);
    }
    finish(s);
}

static void test_map(void **state) {
    (void)state;
    bytes_stage s;
    const starved_script script = {"map", prepare, fill_map, after_map, 0, STARVED_BOTH};
    starved_anew count = starve_anew(&script, &s);
    assert_int_equal(count.failures, 2 * 5);
    assert_int_equal(count.survived[SUPPLY_HOST], 0);
}

int bytes_group(void) {
    const struct CMUnitTest tests[] = {STARVED(test_buffer), STARVED(test_arena), STARVED(test_map)};
    return cmocka_run_group_tests_name("starved: bytes", tests, NULL, NULL);
}
