/* SPDX-License-Identifier: ISC
 *
 * Connections over the loopback: echo, refusals, unix sockets, much data, closing. */
#include "net_tests.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes/span.h"
#include "net/inside.h"

#define PIECE 65536u

/* One side of a connection and what happened to it. */
typedef struct side {
    struct world *world;
    net_connection *connection;
    int connected, refused, lost;
    bool inside; /* true while the call that must not call back is under way */
    size_t received;
    uint32_t sum; /* of what was received, so that order and content count */
    char text[64];
    char why[128];
} side;

typedef struct world {
    net_loop *loop;
    net_listener *listener;
    side client, server;
    uint16_t port;
    char folder[64], path[128];
    int accepted;
    bool echo, close_after_text, take_none;
    size_t expect; /* the client is done after so many bytes */
} world;

static uint32_t sum_on(uint32_t sum, sotto_bytes bytes) {
    for (size_t i = 0; i < bytes.len; i++) sum = sum * 31 + bytes.at[i];
    return sum;
}

static void on_connected(void *arg, bool ok, const char *why_not) {
    side *s = arg;
    assert_false(s->inside);
    if (ok) {
        s->connected++;
        return;
    }
    s->refused++;
    (void)snprintf(s->why, sizeof s->why, "%s", why_not);
    net_close(s->connection, false);
    s->connection = NULL;
    net_unlisten(s->world->listener);
    s->world->listener = NULL;
}

static void side_receive(side *s, sotto_bytes bytes) {
    if (s->received + bytes.len < sizeof s->text) memcpy(s->text + s->received, bytes.at, bytes.len);
    s->received += bytes.len;
    s->sum = sum_on(s->sum, bytes);
}

static void world_end(world *w) {
    net_close(w->client.connection, false);
    net_close(w->server.connection, false);
    net_unlisten(w->listener);
    w->client.connection = w->server.connection = NULL;
    w->listener = NULL;
}

static void on_client_received(void *arg, sotto_bytes bytes) {
    side *s = arg;
    side_receive(s, bytes);
    if (s->received >= s->world->expect) world_end(s->world);
}

static void on_server_received(void *arg, sotto_bytes bytes) {
    side *s = arg;
    side_receive(s, bytes);
    if (s->world->echo) assert_int_equal(net_write(s->connection, bytes).code, 0);
    if (s->world->close_after_text) {
        net_close(s->connection, true);
        s->connection = NULL;
    }
}

static void on_lost(void *arg) {
    side *s = arg;
    s->lost++;
    assert_int_equal(net_write(s->connection, BYTES_LITERAL("too late")).code, SOTTO_E_CLOSED);
    net_close(s->connection, false);
    s->connection = NULL;
    world_end(s->world);
}

static const net_callbacks client_calls = {on_connected, on_client_received, on_lost};
static const net_callbacks server_calls = {NULL, on_server_received, on_lost};

static void on_accepted(void *arg, net_connection *connection, net_callbacks *ret_callbacks, void **ret_arg) {
    world *w = arg;
    w->accepted++;
    if (w->take_none) return;
    w->server.connection = connection;
    *ret_callbacks = server_calls;
    *ret_arg = &w->server;
}

static int setup(void **state) {
    world *w = calloc(1, sizeof *w);
    if (!w) return -1;
    w->client.world = w->server.world = w;
    w->expect = SIZE_MAX;
    (void)snprintf(w->folder, sizeof w->folder, "/tmp/sotto-net-XXXXXX");
    *state = w;
    if (!mkdtemp(w->folder)) return -1;
    (void)snprintf(w->path, sizeof w->path, "%s/socket", w->folder);
    return sotto_ok(net_loop_new(&w->loop, sotto_host_default())) ? 0 : -1;
}

static int teardown(void **state) {
    world *w = *state;
    net_loop_free(w->loop);
    (void)unlink(w->path);
    int left = rmdir(w->folder);
    free(w);
    return left;
}

