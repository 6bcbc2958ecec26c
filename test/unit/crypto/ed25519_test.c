/* SPDX-License-Identifier: ISC
 *
 * Ed25519: RFC 8032's vectors, another implementation, and every signature and key that a lax verifier would take. */
#include <openssl/evp.h>
#include <sodium.h>

#include "crypto/curve.h"
#include "vectors.h"

/* Section 7.1, tests 1 to 3 and SHA(abc). The X25519 keys that belong to them were computed by another implementation.
 */
static const struct {
    const char *seed, *public_key, *x25519, *message, *signature;
} signed_messages[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
     "d85e07ec22b0ad881537c2f44d662d1a143cf830c57aca4305d85c7a90f6b62e", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
     "d25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
     "25c704c594b88afc00a76b69d1ed2b984d7e22550f3ed0802d04fbcd07d38d47", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
     "387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
     "cbb22fc9f790bd3eba9b84680c157ca4950a9894362601701f89c3c4d9fda23a", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
     "4a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "d5948dca7a9ad7175303dc6881c34aa7881fb946ee34dfd8fab126ed6db8da69",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
     "454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
     "3dca179c138ac17ad9bef1177331a704"},
};
#define SIGNED (sizeof signed_messages / sizeof *signed_messages)

static crypto_identity identity_of(const char *seed_text) {
    crypto_identity identity;
    uint8_t seed[32];
    unhex_into(seed, 32, seed_text);
    assert_ok(crypto_identity_from_seed(&identity, seed));
    return identity;
}

static void vectors_of_the_standard(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    for (size_t i = 0; i < SIGNED; i++) {
        const vector message = unhex(signed_messages[i].message);
        crypto_identity identity = identity_of(signed_messages[i].seed);
        crypto_signature signature;
        crypto_x25519_pair pair;
        assert_int_equal(identity.is_scalar, 0);
        assert_hex(identity.secret, 32, signed_messages[i].seed);
        assert_hex(identity.ed25519.bytes, 32, signed_messages[i].public_key);
        assert_hex(identity.x25519.bytes, 32, signed_messages[i].x25519);
        assert_ok(crypto_x25519_derive(&pair, &identity.x25519_private));
        assert_memory_equal(pair.public_key.bytes, identity.x25519.bytes, 32);
        assert_ok(crypto_identity_sign(&signature, &identity, span(&message), &r.host));
        assert_hex(signature.bytes, 64, signed_messages[i].signature);
        assert_ok(crypto_ed25519_verify(&identity.ed25519, span(&message), &signature));
    }
    assert_int_equal(r.random_calls, 0); /* a seed signs without randomness */
}

static void as_libcrypto_does_it(void **state) {
    (void)state;
    rig r;
    uint8_t message[1023];
    rig_start(&r);
    assert_ok(r.host.random(r.host.arg, message, sizeof message));
    for (size_t len = 0; len <= sizeof message; len += 93) {
        crypto_identity identity;
        crypto_signature signature;
        uint8_t expected[64];
        size_t size = sizeof expected;
        assert_ok(crypto_identity_new(&identity, &r.host));
        EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, identity.secret, 32);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, key), 1);
        assert_int_equal(EVP_DigestSign(context, expected, &size, message, len), 1);
        assert_ok(crypto_identity_sign(&signature, &identity, bytes_of(message, len), &r.host));
        assert_memory_equal(signature.bytes, expected, 64);
        assert_ok(crypto_ed25519_verify(&identity.ed25519, bytes_of(message, len), &signature));
        EVP_MD_CTX_free(context);
        EVP_PKEY_free(key);
    }
}

static void one_bit_wrong(void **state) {
    (void)state;
    const vector message = unhex(signed_messages[2].message);
    crypto_identity identity = identity_of(signed_messages[2].seed), other = identity_of(signed_messages[1].seed);
    crypto_signature signature;
    unhex_into(signature.bytes, 64, signed_messages[2].signature);
    for (size_t bit = 0; bit < 512; bit++) {
        signature.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_status(crypto_ed25519_verify(&identity.ed25519, span(&message), &signature), BAD_SIGNATURE);
        signature.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_status(crypto_ed25519_verify(&identity.ed25519, BYTES_NONE, &signature), BAD_SIGNATURE);
    assert_status(crypto_ed25519_verify(&identity.ed25519, bytes_of(message.at, 1), &signature), BAD_SIGNATURE);
    assert_status(crypto_ed25519_verify(&other.ed25519, span(&message), &signature), BAD_SIGNATURE);
    identity.ed25519.bytes[31] ^= 128; /* the sign of the key is part of it (T27) */
    assert_status(crypto_ed25519_verify(&identity.ed25519, span(&message), &signature), BAD_SIGNATURE);
}

/* RFC 8032 section 5.1.7: S must be below L, or every signature has a second form. */
static void a_second_form_of_s(void **state) {
    (void)state;
    uint8_t order[32];
    unhex_into(order, 32, "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    for (size_t i = 0; i < SIGNED; i++) {
        const vector message = unhex(signed_messages[i].message);
        crypto_identity identity = identity_of(signed_messages[i].seed);
        crypto_signature signature;
        unsigned carry = 0;
        unhex_into(signature.bytes, 64, signed_messages[i].signature);
        for (size_t at = 0; at < 32; at++) {
            carry += (unsigned)signature.bytes[32 + at] + order[at];
            signature.bytes[32 + at] = (uint8_t)carry;
            carry >>= 8;
        }
        assert_int_equal(carry, 0);
        assert_status(crypto_ed25519_verify(&identity.ed25519, span(&message), &signature), BAD_SIGNATURE);
    }
}

/* The eight points whose order divides 8, then forms of them that are not canonical. */
static const char *const small_order[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};
/* Not canonical (y = 3 + p, on the curve), and two of which y is on no point. */
static const char *const no_point[] = {
    "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0200000000000000000000000000000000000000000000000000000000000000",
    "0200000000000000000000000000000000000000000000000000000000000080",
};

/* S times the base point equals R + hA for R = SB when A is neutral, whatever the message is. */
static void keys_of_small_order(void **state) {
    (void)state;
    crypto_signature signature;
    uint8_t s[32] = {5};
    assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(signature.bytes, s), 0);
    memcpy(signature.bytes + 32, s, 32);
    for (size_t i = 0; i < sizeof small_order / sizeof *small_order; i++) {
        crypto_ed25519_public key;
        unhex_into(key.bytes, 32, small_order[i]);
        assert_status(crypto_ed25519_verify(&key, BYTES_LITERAL("anything"), &signature), BAD_KEY);
    }
    for (size_t i = 0; i < sizeof no_point / sizeof *no_point; i++) {
        crypto_ed25519_public key;
        unhex_into(key.bytes, 32, no_point[i]);
        assert_status(crypto_ed25519_verify(&key, BYTES_LITERAL("anything"), &signature), BAD_KEY);
    }
}

