/* SPDX-License-Identifier: ISC
 *
 * 0.3 (XEP-0384 0.3.0 section 4.4): AES-128-GCM; key and tag travel in the ratchet, the IV in the header. GCM does not
 * commit to its key: a sender can make a payload that opens differently for each of two devices (T40). Nothing on the
 * wire can say which of both was meant; omemo:2 has a MAC that does. */
#include "seal/omemo/payload.h"

#include <string.h>

#include "bytes/span.h"
#include "crypto/cipher.h"

#define KEY_BYTES    16
#define IV_BYTES_OLD 16

_Static_assert(KEY_BYTES + OMEMO_PAYLOAD_IV_BYTES <= OMEMO_PAYLOAD_RANDOM_BYTES, "a key and an IV");

static sotto_status gcm_seal(const omemo_dialect *dialect, const uint8_t random[OMEMO_PAYLOAD_RANDOM_BYTES],
                             sotto_bytes plain, bytes_buffer *ret, omemo_payload_keys *ret_keys) {
    omemo_payload_keys keys = {.len = (uint8_t)(KEY_BYTES + dialect->payload_mac_size),
                               .iv_len = OMEMO_PAYLOAD_IV_BYTES};
    sotto_bytes key = bytes_of(random, KEY_BYTES), iv = bytes_of(random + KEY_BYTES, OMEMO_PAYLOAD_IV_BYTES);
    SOTTO_TRY(crypto_gcm_encrypt(ret, keys.bytes + KEY_BYTES, key, iv, BYTES_NONE, plain));
    memcpy(keys.bytes, key.at, KEY_BYTES);
    memcpy(keys.iv, iv.at, OMEMO_PAYLOAD_IV_BYTES);
    *ret_keys = keys;
    return SOTTO_OK;
}

static sotto_status gcm_open(const omemo_dialect *dialect, sotto_bytes keys, sotto_bytes iv, sotto_bytes ciphertext,
                             bytes_buffer *ret) {
    /* T11: key and tag. The first clients left the tag behind the ciphertext, where every device that has the key can
     * make another one. Nobody writes that any more: Dino stopped accepting it in 2019, Conversations in 2020. */
    if (keys.len != KEY_BYTES + dialect->payload_mac_size) return SOTTO_FAIL(MALFORMED);
    /* 16: Conversations wrote IVs of that size until 2020, and there are archives. */
    if (iv.len != OMEMO_PAYLOAD_IV_BYTES && iv.len != IV_BYTES_OLD) return SOTTO_FAIL(MALFORMED);
    return crypto_gcm_decrypt(ret, bytes_of(keys.at, KEY_BYTES), iv, BYTES_NONE, ciphertext, keys.at + KEY_BYTES);
}

/* A key that nobody will use, and its IV: what XEP-0384 0.3.0 calls a KeyTransportElement is what an empty message is
 * there. */
static void gcm_empty(const uint8_t random[OMEMO_PAYLOAD_RANDOM_BYTES], omemo_payload_keys *ret_keys) {
    *ret_keys = (omemo_payload_keys){.len = KEY_BYTES, .iv_len = OMEMO_PAYLOAD_IV_BYTES};
    memcpy(ret_keys->bytes, random, KEY_BYTES);
    memcpy(ret_keys->iv, random + KEY_BYTES, OMEMO_PAYLOAD_IV_BYTES);
}

/* Conversations and python-oldmemo send the key alone; section 4.5 of 0.3.0 has key and tag, of nothing. So a payload
 * that was taken away cannot be told from an empty message; taking the stanza away has the same effect. */
static bool gcm_is_empty(sotto_bytes keys) {
    return keys.len == KEY_BYTES || keys.len == 2 * KEY_BYTES;
}

const omemo_payload_rules omemo_payload_gcm = {.empty_random = KEY_BYTES + OMEMO_PAYLOAD_IV_BYTES,
                                               .seal = gcm_seal,
                                               .open = gcm_open,
                                               .empty = gcm_empty,
                                               .is_empty = gcm_is_empty};
