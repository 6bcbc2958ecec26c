/* SPDX-License-Identifier: ISC
 *
 * The revocable map, against a model that copies everything. */
#include "engine_rig.h"

#include "engine/stage.h"

static void put(engine_stage *s, const char *key, const char *value) {
    assert_ok(engine_stage_put(s, bytes_text(key), bytes_text(value)));
}

static void assert_holds(const engine_stage *s, const char *expected) {
    char text[512] = "";
    sotto_bytes key, value, at = BYTES_NONE;
    for (bool more = bytes_map_from(&s->map, at, false, &key, &value); more;
         more = bytes_map_from(&s->map, at, true, &key, &value)) {
        char pair[64];
        snprintf(pair, sizeof pair, "%.*s=%.*s ", (int)key.len, (const char *)key.at, (int)value.len,
                 (const char *)value.at);
        strcat(text, pair);
        at = key;
    }
    assert_string_equal(text, expected);
}

static void test_pop_takes_back_everything_since_the_mark(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    engine_stage s;
    engine_stage_init(&s, &r.host);
    put(&s, "a", "1");
    put(&s, "b", "2");
    size_t mark = engine_stage_mark(&s);
    put(&s, "a", "changed");
    put(&s, "c", "3");
    assert_ok(engine_stage_remove(&s, bytes_text("b")));
    put(&s, "b", "again");
    assert_ok(engine_stage_remove(&s, bytes_text("a")));
    assert_holds(&s, "b=again c=3 ");
    engine_stage_pop(&s, mark);
    assert_holds(&s, "a=1 b=2 ");
    engine_stage_pop(&s, 0);
    assert_holds(&s, "");
    engine_stage_clear(&s);
    rig_end(&r);
}

static void test_settle_keeps_the_map(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    engine_stage s;
    engine_stage_init(&s, &r.host);
    put(&s, "a", "1");
    engine_stage_settle(&s);
    engine_stage_pop(&s, 0);
    assert_holds(&s, "a=1 ");
    engine_stage_clear(&s);
    rig_end(&r);
}

static void test_random_changes_and_pops_agree_with_a_model(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    engine_stage s;
    engine_stage_init(&s, &r.host);
    int model[32], saved[32];
    memset(model, 0, sizeof model);
    memcpy(saved, model, sizeof model);
    size_t mark = 0;
    for (int i = 1; i <= 5000; i++) {
        uint64_t dice = rig_next(&r);
        unsigned k = dice % 32;
        char key[4], value[12];
        snprintf(key, sizeof key, "%02u", k);
        snprintf(value, sizeof value, "%d", i);
        if ((dice >> 8) % 4 == 0) {
            assert_ok(engine_stage_remove(&s, bytes_text(key)));
            model[k] = 0;
        } else {
            put(&s, key, value);
            model[k] = i;
        }
        if ((dice >> 16) % 16 == 0) {
            engine_stage_pop(&s, mark);
            memcpy(model, saved, sizeof model);
        } else if ((dice >> 16) % 16 == 1) {
            mark = engine_stage_mark(&s);
            memcpy(saved, model, sizeof model);
        }
        char expected[512] = "";
        for (unsigned m = 0; m < 32; m++) {
            char pair[32];
            snprintf(pair, sizeof pair, "%02u=%d ", m, model[m]);
            if (model[m] != 0) strcat(expected, pair);
        }
        assert_holds(&s, expected);
    }
    engine_stage_clear(&s);
    rig_end(&r);
}

static void test_a_put_without_memory_changes_nothing(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    engine_stage s;
    engine_stage_init(&s, &r.host);
    put(&s, "a", "1");
    r.fail_at = r.allocations + 1;
    assert_status(engine_stage_put(&s, bytes_text("a"), bytes_text("2")), NO_MEMORY);
    assert_holds(&s, "a=1 ");
    assert_int_equal(engine_stage_mark(&s), 1);
    r.fail_at = 0;
    engine_stage_clear(&s);
    rig_end(&r);
}

const struct CMUnitTest stage_tests[] = {
    cmocka_unit_test(test_pop_takes_back_everything_since_the_mark),
    cmocka_unit_test(test_settle_keeps_the_map),
    cmocka_unit_test(test_random_changes_and_pops_agree_with_a_model),
    cmocka_unit_test(test_a_put_without_memory_changes_nothing),
};
const size_t stage_count = sizeof stage_tests / sizeof *stage_tests;
