/* SPDX-License-Identifier: ISC
 *
 * The golden table of trust: what a new key becomes, and whether a key may be sent to. */
#include "groups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "trust/key.h"

static const char *const policies[] = {"blind-until-verified", "first-use", "verified-only"};
static const char *const uses[] = {"use", "skip", "ask"};

static void test_the_tables_are_the_golden_text(void **state) {
    (void)state;
    static char text[8192], golden[8192];
    size_t len = 0;
    for (unsigned policy = 0; policy <= SOTTO_VERIFIED_ONLY; policy++)
        for (unsigned facts = 0; facts < 4; facts++) {
            trust_key_facts f = {.any_verified = facts & 1, .any_other = facts & 2};
            len += (size_t)snprintf(text + len, sizeof text - len, "first   %-20s %-12s %-9s            -> %s\n",
                                    policies[policy], facts & 1 ? "any-verified" : "-", facts & 2 ? "any-other" : "-",
                                    trust_name(trust_key_first(policy, &f)));
        }
    for (unsigned policy = 0; policy <= SOTTO_VERIFIED_ONLY; policy++)
        for (unsigned trust = 0; trust <= SOTTO_TRUST_DISTRUSTED; trust++)
            for (unsigned verified = 0; verified < 2; verified++) {
                trust_key_facts f = {.recorded = trust, .any_verified = verified};
                len += (size_t)snprintf(text + len, sizeof text - len, "verdict %-20s %-12s %-10s           -> %s\n",
                                        policies[policy], verified ? "any-verified" : "-", trust_name(trust),
                                        uses[trust_key_verdict(policy, &f)]);
            }
    FILE *file = fopen(POLICY_FOLDER "/trust.txt", "r");
    assert_non_null(file);
    golden[fread(golden, 1, sizeof golden - 1, file)] = 0;
    fclose(file);
    const char *table = strstr(golden, "\nfirst ");
    assert_non_null(table);
    assert_string_equal(table + 1, text);
}

static void test_unknown_values_are_never_trusted(void **state) {
    (void)state;
    trust_key_facts f = {.recorded = SOTTO_TRUST_BLIND};
    assert_int_equal(trust_key_first((sotto_trust_policy)9, &f), SOTTO_TRUST_UNDECIDED);
    assert_string_equal(trust_name((sotto_trust)9), "unknown");
}

int key_group(void) {
    const struct CMUnitTest key[] = {
        cmocka_unit_test(test_the_tables_are_the_golden_text),
        cmocka_unit_test(test_unknown_values_are_never_trusted),
    };
    return cmocka_run_group_tests(key, NULL, NULL);
}
