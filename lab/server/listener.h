/* SPDX-License-Identifier: ISC
 *
 * The lab's server behind streams of bytes: TLS, SCRAM, binding and stream management with resumption stand before the
 * sessions of lab/server/server.h. No sockets: bytes are fed and taken (lab/server/serve.h puts it on TCP). */
#ifndef LAB_LISTENER_H
#define LAB_LISTENER_H

#include "lab/server/authority.h"
#include "lab/server/server.h"

typedef struct lab_listener lab_listener;
typedef struct lab_connection lab_connection;

typedef struct lab_listener_config {
    uint64_t now_ms;         /* Unix time; the certificate is valid by it */
    lab_flaw flaw;           /* of the certificate */
    size_t stanza_bytes_max; /* a longer one ends its stream, as real servers do; 0: no limit of its own */
    uint64_t resume_ms;      /* how long a lost session can be resumed; 0: LAB_RESUME_MS */
    bool without_starttls;   /* these as in stream_server_config */
    bool without_management;
    bool without_binding;
    const char *const *offer;
} lab_listener_config;

#define LAB_RESUME_MS 60000u

/* The server outlives the listener. CRYPTO_FAILED, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status lab_listener_new(lab_listener **ret, lab_server *, const lab_listener_config *);
/* What the server was made with. */
const sotto_host *lab_listener_host(const lab_listener *);
/* The root certificate in PEM that clients are to trust. */
sotto_bytes lab_listener_root(const lab_listener *);
/* Time for the server and all its streams; ends what waited too long to be resumed. */
SOTTO_MUST_CHECK sotto_status lab_listener_time(lab_listener *, uint64_t now_ms);
/* When lab_listener_time is to be called at the latest; UINT64_MAX: never. */
uint64_t lab_listener_deadline(const lab_listener *);
/* Frees the connections as well. */
void lab_listener_free(lab_listener *);

/* A client connects; direct_tls: TLS from the first byte (XEP-0368), otherwise STARTTLS. */
SOTTO_MUST_CHECK sotto_status lab_connection_open(lab_connection **ret, lab_listener *, bool direct_tls);
/* Bytes from the client. What the client does wrong ends its stream; only NO_MEMORY and the like are returned. */
SOTTO_MUST_CHECK sotto_status lab_connection_feed(lab_connection *, sotto_bytes);
/* Bytes for the client; how many were written to `out`. Feeding one connection may bring bytes for others. */
size_t lab_connection_take(lab_connection *, void *out, size_t size);
/* The stream is over: the transport is to be closed once lab_connection_take gives nothing more. */
bool lab_connection_over(const lab_connection *);
/* The session behind it, once bound; for hooks, lab_session_inject and the like. NULL: none. */
lab_session *lab_connection_session(const lab_connection *);
/* The transport is gone. A session with resumption waits for its client, others end. Frees; NULL is allowed. */
void lab_connection_close(lab_connection *);

#endif
