/* SPDX-License-Identifier: ISC
 *
 * Runs every group of src/stanza's tests. */
#include "rig.h"

int main(void) {
    int failed = 0;
    failed += _cmocka_run_group_tests("parse", parse_tests, parse_tests_count, NULL, NULL);
    failed += _cmocka_run_group_tests("hostile", hostile_tests, hostile_tests_count, NULL, NULL);
    failed += _cmocka_run_group_tests("reader", reader_tests, reader_tests_count, NULL, NULL);
    failed += _cmocka_run_group_tests("writer", writer_tests, writer_tests_count, NULL, NULL);
    failed += _cmocka_run_group_tests("jid", jid_tests, jid_tests_count, NULL, NULL);
    failed += _cmocka_run_group_tests("password", password_tests, password_tests_count, NULL, NULL);
    failed += _cmocka_run_group_tests("memory", memory_tests, memory_tests_count, NULL, NULL);
    return failed != 0;
}
