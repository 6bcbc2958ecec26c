/* SPDX-License-Identifier: ISC */
#include "account/state.h"
#include "context/caps.h"

#define NS_INFO              "http://jabber.org/protocol/disco#info"
#define NS_PING              "urn:xmpp:ping"
#define NS_STANZAS           "urn:ietf:params:xml:ns:xmpp-stanzas"
#define OWN_STANZA_BYTES_MAX SOTTO_STANZA_BYTES_MAX /* an answer repeats the id of the request */

typedef sotto_status write_own(account *, stanza_writer *, const void *arg);

/* Writes a stanza and stages it under a ticket of the account's own. */
static sotto_status stage_own(account *a, write_own *write, const void *arg) {
    bytes_buffer buffer;
    bytes_buffer_owned(&buffer, a->host, OWN_STANZA_BYTES_MAX);
    stanza_writer writer;
    stanza_writer_init(&writer, &buffer, STANZA_NS_CLIENT);
    sotto_status status = write(a, &writer, arg);
    sotto_input input = {.kind = SOTTO_INPUT_SEND};
    if (sotto_ok(status)) status = bytes_buffer_end(&buffer, &input.stanza);
    /* Tickets of before a restart may still be in use. */
    do {
        input.ticket = ACCOUNT_OWN_TICKET | ++a->own_ticket;
        if (sotto_ok(status) || sotto_is(status, SOTTO_E_TICKET_USED))
            status = sotto_engine_step(a->engine, &input, a->now_ms);
    } while (sotto_is(status, SOTTO_E_TICKET_USED));
    bytes_buffer_free(&buffer);
    if (sotto_ok(status)) a->staged = true;
    return status;
}

static sotto_status write_roster_request(account *a, stanza_writer *writer, const void *arg) {
    (void)a, (void)arg;
    stanza_open(writer, "iq", STANZA_NS_CLIENT);
    stanza_put_text(writer, "type", "get");
    stanza_put_text(writer, "id", "roster");
    stanza_leaf(writer, "query", "jabber:iq:roster", BYTES_NONE);
    stanza_close(writer);
    return SOTTO_OK;
}

static sotto_status write_presence(account *a, stanza_writer *writer, const void *arg) {
    (void)arg;
    sotto_bytes ver;
    SOTTO_TRY(context_caps_ver(&a->arena, sotto_engine_features(a->engine), &ver));
    stanza_open(writer, "presence", STANZA_NS_CLIENT);
    context_caps_write(writer, ver);
    stanza_close(writer);
    return SOTTO_OK;
}

/* Copies of what our other devices send and receive (XEP-0280): they are sealed for this device too. A server without
 * them answers with an error, which changes nothing. */
static sotto_status write_carbons_request(account *a, stanza_writer *writer, const void *arg) {
    (void)a, (void)arg;
    stanza_open(writer, "iq", STANZA_NS_CLIENT);
    stanza_put_text(writer, "type", "set");
    stanza_put_text(writer, "id", "carbons");
    stanza_leaf(writer, "enable", "urn:xmpp:carbons:2", BYTES_NONE);
    stanza_close(writer);
    return SOTTO_OK;
}

sotto_status account_announce(account *a) {
    SOTTO_TRY(stage_own(a, write_roster_request, NULL));
    a->announced = true;
    if (!a->available) return SOTTO_OK;
    SOTTO_TRY(stage_own(a, write_carbons_request, NULL));
    SOTTO_TRY(stage_own(a, write_presence, NULL));
    a->staged = true;
    return sotto_engine_step(a->engine, &(sotto_input){.kind = SOTTO_INPUT_JOIN}, a->now_ms); /* rooms that are kept */
}

static void open_answer(stanza_writer *writer, const stanza_element *iq, const char *type) {
    stanza_open(writer, "iq", STANZA_NS_CLIENT);
    stanza_put_text(writer, "type", type);
    stanza_put(writer, "id", stanza_attribute_of(iq, "id"));
    stanza_put(writer, "to", stanza_attribute_of(iq, "from"));
}

static sotto_status write_info(account *a, stanza_writer *writer, const void *arg) {
    const stanza_element *iq = arg;
    open_answer(writer, iq, "result");
    sotto_bytes node = stanza_attribute_of(stanza_child(iq, "query", NS_INFO), "node");
    SOTTO_TRY(context_caps_info(writer, &a->arena, sotto_engine_features(a->engine), node));
    stanza_close(writer);
    return SOTTO_OK;
}

static sotto_status write_pong(account *a, stanza_writer *writer, const void *arg) {
    (void)a;
    open_answer(writer, arg, "result");
    stanza_close(writer);
    return SOTTO_OK;
}

static sotto_status write_unavailable(account *a, stanza_writer *writer, const void *arg) {
    (void)a;
    open_answer(writer, arg, "error");
    stanza_open(writer, "error", STANZA_NS_CLIENT);
    stanza_put_text(writer, "type", "cancel");
    stanza_leaf(writer, "service-unavailable", NS_STANZAS, BYTES_NONE);
    stanza_close(writer);
    stanza_close(writer);
    return SOTTO_OK;
}

/* A stranger gets what the server says when nobody is there (RFC 6121 section 8.5.3.2.1; T23). */
static sotto_status answer(account *a, const sotto_delivery *delivery) {
    const stanza_element *iq;
    SOTTO_TRY(stanza_parse(&a->arena, delivery->stanza, &iq));
    sotto_bytes type = stanza_attribute_of(iq, "type");
    bool is_get = bytes_is(type, "get");
    if (!is_get && !bytes_is(type, "set")) return SOTTO_OK;
    if (delivery->seal.len == 0 && stanza_child(iq, "query", "jabber:iq:roster") != NULL)
        return delivery->answerable ? stage_own(a, write_pong, iq) : SOTTO_OK;
    if (is_get && delivery->answerable && stanza_child(iq, "query", NS_INFO) != NULL)
        return stage_own(a, write_info, iq);
    if (is_get && delivery->answerable && stanza_child(iq, "ping", NS_PING) != NULL)
        return stage_own(a, write_pong, iq);
    return stage_own(a, write_unavailable, iq);
}

/* A request that cannot be answered, because what must be repeated of it is too long, is nobody's reason to end the
 * connection. */
sotto_status account_answer(account *a, const sotto_delivery *delivery) {
    sotto_status status = answer(a, delivery);
    return sotto_class(status) == SOTTO_CLASS_PEER ? SOTTO_OK : status;
}
