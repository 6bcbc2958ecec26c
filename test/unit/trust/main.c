/* SPDX-License-Identifier: ISC
 *
 * Runs every group of src/trust's tests. */
#include "groups.h"

int main(void) {
    return certificate_group() + key_group() + policy_group();
}
