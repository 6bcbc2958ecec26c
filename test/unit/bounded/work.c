/* SPDX-License-Identifier: ISC */
#include "work.h"

#include "crypto/curve.h"
#include "crypto/hash.h"
#include "crypto/sha256.h"

static work counted;

void work_reset(void) {
    counted = (work){.agreements = 0};
}

work work_done(void) {
    return counted;
}

sotto_status __real_crypto_x25519_agree(uint8_t ret[32], const crypto_x25519_private *, const crypto_x25519_public *);
sotto_status __wrap_crypto_x25519_agree(uint8_t ret[32], const crypto_x25519_private *, const crypto_x25519_public *);
sotto_status __real_crypto_ed25519_verify(const crypto_ed25519_public *, sotto_bytes, const crypto_signature *);
sotto_status __wrap_crypto_ed25519_verify(const crypto_ed25519_public *, sotto_bytes, const crypto_signature *);
void __real_crypto_sha256_mac(uint8_t ret[32], const crypto_sha256_key *, const sotto_bytes *, size_t);
void __wrap_crypto_sha256_mac(uint8_t ret[32], const crypto_sha256_key *, const sotto_bytes *, size_t);
void __real_crypto_sha256_hmac(uint8_t ret[32], sotto_bytes key, const sotto_bytes *, size_t);
void __wrap_crypto_sha256_hmac(uint8_t ret[32], sotto_bytes key, const sotto_bytes *, size_t);
bool __real_crypto_sha256_hkdf(uint8_t *ret, size_t, sotto_bytes, sotto_bytes, sotto_bytes);
bool __wrap_crypto_sha256_hkdf(uint8_t *ret, size_t, sotto_bytes, sotto_bytes, sotto_bytes);
void __real_crypto_sha256_walk(uint8_t chain[32], uint8_t (*keys)[32], size_t count);
void __wrap_crypto_sha256_walk(uint8_t chain[32], uint8_t (*keys)[32], size_t count);
sotto_status __real_crypto_pbkdf2(crypto_hash_kind, uint8_t *, size_t, sotto_bytes, sotto_bytes, uint32_t);
sotto_status __wrap_crypto_pbkdf2(crypto_hash_kind, uint8_t *, size_t, sotto_bytes, sotto_bytes, uint32_t);

sotto_status __wrap_crypto_pbkdf2(crypto_hash_kind kind, uint8_t *ret, size_t size, sotto_bytes password,
                                  sotto_bytes salt, uint32_t rounds) {
    counted.rounds += rounds;
    return __real_crypto_pbkdf2(kind, ret, size, password, salt, rounds < 5000 ? rounds : 5000);
}

sotto_status __wrap_crypto_x25519_agree(uint8_t ret[32], const crypto_x25519_private *own,
                                        const crypto_x25519_public *peer) {
    counted.agreements++;
    return __real_crypto_x25519_agree(ret, own, peer);
}

sotto_status __wrap_crypto_ed25519_verify(const crypto_ed25519_public *key, sotto_bytes message,
                                          const crypto_signature *signature) {
    counted.verified++;
    return __real_crypto_ed25519_verify(key, message, signature);
}

void __wrap_crypto_sha256_mac(uint8_t ret[32], const crypto_sha256_key *key, const sotto_bytes *message, size_t count) {
    counted.macs++;
    __real_crypto_sha256_mac(ret, key, message, count);
}

void __wrap_crypto_sha256_hmac(uint8_t ret[32], sotto_bytes key, const sotto_bytes *message, size_t count) {
    counted.macs++;
    __real_crypto_sha256_hmac(ret, key, message, count);
}

bool __wrap_crypto_sha256_hkdf(uint8_t *ret, size_t size, sotto_bytes secret, sotto_bytes salt, sotto_bytes info) {
    bool done = __real_crypto_sha256_hkdf(ret, size, secret, salt, info);
    if (done) counted.macs += 1 + (uint32_t)((size + 31) / 32); /* otherwise the caller goes the long way, counted */
    return done;
}

void __wrap_crypto_sha256_walk(uint8_t chain[32], uint8_t (*keys)[32], size_t count) {
    counted.macs += 2 * (uint32_t)count;
    __real_crypto_sha256_walk(chain, keys, count);
}
