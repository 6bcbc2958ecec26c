/* SPDX-License-Identifier: ISC
 *
 * The same decryptions by libomemo-c, as bench/omemo measures them one by one. */
#include "bench/omemo/bench.h"

double catchup_peer_us(uint32_t stepped, uint32_t same);

double catchup_peer_us(uint32_t stepped, uint32_t same) {
    static bench b;
    bench_open(&b);
    bench_peer_decrypt_ratchet(&b, stepped);
    bench_peer_decrypt(&b, same);
    double spent = b.spent;
    bench_close(&b);
    return spent;
}
