/* SPDX-License-Identifier: ISC
 *
 * AES-256-CBC with PKCS#7 (SP 800-38A), AES-GCM (SP 800-38D), and the AEAD of the store (XChaCha20-Poly1305).
 * Decrypting without a check of integrity before it (CBC) is the caller's burden: every caller compares its HMAC first.
 */
#ifndef CRYPTO_CIPHER_H
#define CRYPTO_CIPHER_H

#include "bytes/buffer.h"

static inline size_t crypto_cbc_size(size_t len) {
    return (len / 16 + 1) * 16;
}
/* Appends crypto_cbc_size(len) bytes. */
SOTTO_MUST_CHECK sotto_status crypto_cbc_encrypt(bytes_buffer *ret, const uint8_t key[32], const uint8_t iv[16],
                                                 sotto_bytes message);
/* Appends the message. MALFORMED: not whole blocks, or wrong padding; nothing is appended then. The buffer needs room
 * for the padding too, for a moment. No input may lie in the buffer, here and below. */
SOTTO_MUST_CHECK sotto_status crypto_cbc_decrypt(bytes_buffer *ret, const uint8_t key[32], const uint8_t iv[16],
                                                 sotto_bytes ciphertext);

/* Keys of 16 or 32 bytes, an IV of 12 or 16, a tag of 16. Decrypting appends only after the tag held (BAD_MAC). */
SOTTO_MUST_CHECK sotto_status crypto_gcm_encrypt(bytes_buffer *ret, uint8_t ret_tag[16], sotto_bytes key,
                                                 sotto_bytes iv, sotto_bytes aad, sotto_bytes message);
SOTTO_MUST_CHECK sotto_status crypto_gcm_decrypt(bytes_buffer *ret, sotto_bytes key, sotto_bytes iv, sotto_bytes aad,
                                                 sotto_bytes ciphertext, const uint8_t tag[16]);

#define CRYPTO_BOX_EXTRA 40 /* nonce (24) and tag (16) around what is boxed */
/* nonce ‖ ciphertext ‖ tag, appended. */
SOTTO_MUST_CHECK sotto_status crypto_box_put(bytes_buffer *ret, const uint8_t key[32], sotto_bytes context,
                                             sotto_bytes message, const sotto_host *);
/* BAD_MAC: not what was sealed with this key and context; nothing is appended then. */
SOTTO_MUST_CHECK sotto_status crypto_box_get(bytes_buffer *ret, const uint8_t key[32], sotto_bytes context,
                                             sotto_bytes box);

#endif
