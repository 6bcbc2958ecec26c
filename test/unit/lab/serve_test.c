/* SPDX-License-Identifier: ISC
 *
 * The lab on a socket of loopback: two clients log in and talk through the real loop. */
#include "lab/server/serve.h"

#include "phone.h"

typedef struct caller {
    struct room *room;
    stream_client *client;
    net_connection *net;
    bool online, got, ended;
    char said[4096];
} caller;

typedef struct room {
    rig *r;
    net_loop *loop;
    lab_listener *listener;
    lab_serve *serve;
    tls_context *tls;
    uint16_t port;
    bool late;
    caller juliet, romeo;
} room;

static void step(caller *c);

static void received(void *arg, sotto_bytes bytes) {
    caller *c = arg;
    assert_fine(stream_client_received(c->client, bytes));
    step(c);
}

static void lost(void *arg) {
    caller *c = arg;
    net_close(c->net, false);
    c->net = NULL;
    assert_fine(stream_client_lost(c->client));
    step(c);
}

static void connected(void *arg, bool ok, const char *why_not) {
    caller *c = arg;
    if (!ok) fail_msg("%s", why_not);
    assert_fine(stream_client_connected(c->client, ok));
    step(c);
}

static void stanza(caller *c, const stream_client_output *output) {
    sotto_bytes raw = output->stanza->raw;
    if (!stanza_is(output->stanza, "message", NULL)) return;
    assert_true(raw.len < sizeof c->said);
    memcpy(c->said, raw.at, raw.len);
    c->got = true;
    assert_fine(stream_client_end(c->client));
}

static void online(caller *c) {
    room *m = c->room;
    c->online = true;
    if (!m->juliet.online || !m->romeo.online) return;
    assert_fine(stream_client_send(
        m->juliet.client,
        bytes_text("<message to='romeo@lab.example/x' type='chat' id='1'><body>by TCP</body></message>")));
    assert_fine(stream_client_send(
        m->romeo.client,
        bytes_text("<message to='juliet@lab.example/x' type='chat' id='1'><body>by TCP</body></message>")));
    step(c == &m->juliet ? &m->romeo : &m->juliet);
}

static void act(caller *c, const stream_client_output *output) {
    static const net_callbacks callbacks = {.connected = connected, .received = received, .lost = lost};
    switch (output->kind) {
    case STREAM_CONNECT:
        assert_fine(net_connect(&c->net, c->room->loop, "127.0.0.1", output->port, &callbacks, c));
        break;
    case STREAM_BYTES:
        assert_fine(net_write(c->net, output->bytes));
        break;
    case STREAM_VERDICT:
        assert_fine(stream_client_verdict(c->client, output->facts->path_valid));
        break;
    case STREAM_ONLINE:
        online(c);
        break;
    case STREAM_STANZA:
        stanza(c, output);
        break;
    case STREAM_DISCONNECT:
        net_close(c->net, true);
        c->net = NULL;
        break;
    case STREAM_ENDED:
        c->ended = true;
        assert_fine(output->status);
        if (c->room->juliet.ended && c->room->romeo.ended) net_loop_stop(c->room->loop);
        break;
    default:
        break;
    }
}

static void step(caller *c) {
    stream_client_output output;
    do {
        assert_fine(stream_client_next(c->client, &output));
        act(c, &output);
    } while (output.kind != STREAM_NONE);
}

static void caller_start(room *m, caller *c, const char *account) {
    c->room = m;
    stream_client_config config = {.host = &m->r->host,
                                   .account = bytes_text(account),
                                   .password = BYTES_LITERAL("secret"),
                                   .resource = BYTES_LITERAL("x"),
                                   .tls = m->tls,
                                   .connect_host = BYTES_LITERAL("127.0.0.1"),
                                   .connect_port = m->port,
                                   .now_ms = net_now_ms()};
    assert_fine(stream_client_new(&c->client, &config));
    step(c);
}

static void too_late(void *arg) {
    room *m = arg;
    m->late = true;
    net_loop_stop(m->loop);
}

static void two_clients_on_tcp(void **state) {
    rig *r = *state;
    room m = {.r = r};
    lab_listener_config config = {.now_ms = net_now_ms()};
    assert_fine(net_loop_new(&m.loop, &r->host));
    assert_fine(lab_listener_new(&m.listener, r->server, &config));
    assert_fine(lab_serve_new(&m.serve, m.loop, m.listener, "127.0.0.1", 0, false, &m.port));
    assert_true(m.port > 0);
    tls_client_config trust = {.host = &r->host, .roots_pem = lab_listener_root(m.listener)};
    assert_fine(tls_context_client(&m.tls, &trust));
    net_loop_timer(m.loop, net_now_ms() + 30000, too_late, &m);
    caller_start(&m, &m.juliet, "juliet@lab.example");
    caller_start(&m, &m.romeo, "romeo@lab.example");
    assert_fine(net_loop_run(m.loop));
    assert_false(m.late);
    assert_non_null(strstr(m.romeo.said, "from='juliet@lab.example/x' to='romeo@lab.example/x'><body>by TCP</body>"));
    assert_non_null(strstr(m.juliet.said, "from='romeo@lab.example/x'"));
    lab_serve_time(m.serve, net_now_ms());
    lab_serve_free(m.serve);
    stream_client_free(m.juliet.client);
    stream_client_free(m.romeo.client);
    net_loop_free(m.loop);
    lab_listener_free(m.listener);
    tls_context_free(m.tls);
}

/* The loop is the server's: it minds its own time and stops when it is told to. */
static void alone_until_stopped(void **state) {
    rig *r = *state;
    net_loop *loop = NULL;
    lab_listener *listener = NULL;
    lab_serve *serve = NULL, *second = NULL;
    uint16_t port = 0;
    lab_listener_config config = {.now_ms = net_now_ms()};
    assert_fine(net_loop_new(&loop, &r->host));
    assert_fine(lab_listener_new(&listener, r->server, &config));
    assert_fine(lab_serve_new(&serve, loop, listener, "127.0.0.1", 0, true, &port));
    assert_status(lab_serve_new(&second, loop, listener, "127.0.0.1", port, true, &port), SYSTEM);
    assert_null(second);
    lab_serve_alone(serve);
    net_loop_stop(loop);
    assert_fine(net_loop_run(loop));
    lab_serve_free(serve);
    lab_serve_free(NULL);
    net_loop_free(loop);
    lab_listener_free(listener);
}

const struct CMUnitTest serve_tests[] = {
    cmocka_unit_test_setup_teardown(two_clients_on_tcp, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(alone_until_stopped, rig_setup, rig_teardown),
};
const size_t serve_tests_count = sizeof serve_tests / sizeof serve_tests[0];
