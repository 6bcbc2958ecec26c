/* SPDX-License-Identifier: ISC
 *
 * The same messages by libomemo-c, a hundred devices at a time. */
#include "bench/omemo/bench.h"

void group_peer_us(uint32_t devices, uint32_t messages, double *ret_cold, double *ret_warm);

void group_peer_us(uint32_t devices, uint32_t messages, double *ret_cold, double *ret_warm) {
    static bench b;
    bench_open(&b);
    *ret_cold = *ret_warm = 0;
    for (uint32_t done = 0, some; done < devices; done += some) {
        some = devices - done < BENCH_DEVICES ? devices - done : BENCH_DEVICES;
        b.spent = 0;
        bench_peer_initiate(&b, some);
        *ret_cold += b.spent;
        b.spent = 0;
        bench_peer_group(&b, some, messages);
        *ret_warm += b.spent;
    }
    bench_close(&b);
}
