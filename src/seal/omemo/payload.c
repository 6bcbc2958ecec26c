/* SPDX-License-Identifier: ISC
 *
 * AES-256-CBC and HMAC-SHA-256 with keys derived from the payload's key. */
#include "seal/omemo/payload.h"

#include <string.h>

#include "bytes/memory.h"
#include "bytes/span.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"

static sotto_status payload_keys(const omemo_dialect *dialect, const uint8_t key[32], uint8_t ret[80]) {
    return crypto_hkdf(CRYPTO_SHA256, ret, 80, bytes_of(key, 32), BYTES_NONE, bytes_text(dialect->payload_info));
}

sotto_status omemo_payload_seal(const omemo_dialect *dialect, const uint8_t key[32], sotto_bytes plain,
                                bytes_buffer *ret, uint8_t ret_keys[48]) {
    uint8_t keys[80], mac[32];
    sotto_bytes all;
    size_t before = ret->len;
    sotto_status status = payload_keys(dialect, key, keys);
    if (sotto_ok(status)) status = crypto_cbc_encrypt(ret, keys, keys + 64, plain);
    if (sotto_ok(status)) status = bytes_buffer_end(ret, &all);
    if (sotto_ok(status)) {
        sotto_bytes ciphertext = bytes_after(all, before);
        status = crypto_hmac(CRYPTO_SHA256, mac, bytes_of(keys + 32, 32), &ciphertext, 1);
    }
    if (sotto_ok(status)) {
        memcpy(ret_keys, key, 32);
        memcpy(ret_keys + 32, mac, dialect->payload_mac_size);
    }
    bytes_wipe(keys, sizeof keys);
    bytes_wipe(mac, sizeof mac);
    return status;
}

sotto_status omemo_payload_open(const omemo_dialect *dialect, sotto_bytes given, sotto_bytes ciphertext,
                                bytes_buffer *ret) {
    if (given.len != OMEMO_PAYLOAD_KEY_BYTES + dialect->payload_mac_size) return SOTTO_FAIL(MALFORMED);
    uint8_t keys[80], mac[32];
    sotto_status status = payload_keys(dialect, given.at, keys);
    if (sotto_ok(status)) status = crypto_hmac(CRYPTO_SHA256, mac, bytes_of(keys + 32, 32), &ciphertext, 1);
    if (sotto_ok(status) && !crypto_equal(mac, given.at + 32, dialect->payload_mac_size)) status = SOTTO_FAIL(BAD_MAC);
    if (sotto_ok(status)) status = crypto_cbc_decrypt(ret, keys, keys + 64, ciphertext);
    bytes_wipe(keys, sizeof keys);
    bytes_wipe(mac, sizeof mac);
    return status;
}