static void listen_tcp(world *w) {
    assert_int_equal(net_listen(&w->listener, w->loop, "127.0.0.1", 0, on_accepted, w, &w->port).code, 0);
    assert_int_not_equal(w->port, 0);
}

static void connect_tcp(world *w, const char *host) {
    w->client.inside = true;
    assert_int_equal(net_connect(&w->client.connection, w->loop, host, w->port, &client_calls, &w->client).code, 0);
    assert_int_equal(net_write(w->client.connection, BYTES_LITERAL("x")).code, SOTTO_E_STATE);
    w->client.inside = false;
}

static void run(world *w) {
    assert_int_equal(net_loop_run(w->loop).code, 0);
}

/* Says hello as soon as it is connected. */
static void say_hello(void *arg) {
    world *w = arg;
    if (w->client.connected != 1 || !w->client.connection || w->client.received > 0) return;
    net_loop_on_idle(w->loop, NULL, NULL);
    assert_int_equal(net_write(w->client.connection, BYTES_LITERAL("hello")).code, 0);
}

static void test_echo(void **state) {
    world *w = *state;
    w->echo = true;
    w->expect = 5;
    listen_tcp(w);
    net_loop_on_idle(w->loop, say_hello, w);
    connect_tcp(w, "127.0.0.1");
    run(w);
    assert_string_equal(w->client.text, "hello");
    assert_int_equal(w->client.connected, 1);
    assert_int_equal(w->client.lost + w->server.lost, 0); /* no callback after close */
}

/* "localhost" may have ::1 first, where nobody listens: the next address is tried. */
static void test_echo_by_name(void **state) {
    world *w = *state;
    w->echo = true;
    w->expect = 5;
    listen_tcp(w);
    net_loop_on_idle(w->loop, say_hello, w);
    connect_tcp(w, "localhost");
    run(w);
    assert_string_equal(w->client.text, "hello");
}

/* A port that was free a moment ago and that nobody listens on: bound, without listen. */
static int closed_port(uint16_t *ret) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *ret = ntohs(at.sin_port);
    return fd;
}

static void test_refused(void **state) {
    world *w = *state;
    int fd = closed_port(&w->port);
    connect_tcp(w, "127.0.0.1");
    run(w);
    assert_int_equal(w->client.refused, 1);
    assert_int_equal(w->client.connected, 0);
    assert_string_equal(w->client.why, "connection refused");
    (void)close(fd);
}

/* ".invalid" never exists (RFC 6761); the label that is too long is refused without asking anybody. */
static void test_unknown_name(void **state) {
    world *w = *state;
    w->port = 5222;
    char name[80];
    memset(name, 'a', 70);
    (void)snprintf(name + 70, sizeof name - 70, ".invalid");
    net_connection *c = NULL;
    sotto_status status = net_connect(&c, w->loop, name, 5222, &client_calls, &w->client);
    w->client.connection = c;
    if (sotto_ok(status)) {
        run(w);
        assert_int_equal(w->client.refused, 1);
    } else {
        assert_int_equal(status.code, SOTTO_E_USAGE);
        assert_null(c);
    }
}

static void test_wrong_arguments(void **state) {
    world *w = *state;
    char longer[300];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    net_connection *c = NULL;
    net_listener *l = NULL;
    assert_int_equal(net_connect(&c, w->loop, "", 1, &client_calls, w).code, SOTTO_E_USAGE);
    assert_int_equal(net_connect(&c, w->loop, longer, 1, &client_calls, w).code, SOTTO_E_USAGE);
    assert_int_equal(net_connect(&c, w->loop, "127.0.0.1", 0, &client_calls, w).code, SOTTO_E_USAGE);
    assert_int_equal(net_connect_unix(&c, w->loop, "", &client_calls, w).code, SOTTO_E_USAGE);
    assert_int_equal(net_connect_unix(&c, w->loop, longer, &client_calls, w).code, SOTTO_E_USAGE);
    assert_int_equal(net_listen(&l, w->loop, "localhost", 1, on_accepted, w, NULL).code, SOTTO_E_USAGE);
    assert_int_equal(net_listen_unix(&l, w->loop, longer, on_accepted, w).code, SOTTO_E_USAGE);
    assert_null(c);
    assert_null(l);
}

