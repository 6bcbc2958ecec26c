/* SPDX-License-Identifier: ISC
 *
 * Identities and signatures. One key serves agreement and signing (XEP-0384 section 4.2): the scalar that Ed25519
 * makes of a seed is the X25519 private key, and a scalar without a seed signs by XEdDSA. */
#include <sodium.h>
#include <string.h>

#include "bytes/memory.h"
#include "bytes/span.h"
#include "crypto/curve.h"
#include "crypto/hash.h"
#include "crypto/point.h"
#include "crypto/xeddsa.h"

sotto_status crypto_identity_from_seed(crypto_identity *ret, const uint8_t seed[32]) {
    crypto_identity identity = {.is_scalar = 0};
    uint8_t secret_key[crypto_sign_ed25519_SECRETKEYBYTES];
    memcpy(identity.secret, seed, 32);
    bool made = crypto_sign_ed25519_seed_keypair(identity.ed25519.bytes, secret_key, seed) == 0 &&
                crypto_sign_ed25519_sk_to_curve25519(identity.x25519_private.bytes, secret_key) == 0;
    sotto_status status = made ? SOTTO_OK : SOTTO_FAIL(CRYPTO_FAILED);
    crypto_point_to_u(identity.x25519.bytes, identity.ed25519.bytes); /* the same multiple of the base point */
    if (sotto_ok(status)) *ret = identity;
    bytes_wipe(secret_key, sizeof secret_key);
    bytes_wipe(&identity, sizeof identity);
    return status;
}

sotto_status crypto_identity_from_scalar(crypto_identity *ret, const uint8_t scalar[32]) {
    crypto_identity identity = {.is_scalar = 1};
    crypto_xeddsa_pair pair;
    memcpy(identity.secret, scalar, 32);
    crypto_point_clamp(identity.secret);
    memcpy(identity.x25519_private.bytes, identity.secret, 32);
    sotto_status status = crypto_xeddsa_pair_from(&pair, identity.secret);
    if (sotto_ok(status)) {
        identity.ed25519 = pair.public_key;
        crypto_point_to_u(identity.x25519.bytes, identity.ed25519.bytes);
        *ret = identity;
    }
    bytes_wipe(&pair, sizeof pair);
    bytes_wipe(&identity, sizeof identity);
    return status;
}

sotto_status crypto_identity_new(crypto_identity *ret, const sotto_host *host) {
    uint8_t seed[32];
    SOTTO_TRY(crypto_random(host, seed, sizeof seed));
    sotto_status status = crypto_identity_from_seed(ret, seed);
    bytes_wipe(seed, sizeof seed);
    return status;
}

static sotto_status seed_sign(crypto_signature *ret, const crypto_identity *identity, sotto_bytes message) {
    uint8_t secret_key[crypto_sign_ed25519_SECRETKEYBYTES]; /* as libsodium has it: the seed, then the public key */
    memcpy(secret_key, identity->secret, 32);
    memcpy(secret_key + 32, identity->ed25519.bytes, 32);
    int result = crypto_sign_ed25519_detached(ret->bytes, NULL, message.at, message.len, secret_key);
    bytes_wipe(secret_key, sizeof secret_key);
    if (result == 0) return SOTTO_OK;
    bytes_wipe(ret, sizeof *ret);
    return SOTTO_FAIL(CRYPTO_FAILED);
}

sotto_status crypto_identity_sign(crypto_signature *ret, const crypto_identity *identity, sotto_bytes message,
                                  const sotto_host *host) {
    if (!identity->is_scalar) return seed_sign(ret, identity, message);
    uint8_t random[64];
    SOTTO_TRY(crypto_random(host, random, sizeof random));
    sotto_status status = crypto_xeddsa_sign(ret, identity->secret, message, random);
    bytes_wipe(random, sizeof random);
    return status;
}

/* Whether the key itself is at fault: not canonical, not on the curve, or 8 times it is the neutral element. */
static bool key_is_bad(const crypto_ed25519_public *key) {
    static const uint8_t neutral[32] = {1};
    uint8_t y[32], point[32];
    memcpy(y, key->bytes, 32);
    y[31] &= 127;
    if (!crypto_point_is_canonical(y)) return true;
    memcpy(point, key->bytes, 32);
    for (size_t doubled = 0; doubled < 3; doubled++) {
        uint8_t twice[32];
        if (crypto_core_ed25519_add(twice, point, point) != 0) return true;
        memcpy(point, twice, 32);
    }
    return crypto_equal(point, neutral, 32);
}

/* libsodium is as strict as T27 asks: S below L, canonical key, neither key nor R of small order, equation without
 * cofactor. It does not say why it refuses, so that is found out afterwards. */
sotto_status crypto_ed25519_verify(const crypto_ed25519_public *key, sotto_bytes message,
                                   const crypto_signature *signature) {
    if (crypto_sign_ed25519_verify_detached(signature->bytes, message.at, message.len, key->bytes) == 0)
        return SOTTO_OK;
    return key_is_bad(key) ? SOTTO_FAIL(BAD_KEY) : SOTTO_FAIL(BAD_SIGNATURE);
}
