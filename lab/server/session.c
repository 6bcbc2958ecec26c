/* SPDX-License-Identifier: ISC
 *
 * Sessions: what a client may send (RFC 6120 section 8.1), and what waits for it. */
#include "bytes/memory.h"
#include "lab/server/hostility.h"
#include "lab/server/presence.h"
#include "lab/server/router.h"

lab_session *lab_session_find(lab_server *server, sotto_bytes full) {
    for (lab_session *session = server->sessions; session; session = session->next) {
        if (bytes_equal(session->jid, full)) return session;
    }
    return NULL;
}

lab_session *lab_session_of(lab_server *server, const lab_account *account, lab_session *last) {
    lab_session *session = last ? last->next : server->sessions;
    while (session && session->account != account) session = session->next;
    return session;
}

static sotto_status session_fill(lab_session *session, const char *resource) {
    lab_server *server = session->server;
    char room[32];
    sotto_bytes wanted = bytes_text(resource);
    if (wanted.len == 0) wanted = lab_next_id(server, room);
    lab_draft draft;
    lab_draft_begin(&draft, server);
    bytes_buffer_put(&draft.out, session->account->jid);
    bytes_buffer_u8(&draft.out, '/');
    bytes_buffer_put(&draft.out, wanted);
    sotto_bytes text = BYTES_NONE;
    stanza_jid jid = {0};
    sotto_status status = lab_draft_end(&draft, &text);
    if (sotto_ok(status)) status = stanza_jid_parse(&server->arena, text, &jid);
    lab_draft_free(&draft);
    SOTTO_TRY(status);
    SOTTO_TRY(lab_keep(server, jid.full, &session->jid));
    return lab_keep(server, jid.resource, &session->resource);
}

/* Unlinks and frees, telling nobody. */
void lab_session_free(lab_session *session) {
    lab_server *server = session->server;
    lab_session **at = &server->sessions;
    while (*at && *at != session) at = &(*at)->next;
    if (*at) *at = session->next;
    /* What is parked may outlive it, when memory did not suffice for letting it go in order. */
    for (lab_parked *parked = server->parked; parked; parked = parked->next) {
        if (parked->session == session) parked->session = NULL;
    }
    lab_list_clear(server, &session->queue);
    lab_list_clear(server, &session->features);
    lab_list_clear(server, &session->directed);
    lab_let_go(server, &session->jid);
    lab_let_go(server, &session->resource);
    lab_let_go(server, &session->presence);
    lab_let_go(server, &session->caps);
    lab_let_go(server, &session->question);
    bytes_free(server->host, session, sizeof *session);
}

sotto_status lab_session_attach(lab_session **ret, lab_server *server, const char *local, const char *resource) {
    lab_account *account = NULL;
    SOTTO_TRY(lab_account_local(server, local, &account));
    lab_session *session = bytes_new(server->host, sizeof *session);
    if (!session) return SOTTO_FAIL(NO_MEMORY);
    session->server = server;
    session->account = account;
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    sotto_status status = session_fill(session, resource);
    bytes_arena_back(&server->arena, mark);
    if (sotto_ok(status) && lab_session_find(server, session->jid)) status = SOTTO_FAIL(STATE);
    if (!sotto_ok(status)) {
        lab_session_free(session);
        return status;
    }
    lab_session **at = &server->sessions;
    while (*at) at = &(*at)->next;
    *at = session;
    *ret = session;
    return SOTTO_OK;
}

sotto_bytes lab_session_jid(const lab_session *session) {
    return session->jid;
}

/* ---- from the client ---- */

static bool is_stanza(const stanza_element *element) {
    return stanza_is(element, "message", STANZA_NS_CLIENT) || stanza_is(element, "presence", STANZA_NS_CLIENT) ||
           stanza_is(element, "iq", STANZA_NS_CLIENT);
}

/* RFC 6121 section 3.1.1: requests about subscriptions are between accounts, so they come from the bare JID. */
static bool is_subscription(const stanza_element *stanza) {
    return stanza_is(stanza, "presence", NULL) &&
           (lab_type_is(stanza, "subscribe") || lab_type_is(stanza, "subscribed") ||
            lab_type_is(stanza, "unsubscribe") || lab_type_is(stanza, "unsubscribed"));
}

