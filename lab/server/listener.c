/* SPDX-License-Identifier: ISC
 *
 * Connections carry streams, streams lead to seats. A seat is a session of the server together with what stream
 * management must remember of it; it outlives its connection when the client may resume. */
#include "lab/server/listener.h"

#include "bytes/base64.h"
#include "bytes/memory.h"
#include "lab/server/inside.h"
#include "stream/server.h"

#define SEATS_LOST_MAX      1000u               /* sessions that wait to be resumed */
#define CONNECTION_OUT_MAX  (64u * 1024 * 1024) /* bytes a client does not read; beyond it counts as gone */
#define FEED_BYTES          (64u * 1024)
#define RESUME_RANDOM_BYTES 16u

typedef struct lab_seat {
    struct lab_seat *next;
    lab_session *session;
    lab_connection *connection; /* NULL: lost, to be resumed */
    uint8_t id[2 * RESUME_RANDOM_BYTES];
    bool managed, resumable;
    uint32_t handled; /* the client's stanzas we dealt with */
    uint32_t acked;   /* our stanzas it confirmed; what follows is in unacked */
    lab_list unacked;
    uint64_t lost_ms;
} lab_seat;

struct lab_connection {
    struct lab_connection *next;
    lab_listener *listener;
    stream_server *stream;
    lab_seat *seat;
    bytes_buffer out;
    size_t taken; /* of out */
    bool over;
};

struct lab_listener {
    lab_server *server;
    lab_listener_config config;
    lab_authority *authority;
    tls_context *tls;
    lab_seat *seats;
    lab_connection *connections;
};

sotto_status lab_listener_new(lab_listener **ret, lab_server *server, const lab_listener_config *config) {
    lab_listener *listener = bytes_new(server->host, sizeof *listener);
    if (!listener) return SOTTO_FAIL(NO_MEMORY);
    listener->server = server;
    listener->config = *config;
    if (config->resume_ms == 0) listener->config.resume_ms = LAB_RESUME_MS;
    sotto_status status = lab_authority_new(&listener->authority, server->host, config->now_ms);
    if (sotto_ok(status)) {
        status =
            lab_authority_issue(listener->authority, (const char *)server->domain.at, config->flaw, &listener->tls);
    }
    if (!sotto_ok(status)) {
        lab_listener_free(listener);
        return status;
    }
    lab_server_time(server, config->now_ms);
    *ret = listener;
    return SOTTO_OK;
}

const sotto_host *lab_listener_host(const lab_listener *listener) {
    return listener->server->host;
}

sotto_bytes lab_listener_root(const lab_listener *listener) {
    return lab_authority_root(listener->authority);
}

/* ---- seats ---- */

static sotto_status seat_new(lab_connection *connection, lab_session *session) {
    lab_listener *listener = connection->listener;
    lab_seat *seat = bytes_new(listener->server->host, sizeof *seat);
    if (!seat) return SOTTO_FAIL(NO_MEMORY);
    seat->session = session;
    seat->connection = connection;
    seat->next = listener->seats;
    listener->seats = seat;
    connection->seat = seat;
    return SOTTO_OK;
}

/* What was sent and not confirmed waits again, in order, before what was not sent yet. */
static void seat_untake(lab_seat *seat) {
    lab_list turned = {0};
    lab_piece *piece = NULL;
    while ((piece = lab_list_shift(&seat->unacked))) lab_list_prepend(&turned, piece);
    while ((piece = lab_list_shift(&turned))) lab_session_untake(seat->session, piece);
}

/* The session is over for good. */
static void seat_end(lab_listener *listener, lab_seat *seat) {
    lab_seat **at = &listener->seats;
    while (*at && *at != seat) at = &(*at)->next;
    if (*at) *at = seat->next;
    if (seat->connection) seat->connection->seat = NULL;
    seat_untake(seat);
    lab_session_detach(seat->session);
    bytes_free(listener->server->host, seat, sizeof *seat);
}

/* Another connection takes the place of the one that holds the seat (RFC 6120 section 7.7.2.2). */
static sotto_status seat_take_over(lab_seat *seat) {
    lab_connection *old = seat->connection;
    seat->connection = NULL;
    if (!old) return SOTTO_OK;
    old->seat = NULL;
    return stream_server_fail(old->stream, "conflict");
}

static lab_seat *seat_of(const lab_listener *listener, const lab_session *session) {
    for (lab_seat *seat = listener->seats; seat; seat = seat->next) {
        if (seat->session == session) return seat;
    }
    return NULL;
}

