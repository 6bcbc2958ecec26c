/* SPDX-License-Identifier: ISC
 *
 * Starting libsodium (it looks at what the processor can do) and looking up libcrypto's algorithms. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <sodium.h>

#include "crypto/curve.h"
#include "crypto/fetched.h"

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static crypto_fetched fetched;
static bool started;

static void start(void) {
    if (sodium_init() < 0) return;
    fetched = (crypto_fetched){
        .cbc256 = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL),
        .gcm128 = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL),
        .gcm256 = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL),
        .sha1 = EVP_MD_fetch(NULL, "SHA1", NULL),
        .sha256 = EVP_MD_fetch(NULL, "SHA256", NULL),
        .sha512 = EVP_MD_fetch(NULL, "SHA512", NULL),
        .hmac = EVP_MAC_fetch(NULL, "HMAC", NULL),
    };
    started = fetched.cbc256 && fetched.gcm128 && fetched.gcm256 && fetched.sha1 && fetched.sha256 && fetched.sha512 &&
              fetched.hmac;
    if (!started) ERR_clear_error();
}

const crypto_fetched *crypto_fetched_get(void) {
    return CRYPTO_THREAD_run_once(&once, start) == 1 && started ? &fetched : NULL;
}

sotto_status crypto_start(void) {
    return crypto_fetched_get() ? SOTTO_OK : SOTTO_FAIL(CRYPTO_FAILED);
}
