/* SPDX-License-Identifier: ISC
 *
 * The client: inputs, outputs, and what happens when something fails. */
#include "stream/client.h"

#include <stdio.h>

#include "bytes/memory.h"
#include "stream/client_parts.h"

#define CLIENT_ARENA_BYTES_MAX (256u * 1024u)
#define PASSWORD_BYTES_MAX     SOTTO_SASL_MESSAGE_BYTES_MAX

static sotto_status configure(stream_client *client, const stream_client_config *config) {
    SOTTO_TRY(stanza_jid_parse(&client->arena, config->account, &client->account));
    if (client->account.local.len == 0 || client->account.resource.len > 0) return SOTTO_FAIL(BAD_JID);
    if (config->resume_id.len > SOTTO_RESUME_ID_BYTES_MAX) return SOTTO_FAIL(USAGE);
    bytes_buffer_put(&client->password, config->password);
    SOTTO_TRY(client->password.status);
    if (!bytes_arena_copy(&client->arena, config->resource, &client->resource) ||
        !bytes_arena_copy(&client->arena, config->resume_id, &client->resume_id) ||
        !bytes_arena_copy(&client->arena, config->resume_jid, &client->resume_jid)) {
        return SOTTO_FAIL(NO_MEMORY);
    }
    client->resume_handled = config->resume_handled;
    return client_discover(client, config);
}

sotto_status stream_client_new(stream_client **ret, const stream_client_config *config) {
    stream_client *client = bytes_new(config->host, sizeof *client);
    if (!client) return SOTTO_FAIL(NO_MEMORY);
    client->host = config->host;
    client->tls = config->tls;
    client->deadline.now_ms = config->now_ms;
    bytes_arena_init(&client->arena, config->host, CLIENT_ARENA_BYTES_MAX);
    bytes_arena_init(&client->early_arena, config->host, 64u * SOTTO_STANZA_BYTES_MAX);
    bytes_buffer_owned(&client->password, config->host, PASSWORD_BYTES_MAX);
    bytes_buffer_owned(&client->early, config->host, 2u * SOTTO_STANZA_BYTES_MAX);
    sotto_status status = configure(client, config);
    if (!sotto_ok(status)) {
        stream_client_free(client);
        return status;
    }
    *ret = client;
    return SOTTO_OK;
}

void client_phase_set(stream_client *client, client_phase phase) {
    static const uint64_t waits[] = {
        [CLIENT_RESOLVING] = SOTTO_STREAM_WAIT_MS, [CLIENT_CONNECTING] = SOTTO_STREAM_WAIT_MS,
        [CLIENT_IN_CLEAR] = SOTTO_STREAM_WAIT_MS,  [CLIENT_HANDSHAKE] = SOTTO_STREAM_WAIT_MS,
        [CLIENT_LOGIN] = SOTTO_STREAM_WAIT_MS,     [CLIENT_SESSION] = SOTTO_STREAM_WAIT_MS,
        [CLIENT_CLOSING] = SOTTO_STREAM_CLOSE_MS,  [CLIENT_OVER] = 0,
    };
    client->phase = phase;
    stream_deadline_set(&client->deadline, waits[phase]);
}

/* The queue is emptied before anything more is read: what one event causes always fits. */
void client_push(stream_client *client, stream_client_output output) {
    if (client->queued < CLIENT_QUEUE_MAX) client->queue[client->queued++] = output;
}

/* ---- failing ---- */

/* It may be shown: one line, without control characters (C1, which some terminals obey, included) and without half a
 * character at the end. */
static void make_harmless(char *text) {
    unsigned char *at = (unsigned char *)text, *start = at;
    for (; *at; at++) {
        bool c1 = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
        if (*at < 0x20 || *at == 0x7f || c1) *at = ' ';
        if (c1) at[1] = ' ';
    }
    unsigned char *last = at;
    while (last > start && (last[-1] & 0xc0) == 0x80) last--;
    if (last == start || last[-1] < 0xc0) return;
    size_t whole = last[-1] >= 0xf0 ? 3 : last[-1] >= 0xe0 ? 2 : 1;
    if ((size_t)(at - last) < whole) last[-1] = 0;
}

sotto_status client_fail(stream_client *client, sotto_status status, const char *text) {
    client->failure.status = status;
    (void)snprintf(client->failure.text, sizeof client->failure.text, "%s", text);
    make_harmless(client->failure.text);
    return status;
}

