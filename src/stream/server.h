/* SPDX-License-Identifier: ISC
 *
 * The server's side of one client's XMPP stream, without sockets: what the lab's server and the proxy's local listener
 * stand on. Bytes from the client go in; bytes for it, questions and whole stanzas come out. It negotiates TLS, SCRAM,
 * resource binding and stream management (XEP-0198); accounts, routing and what stanzas mean are the owner's.
 *
 * It pauses at each question (LOGIN, BIND, ENABLE, RESUME) and reads nothing more until that was answered. The owner
 * calls stream_server_next until it says STREAM_SERVER_NONE, after each input and after each answer. */
#ifndef STREAM_SERVER_H
#define STREAM_SERVER_H

#include "bytes/span.h"
#include "stanza/element.h"
#include "stream/scram.h"
#include "tls/engine.h"

typedef struct stream_server stream_server;

typedef struct stream_server_config {
    const sotto_host *host;
    sotto_bytes domain;       /* copied */
    tls_context *tls;         /* server role; outlives the stream */
    bool direct_tls;          /* TLS from the first byte; otherwise STARTTLS, required */
    bool without_starttls;    /* offers none (a hostile or broken server): logging in is then impossible */
    bool without_management;  /* offers no XEP-0198 */
    bool without_binding;     /* offers no -PLUS and no XEP-0440 list */
    const char *const *offer; /* mechanism names announced, verbatim, ended by NULL (at most 16); NULL: all of
                                 stream_mechanisms. Those that are not ours are refused when chosen */
    uint64_t now_ms;
} stream_server_config;

typedef enum stream_server_output_kind {
    STREAM_SERVER_NONE,
    STREAM_SERVER_BYTES,  /* write these */
    STREAM_SERVER_LOGIN,  /* account, hash: whose password? answer: stream_server_keys or stream_server_password */
    STREAM_SERVER_BIND,   /* account, resource (empty: choose one); logged in; answer: stream_server_bound */
    STREAM_SERVER_ENABLE, /* stream management, resumable when resume is set; answer: stream_server_enabled */
    STREAM_SERVER_RESUME, /* account, resume_id, acked: what the client has handled; answer: stream_server_resumed or
                             stream_server_not_resumed */
    STREAM_SERVER_STANZA, /* message, presence or iq after binding; count: its number since management began (from 1),
                             0 without management */
    STREAM_SERVER_ACKED,  /* the client has handled `acked` of our stanzas */
    STREAM_SERVER_ENDED   /* over: close the connection; status: OK when the client closed its stream in order
                             (no resumption then). Nothing more comes */
} stream_server_output_kind;

typedef struct stream_server_output {
    stream_server_output_kind kind;
    sotto_bytes bytes;
    sotto_bytes account;   /* bare JID, normalized */
    crypto_hash_kind hash; /* LOGIN: for stream_scram_keys_derive */
    const char *mechanism; /* LOGIN, BIND, RESUME */
    sotto_bytes resource;
    bool resume;
    sotto_bytes resume_id;
    uint32_t acked;
    uint32_t count;
    const stanza_element *stanza;
    sotto_status status;
    sotto_bytes text;
} stream_server_output;

SOTTO_MUST_CHECK sotto_status stream_server_new(stream_server **ret, const stream_server_config *);
/* The next output; spans live until the next call. */
SOTTO_MUST_CHECK sotto_status stream_server_next(stream_server *, stream_server_output *ret);

/* Inputs. The client's failures end the stream, which STREAM_SERVER_ENDED tells; these return only OURS and MISUSE. */
SOTTO_MUST_CHECK sotto_status stream_server_received(stream_server *, sotto_bytes);
SOTTO_MUST_CHECK sotto_status stream_server_lost(stream_server *); /* the TCP connection is gone; ENDED: CLOSED */
SOTTO_MUST_CHECK sotto_status stream_server_timer(stream_server *, uint64_t now_ms);
uint64_t stream_server_deadline(const stream_server *);

/* Answers to LOGIN. NULL: there is no such account. */
SOTTO_MUST_CHECK sotto_status stream_server_keys(stream_server *, const stream_scram_keys *);
/* Derives the keys with a random salt and 4096 iterations. */
SOTTO_MUST_CHECK sotto_status stream_server_password(stream_server *, sotto_bytes password);
/* Answer to BIND: the full JID; empty: refused with <conflict/>, and the client may try another. */
SOTTO_MUST_CHECK sotto_status stream_server_bound(stream_server *, sotto_bytes full_jid);
/* Answer to ENABLE: what the client may resume with later; empty: managed, but not to be resumed. */
SOTTO_MUST_CHECK sotto_status stream_server_enabled(stream_server *, sotto_bytes resume_id);
/* Answers to RESUME. handled: how many of the client's stanzas the earlier session had handled; after it the owner
 * sends again, in order, what the client has not acknowledged (its numbers go on from `acked`). */
SOTTO_MUST_CHECK sotto_status stream_server_resumed(stream_server *, sotto_bytes full_jid, uint32_t handled);
/* known: the session is remembered enough to tell its count, which <failed h=''/> then carries. The client binds. */
SOTTO_MUST_CHECK sotto_status stream_server_not_resumed(stream_server *, bool known, uint32_t handled);

/* Sends a whole stanza; only after binding or resumption (STATE). */
SOTTO_MUST_CHECK sotto_status stream_server_send(stream_server *, sotto_bytes stanza);
/* How many of the client's stanzas were dealt with: what <a h=''/> says. */
SOTTO_MUST_CHECK sotto_status stream_server_handled(stream_server *, uint32_t count);
SOTTO_MUST_CHECK sotto_status stream_server_request_ack(stream_server *);
/* Our stanzas so far that the client may acknowledge; what a later resumption is checked against. */
uint32_t stream_server_sent(const stream_server *);
/* Ends with a stream error (RFC 6120 section 4.9.3: "conflict", "system-shutdown", ...), or in order. */
SOTTO_MUST_CHECK sotto_status stream_server_fail(stream_server *, const char *condition);
SOTTO_MUST_CHECK sotto_status stream_server_end(stream_server *);
void stream_server_free(stream_server *);

#endif
