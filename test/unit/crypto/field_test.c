/* SPDX-License-Identifier: ISC
 *
 * Arithmetic modulo 2^255 - 19 beside libcrypto's BIGNUM, for values at the edges and many in between. Built twice: as
 * it is, and for compilers without integers of 128 bits. */
#include "crypto/field.h"

#include <openssl/bn.h>
#include <openssl/sha.h>

#include "vectors.h"

#define RANDOM_VALUES 60

typedef struct reference {
    BN_CTX *context;
    BIGNUM *p, *a, *b, *c;
} reference;

static void reference_start(reference *r) {
    r->context = BN_CTX_new();
    r->p = BN_new();
    r->a = BN_new();
    r->b = BN_new();
    r->c = BN_new();
    assert_true(r->context && r->p && r->a && r->b && r->c);
    assert_true(BN_one(r->p) && BN_lshift(r->p, r->p, 255) && BN_sub_word(r->p, 19));
}

static void reference_end(reference *r) {
    BN_free(r->c);
    BN_free(r->b);
    BN_free(r->a);
    BN_free(r->p);
    BN_CTX_free(r->context);
}

/* Forms with 255 bits: 0 to 19, p - 20 to p - 1, the 19 that are not canonical, ones in a single place, and what a hash
 * gives. */
#define EDGES (20 + 20 + 19 + 255)
#define FORMS (EDGES + RANDOM_VALUES)

static void form_get(reference *r, size_t which, uint8_t ret[32]) {
    if (which < 20) {
        assert_true(BN_set_word(r->c, which));
    } else if (which < 59) {
        assert_true(BN_copy(r->c, r->p) && BN_sub_word(r->c, 20) && BN_add_word(r->c, which - 20));
    } else if (which < EDGES) {
        assert_true(BN_one(r->c) && BN_lshift(r->c, r->c, (int)which - 59));
    } else {
        const uint8_t seed[2] = {(uint8_t)which, (uint8_t)(which >> 8)};
        uint8_t hash[32];
        SHA256(seed, sizeof seed, hash);
        hash[31] &= 127;
        assert_true(BN_lebin2bn(hash, 32, r->c) != NULL);
    }
    assert_int_equal(BN_bn2lebinpad(r->c, ret, 32), 32);
}

/* The value in `n` modulo p is the field's. */
static void assert_value(reference *r, BIGNUM *n, const crypto_field *value) {
    uint8_t expected[32], got[32];
    assert_true(BN_nnmod(n, n, r->p, r->context));
    assert_int_equal(BN_bn2lebinpad(n, expected, 32), 32);
    crypto_field_to(got, value);
    assert_memory_equal(got, expected, 32);
}

static crypto_field both(reference *r, size_t which, BIGNUM *n) {
    uint8_t form[32];
    form_get(r, which, form);
    assert_true(BN_lebin2bn(form, 32, n) != NULL);
    return crypto_field_from(form);
}

static void forms_go_around(void **state) {
    (void)state;
    reference r;
    reference_start(&r);
    for (size_t i = 0; i < FORMS; i++) {
        crypto_field x = both(&r, i, r.a);
        bool zero = i == 0 || i == 40; /* 0, and p */
        assert_int_equal(crypto_field_is_zero(&x), zero);
        assert_value(&r, r.a, &x);
        uint8_t form[32];
        form_get(&r, i, form);
        form[31] |= 128; /* is ignored */
        crypto_field same = crypto_field_from(form);
        assert_memory_equal(same.limb, x.limb, sizeof x.limb);
    }
    crypto_field small = crypto_field_small(486662);
    assert_true(BN_set_word(r.a, 486662));
    assert_value(&r, r.a, &small);
    reference_end(&r);
}

static void operations_are_right(void **state) {
    (void)state;
    reference r;
    reference_start(&r);
    for (size_t i = 0; i < FORMS; i++) {
        for (size_t j = i % 7; j < FORMS; j += 7) {
            crypto_field x = both(&r, i, r.a), y = both(&r, j, r.b), z;
            z = crypto_field_add(&x, &y);
            assert_true(BN_add(r.c, r.a, r.b));
            assert_value(&r, r.c, &z);
            z = crypto_field_sub(&x, &y);
            assert_true(BN_sub(r.c, r.a, r.b));
            assert_value(&r, r.c, &z);
            z = crypto_field_mul(&x, &y);
            assert_true(BN_mul(r.c, r.a, r.b, r.context));
            assert_value(&r, r.c, &z);
        }
        crypto_field x = both(&r, i, r.a), z = crypto_field_square(&x);
        assert_true(BN_sqr(r.c, r.a, r.context));
        assert_value(&r, r.c, &z);
    }
    reference_end(&r);
}

