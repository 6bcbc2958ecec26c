/* SPDX-License-Identifier: ISC */
#include "seal/omemo/identity.h"

#include <string.h>

#include "bytes/memory.h"
#include "crypto/hash.h"

/* ---- omemo:2 (XEP-0384 section 4.2): the Ed25519 form, its sign as it falls ---- */

static omemo_identity edwards_of(const crypto_identity *own) {
    omemo_identity identity;
    memcpy(identity.bytes, own->ed25519.bytes, 32);
    return identity;
}

static crypto_ed25519_public edwards_key(const omemo_identity *identity) {
    crypto_ed25519_public key;
    memcpy(key.bytes, identity->bytes, 32);
    return key;
}

static sotto_status edwards_form(const omemo_identity *identity, crypto_x25519_public *ret) {
    crypto_ed25519_public key = edwards_key(identity);
    return crypto_ed25519_to_x25519(ret, &key);
}

static sotto_status edwards_verify(const omemo_identity *identity, sotto_bytes message,
                                   const crypto_signature *signature) {
    crypto_ed25519_public key = edwards_key(identity);
    return crypto_ed25519_verify(&key, message, signature);
}

static sotto_status edwards_sign(const crypto_identity *own, sotto_bytes message, const sotto_host *random,
                                 crypto_signature *ret) {
    return crypto_identity_sign(ret, own, message, random);
}

const omemo_identity_rules omemo_identity_edwards = {
    .of = edwards_of, .form = edwards_form, .verify = edwards_verify, .sign = edwards_sign};

/* ---- 0.3: the Curve25519 form ---- */

static omemo_identity montgomery_of(const crypto_identity *own) {
    omemo_identity identity;
    memcpy(identity.bytes, own->x25519.bytes, 32);
    return identity;
}

static crypto_x25519_public montgomery_key(const omemo_identity *identity) {
    crypto_x25519_public key;
    memcpy(key.bytes, identity->bytes, 32);
    return key;
}

static sotto_status montgomery_form(const omemo_identity *identity, crypto_x25519_public *ret) {
    crypto_x25519_public key = montgomery_key(identity);
    SOTTO_TRY(crypto_x25519_check_order(&key));
    *ret = key;
    return SOTTO_OK;
}

/* The form has lost the sign of the Edwards key. Older releases of libsignal, and python-oldmemo with an identity that
 * is an Ed25519 seed, sign with the key as it falls and put that sign into the top bit of the signature, which is
 * otherwise always 0 (S is below L). libomemo-c reads it there too. A signature that says the wrong sign does not
 * verify (T27). */
static sotto_status montgomery_verify(const omemo_identity *identity, sotto_bytes message,
                                      const crypto_signature *signature) {
    crypto_x25519_public key = montgomery_key(identity);
    crypto_signature without = *signature;
    crypto_ed25519_public edwards;
    without.bytes[63] &= 127;
    SOTTO_TRY(crypto_x25519_to_ed25519(&edwards, &key, signature->bytes[63] >> 7));
    return crypto_ed25519_verify(&edwards, message, &without);
}

/* XEdDSA, also with an identity that is a seed: its scalar signs with the Edwards key of sign 0, so that the top bit is
 * 0, which readers that know of the bit (libomemo-c) and those that do not (XEdDSA as specified) both accept. */
static sotto_status montgomery_sign(const crypto_identity *own, sotto_bytes message, const sotto_host *host,
                                    crypto_signature *ret) {
    uint8_t random[64];
    SOTTO_TRY(crypto_random(host, random, sizeof random));
    sotto_status status = crypto_xeddsa_sign(ret, own->x25519_private.bytes, message, random);
    bytes_wipe(random, sizeof random);
    return status;
}

const omemo_identity_rules omemo_identity_montgomery = {
    .of = montgomery_of, .form = montgomery_form, .verify = montgomery_verify, .sign = montgomery_sign};
