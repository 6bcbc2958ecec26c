/* SPDX-License-Identifier: ISC
 *
 * TLS and SCRAM as a server does them. */
#include "bytes/base64.h"
#include "bytes/memory.h"
#include "stream/server_parts.h"

#define SALT_BYTES          16u
#define PASSWORD_ITERATIONS SOTTO_SCRAM_ITERATIONS_MIN

sotto_status server_start_tls(stream_server *server) {
    static const char *const alpn[] = {"xmpp-client", NULL};
    sotto_status status = stream_wire_start_tls(server->wire, server->tls, NULL, alpn);
    if (sotto_is(status, SOTTO_E_BAD_SERVER)) {
        /* Bytes in the clear behind <starttls/> (RFC 6120 section 5.4.3.3, from the other side). */
        server_finish(server, SOTTO_FAIL(MALFORMED), "bytes in the clear follow <starttls/>");
        return SOTTO_OK;
    }
    server_phase_set(server, SERVER_HANDSHAKE);
    return status;
}

static void write_failure(stream_server *server, const char *condition) {
    stanza_writer writer;
    stream_wire_write(server->wire, &writer);
    stanza_open(&writer, "failure", STREAM_NS_SASL);
    stanza_leaf(&writer, condition, STREAM_NS_SASL, BYTES_NONE);
    stanza_close(&writer);
}

sotto_status server_on_clear(stream_server *server, const stanza_element *element) {
    if (stanza_is(element, "starttls", STREAM_NS_TLS) && !server->without_starttls) {
        stanza_writer writer;
        stream_wire_write(server->wire, &writer);
        stanza_leaf(&writer, "proceed", STREAM_NS_TLS, BYTES_NONE);
        return server_start_tls(server);
    }
    if (stanza_is(element, "auth", STREAM_NS_SASL)) {
        write_failure(server, "encryption-required");
        return SOTTO_OK;
    }
    return server_refuse(server, SOTTO_FAIL(MALFORMED), "policy-violation");
}

sotto_status server_on_secure(stream_server *server) {
    tls_engine *tls = stream_wire_tls(server->wire);
    /* RFC 9266 is safe on TLS 1.3 without further conditions: it is offered there alone. */
    server->bindable = !server->without_binding && tls_engine_facts(tls)->version >= 0x0304 &&
                       sotto_ok(tls_engine_exporter(tls, server->binding));
    server->expects = server_on_auth;
    server_phase_set(server, SERVER_LOGIN);
    return stream_wire_restart(server->wire);
}

/* -PLUS that cannot be done on this connection is not announced, unless the owner wants these names verbatim. */
static bool announced(const stream_server *server, sotto_bytes name) {
    const stream_mechanism *mechanism = stream_mechanism_named(name);
    return !mechanism || !mechanism->plus || server->bindable;
}

void server_write_mechanisms(stream_server *server, bytes_buffer *out) {
    stanza_writer writer;
    stanza_writer_init(&writer, out, STANZA_NS_CLIENT);
    stanza_open(&writer, "mechanisms", STREAM_NS_SASL);
    for (size_t i = 0; i < server->offer_count; i++) {
        if (announced(server, server->offer[i])) {
            stanza_leaf(&writer, "mechanism", STREAM_NS_SASL, server->offer[i]);
        }
    }
    stanza_close(&writer);
    if (!server->bindable) return;
    stanza_open(&writer, "sasl-channel-binding", STREAM_NS_BINDINGS);
    stanza_open(&writer, "channel-binding", STREAM_NS_BINDINGS);
    stanza_put_text(&writer, "type", "tls-exporter");
    stanza_close(&writer);
    stanza_close(&writer);
}

/* ---- SASL ---- */

static void forget(stream_server *server) {
    stream_scram_server_free(server->scram);
    server->scram = NULL;
    server->expects = server_on_auth;
}

