/* SPDX-License-Identifier: ISC
 *
 * What becomes of every operation when memory or randomness is short. doc/starved.md. */
#include <stdio.h>

#include "starve.h"

int main(void) {
    if (!supply_install()) {
        (void)fputs("the allocators of the libraries cannot be replaced\n", stderr);
        return 1;
    }
    return crypto_group() + bytes_group() + stanza_group() + store_group() + tls_group() + stream_group() +
                       engine_group() + talk_group() ==
                   0
               ? 0
               : 1;
}
