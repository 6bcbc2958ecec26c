/* SPDX-License-Identifier: ISC */
#include "people.h"

#include <stdlib.h>

unsigned thoroughness = 4;

#define RUN(group)                                                                                                     \
    (argc < 2 || strcmp(argv[1], #group) == 0                                                                          \
         ? _cmocka_run_group_tests(#group, group##_tests, group##_count, NULL, NULL)                                   \
         : 0)

/* An argument is the one group to run, a second one how thorough to be; a third one the tests of it. */
int main(int argc, char **argv) {
    if (argc > 2) thoroughness = (unsigned)strtoul(argv[2], NULL, 10);
    if (argc > 3) cmocka_set_test_filter(argv[3]);
    if (thoroughness == 0) return 1;
    return RUN(security) + RUN(application) + RUN(generality) + RUN(attack) + RUN(middle) + RUN(thief) + RUN(observer) +
           RUN(loss) + RUN(crash);
}
