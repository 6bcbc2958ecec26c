/* SPDX-License-Identifier: ISC
 *
 * One TLS connection on memory: four ports and a state word. No sockets and no policy of its own: when the peer's
 * certificate is known it pauses with facts and waits for a verdict. Errors are sticky. */
#ifndef TLS_ENGINE_H
#define TLS_ENGINE_H

#include "bytes/arena.h"
#include "bytes/span.h"

typedef struct tls_engine tls_engine;
typedef struct tls_context tls_context; /* what many connections share; see tls/context.h */

/* State word: any of these at once. */
#define TLS_WANTS_RECORDS 1u  /* records_in accepts bytes from the peer */
#define TLS_HAS_RECORDS   2u  /* records_out has bytes for the peer */
#define TLS_WANTS_PLAIN   4u  /* plain_in accepts bytes: the handshake is done and the verdict was good */
#define TLS_HAS_PLAIN     8u  /* plain_out has bytes */
#define TLS_WANTS_VERDICT 16u /* tls_engine_facts is filled in; call tls_engine_verdict */
#define TLS_ENDED         32u /* close_notify received, everything was read; writing is still possible */
#define TLS_FAILED        64u /* tls_engine_error tells why; no port works */
/* Anonymous server: its flight is written, and plain_in accepts bytes that go with it, for whoever is there (0.5-RTT
 * data, RFC 8446 section 2.3). */
#define TLS_WANTS_EARLY 128u

SOTTO_MUST_CHECK sotto_status tls_engine_new(tls_engine **ret, tls_context *, const char *server_name,
                                             const char *const *alpn);

/* A secret that both sides may have from before: an external PSK (RFC 8446 section 4.2.11) for AES-128-GCM with
 * SHA-256, always together with a key exchange. Copied. */
#define TLS_SECRET_IDENTITY_BYTES 48u
typedef struct tls_secret {
    uint8_t identity[TLS_SECRET_IDENTITY_BYTES];
    uint8_t key[32];
} tls_secret;

/* Of an anonymous context. A client offers the secret; a server takes it, and no other, when it is offered: whoever
 * offers its identity without its key gets a fatal alert. NULL: none. */
SOTTO_MUST_CHECK sotto_status tls_engine_new_anonymous(tls_engine **ret, tls_context *, const char *const *alpn,
                                                       const tls_secret *);

unsigned tls_engine_state(tls_engine *);
/* Each returns how many bytes were taken or given, 0 when the port is closed now. */
size_t tls_engine_records_in(tls_engine *, sotto_bytes);
size_t tls_engine_records_out(tls_engine *, void *out, size_t size);
size_t tls_engine_plain_in(tls_engine *, sotto_bytes);
size_t tls_engine_plain_out(tls_engine *, void *out, size_t size);
sotto_status tls_engine_error(const tls_engine *);
const char *tls_engine_error_text(const tls_engine *); /* what the library said; static or in the engine */
void tls_engine_close(tls_engine *);                   /* sends close_notify through records_out */
void tls_engine_free(tls_engine *);

/* What is known of the peer, for trust/certificate.h to judge. Spans live as long as the engine. */
typedef struct tls_facts {
    bool has_certificate;
    sotto_bytes leaf;             /* DER */
    bool path_valid;              /* to a root of the context, at the current time, for the purpose serverAuth */
    const char *path_error;       /* NULL when valid */
    const sotto_bytes *dns_names; /* dNSName as bytes; refused ones (NUL, non-ASCII) are left out */
    size_t dns_count;
    const sotto_bytes *srv_names; /* SRVName, RFC 4985 */
    size_t srv_count;
    uint8_t spki_sha256[32];
    int version; /* 0x0303, 0x0304 */
    const char *cipher;
    sotto_bytes alpn; /* the protocol chosen by ALPN; empty: none */
} tls_facts;
const tls_facts *tls_engine_facts(const tls_engine *);
void tls_engine_verdict(tls_engine *, bool accept);

/* RFC 9266: tls-exporter. STATE before the handshake is done or (TLS 1.2) without extended master secret. */
SOTTO_MUST_CHECK sotto_status tls_engine_exporter(tls_engine *, uint8_t ret[32]);

/* The same with another label: for what is proved inside the channel. On TLS 1.3 it covers ClientHello to the server's
 * Finished, so an anonymous server has it with TLS_WANTS_EARLY. STATE before. */
SOTTO_MUST_CHECK sotto_status tls_engine_export(tls_engine *, const char *label, uint8_t ret[32]);

/* What was agreed on, once that is known: with TLS_WANTS_EARLY, or when the handshake is done. STATE before. */
typedef struct tls_agreed {
    bool secret;      /* the offered one was accepted: there is no certificate */
    uint16_t group;   /* RFC 8446 section 4.2.7; 0: one without a number there */
    uint16_t suite;   /* section B.4 */
    sotto_bytes alpn; /* lives as long as the engine */
} tls_agreed;
SOTTO_MUST_CHECK sotto_status tls_engine_agreed(const tls_engine *, tls_agreed *ret);
const char *tls_group_name(uint16_t group); /* "X25519MLKEM768"; NULL: unknown */
const char *tls_suite_name(uint16_t suite);
#define TLS_GROUP_X25519         0x001du
#define TLS_GROUP_X25519MLKEM768 0x11ecu

/* The random of the ClientHello that was sent, or received. STATE before there was one. */
SOTTO_MUST_CHECK sotto_status tls_engine_client_random(tls_engine *, uint8_t ret[32]);

#endif
