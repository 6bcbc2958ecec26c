/* SPDX-License-Identifier: ISC
 *
 * XEdDSA. */
#include "crypto/curve.h"
#include "vectors.h"

/* Signed with the random bytes 0, 1, ... 63. The first three scalars are those that RFC 8032 section 7.1 makes of its
 * seeds (so the public keys are known from there); of the last three, the negative is used. Computed by two other
 * implementations. */
static const struct {
    const char *scalar, *x25519, *ed25519, *message, *signature;
} cases[] = {
    {"307c83864f2833cb427a2ef1c00a013cfdff2768d980c0a3a520f006904de94f",
     "d85e07ec22b0ad881537c2f44d662d1a143cf830c57aca4305d85c7a90f6b62e",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "ad0c06f9dd29276699a487860dc86351bb2a5acd55dc2ee0f77e34b580e1d6ad448947c7b814973bb8b75aa1bb9702bb"
     "b90e66be0ccaa99eed6d6489f4b48b0a"}, /* as it is */
    {"68bd9ed75882d52815a97585caf4790a7f6c6b3b7f821c5e259a24b02e502e51",
     "25c704c594b88afc00a76b69d1ed2b984d7e22550f3ed0802d04fbcd07d38d47",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "e3a5ab956eb7c72fb3bdf1b89fb743449c7b25e06877ee3ef25490f74e811d5c80bc66b89630d63c30f9c220c110e541"
     "3509f0bd4944b43df4292492b34fcc00"}, /* as it is */
    {"909a8b755ed902849023a55b15c23d11ba4d7f4ec5c2f51b1325a181991ea95c",
     "cbb22fc9f790bd3eba9b84680c157ca4950a9894362601701f89c3c4d9fda23a",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "74b50b79e4b762bae71a4f1ad59b4e3570e7003d05bd25fb9e6de3593cdfa9993eca2c27546ddb10418d3ca580380d7f"
     "3ed7f012804fcf19082a639b0d47ff02"}, /* as it is */
    {"0101010101010101010101010101010101010101010101010101010101010101",
     "a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209",
     "5d214877c813e5db643d2b19eb0aa1ceeaff9e37c3a709147d6b6ee8e6905666", "616263",
     "93899003f592c3a46bdee24210e69fb89a3779215bb7abfbc7f0da8d6cd79a7cf81d96702121ae885096a0ce8489d62e"
     "5aed130ae97710b50946d13dba9cd806"}, /* as it is */
    {"0303030303030303030303030303030303030303030303030303030303030303",
     "5dfedd3b6bd47f6fa28ee15d969d5bb0ea53774d488bdaf9df1c6e0124b3ef22",
     "5f863f6e46f6c891ead8d9911b5963f509f4fd0a8d97cd839d255c5a6585fe54", "",
     "c88177d2ff85fdbc7a990143ae5f8113a4ede1fddc71a9238725b1d79a9afa5ea874ecf876bcaea6be3cc0c10a1ea0d5"
     "d3a95835731724166c91043b36281409"}, /* negated */
    {"0505050505050505050505050505050505050505050505050505050505050505",
     "50a61409b1ddd0325e9b16b700e719e9772c07000b1bd7786e907c653d20495d",
     "0db79c939678ef933cde100eba00c5fa580edd9a5211e53957fee894ca04bb0f", "616263",
     "97c475d36111e2162bcd6dd5524a403f8a3e949b584aea90ccee1475463b9ac2ee4b92fa51250f28b8979d7ef3b9a839"
     "5e14820e957f7ff6b5f4c7d18746c20f"}, /* negated */
    {"0606060606060606060606060606060606060606060606060606060606060606",
     "f5b2d6e60f9477e310c2982daaa6c9136c108a1777c5947e448fa37d68174557",
     "1ac67c39f553ce98901b185c3ed79355d5fbb232c681648df38b985adef4d867",
     "00000000000000000000000000000000000000000000000000000000000000000000000000000000",
     "fb8064ede87a4a4396f812e80aca4bfd3fe09a2f2bc8535390e82d5893503f4e7acab45fb5d7d6e61742a00c3cc80d5c"
     "34250602835dcd9c3548206be6201b04"}, /* negated */
};
#define CASES (sizeof cases / sizeof *cases)

