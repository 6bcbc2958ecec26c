/* SPDX-License-Identifier: ISC
 *
 * The arena. */
#include "bytes/arena.h"

#include <stdalign.h>

#include "bytes/span.h"
#include "groups.h"
#include "rig.h"

#define CEILING ((size_t)64 * 1024)

static void pieces_are_zeroed_aligned_and_apart(void **state) {
    (void)state;
    rig r;
    bytes_arena arena;
    rig_start(&r);
    bytes_arena_init(&arena, &r.host, CEILING);
    assert_int_equal(r.allocations, 0);
    uint8_t *before = NULL;
    for (size_t size = 0; size < 200; size++) {
        uint8_t *at = bytes_arena_take(&arena, size);
        assert_non_null(at);
        assert_int_equal((uintptr_t)at % alignof(max_align_t), 0);
        assert_ptr_not_equal(at, before);
        assert_zero(at, size);
        memset(at, 0xee, size);
        before = at;
    }
    bytes_arena_clear(&arena);
    rig_end(&r);
}

static void going_back_wipes(void **state) {
    (void)state;
    rig r;
    bytes_arena arena;
    rig_start(&r);
    bytes_arena_init(&arena, &r.host, CEILING);
    uint8_t *kept = bytes_arena_take(&arena, 16);
    assert_non_null(kept);
    memset(kept, 1, 16);
    bytes_arena_mark mark = bytes_arena_here(&arena);
    uint8_t *at = bytes_arena_take(&arena, 32);
    assert_non_null(at);
    memset(at, 2, 32);
    bytes_arena_back(&arena, mark);
    assert_zero(at, 32); /* the chunk is still there */
    assert_int_equal(kept[15], 1);
    assert_ptr_equal(bytes_arena_take(&arena, 32), at);
    bytes_arena_clear(&arena);
    rig_end(&r);
}

/* The way a step works: a mark, much memory, back. Only the first rounds need memory of the host. */
static void going_back_keeps_a_chunk(void **state) {
    (void)state;
    rig r;
    bytes_arena arena;
    rig_start(&r);
    bytes_arena_init(&arena, &r.host, CEILING);
    size_t allocations = 0;
    for (size_t round = 0; round < 10; round++) {
        bytes_arena_mark mark = bytes_arena_here(&arena);
        for (size_t i = 0; i < 3; i++) {
            uint8_t *at = bytes_arena_take(&arena, 500);
            assert_non_null(at);
            assert_zero(at, 500);
            memset(at, 3, 500);
        }
        bytes_arena_back(&arena, mark);
        if (round == 2) allocations = r.allocations;
    }
    assert_int_equal(r.allocations, allocations);
    bytes_arena_clear(&arena);
    rig_end(&r);
}

static void back_to_the_very_beginning(void **state) {
    (void)state;
    rig r;
    bytes_arena arena;
    rig_start(&r);
    bytes_arena_init(&arena, &r.host, CEILING);
    bytes_arena_mark mark = bytes_arena_here(&arena);
    bytes_arena_back(&arena, mark);
    assert_non_null(bytes_arena_take(&arena, 5000));
    assert_non_null(bytes_arena_take(&arena, 10));
    assert_non_null(bytes_arena_take(&arena, 20000));
    bytes_arena_back(&arena, mark);
    bytes_arena_back(&arena, mark);
    assert_null(arena.chunk);
    size_t lent = r.lent, allocations = r.allocations;
    assert_non_null(bytes_arena_take(&arena, 20000)); /* from the largest one, which was kept */
    assert_int_equal(r.allocations, allocations);
    assert_int_equal(r.lent, lent);
    bytes_arena_clear(&arena);
    rig_end(&r);
}

static void the_ceiling_holds(void **state) {
    (void)state;
    rig r;
    bytes_arena arena;
    rig_start(&r);
    bytes_arena_init(&arena, &r.host, CEILING);
    assert_null(bytes_arena_take(&arena, CEILING));
    assert_null(bytes_arena_take(&arena, SIZE_MAX));
    assert_null(bytes_arena_take(&arena, SIZE_MAX - 64));
    size_t pieces = 0;
    while (bytes_arena_take(&arena, 100)) pieces++;
    assert_true(r.lent <= CEILING);
    assert_true(arena.total == r.lent);
    assert_in_range(pieces, CEILING / 128, CEILING / 100);
    bytes_arena_back(&arena, (bytes_arena_mark){NULL, 0});
    assert_non_null(bytes_arena_take(&arena, CEILING / 2)); /* the spare chunk is no obstacle */
    assert_true(r.lent <= CEILING);
    bytes_arena_clear(&arena);
    assert_int_equal(arena.total, 0);
    rig_end(&r);
}

static void a_spare_chunk_gives_way(void **state) {
    (void)state;
    rig r;
    bytes_arena arena;
    rig_start(&r);
    bytes_arena_init(&arena, &r.host, CEILING);
    bytes_arena_mark mark = bytes_arena_here(&arena);
    assert_non_null(bytes_arena_take(&arena, CEILING / 2 + 1));
    bytes_arena_back(&arena, mark);
    assert_non_null(bytes_arena_take(&arena, CEILING / 4 * 3)); /* both would be over the ceiling */
    bytes_arena_clear(&arena);
    rig_end(&r);
}

static void without_memory(void **state) {
    (void)state;
    rig r;
    bytes_arena arena;
    sotto_bytes copy = {NULL, 77};
    rig_start(&r);
    bytes_arena_init(&arena, &r.host, CEILING);
    uint8_t *at = bytes_arena_take(&arena, 1000);
    assert_non_null(at);
    memset(at, 5, 1000);
    r.fail_at = r.allocations + 1;
    assert_null(bytes_arena_take(&arena, 1000));
    assert_false(bytes_arena_copy(&arena, bytes_of(at, 1000), &copy));
    assert_int_equal(copy.len, 77);
    assert_int_equal(at[999], 5);
    r.fail_at = 0;
    assert_non_null(bytes_arena_take(&arena, 1000));
    bytes_arena_clear(&arena);
    rig_end(&r);
}

static void copies(void **state) {
    (void)state;
    rig r;
    bytes_arena arena;
    sotto_bytes copy = BYTES_NONE;
    rig_start(&r);
    bytes_arena_init(&arena, &r.host, CEILING);
    assert_true(bytes_arena_copy(&arena, BYTES_LITERAL("romeo"), &copy));
    assert_int_equal(copy.len, 5);
    assert_string_equal((const char *)copy.at, "romeo");
    assert_true(bytes_arena_copy(&arena, BYTES_NONE, &copy));
    assert_int_equal(copy.len, 0);
    assert_int_equal(copy.at[0], 0);
    assert_false(bytes_arena_copy(&arena, bytes_of("x", SIZE_MAX), &copy));
    bytes_arena_clear(&arena);
    rig_end(&r);
}

int arena_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(going_back_wipes),
        cmocka_unit_test(going_back_keeps_a_chunk),
        cmocka_unit_test(back_to_the_very_beginning),
        cmocka_unit_test(the_ceiling_holds),
        cmocka_unit_test(a_spare_chunk_gives_way),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(copies),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
