/* SPDX-License-Identifier: ISC
 *
 * The groups of tests of src/net. Loopback only; an alarm ends a test that hangs. */
#ifndef NET_TESTS_H
#define NET_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NET_TESTS_SECONDS_MAX 60

int net_tests_connections(void);
int net_tests_names(void);
int net_tests_timers(void);
int net_tests_watch(void);

#endif
