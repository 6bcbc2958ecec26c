/* SPDX-License-Identifier: ISC
 *
 * A context of libssl whose randomness is given: an input does the same every time. */
#ifndef FUZZ_LIVE_LIBRARY_H
#define FUZZ_LIVE_LIBRARY_H

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "rig.h"

#define LIBRARY_ENTROPY ((size_t)1024 * 1024)

static inline void live_library_feed(EVP_RAND_CTX *generator, uint8_t *entropy) {
    unsigned strength = 256;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_uint(OSSL_RAND_PARAM_STRENGTH, &strength),
                           OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_ENTROPY, entropy, LIBRARY_ENTROPY),
                           OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_NONCE, entropy, 32),
                           OSSL_PARAM_construct_end()};
    (void)EVP_RAND_uninstantiate(generator);
    MUST(EVP_RAND_instantiate(generator, strength, 0, NULL, 0, params) == 1);
}

/* One for the process, since what it costs to make is not what is looked at; from the beginning with each call. */
static inline OSSL_LIB_CTX *live_library_start(void) {
    static uint8_t entropy[LIBRARY_ENTROPY];
    static OSSL_LIB_CTX *library;
    if (library == NULL) {
        fuzz_host host;
        fuzz_host_start(&host);
        MUST_OK(fuzz_random(&host, entropy, sizeof entropy));
        library = OSSL_LIB_CTX_new();
        MUST(library != NULL && RAND_set_DRBG_type(library, "TEST-RAND", NULL, NULL, NULL) == 1);
    }
    live_library_feed(RAND_get0_primary(library), entropy);
    live_library_feed(RAND_get0_public(library), entropy);
    live_library_feed(RAND_get0_private(library), entropy);
    return library;
}

#endif
