/* SPDX-License-Identifier: ISC
 *
 * SHA-256 by libcrypto's low-level functions, which OpenSSL 3.0 declared deprecated; this one file uses them all the
 * same. The ratchet of OMEMO hashes a block or two at a time, up to a thousand times for one message: a one-shot
 * HMAC() costs 0.9 microseconds there (lookups, reference counts, memory), a block 0.02 to 0.05. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/sha256.h"

#include <openssl/sha.h>
#include <string.h>

#include "bytes/memory.h"

#define BLOCK            64u
#define WHOLE_BLOCK_TEXT 55u /* what fits into one block with the mark and the length behind it */

static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}; /* FIPS 180-4 section 5.3.3 */

static void put32(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

static void state_out(uint8_t ret[32], const uint32_t state[8]) {
    for (size_t i = 0; i < 8; i++) put32(ret + 4 * i, state[i]);
}

void crypto_sha256(uint8_t ret[32], sotto_bytes message) {
    SHA256_CTX context;
    (void)SHA256_Init(&context);
    if (message.len > 0) (void)SHA256_Update(&context, message.at, message.len);
    (void)SHA256_Final(ret, &context);
    bytes_wipe(&context, sizeof context);
}

static void key_half(uint32_t ret[8], const uint8_t key[BLOCK], uint8_t pad, SHA256_CTX *context) {
    uint8_t block[BLOCK];
    for (size_t i = 0; i < BLOCK; i++) block[i] = key[i] ^ pad;
    memcpy(context->h, initial, sizeof initial);
    SHA256_Transform(context, block);
    memcpy(ret, context->h, sizeof context->h);
    bytes_wipe(block, sizeof block);
}

void crypto_sha256_key_from(crypto_sha256_key *ret, sotto_bytes key) {
    uint8_t block[BLOCK] = {0};
    SHA256_CTX context = {0};
    if (key.len > BLOCK)
        crypto_sha256(block, key);
    else if (key.len > 0)
        memcpy(block, key.at, key.len);
    key_half(ret->inner, block, 0x36, &context);
    key_half(ret->outer, block, 0x5c, &context);
    bytes_wipe(block, sizeof block);
    bytes_wipe(&context, sizeof context);
}

/* The last block of a hash that began with one block of key: `len` bytes of text stand in it already. */
static void finish_block(uint8_t block[BLOCK], size_t len) {
    block[len] = 0x80;
    memset(block + len + 1, 0, BLOCK - 4 - len - 1);
    put32(block + BLOCK - 4, (uint32_t)(BLOCK + len) * 8);
}

static void mac_long(uint8_t ret[32], const uint32_t inner[8], const sotto_bytes *message, size_t count) {
    SHA256_CTX context;
    (void)SHA256_Init(&context);
    memcpy(context.h, inner, sizeof context.h);
    context.Nl = BLOCK * 8;
    for (size_t i = 0; i < count; i++) {
        if (message[i].len > 0) (void)SHA256_Update(&context, message[i].at, message[i].len);
    }
    (void)SHA256_Final(ret, &context);
    bytes_wipe(&context, sizeof context);
}

void crypto_sha256_mac(uint8_t ret[32], const crypto_sha256_key *key, const sotto_bytes *message, size_t count) {
    SHA256_CTX context;
    uint8_t block[BLOCK];
    size_t len = 0, i = 0;
    for (; i < count && message[i].len <= WHOLE_BLOCK_TEXT - len; i++) {
        if (message[i].len > 0) memcpy(block + len, message[i].at, message[i].len);
        len += message[i].len;
    }
    if (i == count) {
        finish_block(block, len);
        memcpy(context.h, key->inner, sizeof context.h);
        SHA256_Transform(&context, block);
        state_out(block, context.h);
    } else {
        mac_long(block, key->inner, message, count);
    }
    finish_block(block, 32);
    memcpy(context.h, key->outer, sizeof context.h);
    SHA256_Transform(&context, block);
    state_out(ret, context.h);
    bytes_wipe(block, sizeof block);
    bytes_wipe(context.h, sizeof context.h);
}
