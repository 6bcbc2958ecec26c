/* SPDX-License-Identifier: ISC
 *
 * An account that sends and shows whole stanzas, over the project's own layers: what the commands do not send (iq,
 * directed presence) is tried with it through real servers (test_live_stanzas.py). live_peer STORE KEY ACCOUNT PASSWORD
 * PORT CAFILE Reads lines:
 *     <...>                         a stanza to send; the answer has its ticket
 *     via JID auto|stored|live      which seals
 *     verdict JID KEY verified|distrusted
 *     password JID WORD             compared in the live session
 *     later MS                      its clock jumps ahead (sessions become old)
 *     cut                           the connection breaks without a word
 *     sessions                      each one, then "end"
 *     quit                          ends the stream in order
 * Prints JSON lines: an answer "ok" when what a command did is committed, and what happens. What was printed is done.
 * The end of input ends it as a crash does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sotto/sqlite.h>

#include "account/account.h"
#include "app/json.h"
#include "bytes/span.h"
#include "net/loop.h"
#include "net/watch.h"
#include "seal/live/live.h"
#include "tls/wipe.h"

#define LINE_BYTES_MAX ((size_t)2 * 1024 * 1024)

typedef struct peer {
    net_loop *loop;
    tls_context *tls;
    sotto_store *store;
    account *account;
    net_connection *connection;
    net_watch *input;
    bytes_buffer lines;
    bytes_buffer answers; /* to commands: printed when what they did is committed */
    uint64_t later_ms;    /* what our clock is ahead */
    bool quitting;
} peer;

static void check(sotto_status status, const char *what) {
    if (sotto_ok(status)) return;
    fprintf(stderr, "live_peer: %s: %s\n", what, sotto_status_name(status));
    exit(1);
}

static uint64_t now_ms(const peer *p) {
    return net_now_ms() + p->later_ms;
}

/* ---- what is printed ---- */

static void print(sotto_bytes text) {
    if (fwrite(text.at, 1, text.len, stdout) != text.len || fflush(stdout) != 0) exit(1);
}

static app_json begin(bytes_buffer *line, const char *event) {
    bytes_buffer_owned(line, sotto_host_default(), 8 * LINE_BYTES_MAX);
    app_json json = app_json_begin(line);
    app_json_text(&json, "event", bytes_text(event));
    return json;
}

static void end(app_json *json) {
    sotto_bytes text;
    app_json_end(json);
    check(bytes_buffer_end(json->to, &text), "print");
    print(text);
    bytes_buffer_free(json->to);
}

static void say(const char *event, const char *why) {
    bytes_buffer line;
    app_json json = begin(&line, event);
    if (why) app_json_text(&json, "reason", bytes_text(why));
    end(&json);
}

static const char *reason_name(sotto_status status) {
    return sotto_ok(status) ? "" : sotto_status_name(status);
}

static void say_delivery(const sotto_output *output) {
    const sotto_delivery *d = &output->delivery;
    bytes_buffer line;
    app_json json = begin(&line, "deliver");
    app_json_number(&json, "seq", output->seq);
    app_json_text(&json, "stanza", d->stanza);
    app_json_text(&json, "seal", d->seal);
    app_json_text(&json, "from", d->from);
    app_json_text(&json, "trust", bytes_text(sotto_trust_name(d->trust)));
    app_json_text(&json, "failure", bytes_text(reason_name(d->failure)));
    end(&json);
}

static void say_event(const sotto_output *output) {
    const sotto_event *e = &output->event;
    bytes_buffer line;
    app_json json = begin(&line, sotto_event_name(e->kind));
    app_json_number(&json, "seq", output->seq);
    app_json_number(&json, "ticket", e->ticket);
    app_json_text(&json, "jid", e->jid);
    app_json_text(&json, "reason", bytes_text(reason_name(e->reason)));
    app_json_text(&json, "text", e->text);
    app_json_number(&json, "number", e->number);
    app_json_hex(&json, "key", bytes_of(e->key.key, sizeof e->key.key));
    end(&json);
}

static sotto_status say_session(void *arg, const sotto_session *s) {
    bytes_buffer line;
    app_json json = begin(&line, "session");
    (void)arg;
    app_json_text(&json, "jid", s->jid);
    app_json_hex(&json, "key", bytes_of(s->key.key, sizeof s->key.key));
    app_json_text(&json, "trust", bytes_text(sotto_trust_name(s->key.trust)));
    app_json_bool(&json, "ready", s->ready);
    app_json_bool(&json, "initiator", s->initiator);
    app_json_bool(&json, "retained", s->retained);
    app_json_number(&json, "renewed", s->renewed);
    app_json_text(&json, "group", bytes_text(s->group));
    end(&json);
    return SOTTO_OK;
}

/* ---- the network ---- */

static void drop(peer *p, bool flush) {
    net_close(p->connection, flush);
    p->connection = NULL;
}

static void on_connected(void *arg, bool ok, const char *why_not) {
    peer *p = arg;
    (void)why_not;
    if (!ok) drop(p, false);
    check(account_connected(p->account, ok), "connected");
}

