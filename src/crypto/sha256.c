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

#define BLOCK 64u

static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}; /* FIPS 180-4 section 5.3.3 */

/* The words of a state as the bytes of a hash, and those of a hash as words. Through whole vectors where there are
 * some: what the compression function reads in one piece should have been written in one. */
typedef uint32_t words __attribute__((vector_size(16)));

static words turned(words w) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return w << 24 | (w & 0xff00) << 8 | (w >> 8 & 0xff00) | w >> 24;
#else
    return w;
#endif
}

static void state_out(uint8_t ret[32], const uint32_t state[8]) {
    words first, second;
    memcpy(&first, state, sizeof first);
    memcpy(&second, state + 4, sizeof second);
    first = turned(first);
    second = turned(second);
    memcpy(ret, &first, sizeof first);
    memcpy(ret + 16, &second, sizeof second);
}

static void put32(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

void crypto_sha256(uint8_t ret[32], sotto_bytes message) {
    SHA256_CTX context;
    (void)SHA256_Init(&context);
    if (message.len > 0) (void)SHA256_Update(&context, message.at, message.len);
    (void)SHA256_Final(ret, &context);
    bytes_wipe(&context, sizeof context);
}

/* ---- blocks ---- */

/* Room for a short text: what a message of OMEMO authenticates, and all that keys are derived from. */
#define TEXT_BLOCKS 4u
#define TEXT_MAX    (TEXT_BLOCKS * BLOCK - 9) /* a mark and a length of 8 bytes follow */

/* All that a function here works with, so that wiping it is one call. There are several contexts because a processor
 * works on two blocks at once where neither waits for the other: such calls stand side by side below. */
typedef struct work {
    SHA256_CTX inner, outer, other;
    uint8_t text[(1 + TEXT_BLOCKS) * BLOCK]; /* the block of a key, and a text */
    uint8_t last[BLOCK];
    uint8_t other_last[BLOCK];
    uint8_t pad[BLOCK];
    crypto_sha256_key key;
} work;

static void start_from(SHA256_CTX *context, const uint32_t state[8]) {
    memcpy(context->h, state, sizeof context->h);
}

/* Whole blocks, one after another; through SHA256_Update several go in one call. */
static void take_blocks(SHA256_CTX *context, const uint8_t *at, size_t count) {
    if (count == 1) {
        SHA256_Transform(context, at);
    } else {
        context->Nl = context->Nh = 0;
        context->num = 0;
        (void)SHA256_Update(context, at, count * BLOCK);
    }
}

static void key_block(uint8_t ret[BLOCK], sotto_bytes key) {
    memset(ret, 0, BLOCK);
    if (key.len > BLOCK)
        crypto_sha256(ret, key);
    else if (key.len > 0)
        memcpy(ret, key.at, key.len);
}

static void padded_key(uint8_t ret[BLOCK], const uint8_t key[BLOCK], uint8_t pad) {
    for (size_t i = 0; i < BLOCK; i++) ret[i] = key[i] ^ pad;
}

static void key_states(work *w, crypto_sha256_key *ret, sotto_bytes key) {
    key_block(w->last, key);
    padded_key(w->pad, w->last, 0x36);
    padded_key(w->last, w->last, 0x5c);
    start_from(&w->inner, initial);
    start_from(&w->outer, initial);
    take_blocks(&w->inner, w->pad, 1);
    take_blocks(&w->outer, w->last, 1);
    memcpy(ret->inner, w->inner.h, sizeof ret->inner);
    memcpy(ret->outer, w->outer.h, sizeof ret->outer);
}

/* Ends a hash that began with one block of key: `len` bytes of text stand here, and zeros behind them. Returns how many
 * blocks there are. */
static size_t text_finish(uint8_t *text, size_t len) {
    size_t blocks = (len + 9 + BLOCK - 1) / BLOCK;
    text[len] = 0x80;
    put32(text + blocks * BLOCK - 4, (uint32_t)(BLOCK + len) * 8);
    return blocks;
}

/* What is behind 32 bytes of text in their block, after one block of key: 96 bytes are 768 bits. */
static const uint8_t after_32[32] = {0x80, [30] = 3, 0};

static void hash_put(uint8_t block[BLOCK], const uint32_t state[8]) {
    state_out(block, state);
    memcpy(block + 32, after_32, sizeof after_32);
}

/* False: too long for `text`. */
static bool text_put(uint8_t *text, const sotto_bytes *message, size_t count, size_t *ret_blocks) {
    size_t len = 0;
    if (count == 1 && message->len == 32) { /* a key, mostly */
        memcpy(text, message->at, 32);
        memcpy(text + 32, after_32, sizeof after_32);
        *ret_blocks = 1;
        return true;
    }
    memset(text, 0, TEXT_BLOCKS * BLOCK);
    for (size_t i = 0; i < count; i++) {
        if (message[i].len > TEXT_MAX - len) return false;
        if (message[i].len > 0) memcpy(text + len, message[i].at, message[i].len);
        len += message[i].len;
    }
    *ret_blocks = text_finish(text, len);
    return true;
}

/* ---- HMAC ---- */

static void inner_long(work *w, const uint32_t inner[8], const sotto_bytes *message, size_t count) {
    (void)SHA256_Init(&w->inner);
    start_from(&w->inner, inner);
    w->inner.Nl = BLOCK * 8;
    for (size_t i = 0; i < count; i++) {
        if (message[i].len > 0) (void)SHA256_Update(&w->inner, message[i].at, message[i].len);
    }
    (void)SHA256_Final(w->last, &w->inner);
    memcpy(w->last + 32, after_32, sizeof after_32);
}

static void code(work *w, uint8_t ret[32], const crypto_sha256_key *key, const sotto_bytes *message, size_t count) {
    size_t blocks;
    if (text_put(w->text, message, count, &blocks)) {
        start_from(&w->inner, key->inner);
        take_blocks(&w->inner, w->text, blocks);
        hash_put(w->last, w->inner.h);
    } else {
        inner_long(w, key->inner, message, count);
    }
    start_from(&w->outer, key->outer);
    take_blocks(&w->outer, w->last, 1);
    state_out(ret, w->outer.h);
}

/* A short text with a key for this one code: the key's block goes with it. */
static bool code_once(work *w, uint8_t ret[32], sotto_bytes key, const sotto_bytes *message, size_t count) {
    size_t blocks;
    if (!text_put(w->text + BLOCK, message, count, &blocks)) return false;
    key_block(w->last, key);
    padded_key(w->text, w->last, 0x36);
    padded_key(w->pad, w->last, 0x5c);
    start_from(&w->inner, initial);
    start_from(&w->outer, initial);
    take_blocks(&w->outer, w->pad, 1);
    take_blocks(&w->inner, w->text, 1 + blocks);
    hash_put(w->last, w->inner.h);
    take_blocks(&w->outer, w->last, 1);
    state_out(ret, w->outer.h);
    return true;
}

void crypto_sha256_key_from(crypto_sha256_key *ret, sotto_bytes key) {
    work w;
    key_states(&w, ret, key);
    bytes_wipe(&w, sizeof w);
}

void crypto_sha256_mac(uint8_t ret[32], const crypto_sha256_key *key, const sotto_bytes *message, size_t count) {
    work w;
    code(&w, ret, key, message, count);
    bytes_wipe(&w, sizeof w);
}

void crypto_sha256_hmac(uint8_t ret[32], sotto_bytes key, const sotto_bytes *message, size_t count) {
    work w;
    if (!code_once(&w, ret, key, message, count)) {
        key_states(&w, &w.key, key);
        code(&w, ret, &w.key, message, count);
    }
    bytes_wipe(&w, sizeof w);
}

/* ---- derivations ---- */

/* What HMAC makes of a key of no bytes, and of 32 zero bytes: "if not provided, [the salt] is set to a string of
 * HashLen zeros" (RFC 5869 section 2.2). */
static const crypto_sha256_key no_salt = {
    {0xf454dead, 0x9725214f, 0x90daf2a0, 0xdf1228ea, 0x64e5750f, 0xa3924181, 0x824a932b, 0xf8e04e32},
    {0xd385480f, 0x7abb6477, 0x37c9c538, 0x5dd82467, 0x8e043a72, 0x753434b0, 0xdeb82818, 0x361d45a6}};

/* The text of T(1): the info, and the number 1. It stands 32 bytes from the beginning, where T(1) goes later. */
static void expand_begin(work *w, sotto_bytes info) {
    memset(w->text, 0, sizeof w->text);
    if (info.len > 0) memcpy(w->text + 32, info.at, info.len);
    w->text[32 + info.len] = 1;
    (void)text_finish(w->text + 32, info.len + 1);
}

/* T(i) = HMAC(PRK, T(i-1) | info | i). The next text is made ready before the second half of a code: a block that was
 * written byte by byte just now would be waited for. */
static void expand(work *w, uint8_t *ret, size_t size, size_t info_len) {
    const uint8_t *text = w->text + 32;
    size_t len = info_len + 1, blocks = (len + 9 + BLOCK - 1) / BLOCK;
    for (size_t at = 0, number = 1; at < size; at += 32, number++) {
        start_from(&w->inner, w->key.inner);
        take_blocks(&w->inner, text, blocks);
        hash_put(w->last, w->inner.h);
        if (number == 1) {
            text = w->text;
            memset(w->text + 32 + len, 0, sizeof w->text - 32 - len);
            len += 32;
            blocks = text_finish(w->text, len);
        }
        w->text[len - 1] = (uint8_t)(number + 1);
        start_from(&w->outer, w->key.outer);
        take_blocks(&w->outer, w->last, 1);
        state_out(w->text, w->outer.h);
        memcpy(ret + at, w->text, size - at < 32 ? size - at : 32);
    }
}

static void extract(work *w, uint8_t ret[32], sotto_bytes secret, sotto_bytes salt) {
    if (salt.len == 0) {
        code(w, ret, &no_salt, &secret, 1);
    } else if (!code_once(w, ret, salt, &secret, 1)) {
        key_states(w, &w->key, salt);
        code(w, ret, &w->key, &secret, 1);
    }
}

bool crypto_sha256_hkdf(uint8_t *ret, size_t size, sotto_bytes secret, sotto_bytes salt, sotto_bytes info) {
    work w;
    uint8_t prk[32];
    if (info.len > TEXT_MAX - 33) return false;
    extract(&w, prk, secret, salt);
    expand_begin(&w, info);
    key_states(&w, &w.key, (sotto_bytes){prk, sizeof prk});
    expand(&w, ret, size, info.len);
    bytes_wipe(&w, sizeof w);
    bytes_wipe(prk, sizeof prk);
    return true;
}

/* KDF_CK of the Double Ratchet, where a skipped thousand is this a thousand times: six blocks a step, and nothing but
 * their 32 changing bytes is written in between. */
void crypto_sha256_walk(uint8_t chain[32], uint8_t (*keys)[32], size_t count) {
    static const uint8_t text[2][BLOCK] = {{1, 0x80, [BLOCK - 2] = (BLOCK + 1) * 8 >> 8, (uint8_t)((BLOCK + 1) * 8)},
                                           {2, 0x80, [BLOCK - 2] = (BLOCK + 1) * 8 >> 8, (uint8_t)((BLOCK + 1) * 8)}};
    work w;
    uint8_t *inner = w.text, *outer = w.text + BLOCK;
    memset(inner, 0x36, BLOCK);
    memset(outer, 0x5c, BLOCK);
    memcpy(w.last + 32, after_32, sizeof after_32);
    memcpy(w.other_last + 32, after_32, sizeof after_32);
    for (size_t step = 0; step < count; step++) {
        for (size_t i = 0; i < 32; i++) inner[i] = chain[i] ^ 0x36;
        for (size_t i = 0; i < 32; i++) outer[i] = chain[i] ^ 0x5c;
        start_from(&w.inner, initial);
        start_from(&w.outer, initial);
        take_blocks(&w.inner, inner, 1);
        take_blocks(&w.outer, outer, 1);
        start_from(&w.other, w.inner.h);
        take_blocks(&w.inner, text[1], 1);
        take_blocks(&w.other, text[0], 1);
        state_out(w.last, w.inner.h);
        state_out(w.other_last, w.other.h);
        start_from(&w.other, w.outer.h);
        take_blocks(&w.outer, w.last, 1);
        take_blocks(&w.other, w.other_last, 1);
        state_out(chain, w.outer.h);
        state_out(keys[step], w.other.h);
    }
    bytes_wipe(&w, sizeof w);
}
