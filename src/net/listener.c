/* SPDX-License-Identifier: ISC
 *
 * Accepting connections, with a bound on how many there may be at once (anybody on the machine may connect to a port
 * of the loopback). */
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "bytes/memory.h"
#include "net/inside.h"

#define BACKLOG 128 /* more than may be accepted: a burst is told, not left waiting */

struct net_listener {
    net_loop *loop;
    net_listener *previous, *next;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } socket;
    bool is_unix;
    bool closing;
    size_t accepted;
    net_accepted *call;
    void *arg;
};

void net_listener_freed(net_listener *listener) {
    listener->accepted--;
}

static void listener_closed(uv_handle_t *handle) {
    net_listener *listener = handle->data;
    bytes_free(listener->loop->host, listener, sizeof *listener);
}

void net_unlisten(net_listener *listener) {
    if (!listener || listener->closing) return;
    listener->closing = true;
    net_connections_orphan(listener->loop, listener);
    if (listener->previous)
        listener->previous->next = listener->next;
    else
        listener->loop->listeners = listener->next;
    if (listener->next) listener->next->previous = listener->previous;
    uv_close(&listener->socket.handle, listener_closed);
}

void net_listeners_close(net_loop *loop) {
    while (loop->listeners) net_unlisten(loop->listeners);
}

static void connection_came(uv_stream_t *server, int status) {
    net_listener *listener = server->data;
    if (status != 0 || listener->closing) return;
    net_connection *connection = net_connection_accept(listener, server, listener->is_unix);
    if (!connection) return;
    listener->accepted++;
    if (listener->accepted > NET_ACCEPTED_MAX) {
        net_close(connection, false);
        return;
    }
    net_callbacks callbacks = {0};
    void *arg = NULL;
    listener->call(listener->arg, connection, &callbacks, &arg);
    if (callbacks.received)
        net_connection_owner(connection, &callbacks, arg);
    else
        net_close(connection, false);
}

/* A listener with its handle initialised, not in the list yet. */
static net_listener *listener_new(net_loop *loop, bool is_unix, net_accepted *call, void *arg) {
    net_listener *listener = bytes_new(loop->host, sizeof *listener);
    if (!listener) return NULL;
    listener->loop = loop;
    listener->is_unix = is_unix;
    listener->call = call;
    listener->arg = arg;
    if (is_unix)
        (void)uv_pipe_init(&loop->uv, &listener->socket.pipe, 0); /* neither fails without a socket */
    else
        (void)uv_tcp_init(&loop->uv, &listener->socket.tcp);
    listener->socket.handle.data = listener;
    listener->next = loop->listeners;
    if (listener->next) listener->next->previous = listener;
    loop->listeners = listener;
    return listener;
}

static sotto_status listener_fail(net_listener *listener, sotto_status status) {
    net_unlisten(listener);
    return status;
}

sotto_status net_listen(net_listener **ret, net_loop *loop, const char *address, uint16_t port, net_accepted *call,
                        void *arg, uint16_t *ret_port) {
    struct sockaddr_storage at = {0};
    if (uv_ip4_addr(address, port, (struct sockaddr_in *)&at) != 0 &&
        uv_ip6_addr(address, port, (struct sockaddr_in6 *)&at) != 0)
        return SOTTO_FAIL(USAGE);
    net_listener *listener = listener_new(loop, false, call, arg);
    if (!listener) return SOTTO_FAIL(NO_MEMORY);
    int size = sizeof at;
    if (uv_tcp_bind(&listener->socket.tcp, (const struct sockaddr *)&at, 0) != 0 ||
        uv_listen(&listener->socket.stream, BACKLOG, connection_came) != 0 ||
        uv_tcp_getsockname(&listener->socket.tcp, (struct sockaddr *)&at, &size) != 0)
        return listener_fail(listener, SOTTO_FAIL(SYSTEM));
    if (ret_port) {
        uint16_t bound =
            at.ss_family == AF_INET ? ((struct sockaddr_in *)&at)->sin_port : ((struct sockaddr_in6 *)&at)->sin6_port;
        *ret_port = ntohs(bound);
    }
    *ret = listener;
    return SOTTO_OK;
}

/* The mode is set between bind and listen: until listen nobody can connect, whatever the umask was. */
sotto_status net_listen_unix(net_listener **ret, net_loop *loop, const char *path, net_accepted *call, void *arg) {
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof((struct sockaddr_un *)0)->sun_path) return SOTTO_FAIL(USAGE);
    net_listener *listener = listener_new(loop, true, call, arg);
    if (!listener) return SOTTO_FAIL(NO_MEMORY);
    if (uv_pipe_bind(&listener->socket.pipe, path) != 0 || chmod(path, S_IRUSR | S_IWUSR) != 0 ||
        uv_listen(&listener->socket.stream, BACKLOG, connection_came) != 0)
        return listener_fail(listener, SOTTO_FAIL(SYSTEM));
    *ret = listener;
    return SOTTO_OK;
}
