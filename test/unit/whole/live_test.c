/* SPDX-License-Identifier: ISC
 *
 * Live sessions: whatever is volatile vanishes at every point of a conversation, and each stanza arrives exactly once
 * and in order, or comes back as an event. */
#include "live_talk.h"

#include "seal/live/live.h"

/* After every operation in turn, or every second one; nothing may come back, because nobody was away for long. */
static void disturb_everywhere(plan p, unsigned each) {
    made m;
    talk k;
    tickets said;
    made_start(&m, sotto_seal_live());
    live_converse(&k, &m, (plan){.grouped = p.grouped}, (hostile){0}, &said);
    assert_int_equal(live_check(&k, &said), 0);
    unsigned ops = p.romeo ? k.t.romeo->ops : k.t.juliet->ops;
    assert_true(ops > 60);
    world_end(&k.t.w);
    for (unsigned after = 1; after <= ops; after += each) {
        p.after = after;
        live_converse(&k, &m, p, (hostile){0}, &said);
        assert_true(k.done >= 1);
        size_t back = live_check(&k, &said);
        if (back != 0) fail_msg("%u came back, disturbed after %u", (unsigned)back, after);
        world_end(&k.t.w);
    }
    made_end(&m);
}

static void test_forgotten_after_any_operation(void **state) {
    (void)state;
    disturb_everywhere((plan){.what = FORGET}, 1);
    disturb_everywhere((plan){.what = FORGET, .romeo = true}, 1);
}
static void test_forgotten_by_both_after_any_operation(void **state) {
    (void)state;
    disturb_everywhere((plan){.what = FORGET_BOTH, .grouped = true}, 2);
}
static void test_ended_and_resumed_after_any_operation(void **state) {
    (void)state;
    disturb_everywhere((plan){.what = CRASH_RESUMED, .grouped = true}, 2);
    disturb_everywhere((plan){.what = CRASH_RESUMED, .romeo = true}, 2);
}
static void test_ended_and_begun_anew_after_any_operation(void **state) {
    (void)state;
    disturb_everywhere((plan){.what = CRASH_ANEW}, 2);
    disturb_everywhere((plan){.what = CRASH_ANEW, .romeo = true, .grouped = true}, 2);
}

/* Again and again: nothing is ever finished in one go. Whether it arrives or comes back, it is said. */
static void test_forgotten_all_the_time(void **state) {
    (void)state;
    made m;
    talk k;
    tickets said;
    made_start(&m, sotto_seal_live());
    for (unsigned every = 3; every < 40; every += 4) {
        plan p = {.what = every % 8 == 3 ? FORGET_BOTH : CRASH_RESUMED, .after = every, .every = every};
        live_converse(&k, &m, p, (hostile){0}, &said);
        assert_true(k.done > 3);
        live_check(&k, &said);
        world_end(&k.t.w);
    }
    made_end(&m);
}

const struct CMUnitTest live_tests[] = {
    cmocka_unit_test(test_forgotten_all_the_time),
    cmocka_unit_test(test_forgotten_after_any_operation),
    cmocka_unit_test(test_forgotten_by_both_after_any_operation),
    cmocka_unit_test(test_ended_and_resumed_after_any_operation),
    cmocka_unit_test(test_ended_and_begun_anew_after_any_operation),
};
const size_t live_count = sizeof live_tests / sizeof live_tests[0];
