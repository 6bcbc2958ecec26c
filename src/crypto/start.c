/* SPDX-License-Identifier: ISC
 *
 * Starting libsodium (it looks at what the processor can do) and looking up libcrypto's algorithms. */
#include <openssl/err.h>
#include <sodium.h>
#include <stdatomic.h>

#include "crypto/curve.h"
#include "crypto/fetched.h"

enum { NOT_YET, BEING_WRITTEN, THERE };

static crypto_fetched fetched;
static _Atomic int state = NOT_YET;

static void fetched_free(crypto_fetched *all) {
    EVP_CIPHER_free(all->cbc256);
    EVP_CIPHER_free(all->gcm128);
    EVP_CIPHER_free(all->gcm256);
    EVP_MD_free(all->sha1);
    EVP_MD_free(all->sha256);
    EVP_MD_free(all->sha512);
    EVP_MAC_free(all->hmac);
}

static bool fetch_all(crypto_fetched *ret) {
    *ret = (crypto_fetched){
        .cbc256 = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL),
        .gcm128 = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL),
        .gcm256 = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL),
        .sha1 = EVP_MD_fetch(NULL, "SHA1", NULL),
        .sha256 = EVP_MD_fetch(NULL, "SHA256", NULL),
        .sha512 = EVP_MD_fetch(NULL, "SHA512", NULL),
        .hmac = EVP_MAC_fetch(NULL, "HMAC", NULL),
    };
    if (ret->cbc256 && ret->gcm128 && ret->gcm256 && ret->sha1 && ret->sha256 && ret->sha512 && ret->hmac) return true;
    fetched_free(ret);
    ERR_clear_error();
    return false;
}

/* Whoever comes first writes; a second one that was as early puts his own away. Not a "once" of libcrypto: what failed
 * because memory was short must be tried again. */
static void publish(crypto_fetched *made) {
    int before = NOT_YET;
    if (atomic_compare_exchange_strong(&state, &before, BEING_WRITTEN)) {
        fetched = *made;
        atomic_store(&state, THERE);
        return;
    }
    fetched_free(made);
    while (atomic_load(&state) != THERE) {
    }
}

const crypto_fetched *crypto_fetched_get(void) {
    if (atomic_load_explicit(&state, memory_order_acquire) == THERE) return &fetched;
    crypto_fetched made;
    if (sodium_init() < 0 || !fetch_all(&made)) return NULL;
    publish(&made);
    return &fetched;
}

sotto_status crypto_start(void) {
    return crypto_fetched_get() ? SOTTO_OK : SOTTO_FAIL(CRYPTO_FAILED);
}
