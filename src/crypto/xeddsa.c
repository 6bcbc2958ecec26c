/* SPDX-License-Identifier: ISC
 *
 * XEdDSA (The XEdDSA and VXEdDSA Signature Schemes, revision 1, 2016): Ed25519 signatures with a key that exists only
 * as an X25519 scalar. The names are those of its section 2. No branch and no address depends on a secret. */
#include "crypto/xeddsa.h"

#include <sodium.h>
#include <string.h>

#include "bytes/memory.h"
#include "bytes/opaque.h"
#include "crypto/point.h"

static void scalar_reduce(uint8_t ret[32], const uint8_t scalar[32]) {
    uint8_t wide[64] = {0};
    memcpy(wide, scalar, 32);
    crypto_core_ed25519_scalar_reduce(ret, wide);
    bytes_wipe(wide, sizeof wide);
}

/* calculate_key_pair(k): E = kB; A.y = E.y; A.s = 0; a = -k (mod q) if E.s is 1, else k (section 2.3). Else k as it
 * is, not reduced: nobody who verifies can tell, but other implementations make the same signatures. */
sotto_status crypto_xeddsa_pair_from(crypto_xeddsa_pair *ret, const uint8_t scalar[32]) {
    uint8_t k[32], negative[32];
    memcpy(k, scalar, 32);
    crypto_point_clamp(k);
    scalar_reduce(negative, k);
    crypto_core_ed25519_scalar_negate(negative, negative);
    int result = crypto_scalarmult_ed25519_base_noclamp(ret->public_key.bytes, k);
    uint8_t negate = (uint8_t)bytes_opaque(0u - (ret->public_key.bytes[31] >> 7));
    for (size_t i = 0; i < 32; i++) ret->scalar[i] = (uint8_t)(k[i] ^ (negate & (k[i] ^ negative[i])));
    ret->public_key.bytes[31] &= 127;
    bytes_wipe(k, sizeof k);
    bytes_wipe(negative, sizeof negative);
    if (result == 0) return SOTTO_OK;
    bytes_wipe(ret, sizeof *ret);
    return SOTTO_FAIL(CRYPTO_FAILED); /* the scalar is a multiple of the order: one chance in 2^251 */
}

/* hash_1(a || M || Z) mod q. hash_1 begins with 2^256 - 2, so that it never coincides with the hash of a point. */
static void nonce(uint8_t ret[32], const uint8_t a[32], sotto_bytes message, const uint8_t random[64]) {
    crypto_hash_sha512_state state;
    uint8_t prefix[32], wide[64];
    memset(prefix, 0xff, sizeof prefix);
    prefix[0] = 0xfe;
    (void)crypto_hash_sha512_init(&state);
    (void)crypto_hash_sha512_update(&state, prefix, sizeof prefix);
    (void)crypto_hash_sha512_update(&state, a, 32);
    (void)crypto_hash_sha512_update(&state, message.at, message.len);
    (void)crypto_hash_sha512_update(&state, random, 64);
    (void)crypto_hash_sha512_final(&state, wide);
    crypto_core_ed25519_scalar_reduce(ret, wide);
    bytes_wipe(&state, sizeof state);
    bytes_wipe(wide, sizeof wide);
}

/* hash(R || A || M) mod q. Nothing in it is secret. */
static void challenge(uint8_t ret[32], const uint8_t R[32], const crypto_ed25519_public *A, sotto_bytes message) {
    crypto_hash_sha512_state state;
    uint8_t wide[64];
    (void)crypto_hash_sha512_init(&state);
    (void)crypto_hash_sha512_update(&state, R, 32);
    (void)crypto_hash_sha512_update(&state, A->bytes, 32);
    (void)crypto_hash_sha512_update(&state, message.at, message.len);
    (void)crypto_hash_sha512_final(&state, wide);
    crypto_core_ed25519_scalar_reduce(ret, wide);
}

/* R = rB; s = r + ha (mod q); the signature is R || s (section 2.5). */
sotto_status crypto_xeddsa_sign(crypto_signature *ret, const uint8_t scalar[32], sotto_bytes message,
                                const uint8_t random[64]) {
    crypto_xeddsa_pair pair;
    crypto_signature signature;
    uint8_t r[32], h[32], ha[32];
    SOTTO_TRY(crypto_xeddsa_pair_from(&pair, scalar));
    nonce(r, pair.scalar, message, random);
    int result = crypto_scalarmult_ed25519_base_noclamp(signature.bytes, r);
    challenge(h, signature.bytes, &pair.public_key, message);
    crypto_core_ed25519_scalar_mul(ha, h, pair.scalar);
    crypto_core_ed25519_scalar_add(signature.bytes + 32, r, ha);
    if (result == 0) *ret = signature;
    bytes_wipe(&pair, sizeof pair);
    bytes_wipe(&signature, sizeof signature);
    bytes_wipe(r, sizeof r);
    bytes_wipe(ha, sizeof ha);
    return result == 0 ? SOTTO_OK : SOTTO_FAIL(CRYPTO_FAILED);
}
