/* SPDX-License-Identifier: ISC
 *
 * The server's side: inputs, outputs, the header and what is announced in answer to it. */
#include "stream/server.h"

#include "bytes/base64.h"
#include "bytes/memory.h"
#include "stream/server_parts.h"

#define SERVER_ARENA_BYTES_MAX (256u * 1024u)
#define STREAM_ID_BYTES        16u

static sotto_status configure(stream_server *server, const stream_server_config *config) {
    if (!bytes_arena_copy(&server->arena, config->domain, &server->domain)) return SOTTO_FAIL(NO_MEMORY);
    if (config->offer) {
        for (const char *const *name = config->offer; *name; name++) {
            if (server->offer_count == SERVER_OFFER_MAX) return SOTTO_FAIL(USAGE);
            sotto_bytes *kept = &server->offer[server->offer_count++];
            if (!bytes_arena_copy(&server->arena, bytes_text(*name), kept)) return SOTTO_FAIL(NO_MEMORY);
        }
    } else {
        for (const stream_mechanism *one = stream_mechanisms; one->name; one++) {
            if (one->plus && config->without_binding) continue;
            server->offer[server->offer_count++] = bytes_text(one->name);
        }
    }
    SOTTO_TRY(stream_wire_new(&server->wire, server->host));
    return config->direct_tls ? server_start_tls(server) : SOTTO_OK;
}

sotto_status stream_server_new(stream_server **ret, const stream_server_config *config) {
    stream_server *server = bytes_new(config->host, sizeof *server);
    if (!server) return SOTTO_FAIL(NO_MEMORY);
    server->host = config->host;
    server->tls = config->tls;
    server->direct_tls = config->direct_tls;
    server->without_starttls = config->without_starttls;
    server->without_management = config->without_management;
    server->without_binding = config->without_binding;
    server->deadline.now_ms = config->now_ms;
    server->expects = server_on_clear;
    bytes_arena_init(&server->arena, config->host, SERVER_ARENA_BYTES_MAX);
    server_phase_set(server, SERVER_IN_CLEAR);
    sotto_status status = configure(server, config);
    if (!sotto_ok(status)) {
        stream_server_free(server);
        return status;
    }
    *ret = server;
    return SOTTO_OK;
}

void server_phase_set(stream_server *server, server_phase phase) {
    server->phase = phase;
    uint64_t wait = phase == SERVER_CLOSING ? SOTTO_STREAM_CLOSE_MS : SOTTO_STREAM_WAIT_MS;
    stream_deadline_set(&server->deadline, phase == SERVER_ONLINE || phase == SERVER_OVER ? 0 : wait);
}

void server_push(stream_server *server, stream_server_output output) {
    if (server->queued < SERVER_QUEUE_MAX) server->queue[server->queued++] = output;
}

void server_ask(stream_server *server, server_question question, stream_server_output output) {
    server->question = question;
    output.account = server->account;
    output.mechanism = server->mechanism->name;
    server_push(server, output);
}

void server_finish(stream_server *server, sotto_status status, const char *text) {
    if (server->phase == SERVER_OVER) return;
    if (server->phase == SERVER_CLOSING) status = SOTTO_OK;
    stream_wire_finish(server->wire);
    server_phase_set(server, SERVER_OVER);
    server->question = SERVER_NO_QUESTION;
    server->queued = server->taken = 0;
    stream_server_output ended = {.kind = STREAM_SERVER_ENDED, .status = status};
    if (!bytes_arena_copy(&server->arena, bytes_text(text), &ended.text)) ended.text = BYTES_NONE;
    server_push(server, ended);
}

sotto_status server_refuse(stream_server *server, sotto_status status, const char *condition) {
    stream_wire_error(server->wire, condition, "");
    stream_wire_close(server->wire);
    server_finish(server, status, condition);
    return SOTTO_OK;
}

/* ---- header and features ---- */

static void write_features(stream_server *server) {
    bytes_buffer *out = stream_wire_out(server->wire);
    stanza_writer writer;
    bytes_buffer_text(out, "<stream:features>");
    stream_wire_write(server->wire, &writer);
    if (server->phase == SERVER_IN_CLEAR && !server->without_starttls) {
        stanza_open(&writer, "starttls", STREAM_NS_TLS);
        stanza_leaf(&writer, "required", STREAM_NS_TLS, BYTES_NONE);
        stanza_close(&writer);
    } else if (server->phase == SERVER_SESSION) {
        stanza_leaf(&writer, "bind", STREAM_NS_BIND, BYTES_NONE);
        if (!server->without_management) stanza_leaf(&writer, "sm", STREAM_NS_MANAGEMENT, BYTES_NONE);
    } else {
        server_write_mechanisms(server, out);
    }
    bytes_buffer_text(out, "</stream:features>");
}

