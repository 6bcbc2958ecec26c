/* SPDX-License-Identifier: ISC
 *
 * The client's side of an XMPP stream, without sockets: bytes from the network go in, bytes for the network and whole
 * stanzas come out. It finds the server (asking the host to resolve and connect), negotiates TLS, logs in, binds, and
 * keeps stream management (XEP-0198). It does not know what stanzas mean, keeps no unacknowledged stanzas (its owner's
 * outbox does) and decides nothing about certificates: it pauses with facts.
 *
 * The owner calls stream_client_next until it says STREAM_NONE, after stream_client_new and after each input. No byte
 * of a login leaves before TLS is up and the certificate was accepted. After STREAM_DISCONNECT nothing of that
 * connection may be reported any more. */
#ifndef STREAM_CLIENT_H
#define STREAM_CLIENT_H

#include "bytes/arena.h"
#include "bytes/span.h"
#include "stanza/element.h"
#include "tls/engine.h"

typedef struct stream_client stream_client;

typedef struct stream_client_config {
    const sotto_host *host;
    sotto_bytes account;  /* bare JID */
    sotto_bytes password; /* copied into wiped memory */
    sotto_bytes resource; /* empty: the server chooses */
    tls_context *tls;     /* client role, with the roots to trust */
    /* --connect: skip discovery. Empty host: SRV. */
    sotto_bytes connect_host;
    uint16_t connect_port;
    bool connect_direct_tls;
    /* XEP-0198 resumption, as saved before; empty id: none. */
    sotto_bytes resume_id;
    uint32_t resume_handled; /* our h: stanzas handled, committed */
    sotto_bytes resume_jid;  /* the full JID of that session, told again with ONLINE; empty: account/resource */
    uint64_t now_ms;
} stream_client_config;

typedef enum stream_client_output_kind {
    STREAM_NONE,
    STREAM_RESOLVE, /* look up SRV of `name`, _xmpp-client._tcp and _xmpps-client._tcp; answer: stream_client_resolved
                     */
    STREAM_CONNECT, /* name, port: open a TCP connection; answer: stream_client_connected */
    STREAM_DISCONNECT, /* close the TCP connection now (what was to be written has been handed out) */
    STREAM_BYTES,      /* write these */
    STREAM_VERDICT,    /* facts: judge the certificate for `name` (the account's domain as A-labels) and the service
                          _xmpp-client; answer: stream_client_verdict */
    STREAM_ONLINE, /* bound (jid) or resumed; after a resumption `acked` says what the server has: the owner compares
                      it with what it sent, and sends the rest again, in order (its numbers go on from `acked`) */
    STREAM_STANZA, /* a stanza of the session; count is its number since stream management began (from 1; 0: it does
                      not count, there is no management or it came before) */
    STREAM_ACKED,  /* the server has handled `acked` of our stanzas; before ONLINE: of the session that could not be
                      resumed */
    STREAM_ENDED   /* over: status, text; nothing more comes. The owner decides about reconnecting */
} stream_client_output_kind;

typedef struct stream_client_output {
    stream_client_output_kind kind;
    sotto_bytes name;
    uint16_t port;
    sotto_bytes bytes;
    const tls_facts *facts;
    sotto_bytes jid; /* full */
    bool resumed;
    bool manages;          /* ONLINE: stream management is on */
    sotto_bytes resume_id; /* ONLINE: to be saved; empty: no resumption */
    uint32_t acked;
    uint32_t count;
    const stanza_element *stanza;
    sotto_status status;
    sotto_bytes text;
    /* What protects the hop, once online */
    const char *mechanism;
    bool channel_bound;
} stream_client_output;

typedef struct stream_srv {
    bool direct_tls; /* from _xmpps-client */
    uint16_t priority, weight, port;
    sotto_bytes target;
} stream_srv;

/* BAD_JID: the account is no bare JID with a local part, or its domain has no A-label form. */
SOTTO_MUST_CHECK sotto_status stream_client_new(stream_client **ret, const stream_client_config *);
/* The next output; spans live until the next call. STREAM_NONE: wait for input. */
SOTTO_MUST_CHECK sotto_status stream_client_next(stream_client *, stream_client_output *ret);

/* Inputs. Failures end the stream, which STREAM_ENDED then tells: these return only OURS and MISUSE. What comes for a
 * connection that is over is ignored. resolved: `failed` says that there was no answer, which is not the same as none.
 */
SOTTO_MUST_CHECK sotto_status stream_client_resolved(stream_client *, const stream_srv *, size_t count, bool failed);
SOTTO_MUST_CHECK sotto_status stream_client_connected(stream_client *, bool ok);
SOTTO_MUST_CHECK sotto_status stream_client_received(stream_client *, sotto_bytes);
SOTTO_MUST_CHECK sotto_status stream_client_lost(stream_client *); /* the TCP connection is gone */
SOTTO_MUST_CHECK sotto_status stream_client_verdict(stream_client *, bool accept);
SOTTO_MUST_CHECK sotto_status stream_client_timer(stream_client *, uint64_t now_ms);
uint64_t stream_client_deadline(const stream_client *);

/* Sends a whole stanza; only when online (OFFLINE otherwise). Counts for stream management. OUTBOX_FULL: outputs must
 * be taken first. */
SOTTO_MUST_CHECK sotto_status stream_client_send(stream_client *, sotto_bytes stanza);
/* How many stanzas of the server have been handled and committed: what <a h=''/> may say. */
SOTTO_MUST_CHECK sotto_status stream_client_handled(stream_client *, uint32_t count);
/* Asks for an acknowledgement now (<r/>). */
SOTTO_MUST_CHECK sotto_status stream_client_request_ack(stream_client *);
/* Ends the stream in order: </stream:stream>, then STREAM_ENDED with OK. */
SOTTO_MUST_CHECK sotto_status stream_client_end(stream_client *);
void stream_client_free(stream_client *);

#endif