static void test_port_in_use(void **state) {
    world *w = *state;
    listen_tcp(w);
    net_listener *second = NULL;
    assert_int_equal(net_listen(&second, w->loop, "127.0.0.1", w->port, on_accepted, w, NULL).code, SOTTO_E_SYSTEM);
    assert_null(second);
}

static void test_unix(void **state) {
    world *w = *state;
    w->echo = true;
    w->expect = 5;
    mode_t before = umask(0);
    assert_int_equal(net_listen_unix(&w->listener, w->loop, w->path, on_accepted, w).code, 0);
    (void)umask(before);
    struct stat about;
    assert_int_equal(stat(w->path, &about), 0);
    assert_true(S_ISSOCK(about.st_mode));
    assert_int_equal(about.st_mode & 07777, 0600);
    net_listener *second = NULL;
    assert_int_equal(net_listen_unix(&second, w->loop, w->path, on_accepted, w).code, SOTTO_E_SYSTEM);
    assert_int_equal(stat(w->path, &about), 0); /* the failure did not remove the first one's */
    net_loop_on_idle(w->loop, say_hello, w);
    assert_int_equal(net_connect_unix(&w->client.connection, w->loop, w->path, &client_calls, &w->client).code, 0);
    run(w);
    assert_string_equal(w->client.text, "hello");
    assert_int_not_equal(stat(w->path, &about), 0); /* gone with its listener */
}

static void note_peer(void *arg, net_connection *connection, net_callbacks *ret_callbacks, void **ret_arg) {
    (void)ret_callbacks;
    (void)ret_arg;
    world *w = arg;
    uint32_t uid = UINT32_MAX;
    w->accepted += net_peer_user(connection, &uid) && uid == (uint32_t)getuid() ? 1 : 100;
}

static void test_unix_peer(void **state) {
    world *w = *state;
    assert_int_equal(net_listen_unix(&w->listener, w->loop, w->path, note_peer, w).code, 0);
    assert_int_equal(net_connect_unix(&w->client.connection, w->loop, w->path, &client_calls, &w->client).code, 0);
    run(w); /* without a `received` the listener closes; the client is lost, which ends the world */
    assert_int_equal(w->accepted, 1);
    assert_int_equal(w->client.lost, 1);
}

static void test_tcp_has_no_peer(void **state) {
    world *w = *state;
    uint32_t uid = 7;
    w->port = 9;
    connect_tcp(w, "127.0.0.1");
    assert_false(net_peer_user(w->client.connection, &uid));
    assert_int_equal(uid, 7);
}

static void test_unix_nobody(void **state) {
    world *w = *state;
    assert_int_equal(net_connect_unix(&w->client.connection, w->loop, w->path, &client_calls, &w->client).code, 0);
    run(w);
    assert_int_equal(w->client.refused, 1);
    assert_string_equal(w->client.why, "no such file or directory");
}

/* ---- much data ---- */

static uint8_t piece[PIECE];

static void piece_fill(void) {
    for (size_t i = 0; i < sizeof piece; i++) piece[i] = (uint8_t)(i * 7 + i / 256);
}

/* Fills the client's queue up to the limit while the server does not read. */
static void fill(void *arg) {
    world *w = arg;
    if (!w->client.connected || !w->server.connection) return;
    net_loop_on_idle(w->loop, NULL, NULL);
    net_pause(w->server.connection, true);
    size_t sent = 0;
    sotto_status status;
    while (sotto_ok(status = net_write(w->client.connection, bytes_of(piece, sizeof piece)))) sent += sizeof piece;
    assert_int_equal(status.code, SOTTO_E_TOO_LARGE);
    assert_true(net_unwritten(w->client.connection) <= NET_UNWRITTEN_MAX);
    assert_true(net_unwritten(w->client.connection) + sizeof piece > NET_UNWRITTEN_MAX);
    w->expect = sent;
    uint32_t sum = 0;
    for (size_t at = 0; at < sent; at += sizeof piece) sum = sum_on(sum, bytes_of(piece, sizeof piece));
    w->client.sum = sum;
    net_pause(w->server.connection, false);
}

