/* SPDX-License-Identifier: ISC
 *
 * A whole XMPP client: libstrophe for the stream, libsotto for end-to-end encryption (OMEMO 2). See doc/embedding.md.
 *     XMPP_PASSWORD=... strophe_client ACCOUNT CONTACT TEXT STORE KEY [HOST PORT CAFILE]
 * Sends TEXT and prints what arrives; Enter, or the end of input, leaves. Nothing is lost if it is killed: STORE and
 * KEY, files it makes, hold all that is under way. There is no other state, and no reconnecting: start it again. It has
 * no XEP-0115 caps, so nobody tells it of changed device lists: the engine asks for them after each login. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sotto/engine.h>
#include <sotto/sqlite.h>
#include <strophe.h>

#define NOW_MS ((uint64_t)time(NULL) * 1000)

typedef struct client {
    xmpp_conn_t *conn;
    sotto_engine *engine;
    char *id; /* of the message */
    uint64_t ticket;
    uint64_t sent[SOTTO_OUTBOX_ROWS_MAX]; /* numbers of stanzas under way: the engine never has more */
    size_t handed, acked;                 /* how many there were, and how many of them the server has */
} client;

/* What this machine cannot do (disk, memory) ends the program, and the next start goes on from the store. What somebody
 * sent wrongly is dropped: the engine is as before. */
static void check(sotto_status status) {
    if (sotto_ok(status)) return;
    fprintf(stderr, "strophe_client: %s\n", sotto_status_text(status));
    if (sotto_class(status) != SOTTO_CLASS_PEER) exit(1);
}

static void step(client *c, sotto_input input) {
    check(sotto_engine_step(c->engine, &input, NOW_MS));
}

static void step_stanza(client *c, sotto_input_kind kind, xmpp_stanza_t *stanza) {
    char *text;
    size_t len;
    if (xmpp_stanza_to_text(stanza, &text, &len) != XMPP_EOK) check(SOTTO_FAIL(NO_MEMORY));
    step(c, (sotto_input){.kind = kind, .stanza = {(uint8_t *)text, len}, .ticket = c->ticket++});
    xmpp_free(xmpp_stanza_get_context(stanza), text);
    if (kind == SOTTO_INPUT_SEND) xmpp_stanza_release(stanza);
}

static void deliver(client *c, const sotto_delivery *d) {
    static const char *const trusts[] = {"undecided", "not compared", "verified", "distrusted"};
    char *text = strndup((const char *)d->stanza.at, d->stanza.len);
    xmpp_stanza_t *stanza = xmpp_stanza_new_from_string(xmpp_conn_get_context(c->conn), text);
    if (!stanza) check(SOTTO_FAIL(NO_MEMORY));
    const char *how = d->seal.len > 0 ? trusts[d->trust] : "in the clear", *type = xmpp_stanza_get_type(stanza);
    char *body = xmpp_message_get_body(stanza);
    for (char *at = body; at && *at; at++)
        if ((unsigned char)*at < ' ') *at = ' '; /* nobody writes lines of his own */
    if (body) printf("%.*s (%s): %s\n", (int)d->from.len, (const char *)d->from.at, how, body);
    if (body) xmpp_free(xmpp_stanza_get_context(stanza), body);
    if (type && (strcmp(type, "get") == 0 || strcmp(type, "set") == 0)) /* an iq */
        step_stanza(c, SOTTO_INPUT_SEND, xmpp_stanza_reply_error(stanza, "cancel", "service-unavailable", NULL));
    xmpp_stanza_release(stanza);
    free(text);
}

static void tell(const sotto_event *e) {
    printf("* %s %.*s %s ", sotto_event_name(e->kind), (int)e->jid.len, (const char *)e->jid.at,
           sotto_status_name(e->reason));
    for (size_t i = 0; e->kind == SOTTO_EVENT_NEW_KEY && i < 32; i++) printf("%02x", e->key.fingerprint[i]);
    putchar('\n');
}

/* After each input. What is for us is done once printed, what is for the server once it answers the ping behind it. */
static void flush(client *c) {
    size_t before = c->handed;
    check(sotto_engine_commit(c->engine));
    for (sotto_output output; sotto_engine_next(c->engine, &output); check(sotto_engine_commit(c->engine))) {
        if (output.kind == SOTTO_OUTPUT_STANZA) {
            xmpp_send_raw_string(c->conn, "%.*s", (int)output.stanza.len, (const char *)output.stanza.at);
            c->sent[c->handed++ % SOTTO_OUTBOX_ROWS_MAX] = output.seq;
            continue;
        }
        if (output.kind == SOTTO_OUTPUT_DELIVER) deliver(c, &output.delivery);
        if (output.kind == SOTTO_OUTPUT_EVENT) tell(&output.event);
        if (output.seq != 0) check(sotto_engine_done(c->engine, output.seq));
    }
    if (c->handed == before) return;
    xmpp_send_raw_string(c->conn, "<iq type='get' id='sent-%zu'><ping xmlns='urn:xmpp:ping'/></iq>", c->handed);
}

