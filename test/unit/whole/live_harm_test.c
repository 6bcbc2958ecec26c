/* SPDX-License-Identifier: ISC
 *
 * Live sessions through a hostile server: whatever it does to any stanza of theirs, each stanza inside arrives exactly
 * once and in order, or comes back as an event. */
#include "live_talk.h"

#include "seal/live/live.h"

/* ---- a hostile server ---- */

/* Each stanza in turn. `back_max`: how many may come back in one conversation. */
static void harm(malice what, size_t back_max) {
    made m;
    talk k;
    tickets said;
    made_start(&m, sotto_seal_live());
    live_converse(&k, &m, (plan){0}, (hostile){0}, &said);
    unsigned stanzas = k.h.seen;
    assert_true(stanzas >= 20);
    world_end(&k.t.w);
    for (unsigned at = 1; at <= stanzas; at++) {
        live_converse(&k, &m, (plan){0}, (hostile){.what = what, .at = at}, &said);
        size_t back = live_check(&k, &said);
        if (back > back_max) fail_msg("%u came back, stanza %u", (unsigned)back, at);
        world_end(&k.t.w);
    }
    made_end(&m);
}

static void test_dropped(void **state) {
    (void)state;
    harm(DROPS, 0);
}
static void test_repeated(void **state) {
    (void)state;
    harm(REPEATS, 0);
}
static void test_reordered(void **state) {
    (void)state;
    harm(REORDERS, 0);
}
static void test_delayed(void **state) {
    (void)state;
    harm(DELAYS, 0);
}
static void test_altered(void **state) {
    (void)state;
    harm(ALTERS_RECORDS, 0);
    harm(CUTS_RECORDS, 0);
}
static void test_misdirected(void **state) {
    (void)state;
    harm(ALTERS_SESSION, 0);
    harm(ALTERS_NUMBER, 0);
}
static void test_reflected(void **state) {
    (void)state;
    harm(REFLECTS, 0);
    harm(REFLECTS_ALONE, 0);
}
/* A first refusal is believed, because nothing was ever known of them: under `always` the stanza comes back. */
static void test_refused(void **state) {
    (void)state;
    harm(REFUSES, 6);
    harm(FORGETS_FOR_IT, 0);
}

/* Everything is altered, for a while: it arrives when the server has had enough, or comes back. */
static void test_harmed_for_long(void **state) {
    (void)state;
    made m;
    talk k;
    tickets said;
    made_start(&m, sotto_seal_live());
    for (unsigned at = 1; at <= 4; at++)
        for (malice what = DROPS; what <= FORGETS_FOR_IT; what++) {
            live_converse(&k, &m, (plan){0}, (hostile){.what = what, .at = at, .until = at + 12}, &said);
            live_check(&k, &said);
            world_end(&k.t.w);
        }
    made_end(&m);
}

const struct CMUnitTest harm_tests[] = {
    cmocka_unit_test(test_dropped),   cmocka_unit_test(test_repeated), cmocka_unit_test(test_reordered),
    cmocka_unit_test(test_delayed),   cmocka_unit_test(test_altered),  cmocka_unit_test(test_misdirected),
    cmocka_unit_test(test_reflected), cmocka_unit_test(test_refused),  cmocka_unit_test(test_harmed_for_long),
};
const size_t harm_count = sizeof harm_tests / sizeof harm_tests[0];
