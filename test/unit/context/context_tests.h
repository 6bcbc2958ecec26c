/* SPDX-License-Identifier: ISC
 *
 * The groups of this program that are files of their own. */
#ifndef TEST_CONTEXT_TESTS_H
#define TEST_CONTEXT_TESTS_H

#include "test/unit/bytes/rig.h"

extern const struct CMUnitTest archive_tests[], room_tests[];
extern const size_t archive_count, room_count;

#endif
