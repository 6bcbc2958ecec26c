/* SPDX-License-Identifier: ISC
 *
 * The golden tables of policy: which seals may be used (via), what it takes to go on in the clear, when a contact is
 * doubtful, what is vouched for; and each row of them as somebody meets it is tested in test/unit/engine. */
#include "golden.h"
#include "groups.h"

#include <sotto/limits.h>

#include "bytes/span.h"
#include "trust/clear.h"
#include "trust/compare.h"
#include "trust/doubt.h"
#include "trust/key.h"
#include "trust/via.h"
#include "trust/vouch.h"

static void test_via_is_the_golden_text(void **state) {
    (void)state;
    golden g = {.len = 0};
    for (unsigned via = SOTTO_VIA_AUTO; via <= SOTTO_VIA_NAMED; via++)
        for (unsigned i = 0; i < 4; i++) {
            trust_via_seal seal = {.stored = (i & 2) != 0, .named = (i & 1) != 0};
            golden_add(&g, "%-7s %-7s %-6s -> %s\n", trust_via_name((sotto_via)via), seal.stored ? "stored" : "live",
                       seal.named ? "named" : "other", trust_via_allows((sotto_via)via, &seal) ? "may" : "passed over");
        }
    golden_compare(&g, "via.txt");
    trust_via_seal seal = {.stored = true, .named = true};
    assert_false(trust_via_allows((sotto_via)9, &seal));
    assert_string_equal(trust_via_name((sotto_via)9), "unknown");
}

static void test_opting_out_is_the_golden_text(void **state) {
    (void)state;
    golden g = {.len = 0};
    for (unsigned i = 0; i < 16; i++) {
        trust_clear_facts facts = {
            .encrypted = (i & 8) != 0, .asked = (i & 4) != 0, .limited = (i & 2) != 0, .confirmed = (i & 1) != 0};
        golden_add(&g, "%-9s %-5s %-7s %-9s -> %s\n", facts.encrypted ? "encrypted" : "-", facts.asked ? "asked" : "-",
                   facts.limited ? "limited" : "-", facts.confirmed ? "confirmed" : "-",
                   trust_clear_name(trust_clear_decide(&facts)));
    }
    golden_compare(&g, "opt-out.txt");
    assert_string_equal(trust_clear_name((trust_clear)9), "unknown");
}

static void test_a_window_ends_and_a_clock_that_went_back_ends_it(void **state) {
    (void)state;
    assert_int_equal(trust_window_at(0, 0, 5), TRUST_WINDOW_NONE);
    assert_int_equal(trust_window_at(10, 20, 9), TRUST_WINDOW_OVER);
    assert_int_equal(trust_window_at(10, 20, 10), TRUST_WINDOW_OPEN);
    assert_int_equal(trust_window_at(10, 20, 19), TRUST_WINDOW_OPEN);
    assert_int_equal(trust_window_at(10, 20, 20), TRUST_WINDOW_OVER);
}

static void test_doubt_is_the_golden_text(void **state) {
    (void)state;
    golden g = {.len = 0};
    for (unsigned sign = 0; sign < TRUST_SIGN_COUNT; sign++)
        for (unsigned i = 0; i < 8; i++) {
            trust_doubt_facts facts = {.encrypted = (i & 4) != 0, .doubtful = (i & 2) != 0, .missed = (i & 1) != 0};
            golden_add(&g, "%-9s %-9s %-8s %-6s -> %s\n", trust_sign_name((trust_sign)sign),
                       facts.encrypted ? "encrypted" : "-", facts.doubtful ? "doubtful" : "-",
                       facts.missed ? "missed" : "-", trust_doubt_name(trust_doubt_judge((trust_sign)sign, &facts)));
        }
    golden_compare(&g, "doubt.txt");
    trust_doubt_facts facts = {.encrypted = true};
    assert_int_equal(trust_doubt_judge(TRUST_SIGN_COUNT, &facts), TRUST_DOUBT_NOTHING);
    assert_string_equal(trust_sign_name(TRUST_SIGN_COUNT), "unknown");
    assert_string_equal(trust_doubt_name((trust_doubt)9), "unknown");
}

