/* SPDX-License-Identifier: ISC
 *
 * What the files of the client share: client.c (inputs, outputs, failing), client_connect.c (finding the server),
 * client_login.c (TLS and SASL), client_session.c (binding, stream management, stanzas). */
#ifndef STREAM_CLIENT_PARTS_H
#define STREAM_CLIENT_PARTS_H

#include <sotto/limits.h>

#include "stanza/jid.h"
#include "stream/client.h"
#include "stream/deadline.h"
#include "stream/management.h"
#include "stream/names.h"
#include "stream/scram.h"
#include "stream/wire.h"

typedef enum client_phase {
    CLIENT_START,
    CLIENT_RESOLVING,
    CLIENT_CONNECTING,
    CLIENT_IN_CLEAR,  /* header, features, <starttls/> */
    CLIENT_HANDSHAKE, /* TLS, up to the verdict */
    CLIENT_LOGIN,
    CLIENT_SESSION, /* resuming, binding, enabling */
    CLIENT_ONLINE,
    CLIENT_CLOSING, /* </stream:stream> was sent */
    CLIENT_OVER
} client_phase;

typedef struct client_address {
    bool direct_tls;
    uint16_t port;
    sotto_bytes host;
} client_address;

typedef struct client_failure {
    sotto_status status;
    char text[224];
} client_failure;

typedef sotto_status client_handler(stream_client *, const stanza_element *);

#define CLIENT_QUEUE_MAX 8u

struct stream_client {
    const sotto_host *host;
    bytes_arena arena;
    stanza_jid account;
    sotto_bytes domain; /* A-labels; a NUL follows */
    sotto_bytes resource;
    bytes_buffer password;
    tls_context *tls;
    stream_deadline deadline;
    client_phase phase;

    client_address addresses[SOTTO_SRV_MAX];
    size_t address_count, address_next;
    client_address address; /* the one in use */
    unsigned redirects;
    client_failure failure;    /* what is wrong now */
    client_failure remembered; /* what was wrong with an earlier address */

    stream_wire *wire; /* while there is a connection, or its last bytes are to be handed out */
    bool lost;         /* the connection is gone, but not everything from it was read */
    bool mute;         /* nothing more can be written */
    bool paused;       /* for the verdict */
    bool header_fine;
    client_handler *expects; /* what the next element is for */

    stream_scram_client *scram;
    const stream_mechanism *mechanism;

    bool managing_offered, rebinding;
    stream_management counts;
    sotto_bytes resume_id, resume_jid;
    uint32_t resume_handled;
    sotto_bytes jid;
    bytes_buffer early; /* stanzas that came before ONLINE, as blocks */
    size_t early_at;
    bytes_arena early_arena; /* the tree of the one handed out */

    stream_client_output queue[CLIENT_QUEUE_MAX];
    size_t queued, taken;
};

/* client.c */
void client_phase_set(stream_client *, client_phase);
void client_push(stream_client *, stream_client_output);
/* Keeps what a failure was about and gives the status back: return client_fail(...). */
sotto_status client_fail(stream_client *, sotto_status, const char *text);
/* "condition: text", as the server said it. */
sotto_status client_fail_said(stream_client *, sotto_status, sotto_bytes condition, const stanza_element *text);
/* What failed is over: the next address where that can help, else the end. */
void client_break(stream_client *, sotto_status);
sotto_status client_open_stream(stream_client *);

/* client_connect.c */
sotto_status client_discover(stream_client *, const stream_client_config *);
void client_connect_next(stream_client *);
/* see-other-host inside TLS (RFC 6120 section 4.9.3.19). False: it cannot be followed. */
bool client_redirect(stream_client *, sotto_bytes where);

/* client_login.c */
client_handler client_on_clear_features;
sotto_status client_start_tls(stream_client *);
sotto_status client_on_secure(stream_client *);

/* client_session.c */
client_handler client_on_session_features;
/* The next stanza that came early, if any. */
sotto_status client_early_stanza(stream_client *, stream_client_output *ret, bool *ret_any);

#endif
