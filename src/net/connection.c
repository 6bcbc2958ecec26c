/* SPDX-License-Identifier: ISC
 *
 * One connection. libuv frees nothing itself and calls back late, so a connection stays in memory until each of its
 * handles and requests has reported its end; the owner's callbacks are forgotten the moment it closes.
 *
 * Going out: look-up (TCP by name), then one address after the other, each with a fresh socket, until one answers. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bytes/memory.h"
#include "bytes/span.h"
#include "net/inside.h"

#define READ_BYTES        65536u
#define HOST_BYTES_MAX    255u /* a DNS name in text, or a numeric address with its zone */
#define KEEPALIVE_SECONDS 60u  /* finds out about a peer that vanished without a word */

typedef enum connection_state { LOOKING_UP, CONNECTING, OPEN, LOST, CLOSING } connection_state;

struct net_connection {
    net_loop *loop;
    net_connection *previous, *next;
    net_listener *listener; /* accepted by it, and it is still there */
    net_callbacks callbacks;
    void *arg;
    connection_state state;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } socket;
    bool is_unix;
    bool socket_alive; /* between its init and its close callback */
    uv_timer_t timer;
    bool timer_alive;
    uv_getaddrinfo_t lookup;
    bool looking;
    struct addrinfo *addresses, *address; /* all that were found, and the one that is tried next */
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    int first_error; /* why the first address failed: usually what a person wants to know */
    size_t unwritten;
    bool paused;
    uint8_t read[READ_BYTES];
};

struct connection_write {
    uv_write_t request;
    net_connection *connection;
    size_t len;
    uint8_t bytes[];
};

/* ---- the end ---- */

static void connection_collect(net_connection *c) {
    if (c->state != CLOSING || c->socket_alive || c->timer_alive || c->looking) return;
    if (c->addresses) uv_freeaddrinfo(c->addresses);
    if (c->previous)
        c->previous->next = c->next;
    else
        c->loop->connections = c->next;
    if (c->next) c->next->previous = c->previous;
    bytes_free(c->loop->host, c, sizeof *c);
}

static void socket_closed(uv_handle_t *handle) {
    net_connection *c = handle->data;
    c->socket_alive = false;
    connection_collect(c);
}

static void timer_closed(uv_handle_t *handle) {
    net_connection *c = handle->data;
    c->timer_alive = false;
    connection_collect(c);
}

static void connection_end(net_connection *c) {
    if (c->looking)
        (void)uv_cancel((uv_req_t *)&c->lookup); /* too late when it is running: its callback comes anyway */
    if (c->timer_alive && !uv_is_closing((uv_handle_t *)&c->timer)) uv_close((uv_handle_t *)&c->timer, timer_closed);
    if (c->socket_alive && !uv_is_closing(&c->socket.handle)) uv_close(&c->socket.handle, socket_closed);
    connection_collect(c);
}

static void flushed(uv_shutdown_t *request, int status) {
    (void)status;
    connection_end(request->handle->data);
}

static void flush_late(uv_timer_t *timer) {
    connection_end(timer->data);
}

void net_close(net_connection *c, bool flush) {
    if (!c || c->state == CLOSING) return;
    connection_state was = c->state;
    c->state = CLOSING;
    c->callbacks = (net_callbacks){0};
    if (c->listener) net_listener_freed(c->listener);
    c->listener = NULL;
    bool writing = (was == OPEN || was == LOST) && c->unwritten > 0 && c->socket_alive;
    if (!flush || !writing || uv_shutdown(&c->shutdown, &c->socket.stream, flushed) != 0) {
        connection_end(c);
        return;
    }
    (void)uv_read_stop(&c->socket.stream);
    (void)uv_timer_start(&c->timer, flush_late, NET_FLUSH_WAIT_MS, 0);
}

/* Those that are still flushing too. None is freed before its timer's close callback, so the list holds meanwhile. */
void net_connections_close(net_loop *loop) {
    for (net_connection *c = loop->connections; c; c = c->next) {
        net_close(c, false);
        connection_end(c);
    }
}

/* ---- open ---- */

static void connection_lost(net_connection *c) {
    if (c->state != OPEN) return;
    c->state = LOST;
    (void)uv_read_stop(&c->socket.stream);
    if (c->callbacks.lost) c->callbacks.lost(c->arg);
}

static void drop_due(uv_timer_t *timer) {
    connection_lost(timer->data);
}

void net_drop(net_connection *c) {
    if (c->state != OPEN) return;
    (void)uv_read_stop(&c->socket.stream);
    (void)uv_timer_start(&c->timer, drop_due, 0, 0); /* idle while a connection is open; fails only while closing */
}

static void read_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret) {
    (void)suggested;
    net_connection *c = handle->data;
    *ret = uv_buf_init((char *)c->read, sizeof c->read);
}