/* Sums of sums and differences of differences stay within what a product takes. */
static void operands_may_be_unreduced(void **state) {
    (void)state;
    reference r;
    reference_start(&r);
    for (size_t i = 0; i < FORMS; i++) {
        crypto_field x = both(&r, i, r.a), y = both(&r, FORMS - 1 - i, r.b);
        crypto_field sum = crypto_field_add(&x, &y), more = crypto_field_add(&sum, &sum);
        crypto_field less = crypto_field_sub(&y, &sum), z = crypto_field_mul(&more, &more);
        assert_true(BN_add(r.a, r.a, r.b) && BN_lshift1(r.c, r.a) && BN_sqr(r.c, r.c, r.context));
        assert_value(&r, r.c, &z);
        z = crypto_field_square(&more);
        assert_true(BN_lshift1(r.c, r.a) && BN_sqr(r.c, r.c, r.context));
        assert_value(&r, r.c, &z);
        z = crypto_field_mul(&less, &more);
        assert_true(BN_lshift1(r.c, r.a) && BN_sub(r.b, r.b, r.a) && BN_mul(r.c, r.c, r.b, r.context));
        assert_value(&r, r.c, &z);
    }
    reference_end(&r);
}

static void inverses(void **state) {
    (void)state;
    reference r;
    reference_start(&r);
    for (size_t i = 0; i < FORMS; i++) {
        crypto_field x = both(&r, i, r.a), z = crypto_field_invert(&x);
        assert_true(BN_nnmod(r.a, r.a, r.p, r.context));
        if (!BN_is_zero(r.a)) assert_true(BN_mod_inverse(r.a, r.a, r.p, r.context) != NULL);
        assert_value(&r, r.a, &z);
    }
    reference_end(&r);
}

/* The character beside z^((p-1)/4) by BIGNUM, and the root by squaring it. */
static void roots_and_characters(void **state) {
    (void)state;
    reference r;
    uint8_t i_form[32];
    size_t seen[4] = {0};
    reference_start(&r);
    BIGNUM *i = BN_new(), *power = BN_new();
    assert_true(i && power && BN_copy(power, r.p) && BN_sub_word(power, 1) && BN_rshift(power, power, 2));
    assert_true(BN_set_word(i, 2) && BN_mod_exp(i, i, power, r.p, r.context));
    crypto_field_to(i_form, &crypto_field_i);
    assert_true(BN_lebin2bn(i_form, 32, r.c) && BN_cmp(r.c, i) == 0);
    for (size_t n = 0; n < FORMS; n++) {
        crypto_field root, z = both(&r, n, r.a), product;
        crypto_field_character character = crypto_field_root(&z, &root);
        assert_int_equal(crypto_field_root(&z, NULL), character);
        seen[character]++;
        product = crypto_field_square(&root);
        product = crypto_field_mul(&product, &z); /* 1, or i, or 0 */
        assert_true(BN_mod_exp(r.c, r.a, power, r.p, r.context));
        if (BN_is_zero(r.c)) {
            assert_int_equal(character, CRYPTO_FIELD_ZERO);
        } else if (BN_is_one(r.c)) {
            assert_int_equal(character, CRYPTO_FIELD_FOURTH);
            assert_value(&r, r.c, &product);
        } else if (BN_sub_word(r.p, 1) && BN_cmp(r.c, r.p) == 0) {
            assert_int_equal(character, CRYPTO_FIELD_SECOND);
            assert_true(BN_one(r.c) && BN_add_word(r.p, 1));
            assert_value(&r, r.c, &product);
        } else {
            assert_int_equal(character, CRYPTO_FIELD_NONE);
            assert_true(BN_add_word(r.p, 1) && BN_copy(r.c, i));
            assert_value(&r, r.c, &product);
        }
    }
    assert_int_equal(seen[CRYPTO_FIELD_ZERO], 2);
    assert_true(seen[CRYPTO_FIELD_FOURTH] > 20 && seen[CRYPTO_FIELD_SECOND] > 20 && seen[CRYPTO_FIELD_NONE] > 20);
    BN_free(power);
    BN_free(i);
    reference_end(&r);
}

int field_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_go_around),           cmocka_unit_test(operations_are_right),
        cmocka_unit_test(operands_may_be_unreduced), cmocka_unit_test(inverses),
        cmocka_unit_test(roots_and_characters),
    };
    return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