static sotto_status login_failed(stream_server *server, const char *condition) {
    forget(server);
    write_failure(server, condition);
    if (++server->tries < SERVER_LOGIN_TRIES_MAX) return SOTTO_OK;
    return server_refuse(server, SOTTO_FAIL(NOT_AUTHORIZED), "policy-violation");
}

/* Our own failures go up; the client's become its SASL error (RFC 6120 section 6.5). */
static sotto_status client_failed(stream_server *server, sotto_status status) {
    if (sotto_ok(status) || sotto_class(status) == SOTTO_CLASS_OURS) return status;
    bool wrong = sotto_is(status, SOTTO_E_NOT_AUTHORIZED) || sotto_is(status, SOTTO_E_BAD_JID);
    return login_failed(server, wrong ? "not-authorized" : "malformed-request");
}

static sotto_status send_data(stream_server *server, const char *name, sotto_bytes data) {
    bytes_buffer text;
    bytes_buffer_owned(&text, server->host, 4 * SOTTO_SASL_MESSAGE_BYTES_MAX);
    bytes_base64_put(&text, data);
    sotto_bytes encoded;
    sotto_status status = bytes_buffer_end(&text, &encoded);
    if (sotto_ok(status)) {
        stanza_writer writer;
        stream_wire_write(server->wire, &writer);
        stanza_leaf(&writer, name, STREAM_NS_SASL, encoded);
        status = stream_wire_out(server->wire)->status;
    }
    bytes_buffer_free(&text);
    return status;
}

