/* SPDX-License-Identifier: ISC */
#include "account_rig.h"

#include <stdlib.h>

static const sotto_seal *seals[2];

static void client_setup(account_rig *r, client *c, const char *jid, const char *password) {
    c->rig = r;
    rig_start(&c->host);
    c->store.base.methods = &frail_class;
    assert_ok(sotto_store_memory(&c->store.inner, &c->host.host));
    tls_client_config tls = {
        .host = &c->host.host, .roots_pem = lab_listener_root(r->listener), .verify_time_ms = r->now_ms};
    assert_ok(tls_context_client(&c->tls, &tls));
    c->config = (account_config){.host = &c->host.host,
                                 .jid = bytes_text(jid),
                                 .store = &c->store.base,
                                 .seals = seals,
                                 .tls = c->tls,
                                 .password = bytes_text(password),
                                 .connect_host = BYTES_LITERAL("127.0.0.1"),
                                 .connect_port = 5222,
                                 .available = true,
                                 .keep_trying = true};
}

int account_setup(void **state) {
    account_rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    memset(&the_script, 0, sizeof the_script);
    the_script.promise = SEAL_NEVER;
    seals[0] = script_seal();
    rig_start(&r->host);
    r->now_ms = NOW_MS;
    assert_ok(lab_server_new(&r->server, &r->host.host, "capulet.example"));
    assert_ok(lab_server_account(r->server, "juliet", "r0m30"));
    assert_ok(lab_server_account(r->server, "romeo", "jul13t"));
    assert_ok(lab_server_account(r->server, "nurse", "x"));
    assert_ok(lab_server_befriend(r->server, "juliet", "romeo"));
    assert_ok(lab_listener_new(&r->listener, r->server, &(lab_listener_config){.now_ms = r->now_ms}));
    client_setup(r, &r->clients[0], "juliet@capulet.example", "r0m30");
    client_setup(r, &r->clients[1], "romeo@capulet.example", "jul13t");
    *state = r;
    return 0;
}

void listener_with(account_rig *r, lab_listener_config config) {
    lab_listener_free(r->listener);
    config.now_ms = r->now_ms;
    assert_ok(lab_listener_new(&r->listener, r->server, &config));
    for (size_t i = 0; i < 2; i++) {
        tls_context_free(r->clients[i].tls);
        tls_client_config tls = {
            .host = &r->clients[i].host.host, .roots_pem = lab_listener_root(r->listener), .verify_time_ms = r->now_ms};
        assert_ok(tls_context_client(&r->clients[i].tls, &tls));
        r->clients[i].config.tls = r->clients[i].tls;
    }
}

int account_teardown(void **state) {
    account_rig *r = *state;
    for (size_t i = 0; i < 2; i++) {
        client *c = &r->clients[i];
        account_close(c->account);
        tls_context_free(c->tls);
        sotto_store_close(c->store.inner);
        rig_end(&c->host);
    }
    lab_listener_free(r->listener);
    lab_server_free(r->server);
    rig_end(&r->host);
    free(r);
    return 0;
}

void client_open(client *c) {
    assert_ok(account_open(&c->account, &c->config, c->rig->now_ms));
}

void cut(client *c) {
    lab_connection_close(c->connection);
    c->connection = NULL;
    assert_ok(account_lost(c->account));
}

void client_restart(client *c) {
    account_close(c->account);
    c->account = NULL;
    lab_connection_close(c->connection);
    c->connection = NULL;
    c->seen = 0;
    client_open(c);
}

static void note(client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(client *c, const char *format, ...) {
    size_t len = strlen(c->log);
    va_list args;
    va_start(args, format);
    vsnprintf(c->log + len, sizeof c->log - len, format, args);
    va_end(args);
}

static void take_engine(client *c, const sotto_output *out) {
    if (out->kind == SOTTO_OUTPUT_DELIVER)
        note(c, "deliver %.*s\n", (int)out->delivery.stanza.len, (const char *)out->delivery.stanza.at);
    if (out->kind == SOTTO_OUTPUT_EVENT)
        note(c, "event %d %s\n", (int)out->event.kind, sotto_status_name(out->event.reason));
    if (out->seq == 0 || c->keep_outputs) return;
    assert_true(out->seq > c->seen);
    c->seen = out->seq;
    assert_ok(account_done(c->account, out->seq));
}

/* One output; false: there was none. */
static bool client_turn(client *c) {
    account_output out;
    assert_ok(account_next(c->account, &out, c->rig->now_ms));
    switch (out.kind) {
    case ACCOUNT_NONE:
        return false;
    case ACCOUNT_RESOLVE:
        fail_msg("no lookup was expected");
        break;
    case ACCOUNT_CONNECT:
        if (!c->unreachable) assert_ok(lab_connection_open(&c->connection, c->rig->listener, false));
        assert_ok(account_connected(c->account, !c->unreachable));
        break;
    case ACCOUNT_DISCONNECT:
        lab_connection_close(c->connection);
        c->connection = NULL;
        break;
    case ACCOUNT_BYTES:
        if (c->connection != NULL) assert_ok(lab_connection_feed(c->connection, out.bytes));
        break;
    case ACCOUNT_ONLINE:
        note(c, "online %.*s%s\n", (int)out.text.len, (const char *)out.text.at, out.resumed ? " resumed" : "");
        break;
    case ACCOUNT_OFFLINE:
        note(c, "offline %s '%.*s' retry %d\n", sotto_status_name(out.status), (int)out.text.len,
             (const char *)out.text.at, out.retry_ms == UINT64_MAX ? -1 : (int)(out.retry_ms - c->rig->now_ms));
        break;
    case ACCOUNT_SENT:
        note(c, "sent %d\n", (int)out.ticket);
        break;
    case ACCOUNT_ENGINE:
        take_engine(c, &out.engine);
        break;
    }
    return true;
}

static bool server_turn(client *c) {
    if (c->connection == NULL || c->deaf) return false;
    uint8_t bytes[4096];
    size_t len = lab_connection_take(c->connection, bytes, sizeof bytes);
    if (len > 0) {
        assert_ok(account_received(c->account, bytes_of(bytes, len)));
        return true;
    }
    if (!lab_connection_over(c->connection)) return false;
    cut(c);
    return true;
}

void pump(account_rig *r) {
    bool moved = true;
    for (unsigned i = 0; moved; i++) {
        assert_true(i < 20000);
        moved = false;
        for (size_t k = 0; k < 2; k++) {
            client *c = &r->clients[k];
            if (c->account == NULL) continue;
            while (client_turn(c)) moved = true;
            moved = server_turn(c) || moved;
        }
    }
}

void advance(account_rig *r, uint64_t ms) {
    r->now_ms += ms;
    lab_server_time(r->server, r->now_ms);
    assert_ok(lab_listener_time(r->listener, r->now_ms));
    for (size_t k = 0; k < 2; k++)
        if (r->clients[k].account != NULL) assert_ok(account_timer(r->clients[k].account, r->now_ms));
    pump(r);
}

void start(client *c) {
    if (c->account == NULL) client_open(c);
    assert_ok(account_start(c->account, c->rig->now_ms));
    pump(c->rig);
}

void say(client *c, uint64_t ticket, const char *stanza) {
    sotto_input input = send_input(ticket, stanza);
    assert_ok(account_step(c->account, &input, c->rig->now_ms));
}

const char *heard(client *c) {
    static char text[sizeof c->log];
    memcpy(text, c->log, sizeof text);
    c->log[0] = 0;
    return text;
}