static sotto_status answer_header(stream_server *server) {
    uint8_t random[STREAM_ID_BYTES], text[2 * STREAM_ID_BYTES];
    SOTTO_TRY(crypto_random(server->host, random, sizeof random));
    bytes_buffer id;
    bytes_buffer_borrowed(&id, text, sizeof text);
    bytes_hex_put(&id, bytes_of(random, sizeof random));
    stream_wire_header header = {.from = server->domain, .id = bytes_of(text, sizeof text)};
    return stream_wire_open(server->wire, &header);
}

static sotto_status on_header(stream_server *server, const stanza_element *header) {
    SOTTO_TRY(answer_header(server));
    if (!stanza_is(header, "stream", STREAM_NS_STREAM)) {
        return server_refuse(server, SOTTO_FAIL(MALFORMED), "invalid-namespace");
    }
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    stanza_jid to, ours;
    sotto_status status = stanza_jid_parse(&server->arena, stanza_attribute_of(header, "to"), &to);
    if (sotto_ok(status)) status = stanza_jid_parse(&server->arena, server->domain, &ours);
    bool same = sotto_ok(status) && bytes_equal(to.full, ours.full);
    bytes_arena_back(&server->arena, mark);
    if (sotto_is(status, SOTTO_E_NO_MEMORY)) return status;
    if (!same) return server_refuse(server, SOTTO_FAIL(HOST_UNKNOWN), "host-unknown");
    if (!bytes_is(stanza_attribute_of(header, "version"), "1.0")) {
        return server_refuse(server, SOTTO_FAIL(MALFORMED), "unsupported-version");
    }
    write_features(server);
    return stream_wire_out(server->wire)->status;
}

/* ---- events ---- */

static sotto_status on_closed(stream_server *server) {
    stream_wire_close(server->wire);
    server_finish(server, SOTTO_OK, "");
    return SOTTO_OK;
}

static sotto_status on_broken(stream_server *server, sotto_status status) {
    if (sotto_is(status, SOTTO_E_TLS_FAILED)) {
        server_finish(server, status, stream_wire_text(server->wire));
        return SOTTO_OK;
    }
    if (sotto_is(status, SOTTO_E_MALFORMED)) return server_refuse(server, status, "not-well-formed");
    if (sotto_is(status, SOTTO_E_XML_FORBIDDEN)) return server_refuse(server, status, "restricted-xml");
    if (sotto_is(status, SOTTO_E_TOO_LARGE)) return server_refuse(server, status, "policy-violation");
    return status;
}

/* *ret_any is false when there was nothing to do. */
static sotto_status step(stream_server *server, bool *ret_any) {
    stream_wire_event event;
    const stanza_element *element = NULL;
    *ret_any = true;
    sotto_status status = stream_wire_next(server->wire, &event, &element);
    if (!sotto_ok(status)) return on_broken(server, status);
    switch (event) {
    case STREAM_WIRE_MORE:
        *ret_any = server->lost;
        if (server->lost) server_finish(server, SOTTO_FAIL(CLOSED), "the connection was lost");
        return SOTTO_OK;
    case STREAM_WIRE_OPEN:
        return on_header(server, element);
    case STREAM_WIRE_ELEMENT:
        return server->expects(server, element);
    case STREAM_WIRE_CLOSE:
        return on_closed(server);
    case STREAM_WIRE_SECURE:
        return server_on_secure(server);
    case STREAM_WIRE_ENDED:
        server_finish(server, SOTTO_FAIL(CLOSED), "TLS was closed");
        return SOTTO_OK;
    case STREAM_WIRE_VERDICT:
        return SOTTO_FAIL(STATE); /* no client certificates are asked for */
    }
    return SOTTO_OK;
}

static bool take_bytes(stream_server *server, stream_server_output *ret) {
    if (server->lost || server->mute) return false;
    sotto_bytes bytes;
    sotto_status status = stream_wire_take(server->wire, &bytes);
    if (!sotto_ok(status)) {
        server->mute = true;
        server_finish(server, status, sotto_status_text(status));
        return false;
    }
    if (bytes.len == 0) return false;
    *ret = (stream_server_output){.kind = STREAM_SERVER_BYTES, .bytes = bytes};
    return true;
}

