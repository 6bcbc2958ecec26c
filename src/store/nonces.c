/* SPDX-License-Identifier: ISC */
#include "store/nonces.h"

#include <string.h>

#include "bytes/memory.h"
#include "crypto/hash.h"

static sotto_status hand_out(void *arg, void *out, size_t len) {
    store_nonces *nonces = arg;
    if (len > CRYPTO_BOX_EXTRA) return SOTTO_FAIL(USAGE); /* no nonce is */
    if (len > nonces->drawn_left) {
        size_t count = nonces->wanted < STORE_NONCES_DRAWN ? nonces->wanted : STORE_NONCES_DRAWN;
        size_t size = len * (count > 0 ? count : 1);
        SOTTO_TRY(crypto_random(nonces->source, nonces->drawn, size));
        nonces->drawn_len = nonces->drawn_left = size;
    }
    memcpy(out, nonces->drawn + nonces->drawn_len - nonces->drawn_left, len);
    nonces->drawn_left -= len;
    if (nonces->wanted > 0) nonces->wanted--;
    return SOTTO_OK;
}

void store_nonces_begin(store_nonces *nonces, const sotto_host *source, const sotto_change *changes, size_t count) {
    nonces->host = (sotto_host){.arg = nonces, .random = hand_out};
    nonces->source = source;
    nonces->drawn_len = nonces->drawn_left = nonces->wanted = 0;
    for (size_t i = 0; i < count; i++) nonces->wanted += changes[i].value.len > 0;
}

void store_nonces_end(store_nonces *nonces) {
    bytes_wipe(nonces->drawn, nonces->drawn_len);
    nonces->drawn_len = nonces->drawn_left = 0;
}
