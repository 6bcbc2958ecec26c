/* SPDX-License-Identifier: ISC
 *
 * Runs the groups one after the other. */
#include "net_tests.h"

#include <unistd.h>

int main(void) {
    (void)alarm(NET_TESTS_SECONDS_MAX);
    return net_tests_timers() + net_tests_connections() + net_tests_names() + net_tests_watch();
}
