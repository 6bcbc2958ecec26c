/* SPDX-License-Identifier: ISC
 *
 * X3DH by itself. */
#include "groups.h"
#include "pairs.h"
#include "testing.h"

static sotto_status initiate(pairs *p, const omemo_offer *offer) {
    crypto_x25519_pair ephemeral = pairs_key(p);
    return omemo_exchange_initiate(&p->alice.session, &omemo_dialect_2, &p->alice.identity, &ephemeral, offer);
}

static void test_first_messages_carry_the_exchange(void **state) {
    (void)state;
    pairs p;
    pairs_start(&p);
    omemo_offer offer = pairs_offer(&p, &p.bob);
    assert_code(initiate(&p, &offer), 0);
    written first = pairs_say(&p, &p.alice, "first"), second = pairs_say(&p, &p.alice, "second");
    assert_true(first.kex);
    assert_true(second.kex);
    /* The second arrives first: a key exchange like any. The first is then a repeated one: only its message is read. */
    assert_code(pairs_accept(&p, &p.bob, &second), 0);
    pairs_hear(&p, &p.bob, &first, "first");
    written answer = pairs_say(&p, &p.bob, "answer");
    assert_false(answer.kex);
    pairs_hear(&p, &p.alice, &answer, "answer");
    written third = pairs_say(&p, &p.alice, "third");
    assert_false(third.kex);
    pairs_hear(&p, &p.bob, &third, "third");
    pairs_refuse(&p, &p.bob, &second, SOTTO_E_DUPLICATE);
    pairs_end(&p);
}

static void test_T30_signature_comes_before_agreement(void **state) {
    (void)state;
    pairs p;
    pairs_start(&p);
    for (unsigned part = 0; part < 3; part++) {
        omemo_offer offer = pairs_offer(&p, &p.bob);
        uint8_t *at = part == 0   ? offer.signature.bytes
                      : part == 1 ? offer.signature.bytes + 32
                                  : offer.signed_key.bytes;
        at[1] ^= 1;
        assert_code(initiate(&p, &offer), SOTTO_E_BAD_SIGNATURE);
        assert_code(omemo_offer_verify(&offer, &omemo_dialect_2), SOTTO_E_BAD_SIGNATURE);
        assert_false(offer.verified);
    }
    omemo_offer other = pairs_offer(&p, &p.bob);
    other.identity = omemo_dialect_2.identity->of(&p.alice.identity);
    assert_code(initiate(&p, &other), SOTTO_E_BAD_SIGNATURE);
    pairs_end(&p);
}

static const uint8_t small_order[][32] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
     0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
     0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {9, [31] = 0x80}, /* not canonical */
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, /* not canonical */
};

static void test_T25_T26_bad_points_in_offers(void **state) {
    (void)state;
    pairs p;
    pairs_start(&p);
    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++) {
        omemo_offer offer = pairs_offer(&p, &p.bob);
        memcpy(offer.prekey.bytes, small_order[i], 32);
        assert_code(initiate(&p, &offer), SOTTO_E_BAD_KEY);
        offer = pairs_offer(&p, &p.bob);
        memcpy(offer.signed_key.bytes, small_order[i], 32); /* well signed, by a malicious device */
        sotto_bytes bytes = bytes_of(offer.signed_key.bytes, 32);
        assert_code(crypto_identity_sign(&offer.signature, &p.bob.identity, bytes, sotto_host_default()), 0);
        assert_code(initiate(&p, &offer), SOTTO_E_BAD_KEY);
        /* Also when somebody says it was looked at. */
        offer = pairs_offer(&p, &p.bob);
        assert_code(omemo_offer_verify(&offer, &omemo_dialect_2), 0);
        assert_memory_equal(offer.form.bytes, p.bob.identity.x25519.bytes, 32);
        assert_code(initiate(&p, &offer), 0);
        memcpy(offer.signed_key.bytes, small_order[i], 32);
        assert_code(initiate(&p, &offer), SOTTO_E_BAD_KEY);
    }
    pairs_end(&p);
}

