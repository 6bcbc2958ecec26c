/* SPDX-License-Identifier: ISC
 *
 * The wire: raw bytes, TLS when started, plain bytes, the reader; and back. */
#include "stream/wire.h"

#include <sotto/limits.h>

#include "bytes/memory.h"
#include "stanza/reader.h"
#include "stream/names.h"

#define IN_BYTES_MAX      (4u * 1024u * 1024u)
#define OUT_BYTES_MAX     (16u * 1024u * 1024u) /* ours: what the owner sends without taking bytes */
#define PLAIN_CHUNK_BYTES (16u * 1024u)         /* a TLS record */
#define ARENA_BYTES_MAX   (64u * 1024u * 1024u) /* a tree is at most 24 times its stanza (doc/stanza.md) */

/* Bytes that wait to be read, from `at` on. */
typedef struct inbox {
    bytes_buffer bytes;
    size_t at;
} inbox;

struct stream_wire {
    const sotto_host *host;
    stanza_reader *reader;
    bytes_arena arena;    /* the last element */
    inbox raw, plain;     /* from the network; out of TLS */
    bytes_buffer out;     /* written by the caller */
    bytes_buffer clear;   /* written before TLS started, not yet taken */
    bytes_buffer handing; /* what stream_wire_take gave out */
    tls_engine *tls;
    bool secure;
    bool closed;   /* </stream:stream> was written */
    bool finished; /* and close_notify is to follow */
};

sotto_status stream_wire_new(stream_wire **ret, const sotto_host *host) {
    stream_wire *wire = bytes_new(host, sizeof *wire);
    if (!wire) return SOTTO_FAIL(NO_MEMORY);
    wire->host = host;
    bytes_arena_init(&wire->arena, host, ARENA_BYTES_MAX);
    bytes_buffer_owned(&wire->raw.bytes, host, IN_BYTES_MAX);
    bytes_buffer_owned(&wire->plain.bytes, host, IN_BYTES_MAX);
    bytes_buffer_owned(&wire->out, host, OUT_BYTES_MAX);
    bytes_buffer_owned(&wire->clear, host, OUT_BYTES_MAX);
    bytes_buffer_owned(&wire->handing, host, OUT_BYTES_MAX);
    sotto_status status = stanza_reader_new(&wire->reader, host, SOTTO_STANZA_BYTES_BEFORE_LOGIN);
    if (!sotto_ok(status)) {
        stream_wire_free(wire);
        return status;
    }
    *ret = wire;
    return SOTTO_OK;
}

static sotto_bytes inbox_rest(const inbox *box) {
    return bytes_of(box->bytes.at + box->at, box->bytes.len - box->at);
}

static bool inbox_empty(const inbox *box) {
    return box->at == box->bytes.len;
}

static void inbox_used(inbox *box, size_t count) {
    box->at += count;
    if (!inbox_empty(box)) return;
    bytes_buffer_reset(&box->bytes);
    box->at = 0;
}

sotto_status stream_wire_received(stream_wire *wire, sotto_bytes bytes) {
    inbox *box = &wire->raw;
    if (bytes.len == 0) return SOTTO_OK;
    if (bytes.len > IN_BYTES_MAX - (box->bytes.len - box->at)) return SOTTO_FAIL(USAGE);
    if (box->at > 0) {
        bytes_buffer_drop(&box->bytes, box->at);
        box->at = 0;
    }
    bytes_buffer_put(&box->bytes, bytes);
    return box->bytes.status;
}

/* Moves raw bytes into TLS and plain bytes out of it, and says what TLS has to say. *ret_event stays MORE when there is
 * nothing to tell. */
