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
    bool anonymous;
    sotto_bytes certificate; /* anonymous: DER, the only one there is */
};

/* Fills in what the certificates tell; path_* and the rest are the engine's. Everything lies in the arena.
 * NO_MEMORY, CRYPTO_FAILED. */
SOTTO_MUST_CHECK sotto_status tls_facts_read(tls_facts *ret, bytes_arena *, SSL *);
/* The same of a certificate and the chain that was verified for it, the certificate first. */
SOTTO_MUST_CHECK sotto_status tls_facts_of(tls_facts *ret, bytes_arena *, X509 *leaf, STACK_OF(X509) * chain);

/* What failed, by what OpenSSL has in its queue (empty afterwards): its memory, something of its own that cannot
 * happen, or neither: `otherwise`. Memory that was short anywhere counts more than what it was taken for above that: a
 * shortage of ours must not become a mistake of the peer. */
sotto_status tls_failure(sotto_status otherwise);
/* The same without emptying it: whether memory was short. */
bool tls_is_short(void);

/* OpenSSL's callback of a server context: answers ALPN from the engine's list. */
int tls_alpn_select(SSL *, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                    unsigned int in_len, void *arg);

#endif