/* RFC 6120 section 8.1.2.1: a `from` that is given must be the full or bare JID of the session. */
static sotto_status from_check(lab_session *session, const stanza_element *stanza) {
    sotto_bytes from = stanza_attribute_of(stanza, "from");
    if (!from.at) return SOTTO_OK;
    stanza_jid jid;
    sotto_status status = stanza_jid_parse(&session->server->arena, from, &jid);
    if (sotto_is(status, SOTTO_E_BAD_JID)) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(status);
    bool own = bytes_equal(jid.full, session->jid) || bytes_equal(jid.full, session->account->jid);
    return own ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

/* The stanza with its sender, and a recipient where one is implied (RFC 6120 section 10.3). *ret_bad_to: the recipient
 * is no address; it is left out. */
static sotto_status stamp(lab_session *session, const stanza_element *stanza, const stanza_element **ret,
                          bool *ret_bad_to) {
    lab_server *server = session->server;
    sotto_bytes to = stanza_attribute_of(stanza, "to");
    *ret_bad_to = false;
    if (to.at) {
        stanza_jid jid;
        sotto_status status = stanza_jid_parse(&server->arena, to, &jid);
        *ret_bad_to = sotto_is(status, SOTTO_E_BAD_JID);
        if (!*ret_bad_to) SOTTO_TRY(status);
        to = *ret_bad_to ? BYTES_NONE : jid.full;
    } else if (!stanza_is(stanza, "presence", NULL)) {
        to = session->account->jid;
    }
    lab_draft draft;
    lab_draft_begin(&draft, server);
    lab_draft_copy(&draft, stanza, is_subscription(stanza) ? session->account->jid : session->jid, to);
    sotto_bytes text = BYTES_NONE;
    sotto_status status = lab_draft_end(&draft, &text);
    if (sotto_ok(status)) status = lab_parse(server, text, ret);
    lab_draft_free(&draft);
    return status;
}

static sotto_status take(lab_session *session, sotto_bytes text) {
    lab_server *server = session->server;
    const stanza_element *received = NULL;
    SOTTO_TRY(lab_parse(server, text, &received));
    if (!is_stanza(received)) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(from_check(session, received));
    const stanza_element *stanza = received; /* until it is stamped */
    bool bad_to = false;
    SOTTO_TRY(stamp(session, received, &stanza, &bad_to));
    SOTTO_TRY(lab_saw(server, stanza->raw));
    if (bad_to) return lab_bounce(server, stanza, (lab_error){"modify", "jid-malformed", NULL});
    return lab_hostility_in(session, stanza);
}

sotto_status lab_session_send(lab_session *session, sotto_bytes stanza) {
    lab_server *server = session->server;
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    sotto_status status = take(session, stanza);
    bytes_arena_back(&server->arena, mark);
    return status;
}

/* ---- to the client ---- */

sotto_status lab_deliver_bytes(lab_session *session, sotto_bytes stanza, uint64_t since_ms, bool delayed) {
    return lab_hostility_out(session, stanza, since_ms, delayed);
}

sotto_status lab_deliver(lab_session *session, const stanza_element *stanza) {
    lab_draft draft;
    lab_draft_begin(&draft, session->server);
    stanza_copy(&draft.w, stanza);
    sotto_bytes text = BYTES_NONE;
    sotto_status status = lab_draft_end(&draft, &text);
    if (sotto_ok(status)) status = lab_deliver_bytes(session, text, session->server->now_ms, false);
    lab_draft_free(&draft);
    return status;
}

/* A piece goes to the offline store, if it is a message that belongs there. */
static sotto_status to_offline(lab_session *session, const lab_piece *piece) {
    return lab_offline_keep(session->server, session->account, piece->bytes, piece->since_ms, piece->delayed, NULL);
}

/* A client that takes nothing must not fill the memory: beyond the limit it is treated as if it were offline. */
sotto_status lab_session_queue(lab_session *session, lab_piece *piece) {
    if (session->queue.count < LAB_QUEUE_MAX) {
        lab_list_append(&session->queue, piece);
        return SOTTO_OK;
    }
    sotto_status status = to_offline(session, piece);
    lab_piece_free(session->server, piece);
    return status;
}

bool lab_session_next(lab_session *session, sotto_bytes *ret) {
    lab_server *server = session->server;
    lab_piece *piece = lab_list_shift(&session->queue);
    lab_piece_free(server, server->taken);
    server->taken = piece;
    if (!piece) return false;
    *ret = piece->bytes;
    return true;
}

lab_piece *lab_session_take(lab_session *session) {
    return lab_list_shift(&session->queue);
}

void lab_session_untake(lab_session *session, lab_piece *piece) {
    lab_list_prepend(&session->queue, piece);
}

sotto_status lab_session_inject(lab_session *session, sotto_bytes stanza) {
    SOTTO_TRY(lab_saw(session->server, stanza));
    lab_piece *piece = NULL;
    SOTTO_TRY(lab_piece_new(session->server, stanza, &piece));
    piece->since_ms = session->server->now_ms;
    return lab_session_queue(session, piece);
}

static sotto_status leave(lab_session *session) {
    SOTTO_TRY(lab_hostility_end(session));
    SOTTO_TRY(lab_presence_lost(session));
    for (const lab_piece *piece = session->queue.first; piece; piece = piece->next)
        SOTTO_TRY(to_offline(session, piece));
    return SOTTO_OK;
}

void lab_session_detach(lab_session *session) {
    if (!session) return;
    lab_server *server = session->server;
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    /* Nobody is there to be told; what memory did not suffice for is lost as on any server that dies. */
    sotto_status status = leave(session);
    (void)status;
    bytes_arena_back(&server->arena, mark);
    lab_session_free(session);
}