static void on_server_counts(void *arg, sotto_bytes bytes) {
    side *s = arg;
    side_receive(s, bytes);
    if (s->received < s->world->expect) return;
    assert_int_equal(net_unwritten(s->world->client.connection), 0);
    world_end(s->world);
}

static void accept_counting(void *arg, net_connection *connection, net_callbacks *ret_callbacks, void **ret_arg) {
    world *w = arg;
    w->server.connection = connection;
    *ret_callbacks = (net_callbacks){NULL, on_server_counts, on_lost};
    *ret_arg = &w->server;
}

static void test_limit_of_what_waits(void **state) {
    world *w = *state;
    piece_fill();
    assert_int_equal(net_listen(&w->listener, w->loop, "127.0.0.1", 0, accept_counting, w, &w->port).code, 0);
    net_loop_on_idle(w->loop, fill, w);
    connect_tcp(w, "127.0.0.1");
    run(w);
    assert_true(w->server.received > NET_UNWRITTEN_MAX - 2 * sizeof piece);
    assert_int_equal(w->server.received, w->expect);
    assert_int_equal(w->server.sum, w->client.sum);
}

/* ---- closing ---- */

static void write_and_close(void *arg) {
    world *w = arg;
    if (!w->client.connected || !w->client.connection) return;
    for (int i = 0; i < 64; i++)
        assert_int_equal(net_write(w->client.connection, bytes_of(piece, sizeof piece)).code, 0);
    assert_true(net_unwritten(w->client.connection) > 0);
    net_close(w->client.connection, true);
    w->client.connection = NULL;
}

static void test_close_with_flush(void **state) {
    world *w = *state;
    piece_fill();
    listen_tcp(w);
    net_loop_on_idle(w->loop, write_and_close, w);
    connect_tcp(w, "127.0.0.1");
    run(w);
    assert_int_equal(w->server.received, 64 * sizeof piece);
    assert_int_equal(w->server.lost, 1);
    assert_int_equal(w->client.lost, 0);
}

static void test_close_in_callback_and_lost(void **state) {
    world *w = *state;
    w->close_after_text = true;
    listen_tcp(w);
    net_loop_on_idle(w->loop, say_hello, w);
    connect_tcp(w, "127.0.0.1");
    run(w);
    assert_string_equal(w->server.text, "hello");
    assert_int_equal(w->client.lost, 1);
    assert_int_equal(w->server.lost, 0);
}

static void stop_when_both_are_there(void *arg) {
    world *w = arg;
    if (w->client.connected && w->server.connection) net_loop_stop(w->loop);
}

/* Whatever is open when the loop goes is closed without a word (ASan watches for what is left). */
static void test_free_with_everything_open(void **state) {
    world *w = *state;
    listen_tcp(w);
    connect_tcp(w, "127.0.0.1");
    net_loop_on_idle(w->loop, stop_when_both_are_there, w);
    run(w);
    assert_int_equal(w->client.connected, 1);
    assert_int_equal(net_write(w->client.connection, BYTES_LITERAL("unread")).code, 0);
    net_loop_free(w->loop);
    w->loop = NULL;
    assert_int_equal(w->client.lost + w->server.lost, 0);
}