static void seats_forget(lab_listener *listener, uint64_t now_ms) {
    lab_seat *next = NULL;
    size_t lost = 0;
    for (lab_seat *seat = listener->seats; seat; seat = next) {
        next = seat->next;
        if (seat->connection) continue;
        bool late = now_ms >= seat->lost_ms && now_ms - seat->lost_ms >= listener->config.resume_ms;
        if (late || ++lost > SEATS_LOST_MAX) seat_end(listener, seat);
    }
}

/* ---- answers to the stream's questions ---- */

static sotto_status on_login(lab_connection *connection, const stream_server_output *output) {
    const lab_account *account = lab_account_find(connection->listener->server, output->account);
    if (!account || account->password.len == 0) return stream_server_keys(connection->stream, NULL);
    return stream_server_password(connection->stream, account->password);
}

/* Attaches; a resource that is in use through a stream is taken over. */
static sotto_status attach(lab_listener *listener, const lab_account *account, sotto_bytes resource,
                           lab_session **ret) {
    lab_server *server = listener->server;
    sotto_bytes text = BYTES_NONE;
    SOTTO_TRY(lab_keep(server, resource, &text));
    const char *local = (const char *)account->local.at, *wanted = (const char *)text.at;
    sotto_status status = lab_session_attach(ret, server, local, wanted);
    if (sotto_is(status, SOTTO_E_STATE)) {
        for (lab_session *at = NULL; (at = lab_session_of(server, account, at));) {
            lab_seat *seat = bytes_equal(at->resource, text) ? seat_of(listener, at) : NULL;
            if (!seat) continue;
            status = seat_take_over(seat);
            seat_end(listener, seat);
            if (sotto_ok(status)) status = lab_session_attach(ret, server, local, wanted);
            break;
        }
    }
    lab_let_go(server, &text);
    return status;
}

static sotto_status on_bind(lab_connection *connection, const stream_server_output *output) {
    lab_listener *listener = connection->listener;
    const lab_account *account = lab_account_find(listener->server, output->account);
    lab_session *session = NULL;
    if (!account) return stream_server_bound(connection->stream, BYTES_NONE);
    sotto_status status = attach(listener, account, output->resource, &session);
    if (sotto_is(status, SOTTO_E_BAD_JID) || sotto_is(status, SOTTO_E_STATE)) {
        return stream_server_bound(connection->stream, BYTES_NONE);
    }
    SOTTO_TRY(status);
    status = seat_new(connection, session);
    if (!sotto_ok(status)) {
        lab_session_detach(session);
        return status;
    }
    return stream_server_bound(connection->stream, session->jid);
}

static sotto_status on_enable(lab_connection *connection, const stream_server_output *output) {
    lab_seat *seat = connection->seat;
    if (!seat) return stream_server_enabled(connection->stream, BYTES_NONE);
    uint8_t random[RESUME_RANDOM_BYTES];
    bytes_buffer id;
    SOTTO_TRY(crypto_random(connection->listener->server->host, random, sizeof random));
    bytes_buffer_borrowed(&id, seat->id, sizeof seat->id);
    bytes_hex_put(&id, bytes_of(random, sizeof random));
    seat->managed = true;
    seat->resumable = output->resume;
    return stream_server_enabled(connection->stream, output->resume ? bytes_of(seat->id, sizeof seat->id) : BYTES_NONE);
}

static lab_seat *seat_to_resume(const lab_listener *listener, const stream_server_output *output) {
    for (lab_seat *seat = listener->seats; seat; seat = seat->next) {
        if (!seat->resumable || !bytes_equal(bytes_of(seat->id, sizeof seat->id), output->resume_id)) continue;
        bool own = bytes_equal(seat->session->account->jid, output->account);
        bool possible = (uint32_t)(output->acked - seat->acked) <= seat->unacked.count;
        return own && possible ? seat : NULL;
    }
    return NULL;
}

static void seat_acked(lab_server *server, lab_seat *seat, uint32_t acked) {
    while (seat->acked != acked && seat->unacked.first) {
        lab_piece_free(server, lab_list_shift(&seat->unacked));
        seat->acked++;
    }
}

static sotto_status on_resume(lab_connection *connection, const stream_server_output *output) {
    lab_listener *listener = connection->listener;
    lab_seat *seat = seat_to_resume(listener, output);
    if (!seat) return stream_server_not_resumed(connection->stream, false, 0);
    SOTTO_TRY(seat_take_over(seat));
    seat_acked(listener->server, seat, output->acked);
    seat_untake(seat);
    seat->connection = connection;
    connection->seat = seat;
    return stream_server_resumed(connection->stream, seat->session->jid, seat->handled);
}

/* ---- what the stream brings ---- */

