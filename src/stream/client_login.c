/* SPDX-License-Identifier: ISC
 *
 * From the first header to <success/>: TLS, always; then SCRAM, with channel binding where both sides have it. Nothing
 * the server says before TLS is remembered, and nothing that needs the password is sent before TLS is up. */
#include <stdio.h>

#include "bytes/base64.h"
#include "bytes/memory.h"
#include "stream/client_parts.h"

/* ---- TLS ---- */

sotto_status client_start_tls(stream_client *client) {
    static const char *const alpn[] = {"xmpp-client", NULL}; /* XEP-0368 */
    client_phase_set(client, CLIENT_HANDSHAKE);
    const char *name = (const char *)client->domain.at;
    sotto_status status =
        stream_wire_start_tls(client->wire, client->tls, name, client->address.direct_tls ? alpn : NULL);
    if (sotto_is(status, SOTTO_E_BAD_SERVER)) {
        return client_fail(client, status, "bytes in the clear follow <proceed/>");
    }
    return status;
}

static sotto_status on_proceed(stream_client *client, const stanza_element *answer) {
    if (stanza_is(answer, "proceed", STREAM_NS_TLS)) return client_start_tls(client);
    if (stanza_is(answer, "failure", STREAM_NS_TLS)) {
        return client_fail(client, SOTTO_FAIL(NO_TLS), "the server offered TLS and then refused it");
    }
    return client_fail(client, SOTTO_FAIL(BAD_SERVER), "something else than <proceed/> came");
}

/* RFC 7590 section 3.1: TLS is required here, whatever the server says of it. */
sotto_status client_on_clear_features(stream_client *client, const stanza_element *features) {
    if (!stanza_is(features, "features", STREAM_NS_STREAM)) {
        return client_fail(client, SOTTO_FAIL(BAD_SERVER), "something else than features came");
    }
    if (!stanza_child(features, "starttls", STREAM_NS_TLS)) {
        return client_fail(client, SOTTO_FAIL(NO_TLS), "the server offers no TLS; nothing was sent to it");
    }
    stanza_writer writer;
    stream_wire_write(client->wire, &writer);
    stanza_leaf(&writer, "starttls", STREAM_NS_TLS, BYTES_NONE);
    client->expects = on_proceed;
    return stream_wire_out(client->wire)->status;
}

/* ---- what the server offers ---- */

typedef struct offer {
    sotto_bytes names[SOTTO_SASL_MECHANISMS_MAX];
    size_t count;
    bool plus;                /* some -PLUS */
    bool types;               /* XEP-0440: some type of channel binding */
    bool exporter, end_point; /* these among them */
} offer;

static bool ends_with_plus(sotto_bytes name) {
    return name.len > 5 && memcmp(name.at + name.len - 5, "-PLUS", 5) == 0;
}

static sotto_status read_offer(stream_client *client, const stanza_element *features, offer *ret) {
    const stanza_element *list = stanza_child(features, "mechanisms", STREAM_NS_SASL), *at;
    for (at = stanza_first(list); at && ret->count < SOTTO_SASL_MECHANISMS_MAX; at = stanza_next(list, at)) {
        if (!stanza_is(at, "mechanism", STREAM_NS_SASL)) continue;
        sotto_bytes name;
        if (!stanza_text(at, &client->arena, &name)) return SOTTO_FAIL(NO_MEMORY);
        ret->plus |= ends_with_plus(name);
        ret->names[ret->count++] = name;
    }
    list = stanza_child(features, "sasl-channel-binding", STREAM_NS_BINDINGS);
    for (at = stanza_first(list); at; at = stanza_next(list, at)) {
        if (!stanza_is(at, "channel-binding", STREAM_NS_BINDINGS)) continue;
        sotto_bytes type = stanza_attribute_of(at, "type");
        ret->types = true;
        ret->exporter |= bytes_is(type, "tls-exporter");
        ret->end_point |= bytes_is(type, "tls-server-end-point");
    }
    return SOTTO_OK;
}

static bool offers(const offer *offered, const char *name) {
    for (size_t i = 0; i < offered->count; i++) {
        if (bytes_is(offered->names[i], name)) return true;
    }
    return false;
}

/* XEP-0440 section "Business Rules", with tls-exporter as the type we have. What only an attacker (or a broken server)
 * would offer ends the login. */
