/* SPDX-License-Identifier: ISC
 *
 * Sockets to connections and back. A connection whose bytes the client does not read is not filled further: what waits
 * stays in the listener, which has a limit. */
#include "lab/server/serve.h"

#include "bytes/memory.h"

#define CHUNK_BYTES     (16u * 1024)
#define UNWRITTEN_BYTES (8u * 1024 * 1024)

typedef struct lab_line {
    struct lab_line *next;
    lab_serve *serve;
    net_connection *net;
    lab_connection *connection;
} lab_line;

struct lab_serve {
    const sotto_host *host;
    net_loop *loop;
    lab_listener *listener;
    net_listener *net;
    bool direct_tls;
    lab_line *lines;
};

static void line_close(lab_line *line, bool flush) {
    lab_serve *serve = line->serve;
    lab_line **at = &serve->lines;
    while (*at && *at != line) at = &(*at)->next;
    if (*at) *at = line->next;
    lab_connection_close(line->connection);
    net_close(line->net, flush);
    bytes_free(serve->host, line, sizeof *line);
}

/* Writes what there is. False: the line is dead. */
static bool line_flush(lab_line *line) {
    uint8_t chunk[CHUNK_BYTES];
    while (net_unwritten(line->net) < UNWRITTEN_BYTES) {
        size_t len = lab_connection_take(line->connection, chunk, sizeof chunk);
        if (len == 0) return !lab_connection_over(line->connection);
        if (!sotto_ok(net_write(line->net, bytes_of(chunk, len)))) return false;
    }
    return true;
}

void lab_serve_flush(lab_serve *serve) {
    lab_line *next = NULL;
    for (lab_line *line = serve->lines; line; line = next) {
        next = line->next;
        if (!line_flush(line)) line_close(line, true);
    }
}

static void received(void *arg, sotto_bytes bytes) {
    lab_line *line = arg;
    lab_serve *serve = line->serve;
    if (!sotto_ok(lab_connection_feed(line->connection, bytes))) line_close(line, false);
    lab_serve_flush(serve);
}

static void lost(void *arg) {
    lab_line *line = arg;
    lab_serve *serve = line->serve;
    line_close(line, false);
    lab_serve_flush(serve);
}

/* Without a `received` the connection is closed again, which is all that can be done when memory is short. */
static void accepted(void *arg, net_connection *net, net_callbacks *ret_callbacks, void **ret_arg) {
    lab_serve *serve = arg;
    lab_line *line = bytes_new(serve->host, sizeof *line);
    if (!line) return;
    line->serve = serve;
    line->net = net;
    if (!sotto_ok(lab_connection_open(&line->connection, serve->listener, serve->direct_tls))) {
        bytes_free(serve->host, line, sizeof *line);
        return;
    }
    line->next = serve->lines;
    serve->lines = line;
    *ret_callbacks = (net_callbacks){.received = received, .lost = lost};
    *ret_arg = line;
}

sotto_status lab_serve_new(lab_serve **ret, net_loop *loop, lab_listener *listener, const char *address, uint16_t port,
                           bool direct_tls, uint16_t *ret_port) {
    const sotto_host *host = lab_listener_host(listener);
    lab_serve *serve = bytes_new(host, sizeof *serve);
    if (!serve) return SOTTO_FAIL(NO_MEMORY);
    serve->host = host;
    serve->loop = loop;
    serve->listener = listener;
    serve->direct_tls = direct_tls;
    sotto_status status = net_listen(&serve->net, loop, address, port, accepted, serve, ret_port);
    if (!sotto_ok(status)) {
        bytes_free(host, serve, sizeof *serve);
        return status;
    }
    *ret = serve;
    return SOTTO_OK;
}

void lab_serve_time(lab_serve *serve, uint64_t now_ms) {
    /* What fails here ends the connection it concerns, when that is flushed. */
    sotto_status status = lab_listener_time(serve->listener, now_ms);
    (void)status;
    lab_serve_flush(serve);
}

static void alone(void *arg) {
    lab_serve *serve = arg;
    lab_serve_time(serve, net_now_ms());
    net_loop_timer(serve->loop, lab_listener_deadline(serve->listener), alone, serve);
}

void lab_serve_alone(lab_serve *serve) {
    net_loop_on_idle(serve->loop, alone, serve);
    alone(serve);
}

void lab_serve_free(lab_serve *serve) {
    if (!serve) return;
    net_unlisten(serve->net);
    while (serve->lines) line_close(serve->lines, true);
    bytes_free(serve->host, serve, sizeof *serve);
}
