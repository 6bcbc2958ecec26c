/* SPDX-License-Identifier: ISC */
#include "rogue.h"

#define RUN(group)                                                                                                     \
    (argc < 2 || strcmp(argv[1], #group) == 0                                                                          \
         ? _cmocka_run_group_tests(#group, group##_tests, group##_count, NULL, NULL)                                   \
         : 0)

/* An argument is the one group to run. */
int main(int argc, char **argv) {
    return RUN(frame) + RUN(tls) + RUN(hello) + RUN(proof) + RUN(opening) + RUN(limit) + RUN(starved) + RUN(replay) +
           RUN(vectors);
}