/* h(R, A, M) modulo L. */
static void challenge(uint8_t ret[32], const uint8_t R[32], const uint8_t A[32], sotto_bytes message) {
    crypto_hash_sha512_state hash;
    uint8_t wide[64];
    crypto_hash_sha512_init(&hash);
    crypto_hash_sha512_update(&hash, R, 32);
    crypto_hash_sha512_update(&hash, A, 32);
    crypto_hash_sha512_update(&hash, message.at, message.len);
    crypto_hash_sha512_final(&hash, wide);
    crypto_core_ed25519_scalar_reduce(ret, wide);
}

/* S = r + ha for a given R (which may be no multiple of r at all). */
static void forge(crypto_signature *ret, const uint8_t R[32], const uint8_t r[32], const crypto_identity *identity,
                  sotto_bytes message) {
    uint8_t h[32], a[32], wide[64] = {0};
    memcpy(wide, identity->x25519_private.bytes, 32);
    crypto_core_ed25519_scalar_reduce(a, wide);
    challenge(h, R, identity->ed25519.bytes, message);
    crypto_core_ed25519_scalar_mul(h, h, a);
    crypto_core_ed25519_scalar_add(ret->bytes + 32, r, h);
    memcpy(ret->bytes, R, 32);
}

/* R of small order with S = ha satisfies the equation with the cofactor; with R neutral, the one without it too. */
static void an_r_of_small_order(void **state) {
    (void)state;
    const sotto_bytes message = BYTES_LITERAL("anything");
    crypto_identity identity = identity_of(signed_messages[0].seed);
    for (size_t i = 0; i < sizeof small_order / sizeof *small_order; i++) {
        crypto_signature signature;
        uint8_t R[32], r[32] = {0};
        unhex_into(R, 32, small_order[i]);
        forge(&signature, R, r, &identity, message);
        assert_status(crypto_ed25519_verify(&identity.ed25519, message, &signature), BAD_SIGNATURE);
    }
}

/* R = rB plus a point of order 8 passes only where the equation is multiplied by the cofactor. */
static void an_r_with_torsion(void **state) {
    (void)state;
    const sotto_bytes message = BYTES_LITERAL("anything");
    crypto_identity identity = identity_of(signed_messages[0].seed);
    for (size_t i = 0; i < 8; i++) {
        crypto_signature signature;
        uint8_t R[32], T[32], r[32] = {77, 1};
        unhex_into(T, 32, small_order[i]);
        assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(R, r), 0);
        assert_int_equal(crypto_core_ed25519_add(R, R, T), 0);
        forge(&signature, R, r, &identity, message);
        sotto_status status = crypto_ed25519_verify(&identity.ed25519, message, &signature);
        if (i == 0)
            assert_ok(status); /* the neutral one: an honest signature, so the forging itself is right */
        else
            assert_status(status, BAD_SIGNATURE);
    }
}

static void without_randomness(void **state) {
    (void)state;
    rig r;
    crypto_identity identity, before;
    memset(&identity, 0x33, sizeof identity);
    memset(&before, 0x33, sizeof before);
    rig_start(&r);
    r.random_fail_at = 1;
    assert_status(crypto_identity_new(&identity, &r.host), NO_RANDOM);
    assert_memory_equal(&identity, &before, sizeof identity);
}

int ed25519_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_the_standard), cmocka_unit_test(as_libcrypto_does_it),
        cmocka_unit_test(one_bit_wrong),           cmocka_unit_test(a_second_form_of_s),
        cmocka_unit_test(keys_of_small_order),     cmocka_unit_test(an_r_of_small_order),
        cmocka_unit_test(an_r_with_torsion),       cmocka_unit_test(without_randomness),
    };
    return cmocka_run_group_tests_name("ed25519", tests, NULL, NULL);
}
