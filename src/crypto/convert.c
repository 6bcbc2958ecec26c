/* SPDX-License-Identifier: ISC
 *
 * Public keys from one form of the curve to the other (RFC 7748 section 4.1). Both ways end with a full check: on the
 * curve, and in the subgroup of prime order, so that two keys that agree on the same secrets are the same key (T26).
 *
 * u -> y needs arithmetic modulo p, which libsodium has but does not export. libcrypto's BIGNUM does it; it is not in
 * constant time, and need not be for public keys. Own field arithmetic would be faster and one more thing to get
 * wrong; the subgroup check behind it costs three times the division. */
#include <openssl/bn.h>
#include <openssl/err.h>
#include <sodium.h>
#include <string.h>

#include "bytes/memory.h"
#include "crypto/curve.h"
#include "crypto/point.h"

sotto_status crypto_ed25519_to_x25519(crypto_x25519_public *ret, const crypto_ed25519_public *key) {
    crypto_x25519_public u;
    uint8_t y[32];
    memcpy(y, key->bytes, 32);
    y[31] &= 127;
    /* No point of prime order has a second form, so the subgroup check would do; but it is not what it is there for. */
    if (!crypto_point_is_canonical(y)) return SOTTO_FAIL(BAD_KEY);
    if (crypto_sign_ed25519_pk_to_curve25519(u.bytes, key->bytes) != 0) return SOTTO_FAIL(BAD_KEY);
    *ret = u;
    return SOTTO_OK;
}

/* y = (u - 1) / (u + 1) modulo p = 2^255 - 19. u is canonical and not p - 1. */
static bool map_to_y(uint8_t ret[32], const uint8_t u_form[32], BN_CTX *context) {
    BN_CTX_start(context);
    BIGNUM *p = BN_CTX_get(context), *u = BN_CTX_get(context), *above = BN_CTX_get(context);
    BIGNUM *below = BN_CTX_get(context), *y = BN_CTX_get(context);
    bool done = y && BN_one(p) && BN_lshift(p, p, 255) && BN_sub_word(p, 19) && BN_lebin2bn(u_form, 32, u) &&
                BN_copy(above, u) && BN_add_word(above, 1) && BN_mod_inverse(below, above, p, context) &&
                BN_sub(above, u, BN_value_one()) && BN_mod_mul(y, above, below, p, context) &&
                BN_bn2lebinpad(y, ret, 32) == 32;
    BN_CTX_end(context);
    if (!done) ERR_clear_error();
    return done;
}

sotto_status crypto_x25519_to_ed25519(crypto_ed25519_public *ret, const crypto_x25519_public *key, int sign) {
    crypto_ed25519_public point;
    SOTTO_TRY(crypto_x25519_check(key));
    BN_CTX *context = BN_CTX_new();
    bool mapped = context && map_to_y(point.bytes, key->bytes, context);
    BN_CTX_free(context);
    if (!mapped) return SOTTO_FAIL(CRYPTO_FAILED);
    if (sign) point.bytes[31] |= 128;
    /* Canonical, on the curve (not on the twist), not of small order, no torsion component. */
    if (crypto_core_ed25519_is_valid_point(point.bytes) != 1) return SOTTO_FAIL(BAD_KEY);
    *ret = point;
    return SOTTO_OK;
}