static void read_came(uv_stream_t *stream, ssize_t len, const uv_buf_t *from) {
    (void)from;
    net_connection *c = stream->data;
    if (c->state != OPEN || len == 0) return;
    if (len < 0) {
        connection_lost(c);
        return;
    }
    if (c->callbacks.received) c->callbacks.received(c->arg, bytes_of(c->read, (size_t)len));
}

void net_pause(net_connection *c, bool paused) {
    if (c->paused == paused) return;
    c->paused = paused;
    if (c->state != OPEN) return;
    if (paused)
        (void)uv_read_stop(&c->socket.stream);
    else
        (void)uv_read_start(&c->socket.stream, read_room, read_came);
}

/* The socket is connected; nothing has been read yet. */
static void connection_open(net_connection *c) {
    c->state = OPEN;
    if (!c->is_unix) {
        (void)uv_tcp_nodelay(&c->socket.tcp, 1); /* stanzas are whole when they are written */
        (void)uv_tcp_keepalive(&c->socket.tcp, 1, KEEPALIVE_SECONDS);
    }
    if (!c->paused) (void)uv_read_start(&c->socket.stream, read_room, read_came);
}

static void write_done(uv_write_t *request, int status) {
    struct connection_write *write = request->data;
    net_connection *c = write->connection;
    c->unwritten -= write->len;
    bytes_free(c->loop->host, write, sizeof *write + write->len);
    if (status < 0) connection_lost(c);
}

sotto_status net_write(net_connection *c, sotto_bytes bytes) {
    if (c->state == LOST) return SOTTO_FAIL(CLOSED);
    if (c->state != OPEN) return SOTTO_FAIL(STATE);
    if (bytes.len == 0) return SOTTO_OK;
    if (bytes.len > NET_UNWRITTEN_MAX - c->unwritten) return SOTTO_FAIL(TOO_LARGE);
    struct connection_write *write = bytes_new(c->loop->host, sizeof *write + bytes.len);
    if (!write) return SOTTO_FAIL(NO_MEMORY);
    write->request.data = write;
    write->connection = c;
    write->len = bytes.len;
    memcpy(write->bytes, bytes.at, bytes.len);
    uv_buf_t from = uv_buf_init((char *)write->bytes, (unsigned)bytes.len);
    if (uv_write(&write->request, &c->socket.stream, &from, 1, write_done) != 0) {
        bytes_free(c->loop->host, write, sizeof *write + bytes.len);
        return SOTTO_FAIL(CLOSED);
    }
    c->unwritten += bytes.len;
    return SOTTO_OK;
}

size_t net_unwritten(const net_connection *c) {
    return c->unwritten;
}

bool net_peer_user(const net_connection *c, uint32_t *ret_uid) {
    int fd = -1;
    struct ucred who;
    socklen_t size = sizeof who;
    if (!c->is_unix || !c->socket_alive || uv_fileno(&c->socket.handle, &fd) != 0) return false;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || size != sizeof who) return false;
    *ret_uid = who.uid;
    return true;
}

/* ---- going out ---- */

static void connection_failed(net_connection *c, const char *why_not) {
    c->state = LOST;
    (void)uv_timer_stop(&c->timer);
    if (c->callbacks.connected) c->callbacks.connected(c->arg, false, why_not);
}

static void connection_try(net_connection *c);

/* An attempt's socket is gone: the next address, or the end. */
static void attempt_closed(uv_handle_t *handle) {
    net_connection *c = handle->data;
    c->socket_alive = false;
    if (c->state == CONNECTING)
        connection_try(c);
    else
        connection_collect(c);
}

static void attempt_end(net_connection *c, int error) {
    if (c->first_error == 0) c->first_error = error;
    (void)uv_timer_stop(&c->timer);
    if (!uv_is_closing(&c->socket.handle)) uv_close(&c->socket.handle, attempt_closed);
}

static void attempt_late(uv_timer_t *timer) {
    attempt_end(timer->data, UV_ETIMEDOUT);
}

static void connect_done(uv_connect_t *request, int status) {
    net_connection *c = request->handle->data;
    if (c->state != CONNECTING || status == UV_ECANCELED || uv_is_closing(&c->socket.handle)) return;
    if (status != 0) {
        attempt_end(c, status);
        return;
    }
    (void)uv_timer_stop(&c->timer);
    connection_open(c);
    if (c->callbacks.connected) c->callbacks.connected(c->arg, true, "");
}

/* A failure to even begin closes the socket as a refusal would, so the next step always comes from the loop. */
static void connection_try(net_connection *c) {
    if (!c->address) {
        connection_failed(c, c->first_error ? uv_strerror(c->first_error) : "it has no address");
        return;
    }
    const struct addrinfo *to = c->address;
    c->address = to->ai_next;
    if (uv_tcp_init(&c->loop->uv, &c->socket.tcp) != 0) {
        connection_failed(c, "out of sockets");
        return;
    }
    c->socket_alive = true;
    c->socket.handle.data = c;
    (void)uv_timer_start(&c->timer, attempt_late, NET_CONNECT_WAIT_MS, 0);
    int error = uv_tcp_connect(&c->connect, &c->socket.tcp, to->ai_addr, connect_done);
    if (error != 0) attempt_end(c, error);
}