static void vectors_of_others(void **state) {
    (void)state;
    uint8_t random[64];
    for (size_t i = 0; i < sizeof random; i++) random[i] = (uint8_t)i;
    for (size_t i = 0; i < CASES; i++) {
        const vector scalar = unhex(cases[i].scalar), message = unhex(cases[i].message);
        crypto_identity identity;
        crypto_signature signature;
        assert_ok(crypto_identity_from_scalar(&identity, scalar.at));
        assert_int_equal(identity.is_scalar, 1);
        assert_hex(identity.x25519.bytes, 32, cases[i].x25519);
        assert_hex(identity.ed25519.bytes, 32, cases[i].ed25519);
        assert_memory_equal(identity.secret, identity.x25519_private.bytes, 32);
        assert_int_equal(identity.secret[0] & 7, 0);
        assert_int_equal(identity.secret[31] & 0xc0, 0x40);
        assert_ok(crypto_xeddsa_sign(&signature, scalar.at, span(&message), random));
        assert_hex(signature.bytes, 64, cases[i].signature);
        assert_ok(crypto_ed25519_verify(&identity.ed25519, span(&message), &signature));
    }
}

/* What another client does: it knows the X25519 key only, converts it with sign 0, and verifies as Ed25519. */
static void verified_through_the_x25519_key(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    for (size_t i = 0; i < 40; i++) {
        uint8_t scalar[32], message[20];
        crypto_identity identity;
        crypto_signature signature, second;
        crypto_ed25519_public converted;
        assert_ok(r.host.random(r.host.arg, scalar, sizeof scalar));
        assert_ok(r.host.random(r.host.arg, message, sizeof message));
        assert_ok(crypto_identity_from_scalar(&identity, scalar));
        assert_ok(crypto_identity_sign(&signature, &identity, bytes_of(message, i % 20), &r.host));
        assert_ok(crypto_identity_sign(&second, &identity, bytes_of(message, i % 20), &r.host));
        assert_memory_not_equal(signature.bytes, second.bytes, 64); /* fresh randomness */
        assert_ok(crypto_x25519_to_ed25519(&converted, &identity.x25519, 0));
        assert_memory_equal(converted.bytes, identity.ed25519.bytes, 32);
        assert_ok(crypto_ed25519_verify(&converted, bytes_of(message, i % 20), &signature));
        assert_ok(crypto_ed25519_verify(&converted, bytes_of(message, i % 20), &second));
        converted.bytes[31] |= 128;
        assert_status(crypto_ed25519_verify(&converted, bytes_of(message, i % 20), &signature), BAD_SIGNATURE);
        signature.bytes[i] ^= 1;
        assert_status(crypto_ed25519_verify(&identity.ed25519, bytes_of(message, i % 20), &signature), BAD_SIGNATURE);
    }
}

/* A seed and the scalar it makes are the same agreement key; they differ at most in the sign of the Edwards form. */
static void a_seed_and_its_scalar(void **state) {
    (void)state;
    rig r;
    size_t signs = 0;
    rig_start(&r);
    for (size_t i = 0; i < 40; i++) {
        crypto_identity seed, scalar;
        assert_ok(crypto_identity_new(&seed, &r.host));
        assert_ok(crypto_identity_from_scalar(&scalar, seed.x25519_private.bytes));
        assert_memory_equal(seed.x25519.bytes, scalar.x25519.bytes, 32);
        assert_memory_equal(seed.ed25519.bytes, scalar.ed25519.bytes, 31);
        assert_int_equal(seed.ed25519.bytes[31] & 127, scalar.ed25519.bytes[31]);
        signs += seed.ed25519.bytes[31] >> 7;
    }
    assert_in_range(signs, 5, 35); /* both happened */
}

static void without_randomness(void **state) {
    (void)state;
    rig r;
    crypto_identity identity;
    crypto_signature signature, before;
    const uint8_t scalar[32] = {1};
    rig_start(&r);
    assert_ok(crypto_identity_from_scalar(&identity, scalar));
    memset(&signature, 0x44, sizeof signature);
    before = signature;
    r.random_fail_at = 1;
    assert_status(crypto_identity_sign(&signature, &identity, BYTES_LITERAL("m"), &r.host), NO_RANDOM);
    assert_memory_equal(&signature, &before, sizeof signature);
}

int xeddsa_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_others),
        cmocka_unit_test(verified_through_the_x25519_key),
        cmocka_unit_test(a_seed_and_its_scalar),
        cmocka_unit_test(without_randomness),
    };
    return cmocka_run_group_tests_name("xeddsa", tests, NULL, NULL);
}