static void test_what_is_vouched_for_is_the_golden_text(void **state) {
    (void)state;
    golden g = {.len = 0};
    for (unsigned decision = 0; decision <= SOTTO_TRUST_DISTRUSTED; decision++)
        for (unsigned own = 0; own < 2; own++) {
            const trust_vouch_message *messages = trust_vouch_spread((sotto_trust)decision, own);
            for (size_t i = 0; i < TRUST_VOUCH_MESSAGES; i++)
                if (messages[i].to != TRUST_TO_NOBODY || i == 0)
                    golden_add(&g, "%-10s %-9s -> %-8s to %s\n", trust_name((sotto_trust)decision),
                               own ? "own" : "contact's", trust_vouch_what_name(messages[i].what),
                               trust_vouch_to_name(messages[i].to));
        }
    golden_compare(&g, "vouch.txt");
    assert_int_equal(trust_vouch_spread((sotto_trust)9, true)[0].to, TRUST_TO_NOBODY);
    assert_string_equal(trust_vouch_to_name((trust_vouch_to)9), "unknown");
    assert_string_equal(trust_vouch_what_name((trust_vouch_what)9), "unknown");
}

/* T39: every combination of what a statement may be. */
static void test_what_is_believed_is_the_golden_text(void **state) {
    (void)state;
    static const char *const speakers[] = {"stranger's", "of-sender", "own", "own-own"};
    golden g = {.len = 0};
    for (unsigned inside = 0; inside < 2; inside++)
        for (unsigned who = 0; who < 4; who++)
            for (unsigned voice = 0; voice <= SOTTO_TRUST_DISTRUSTED; voice++)
                for (unsigned distrust = 0; distrust < 2; distrust++)
                    for (unsigned recorded = 0; recorded <= SOTTO_TRUST_DISTRUSTED + 1; recorded++) {
                        trust_vouch_facts facts = {.inside = inside,
                                                   .own = (who & 2) != 0,
                                                   .of_sender = (who & 1) != 0,
                                                   .voice = (sotto_trust)voice,
                                                   .distrust = distrust,
                                                   .known = recorded > 0,
                                                   .recorded = (sotto_trust)(recorded > 0 ? recorded - 1 : 0)};
                        golden_add(&g, "%-7s %-10s %-10s %-8s %-10s -> %s\n", inside ? "inside" : "outside",
                                   speakers[who], trust_name(facts.voice), distrust ? "distrust" : "trust",
                                   recorded > 0 ? trust_name(facts.recorded) : "unseen",
                                   trust_vouch_name(trust_vouch_take(&facts)));
                    }
    golden_compare(&g, "vouch.txt");
    assert_string_equal(trust_vouch_name((trust_vouch)9), "unknown");
}

/* T39, in words: what must never be, whatever else is true. */
static void test_T39_nothing_counts_but_from_verified_keys_inside(void **state) {
    (void)state;
    for (unsigned i = 0; i < 1024; i++) {
        trust_vouch_facts facts = {.inside = i & 1,
                                   .own = (i & 2) != 0,
                                   .of_sender = (i & 4) != 0,
                                   .voice = (sotto_trust)(i >> 3 & 3),
                                   .distrust = (i & 32) != 0,
                                   .known = (i & 64) != 0,
                                   .recorded = (sotto_trust)(i >> 7 & 3)};
        trust_vouch verdict = trust_vouch_take(&facts);
        bool acts = verdict == TRUST_VOUCH_VERIFY || verdict == TRUST_VOUCH_REFUSE || verdict == TRUST_VOUCH_FETCH;
        if (acts) assert_true(facts.inside && facts.voice == SOTTO_TRUST_VERIFIED && (facts.own || facts.of_sender));
        if (facts.known && facts.recorded == SOTTO_TRUST_DISTRUSTED) assert_int_not_equal(verdict, TRUST_VOUCH_VERIFY);
        if (!facts.own && !facts.of_sender) assert_int_equal(verdict, TRUST_VOUCH_IGNORE);
    }
}

