/* SPDX-License-Identifier: ISC
 *
 * Five limbs of 51 bits. Bounds: what is read, a product and a difference have limbs below 2^51 and a little; a sum of
 * two such is below 2^53, and a sum of two such sums below 2^54. A product takes limbs below 2^54: a column is then
 * below 5 * 19 * 2^108 < 2^115, and what is carried out of it below 2^64. A difference takes off limbs below those of
 * 4p, which are 2^53 - 76 and 2^53 - 4. */
#include "crypto/field.h"

#include <stddef.h>

#define LOW ((UINT64_C(1) << 51) - 1)

/* ---- products of 64 by 64 bits, and their sums ---- */

#if defined(__SIZEOF_INT128__) && !defined(CRYPTO_FIELD_NARROW)
__extension__ typedef unsigned __int128 wide;

static inline wide product(uint64_t a, uint64_t b) {
    return (wide)a * b;
}
static inline wide sum(wide a, wide b) {
    return a + b;
}
static inline wide plus(wide a, uint64_t b) {
    return a + b;
}
static inline uint64_t low_limb(wide a) {
    return (uint64_t)a & LOW;
}
static inline uint64_t carry_out(wide a) {
    return (uint64_t)(a >> 51);
}
#else
/* Where the compiler has no type of 128 bits; the tests build this part too. */
typedef struct wide {
    uint64_t low, high;
} wide;

static inline wide sum(wide a, wide b) {
    wide all = {a.low + b.low, a.high + b.high};
    all.high += all.low < b.low;
    return all;
}
static inline wide plus(wide a, uint64_t b) {
    return sum(a, (wide){b, 0});
}
static inline wide product(uint64_t a, uint64_t b) {
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (uint32_t)middle;
    return (wide){other << 32 | (uint32_t)(a0 * b0), a1 * b1 + (middle >> 32) + (other >> 32)};
}
static inline uint64_t low_limb(wide a) {
    return a.low & LOW;
}
static inline uint64_t carry_out(wide a) {
    return a.low >> 51 | a.high << 13;
}
#endif

/* Five columns to five limbs. */
static inline crypto_field carried(wide c0, wide c1, wide c2, wide c3, wide c4) {
    crypto_field r;
    c1 = plus(c1, carry_out(c0));
    c2 = plus(c2, carry_out(c1));
    c3 = plus(c3, carry_out(c2));
    c4 = plus(c4, carry_out(c3));
    wide around = plus(product(carry_out(c4), 19), low_limb(c0)); /* 2^255 = 19 */
    r.limb[0] = low_limb(around);
    r.limb[1] = low_limb(c1) + carry_out(around);
    r.limb[2] = low_limb(c2);
    r.limb[3] = low_limb(c3);
    r.limb[4] = low_limb(c4);
    return r;
}

static inline wide five(wide a, wide b, wide c, wide d, wide e) {
    return sum(sum(sum(a, b), sum(c, d)), e);
}

static inline crypto_field multiply(const crypto_field *x, const crypto_field *y) {
    const uint64_t *a = x->limb, *b = y->limb;
    uint64_t b1 = 19 * b[1], b2 = 19 * b[2], b3 = 19 * b[3], b4 = 19 * b[4];
    return carried(
        five(product(a[0], b[0]), product(a[1], b4), product(a[2], b3), product(a[3], b2), product(a[4], b1)),
        five(product(a[0], b[1]), product(a[1], b[0]), product(a[2], b4), product(a[3], b3), product(a[4], b2)),
        five(product(a[0], b[2]), product(a[1], b[1]), product(a[2], b[0]), product(a[3], b4), product(a[4], b3)),
        five(product(a[0], b[3]), product(a[1], b[2]), product(a[2], b[1]), product(a[3], b[0]), product(a[4], b4)),
        five(product(a[0], b[4]), product(a[1], b[3]), product(a[2], b[2]), product(a[3], b[1]), product(a[4], b[0])));
}

static inline wide three(wide a, wide b, wide c) {
    return sum(sum(a, b), c);
}

static inline crypto_field squared(const crypto_field *x) {
    const uint64_t *a = x->limb;
    uint64_t twice0 = 2 * a[0], twice1 = 2 * a[1], twice2 = 2 * a[2], around3 = 19 * a[3], around4 = 19 * a[4];
    return carried(three(product(a[0], a[0]), product(twice1, around4), product(twice2, around3)),
                   three(product(twice0, a[1]), product(twice2, around4), product(a[3], around3)),
                   three(product(twice0, a[2]), product(a[1], a[1]), product(2 * a[3], around4)),
                   three(product(twice0, a[3]), product(twice1, a[2]), product(a[4], around4)),
                   three(product(twice0, a[4]), product(twice1, a[3]), product(a[2], a[2])));
}

/* ---- forms ---- */

static uint64_t read64(const uint8_t *at) {
    uint64_t value = 0;
    for (size_t i = 8; i-- > 0;) value = value << 8 | at[i];
    return value;
}

crypto_field crypto_field_from(const uint8_t form[32]) {
    return (crypto_field){{read64(form) & LOW, read64(form + 6) >> 3 & LOW, read64(form + 12) >> 6 & LOW,
                           read64(form + 19) >> 1 & LOW, read64(form + 24) >> 12 & LOW}};
}

crypto_field crypto_field_small(uint64_t value) {
    return (crypto_field){{value}};
}

