/* SPDX-License-Identifier: ISC
 *
 * omemo:2: AES-256-CBC and HMAC-SHA-256 with keys derived from the payload's key. */
#include "seal/omemo/payload.h"

#include <string.h>

#include "bytes/memory.h"
#include "bytes/span.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"

#define KEY_BYTES   32
#define EMPTY_BYTES 32 /* XEP-0384 section 5.5.3: zeros, in place of the key and the MAC */

static sotto_status keys_derive(const omemo_dialect *dialect, const uint8_t key[KEY_BYTES], uint8_t ret[80]) {
    return crypto_hkdf(CRYPTO_SHA256, ret, 80, bytes_of(key, KEY_BYTES), BYTES_NONE, bytes_text(dialect->payload_info));
}

static sotto_status cbc_seal(const omemo_dialect *dialect, const uint8_t key[KEY_BYTES], sotto_bytes plain,
                             bytes_buffer *ret, omemo_payload_keys *ret_keys) {
    uint8_t keys[80], mac[32];
    sotto_bytes all;
    size_t before = ret->len;
    sotto_status status = keys_derive(dialect, key, keys);
    if (sotto_ok(status)) status = crypto_cbc_encrypt(ret, keys, keys + 64, plain);
    if (sotto_ok(status)) status = bytes_buffer_end(ret, &all);
    if (sotto_ok(status)) {
        sotto_bytes ciphertext = bytes_after(all, before);
        status = crypto_hmac(CRYPTO_SHA256, mac, bytes_of(keys + 32, 32), &ciphertext, 1);
    }
    if (sotto_ok(status)) {
        *ret_keys = (omemo_payload_keys){.len = (uint8_t)(KEY_BYTES + dialect->payload_mac_size)};
        memcpy(ret_keys->bytes, key, KEY_BYTES);
        memcpy(ret_keys->bytes + KEY_BYTES, mac, dialect->payload_mac_size);
    }
    bytes_wipe(keys, sizeof keys);
    bytes_wipe(mac, sizeof mac);
    return status;
}

static sotto_status cbc_open(const omemo_dialect *dialect, sotto_bytes given, sotto_bytes iv, sotto_bytes ciphertext,
                             bytes_buffer *ret) {
    if (given.len != KEY_BYTES + dialect->payload_mac_size || iv.len > 0) return SOTTO_FAIL(MALFORMED);
    uint8_t keys[80], mac[32];
    sotto_status status = keys_derive(dialect, given.at, keys);
    if (sotto_ok(status)) status = crypto_hmac(CRYPTO_SHA256, mac, bytes_of(keys + 32, 32), &ciphertext, 1);
    if (sotto_ok(status) && !crypto_equal(mac, given.at + KEY_BYTES, dialect->payload_mac_size))
        status = SOTTO_FAIL(BAD_MAC);
    if (sotto_ok(status)) status = crypto_cbc_decrypt(ret, keys, keys + 64, ciphertext);
    bytes_wipe(keys, sizeof keys);
    bytes_wipe(mac, sizeof mac);
    return status;
}

static void cbc_empty(const uint8_t random[OMEMO_PAYLOAD_RANDOM_BYTES], omemo_payload_keys *ret_keys) {
    (void)random;
    *ret_keys = (omemo_payload_keys){.len = EMPTY_BYTES};
}

static bool cbc_is_empty(sotto_bytes keys) {
    return keys.len == EMPTY_BYTES;
}

const omemo_payload_rules omemo_payload_cbc = {
    .empty_random = 0, .seal = cbc_seal, .open = cbc_open, .empty = cbc_empty, .is_empty = cbc_is_empty};

/* ---- of whatever dialect ---- */

sotto_status omemo_payload_seal(const omemo_dialect *dialect, const uint8_t random[OMEMO_PAYLOAD_RANDOM_BYTES],
                                sotto_bytes plain, bytes_buffer *ret, omemo_payload_keys *ret_keys) {
    return dialect->payload->seal(dialect, random, plain, ret, ret_keys);
}

sotto_status omemo_payload_open(const omemo_dialect *dialect, sotto_bytes keys, sotto_bytes iv, sotto_bytes ciphertext,
                                bytes_buffer *ret) {
    return dialect->payload->open(dialect, keys, iv, ciphertext, ret);
}

void omemo_payload_empty(const omemo_dialect *dialect, const uint8_t random[OMEMO_PAYLOAD_RANDOM_BYTES],
                         omemo_payload_keys *ret_keys) {
    dialect->payload->empty(random, ret_keys);
}

bool omemo_payload_is_empty(const omemo_dialect *dialect, sotto_bytes keys) {
    return dialect->payload->is_empty(keys);
}
