/* SPDX-License-Identifier: ISC
 *
 * Every function of src/crypto that sees a secret. Argon2id is not here: its second half reads memory at places made of
 * the passphrase, by design (RFC 9106 section 3.4.1.3). */
#include "bytes/span.h"
#include "crypto/cipher.h"
#include "crypto/cpace.h"
#include "crypto/curve.h"
#include "crypto/hash.h"
#include "crypto/sha256.h"
#include "crypto/xeddsa.h"
#include "secrets.h"

static const sotto_bytes text = {(const uint8_t *)"a message of more than one block of sixteen", 43};

static bool agreement(void) {
    crypto_x25519_pair alice, bob;
    uint8_t one[32], two[32];
    if (!sotto_ok(crypto_x25519_new(&alice, &secret_host)) || !sotto_ok(crypto_x25519_new(&bob, &secret_host)))
        return false;
    bool agreed = sotto_ok(crypto_x25519_agree(one, &alice.private_key, &bob.public_key)) &&
                  sotto_ok(crypto_x25519_agree(two, &bob.private_key, &alice.public_key));
    return agreed && crypto_equal(one, two, 32);
}

static bool agreement_refused(void) {
    static const crypto_x25519_public low = {{1}};
    crypto_x25519_private own;
    uint8_t shared[32];
    secret_make(own.bytes, 32);
    return sotto_is(crypto_x25519_agree(shared, &own, &low), SOTTO_E_BAD_KEY);
}

static bool signs(const crypto_identity *identity) {
    crypto_signature signature;
    if (!sotto_ok(crypto_identity_sign(&signature, identity, text, &secret_host))) return false;
    declassify(&signature, sizeof signature);
    return sotto_ok(crypto_ed25519_verify(&identity->ed25519, text, &signature));
}

static bool seed_identity(void) {
    crypto_identity identity;
    uint8_t seed[32];
    secret_make(seed, 32);
    return sotto_ok(crypto_identity_from_seed(&identity, seed)) && signs(&identity);
}

/* Several: in half of them the scalar is negated. */
static bool scalar_identity(void) {
    bool good = true;
    for (unsigned i = 0; i < 6; i++) {
        crypto_identity identity;
        uint8_t scalar[32];
        secret_make(scalar, 32);
        good = good && sotto_ok(crypto_identity_from_scalar(&identity, scalar)) && signs(&identity);
    }
    return good;
}

static bool hashes(void) {
    bool good = true;
    static const crypto_hash_kind kinds[] = {CRYPTO_SHA1, CRYPTO_SHA256, CRYPTO_SHA512};
    for (size_t i = 0; i < 3; i++) {
        uint8_t key[200], out[CRYPTO_HASH_BYTES_MAX], again[CRYPTO_HASH_BYTES_MAX], both[80];
        secret_make(key, sizeof key);
        sotto_bytes parts[2] = {bytes_of(key, 100), text};
        good = good && sotto_ok(crypto_hash_of(kinds[i], out, bytes_of(key, sizeof key)));
        good = good && sotto_ok(crypto_hmac(kinds[i], out, bytes_of(key, 32), parts, 2));
        good = good && sotto_ok(crypto_hmac(kinds[i], again, bytes_of(key, sizeof key), parts, 2));
        good = good && !crypto_equal(out, again, crypto_hash_size(kinds[i]));
        good = good && sotto_ok(crypto_hkdf(kinds[i], both, sizeof both, bytes_of(key, 32), bytes_of(key, 32), text));
        good = good && sotto_ok(crypto_pbkdf2(kinds[i], out, 20, bytes_of(key, 9), text, 10));
    }
    return good;
}

static bool cbc(void) {
    bool good = true;
    for (size_t len = 0; len <= 33; len++) {
        uint8_t key[32], iv[16], sealed_memory[48], opened_memory[48], message[33];
        bytes_buffer sealed, opened;
        sotto_bytes ciphertext = BYTES_NONE, plain = BYTES_NONE;
        secret_make(key, 32);
        secret_make(iv, 16);
        secret_make(message, sizeof message);
        bytes_buffer_borrowed(&sealed, sealed_memory, sizeof sealed_memory);
        bytes_buffer_borrowed(&opened, opened_memory, sizeof opened_memory);
        good = good && sotto_ok(crypto_cbc_encrypt(&sealed, key, iv, bytes_of(message, len)));
        good = good && sotto_ok(bytes_buffer_end(&sealed, &ciphertext));
        good = good && sotto_ok(crypto_cbc_decrypt(&opened, key, iv, ciphertext));
        good = good && sotto_ok(bytes_buffer_end(&opened, &plain)) && plain.len == len;
        good = good && (len == 0 || crypto_equal(plain.at, message, len));
    }
    return good;
}