static void test_T25_T26_bad_points_in_exchanges(void **state) {
    (void)state;
    pairs p;
    pairs_start(&p);
    omemo_session session;
    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++) {
        omemo_kex kex = {.prekey_id = 77, .signed_id = 7, .identity = omemo_dialect_2.identity->of(&p.alice.identity)};
        memcpy(kex.ephemeral.bytes, small_order[i], 32);
        assert_code(
            omemo_exchange_accept(&session, &omemo_dialect_2, &p.bob.identity, &p.bob.signed_pair, &p.bob.prekey, &kex),
            SOTTO_E_BAD_KEY);
    }
    /* Identities: not on the curve, neutral element, of order two. */
    static const uint8_t identities[3][32] = {
        {2}, {1}, {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}};
    for (unsigned i = 0; i < 3; i++) {
        omemo_kex kex = {.prekey_id = 77, .signed_id = 7, .ephemeral = pairs_key(&p).public_key};
        memcpy(kex.identity.bytes, identities[i], 32);
        assert_code(
            omemo_exchange_accept(&session, &omemo_dialect_2, &p.bob.identity, &p.bob.signed_pair, &p.bob.prekey, &kex),
            SOTTO_E_BAD_KEY);
    }
    pairs_end(&p);
}

/* The public key of {5}, and the same with a component of order 2, 4 and 8: all agree alike. */
static const uint8_t twisted[4][32] = {
    {0x2f, 0xe5, 0x7d, 0xa3, 0x47, 0xcd, 0x62, 0x43, 0x15, 0x28, 0xda, 0xac, 0x5f, 0xbb, 0x29, 0x07,
     0x30, 0xff, 0xf6, 0x84, 0xaf, 0xc4, 0xcf, 0xc2, 0xed, 0x90, 0x99, 0x5f, 0x58, 0xcb, 0x3b, 0x74},
    {0xe2, 0x2f, 0x51, 0x47, 0x85, 0x96, 0x11, 0xc0, 0x83, 0x20, 0xa6, 0x16, 0x10, 0xd2, 0xb2, 0xcf,
     0xcf, 0xf6, 0xae, 0xe3, 0x65, 0x46, 0x76, 0xc2, 0xaa, 0xd4, 0xed, 0x3e, 0x4f, 0xdb, 0x02, 0x3e},
    {0x61, 0x73, 0x87, 0x1f, 0x55, 0x54, 0x16, 0xec, 0x83, 0x17, 0xb4, 0x6b, 0x59, 0x4c, 0x62, 0x3e,
     0x35, 0xb4, 0xe5, 0x8a, 0xcf, 0x68, 0xcf, 0x92, 0x19, 0xc8, 0xc8, 0xfb, 0x27, 0x1d, 0x34, 0x1a},
    {0x4a, 0xcb, 0x05, 0xf7, 0xaf, 0xe8, 0x10, 0xba, 0xaa, 0x7f, 0x5e, 0xe7, 0x3e, 0xd1, 0x34, 0x6a,
     0x99, 0x8b, 0x46, 0x28, 0x1c, 0xc7, 0x3a, 0xab, 0x96, 0xc8, 0xc8, 0x19, 0xe7, 0x67, 0xfd, 0x6e},
};

/* T26: a server could play back an old key exchange with another form of its ephemeral key; it agrees alike, and so
 * would be read again as a new one. */
static void test_T26_ephemeral_keys_have_one_form(void **state) {
    (void)state;
    pairs p;
    pairs_start(&p);
    const crypto_x25519_private five = {{5}};
    crypto_x25519_pair ephemeral;
    omemo_offer offer = pairs_offer(&p, &p.bob);
    assert_code(crypto_x25519_derive(&ephemeral, &five), 0);
    assert_memory_equal(ephemeral.public_key.bytes, twisted[0], 32);
    assert_code(omemo_exchange_initiate(&p.alice.session, &omemo_dialect_2, &p.alice.identity, &ephemeral, &offer), 0);
    written first = pairs_say(&p, &p.alice, "first");
    for (unsigned i = 1; i < 4; i++) {
        crypto_x25519_public other;
        uint8_t shared[32], same[32];
        omemo_kex kex;
        omemo_session session;
        memcpy(other.bytes, twisted[i], 32);
        assert_code(crypto_x25519_agree(shared, &p.bob.prekey.private_key, &ephemeral.public_key), 0);
        assert_code(crypto_x25519_agree(same, &p.bob.prekey.private_key, &other), 0);
        assert_memory_equal(shared, same, 32);
        assert_code(omemo_dialect_2.read_exchange(bytes_of(first.bytes, first.len), &kex), 0);
        kex.ephemeral = other;
        assert_code(
            omemo_exchange_accept(&session, &omemo_dialect_2, &p.bob.identity, &p.bob.signed_pair, &p.bob.prekey, &kex),
            SOTTO_E_BAD_KEY);
    }
    assert_code(pairs_accept(&p, &p.bob, &first), 0);
    pairs_end(&p);
}

