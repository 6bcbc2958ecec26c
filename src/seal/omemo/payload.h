/* SPDX-License-Identifier: ISC
 *
 * The payload (XEP-0384 sections 4.4 and 4.5): what is said, under a key of its own. That key and the MAC go to every
 * device through the ratchet, so that no device can alter the payload for the others (T11). */
#ifndef SEAL_OMEMO_PAYLOAD_H
#define SEAL_OMEMO_PAYLOAD_H

#include "seal/omemo/dialect.h"

#define OMEMO_PAYLOAD_RANDOM_BYTES 32 /* fresh for each payload, in every dialect */
#define OMEMO_PAYLOAD_KEYS_BYTES   48 /* key and MAC, at most */
#define OMEMO_PAYLOAD_IV_BYTES     12 /* as 0.3 writes it */

/* What goes beside a ciphertext. */
typedef struct omemo_payload_keys {
    uint8_t bytes[OMEMO_PAYLOAD_KEYS_BYTES]; /* secret: what the ratchets carry */
    uint8_t len;
    uint8_t iv_len;                     /* 0: none */
    uint8_t iv[OMEMO_PAYLOAD_IV_BYTES]; /* in the clear, in the header */
} omemo_payload_keys;

typedef struct omemo_payload_rules {
    size_t empty_random; /* how many random bytes an empty message takes */
    sotto_status (*seal)(const omemo_dialect *, const uint8_t random[OMEMO_PAYLOAD_RANDOM_BYTES], sotto_bytes plain,
                         bytes_buffer *ret, omemo_payload_keys *ret_keys);
    sotto_status (*open)(const omemo_dialect *, sotto_bytes keys, sotto_bytes iv, sotto_bytes ciphertext,
                         bytes_buffer *ret);
    void (*empty)(const uint8_t random[OMEMO_PAYLOAD_RANDOM_BYTES], omemo_payload_keys *ret_keys);
    bool (*is_empty)(sotto_bytes keys);
} omemo_payload_rules;

extern const omemo_payload_rules omemo_payload_cbc; /* omemo:2: AES-256-CBC, HMAC-SHA-256, keys derived */
extern const omemo_payload_rules omemo_payload_gcm; /* 0.3: AES-128-GCM */

/* Appends the ciphertext. */
SOTTO_MUST_CHECK sotto_status omemo_payload_seal(const omemo_dialect *,
                                                 const uint8_t random[OMEMO_PAYLOAD_RANDOM_BYTES], sotto_bytes plain,
                                                 bytes_buffer *ret, omemo_payload_keys *ret_keys);
/* Appends the plaintext. MALFORMED: keys of another length (a MAC is required, T11), an IV that the dialect does not
 * have or not of its size, no whole blocks; BAD_MAC. */
SOTTO_MUST_CHECK sotto_status omemo_payload_open(const omemo_dialect *, sotto_bytes keys, sotto_bytes iv,
                                                 sotto_bytes ciphertext, bytes_buffer *ret);
/* What the ratchets carry where there is no payload. */
void omemo_payload_empty(const omemo_dialect *, const uint8_t random[OMEMO_PAYLOAD_RANDOM_BYTES],
                         omemo_payload_keys *ret_keys);
/* Whether a ratchet carried that. Anything else without a payload is a message whose payload was taken away. */
bool omemo_payload_is_empty(const omemo_dialect *, sotto_bytes keys);

#endif