sotto_status client_fail_said(stream_client *client, sotto_status status, sotto_bytes condition,
                              const stanza_element *text) {
    const stanza_node *said = text ? text->first : NULL;
    sotto_bytes words = said && !said->element ? said->text : BYTES_NONE;
    char line[sizeof client->failure.text];
    (void)snprintf(line, sizeof line, "%.*s%s%.*s", (int)(condition.len < 64 ? condition.len : 64),
                   condition.len > 0 ? (const char *)condition.at : "", words.len > 0 ? ": " : "",
                   (int)(words.len < 128 ? words.len : 128), words.len > 0 ? (const char *)words.at : "");
    return client_fail(client, status, line);
}

static void wire_drop(stream_client *client) {
    stream_wire_free(client->wire);
    client->wire = NULL;
    client->lost = client->mute = false;
}

/* A login that failed is closed politely. A session is not: without </stream:stream> it can be resumed. */
static void end(stream_client *client, client_failure failure) {
    if (client->phase == CLIENT_CLOSING) failure = (client_failure){.status = SOTTO_OK};
    if (client->wire && (client->phase == CLIENT_IN_CLEAR || client->phase == CLIENT_LOGIN)) {
        stream_wire_close(client->wire);
    }
    if (client->wire) stream_wire_finish(client->wire);
    client->failure = failure;
    client_phase_set(client, CLIENT_OVER);
    client->queued = client->taken = 0;
    if (client->wire && !client->lost) {
        client_push(client, (stream_client_output){.kind = STREAM_DISCONNECT});
    } else {
        wire_drop(client);
    }
    client_push(client, (stream_client_output){.kind = STREAM_ENDED,
                                               .status = client->failure.status,
                                               .text = bytes_text(client->failure.text)});
    bytes_buffer_reset(&client->password);
}

/* Before any login another address of the same domain may do better. A refused certificate is the owner's word and
 * final. */
static bool may_try_another(const stream_client *client, sotto_status status) {
    if (client->phase < CLIENT_CONNECTING || client->phase > CLIENT_HANDSHAKE) return false;
    if (sotto_is(status, SOTTO_E_BAD_CERTIFICATE)) return false;
    return sotto_class(status) == SOTTO_CLASS_PEER || sotto_class(status) == SOTTO_CLASS_LATER;
}

void client_break(stream_client *client, sotto_status status) {
    if (client->phase == CLIENT_OVER) return;
    if (client->failure.status.code != status.code) (void)client_fail(client, status, sotto_status_text(status));
    stream_scram_client_free(client->scram);
    client->scram = NULL;
    client->paused = false;
    if (!may_try_another(client, status)) {
        end(client, client->failure);
        return;
    }
    bool telling = !sotto_is(status, SOTTO_E_UNREACHABLE);
    if (sotto_ok(client->remembered.status) || (telling && sotto_is(client->remembered.status, SOTTO_E_UNREACHABLE))) {
        client->remembered = client->failure;
    }
    if (client->address_next == client->address_count) {
        end(client, client->remembered);
        return;
    }
    if (client->wire && !client->lost) {
        client_push(client, (stream_client_output){.kind = STREAM_DISCONNECT});
    } else {
        wire_drop(client);
    }
    client_connect_next(client);
}

/* What the wire says about a broken stream: its XML errors are the server's breach of protocol. */
static sotto_status wire_failure(stream_client *client, sotto_status status) {
    if (sotto_class(status) != SOTTO_CLASS_PEER) return client_fail(client, status, sotto_status_text(status));
    if (sotto_is(status, SOTTO_E_TLS_FAILED)) return client_fail(client, status, stream_wire_text(client->wire));
    const char *condition = sotto_is(status, SOTTO_E_XML_FORBIDDEN) ? "restricted-xml"
                            : sotto_is(status, SOTTO_E_TOO_LARGE)   ? "policy-violation"
                                                                    : "not-well-formed";
    stream_wire_error(client->wire, condition, "");
    stream_wire_close(client->wire);
    return client_fail(client, SOTTO_FAIL(BAD_SERVER), sotto_status_text(status));
}

/* ---- the stream ---- */

/* Inside TLS the server learns who comes (RFC 6120 section 4.7.1); before, nobody does. */
sotto_status client_open_stream(stream_client *client) {
    stream_wire_header header = {.to = client->account.domain};
    if (stream_wire_tls(client->wire)) header.from = client->account.bare;
    client->header_fine = false;
    SOTTO_TRY(stream_wire_restart(client->wire));
    return stream_wire_open(client->wire, &header);
}

/* RFC 6120 section 4.7: who answers must be who was asked. Told with the first element, so that a stream error in a
 * header that names nobody is reported as what it is. */
