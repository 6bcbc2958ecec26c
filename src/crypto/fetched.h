/* SPDX-License-Identifier: ISC
 *
 * Algorithms of libcrypto, looked up once: a lookup costs more than encrypting a short message. The only state of the
 * process in this folder; written once, by whoever needs it first, and never changed after that. */
#ifndef CRYPTO_FETCHED_H
#define CRYPTO_FETCHED_H

#include <openssl/evp.h>

typedef struct crypto_fetched {
    EVP_CIPHER *cbc256;
    EVP_CIPHER *gcm128;
    EVP_CIPHER *gcm256;
    EVP_MD *sha1;
    EVP_MD *sha256;
    EVP_MD *sha512;
    EVP_MAC *hmac;
} crypto_fetched;

/* NULL when a library could not be started. Does the work of crypto_start if nobody has. */
const crypto_fetched *crypto_fetched_get(void);

#endif
