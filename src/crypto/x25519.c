/* SPDX-License-Identifier: ISC
 *
 * Agreement on Curve25519 (RFC 7748), by libsodium: from a raw private key it takes half of libcrypto's time, which
 * computes the public key again. Stricter than RFC 7748 section 5: a key has one form only (T26), and a result that
 * does not depend on the private key is refused (T25; RFC 7748 section 6.1 leaves it to the protocol). */
#include <sodium.h>
#include <string.h>

#include "bytes/memory.h"
#include "crypto/curve.h"
#include "crypto/hash.h"
#include "crypto/point.h"

/* The u of the points whose order divides 8, on the curve and on its twist: 0, 1, the two of order 8, and p-1. */
static const uint8_t small_order[5][32] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
     0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
     0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

/* Below p = 2^255 - 19, read as little-endian of 256 bits: value + 19 must not reach bit 255. */
bool crypto_point_is_canonical(const uint8_t form[32]) {
    uint32_t carry = 19;
    for (size_t i = 0; i < 32; i++) carry = (form[i] + carry) >> (i == 31 ? 7 : 8);
    return carry == 0;
}

void crypto_point_clamp(uint8_t scalar[32]) {
    scalar[0] &= 248;
    scalar[31] &= 127;
    scalar[31] |= 64;
}

sotto_status crypto_x25519_check(const crypto_x25519_public *key) {
    if (!crypto_point_is_canonical(key->bytes)) return SOTTO_FAIL(BAD_KEY);
    for (size_t i = 0; i < sizeof small_order / sizeof *small_order; i++) {
        if (crypto_equal(key->bytes, small_order[i], 32)) return SOTTO_FAIL(BAD_KEY);
    }
    return SOTTO_OK;
}

/* The multiple of the base point is taken on the Edwards form, for which libsodium has a table: with the map behind it
 * that is half of the time of its X25519. A clamped scalar is no multiple of the order, so it always exists. */
sotto_status crypto_x25519_publish(crypto_x25519_public *ret, const crypto_x25519_private *key) {
    uint8_t scalar[32], point[32];
    memcpy(scalar, key->bytes, 32);
    crypto_point_clamp(scalar);
    int result = crypto_scalarmult_ed25519_base_noclamp(point, scalar);
    bytes_wipe(scalar, sizeof scalar);
    if (result != 0) return SOTTO_FAIL(CRYPTO_FAILED);
    crypto_point_to_u(ret->bytes, point);
    return SOTTO_OK;
}

sotto_status crypto_x25519_derive(crypto_x25519_pair *ret, const crypto_x25519_private *key) {
    crypto_x25519_public public_key;
    SOTTO_TRY(crypto_x25519_publish(&public_key, key));
    ret->private_key = *key;
    ret->public_key = public_key;
    return SOTTO_OK;
}

sotto_status crypto_x25519_new(crypto_x25519_pair *ret, const sotto_host *host) {
    crypto_x25519_private key;
    SOTTO_TRY(crypto_random(host, key.bytes, sizeof key.bytes));
    crypto_point_clamp(key.bytes);
    sotto_status status = crypto_x25519_derive(ret, &key);
    bytes_wipe(&key, sizeof key);
    return status;
}

sotto_status crypto_x25519_agree(uint8_t ret[32], const crypto_x25519_private *own, const crypto_x25519_public *peer) {
    static const uint8_t zero[32] = {0};
    bool good = crypto_point_is_canonical(peer->bytes) &&
                crypto_scalarmult_curve25519(ret, own->bytes, peer->bytes) == 0 && !crypto_equal(ret, zero, 32);
    if (good) return SOTTO_OK;
    bytes_wipe(ret, 32);
    return SOTTO_FAIL(BAD_KEY);
}
