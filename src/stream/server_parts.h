/* SPDX-License-Identifier: ISC
 *
 * What the files of the server's side share: server.c (inputs, outputs, ending), server_login.c (TLS and SASL),
 * server_session.c (binding, stream management, stanzas). */
#ifndef STREAM_SERVER_PARTS_H
#define STREAM_SERVER_PARTS_H

#include <sotto/limits.h>

#include "stanza/jid.h"
#include "stream/deadline.h"
#include "stream/management.h"
#include "stream/names.h"
#include "stream/server.h"
#include "stream/wire.h"

#define SERVER_OFFER_MAX       16u
#define SERVER_LOGIN_TRIES_MAX 3u /* RFC 6120 section 6.4.5: between 2 and 5 */
#define SERVER_QUEUE_MAX       8u

typedef enum server_phase {
    SERVER_IN_CLEAR,
    SERVER_HANDSHAKE,
    SERVER_LOGIN,
    SERVER_SESSION, /* logged in, nothing bound */
    SERVER_ONLINE,
    SERVER_CLOSING,
    SERVER_OVER
} server_phase;

/* The question the owner has to answer before anything more is read. */
typedef enum server_question {
    SERVER_NO_QUESTION,
    SERVER_ASKS_LOGIN,
    SERVER_ASKS_BIND,
    SERVER_ASKS_ENABLE,
    SERVER_ASKS_RESUME
} server_question;

typedef sotto_status server_handler(stream_server *, const stanza_element *);

struct stream_server {
    const sotto_host *host;
    bytes_arena arena;
    sotto_bytes domain;
    tls_context *tls;
    bool direct_tls, without_starttls, without_management, without_binding;
    sotto_bytes offer[SERVER_OFFER_MAX];
    size_t offer_count;
    stream_deadline deadline;

    server_phase phase;
    server_question question;
    stream_wire *wire;
    bool lost, mute;
    server_handler *expects;

    stream_scram_server *scram;
    const stream_mechanism *mechanism;
    unsigned tries;
    uint8_t binding[32];
    bool bindable; /* binding is filled in and offered */

    sotto_bytes account;
    sotto_bytes bind_id;   /* of the iq that asks */
    sotto_bytes resume_id; /* that the client asks for */
    uint32_t resume_acked;
    stream_management counts;

    stream_server_output queue[SERVER_QUEUE_MAX];
    size_t queued, taken;
};

/* server.c */
void server_phase_set(stream_server *, server_phase);
void server_push(stream_server *, stream_server_output);
void server_ask(stream_server *, server_question, stream_server_output);
/* The stream is over once what was written has been handed out. */
void server_finish(stream_server *, sotto_status, const char *text);
/* A stream error to the client; the status comes back. */
sotto_status server_refuse(stream_server *, sotto_status, const char *condition);

/* server_login.c */
server_handler server_on_clear, server_on_auth;
sotto_status server_start_tls(stream_server *);
sotto_status server_on_secure(stream_server *);
void server_write_mechanisms(stream_server *, bytes_buffer *out);

/* server_session.c */
server_handler server_on_session;

#endif
