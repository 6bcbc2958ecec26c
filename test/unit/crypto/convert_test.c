/* SPDX-License-Identifier: ISC
 *
 * Conversion of public keys. */
#include <sodium.h>

#include "crypto/curve.h"
#include "crypto/hash.h"
#include "crypto/point.h"
#include "vectors.h"

/* RFC 8032 section 7.1's public keys and the X25519 form; the last has sign 1. Computed by another implementation. */
static const struct {
    const char *ed25519, *x25519;
} pairs[] = {
    {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
     "d85e07ec22b0ad881537c2f44d662d1a143cf830c57aca4305d85c7a90f6b62e"},
    {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
     "25c704c594b88afc00a76b69d1ed2b984d7e22550f3ed0802d04fbcd07d38d47"},
    {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
     "cbb22fc9f790bd3eba9b84680c157ca4950a9894362601701f89c3c4d9fda23a"},
    {"8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394",
     "60346e7c911a5f6ba154129174cafe75b294ac3bbd5549632f48cec6266f8410"},
    {"5866666666666666666666666666666666666666666666666666666666666666", /* the base point */
     "0900000000000000000000000000000000000000000000000000000000000000"},
};

static void both_ways(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        crypto_ed25519_public edwards, back;
        crypto_x25519_public montgomery;
        unhex_into(edwards.bytes, 32, pairs[i].ed25519);
        assert_ok(crypto_ed25519_to_x25519(&montgomery, &edwards));
        assert_hex(montgomery.bytes, 32, pairs[i].x25519);
        assert_ok(crypto_x25519_to_ed25519(&back, &montgomery, edwards.bytes[31] >> 7));
        assert_memory_equal(back.bytes, edwards.bytes, 32);
        edwards.bytes[31] ^= 128; /* the other sign is the same u */
        assert_ok(crypto_ed25519_to_x25519(&montgomery, &edwards));
        assert_hex(montgomery.bytes, 32, pairs[i].x25519);
        assert_ok(crypto_x25519_to_ed25519(&back, &montgomery, edwards.bytes[31] >> 7));
        assert_memory_equal(back.bytes, edwards.bytes, 32);
    }
}

static void identities_agree_with_their_conversion(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    for (size_t i = 0; i < 30; i++) {
        crypto_identity identity;
        crypto_x25519_public montgomery;
        crypto_ed25519_public edwards;
        assert_ok(crypto_identity_new(&identity, &r.host));
        assert_ok(crypto_ed25519_to_x25519(&montgomery, &identity.ed25519));
        assert_memory_equal(montgomery.bytes, identity.x25519.bytes, 32);
        assert_ok(crypto_x25519_to_ed25519(&edwards, &montgomery, identity.ed25519.bytes[31] >> 7));
        assert_memory_equal(edwards.bytes, identity.ed25519.bytes, 32);
    }
}

static void assert_edwards_refused(const char *text) {
    crypto_ed25519_public key;
    crypto_x25519_public out;
    memset(&out, 0x66, sizeof out);
    unhex_into(key.bytes, 32, text);
    for (size_t sign = 0; sign < 2; sign++) {
        assert_status(crypto_ed25519_to_x25519(&out, &key), BAD_KEY);
        assert_int_equal(out.bytes[0], 0x66);
        key.bytes[31] ^= 128;
    }
}

static void assert_montgomery_refused(const char *text) {
    crypto_x25519_public key;
    crypto_ed25519_public out;
    memset(&out, 0x66, sizeof out);
    unhex_into(key.bytes, 32, text);
    for (int sign = 0; sign < 2; sign++) {
        assert_status(crypto_x25519_to_ed25519(&out, &key, sign), BAD_KEY);
        assert_int_equal(out.bytes[0], 0x66);
    }
}