static sotto_status choose_gs2(stream_client *client, const offer *offered, bool can_bind, stream_gs2 *ret) {
    *ret = STREAM_GS2_UNUSED;
    if (!can_bind) return SOTTO_OK;
    if (!offered->plus && !offered->types) {
        *ret = STREAM_GS2_UNOFFERED;
    } else if (!offered->plus) {
        return client_fail(
            client, SOTTO_FAIL(NO_MECHANISM),
            "the server lists types of channel binding and no mechanism for them: somebody removed them");
    } else if (offered->exporter) {
        *ret = STREAM_GS2_EXPORTER;
    } else if (offered->types && !offered->end_point) {
        return client_fail(client, SOTTO_FAIL(NO_MECHANISM),
                           "the server's list of channel bindings lacks what every server has: somebody changed it");
    }
    return SOTTO_OK;
}

static const stream_mechanism *choose_mechanism(const offer *offered, stream_gs2 *gs2) {
    for (const stream_mechanism *one = stream_mechanisms; one->name; one++) {
        if (one->plus && *gs2 != STREAM_GS2_EXPORTER) continue;
        if (!offers(offered, one->name)) continue;
        /* Its -PLUS are of hashes that we do not have. */
        if (!one->plus && *gs2 == STREAM_GS2_EXPORTER) *gs2 = STREAM_GS2_UNUSED;
        return one;
    }
    return NULL;
}

/* ---- SASL ---- */

static sotto_status send_sasl(stream_client *client, const char *name, const char *mechanism, sotto_bytes data) {
    bytes_buffer text;
    bytes_buffer_owned(&text, client->host, 4 * SOTTO_SASL_MESSAGE_BYTES_MAX);
    bytes_base64_put(&text, data);
    sotto_bytes encoded;
    sotto_status status = bytes_buffer_end(&text, &encoded);
    if (sotto_ok(status)) {
        stanza_writer writer;
        stream_wire_write(client->wire, &writer);
        stanza_open(&writer, name, STREAM_NS_SASL);
        if (mechanism) stanza_put_text(&writer, "mechanism", mechanism);
        stanza_write(&writer, encoded);
        stanza_close(&writer);
        status = stream_wire_out(client->wire)->status;
    }
    bytes_buffer_free(&text);
    return status;
}

static client_handler on_sasl;

static sotto_status begin(stream_client *client, const stream_scram_login *login) {
    SOTTO_TRY(stream_scram_client_new(&client->scram, login));
    bytes_buffer message;
    bytes_buffer_owned(&message, client->host, 2 * SOTTO_SASL_MESSAGE_BYTES_MAX);
    sotto_status status = stream_scram_client_first(client->scram, &message);
    if (sotto_ok(status)) {
        status = send_sasl(client, "auth", login->mechanism->name, bytes_of(message.at, message.len));
    }
    bytes_buffer_free(&message);
    client->expects = on_sasl;
    return status;
}

static sotto_status none_offered(stream_client *client, const offer *offered) {
    char text[160];
    size_t at = 0;
    at += (size_t)snprintf(text, sizeof text, "the server offers only:");
    for (size_t i = 0; i < offered->count && at + 24 < sizeof text; i++) {
        sotto_bytes name = offered->names[i];
        at += (size_t)snprintf(text + at, sizeof text - at, " %.*s", (int)(name.len < 22 ? name.len : 22),
                               (const char *)name.at);
    }
    return client_fail(client, SOTTO_FAIL(NO_MECHANISM), offered->count > 0 ? text : "the server offers no login");
}

static sotto_status on_login_features(stream_client *client, const stanza_element *features) {
    if (!stanza_is(features, "features", STREAM_NS_STREAM)) {
        return client_fail(client, SOTTO_FAIL(BAD_SERVER), "something else than features came");
    }
    offer offered = {.count = 0};
    SOTTO_TRY(read_offer(client, features, &offered));
    uint8_t binding[32];
    sotto_status bound = tls_engine_exporter(stream_wire_tls(client->wire), binding);
    if (sotto_class(bound) == SOTTO_CLASS_OURS) return bound;
    stream_gs2 gs2;
    SOTTO_TRY(choose_gs2(client, &offered, sotto_ok(bound), &gs2));
    client->mechanism = choose_mechanism(&offered, &gs2);
    if (!client->mechanism) return none_offered(client, &offered);
    stream_scram_login login = {
        .host = client->host,
        .mechanism = client->mechanism,
        .name = client->account.local,
        .password = bytes_of(client->password.at, client->password.len),
        .gs2 = gs2,
        .binding = gs2 == STREAM_GS2_EXPORTER ? bytes_of(binding, sizeof binding) : BYTES_NONE,
    };
    sotto_status status = begin(client, &login);
    if (sotto_is(status, SOTTO_E_USAGE)) {
        return client_fail(client, SOTTO_FAIL(NOT_AUTHORIZED),
                           "the password is empty or has characters no password has");
    }
    return status;
}

