/* SPDX-License-Identifier: ISC
 *
 * CPace over ristretto255 (RFC 9496) and SHA-512, both libsodium's. The names are those of draft-irtf-cfrg-cpace: its
 * sections on the protocol, on group abstractions and on key confirmation. No branch and no address depends on the
 * password, the generator, a scalar or a key; the generator is as secret as the password, because whoever has it can
 * try passwords at home. */
#include "crypto/cpace.h"

#include <sodium.h>
#include <sotto/limits.h>
#include <string.h>

#include "bytes/memory.h"
#include "bytes/span.h"
#include "crypto/hash.h"
#include "crypto/point.h"

#define HASH_BLOCK_BYTES 128u /* SHA-512's input block: H.s_in_bytes */
#define LENGTH_BYTES_MAX 10u  /* of LEB128 */

static const sotto_bytes dsi = {(const uint8_t *)"CPaceRistretto255", 17};
static const sotto_bytes dsi_isk = {(const uint8_t *)"CPaceRistretto255_ISK", 21};

typedef struct party {
    const crypto_cpace_share *share;
    sotto_bytes data;
} party;

/* The length in LEB128. */
static size_t length_write(uint8_t ret[LENGTH_BYTES_MAX], size_t len) {
    size_t count = 0;
    for (; len >= 128; len >>= 7) ret[count++] = (uint8_t)(len | 128);
    ret[count++] = (uint8_t)len;
    return count;
}

/* prepend_len: the length, then the bytes. */
static void hash_put(crypto_hash_sha512_state *state, sotto_bytes bytes) {
    uint8_t length[LENGTH_BYTES_MAX];
    (void)crypto_hash_sha512_update(state, length, length_write(length, bytes.len));
    if (bytes.len > 0) (void)crypto_hash_sha512_update(state, bytes.at, bytes.len);
}

/* generator_string: the padding fills the first block of the hash behind a password of the usual lengths, so that the
 * time does not tell them apart, and keeps what an observer knows out of the block that has the password. */
static void generator_from(uint8_t ret[32], const crypto_cpace_input *input) {
    static const uint8_t zeros[HASH_BLOCK_BYTES] = {0};
    crypto_hash_sha512_state state;
    uint8_t wide[64], length[LENGTH_BYTES_MAX];
    const size_t before = 1 + dsi.len + length_write(length, input->password.len) + input->password.len;
    const size_t padding = before + 1 < HASH_BLOCK_BYTES ? HASH_BLOCK_BYTES - 1 - before : 0;
    (void)crypto_hash_sha512_init(&state);
    hash_put(&state, dsi);
    hash_put(&state, input->password);
    hash_put(&state, bytes_of(zeros, padding));
    hash_put(&state, input->channel);
    hash_put(&state, input->sid);
    (void)crypto_hash_sha512_final(&state, wide);
    (void)crypto_core_ristretto255_from_hash(ret, wide); /* cannot fail */
    bytes_wipe(&state, sizeof state);
    bytes_wipe(wide, sizeof wide);
}

/* sample_scalar: as many random bits as the order has, below the highest; no reduction. */
static sotto_status scalar_new(uint8_t ret[32], const sotto_host *host) {
    SOTTO_TRY(crypto_random(host, ret, 32));
    ret[31] &= 15;
    return SOTTO_OK;
}

static bool fits(const crypto_cpace_input *input) {
    return input->password.len > 0 && input->password.len <= CRYPTO_CPACE_PASSWORD_BYTES_MAX && input->sid.len > 0 &&
           input->sid.len <= CRYPTO_CPACE_SID_BYTES_MAX && input->channel.len <= CRYPTO_CPACE_CHANNEL_BYTES_MAX;
}

sotto_status crypto_cpace_begin(crypto_cpace_run *ret, const crypto_cpace_input *input, const sotto_host *host) {
    if (!fits(input)) return SOTTO_FAIL(USAGE);
    crypto_cpace_run run = {.sid_len = input->sid.len};
    uint8_t generator[32];
    SOTTO_TRY(scalar_new(run.scalar, host));
    memcpy(run.sid, input->sid.at, input->sid.len);
    generator_from(generator, input);
    /* Fails for a scalar of zero or a hash that gives the neutral element: one chance in 2^251. */
    bool made = crypto_scalarmult_ristretto255(run.share.bytes, run.scalar, generator) == 0;
    if (made) *ret = run;
    bytes_wipe(generator, sizeof generator);
    bytes_wipe(&run, sizeof run);
    return made ? SOTTO_OK : SOTTO_FAIL(CRYPTO_FAILED);
}

/* ISK = hash(lv_cat(DSI || "_ISK", sid, K) || lv_cat(Ya, ADa) || lv_cat(Yb, ADb)) */
static void isk_from(crypto_cpace_key *ret, sotto_bytes sid, const uint8_t K[32], const party *a, const party *b) {
    crypto_hash_sha512_state state;
    (void)crypto_hash_sha512_init(&state);
    hash_put(&state, dsi_isk);
    hash_put(&state, sid);
    hash_put(&state, bytes_of(K, 32));
    hash_put(&state, bytes_of(a->share->bytes, 32));
    hash_put(&state, a->data);
    hash_put(&state, bytes_of(b->share->bytes, 32));
    hash_put(&state, b->data);
    (void)crypto_hash_sha512_final(&state, ret->bytes);
    bytes_wipe(&state, sizeof state);
}

