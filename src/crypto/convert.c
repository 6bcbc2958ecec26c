/* SPDX-License-Identifier: ISC
 *
 * Public keys from one form of the curve to the other (RFC 7748 section 4.1). Both ways end with a full check: on the
 * curve, and in the subgroup of prime order, so that two keys that agree on the same secrets are the same key (T26).
 *
 * The textbook's check multiplies by the order of the subgroup, which costs as much as an agreement. This one asks
 * instead whether the point is 8 times another: the points of the curve are a cyclic group of order 8 times a prime, so
 * exactly those in the subgroup are. With the curve as v^2 = u (u^2 + A u + 1):
 *
 * 1. P is 2 Q for some Q exactly when u is a square, and not 0. (The curve has one point of order 2, u = 0.)
 * 2. Half of P: the u of Q solves (u_Q - 1/u_Q)^2 = 4 u (u_Q + 1/u_Q + A). With w = u_Q + 1/u_Q that is
 *    w = 2 u +- 2 r, where r^2 = u^2 + A u + 1, and v_Q^2 = u_Q^2 (w + A), so w + A is a square: t^2. It is for one of
 *    the two, because (w1 + A)(w2 + A) = A^2 - 4, which is none. Then w^2 - 4 = 4 u t^2, so u_Q = w / 2 + s t with
 *    s^2 = u, and v_Q = u_Q t.
 * 3. Q is 4 times a point exactly when its Tate pairing with a point of order 4 is 1. For that with u = 1 and v4^2 =
 *    A + 2, whose tangent v = v4 u goes through the point of order 2, the pairing is ((v_Q - v4 u_Q)^2 /
 * u_Q)^((p-1)/4): u_Q (t - v4)^2 must be a fourth power. Which half of P was taken, and which signs, makes no
 * difference: halves differ by the point of order 2, which is 4 times a point of order 8, and a point is in the
 * subgroup when its negative is.
 *
 * Four exponentiations. The tests hold it against multiplication by the order for points of all eight classes. */
#include <string.h>

#include "crypto/curve.h"
#include "crypto/field.h"
#include "crypto/point.h"

#define A 486662u

static const crypto_field one = {{1}};
/* v4: a root of A + 2 */
static const crypto_field order4 = {
    {0x248ef9c884415, 0xe509526c7d34, 0x7d29bbd8d6847, 0x157e10fd3bd6b, 0x6be4f497f9a9c}};
/* a root of (A^2 - 4) / i */
static const crypto_field other_half = {
    {0x71277b3ba5222, 0x2970a394eb516, 0xb29a3e775c7b, 0xf75f12ecb490, 0x219fc5bc27acf}};

static bool is_square(crypto_field_character c) {
    return c == CRYPTO_FIELD_FOURTH || c == CRYPTO_FIELD_SECOND;
}

/* Whether u, s^2 and not 0, is on the curve (and not on its twist), and in the subgroup. Variable time. */
static bool is_prime_order(const crypto_field *u, const crypto_field *s) {
    const crypto_field a = crypto_field_small(A);
    crypto_field root, r, t, w, half, u_half, value;
    value = crypto_field_add(u, &a);
    value = crypto_field_mul(&value, u);
    value = crypto_field_add(&value, &one);
    if (!is_square(crypto_field_root(&value, &root))) return false; /* v^2 = u times this */
    r = crypto_field_mul(&value, &root);
    half = crypto_field_add(u, &r); /* w / 2 */
    w = crypto_field_add(&half, &half);
    value = crypto_field_add(&w, &a);
    if (is_square(crypto_field_root(&value, &root))) {
        t = crypto_field_mul(&value, &root);
    } else {
        t = crypto_field_mul(&other_half, &root); /* the root of (A^2 - 4) / (w + A) */
        half = crypto_field_sub(u, &r);
    }
    u_half = crypto_field_mul(s, &t);
    u_half = crypto_field_add(&half, &u_half);
    value = crypto_field_sub(&t, &order4);
    value = crypto_field_square(&value);
    value = crypto_field_mul(&value, &u_half);
    return crypto_field_root(&value, NULL) == CRYPTO_FIELD_FOURTH;
}

/* u = (1 + y) / (1 - y); y = 1 gives 0. */
void crypto_point_to_u(uint8_t ret_u[32], const uint8_t y_form[32]) {
    crypto_field y = crypto_field_from(y_form), above = crypto_field_add(&one, &y), below = crypto_field_sub(&one, &y);
    below = crypto_field_invert(&below);
    above = crypto_field_mul(&above, &below);
    crypto_field_to(ret_u, &above);
}

sotto_status crypto_ed25519_to_x25519(crypto_x25519_public *ret, const crypto_ed25519_public *key) {
    uint8_t form[32];
    memcpy(form, key->bytes, 32);
    form[31] &= 127;
    /* No point of prime order has a second form, so the subgroup check would do; but it is not what it is there for. */
    if (!crypto_point_is_canonical(form)) return SOTTO_FAIL(BAD_KEY);
    /* u = n / d is a square when n d is: s = n / root(n d), and no division is needed. */
    crypto_field y = crypto_field_from(form), n = crypto_field_add(&one, &y), d = crypto_field_sub(&one, &y);
    crypto_field product = crypto_field_mul(&n, &d), root;
    if (!is_square(crypto_field_root(&product, &root))) return SOTTO_FAIL(BAD_KEY);
    crypto_field s = crypto_field_mul(&n, &root), u = crypto_field_square(&s);
    if (!is_prime_order(&u, &s)) return SOTTO_FAIL(BAD_KEY);
    crypto_field_to(ret->bytes, &u);
    return SOTTO_OK;
}

sotto_status crypto_x25519_check_order(const crypto_x25519_public *key) {
    if (!crypto_point_is_canonical(key->bytes)) return SOTTO_FAIL(BAD_KEY);
    crypto_field u = crypto_field_from(key->bytes), root;
    if (!is_square(crypto_field_root(&u, &root))) return SOTTO_FAIL(BAD_KEY);
    crypto_field s = crypto_field_mul(&u, &root);
    return is_prime_order(&u, &s) ? SOTTO_OK : SOTTO_FAIL(BAD_KEY);
}

sotto_status crypto_x25519_to_ed25519(crypto_ed25519_public *ret, const crypto_x25519_public *key, int sign) {
    SOTTO_TRY(crypto_x25519_check_order(key));
    /* y = (u - 1) / (u + 1), and -1 is not in the subgroup. */
    crypto_field u = crypto_field_from(key->bytes), above = crypto_field_sub(&u, &one),
                 below = crypto_field_add(&u, &one);
    below = crypto_field_invert(&below);
    above = crypto_field_mul(&above, &below);
    crypto_field_to(ret->bytes, &above);
    if (sign) ret->bytes[31] |= 128;
    return SOTTO_OK;
}
