/* SPDX-License-Identifier: ISC
 *
 * The payload (XEP-0384 sections 4.4 and 4.5): the envelope under a key of its own. That key and the MAC go to every
 * device through the ratchet, so that no device can alter the payload for the others (T11). */
#ifndef SEAL_OMEMO_PAYLOAD_H
#define SEAL_OMEMO_PAYLOAD_H

#include "seal/omemo/dialect.h"

#define OMEMO_PAYLOAD_KEY_BYTES  32
#define OMEMO_PAYLOAD_KEYS_BYTES 48 /* key and MAC */
#define OMEMO_EMPTY_BYTES        32 /* XEP-0384 section 5.5.3: zeros, in place of the key and the MAC */

/* Appends the ciphertext; ret_keys is what the ratchets carry. */
SOTTO_MUST_CHECK sotto_status omemo_payload_seal(const omemo_dialect *, const uint8_t key[32], sotto_bytes plain,
                                                 bytes_buffer *ret, uint8_t ret_keys[48]);
/* Appends the plaintext. MALFORMED: keys of another length (a MAC is required) or no whole blocks; BAD_MAC. */
SOTTO_MUST_CHECK sotto_status omemo_payload_open(const omemo_dialect *, sotto_bytes keys, sotto_bytes ciphertext,
                                                 bytes_buffer *ret);

#endif