static bool take_queued(stream_server *server, stream_server_output *ret) {
    if (server->taken == server->queued) return false;
    *ret = server->queue[server->taken++];
    if (server->taken == server->queued) server->taken = server->queued = 0;
    return true;
}

sotto_status stream_server_next(stream_server *server, stream_server_output *ret) {
    for (;;) {
        *ret = (stream_server_output){.kind = STREAM_SERVER_NONE};
        if (take_bytes(server, ret) || take_queued(server, ret)) return SOTTO_OK;
        if (server->phase == SERVER_OVER) return SOTTO_OK;
        if (server->question != SERVER_NO_QUESTION && !server->lost) return SOTTO_OK;
        if (server->question != SERVER_NO_QUESTION) {
            server_finish(server, SOTTO_FAIL(CLOSED), "the connection was lost");
            continue;
        }
        bool any;
        sotto_status status = step(server, &any);
        if (!sotto_ok(status)) server_finish(server, status, sotto_status_text(status));
        /* Reading may have moved a handshake on, and so have made bytes, though nothing came out of it. */
        if (sotto_ok(status) && !any) {
            if (take_bytes(server, ret) || server->taken == server->queued) return SOTTO_OK;
        }
    }
}

/* ---- inputs ---- */

sotto_status stream_server_received(stream_server *server, sotto_bytes bytes) {
    if (server->phase == SERVER_OVER || server->lost) return SOTTO_OK;
    return stream_wire_received(server->wire, bytes);
}

sotto_status stream_server_lost(stream_server *server) {
    server->lost = true;
    return SOTTO_OK;
}

sotto_status stream_server_timer(stream_server *server, uint64_t now_ms) {
    if (!stream_deadline_passed(&server->deadline, now_ms)) return SOTTO_OK;
    if (server->phase == SERVER_CLOSING) {
        server_finish(server, SOTTO_OK, "");
        return SOTTO_OK;
    }
    if (server->phase == SERVER_HANDSHAKE) {
        server_finish(server, SOTTO_FAIL(TIMEOUT), "no TLS handshake in time");
        return SOTTO_OK;
    }
    return server_refuse(server, SOTTO_FAIL(TIMEOUT), "connection-timeout");
}

uint64_t stream_server_deadline(const stream_server *server) {
    return server->deadline.wait_ms > 0 ? server->deadline.at_ms : UINT64_MAX;
}

sotto_status stream_server_send(stream_server *server, sotto_bytes stanza) {
    if (server->phase != SERVER_ONLINE) return SOTTO_FAIL(STATE);
    bytes_buffer *out = stream_wire_out(server->wire);
    SOTTO_TRY(out->status);
    if (stanza.len > out->ceiling - out->len) return SOTTO_FAIL(OUTBOX_FULL);
    bytes_buffer_put(out, stanza);
    SOTTO_TRY(out->status);
    server->counts.sent++;
    return SOTTO_OK;
}

sotto_status stream_server_handled(stream_server *server, uint32_t count) {
    if (server->phase != SERVER_ONLINE) return SOTTO_OK;
    return stream_management_handled(&server->counts, server->wire, count);
}

sotto_status stream_server_request_ack(stream_server *server) {
    if (server->phase != SERVER_ONLINE) return SOTTO_FAIL(STATE);
    if (server->counts.on) stream_management_ask(server->wire);
    return stream_wire_out(server->wire)->status;
}

uint32_t stream_server_sent(const stream_server *server) {
    return server->counts.on ? server->counts.sent : 0;
}

sotto_status stream_server_fail(stream_server *server, const char *condition) {
    if (server->phase == SERVER_OVER || server->phase == SERVER_HANDSHAKE) {
        server_finish(server, SOTTO_FAIL(STREAM_ERROR), condition);
        return SOTTO_OK;
    }
    return server_refuse(server, SOTTO_FAIL(STREAM_ERROR), condition);
}

sotto_status stream_server_end(stream_server *server) {
    if (server->phase >= SERVER_CLOSING) return SOTTO_OK;
    if (server->phase == SERVER_HANDSHAKE) {
        server_finish(server, SOTTO_OK, "");
        return SOTTO_OK;
    }
    stream_wire_close(server->wire);
    server_phase_set(server, SERVER_CLOSING);
    return SOTTO_OK;
}

void stream_server_free(stream_server *server) {
    if (!server) return;
    stream_wire_free(server->wire);
    stream_scram_server_free(server->scram);
    bytes_arena_clear(&server->arena);
    bytes_free(server->host, server, sizeof *server);
}