static void on_received(void *arg, sotto_bytes bytes) {
    peer *p = arg;
    check(account_received(p->account, bytes), "received");
}

static void on_lost(void *arg) {
    peer *p = arg;
    drop(p, false);
    check(account_lost(p->account), "lost");
}

static const net_callbacks callbacks = {on_connected, on_received, on_lost};

static void do_connect(peer *p, const account_output *output) {
    char host[256];
    drop(p, false);
    (void)snprintf(host, sizeof host, "%.*s", (int)output->name.len, (const char *)output->name.at);
    if (!sotto_ok(net_connect(&p->connection, p->loop, host, output->port, &callbacks, p)))
        check(account_connected(p->account, false), "connect");
}

static void do_online(const account_output *output) {
    bytes_buffer line;
    app_json json = begin(&line, "online");
    app_json_text(&json, "jid", output->name);
    app_json_bool(&json, "resumed", output->resumed);
    end(&json);
}

static void do_sent(const account_output *output) {
    bytes_buffer line;
    app_json json = begin(&line, "sent");
    app_json_number(&json, "ticket", output->ticket);
    app_json_text(&json, "seal", output->seal);
    end(&json);
}

static void do_engine(peer *p, const sotto_output *output) {
    uint64_t seq = output->seq;
    if (output->kind == SOTTO_OUTPUT_DELIVER) say_delivery(output);
    if (output->kind == SOTTO_OUTPUT_EVENT) say_event(output);
    if (seq != 0) check(account_done(p->account, seq), "done");
}

static void do_output(peer *p, const account_output *output) {
    switch (output->kind) {
    case ACCOUNT_CONNECT:
        do_connect(p, output);
        break;
    case ACCOUNT_DISCONNECT:
        drop(p, true);
        break;
    case ACCOUNT_BYTES:
        if (p->connection && !sotto_ok(net_write(p->connection, output->bytes))) on_lost(p);
        break;
    case ACCOUNT_ONLINE:
        do_online(output);
        break;
    case ACCOUNT_OFFLINE:
        say("offline", reason_name(output->status));
        if (p->quitting) net_loop_stop(p->loop);
        break;
    case ACCOUNT_SENT:
        do_sent(output);
        break;
    case ACCOUNT_ENGINE:
        do_engine(p, &output->engine);
        break;
    default: /* names: the server's address is given */
        break;
    }
}

static void timer_came(void *arg) {
    peer *p = arg;
    check(account_timer(p->account, now_ms(p)), "timer");
}

static void pump(void *arg) {
    peer *p = arg;
    for (account_output output;;) {
        check(account_next(p->account, &output, now_ms(p)), "next");
        if (output.kind == ACCOUNT_NONE) break;
        do_output(p, &output);
    }
    sotto_bytes answers;
    check(bytes_buffer_end(&p->answers, &answers), "answers");
    print(answers);
    bytes_buffer_reset(&p->answers);
    uint64_t at = account_deadline(p->account);
    net_loop_timer(p->loop, at == UINT64_MAX || at <= p->later_ms ? at : at - p->later_ms, timer_came, p);
}

/* ---- what is read ---- */

static void answer(peer *p, sotto_status status, uint64_t ticket) {
    app_json json = app_json_begin(&p->answers);
    app_json_text(&json, "event", bytes_text(sotto_ok(status) ? "ok" : "refusal"));
    app_json_text(&json, "reason", bytes_text(reason_name(status)));
    if (ticket != 0) app_json_number(&json, "ticket", ticket);
    app_json_end(&json);
}

static void step(peer *p, const sotto_input *input) {
    answer(p, account_step(p->account, input, now_ms(p)), input->ticket);
}

static void ask(peer *p, sotto_bytes stanza) {
    sotto_input input = {.kind = SOTTO_INPUT_SEND, .stanza = stanza};
    check(sotto_engine_ticket(account_engine(p->account), &input.ticket), "ticket");
    step(p, &input);
}

static bool hex_read(uint8_t ret[32], const char *text) {
    unsigned byte;
    if (strlen(text) != 64) return false;
    for (size_t i = 0; i < 32; i++) {
        if (sscanf(text + 2 * i, "%2x", &byte) != 1) return false;
        ret[i] = (uint8_t)byte;
    }
    return true;
}

static void verdict(peer *p, const char *jid, const char *key, bool verified) {
    uint8_t bytes[32];
    const sotto_input input = {.kind = SOTTO_INPUT_VERDICT,
                               .jid = bytes_text(jid),
                               .key = bytes_of(bytes, sizeof bytes),
                               .trust = verified ? SOTTO_TRUST_VERIFIED : SOTTO_TRUST_DISTRUSTED};
    if (!hex_read(bytes, key)) check(SOTTO_FAIL(USAGE), key);
    step(p, &input);
}

static void via(peer *p, const char *jid, const char *name) {
    sotto_input input = {.kind = SOTTO_INPUT_VIA, .jid = bytes_text(jid), .via = SOTTO_VIA_AUTO};
    if (strcmp(name, "live") == 0) input.via = SOTTO_VIA_LIVE;
    if (strcmp(name, "stored") == 0) input.via = SOTTO_VIA_STORED;
    step(p, &input);
}