/* Carries once around: limbs below 2^51 but for the first, which may be a little above. */
static void settle(uint64_t limb[5]) {
    for (size_t i = 0; i < 4; i++) {
        limb[i + 1] += limb[i] >> 51;
        limb[i] &= LOW;
    }
    limb[0] += 19 * (limb[4] >> 51);
    limb[4] &= LOW;
}

void crypto_field_to(uint8_t ret[32], const crypto_field *x) {
    uint64_t limb[5], over = 19;
    for (size_t i = 0; i < 5; i++) limb[i] = x->limb[i];
    settle(limb);
    settle(limb);
    /* Below 2^255 + 19 now. It is p or more when 19 more reach 2^255; then p goes, which is adding 19 and cutting. */
    for (size_t i = 0; i < 5; i++) over = (limb[i] + over) >> 51;
    limb[0] += 19 * over;
    for (size_t i = 0; i < 4; i++) {
        limb[i + 1] += limb[i] >> 51;
        limb[i] &= LOW;
    }
    limb[4] &= LOW;
    const uint64_t word[4] = {limb[0] | limb[1] << 51, limb[1] >> 13 | limb[2] << 38, limb[2] >> 26 | limb[3] << 25,
                              limb[3] >> 39 | limb[4] << 12};
    for (size_t i = 0; i < 32; i++) ret[i] = (uint8_t)(word[i / 8] >> i % 8 * 8);
}

bool crypto_field_is_zero(const crypto_field *x) {
    uint8_t form[32], any = 0;
    crypto_field_to(form, x);
    for (size_t i = 0; i < 32; i++) any |= form[i];
    return any == 0;
}

/* ---- operations ---- */

crypto_field crypto_field_add(const crypto_field *a, const crypto_field *b) {
    crypto_field r;
    for (size_t i = 0; i < 5; i++) r.limb[i] = a->limb[i] + b->limb[i];
    return r;
}

crypto_field crypto_field_sub(const crypto_field *a, const crypto_field *b) {
    static const uint64_t above[5] = {(LOW - 18) * 4, LOW * 4, LOW * 4, LOW * 4, LOW * 4}; /* 4p */
    crypto_field r;
    for (size_t i = 0; i < 5; i++) r.limb[i] = a->limb[i] + above[i] - b->limb[i];
    settle(r.limb);
    return r;
}

crypto_field crypto_field_mul(const crypto_field *a, const crypto_field *b) {
    return multiply(a, b);
}

crypto_field crypto_field_square(const crypto_field *a) {
    return squared(a);
}

static crypto_field squared_times(crypto_field x, unsigned times) {
    for (; times > 0; times--) x = squared(&x);
    return x;
}

/* x^(2^more) * y */
static crypto_field shifted(const crypto_field *x, unsigned more, const crypto_field *y) {
    crypto_field r = squared_times(*x, more);
    return multiply(&r, y);
}

/* z^((p-5)/8) = z^(2^252 - 3). `ones_n` is z^(2^n - 1). */
static crypto_field power(const crypto_field *z) {
    crypto_field ones_2 = shifted(z, 1, z), ones_4 = shifted(&ones_2, 2, &ones_2), ones_5 = shifted(&ones_4, 1, z);
    crypto_field ones_10 = shifted(&ones_5, 5, &ones_5), ones_20 = shifted(&ones_10, 10, &ones_10);
    crypto_field ones_40 = shifted(&ones_20, 20, &ones_20), ones_50 = shifted(&ones_40, 10, &ones_10);
    crypto_field ones_100 = shifted(&ones_50, 50, &ones_50), ones_200 = shifted(&ones_100, 100, &ones_100);
    crypto_field ones_250 = shifted(&ones_200, 50, &ones_50);
    return shifted(&ones_250, 2, z); /* 4 (2^250 - 1) + 1 */
}

/* z^(p-2), p - 2 = 8 (p-5)/8 + 3 */
crypto_field crypto_field_invert(const crypto_field *z) {
    crypto_field cubed = shifted(z, 1, z), powered = power(z);
    return shifted(&powered, 3, &cubed);
}

const crypto_field crypto_field_i = {
    {0x61b274a0ea0b0, 0xd5a5fc8f189d, 0x7ef5e9cbd0c60, 0x78595a6804c9e, 0x2b8324804fc1d}};

/* With t = z^((p-5)/8) the character is c = z t^2, so that 1/z = t^2 / c:
 *   c = 1:  1/z = t^2           c = i:  i/z = t^2
 *   c = -1: 1/z = (i t)^2       c = -i: i/z = (i t)^2 */
crypto_field_character crypto_field_root(const crypto_field *z, crypto_field *ret_root) {
    crypto_field t = power(z), turned = multiply(&crypto_field_i, &t), square = squared(&t), c = multiply(z, &square);
    const crypto_field one = {{1}};
    crypto_field minus_one = crypto_field_sub(&c, &one), plus_one = crypto_field_add(&c, &one);
    crypto_field minus_i = crypto_field_sub(&c, &crypto_field_i);
    bool zero = crypto_field_is_zero(&c), first = crypto_field_is_zero(&minus_one);
    bool second = crypto_field_is_zero(&plus_one), third = crypto_field_is_zero(&minus_i);
    if (ret_root) *ret_root = first || third ? t : turned;
    if (zero) return CRYPTO_FIELD_ZERO;
    if (first) return CRYPTO_FIELD_FOURTH;
    return second ? CRYPTO_FIELD_SECOND : CRYPTO_FIELD_NONE;
}