static sotto_status pump_tls(stream_wire *wire, stream_wire_event *ret_event) {
    while (!inbox_empty(&wire->raw)) {
        size_t taken = tls_engine_records_in(wire->tls, inbox_rest(&wire->raw));
        if (taken == 0) break;
        inbox_used(&wire->raw, taken);
    }
    unsigned state = tls_engine_state(wire->tls);
    if (state & TLS_FAILED) return tls_engine_error(wire->tls);
    if (state & TLS_WANTS_VERDICT) {
        *ret_event = STREAM_WIRE_VERDICT;
    } else if (!wire->secure && tls_engine_facts(wire->tls)) {
        wire->secure = true;
        *ret_event = STREAM_WIRE_SECURE;
    } else if (inbox_empty(&wire->plain) && (state & TLS_HAS_PLAIN)) {
        uint8_t *room = bytes_buffer_room(&wire->plain.bytes, PLAIN_CHUNK_BYTES);
        if (!room) return wire->plain.bytes.status;
        bytes_buffer_cut(&wire->plain.bytes, tls_engine_plain_out(wire->tls, room, PLAIN_CHUNK_BYTES));
        if (inbox_empty(&wire->plain)) return tls_engine_error(wire->tls);
    } else if (inbox_empty(&wire->plain) && (state & TLS_ENDED)) {
        *ret_event = STREAM_WIRE_ENDED;
    }
    return SOTTO_OK;
}

static stream_wire_event event_of(stanza_reader_event event) {
    switch (event) {
    case STANZA_READER_MORE:
        return STREAM_WIRE_MORE;
    case STANZA_READER_OPEN:
        return STREAM_WIRE_OPEN;
    case STANZA_READER_STANZA:
        return STREAM_WIRE_ELEMENT;
    case STANZA_READER_CLOSE:
        return STREAM_WIRE_CLOSE;
    }
    return STREAM_WIRE_MORE;
}

sotto_status stream_wire_next(stream_wire *wire, stream_wire_event *ret_event, const stanza_element **ret) {
    bytes_arena_back(&wire->arena, (bytes_arena_mark){NULL, 0});
    *ret_event = STREAM_WIRE_MORE;
    for (;;) {
        inbox *box = wire->tls ? &wire->plain : &wire->raw;
        if (wire->tls) {
            SOTTO_TRY(pump_tls(wire, ret_event));
            if (*ret_event != STREAM_WIRE_MORE) return SOTTO_OK;
        }
        if (inbox_empty(box)) return SOTTO_OK;
        size_t used;
        stanza_reader_event event;
        SOTTO_TRY(stanza_reader_feed(wire->reader, &wire->arena, inbox_rest(box), &used, &event, ret));
        inbox_used(box, used);
        *ret_event = event_of(event);
        if (*ret_event != STREAM_WIRE_MORE) return SOTTO_OK;
        if (used == 0) return SOTTO_FAIL(MALFORMED);
    }
}

const char *stream_wire_text(const stream_wire *wire) {
    return wire->tls ? tls_engine_error_text(wire->tls) : "";
}

bytes_buffer *stream_wire_out(stream_wire *wire) {
    return &wire->out;
}

void stream_wire_write(stream_wire *wire, stanza_writer *writer) {
    stanza_writer_init(writer, &wire->out, STANZA_NS_CLIENT);
}

static void swap(bytes_buffer *a, bytes_buffer *b) {
    bytes_buffer held = *a;
    *a = *b;
    *b = held;
}

/* Everything TLS has for the network goes into `handing`. */
static sotto_status take_records(stream_wire *wire) {
    while (tls_engine_state(wire->tls) & TLS_HAS_RECORDS) {
        size_t before = wire->handing.len;
        uint8_t *room = bytes_buffer_room(&wire->handing, PLAIN_CHUNK_BYTES);
        if (!room) return wire->handing.status;
        bytes_buffer_cut(&wire->handing, before + tls_engine_records_out(wire->tls, room, PLAIN_CHUNK_BYTES));
    }
    return SOTTO_OK;
}

sotto_status stream_wire_take(stream_wire *wire, sotto_bytes *ret) {
    bytes_buffer_reset(&wire->handing);
    SOTTO_TRY(wire->out.status);
    SOTTO_TRY(wire->clear.status);
    if (wire->clear.len > 0) {
        swap(&wire->clear, &wire->handing);
    } else if (!wire->tls) {
        swap(&wire->out, &wire->handing);
    } else {
        size_t taken = tls_engine_plain_in(wire->tls, bytes_of(wire->out.at, wire->out.len));
        bytes_buffer_drop(&wire->out, taken);
        if (wire->finished && wire->out.len == 0) tls_engine_close(wire->tls);
        SOTTO_TRY(take_records(wire));
    }
    return bytes_buffer_end(&wire->handing, ret);
}

