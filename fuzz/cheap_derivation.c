/* SPDX-License-Identifier: ISC
 *
 * Instead of PBKDF2, by the linker (--wrap): one hash, whatever the count, so that a login costs a fuzzer nothing. The
 * count is part of it: another count is another key still. */
#include "crypto/hash.h"
#include "rig.h"

sotto_status __wrap_crypto_pbkdf2(crypto_hash_kind hash, uint8_t *ret, size_t size, sotto_bytes password,
                                  sotto_bytes salt, uint32_t iterations);

sotto_status __wrap_crypto_pbkdf2(crypto_hash_kind hash, uint8_t *ret, size_t size, sotto_bytes password,
                                  sotto_bytes salt, uint32_t iterations) {
    MUST(iterations >= SOTTO_SCRAM_ITERATIONS_MIN && iterations <= SOTTO_SCRAM_ITERATIONS_MAX);
    uint8_t made[CRYPTO_HASH_BYTES_MAX];
    const sotto_bytes message[] = {salt, bytes_of(&iterations, sizeof iterations)};
    SOTTO_TRY(crypto_hmac(hash, made, password, message, 2));
    MUST(size <= crypto_hash_size(hash));
    memcpy(ret, made, size);
    return SOTTO_OK;
}
