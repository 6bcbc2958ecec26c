/* SPDX-License-Identifier: ISC */
#include "victim.h"

#define RUN(group)                                                                                                     \
    (argc < 2 || strcmp(argv[1], #group) == 0                                                                          \
         ? _cmocka_run_group_tests(#group, group##_tests, group##_count, NULL, NULL)                                   \
         : 0)

/* An argument is the one group to run, a second one the tests of it. */
int main(int argc, char **argv) {
    if (argc > 2) cmocka_set_test_filter(argv[2]);
    return RUN(prefix) + RUN(kill) + RUN(room) + RUN(full) + RUN(making);
}
