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

/* Whether the name constraints for DNS of those who issued it, the certificate first, allow this domain. */
SOTTO_MUST_CHECK sotto_status tls_constraints_allow(STACK_OF(X509) * chain, sotto_bytes domain, bool *ret);

/* What failed, by what OpenSSL has in its queue (empty afterwards): its memory, something of its own that cannot
 * happen, or neither: `otherwise`. Memory that was short anywhere counts more than what it was taken for above that: a
 * shortage of ours must not become a mistake of the peer. */
sotto_status tls_failure(sotto_status otherwise);
/* The same without emptying it: whether memory was short. */
bool tls_is_short(void);

/* OpenSSL's callbacks of anonymous contexts: the secret of the engine (tls/secret.c). */
int tls_secret_use(SSL *, const EVP_MD *, const unsigned char **ret_identity, size_t *ret_len, SSL_SESSION **ret);
int tls_secret_find(SSL *, const unsigned char *identity, size_t len, SSL_SESSION **ret);
sotto_status tls_secret_context(SSL_CTX *, bool server);
/* The engine's, for them. NULL: it has none; `found`: it was asked for by its identity. */
const tls_secret *tls_engine_secret(SSL *, bool found);
void tls_agreed_read(const SSL *, tls_agreed *ret);

/* OpenSSL's callback of a server context: answers ALPN from the engine's list. */
int tls_alpn_select(SSL *, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                    unsigned int in_len, void *arg);

#endif