/* A padding oracle: what follows from a wrong padding may show, but not how it is wrong. */
static bool cbc_padding(void) {
    uint8_t key[32], iv[16], sealed_memory[48], opened_memory[48];
    bool good = true;
    secret_make(key, 32);
    secret_make(iv, 16);
    for (unsigned flip = 1; flip < 256; flip *= 2) {
        bytes_buffer sealed, opened;
        sotto_bytes ciphertext;
        bytes_buffer_borrowed(&sealed, sealed_memory, sizeof sealed_memory);
        bytes_buffer_borrowed(&opened, opened_memory, sizeof opened_memory);
        if (!sotto_ok(crypto_cbc_encrypt(&sealed, key, iv, bytes_of(text.at, 32)))) return false;
        if (!sotto_ok(bytes_buffer_end(&sealed, &ciphertext))) return false;
        declassify_bytes(ciphertext);
        sealed_memory[31] ^= (uint8_t)flip; /* changes the last byte of the padding, 16 */
        good = good && sotto_is(crypto_cbc_decrypt(&opened, key, iv, ciphertext), SOTTO_E_MALFORMED);
    }
    return good;
}

static bool gcm(void) {
    static const size_t key_sizes[] = {16, 32};
    bool good = true;
    for (size_t i = 0; i < 2; i++) {
        uint8_t key[32], iv[12], tag[16], sealed_memory[64], opened_memory[64];
        bytes_buffer sealed, opened;
        sotto_bytes ciphertext = BYTES_NONE;
        secret_make(key, 32);
        memset(iv, 5, sizeof iv);
        bytes_buffer_borrowed(&sealed, sealed_memory, sizeof sealed_memory);
        bytes_buffer_borrowed(&opened, opened_memory, sizeof opened_memory);
        sotto_bytes cut = bytes_of(key, key_sizes[i]), nonce = bytes_of(iv, 12);
        good = good && sotto_ok(crypto_gcm_encrypt(&sealed, tag, cut, nonce, text, text));
        good = good && sotto_ok(bytes_buffer_end(&sealed, &ciphertext));
        declassify_bytes(ciphertext);
        declassify(tag, sizeof tag);
        good = good && sotto_ok(crypto_gcm_decrypt(&opened, cut, nonce, text, ciphertext, tag));
        bytes_buffer_reset(&opened);
        tag[3] ^= 1;
        good = good && sotto_is(crypto_gcm_decrypt(&opened, cut, nonce, text, ciphertext, tag), SOTTO_E_BAD_MAC);
    }
    return good;
}

static bool box(void) {
    uint8_t key[32], message[40], sealed_memory[80], opened_memory[80];
    bytes_buffer sealed, opened;
    sotto_bytes boxed = BYTES_NONE, plain = BYTES_NONE;
    secret_make(key, 32);
    secret_make(message, sizeof message);
    bytes_buffer_borrowed(&sealed, sealed_memory, sizeof sealed_memory);
    bytes_buffer_borrowed(&opened, opened_memory, sizeof opened_memory);
    bool good = sotto_ok(crypto_box_put(&sealed, key, text, bytes_of(message, sizeof message), &secret_host)) &&
                sotto_ok(bytes_buffer_end(&sealed, &boxed));
    declassify_bytes(boxed);
    good = good && sotto_ok(crypto_box_get(&opened, key, text, boxed)) && sotto_ok(bytes_buffer_end(&opened, &plain)) &&
           crypto_equal(plain.at, message, sizeof message);
    sealed_memory[30] ^= 1;
    bytes_buffer_reset(&opened);
    return good && sotto_is(crypto_box_get(&opened, key, text, boxed), SOTTO_E_BAD_MAC);
}

typedef struct password_side {
    crypto_cpace_run run;
    crypto_cpace_claim claim;
    crypto_cpace_tag tag;
    crypto_cpace_key key;
} password_side;