static int on_stanza(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *arg) {
    client *c = arg;
    const char *id = xmpp_stanza_get_id(stanza), *from = xmpp_stanza_get_from(stanza);
    size_t count = id && strncmp(id, "sent-", 5) == 0 ? strtoul(id + 5, NULL, 10) : 0;
    if (from && strcmp(from, xmpp_conn_get_jid(conn)) != 0) count = 0; /* somebody else says so */
    for (; c->acked < count && c->acked < c->handed; c->acked++)
        check(sotto_engine_done(c->engine, c->sent[c->acked % SOTTO_OUTBOX_ROWS_MAX]));
    if (count == 0) step_stanza(c, SOTTO_INPUT_STANZA, stanza);
    flush(c);
    return 1;
}

static void on_connect(xmpp_conn_t *conn, xmpp_conn_event_t event, int error, xmpp_stream_error_t *why, void *arg) {
    client *c = arg;
    if (event != XMPP_CONN_CONNECT) fprintf(stderr, "disconnected (%d) %s\n", error, why && why->text ? why->text : "");
    if (event != XMPP_CONN_CONNECT) return;
    xmpp_handler_add(conn, on_stanza, XMPP_NS_CLIENT, NULL, NULL, c);
    step(c, (sotto_input){.kind = SOTTO_INPUT_ONLINE, .jid = sotto_text(xmpp_conn_get_bound_jid(conn))});
    const char *roster = "<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>"; /* who may see us */
    step_stanza(c, SOTTO_INPUT_SEND, xmpp_stanza_new_from_string(xmpp_conn_get_context(conn), roster));
    step_stanza(c, SOTTO_INPUT_SEND, xmpp_presence_new(xmpp_conn_get_context(conn)));
    flush(c);
}

int main(int argc, char **argv) {
    if ((argc != 6 && argc != 9) || !getenv("XMPP_PASSWORD")) return fprintf(stderr, "see strophe_client.c\n"), 2;
    static client c;
    const sotto_host *host = sotto_host_default();
    const sotto_seal *const seals[] = {sotto_seal_omemo(), NULL};
    sotto_sqlite_options options = {.path = argv[4], .key_path = argv[5], .create = true, .host = host};
    sotto_engine_config config = {.account = sotto_text(argv[1]), .host = host, .seals = seals, .least_strength = 1};
    config.encrypt = SOTTO_ENCRYPT_ALWAYS;
    check(sotto_sqlite_open(&config.store, &options));
    check(sotto_engine_open(&c.engine, &config, NOW_MS));
    if (!c.engine) return 1;          /* ACCOUNT is no address */
    setvbuf(stdout, NULL, _IOLBF, 0); /* what counts as printed is */
    xmpp_initialize();
    xmpp_ctx_t *context = xmpp_ctx_new(NULL, xmpp_get_default_logger(XMPP_LEVEL_ERROR));
    c.conn = xmpp_conn_new(context);
    xmpp_conn_set_jid(c.conn, argv[1]);
    xmpp_conn_set_pass(c.conn, getenv("XMPP_PASSWORD"));
    xmpp_conn_set_flags(c.conn, XMPP_CONN_FLAG_MANDATORY_TLS);
    if (argc == 9) xmpp_conn_set_cafile(c.conn, argv[8]);
    xmpp_connect_client(c.conn, argv[6], argc > 6 ? (unsigned short)strtoul(argv[7], NULL, 10) : 0, on_connect, &c);
    xmpp_stanza_t *message = xmpp_message_new(context, "chat", argv[2], c.id = xmpp_uuid_gen(context));
    xmpp_message_set_body(message, argv[3]);
    check(host->random(host->arg, &c.ticket, sizeof c.ticket)); /* tickets of earlier runs may still be in use */
    step_stanza(&c, SOTTO_INPUT_SEND, message);
    struct pollfd input = {.events = POLLIN}; /* of the file 0 */
    for (; !xmpp_conn_is_disconnected(c.conn); flush(&c)) {
        xmpp_run_once(context, 100);
        if (NOW_MS >= sotto_engine_deadline(c.engine)) step(&c, (sotto_input){.kind = SOTTO_INPUT_TIMER});
        if (c.acked > 0 && c.acked == c.handed && poll(&input, 1, 0) == 1) input.fd = -1, xmpp_disconnect(c.conn);
    }
    sotto_engine_close(c.engine);
    sotto_store_close(config.store);
    return input.fd < 0 ? 0 : 1;
}
