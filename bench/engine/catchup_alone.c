/* SPDX-License-Identifier: ISC
 *
 * Without libomemo-c there is nothing to measure beside. */
#include "catchup.h"

double catchup_peer_us(uint32_t stepped, uint32_t same) {
    (void)stepped, (void)same;
    return 0;
}
