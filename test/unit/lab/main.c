/* SPDX-License-Identifier: ISC
 *
 * Runs every group of the lab's tests. */
#include "rig.h"

int main(void) {
    int failed = 0;
    failed += _cmocka_run_group_tests("archive", archive_tests, archive_tests_count, NULL, NULL);
    failed += _cmocka_run_group_tests("message", message_tests, message_tests_count, NULL, NULL);
    failed += _cmocka_run_group_tests("presence", presence_tests, presence_tests_count, NULL, NULL);
    failed += _cmocka_run_group_tests("roster", roster_tests, roster_tests_count, NULL, NULL);
    failed += _cmocka_run_group_tests("pep", pep_tests, pep_tests_count, NULL, NULL);
    failed += _cmocka_run_group_tests("hostility", hostility_tests, hostility_tests_count, NULL, NULL);
    failed += _cmocka_run_group_tests("listener", listener_tests, listener_tests_count, NULL, NULL);
    failed += _cmocka_run_group_tests("room", room_tests, room_tests_count, NULL, NULL);
    failed += _cmocka_run_group_tests("serve", serve_tests, serve_tests_count, NULL, NULL);
    return failed != 0;
}
