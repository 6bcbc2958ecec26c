/* SPDX-License-Identifier: ISC
 *
 * A certificate that says whose a key is: a signature by it, and whether it is what it says. For the statements inside
 * live sessions (doc/live.md), outside of any TLS connection. */
#ifndef TLS_STATEMENT_H
#define TLS_STATEMENT_H

#include "bytes/arena.h"
#include "tls/context.h"

typedef struct tls_statement {
    sotto_bytes jid; /* bare: the certificate must name it as XmppAddr (RFC 6120 section 13.7.1.4) */
    sotto_bytes signed_bytes;
    sotto_bytes signature;
    const sotto_bytes *certificates; /* DER, the one that signed first, then what leads to a root */
    size_t certificate_count;
} tls_statement;

/* Whether it holds, with these roots and at their time. *ret_text: the names of the subject and of who issued it, in
 * the arena, also when it does not (empty: it is no certificate). MALFORMED: no certificate; BAD_CERTIFICATE: no path
 * to a root, another JID, not for signatures, or not for a client; BAD_SIGNATURE; BAD_KEY: of a kind that is none of
 * these: Ed25519, ECDSA on P-256 or P-384, RSA. NOT_FOUND, USAGE: the roots. CRYPTO_FAILED, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status tls_statement_check(const tls_statement *, const tls_client_config *roots, bytes_arena *,
                                                  sotto_bytes *ret_text);

/* Signs, with a key in PEM (PKCS #8, without a passphrase): Ed25519; ECDSA with SHA-256 on P-256, with SHA-384 on
 * P-384; RSA-PSS with SHA-256. The signature lies in the arena. MALFORMED: no key; BAD_KEY: of another kind.
 * CRYPTO_FAILED, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status tls_statement_sign(sotto_bytes key_pem, struct ossl_lib_ctx_st *, sotto_bytes message,
                                                 bytes_arena *, sotto_bytes *ret_signature);

#endif