static sotto_status on_header(stream_client *client, const stanza_element *header) {
    if (!stanza_is(header, "stream", STREAM_NS_STREAM)) {
        return client_fail(client, SOTTO_FAIL(BAD_SERVER), "the server does not speak XMPP");
    }
    bytes_arena_mark mark = bytes_arena_here(&client->arena);
    stanza_jid from;
    sotto_status status = stanza_jid_parse(&client->arena, stanza_attribute_of(header, "from"), &from);
    client->header_fine = sotto_ok(status) && bytes_equal(from.full, client->account.domain) &&
                          bytes_is(stanza_attribute_of(header, "version"), "1.0");
    bytes_arena_back(&client->arena, mark);
    return sotto_is(status, SOTTO_E_NO_MEMORY) ? status : SOTTO_OK;
}

static sotto_status on_stream_error(stream_client *client, const stanza_element *error) {
    const stanza_element *text;
    sotto_bytes condition = stream_condition(error, STREAM_NS_ERRORS, &text);
    if (condition.len == 0) condition = BYTES_LITERAL("undefined-condition");
    bool inside = client->phase == CLIENT_LOGIN || client->phase == CLIENT_SESSION;
    if (inside && bytes_is(condition, "see-other-host")) {
        sotto_bytes where;
        if (!stanza_text(stanza_child(error, "see-other-host", STREAM_NS_ERRORS), &client->arena, &where)) {
            return SOTTO_FAIL(NO_MEMORY);
        }
        if (client_redirect(client, where)) return SOTTO_OK;
    }
    bool unknown = bytes_is(condition, "host-unknown") || bytes_is(condition, "host-gone");
    return client_fail_said(client, unknown ? SOTTO_FAIL(HOST_UNKNOWN) : SOTTO_FAIL(STREAM_ERROR), condition, text);
}

static sotto_status on_element(stream_client *client, const stanza_element *element) {
    if (stanza_is(element, "error", STREAM_NS_STREAM)) return on_stream_error(client, element);
    if (!client->header_fine) {
        return client_fail(client, SOTTO_FAIL(BAD_SERVER), "the server answers for another domain or version");
    }
    return client->expects(client, element);
}

static sotto_status on_closed(stream_client *client) {
    stream_wire_close(client->wire);
    return client_fail(client, SOTTO_FAIL(CLOSED), "the server closed the stream");
}

/* One event of the wire; false: there is none. */
static bool step(stream_client *client) {
    stream_wire_event event;
    const stanza_element *element = NULL;
    sotto_status status = stream_wire_next(client->wire, &event, &element);
    if (!sotto_ok(status)) {
        client_break(client, wire_failure(client, status));
        return true;
    }
    switch (event) {
    case STREAM_WIRE_MORE:
        if (!client->lost) return false;
        status = client_fail(client, SOTTO_FAIL(CLOSED), "the connection was lost");
        break;
    case STREAM_WIRE_OPEN:
        status = on_header(client, element);
        break;
    case STREAM_WIRE_ELEMENT:
        status = on_element(client, element);
        break;
    case STREAM_WIRE_CLOSE:
    case STREAM_WIRE_ENDED:
        status = on_closed(client);
        break;
    case STREAM_WIRE_SECURE:
        status = client_on_secure(client);
        break;
    case STREAM_WIRE_VERDICT:
        client->paused = true;
        client_push(client, (stream_client_output){.kind = STREAM_VERDICT,
                                                   .name = client->domain,
                                                   .facts = tls_engine_facts(stream_wire_tls(client->wire))});
        break;
    }
    if (!sotto_ok(status)) client_break(client, status);
    return true;
}

/* ---- outputs ---- */

/* Bytes for the network go before everything else. */
static bool take_bytes(stream_client *client, stream_client_output *ret) {
    if (!client->wire || client->lost || client->mute) return false;
    sotto_bytes bytes;
    sotto_status status = stream_wire_take(client->wire, &bytes);
    if (!sotto_ok(status)) {
        client->mute = true;
        client_break(client, status);
        return false;
    }
    if (bytes.len == 0) return false;
    *ret = (stream_client_output){.kind = STREAM_BYTES, .bytes = bytes};
    return true;
}

static bool take_queued(stream_client *client, stream_client_output *ret) {
    if (client->taken == client->queued) return false;
    *ret = client->queue[client->taken++];
    if (client->taken == client->queued) client->taken = client->queued = 0;
    if (ret->kind == STREAM_DISCONNECT) wire_drop(client);
    return true;
}