static void quit(peer *p) {
    p->quitting = true;
    check(account_end(p->account, now_ms(p)), "end");
}

static void command(peer *p, sotto_bytes line) {
    char text[4096], word[16], first[1100], second[1100] = "", third[16] = "";
    if (line.len > 0 && line.at[0] == '<') {
        ask(p, line);
        return;
    }
    (void)snprintf(text, sizeof text, "%.*s", (int)line.len, (const char *)line.at);
    int count = sscanf(text, "%15s %1099s %1099s %15s", word, first, second, third);
    if (count == 3 && strcmp(word, "via") == 0) {
        via(p, first, second);
    } else if (count == 4 && strcmp(word, "verdict") == 0) {
        verdict(p, first, second, strcmp(third, "verified") == 0);
    } else if (count == 3 && strcmp(word, "password") == 0) {
        step(p, &(sotto_input){.kind = SOTTO_INPUT_PASSWORD, .jid = bytes_text(first), .bytes = bytes_text(second)});
    } else if (count == 2 && strcmp(word, "later") == 0) {
        p->later_ms += strtoull(first, NULL, 10);
        timer_came(p);
        answer(p, SOTTO_OK, 0);
    } else if (count == 1 && strcmp(word, "cut") == 0) {
        if (p->connection) on_lost(p);
        answer(p, SOTTO_OK, 0);
    } else if (count == 1 && strcmp(word, "sessions") == 0) {
        check(sotto_engine_sessions(account_engine(p->account), BYTES_NONE, say_session, NULL), "sessions");
        say("end", NULL);
    } else if (count == 1 && strcmp(word, "quit") == 0) {
        quit(p);
    } else {
        check(SOTTO_FAIL(USAGE), text);
    }
}

static void on_input(void *arg) {
    peer *p = arg;
    uint8_t at[65536];
    ssize_t len = read(STDIN_FILENO, at, sizeof at);
    if (len <= 0) _exit(0);
    bytes_buffer_put(&p->lines, bytes_of(at, (size_t)len));
    for (;;) {
        sotto_bytes all;
        check(bytes_buffer_end(&p->lines, &all), "read");
        const uint8_t *newline = all.len > 0 ? memchr(all.at, '\n', all.len) : NULL;
        if (!newline) return;
        size_t used = (size_t)(newline - all.at);
        command(p, bytes_of(all.at, used));
        bytes_buffer_drop(&p->lines, used + 1);
    }
}

/* ---- beginning ---- */

static void open_all(peer *p, char **arguments) {
    static const sotto_seal *seals[3];
    seals[0] = sotto_seal_omemo();
    seals[1] = sotto_seal_live();
    const sotto_sqlite_options store = {
        .path = arguments[0], .key_path = arguments[1], .create = true, .host = sotto_host_default()};
    const tls_client_config tls = {.host = sotto_host_default(), .roots_file = arguments[5]};
    check(tls_wipe_start(), "memory");
    check(tls_context_client(&p->tls, &tls), "authorities");
    check(sotto_sqlite_open(&p->store, &store), "store");
    const account_config config = {.host = sotto_host_default(),
                                   .jid = bytes_text(arguments[2]),
                                   .store = p->store,
                                   .seals = seals,
                                   .encrypt = SOTTO_ENCRYPT_ALWAYS,
                                   .trust = SOTTO_BLIND_UNTIL_VERIFIED,
                                   .tls = p->tls,
                                   .password = bytes_text(arguments[3]),
                                   .connect_host = BYTES_LITERAL("127.0.0.1"),
                                   .connect_port = (uint16_t)strtoul(arguments[4], NULL, 10),
                                   .available = true,
                                   .keep_trying = true,
                                   .takes_questions = true};
    check(account_open(&p->account, &config, now_ms(p)), "account");
    check(net_loop_new(&p->loop, sotto_host_default()), "loop");
    net_loop_on_idle(p->loop, pump, p);
    check(net_watch_readable(&p->input, p->loop, STDIN_FILENO, on_input, p), "input");
    bytes_buffer_owned(&p->lines, sotto_host_default(), LINE_BYTES_MAX);
    bytes_buffer_owned(&p->answers, sotto_host_default(), LINE_BYTES_MAX);
}

int main(int argc, char **argv) {
    peer p = {.later_ms = 0};
    if (argc != 7) check(SOTTO_FAIL(USAGE), "STORE KEY ACCOUNT PASSWORD PORT CAFILE");
    open_all(&p, argv + 1);
    check(account_start(p.account, now_ms(&p)), "start");
    check(net_loop_run(p.loop), "run");
    net_unwatch(p.input);
    net_loop_free(p.loop);
    account_close(p.account);
    sotto_store_close(p.store);
    tls_context_free(p.tls);
    bytes_buffer_free(&p.lines);
    bytes_buffer_free(&p.answers);
    return 0;
}