/* mac_key = hash("CPaceMac" || sid || ISK) */
static void mac_key_from(uint8_t ret[64], sotto_bytes sid, const crypto_cpace_key *isk) {
    crypto_hash_sha512_state state;
    (void)crypto_hash_sha512_init(&state);
    (void)crypto_hash_sha512_update(&state, (const uint8_t *)"CPaceMac", 8);
    (void)crypto_hash_sha512_update(&state, sid.at, sid.len);
    (void)crypto_hash_sha512_update(&state, isk->bytes, sizeof isk->bytes);
    (void)crypto_hash_sha512_final(&state, ret);
    bytes_wipe(&state, sizeof state);
}

static void mac_put(crypto_auth_hmacsha512_state *state, sotto_bytes bytes) {
    uint8_t length[LENGTH_BYTES_MAX];
    (void)crypto_auth_hmacsha512_update(state, length, length_write(length, bytes.len));
    if (bytes.len > 0) (void)crypto_auth_hmacsha512_update(state, bytes.at, bytes.len);
}

/* HMAC(mac_key, lv_cat(Y, AD)) over what one side sent. */
static void tag_from(crypto_cpace_tag *ret, const uint8_t mac_key[64], const party *sender) {
    crypto_auth_hmacsha512_state state;
    (void)crypto_auth_hmacsha512_init(&state, mac_key, 64);
    mac_put(&state, bytes_of(sender->share->bytes, 32));
    mac_put(&state, sender->data);
    (void)crypto_auth_hmacsha512_final(&state, ret->bytes);
    bytes_wipe(&state, sizeof state);
}

static sotto_status run_finish(crypto_cpace_claim *ret, crypto_cpace_tag *ret_tag, const crypto_cpace_run *run,
                               crypto_cpace_role role, const party *own, const party *peer) {
    const sotto_bytes sid = bytes_of(run->sid, run->sid_len);
    uint8_t K[32], mac_key[64];
    if (peer->data.len > SOTTO_CPACE_DATA_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    if (crypto_equal(own->share->bytes, peer->share->bytes, 32)) return SOTTO_FAIL(BAD_KEY);
    /* libsodium 1.0.18 does not look at the highest bit: an element would have two forms (RFC 9496 section 4.3.1). */
    if (!crypto_point_is_canonical(peer->share->bytes)) return SOTTO_FAIL(BAD_KEY);
    /* scalar_mult_vfy: libsodium refuses what else does not decode, and a product that is the neutral element. */
    if (crypto_scalarmult_ristretto255(K, run->scalar, peer->share->bytes) != 0) {
        bytes_wipe(K, sizeof K);
        return SOTTO_FAIL(BAD_KEY);
    }
    bool first = role == CRYPTO_CPACE_INITIATOR;
    isk_from(&ret->key, sid, K, first ? own : peer, first ? peer : own);
    mac_key_from(mac_key, sid, &ret->key);
    tag_from(ret_tag, mac_key, own);
    tag_from(&ret->expected, mac_key, peer);
    ret->open = true;
    bytes_wipe(K, sizeof K);
    bytes_wipe(mac_key, sizeof mac_key);
    return SOTTO_OK;
}

sotto_status crypto_cpace_finish(crypto_cpace_claim *ret, crypto_cpace_tag *ret_tag, crypto_cpace_run *run,
                                 crypto_cpace_role role, sotto_bytes own_data, const crypto_cpace_share *peer,
                                 sotto_bytes peer_data) {
    if (run->sid_len == 0 || own_data.len > SOTTO_CPACE_DATA_BYTES_MAX) return SOTTO_FAIL(USAGE);
    const party own = {&run->share, own_data}, other = {peer, peer_data};
    sotto_status status = run_finish(ret, ret_tag, run, role, &own, &other);
    crypto_cpace_run_wipe(run);
    return status;
}

sotto_status crypto_cpace_confirm(crypto_cpace_key *ret, crypto_cpace_claim *claim, const crypto_cpace_tag *peer) {
    if (!claim->open) return SOTTO_FAIL(USAGE);
    bool same = crypto_equal(claim->expected.bytes, peer->bytes, sizeof peer->bytes);
    if (same) *ret = claim->key;
    crypto_cpace_claim_wipe(claim);
    return same ? SOTTO_OK : SOTTO_FAIL(BAD_MAC);
}

void crypto_cpace_run_wipe(crypto_cpace_run *run) {
    bytes_wipe(run, sizeof *run);
}

void crypto_cpace_claim_wipe(crypto_cpace_claim *claim) {
    bytes_wipe(claim, sizeof *claim);
}