sotto_status stream_client_next(stream_client *client, stream_client_output *ret) {
    for (;;) {
        *ret = (stream_client_output){.kind = STREAM_NONE};
        if (take_bytes(client, ret) || take_queued(client, ret)) return SOTTO_OK;
        if (client->phase == CLIENT_START) {
            client_connect_next(client);
            continue;
        }
        if (client->phase == CLIENT_ONLINE || client->phase == CLIENT_CLOSING) {
            bool any;
            SOTTO_TRY(client_early_stanza(client, ret, &any));
            if (any) return SOTTO_OK;
        }
        bool reading = client->wire && !client->paused && client->phase >= CLIENT_IN_CLEAR;
        if (!reading || client->phase == CLIENT_OVER) return SOTTO_OK;
        if (step(client)) continue;
        /* Reading may have moved a handshake on, and so have made bytes, though nothing came out of it. */
        if (take_bytes(client, ret) || client->taken == client->queued) return SOTTO_OK;
    }
}

/* ---- inputs ---- */

sotto_status stream_client_connected(stream_client *client, bool ok) {
    if (client->phase != CLIENT_CONNECTING) return SOTTO_OK;
    if (!ok) {
        client_break(client, SOTTO_FAIL(UNREACHABLE));
        return SOTTO_OK;
    }
    SOTTO_TRY(stream_wire_new(&client->wire, client->host));
    client->failure = (client_failure){.status = SOTTO_OK};
    client->expects = client_on_clear_features;
    client_phase_set(client, CLIENT_IN_CLEAR);
    sotto_status status = client->address.direct_tls ? client_start_tls(client) : client_open_stream(client);
    if (!sotto_ok(status)) client_break(client, status);
    return SOTTO_OK;
}

sotto_status stream_client_received(stream_client *client, sotto_bytes bytes) {
    bool open = client->wire && !client->lost && client->phase != CLIENT_OVER;
    return open ? stream_wire_received(client->wire, bytes) : SOTTO_OK;
}

sotto_status stream_client_lost(stream_client *client) {
    if (!client->wire) return SOTTO_OK;
    client->lost = true;
    if (client->phase == CLIENT_OVER) wire_drop(client);
    if (client->paused) client_break(client, SOTTO_FAIL(CLOSED));
    return SOTTO_OK;
}

sotto_status stream_client_verdict(stream_client *client, bool accept) {
    if (!client->paused) return SOTTO_OK;
    client->paused = false;
    tls_engine_verdict(stream_wire_tls(client->wire), accept);
    if (!accept) client_break(client, SOTTO_FAIL(BAD_CERTIFICATE));
    return SOTTO_OK;
}

sotto_status stream_client_timer(stream_client *client, uint64_t now_ms) {
    if (stream_deadline_passed(&client->deadline, now_ms)) client_break(client, SOTTO_FAIL(TIMEOUT));
    return SOTTO_OK;
}

uint64_t stream_client_deadline(const stream_client *client) {
    return client->deadline.wait_ms > 0 ? client->deadline.at_ms : UINT64_MAX;
}

sotto_status stream_client_send(stream_client *client, sotto_bytes stanza) {
    if (client->phase != CLIENT_ONLINE) return SOTTO_FAIL(OFFLINE);
    bytes_buffer *out = stream_wire_out(client->wire);
    SOTTO_TRY(out->status);
    if (stanza.len > out->ceiling - out->len) return SOTTO_FAIL(OUTBOX_FULL);
    bytes_buffer_put(out, stanza);
    SOTTO_TRY(out->status);
    client->counts.sent++;
    return SOTTO_OK;
}

sotto_status stream_client_handled(stream_client *client, uint32_t count) {
    if (client->phase != CLIENT_ONLINE) return SOTTO_OK;
    return stream_management_handled(&client->counts, client->wire, count);
}

sotto_status stream_client_request_ack(stream_client *client) {
    if (client->phase != CLIENT_ONLINE) return SOTTO_FAIL(OFFLINE);
    if (client->counts.on) stream_management_ask(client->wire);
    return SOTTO_OK;
}

sotto_status stream_client_end(stream_client *client) {
    if (client->phase == CLIENT_OVER || client->phase == CLIENT_CLOSING) return SOTTO_OK;
    client_phase before = client->phase;
    client_phase_set(client, CLIENT_CLOSING);
    /* XEP-0198 section 4: say what was handled right before closing. */
    if (before == CLIENT_ONLINE && client->counts.on) stream_management_answer(&client->counts, client->wire);
    if (before == CLIENT_IN_CLEAR || before >= CLIENT_LOGIN) stream_wire_close(client->wire);
    if (before != CLIENT_ONLINE) client_break(client, SOTTO_FAIL(CLOSED));
    return SOTTO_OK;
}

void stream_client_free(stream_client *client) {
    if (!client) return;
    wire_drop(client);
    stream_scram_client_free(client->scram);
    bytes_buffer_free(&client->password);
    bytes_buffer_free(&client->early);
    bytes_arena_clear(&client->arena);
    bytes_arena_clear(&client->early_arena);
    bytes_free(client->host, client, sizeof *client);
}
