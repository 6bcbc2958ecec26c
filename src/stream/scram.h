/* SPDX-License-Identifier: ISC
 *
 * SCRAM (RFC 5802, RFC 7677), both sides, without any stream: messages in, messages out. The mechanisms are a const
 * table, strongest first. The client believes the server only after its signature was verified. */
#ifndef STREAM_SCRAM_H
#define STREAM_SCRAM_H

#include "bytes/buffer.h"
#include "bytes/span.h"
#include "crypto/hash.h"

#define STREAM_SCRAM_NONCE_BYTES       24   /* random bytes of a nonce, before base64 */
#define STREAM_SCRAM_SALT_BYTES_MAX    256u /* RFC 5802 sets no bound; nobody uses more than 64 */
#define STREAM_SCRAM_BINDING_BYTES_MAX 64u  /* tls-exporter has 32 */

typedef struct stream_mechanism {
    const char *name;
    crypto_hash_kind hash;
    bool plus; /* with channel binding */
} stream_mechanism;

/* Strongest first (RFC 5802 section 6: with binding before without), ended by a NULL name. */
extern const stream_mechanism stream_mechanisms[];
/* NULL: not one of ours. */
const stream_mechanism *stream_mechanism_named(sotto_bytes name);

/* What a server keeps instead of the password (RFC 5802 section 3). */
typedef struct stream_scram_keys {
    uint8_t stored[CRYPTO_HASH_BYTES_MAX];
    uint8_t server[CRYPTO_HASH_BYTES_MAX];
    uint8_t salt[STREAM_SCRAM_SALT_BYTES_MAX];
    size_t salt_len;
    uint32_t iterations;
} stream_scram_keys;

/* USAGE: a password that SASLprep (RFC 4013) forbids, or a salt that is too long. */
SOTTO_MUST_CHECK sotto_status stream_scram_keys_derive(stream_scram_keys *ret, crypto_hash_kind, const sotto_host *,
                                                       sotto_bytes password, sotto_bytes salt, uint32_t iterations);

/* ---- client ---- */

typedef struct stream_scram_client stream_scram_client;

/* What the gs2 header says of channel binding (RFC 5802 section 6). */
typedef enum stream_gs2 {
    STREAM_GS2_UNUSED,    /* "n": not used, and the server may have offered it */
    STREAM_GS2_UNOFFERED, /* "y": we could, but saw none offered; a server that did offer it refuses */
    STREAM_GS2_EXPORTER   /* "p=tls-exporter" (RFC 9266); with -PLUS mechanisms, and only with them */
} stream_gs2;

typedef struct stream_scram_login {
    const sotto_host *host;
    const stream_mechanism *mechanism;
    sotto_bytes name;     /* the local part of the account */
    sotto_bytes password; /* prepared here (SASLprep) */
    stream_gs2 gs2;
    sotto_bytes binding; /* EXPORTER: its 32 bytes; otherwise empty */
    sotto_bytes nonce;   /* empty: random; given by tests */
} stream_scram_login;

/* Everything is copied. USAGE: a password or name that is empty or that SASLprep forbids, or a binding that does not
 * go with the mechanism. NO_RANDOM, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status stream_scram_client_new(stream_scram_client **ret, const stream_scram_login *);
/* client-first-message. */
SOTTO_MUST_CHECK sotto_status stream_scram_client_first(stream_scram_client *, bytes_buffer *ret);
/* server-first-message in, client-final-message out. MALFORMED; BAD_SERVER (a nonce that does not extend ours, an
 * iteration count out of bounds, an extension we must understand). */
SOTTO_MUST_CHECK sotto_status stream_scram_client_final(stream_scram_client *, sotto_bytes server_first,
                                                        bytes_buffer *ret);
/* server-final-message. SERVER_UNPROVEN: the signature is wrong or missing; NOT_AUTHORIZED: it says e=. */
SOTTO_MUST_CHECK sotto_status stream_scram_client_verify(stream_scram_client *, sotto_bytes server_final);
/* True once the server's signature was verified. */
bool stream_scram_client_proven(const stream_scram_client *);
void stream_scram_client_free(stream_scram_client *);

/* ---- server ---- */

typedef struct stream_scram_server stream_scram_server;

typedef struct stream_scram_offer {
    const sotto_host *host;
    const stream_mechanism *mechanism;
    sotto_bytes binding; /* the bytes of tls-exporter where the connection has them, else empty */
    bool plus_offered;   /* a -PLUS was offered, so that "y" is a downgrade (RFC 5802 section 6) */
    sotto_bytes nonce;   /* empty: random; given by tests */
} stream_scram_offer;

SOTTO_MUST_CHECK sotto_status stream_scram_server_new(stream_scram_server **ret, const stream_scram_offer *);
/* client-first-message. *ret_name (unescaped, lives as long as the server) is whose keys are needed. MALFORMED;
 * LOGIN_REFUSED: binding not as the mechanism wants it, or an authorization identity of somebody else. */
SOTTO_MUST_CHECK sotto_status stream_scram_server_read_first(stream_scram_server *, sotto_bytes client_first,
                                                             sotto_bytes *ret_name);
/* server-first-message, with the account's keys. */
SOTTO_MUST_CHECK sotto_status stream_scram_server_first(stream_scram_server *, const stream_scram_keys *,
                                                        bytes_buffer *ret);
/* client-final-message in, server-final-message (v=) out. NOT_AUTHORIZED: the proof or the binding is wrong. */
SOTTO_MUST_CHECK sotto_status stream_scram_server_final(stream_scram_server *, sotto_bytes client_final,
                                                        bytes_buffer *ret);
void stream_scram_server_free(stream_scram_server *);

#endif