static sotto_status read_data(stream_server *server, const stanza_element *element, bytes_buffer *ret) {
    sotto_bytes text;
    if (!stanza_text(element, &server->arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    return bytes_is(text, "=") ? SOTTO_OK : bytes_base64_get(ret, text);
}

static sotto_status keep_account(stream_server *server, sotto_bytes name) {
    bytes_buffer text;
    bytes_buffer_owned(&text, server->host, SOTTO_JID_BYTES_MAX);
    bytes_buffer_put(&text, name);
    bytes_buffer_text(&text, "@");
    bytes_buffer_put(&text, server->domain);
    sotto_bytes bytes;
    stanza_jid jid;
    sotto_status status = bytes_buffer_end(&text, &bytes);
    if (sotto_ok(status)) status = stanza_jid_parse(&server->arena, bytes, &jid);
    bytes_buffer_free(&text);
    SOTTO_TRY(status);
    if (jid.local.len == 0 || jid.resource.len > 0) return SOTTO_FAIL(BAD_JID);
    server->account = jid.full;
    return SOTTO_OK;
}

static server_handler on_first, on_final;

static sotto_status read_client_first(stream_server *server, sotto_bytes message) {
    sotto_bytes name;
    SOTTO_TRY(stream_scram_server_read_first(server->scram, message, &name));
    SOTTO_TRY(keep_account(server, name));
    server_ask(server, SERVER_ASKS_LOGIN,
               (stream_server_output){.kind = STREAM_SERVER_LOGIN, .hash = server->mechanism->hash});
    return SOTTO_OK;
}

static bool is_offered(const stream_server *server, sotto_bytes name) {
    for (size_t i = 0; i < server->offer_count; i++) {
        if (bytes_equal(server->offer[i], name)) return announced(server, name);
    }
    return false;
}

static bool plus_offered(const stream_server *server) {
    for (const stream_mechanism *one = stream_mechanisms; one->name; one++) {
        if (one->plus && is_offered(server, bytes_text(one->name))) return true;
    }
    return false;
}

static sotto_status begin(stream_server *server, const stanza_element *auth, bytes_buffer *data) {
    stream_scram_offer offer = {
        .host = server->host,
        .mechanism = server->mechanism,
        .binding = server->bindable ? bytes_of(server->binding, sizeof server->binding) : BYTES_NONE,
        .plus_offered = plus_offered(server),
    };
    SOTTO_TRY(stream_scram_server_new(&server->scram, &offer));
    SOTTO_TRY(read_data(server, auth, data));
    if (data->len > 0) return read_client_first(server, bytes_of(data->at, data->len));
    server->expects = on_first;
    return send_data(server, "challenge", BYTES_NONE);
}

sotto_status server_on_auth(stream_server *server, const stanza_element *element) {
    if (!stanza_is(element, "auth", STREAM_NS_SASL)) {
        return server_refuse(server, SOTTO_FAIL(MALFORMED), "not-authorized");
    }
    sotto_bytes name = stanza_attribute_of(element, "mechanism");
    server->mechanism = is_offered(server, name) ? stream_mechanism_named(name) : NULL;
    if (!server->mechanism) return login_failed(server, "invalid-mechanism");
    bytes_buffer data;
    bytes_buffer_owned(&data, server->host, SOTTO_SASL_MESSAGE_BYTES_MAX);
    sotto_status status = begin(server, element, &data);
    bytes_buffer_free(&data);
    return client_failed(server, status);
}

/* The two kinds of <response/>: with the client-first-message, when <auth/> had none, and with the final one. */
static sotto_status on_response(stream_server *server, const stanza_element *element, bool first) {
    if (!stanza_is(element, "response", STREAM_NS_SASL)) {
        return login_failed(server, stanza_is(element, "abort", STREAM_NS_SASL) ? "aborted" : "malformed-request");
    }
    bytes_buffer data, success;
    bytes_buffer_owned(&data, server->host, 2 * SOTTO_SASL_MESSAGE_BYTES_MAX);
    bytes_buffer_owned(&success, server->host, SOTTO_SASL_MESSAGE_BYTES_MAX);
    sotto_status status = read_data(server, element, &data);
    sotto_bytes message = bytes_of(data.at, data.len);
    if (sotto_ok(status) && first) {
        status = read_client_first(server, message);
    } else if (sotto_ok(status)) {
        status = stream_scram_server_final(server->scram, message, &success);
        if (sotto_ok(status)) status = send_data(server, "success", bytes_of(success.at, success.len));
        if (sotto_ok(status)) status = stream_wire_restart(server->wire);
    }
    bytes_buffer_free(&data);
    bytes_buffer_free(&success);
    if (!sotto_ok(status) || first) return client_failed(server, status);
    forget(server);
    server->expects = server_on_session;
    stream_wire_limit(server->wire, SOTTO_STANZA_BYTES_MAX);
    server_phase_set(server, SERVER_SESSION);
    return SOTTO_OK;
}

static sotto_status on_first(stream_server *server, const stanza_element *element) {
    return on_response(server, element, true);
}

static sotto_status on_final(stream_server *server, const stanza_element *element) {
    return on_response(server, element, false);
}

/* ---- answers to LOGIN ---- */

sotto_status stream_server_keys(stream_server *server, const stream_scram_keys *keys) {
    if (server->question != SERVER_ASKS_LOGIN) return SOTTO_FAIL(STATE);
    server->question = SERVER_NO_QUESTION;
    if (!keys) return login_failed(server, "not-authorized");
    bytes_buffer message;
    bytes_buffer_owned(&message, server->host, 2 * SOTTO_SASL_MESSAGE_BYTES_MAX);
    sotto_status status = stream_scram_server_first(server->scram, keys, &message);
    if (sotto_ok(status)) status = send_data(server, "challenge", bytes_of(message.at, message.len));
    bytes_buffer_free(&message);
    server->expects = on_final;
    return status;
}

sotto_status stream_server_password(stream_server *server, sotto_bytes password) {
    if (server->question != SERVER_ASKS_LOGIN) return SOTTO_FAIL(STATE);
    uint8_t salt[SALT_BYTES];
    SOTTO_TRY(crypto_random(server->host, salt, sizeof salt));
    stream_scram_keys keys;
    SOTTO_TRY(stream_scram_keys_derive(&keys, server->mechanism->hash, server->host, password,
                                       bytes_of(salt, sizeof salt), PASSWORD_ITERATIONS));
    sotto_status status = stream_server_keys(server, &keys);
    bytes_wipe(&keys, sizeof keys);
    return status;
}
