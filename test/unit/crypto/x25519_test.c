/* SPDX-License-Identifier: ISC
 *
 * Agreement: RFC 7748's vectors, another implementation, and every key that must be refused. */
#include <openssl/evp.h>
#include <sodium.h>

#include "crypto/curve.h"
#include "crypto/hash.h"
#include "vectors.h"

static const uint8_t base[32] = {9};

static void agree(uint8_t out[32], const char *private_text, const char *public_text) {
    crypto_x25519_private private_key;
    crypto_x25519_public public_key;
    unhex_into(private_key.bytes, 32, private_text);
    unhex_into(public_key.bytes, 32, public_text);
    assert_ok(crypto_x25519_agree(out, &private_key, &public_key));
}

/* Section 5.2. The second vector's u has its high bit set, which RFC 7748 ignores and T26 refuses. */
static void vectors_of_section_5(void **state) {
    (void)state;
    static const char second_key[] = "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d";
    uint8_t out[32];
    agree(out, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
          "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    assert_hex(out, 32, "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    agree(out, second_key, "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a413");
    assert_hex(out, 32, "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
    crypto_x25519_private private_key;
    crypto_x25519_public public_key;
    unhex_into(private_key.bytes, 32, second_key);
    unhex_into(public_key.bytes, 32, "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493");
    assert_status(crypto_x25519_agree(out, &private_key, &public_key), BAD_KEY);
    assert_zero(out, 32);
}

static void iterated(void **state) {
    (void)state;
    crypto_x25519_private k;
    crypto_x25519_public u;
    memcpy(k.bytes, base, 32);
    memcpy(u.bytes, base, 32);
    for (size_t i = 1; i <= 1000; i++) {
        uint8_t next[32];
        assert_ok(crypto_x25519_agree(next, &k, &u));
        memcpy(u.bytes, k.bytes, 32);
        memcpy(k.bytes, next, 32);
        if (i == 1) assert_hex(next, 32, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    }
    assert_hex(k.bytes, 32, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

static void vectors_of_section_6(void **state) {
    (void)state;
    static const char alice[] = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
    static const char bob[] = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
    crypto_x25519_private private_key;
    crypto_x25519_pair a, b;
    uint8_t out[32];
    unhex_into(private_key.bytes, 32, alice);
    assert_ok(crypto_x25519_derive(&a, &private_key));
    unhex_into(private_key.bytes, 32, bob);
    assert_ok(crypto_x25519_derive(&b, &private_key));
    assert_hex(a.private_key.bytes, 32, alice);
    assert_hex(a.public_key.bytes, 32, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    assert_hex(b.public_key.bytes, 32, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    assert_ok(crypto_x25519_agree(out, &a.private_key, &b.public_key));
    assert_hex(out, 32, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    assert_ok(crypto_x25519_agree(out, &b.private_key, &a.public_key));
    assert_hex(out, 32, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

static void as_libcrypto_does_it(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    for (size_t i = 0; i < 20; i++) {
        crypto_x25519_pair ours, theirs;
        uint8_t public_key[32], expected[32], out[32];
        size_t len = 32;
        assert_ok(crypto_x25519_new(&ours, &r.host));
        assert_ok(crypto_x25519_new(&theirs, &r.host));
        EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, ours.private_key.bytes, 32);
        EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, theirs.public_key.bytes, 32);
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
        assert_int_equal(EVP_PKEY_get_raw_public_key(own, public_key, &len), 1);
        assert_memory_equal(public_key, ours.public_key.bytes, 32);
        assert_int_equal(EVP_PKEY_derive_init(context), 1);
        assert_int_equal(EVP_PKEY_derive_set_peer(context, peer), 1);
        assert_int_equal(EVP_PKEY_derive(context, expected, &len), 1);
        assert_ok(crypto_x25519_agree(out, &ours.private_key, &theirs.public_key));
        assert_memory_equal(out, expected, 32);
        EVP_PKEY_CTX_free(context);
        EVP_PKEY_free(own);
        EVP_PKEY_free(peer);
    }
}

static void new_pairs(void **state) {
    (void)state;
    rig r;
    crypto_x25519_pair a, b, before;
    rig_start(&r);
    assert_ok(crypto_x25519_new(&a, &r.host));
    assert_ok(crypto_x25519_new(&b, &r.host));
    assert_int_equal(r.random_calls, 2);
    assert_memory_not_equal(a.private_key.bytes, b.private_key.bytes, 32);
    assert_int_equal(a.private_key.bytes[0] & 7, 0);
    assert_int_equal(a.private_key.bytes[31] & 0xc0, 0x40);
    assert_ok(crypto_x25519_check(&a.public_key));
    before = a;
    r.random_fail_at = 3;
    assert_status(crypto_x25519_new(&a, &r.host), NO_RANDOM);
    assert_memory_equal(&a, &before, sizeof a);
}

/* The public key by way of the Edwards form is the one that libsodium's ladder gives, for private keys of any bits. */
static void public_keys_of_the_ladder(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    for (size_t i = 0; i < 300; i++) {
        crypto_x25519_private key;
        crypto_x25519_pair pair;
        uint8_t expected[32];
        assert_ok(crypto_random(&r.host, key.bytes, 32));
        if (i < 2) memset(key.bytes, i == 0 ? 0 : 255, 32);
        assert_int_equal(crypto_scalarmult_curve25519(expected, key.bytes, base), 0);
        assert_ok(crypto_x25519_derive(&pair, &key));
        assert_memory_equal(pair.public_key.bytes, expected, 32);
        assert_memory_equal(pair.private_key.bytes, key.bytes, 32);
        assert_ok(crypto_x25519_check_order(&pair.public_key));
    }
}

/* 0, 1, the two of order 8, p-1; then forms that are not canonical: p, p+1, 2^255-1, and each with the high bit. */
static const char *const bad_keys[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0900000000000000000000000000000000000000000000000000000000000080",
    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4eea",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

static void keys_that_are_refused(void **state) {
    (void)state;
    rig r;
    crypto_x25519_pair pair;
    rig_start(&r);
    assert_ok(crypto_x25519_new(&pair, &r.host));
    for (size_t i = 0; i < 2 * sizeof bad_keys / sizeof *bad_keys; i++) {
        crypto_x25519_public key;
        uint8_t out[32];
        unhex_into(key.bytes, 32, bad_keys[i / 2]);
        if (i % 2 == 1) key.bytes[31] |= 128;
        memset(out, 0x55, sizeof out);
        assert_status(crypto_x25519_check(&key), BAD_KEY);
        assert_status(crypto_x25519_agree(out, &pair.private_key, &key), BAD_KEY);
        assert_zero(out, sizeof out);
    }
}

/* The neighbours of what is refused, so that nothing else is. */
static void keys_that_are_not_refused(void **state) {
    (void)state;
    static const char *const keys[] = {
        "0200000000000000000000000000000000000000000000000000000000000000",
        "ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e1eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7e",
        "ffffffffffffffffffffffffffffffff00ffffffffffffffffffffffffffff7f",
    };
    rig r;
    crypto_x25519_pair pair;
    rig_start(&r);
    assert_ok(crypto_x25519_new(&pair, &r.host));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        crypto_x25519_public key;
        uint8_t out[32];
        unhex_into(key.bytes, 32, keys[i]);
        assert_ok(crypto_x25519_check(&key));
        assert_ok(crypto_x25519_agree(out, &pair.private_key, &key));
    }
}

int x25519_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_section_5),
        cmocka_unit_test(iterated),
        cmocka_unit_test(vectors_of_section_6),
        cmocka_unit_test(as_libcrypto_does_it),
        cmocka_unit_test(new_pairs),
        cmocka_unit_test(public_keys_of_the_ladder),
        cmocka_unit_test(keys_that_are_refused),
        cmocka_unit_test(keys_that_are_not_refused),
    };
    return cmocka_run_group_tests_name("x25519", tests, NULL, NULL);
}
