/* SPDX-License-Identifier: ISC
 *
 * Runs every group of src/stream's tests. */
#include "groups.h"

int main(void) {
    return scram_group() + discovery_group() + login_group() + liar_group() + session_group() + memory_group() +
           limits_group();
}