/* Both sides up to the tags: the password is a secret, and so are the scalars; shares and tags go over the wire. */
static bool passwords_until_tags(password_side *a, password_side *b, sotto_bytes one, sotto_bytes other) {
    const crypto_cpace_input at_a = {one, text, text}, at_b = {other, text, text};
    bool good = sotto_ok(crypto_cpace_begin(&a->run, &at_a, &secret_host)) &&
                sotto_ok(crypto_cpace_begin(&b->run, &at_b, &secret_host));
    if (!good) return false;
    declassify(&a->run.share, sizeof a->run.share);
    declassify(&b->run.share, sizeof b->run.share);
    const crypto_cpace_share from_a = a->run.share, from_b = b->run.share;
    good =
        sotto_ok(crypto_cpace_finish(&a->claim, &a->tag, &a->run, CRYPTO_CPACE_INITIATOR, BYTES_NONE, &from_b, text)) &&
        sotto_ok(crypto_cpace_finish(&b->claim, &b->tag, &b->run, CRYPTO_CPACE_RESPONDER, text, &from_a, BYTES_NONE));
    declassify(&a->tag, sizeof a->tag);
    declassify(&b->tag, sizeof b->tag);
    return good;
}

/* With much, little and no padding behind the password. */
static bool password(void) {
    static const size_t sizes[] = {1, 20, 107, 108, 200};
    bool good = true;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t bytes[200];
        password_side a, b;
        secret_make(bytes, sizeof bytes);
        const sotto_bytes same = bytes_of(bytes, sizes[i]);
        good = good && passwords_until_tags(&a, &b, same, same);
        good = good && sotto_ok(crypto_cpace_confirm(&a.key, &a.claim, &b.tag)) &&
               sotto_ok(crypto_cpace_confirm(&b.key, &b.claim, &a.tag)) && crypto_equal(&a.key, &b.key, sizeof a.key);
    }
    return good;
}

/* That it is another one shows, and nothing of where they differ. */
static bool password_wrong(void) {
    uint8_t one[20], other[20];
    password_side a, b;
    secret_make(one, sizeof one);
    memcpy(other, one, sizeof other);
    other[7] ^= 1;
    return passwords_until_tags(&a, &b, bytes_of(one, sizeof one), bytes_of(other, sizeof other)) &&
           sotto_is(crypto_cpace_confirm(&a.key, &a.claim, &b.tag), SOTTO_E_BAD_MAC) &&
           sotto_is(crypto_cpace_confirm(&b.key, &b.claim, &a.tag), SOTTO_E_BAD_MAC);
}

static bool password_refused(void) {
    static const crypto_cpace_share neutral = {{0}}, negative = {{1}};
    uint8_t bytes[20];
    crypto_cpace_run run;
    crypto_cpace_claim claim;
    crypto_cpace_tag tag;
    secret_make(bytes, sizeof bytes);
    const crypto_cpace_input input = {bytes_of(bytes, sizeof bytes), text, text};
    bool good = true;
    for (size_t i = 0; i < 2; i++) {
        good = good && sotto_ok(crypto_cpace_begin(&run, &input, &secret_host));
        declassify(&run.share, sizeof run.share);
        good = good && sotto_is(crypto_cpace_finish(&claim, &tag, &run, CRYPTO_CPACE_INITIATOR, BYTES_NONE,
                                                    i == 0 ? &neutral : &negative, BYTES_NONE),
                                SOTTO_E_BAD_KEY);
    }
    return good;
}

const constant_case crypto_cases[] = {
    {"x25519: new pairs agree", agreement},
    {"x25519: a key of small order is refused", agreement_refused},
    {"identity from a seed: both forms, a signature", seed_identity},
    {"identity from a scalar: both forms, XEdDSA", scalar_identity},
    {"hash, HMAC, HKDF, PBKDF2 with SHA-1, SHA-256, SHA-512", hashes},
    {"AES-CBC there and back, every padding", cbc},
    {"AES-CBC: a wrong padding", cbc_padding},
    {"AES-GCM there and back, and a wrong tag", gcm},
    {"XChaCha20-Poly1305 there and back, and a wrong tag", box},
    {"CPace: the same password, several lengths", password},
    {"CPace: another password", password_wrong},
    {"CPace: shares that are refused", password_refused},
    {NULL, NULL},
};
