/* SPDX-License-Identifier: ISC */
#include "world.h"

#define RUN(group)                                                                                                     \
    (argc < 2 || strcmp(argv[1], #group) == 0                                                                          \
         ? _cmocka_run_group_tests(#group, group##_tests, group##_count, NULL, NULL)                                   \
         : 0)

/* Long ones, which are tests of their own (meson.build). */
#define ONLY(group)                                                                                                    \
    (argc >= 2 && strcmp(argv[1], #group) == 0                                                                         \
         ? _cmocka_run_group_tests(#group, group##_tests, group##_count, NULL, NULL)                                   \
         : 0)

/* An argument is the one group to run. */
int main(int argc, char **argv) {
    return RUN(talk) + RUN(restart) + RUN(order) + RUN(forged) + RUN(bundle) + RUN(downgrade) + RUN(disk) +
           RUN(stranger) + ONLY(live) + ONLY(harm) + ONLY(rules) + ONLY(secrets) + ONLY(archive) + ONLY(arrival) +
           ONLY(policy) + ONLY(compare) + ONLY(both) + ONLY(life) + ONLY(word);
}
