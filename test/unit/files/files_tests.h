/* SPDX-License-Identifier: ISC
 *
 * The parts of the test of files. */
#ifndef TEST_FILES_TESTS_H
#define TEST_FILES_TESTS_H

#include "test/unit/bytes/rig.h"

int run_name_tests(void);
int run_share_tests(void);
int run_crossing_tests(void);
int run_work_tests(void);

#endif