/* A connection that still flushes when the loop goes is ended and freed all the same. */
static void test_free_while_flushing(void **state) {
    world *w = *state;
    piece_fill();
    listen_tcp(w);
    connect_tcp(w, "127.0.0.1");
    net_loop_on_idle(w->loop, stop_when_both_are_there, w);
    run(w);
    net_loop_on_idle(w->loop, NULL, NULL);
    net_pause(w->server.connection, true);
    while (net_unwritten(w->client.connection) < NET_UNWRITTEN_MAX / 2)
        assert_int_equal(net_write(w->client.connection, bytes_of(piece, sizeof piece)).code, 0);
    net_close(w->client.connection, true);
    net_loop_free(w->loop);
    w->loop = NULL;
    assert_int_equal(w->client.lost + w->server.lost, 0);
}

static void test_free_while_connecting(void **state) {
    world *w = *state;
    listen_tcp(w);
    connect_tcp(w, "localhost"); /* the look-up is under way */
    net_loop_free(w->loop);
    w->loop = NULL;
    assert_int_equal(w->client.connected + w->client.refused, 0);
}

static void test_close_while_connecting(void **state) {
    world *w = *state;
    listen_tcp(w);
    connect_tcp(w, "127.0.0.1");
    world_end(w);
    run(w);
    assert_int_equal(w->client.connected + w->client.refused, 0);
}

/* ---- how many ---- */

#define MANY (NET_ACCEPTED_MAX + 2)

typedef struct crowd {
    net_loop *loop;
    net_connection *out[MANY], *in[MANY];
    unsigned connected, accepted, lost;
} crowd;

static void crowd_received(void *arg, sotto_bytes bytes) {
    (void)arg;
    (void)bytes;
}

static void crowd_accepted(void *arg, net_connection *connection, net_callbacks *ret_callbacks, void **ret_arg) {
    crowd *all = arg;
    (void)ret_arg;
    assert_true(all->accepted < MANY);
    all->in[all->accepted++] = connection;
    ret_callbacks->received = crowd_received;
    if (all->accepted > NET_ACCEPTED_MAX) net_loop_stop(all->loop);
}

static void crowd_connected(void *arg, bool ok, const char *why_not) {
    (void)why_not;
    ((crowd *)arg)->connected += ok;
}

static void crowd_lost(void *arg) {
    crowd *all = arg;
    if (++all->lost == 2) net_loop_stop(all->loop);
}

static void test_accepted_limit(void **state) {
    world *w = *state;
    crowd all = {.loop = w->loop};
    const net_callbacks calls = {crowd_connected, crowd_received, crowd_lost};
    assert_int_equal(net_listen(&w->listener, w->loop, "127.0.0.1", 0, crowd_accepted, &all, &w->port).code, 0);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(net_connect(&all.out[i], w->loop, "127.0.0.1", w->port, &calls, &all).code, 0);
    run(w);
    assert_int_equal(all.connected, MANY);
    assert_int_equal(all.accepted, NET_ACCEPTED_MAX);
    assert_int_equal(all.lost, 2);
    net_close(all.in[0], false); /* makes room for one */
    net_connection *late = NULL;
    all.lost = 0;
    assert_int_equal(net_connect(&late, w->loop, "127.0.0.1", w->port, &calls, &all).code, 0);
    run(w);
    assert_int_equal(all.accepted, NET_ACCEPTED_MAX + 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int net_tests_connections(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_echo),
        TEST(test_echo_by_name),
        TEST(test_refused),
        TEST(test_unknown_name),
        TEST(test_wrong_arguments),
        TEST(test_port_in_use),
        TEST(test_unix),
        TEST(test_unix_peer),
        TEST(test_tcp_has_no_peer),
        TEST(test_unix_nobody),
        TEST(test_limit_of_what_waits),
        TEST(test_close_with_flush),
        TEST(test_close_in_callback_and_lost),
        TEST(test_free_with_everything_open),
        TEST(test_free_while_flushing),
        TEST(test_free_while_connecting),
        TEST(test_close_while_connecting),
        TEST(test_accepted_limit),
    };
    return cmocka_run_group_tests_name("net: connections", tests, NULL, NULL);
}