/* The public keys of RFC 8032 tests 1 to 3, each plus a point of order 8, 4 and 2; as Edwards y and Montgomery u. */
static const struct {
    const char *edwards, *montgomery;
} torsioned[] = {
    {"b2a4b8a3b47d22ea8d86603ab90b393fc1b87399ab55b3806ba4cb815cd509f2",
     "47675d1dcda7414d02df4f404ef2ccc81fdf131a5ed52d32ebb938a187a93a27"},
    {"40c7570f4dd54835b9131184410ed4a0cc93e7d9ad053cbc6d07a62426999582",
     "22442993296c8296587efe54a7e9ce5279d5b2f157b0dd2a51c4b057b000974d"},
    {"16a567fe7d4ef5482ab4012c369bf8c5f11e8d0c2559dcda50fde59708f8aee5",
     "63302ca897ee83d8bc6b721ab7b89a0473b897c1442148ee4973aa82f6a4376e"},
    {"c328e7600d3aff6f71580b97d86033202348751be9b011283aaca42366ace359",
     "aef52b174c5dd340b4143512b6cf06f8405781777976f022ae8235b0764a944d"},
    {"0c93f444756512dee622cfa898aa860359577e0a4a5490f6052c9d08fa53ee4c",
     "f6f9ca3129b29fc7d583b1dae4d98a8332db549a06ac139c2423d90f7f6cf20d"},
    {"b0bfe83c17bc76a56d48f558b2e481436367d330d13b69733f32aa0ed50b99f3",
     "882ec9bd0e4f2d41142af15c6977be8328ae43bef375214b8b8c85fd867e6079"},
    {"cd5544284094918be4023b7b4e1632fa7d44d1c69ffa7ff230b9bced5996dd3f",
     "73a07760da13a7380383380ba4ecca2f12be1041324ec518280646d0aff6e921"},
    {"d593d2fe924e6a29fe0ee009e4276cc4393fa6210d1dd8abd4b72758029d1cc1",
     "ff7535bc11fefc197a9df7c3cf0f5a366dd0b9c94ec92c74f9cc80a56fcd2804"},
    {"f1ad32719de75e5c725b812ffdcf0fa7f7e912ec45ccfc53a2146eeab76f7fda",
     "2249ddb43b50205a2a837f04b4eca2b4c0dfced006ae873a5f5f23dce6caa907"},
};

static void keys_with_torsion(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof torsioned / sizeof *torsioned; i++) {
        crypto_ed25519_public key;
        unhex_into(key.bytes, 32, torsioned[i].edwards);
        assert_int_equal(crypto_core_ed25519_is_valid_point(key.bytes), 0);
        assert_int_equal(crypto_core_ed25519_add(key.bytes, key.bytes, key.bytes), 0); /* yet on the curve */
        assert_edwards_refused(torsioned[i].edwards);
        assert_montgomery_refused(torsioned[i].montgomery);
    }
}

static void keys_of_small_order_or_none(void **state) {
    (void)state;
    static const char *const edwards[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* 0 again */
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* 1 again */
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* 3 again, which is a point */
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0200000000000000000000000000000000000000000000000000000000000000", /* no point */
    };
    static const char *const montgomery[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* u = -1: nothing to divide by */
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* 9 again */
        "0900000000000000000000000000000000000000000000000000000000000080",
        "0200000000000000000000000000000000000000000000000000000000000000", /* on the twist */
    };
    for (size_t i = 0; i < sizeof edwards / sizeof *edwards; i++) assert_edwards_refused(edwards[i]);
    for (size_t i = 0; i < sizeof montgomery / sizeof *montgomery; i++) assert_montgomery_refused(montgomery[i]);
}

/* u of a point, whatever its order, for the tests of the other form. */
static crypto_x25519_public u_of(const crypto_ed25519_public *point) {
    crypto_x25519_public u;
    crypto_point_to_u(u.bytes, point->bytes);
    return u;
}