static void put_attribute(bytes_buffer *out, const char *name, sotto_bytes value) {
    if (value.len == 0) return;
    bytes_buffer_text(out, " ");
    bytes_buffer_text(out, name);
    bytes_buffer_text(out, "='");
    for (size_t i = 0; i < value.len; i++) {
        switch (value.at[i]) {
        case '&':
            bytes_buffer_text(out, "&amp;");
            break;
        case '<':
            bytes_buffer_text(out, "&lt;");
            break;
        case '\'':
            bytes_buffer_text(out, "&apos;");
            break;
        default:
            bytes_buffer_u8(out, value.at[i]);
        }
    }
    bytes_buffer_text(out, "'");
}

sotto_status stream_wire_restart(stream_wire *wire) {
    return stanza_reader_restart(wire->reader);
}

sotto_status stream_wire_open(stream_wire *wire, const stream_wire_header *header) {
    bytes_buffer_text(&wire->out, "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
                                  "xmlns:stream='" STREAM_NS_STREAM "' version='1.0' xml:lang='en'");
    put_attribute(&wire->out, "id", header->id);
    put_attribute(&wire->out, "from", header->from);
    put_attribute(&wire->out, "to", header->to);
    bytes_buffer_text(&wire->out, ">");
    return wire->out.status;
}

void stream_wire_close(stream_wire *wire) {
    if (wire->closed) return;
    bytes_buffer_text(&wire->out, "</stream:stream>");
    wire->closed = true;
}

void stream_wire_finish(stream_wire *wire) {
    wire->finished = true;
}

void stream_wire_error(stream_wire *wire, const char *condition, const char *extra) {
    if (wire->closed) return;
    bytes_buffer_text(&wire->out, "<stream:error><");
    bytes_buffer_text(&wire->out, condition);
    bytes_buffer_text(&wire->out, " xmlns='" STREAM_NS_ERRORS "'/>");
    bytes_buffer_text(&wire->out, extra);
    bytes_buffer_text(&wire->out, "</stream:error>");
}

void stream_wire_limit(stream_wire *wire, size_t stanza_bytes_max) {
    stanza_reader_limit(wire->reader, stanza_bytes_max);
}

sotto_status stream_wire_start_tls(stream_wire *wire, tls_context *context, const char *server_name,
                                   const char *const *alpn) {
    if (wire->tls) return SOTTO_FAIL(STATE);
    if (!inbox_empty(&wire->raw)) return SOTTO_FAIL(BAD_SERVER);
    SOTTO_TRY(tls_engine_new(&wire->tls, context, server_name, alpn));
    swap(&wire->clear, &wire->out);
    return SOTTO_OK;
}

tls_engine *stream_wire_tls(const stream_wire *wire) {
    return wire->tls;
}

static void inbox_free(inbox *box) {
    bytes_buffer_free(&box->bytes);
}

void stream_wire_free(stream_wire *wire) {
    if (!wire) return;
    tls_engine_free(wire->tls);
    stanza_reader_free(wire->reader);
    bytes_arena_clear(&wire->arena);
    inbox_free(&wire->raw);
    inbox_free(&wire->plain);
    bytes_buffer_free(&wire->out);
    bytes_buffer_free(&wire->clear);
    bytes_buffer_free(&wire->handing);
    bytes_free(wire->host, wire, sizeof *wire);
}

sotto_bytes stream_condition(const stanza_element *error, const char *ns, const stanza_element **ret_text) {
    sotto_bytes condition = BYTES_NONE;
    *ret_text = stanza_child(error, "text", ns);
    for (const stanza_element *at = stanza_first(error); at; at = stanza_next(error, at)) {
        if (bytes_is(at->ns, ns) && !bytes_is(at->name, "text")) {
            condition = at->name;
            break;
        }
    }
    return condition;
}