static sotto_status on_stanza(lab_connection *connection, const stream_server_output *output) {
    lab_seat *seat = connection->seat;
    if (!seat) return SOTTO_OK;
    lab_draft draft;
    lab_draft_begin(&draft, connection->listener->server);
    stanza_copy(&draft.w, output->stanza);
    sotto_bytes text = BYTES_NONE;
    sotto_status status = lab_draft_end(&draft, &text);
    size_t most = connection->listener->config.stanza_bytes_max;
    if (sotto_ok(status) && most > 0 && text.len > most) status = SOTTO_FAIL(TOO_LARGE);
    if (sotto_ok(status)) status = lab_session_send(seat->session, text);
    lab_draft_free(&draft);
    if (sotto_class(status) == SOTTO_CLASS_OURS) return status;
    if (sotto_is(status, SOTTO_E_MALFORMED)) return stream_server_fail(connection->stream, "invalid-from");
    if (!sotto_ok(status)) return stream_server_fail(connection->stream, "policy-violation");
    if (!seat->managed) return SOTTO_OK;
    seat->handled = output->count;
    return stream_server_handled(connection->stream, output->count);
}

/* XEP-0198 section 3: a stream that was closed in order ends its session; one that broke leaves it for a while. */
static void on_ended(lab_connection *connection, const stream_server_output *output) {
    lab_seat *seat = connection->seat;
    connection->over = true;
    if (!seat) return;
    connection->seat = NULL;
    seat->connection = NULL;
    if (seat->resumable && sotto_is(output->status, SOTTO_E_CLOSED)) {
        seat->lost_ms = connection->listener->server->now_ms;
    } else {
        seat_end(connection->listener, seat);
    }
}

static sotto_status on_bytes(lab_connection *connection, const stream_server_output *output) {
    if (output->bytes.len > CONNECTION_OUT_MAX - connection->out.len) return stream_server_lost(connection->stream);
    bytes_buffer_put(&connection->out, output->bytes);
    return connection->out.status;
}

static sotto_status on_output(lab_connection *connection, const stream_server_output *output) {
    switch (output->kind) {
    case STREAM_SERVER_NONE:
        return SOTTO_OK;
    case STREAM_SERVER_BYTES:
        return on_bytes(connection, output);
    case STREAM_SERVER_LOGIN:
        return on_login(connection, output);
    case STREAM_SERVER_BIND:
        return on_bind(connection, output);
    case STREAM_SERVER_ENABLE:
        return on_enable(connection, output);
    case STREAM_SERVER_RESUME:
        return on_resume(connection, output);
    case STREAM_SERVER_STANZA:
        return on_stanza(connection, output);
    case STREAM_SERVER_ACKED:
        if (connection->seat) seat_acked(connection->listener->server, connection->seat, output->acked);
        return SOTTO_OK;
    case STREAM_SERVER_ENDED:
        on_ended(connection, output);
        return SOTTO_OK;
    }
    return SOTTO_OK;
}

static sotto_status drain(lab_connection *connection) {
    stream_server_output output;
    do {
        SOTTO_TRY(stream_server_next(connection->stream, &output));
        SOTTO_TRY(on_output(connection, &output));
    } while (output.kind != STREAM_SERVER_NONE);
    return SOTTO_OK;
}

/* Sends one piece that waits for the session; *ret_sent is false when there is none, or the stream takes none. */
static sotto_status send_one(lab_connection *connection, bool *ret_sent) {
    lab_server *server = connection->listener->server;
    lab_seat *seat = connection->seat;
    lab_piece *piece = seat ? lab_session_take(seat->session) : NULL;
    *ret_sent = false;
    if (!piece) return SOTTO_OK;
    sotto_status status = stream_server_send(connection->stream, piece->bytes);
    if (!sotto_ok(status)) {
        lab_session_untake(seat->session, piece);
        if (sotto_class(status) == SOTTO_CLASS_OURS) return status;
        return sotto_is(status, SOTTO_E_STATE) ? SOTTO_OK
                                               : stream_server_fail(connection->stream, "resource-constraint");
    }
    *ret_sent = true;
    if (seat->managed) {
        lab_list_append(&seat->unacked, piece);
    } else {
        lab_piece_free(server, piece);
    }
    return SOTTO_OK;
}

static sotto_status pump(lab_connection *connection) {
    bool sent = false, any = false;
    do {
        SOTTO_TRY(drain(connection));
        SOTTO_TRY(send_one(connection, &sent));
        any = any || sent;
    } while (sent);
    if (any && connection->seat && connection->seat->managed) SOTTO_TRY(stream_server_request_ack(connection->stream));
    return drain(connection);
}

