/* SPDX-License-Identifier: ISC
 *
 * Encrypting, decrypting and hashing what is too long to be in memory at once, piece by piece. What comes out of a
 * decryption before its end is NOT authenticated: whoever uses this keeps it where nobody takes it for the real thing
 * until crypto_flow_end has said OK. One thread at a time; different flows know nothing of each other. */
#ifndef CRYPTO_FLOW_H
#define CRYPTO_FLOW_H

#include "crypto/hash.h"

typedef enum crypto_flow_kind {
    CRYPTO_FLOW_GCM_ENCRYPT,
    CRYPTO_FLOW_GCM_DECRYPT,
    CRYPTO_FLOW_CBC_DECRYPT /* with PKCS#7; without a tag: the caller compares a hash */
} crypto_flow_kind;

#define CRYPTO_FLOW_EXTRA     16                   /* bytes that a call may give back beyond what it was given */
#define CRYPTO_FLOW_BYTES_MAX ((uint64_t)64 << 30) /* of one GCM flow: SP 800-38D allows a little less than 64 GiB */
#define CRYPTO_FLOW_PIECE_MAX ((size_t)1 << 24)    /* of one call */

typedef struct crypto_flow crypto_flow;

/* GCM: a key of 16 or 32 bytes, an IV of 12 or 16. CBC: 32 and 16. USAGE, NO_MEMORY, CRYPTO_FAILED. */
SOTTO_MUST_CHECK sotto_status crypto_flow_new(crypto_flow **ret, const sotto_host *, crypto_flow_kind, sotto_bytes key,
                                              sotto_bytes iv);
/* `out` holds piece.len + CRYPTO_FLOW_EXTRA bytes and is not the piece. TOO_LARGE, CRYPTO_FAILED. */
SOTTO_MUST_CHECK sotto_status crypto_flow_put(crypto_flow *, sotto_bytes piece, uint8_t *out, size_t *ret_len);
/* The rest (`out` holds CRYPTO_FLOW_EXTRA bytes) and, encrypting, the tag; decrypting GCM, the tag is compared.
 * BAD_MAC; for CBC MALFORMED: not whole blocks, or wrong padding. Nothing may be put after it. */
SOTTO_MUST_CHECK sotto_status crypto_flow_end(crypto_flow *, uint8_t tag[16], uint8_t *out, size_t *ret_len);
void crypto_flow_free(crypto_flow *); /* NULL is allowed */

typedef struct crypto_digest crypto_digest;
/* NO_MEMORY, CRYPTO_FAILED. */
SOTTO_MUST_CHECK sotto_status crypto_digest_new(crypto_digest **ret, const sotto_host *, crypto_hash_kind);
SOTTO_MUST_CHECK sotto_status crypto_digest_put(crypto_digest *, sotto_bytes);
/* ret holds crypto_hash_size bytes. Nothing may be put after it. */
SOTTO_MUST_CHECK sotto_status crypto_digest_end(crypto_digest *, uint8_t *ret);
void crypto_digest_free(crypto_digest *); /* NULL is allowed */

#endif
