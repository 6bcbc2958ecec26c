/* SPDX-License-Identifier: ISC
 *
 * The key of the data and how it is kept: 32 random bytes of the file's own, sealed with a key file or a passphrase.
 * So changing the passphrase rewrites one row and not the store. The row, in bytes:
 *
 *     version (1) ‖ 1, key file                                                      ‖ box
 *     version (1) ‖ 2, passphrase ‖ salt (16) ‖ passes (4) ‖ kibibytes (4), Argon2id ‖ box
 *
 * Numbers are big-endian. Everything before the box is its context, so that it cannot be changed either. */
#ifndef STORE_VAULT_H
#define STORE_VAULT_H

#include "bytes/buffer.h"

#define STORE_VAULT_KEY_BYTES 32

/* What opens the data key. `passphrase` is borrowed. Wipe it after use. */
typedef struct store_secret {
    bool from_file;
    uint8_t file_key[STORE_VAULT_KEY_BYTES];
    sotto_bytes passphrase;
} store_secret;

/* Appends the row. */
SOTTO_MUST_CHECK sotto_status store_vault_seal(bytes_buffer *ret, const uint8_t data_key[STORE_VAULT_KEY_BYTES],
                                               const store_secret *, const sotto_host *);
/* WRONG_PASSPHRASE: sealed with something else, or the box was changed. STORE_CORRUPT: not such a row, or with
 * parameters beyond the limits; then no work was done. */
SOTTO_MUST_CHECK sotto_status store_vault_open(uint8_t ret_data_key[STORE_VAULT_KEY_BYTES], sotto_bytes row,
                                               const store_secret *, const sotto_host *);

#endif