static void lookup_done(uv_getaddrinfo_t *request, int status, struct addrinfo *found) {
    net_connection *c = request->data;
    c->looking = false;
    c->addresses = found;
    if (c->state != LOOKING_UP) { /* closed, or too late */
        connection_collect(c);
        return;
    }
    (void)uv_timer_stop(&c->timer);
    if (status != 0) {
        connection_failed(c, status == UV_EAI_NONAME || status == UV_EAI_NODATA ? "there is no such name"
                                                                                : uv_strerror(status));
        return;
    }
    c->state = CONNECTING;
    c->address = found;
    connection_try(c);
}

static void lookup_late(uv_timer_t *timer) {
    net_connection *c = timer->data;
    (void)uv_cancel((uv_req_t *)&c->lookup);
    connection_failed(c, "no answer to the question for its address");
}

/* A connection without a socket, in its loop's list. NULL: out of memory. */
static net_connection *connection_new(net_loop *loop) {
    net_connection *c = bytes_new(loop->host, sizeof *c);
    if (!c) return NULL;
    c->loop = loop;
    (void)uv_timer_init(&loop->uv, &c->timer); /* never fails */
    c->timer_alive = true;
    c->timer.data = c;
    c->next = loop->connections;
    if (c->next) c->next->previous = c;
    loop->connections = c;
    return c;
}

sotto_status net_connect(net_connection **ret, net_loop *loop, const char *host, uint16_t port,
                         const net_callbacks *callbacks, void *arg) {
    size_t len = strlen(host);
    if (len == 0 || len > HOST_BYTES_MAX || port == 0) return SOTTO_FAIL(USAGE);
    char service[6];
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    net_connection *c = connection_new(loop);
    if (!c) return SOTTO_FAIL(NO_MEMORY);
    c->callbacks = *callbacks;
    c->arg = arg;
    c->state = LOOKING_UP;
    c->lookup.data = c;
    int error = uv_getaddrinfo(&loop->uv, &c->lookup, lookup_done, host, service, &hints);
    if (error != 0) {
        net_close(c, false);
        return error == UV_ENOMEM ? SOTTO_FAIL(NO_MEMORY) : SOTTO_FAIL(USAGE); /* a name IDNA does not allow */
    }
    c->looking = true;
    uv_update_time(&loop->uv);
    (void)uv_timer_start(&c->timer, lookup_late, NET_CONNECT_WAIT_MS, 0);
    *ret = c;
    return SOTTO_OK;
}

sotto_status net_connect_unix(net_connection **ret, net_loop *loop, const char *path, const net_callbacks *callbacks,
                              void *arg) {
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof((struct sockaddr_un *)0)->sun_path) return SOTTO_FAIL(USAGE);
    net_connection *c = connection_new(loop);
    if (!c) return SOTTO_FAIL(NO_MEMORY);
    c->callbacks = *callbacks;
    c->arg = arg;
    c->state = CONNECTING;
    c->is_unix = true;
    (void)uv_pipe_init(&loop->uv, &c->socket.pipe, 0); /* never fails */
    c->socket_alive = true;
    c->socket.handle.data = c;
    uv_pipe_connect(&c->connect, &c->socket.pipe, path, connect_done); /* tells errors by callback, later */
    uv_update_time(&loop->uv);
    (void)uv_timer_start(&c->timer, attempt_late, NET_CONNECT_WAIT_MS, 0);
    *ret = c;
    return SOTTO_OK;
}

/* ---- coming in ---- */

net_connection *net_connection_accept(net_listener *listener, uv_stream_t *server, bool is_unix) {
    net_loop *loop = server->loop->data;
    net_connection *c = connection_new(loop);
    if (!c) return NULL;
    c->is_unix = is_unix;
    c->state = CONNECTING;
    int error = is_unix ? uv_pipe_init(&loop->uv, &c->socket.pipe, 0) : uv_tcp_init(&loop->uv, &c->socket.tcp);
    if (error == 0) {
        c->socket_alive = true;
        c->socket.handle.data = c;
        error = uv_accept(server, &c->socket.stream);
    }
    if (error != 0) {
        net_close(c, false);
        return NULL;
    }
    c->listener = listener;
    connection_open(c);
    return c;
}

void net_connection_owner(net_connection *c, const net_callbacks *callbacks, void *arg) {
    c->callbacks = *callbacks;
    c->arg = arg;
}

void net_connections_orphan(net_loop *loop, const net_listener *listener) {
    for (net_connection *c = loop->connections; c; c = c->next)
        if (c->listener == listener) c->listener = NULL;
}
