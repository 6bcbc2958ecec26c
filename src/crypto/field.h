/* SPDX-License-Identifier: ISC
 *
 * Arithmetic modulo p = 2^255 - 19, for what the libraries do not export: the maps between the two forms of a public
 * key, and whether a point has a torsion component. Only public values come here; there is no branch on any of them
 * before a verdict all the same. */
#ifndef CRYPTO_FIELD_H
#define CRYPTO_FIELD_H

#include <stdbool.h>
#include <stdint.h>

/* Five limbs of 51 bits, not always fully reduced. */
typedef struct crypto_field {
    uint64_t limb[5];
} crypto_field;

/* Little-endian; the top bit is ignored. */
crypto_field crypto_field_from(const uint8_t form[32]);
/* The canonical form. */
void crypto_field_to(uint8_t ret[32], const crypto_field *);
crypto_field crypto_field_small(uint64_t); /* below 2^51 */

/* Operands of a sum or a difference are products, differences, or sums of two of these; a sum of sums goes into
 * products only. */
crypto_field crypto_field_add(const crypto_field *, const crypto_field *);
crypto_field crypto_field_sub(const crypto_field *, const crypto_field *);
crypto_field crypto_field_mul(const crypto_field *, const crypto_field *);
crypto_field crypto_field_square(const crypto_field *);
/* 0 for 0. */
crypto_field crypto_field_invert(const crypto_field *);
bool crypto_field_is_zero(const crypto_field *);

/* z^((p-1)/4): a fourth root of one that says how far a root of z can be taken. */
typedef enum crypto_field_character {
    CRYPTO_FIELD_ZERO,   /* z is 0 */
    CRYPTO_FIELD_FOURTH, /* 1: z is a fourth power */
    CRYPTO_FIELD_SECOND, /* -1: a square, and no fourth power */
    CRYPTO_FIELD_NONE    /* the square root of -1, or its negative: no square */
} crypto_field_character;

/* One exponentiation gives the character of z and a root: of 1/z when z is a square, and of i/z when it is none, i
 * being crypto_field_i (which is no square: p = 5 modulo 8). ret_root may be NULL. */
crypto_field_character crypto_field_root(const crypto_field *z, crypto_field *ret_root);
/* The square root of -1 that is 2^((p-1)/4). */
extern const crypto_field crypto_field_i;

#endif
