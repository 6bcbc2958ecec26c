/* SPDX-License-Identifier: ISC
 *
 * Fates of stanzas. What is held back is parked in one list, in the order in which it was parked. */
#include "lab/server/hostility.h"

#include "bytes/memory.h"
#include "lab/server/router.h"

typedef struct verdict {
    lab_fate fate;
    sotto_bytes instead;
    uint64_t until_ms;
} verdict;

static verdict ask(lab_server *server, const stanza_element *stanza, bool to_client) {
    verdict v = {.fate = LAB_PASS};
    if (server->hook) v.fate = server->hook(server->hook_arg, stanza, to_client, &v.instead, &v.until_ms);
    return v;
}

static void parked_free(lab_server *server, lab_parked *parked) {
    lab_piece_free(server, parked->piece);
    bytes_free(server->host, parked, sizeof *parked);
}

static sotto_status park(lab_session *session, bool to_client, const verdict *v, lab_piece *piece) {
    lab_server *server = session->server;
    if (server->parked_count >= LAB_PARKED_MAX) return SOTTO_FAIL(TOO_LARGE);
    lab_parked *parked = bytes_new(server->host, sizeof *parked);
    if (!parked) return SOTTO_FAIL(NO_MEMORY);
    *parked = (lab_parked){.account = session->account,
                           .session = session,
                           .to_client = to_client,
                           .reordered = v->fate == LAB_REORDER,
                           .until_ms = v->until_ms,
                           .piece = piece};
    lab_parked **at = &server->parked;
    while (*at) at = &(*at)->next;
    *at = parked;
    server->parked_count++;
    return SOTTO_OK;
}

static void unpark(lab_server *server, lab_parked *parked) {
    lab_parked **at = &server->parked;
    while (*at && *at != parked) at = &(*at)->next;
    if (!*at) return;
    *at = parked->next;
    parked->next = NULL;
    server->parked_count--;
}

/* Takes the piece of a parked stanza out and lets the stanza go where it was going. Frees `parked`. */
static sotto_status release(lab_server *server, lab_parked *parked) {
    unpark(server, parked);
    sotto_status status = SOTTO_OK;
    if (parked->to_client) {
        if (parked->session) {
            lab_piece *piece = parked->piece;
            parked->piece = NULL;
            status = lab_session_queue(parked->session, piece);
        }
    } else {
        const stanza_element *stanza = NULL;
        status = lab_parse(server, parked->piece->bytes, &stanza);
        if (sotto_ok(status)) status = lab_route(server, parked->account, parked->session, stanza);
    }
    parked_free(server, parked);
    return status;
}

static lab_parked *last_reordered(const lab_session *session, bool to_client) {
    lab_parked *found = NULL;
    for (lab_parked *at = session->server->parked; at; at = at->next) {
        if (at->session == session && at->to_client == to_client && at->reordered) found = at;
    }
    return found;
}

/* A stanza of that direction has passed: those that were to come behind it follow, each behind the one after it. */
static sotto_status followers(lab_session *session, bool to_client) {
    lab_parked *parked = NULL;
    while ((parked = last_reordered(session, to_client))) SOTTO_TRY(release(session->server, parked));
    return SOTTO_OK;
}

static sotto_status park_copy(lab_session *session, bool to_client, const verdict *v, sotto_bytes bytes,
                              uint64_t since_ms, bool delayed) {
    lab_piece *piece = NULL;
    SOTTO_TRY(lab_piece_new(session->server, bytes, &piece));
    piece->since_ms = since_ms;
    piece->delayed = delayed;
    sotto_status status = park(session, to_client, v, piece);
    if (!sotto_ok(status)) lab_piece_free(session->server, piece);
    return status;
}