/* Our own key played back to us. */
static void test_session_with_oneself_is_refused(void **state) {
    (void)state;
    pairs p;
    omemo_session session;
    pairs_start(&p);
    omemo_offer offer = pairs_offer(&p, &p.alice);
    assert_code(initiate(&p, &offer), SOTTO_E_BAD_KEY);
    omemo_kex kex = {.prekey_id = 77,
                     .signed_id = 7,
                     .identity = omemo_dialect_2.identity->of(&p.bob.identity),
                     .ephemeral = pairs_key(&p).public_key};
    assert_code(
        omemo_exchange_accept(&session, &omemo_dialect_2, &p.bob.identity, &p.bob.signed_pair, &p.bob.prekey, &kex),
        SOTTO_E_BAD_KEY);
    pairs_end(&p);
}

/* T13, T26: who says a key exchange is from another identity gets another secret. */
static void test_T13_identities_are_bound(void **state) {
    (void)state;
    pairs p;
    pairs_start(&p);
    omemo_offer offer = pairs_offer(&p, &p.bob);
    assert_code(initiate(&p, &offer), 0);
    written first = pairs_say(&p, &p.alice, "first");
    crypto_identity mallory;
    uint8_t seed[32] = {66};
    assert_code(crypto_identity_from_seed(&mallory, seed), 0);
    omemo_kex kex;
    assert_code(omemo_dialect_2.read_exchange(bytes_of(first.bytes, first.len), &kex), 0);
    kex.identity = omemo_dialect_2.identity->of(&mallory);
    written forged = {.kex = true};
    bytes_buffer out;
    bytes_buffer_borrowed(&out, forged.bytes, sizeof forged.bytes);
    omemo_dialect_2.write_exchange(&out, &kex);
    forged.len = out.len;
    assert_code(pairs_accept(&p, &p.bob, &forged), SOTTO_E_BAD_MAC);
    assert_code(pairs_accept(&p, &p.bob, &first), 0);
    pairs_end(&p);
}

/* T27: both kinds of identity, both signs. */
static void test_T27_scalars_and_seeds(void **state) {
    (void)state;
    for (uint8_t kind = 0; kind < 8; kind++) {
        pairs p;
        uint8_t secret[32] = {(uint8_t)(kind * 17 + 3)};
        pairs_start(&p);
        if (kind & 1) {
            assert_code(crypto_identity_from_scalar(&p.bob.identity, secret), 0);
            assert_int_equal(p.bob.identity.ed25519.bytes[31] & 0x80, 0);
        } else {
            assert_code(crypto_identity_from_seed(&p.bob.identity, secret), 0);
        }
        sotto_bytes bytes = bytes_of(p.bob.signed_pair.public_key.bytes, 32);
        assert_code(crypto_identity_sign(&p.bob.signature, &p.bob.identity, bytes, sotto_host_default()), 0);
        omemo_offer offer = pairs_offer(&p, &p.bob);
        assert_code(initiate(&p, &offer), 0);
        written first = pairs_say(&p, &p.alice, "first");
        assert_code(pairs_accept(&p, &p.bob, &first), 0);
        pairs_end(&p);
    }
}

int exchange_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_messages_carry_the_exchange),
        cmocka_unit_test(test_T30_signature_comes_before_agreement),
        cmocka_unit_test(test_T25_T26_bad_points_in_offers),
        cmocka_unit_test(test_T25_T26_bad_points_in_exchanges),
        cmocka_unit_test(test_session_with_oneself_is_refused),
        cmocka_unit_test(test_T13_identities_are_bound),
        cmocka_unit_test(test_T26_ephemeral_keys_have_one_form),
        cmocka_unit_test(test_T27_scalars_and_seeds),
    };
    return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
