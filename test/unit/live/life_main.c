/* SPDX-License-Identifier: ISC */
#include "life.h"

#define RUN(group) _cmocka_run_group_tests(#group, group##_tests, group##_count, NULL, NULL)

int main(void) {
    return RUN(word) + RUN(statement) + RUN(close) + RUN(attack);
}