static void test_comparing_is_the_golden_text(void **state) {
    (void)state;
    golden g = {.len = 0};
    for (unsigned at = TRUST_COMPARE_IDLE; at < TRUST_COMPARE_STATES; at++)
        for (unsigned event = 0; event < TRUST_COMPARE_EVENTS; event++) {
            trust_compare_step step = trust_compare_next((trust_compare_state)at, (trust_compare_event)event);
            golden_add(&g, "%-10s %-16s -> %s", trust_compare_state_name((trust_compare_state)at),
                       trust_compare_event_name((trust_compare_event)event), trust_compare_state_name(step.next));
            for (unsigned action = 1; action <= TRUST_COMPARE_TELL; action <<= 1)
                if ((step.actions & action) != 0)
                    golden_add(&g, ", %s", trust_compare_action_name((trust_compare_action)action));
            golden_add(&g, "\n");
        }
    golden_compare(&g, "compare.txt");
    assert_string_equal(trust_compare_state_name(TRUST_COMPARE_STATES), "unknown");
    assert_string_equal(trust_compare_event_name(TRUST_COMPARE_EVENTS), "unknown");
    assert_string_equal(trust_compare_action_name((trust_compare_action)3), "unknown");
    assert_int_equal(trust_compare_next(TRUST_COMPARE_STATES, TRUST_COMPARE_YES).actions, TRUST_COMPARE_REFUSE);
}

/* In words: keys are verified by our person's yes to characters that are known here, and by nothing else; a nonce is
 * shown after theirs was fixed, and no run that was answered ends without a yes uncounted. */
static void test_nothing_but_our_yes_verifies(void **state) {
    (void)state;
    for (unsigned at = TRUST_COMPARE_IDLE; at < TRUST_COMPARE_STATES; at++)
        for (unsigned event = 0; event < TRUST_COMPARE_EVENTS; event++) {
            trust_compare_step step = trust_compare_next((trust_compare_state)at, (trust_compare_event)event);
            bool known = at == TRUST_COMPARE_READY || at == TRUST_COMPARE_THEY_DID;
            if ((step.actions & TRUST_COMPARE_VERIFY) != 0) assert_true(known && event == TRUST_COMPARE_YES);
            if ((step.actions & TRUST_COMPARE_SEND_REVEAL) != 0)
                assert_true(at == TRUST_COMPARE_ASKED && event == TRUST_COMPARE_ANSWER);
            bool ends = step.next == TRUST_COMPARE_IDLE || step.next == TRUST_COMPARE_THEY_ASKED;
            if ((known || at == TRUST_COMPARE_ANSWERED) && ends && event != TRUST_COMPARE_YES)
                assert_true((step.actions & TRUST_COMPARE_COUNT) != 0);
        }
}

static void test_policies_have_names(void **state) {
    (void)state;
    sotto_trust_policy policy = SOTTO_FIRST_USE;
    for (unsigned i = 0; i <= SOTTO_CERTIFIED; i++) {
        assert_true(trust_policy_of(bytes_text(trust_policy_name((sotto_trust_policy)i)), &policy));
        assert_int_equal(policy, i);
    }
    assert_false(trust_policy_of(BYTES_LITERAL("anybody"), &policy));
    assert_string_equal(trust_policy_name((sotto_trust_policy)9), "unknown");
}

int policy_group(void) {
    const struct CMUnitTest policy[] = {
        cmocka_unit_test(test_via_is_the_golden_text),
        cmocka_unit_test(test_opting_out_is_the_golden_text),
        cmocka_unit_test(test_a_window_ends_and_a_clock_that_went_back_ends_it),
        cmocka_unit_test(test_doubt_is_the_golden_text),
        cmocka_unit_test(test_what_is_vouched_for_is_the_golden_text),
        cmocka_unit_test(test_what_is_believed_is_the_golden_text),
        cmocka_unit_test(test_T39_nothing_counts_but_from_verified_keys_inside),
        cmocka_unit_test(test_comparing_is_the_golden_text),
        cmocka_unit_test(test_nothing_but_our_yes_verifies),
        cmocka_unit_test(test_policies_have_names),
    };
    return cmocka_run_group_tests(policy, NULL, NULL);
}