/* ---- connections ---- */

sotto_status lab_connection_open(lab_connection **ret, lab_listener *listener, bool direct_tls) {
    lab_connection *connection = bytes_new(listener->server->host, sizeof *connection);
    if (!connection) return SOTTO_FAIL(NO_MEMORY);
    connection->listener = listener;
    bytes_buffer_owned(&connection->out, listener->server->host, CONNECTION_OUT_MAX);
    stream_server_config config = {.host = listener->server->host,
                                   .domain = listener->server->domain,
                                   .tls = listener->tls,
                                   .direct_tls = direct_tls,
                                   .without_starttls = listener->config.without_starttls,
                                   .without_management = listener->config.without_management,
                                   .without_binding = listener->config.without_binding,
                                   .offer = listener->config.offer,
                                   .now_ms = listener->server->now_ms};
    sotto_status status = stream_server_new(&connection->stream, &config);
    if (!sotto_ok(status)) {
        bytes_free(listener->server->host, connection, sizeof *connection);
        return status;
    }
    connection->next = listener->connections;
    listener->connections = connection;
    *ret = connection;
    return SOTTO_OK;
}

sotto_status lab_connection_feed(lab_connection *connection, sotto_bytes bytes) {
    while (bytes.len > 0 && !connection->over) {
        sotto_bytes now = bytes_of(bytes.at, bytes.len < FEED_BYTES ? bytes.len : FEED_BYTES);
        SOTTO_TRY(stream_server_received(connection->stream, now));
        SOTTO_TRY(pump(connection));
        bytes = bytes_after(bytes, now.len);
    }
    return SOTTO_OK;
}

size_t lab_connection_take(lab_connection *connection, void *out, size_t size) {
    if (!connection->over && !sotto_ok(pump(connection))) connection->over = true;
    sotto_bytes all = BYTES_NONE;
    if (!sotto_ok(bytes_buffer_end(&connection->out, &all))) {
        connection->over = true;
        return 0;
    }
    sotto_bytes rest = bytes_after(all, connection->taken);
    size_t len = rest.len < size ? rest.len : size;
    if (len > 0) memcpy(out, rest.at, len);
    connection->taken += len;
    if (connection->taken == all.len) {
        bytes_buffer_reset(&connection->out);
        connection->taken = 0;
    }
    return len;
}

bool lab_connection_over(const lab_connection *connection) {
    return connection->over;
}

lab_session *lab_connection_session(const lab_connection *connection) {
    return connection->seat ? connection->seat->session : NULL;
}

void lab_connection_close(lab_connection *connection) {
    if (!connection) return;
    lab_listener *listener = connection->listener;
    if (!connection->over && sotto_ok(stream_server_lost(connection->stream))) {
        sotto_status status = drain(connection);
        (void)status; /* whatever failed, the connection goes */
    }
    if (connection->seat) seat_end(listener, connection->seat);
    lab_connection **at = &listener->connections;
    while (*at && *at != connection) at = &(*at)->next;
    if (*at) *at = connection->next;
    stream_server_free(connection->stream);
    bytes_buffer_free(&connection->out);
    bytes_free(listener->server->host, connection, sizeof *connection);
}

/* ---- time ---- */

sotto_status lab_listener_time(lab_listener *listener, uint64_t now_ms) {
    lab_server_time(listener->server, now_ms);
    for (lab_connection *at = listener->connections; at; at = at->next) {
        if (at->over) continue;
        SOTTO_TRY(stream_server_timer(at->stream, now_ms));
        SOTTO_TRY(pump(at));
    }
    seats_forget(listener, now_ms);
    return SOTTO_OK;
}

static uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

uint64_t lab_listener_deadline(const lab_listener *listener) {
    uint64_t deadline = UINT64_MAX;
    for (const lab_connection *at = listener->connections; at; at = at->next) {
        if (!at->over) deadline = earlier(deadline, stream_server_deadline(at->stream));
    }
    for (const lab_seat *seat = listener->seats; seat; seat = seat->next) {
        if (!seat->connection) deadline = earlier(deadline, seat->lost_ms + listener->config.resume_ms);
    }
    for (const lab_parked *at = listener->server->parked; at; at = at->next) {
        if (!at->reordered) deadline = earlier(deadline, at->until_ms);
    }
    return deadline;
}

void lab_listener_free(lab_listener *listener) {
    if (!listener) return;
    while (listener->connections) lab_connection_close(listener->connections);
    while (listener->seats) seat_end(listener, listener->seats);
    tls_context_free(listener->tls);
    lab_authority_free(listener->authority);
    bytes_free(listener->server->host, listener, sizeof *listener);
}
