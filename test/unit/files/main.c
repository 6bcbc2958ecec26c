/* SPDX-License-Identifier: ISC
 *
 * Files: what messages say about them, the names they get, and what may come instead of them (T34). */
#include "files_tests.h"

int main(void) {
    int failed = run_name_tests();
    failed += run_share_tests();
    failed += run_crossing_tests();
    failed += run_work_tests();
    return failed;
}