/* All that says whether a point is in the subgroup, beside libsodium's multiplication by its order. */
static void assert_verdict(const crypto_ed25519_public *point, bool good) {
    crypto_x25519_public montgomery, u = u_of(point);
    crypto_ed25519_public back;
    int sign = point->bytes[31] >> 7;
    assert_int_equal(crypto_core_ed25519_is_valid_point(point->bytes), good);
    if (good) {
        uint8_t expected[32];
        assert_int_equal(crypto_sign_ed25519_pk_to_curve25519(expected, point->bytes), 0);
        assert_ok(crypto_ed25519_to_x25519(&montgomery, point));
        assert_memory_equal(montgomery.bytes, expected, 32);
        assert_memory_equal(u.bytes, expected, 32);
        assert_ok(crypto_x25519_check_order(&u));
        assert_ok(crypto_x25519_to_ed25519(&back, &u, sign));
        assert_memory_equal(back.bytes, point->bytes, 32);
    } else {
        assert_status(crypto_ed25519_to_x25519(&montgomery, point), BAD_KEY);
        assert_status(crypto_x25519_check_order(&u), BAD_KEY);
        assert_status(crypto_x25519_to_ed25519(&back, &u, sign), BAD_KEY);
    }
}

/* T26. Points of the subgroup plus each of the eight points whose order divides 8: one class in eight is good. The
 * torsion points by themselves are not. */
static void every_class_of_torsion(void **state) {
    (void)state;
    rig r;
    crypto_ed25519_public torsion[8] = {{{1}}}, point, neutral = {{1}};
    rig_start(&r);
    unhex_into(torsion[1].bytes, 32, "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
    for (size_t k = 2; k < 8; k++)
        assert_int_equal(crypto_core_ed25519_add(torsion[k].bytes, torsion[k - 1].bytes, torsion[1].bytes), 0);
    assert_int_equal(crypto_core_ed25519_add(point.bytes, torsion[7].bytes, torsion[1].bytes), 0);
    assert_memory_equal(point.bytes, neutral.bytes, 32); /* the order is 8 */
    for (size_t k = 0; k < 8; k++) {
        assert_verdict(&torsion[k], false);
        for (size_t j = 0; j < k; j++) assert_memory_not_equal(torsion[k].bytes, torsion[j].bytes, 32);
    }
    for (size_t i = 0; i < 60; i++) {
        uint8_t scalar[32] = {0}, in_subgroup[32];
        assert_ok(crypto_random(&r.host, scalar, i < 4 ? 1 : 31)); /* the first few times the base point is small */
        scalar[0] |= 1;
        assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(in_subgroup, scalar), 0);
        for (size_t k = 0; k < 8; k++) {
            assert_int_equal(crypto_core_ed25519_add(point.bytes, in_subgroup, torsion[k].bytes), 0);
            assert_verdict(&point, k == 0);
            point.bytes[31] ^= 128; /* its negative */
            assert_verdict(&point, k == 0);
        }
    }
}

/* Any bytes: half of them are no point, and one in eight of the others is in the subgroup. As u, half are on the twist.
 */
static void any_bytes(void **state) {
    (void)state;
    rig r;
    size_t good = 0, on_curve = 0;
    rig_start(&r);
    for (size_t i = 0; i < 600; i++) {
        crypto_ed25519_public point;
        crypto_x25519_public u, montgomery;
        uint8_t sum[32];
        assert_ok(crypto_random(&r.host, point.bytes, 32));
        bool valid = crypto_core_ed25519_is_valid_point(point.bytes) == 1;
        good += valid;
        on_curve += crypto_core_ed25519_add(sum, point.bytes, point.bytes) == 0;
        assert_int_equal(sotto_ok(crypto_ed25519_to_x25519(&montgomery, &point)), valid);
        u = u_of(&point);
        assert_int_equal(sotto_ok(crypto_x25519_check_order(&u)), valid);
    }
    assert_true(on_curve > 240 && on_curve < 360);
    assert_true(good > 15 && good < 70);
}

int convert_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(identities_agree_with_their_conversion),
        cmocka_unit_test(keys_with_torsion),
        cmocka_unit_test(keys_of_small_order_or_none),
        cmocka_unit_test(every_class_of_torsion),
        cmocka_unit_test(any_bytes),
    };
    return cmocka_run_group_tests_name("convert", tests, NULL, NULL);
}