sotto_status client_on_secure(stream_client *client) {
    client_phase_set(client, CLIENT_LOGIN);
    client->expects = on_login_features;
    return client_open_stream(client);
}

/* The bytes inside <challenge/> or <success/>; "=" is empty data (RFC 6120 section 6.4.2). */
static sotto_status read_sasl(stream_client *client, const stanza_element *element, bytes_buffer *ret) {
    sotto_bytes text;
    if (!stanza_text(element, &client->arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    if (bytes_is(text, "=")) return SOTTO_OK;
    return bytes_base64_get(ret, text);
}

/* What breaks the form of SASL is the server's breach of protocol. */
static sotto_status server_breach(stream_client *client, sotto_status status) {
    if (sotto_is(status, SOTTO_E_MALFORMED) || sotto_is(status, SOTTO_E_TOO_LARGE)) {
        return client_fail(client, SOTTO_FAIL(BAD_SERVER), "a login message that has not the form it must have");
    }
    if (sotto_is(status, SOTTO_E_BAD_SERVER)) {
        return client_fail(client, status, "a login message with a wrong nonce, or an iteration count out of bounds");
    }
    return status;
}

static sotto_status answer(stream_client *client, sotto_bytes challenge) {
    bytes_buffer response;
    bytes_buffer_owned(&response, client->host, 3 * SOTTO_SASL_MESSAGE_BYTES_MAX);
    sotto_status status = stream_scram_client_final(client->scram, challenge, &response);
    if (sotto_is(status, SOTTO_E_STATE)) {
        /* The second challenge is the server's signature; an empty response brings <success/>. */
        status = stream_scram_client_verify(client->scram, challenge);
        if (sotto_is(status, SOTTO_E_STATE)) status = SOTTO_FAIL(BAD_SERVER);
    }
    if (sotto_ok(status)) status = send_sasl(client, "response", NULL, bytes_of(response.at, response.len));
    bytes_buffer_free(&response);
    return status;
}

static sotto_status on_success(stream_client *client, sotto_bytes data) {
    if (data.len > 0 && !stream_scram_client_proven(client->scram)) {
        sotto_status status = stream_scram_client_verify(client->scram, data);
        if (sotto_is(status, SOTTO_E_STATE)) status = SOTTO_FAIL(SERVER_UNPROVEN);
        SOTTO_TRY(status);
    }
    if (!stream_scram_client_proven(client->scram)) return SOTTO_FAIL(SERVER_UNPROVEN);
    stream_scram_client_free(client->scram);
    client->scram = NULL;
    client_phase_set(client, CLIENT_SESSION);
    client->expects = client_on_session_features;
    stream_wire_limit(client->wire, SOTTO_STANZA_BYTES_MAX);
    return client_open_stream(client);
}

static sotto_status on_failure(stream_client *client, const stanza_element *failure) {
    const stanza_element *text;
    sotto_bytes condition = stream_condition(failure, STREAM_NS_SASL, &text);
    if (bytes_is(condition, "not-authorized")) {
        return client_fail_said(client, SOTTO_FAIL(NOT_AUTHORIZED), condition, text);
    }
    return client_fail_said(client, SOTTO_FAIL(LOGIN_REFUSED), condition, text);
}

static sotto_status on_sasl(stream_client *client, const stanza_element *element) {
    if (stanza_is(element, "failure", STREAM_NS_SASL)) return on_failure(client, element);
    bool challenge = stanza_is(element, "challenge", STREAM_NS_SASL);
    if (!challenge && !stanza_is(element, "success", STREAM_NS_SASL)) {
        return client_fail(client, SOTTO_FAIL(BAD_SERVER), "something else than an answer to the login came");
    }
    bytes_buffer data;
    bytes_buffer_owned(&data, client->host, SOTTO_SASL_MESSAGE_BYTES_MAX);
    sotto_status status = read_sasl(client, element, &data);
    if (sotto_ok(status)) {
        sotto_bytes message = bytes_of(data.at, data.len);
        status = challenge ? answer(client, message) : on_success(client, message);
    }
    bytes_buffer_free(&data);
    return server_breach(client, status);
}