/* Text of the hook that is no stanza cannot be routed: it is as if it had been dropped. */
static sotto_status route_instead(lab_session *session, sotto_bytes instead) {
    lab_server *server = session->server;
    const stanza_element *stanza = NULL;
    SOTTO_TRY(lab_saw(server, instead));
    sotto_status status = lab_parse(server, instead, &stanza);
    if (sotto_class(status) == SOTTO_CLASS_PEER) return SOTTO_OK;
    SOTTO_TRY(status);
    return lab_route(server, session->account, session, stanza);
}

sotto_status lab_hostility_in(lab_session *session, const stanza_element *stanza) {
    lab_server *server = session->server;
    verdict v = ask(server, stanza, false);
    switch (v.fate) {
    case LAB_DROP:
        return SOTTO_OK;
    case LAB_DELAY:
    case LAB_REORDER:
        return park_copy(session, false, &v, stanza->raw, server->now_ms, false);
    case LAB_REPEAT:
        SOTTO_TRY(lab_route(server, session->account, session, stanza));
        break;
    case LAB_ALTER:
        SOTTO_TRY(route_instead(session, v.instead));
        return followers(session, false);
    case LAB_PASS:
        break;
    }
    SOTTO_TRY(lab_route(server, session->account, session, stanza));
    return followers(session, false);
}

static sotto_status queue_copy(lab_session *session, sotto_bytes bytes, uint64_t since_ms, bool delayed) {
    lab_piece *piece = NULL;
    SOTTO_TRY(lab_piece_new(session->server, bytes, &piece));
    piece->since_ms = since_ms;
    piece->delayed = delayed;
    return lab_session_queue(session, piece);
}

sotto_status lab_hostility_out(lab_session *session, sotto_bytes bytes, uint64_t since_ms, bool delayed) {
    lab_server *server = session->server;
    if (!server->hook) return queue_copy(session, bytes, since_ms, delayed);
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    const stanza_element *stanza = NULL;
    sotto_status status = lab_parse(server, bytes, &stanza);
    verdict v = {.fate = LAB_PASS};
    if (sotto_ok(status)) v = ask(server, stanza, true);
    bytes_arena_back(&server->arena, mark);
    SOTTO_TRY(status);
    switch (v.fate) {
    case LAB_DROP:
        return SOTTO_OK;
    case LAB_DELAY:
    case LAB_REORDER:
        return park_copy(session, true, &v, bytes, since_ms, delayed);
    case LAB_REPEAT:
        SOTTO_TRY(queue_copy(session, bytes, since_ms, delayed));
        break;
    case LAB_ALTER:
        SOTTO_TRY(lab_saw(server, v.instead));
        SOTTO_TRY(queue_copy(session, v.instead, since_ms, delayed));
        return followers(session, true);
    case LAB_PASS:
        break;
    }
    SOTTO_TRY(queue_copy(session, bytes, since_ms, delayed));
    return followers(session, true);
}

static lab_parked *earliest_due(const lab_server *server) {
    lab_parked *found = NULL;
    for (lab_parked *at = server->parked; at; at = at->next) {
        if (at->reordered || at->until_ms > server->now_ms) continue;
        if (!found || at->until_ms < found->until_ms) found = at;
    }
    return found;
}

sotto_status lab_hostility_due(lab_server *server) {
    lab_parked *parked = NULL;
    while ((parked = earliest_due(server))) SOTTO_TRY(release(server, parked));
    return SOTTO_OK;
}

sotto_status lab_hostility_end(lab_session *session) {
    SOTTO_TRY(followers(session, false));
    lab_server *server = session->server;
    lab_parked *next = NULL;
    for (lab_parked *at = server->parked; at; at = next) {
        next = at->next;
        if (at->session != session) continue;
        if (at->to_client) {
            SOTTO_TRY(release(server, at));
        } else {
            at->session = NULL;
        }
    }
    return SOTTO_OK;
}

void lab_hostility_free(lab_server *server) {
    while (server->parked) {
        lab_parked *parked = server->parked;
        server->parked = parked->next;
        parked_free(server, parked);
    }
    server->parked_count = 0;
}
