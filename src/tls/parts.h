/* SPDX-License-Identifier: ISC
 *
 * What the files of this folder share among themselves. */
#ifndef TLS_PARTS_H
#define TLS_PARTS_H

#include <openssl/ssl.h>

#include "tls/context.h"

struct tls_context {
    const sotto_host *host;
    SSL_CTX *ssl;
    bool server;
};

/* Fills in what the certificates tell; path_* and the rest are the engine's. Everything lies in the arena.
 * NO_MEMORY, CRYPTO_FAILED. */
SOTTO_MUST_CHECK sotto_status tls_facts_read(tls_facts *ret, bytes_arena *, SSL *);

/* OpenSSL's callback of a server context: answers ALPN from the engine's list. */
int tls_alpn_select(SSL *, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                    unsigned int in_len, void *arg);

#endif
