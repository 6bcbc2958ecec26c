/* SPDX-License-Identifier: ISC */
#include "engine_rig.h"

#define RUN(group) _cmocka_run_group_tests(#group, group##_tests, group##_count, NULL, NULL)

int main(void) {
    return RUN(archive) + RUN(stage) + RUN(mirror) + RUN(egress) + RUN(send) + RUN(receive) + RUN(commit) + RUN(rot13) +
           RUN(carrier) + RUN(room) + RUN(policy) + RUN(doubt) + RUN(vouch) + RUN(route) + RUN(request) + RUN(feature);
}
