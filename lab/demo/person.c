/* SPDX-License-Identifier: ISC */
#include "lab/demo/person.h"

#include <stdio.h>

#include "bytes/arena.h"
#include "stanza/writer.h"

static const sotto_seal *seals[2];

sotto_status person_open(person *who, const char *name, const char *domain, const char *password,
                         lab_listener *listener, const uint64_t *now_ms) {
    seals[0] = sotto_seal_omemo();
    const sotto_host *host = sotto_host_default();
    *who = (person){.name = name, .listener = listener, .now_ms = now_ms};
    char jid[128];
    (void)snprintf(jid, sizeof jid, "%s@%s", name, domain);
    SOTTO_TRY(sotto_store_memory(&who->store, host));
    tls_client_config tls = {.host = host, .roots_pem = lab_listener_root(listener), .verify_time_ms = *now_ms};
    SOTTO_TRY(tls_context_client(&who->tls, &tls));
    account_config config = {.host = host,
                             .jid = bytes_text(jid),
                             .store = who->store,
                             .seals = seals,
                             .encrypt = SOTTO_ENCRYPT_ALWAYS,
                             .tls = who->tls,
                             .password = bytes_text(password),
                             .connect_host = BYTES_LITERAL("memory"),
                             .connect_port = 5222,
                             .available = true};
    return account_open(&who->account, &config, *now_ms);
}

void person_close(person *who) {
    account_close(who->account);
    lab_connection_close(who->connection);
    tls_context_free(who->tls);
    sotto_store_close(who->store);
}

sotto_status person_come(person *who) {
    return account_start(who->account, *who->now_ms);
}

sotto_status person_go(person *who) {
    return account_end(who->account, *who->now_ms);
}

sotto_status person_say(person *who, const char *to, const char *text, uint64_t ticket) {
    uint8_t at[1024];
    bytes_buffer buffer;
    bytes_buffer_borrowed(&buffer, at, sizeof at);
    stanza_writer writer;
    stanza_writer_init(&writer, &buffer, STANZA_NS_CLIENT);
    stanza_open(&writer, "message", STANZA_NS_CLIENT);
    stanza_put_text(&writer, "to", to);
    stanza_put_text(&writer, "type", "chat");
    stanza_put_number(&writer, "id", ticket);
    stanza_leaf(&writer, "body", STANZA_NS_CLIENT, bytes_text(text));
    stanza_close(&writer);
    sotto_input input = {.kind = SOTTO_INPUT_SEND, .ticket = ticket};
    SOTTO_TRY(bytes_buffer_end(&buffer, &input.stanza));
    return account_step(who->account, &input, *who->now_ms);
}

/* ---- what a person reads ---- */

static sotto_status read_body(person *who, const sotto_delivery *delivery) {
    bytes_arena arena;
    bytes_arena_init(&arena, sotto_host_default(), 1u << 20);
    const stanza_element *stanza;
    sotto_bytes body = BYTES_NONE;
    sotto_status status = stanza_parse(&arena, delivery->stanza, &stanza);
    const stanza_element *element = sotto_ok(status) ? stanza_child(stanza, "body", STANZA_NS_CLIENT) : NULL;
    if (element != NULL && !stanza_text(element, &arena, &body)) status = SOTTO_FAIL(NO_MEMORY);
    if (sotto_ok(status) && element != NULL && who->line_count < PERSON_LINES_MAX) {
        (void)snprintf(who->lines[who->line_count++], PERSON_LINE_BYTES_MAX, "%.*s: %.*s", (int)delivery->from.len,
                       (const char *)delivery->from.at, (int)body.len, (const char *)body.at);
        who->in_the_clear = who->in_the_clear || delivery->seal.len == 0;
    }
    bytes_arena_clear(&arena);
    return status;
}

static sotto_status take_engine(person *who, const sotto_output *out) {
    if (out->kind == SOTTO_OUTPUT_DELIVER) SOTTO_TRY(read_body(who, &out->delivery));
    if (out->kind == SOTTO_OUTPUT_EVENT &&
        (out->event.kind == SOTTO_EVENT_REFUSED || out->event.kind == SOTTO_EVENT_UNREADABLE ||
         out->event.kind == SOTTO_EVENT_NOT_PUBLISHED))
        who->trouble = out->event.reason;
    return out->seq == 0 ? SOTTO_OK : account_done(who->account, out->seq);
}

/* ---- carrying bytes ---- */

static sotto_status take_output(person *who, const account_output *out) {
    switch (out->kind) {
    case ACCOUNT_CONNECT:
        SOTTO_TRY(lab_connection_open(&who->connection, who->listener, false));
        return account_connected(who->account, true);
    case ACCOUNT_DISCONNECT:
        lab_connection_close(who->connection);
        who->connection = NULL;
        return SOTTO_OK;
    case ACCOUNT_BYTES:
        return who->connection == NULL ? SOTTO_OK : lab_connection_feed(who->connection, out->bytes);
    case ACCOUNT_OFFLINE:
        who->trouble = out->status;
        return SOTTO_OK;
    case ACCOUNT_SENT:
        who->sent++;
        return SOTTO_OK;
    case ACCOUNT_ENGINE:
        return take_engine(who, &out->engine);
    default:
        return SOTTO_OK;
    }
}

sotto_status person_turn(person *who, bool *ret_moved) {
    for (;;) {
        account_output out;
        SOTTO_TRY(account_next(who->account, &out, *who->now_ms));
        if (out.kind == ACCOUNT_NONE) break;
        SOTTO_TRY(take_output(who, &out));
        *ret_moved = true;
    }
    if (who->connection == NULL) return SOTTO_OK;
    uint8_t bytes[8192];
    size_t len = lab_connection_take(who->connection, bytes, sizeof bytes);
    if (len > 0) {
        *ret_moved = true;
        return account_received(who->account, bytes_of(bytes, len));
    }
    if (!lab_connection_over(who->connection)) return SOTTO_OK;
    lab_connection_close(who->connection);
    who->connection = NULL;
    *ret_moved = true;
    return account_lost(who->account);
}
