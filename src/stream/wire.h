/* SPDX-License-Identifier: ISC
 *
 * One XMPP stream over one connection, in either role: network bytes in and out, elements in and out, TLS between them
 * once started. No sockets, no meaning. Reading is by pulling: nothing is read ahead of what the caller asks for, so
 * that what follows <proceed/> or <success/> is never taken for something it is not. */
#ifndef STREAM_WIRE_H
#define STREAM_WIRE_H

#include "bytes/buffer.h"
#include "stanza/element.h"
#include "stanza/writer.h"
#include "tls/engine.h"

typedef struct stream_wire stream_wire;

typedef enum stream_wire_event {
    STREAM_WIRE_MORE,    /* nothing whole is here: more bytes are needed */
    STREAM_WIRE_OPEN,    /* a stream header */
    STREAM_WIRE_ELEMENT, /* a first-level element */
    STREAM_WIRE_CLOSE,   /* </stream:stream> */
    STREAM_WIRE_VERDICT, /* stream_wire_tls has facts; told until the verdict is given */
    STREAM_WIRE_SECURE,  /* the TLS handshake is done, and accepted; told once */
    STREAM_WIRE_ENDED    /* TLS was closed without </stream:stream> */
} stream_wire_event;

SOTTO_MUST_CHECK sotto_status stream_wire_new(stream_wire **ret, const sotto_host *);
/* Bytes from the network. USAGE: the caller did not read what came before (4 MiB wait). */
SOTTO_MUST_CHECK sotto_status stream_wire_received(stream_wire *, sotto_bytes);
/* The next event; *ret is set for OPEN and ELEMENT and lives until the next call. A failure is final: MALFORMED,
 * TOO_LARGE, XML_FORBIDDEN, NO_MEMORY, or what tls_engine_error says (text: stream_wire_text). */
SOTTO_MUST_CHECK sotto_status stream_wire_next(stream_wire *, stream_wire_event *ret_event, const stanza_element **ret);
const char *stream_wire_text(const stream_wire *);

/* Where to write; sent by the next stream_wire_take. A failed buffer is told there. */
bytes_buffer *stream_wire_out(stream_wire *);
/* A writer on it, for first-level elements. */
void stream_wire_write(stream_wire *, stanza_writer *);
/* Bytes for the network, empty: none. They live until the next call. */
SOTTO_MUST_CHECK sotto_status stream_wire_take(stream_wire *, sotto_bytes *ret);

/* <stream:stream>; absent attributes are left out. */
typedef struct stream_wire_header {
    sotto_bytes from, to, id;
} stream_wire_header;
SOTTO_MUST_CHECK sotto_status stream_wire_open(stream_wire *, const stream_wire_header *);
void stream_wire_close(stream_wire *);  /* </stream:stream>, once; nothing may be written after it */
void stream_wire_finish(stream_wire *); /* close_notify, after everything that was written */
/* <stream:error/> with a defined condition (RFC 6120 section 4.9.3) and, empty or not, a further element in raw XML. */
void stream_wire_error(stream_wire *, const char *condition, const char *extra);
/* Forgets what was read, for the header that comes next: after TLS, after SASL (RFC 6120 section 4.3.3). */
SOTTO_MUST_CHECK sotto_status stream_wire_restart(stream_wire *);
/* The limit of one element, raised after login. */
void stream_wire_limit(stream_wire *, size_t stanza_bytes_max);

/* What was written so far still leaves in the clear, what is written from now on inside TLS. BAD_SERVER: bytes in the
 * clear were already there behind the element that was read last (RFC 6120 section 5.4.3.3: the next byte belongs to
 * TLS). */
SOTTO_MUST_CHECK sotto_status stream_wire_start_tls(stream_wire *, tls_context *, const char *server_name,
                                                    const char *const *alpn);
tls_engine *stream_wire_tls(const stream_wire *); /* NULL before TLS */
void stream_wire_free(stream_wire *);

/* What a stream or SASL error or an iq's error says: the name of the first child in `ns` that is not <text/>, empty
 * when there is none, and that text. */
sotto_bytes stream_condition(const stanza_element *, const char *ns, const stanza_element **ret_text);

#endif
