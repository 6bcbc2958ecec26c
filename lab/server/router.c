/* SPDX-License-Identifier: ISC
 *
 * RFC 6121 section 8 as code, the tables of section 8.5 above all, and the offline store of XEP-0160. */
#include "lab/server/router.h"

#include "lab/server/archive.h"
#include "lab/server/carbons.h"
#include "lab/server/disco.h"
#include "lab/server/pep.h"
#include "lab/server/presence.h"
#include "lab/server/room.h"
#include "lab/server/roster.h"
#include "stanza/time.h"

static const lab_error service_unavailable = {"cancel", "service-unavailable", NULL};
static const lab_error remote_not_found = {"cancel", "remote-server-not-found", NULL};
static const lab_error bad_request = {"modify", "bad-request", NULL};

/* ---- the offline store ---- */

/* XEP-0160 section 3 with XEP-0334: chat and normal messages, unless the sender says no-store, or says nothing but how
 * the conversation feels (XEP-0085). */
static bool belongs_offline(const stanza_element *stanza) {
    if (!stanza_is(stanza, "message", STANZA_NS_CLIENT)) return false;
    sotto_bytes type = stanza_attribute_of(stanza, "type");
    if (type.at && !bytes_is(type, "chat") && !bytes_is(type, "normal")) return false;
    if (stanza_child(stanza, "no-store", LAB_NS_HINTS)) return false;
    if (stanza_child(stanza, "store", LAB_NS_HINTS)) return true;
    for (const stanza_element *at = stanza_first(stanza); at; at = stanza_next(stanza, at)) {
        bool of_no_weight = bytes_is(at->ns, "http://jabber.org/protocol/chatstates") || bytes_is(at->name, "thread");
        if (!of_no_weight) return true;
    }
    return stanza_count(stanza) == 0;
}

sotto_status lab_offline_keep(lab_server *server, lab_account *account, sotto_bytes message, uint64_t since_ms,
                              bool delayed, bool *ret_kept) {
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    const stanza_element *stanza = NULL;
    sotto_status status = lab_parse(server, message, &stanza);
    bool belongs = sotto_ok(status) && belongs_offline(stanza);
    bytes_arena_back(&server->arena, mark);
    if (!sotto_ok(status) && sotto_class(status) != SOTTO_CLASS_PEER) return status;
    bool room = account->offline.count < LAB_OFFLINE_MAX;
    if (belongs && room) {
        lab_piece *piece = NULL;
        SOTTO_TRY(lab_piece_new(server, message, &piece));
        piece->since_ms = since_ms;
        piece->delayed = delayed;
        lab_list_append(&account->offline, piece);
    }
    if (ret_kept) *ret_kept = !belongs || room;
    return SOTTO_OK;
}

/* XEP-0203, with the form of XEP-0082. */
static void write_delay(lab_draft *draft, uint64_t since_ms) {
    char stamp[STANZA_TIME_TEXT_SIZE];
    stanza_time_write(since_ms, stamp);
    stanza_open(&draft->w, "delay", LAB_NS_DELAY);
    stanza_put(&draft->w, "from", draft->server->domain);
    stanza_put_text(&draft->w, "stamp", stamp);
    stanza_close(&draft->w);
}

static sotto_status release_stamped(lab_session *session, const lab_piece *piece) {
    lab_server *server = session->server;
    const stanza_element *stanza = NULL;
    SOTTO_TRY(lab_parse(server, piece->bytes, &stanza));
    lab_draft draft;
    lab_draft_begin(&draft, server);
    lab_draft_copy(&draft, stanza, stanza_attribute_of(stanza, "from"), stanza_attribute_of(stanza, "to"));
    write_delay(&draft, piece->since_ms);
    sotto_bytes text = BYTES_NONE;
    sotto_status status = lab_draft_end(&draft, &text);
    if (sotto_ok(status)) status = lab_deliver_bytes(session, text, piece->since_ms, true);
    lab_draft_free(&draft);
    return status;
}

sotto_status lab_offline_release(lab_session *session) {
    lab_server *server = session->server;
    lab_piece *piece = NULL;
    while ((piece = lab_list_shift(&session->account->offline))) {
        bytes_arena_mark mark = bytes_arena_here(&server->arena);
        sotto_status status = piece->delayed ? lab_deliver_bytes(session, piece->bytes, piece->since_ms, true)
                                             : release_stamped(session, piece);
        bytes_arena_back(&server->arena, mark);
        if (!sotto_ok(status)) {
            lab_list_prepend(&session->account->offline, piece);
            return status;
        }
        lab_piece_free(server, piece);
    }
    return SOTTO_OK;
}

/* ---- messages ---- */

/* To all resources that are available with a priority that is not negative; *ret_count of them. */
static sotto_status message_to_available(lab_server *server, lab_account *whose, const stanza_element *stanza,
                                         size_t *ret_count) {
    *ret_count = 0;
    for (lab_session *at = NULL; (at = lab_session_of(server, whose, at));) {
        if (!at->available || at->priority < 0) continue;
        SOTTO_TRY(lab_deliver(at, stanza));
        ++*ret_count;
    }
    return SOTTO_OK;
}

/* RFC 6121 sections 8.5.2.1.1 and 8.5.2.2.1. */
static sotto_status message_to_bare(lab_server *server, lab_account *whose, const stanza_element *stanza) {
    if (lab_type_is(stanza, "error")) return SOTTO_OK;
    if (lab_type_is(stanza, "groupchat")) return lab_bounce(server, stanza, service_unavailable);
    size_t count = 0;
    SOTTO_TRY(message_to_available(server, whose, stanza, &count));
    if (count > 0 || lab_type_is(stanza, "headline")) return SOTTO_OK;
    bool kept = false;
    SOTTO_TRY(lab_offline_keep(server, whose, stanza->raw, server->now_ms, false, &kept));
    return kept ? SOTTO_OK : lab_bounce(server, stanza, service_unavailable);
}

/* RFC 6121 section 8.5.3.2.1: only chat goes elsewhere when its resource is gone. */
static sotto_status message_to_full(lab_server *server, lab_account *whose, const stanza_jid *to,
                                    const stanza_element *stanza) {
    lab_session *session = lab_session_find(server, to->full);
    if (session) {
        SOTTO_TRY(lab_deliver(session, stanza));
        return lab_carbons_received(session, stanza);
    }
    return lab_type_is(stanza, "chat") ? message_to_bare(server, whose, stanza)
                                       : lab_bounce(server, stanza, service_unavailable);
}

static sotto_status route_message(lab_server *server, lab_session *session, const stanza_jid *to,
                                  const stanza_element *stanza) {
    if (session && !bytes_equal(to->bare, session->account->jid)) {
        const stanza_element *kept = stanza;
        SOTTO_TRY(lab_archive_keep(server, session->account, stanza, &kept));
        SOTTO_TRY(lab_carbons_sent(session, kept));
    }
    if (!bytes_equal(to->domain, server->domain)) return lab_bounce(server, stanza, remote_not_found);
    lab_account *whose = lab_account_find(server, to->bare);
    if (!whose) return lab_bounce(server, stanza, service_unavailable);
    SOTTO_TRY(lab_archive_keep(server, whose, stanza, &stanza));
    return to->resource.len == 0 ? message_to_bare(server, whose, stanza) : message_to_full(server, whose, to, stanza);
}

/* ---- iqs ---- */

static bool iq_is_request(const stanza_element *iq) {
    return lab_type_is(iq, "get") || lab_type_is(iq, "set");
}

/* RFC 6120 section 8.2.3. */
static bool iq_is_whole(const stanza_element *iq) {
    if (stanza_attribute_of(iq, "id").len == 0) return false;
    if (iq_is_request(iq)) return stanza_count(iq) == 1;
    return (lab_type_is(iq, "result") && stanza_count(iq) <= 1) || lab_type_is(iq, "error");
}

/* What the server answers for itself, or for an account of anybody it lets see the account. */
static sotto_status iq_to_server(lab_server *server, const stanza_element *iq) {
    const stanza_element *payload = stanza_first(iq);
    if (bytes_is(payload->ns, LAB_NS_DISCO_INFO) || bytes_is(payload->ns, LAB_NS_DISCO_ITEMS)) {
        return lab_disco_iq(server, NULL, BYTES_NONE, iq);
    }
    if (stanza_is(payload, "ping", "urn:xmpp:ping")) return lab_answer_empty(server, iq);
    return lab_bounce(server, iq, service_unavailable);
}

static sotto_status iq_to_own_account(lab_session *session, const stanza_element *iq) {
    lab_server *server = session->server;
    const stanza_element *payload = stanza_first(iq);
    if (stanza_is(payload, "query", LAB_NS_ROSTER)) return lab_roster_iq(session, iq);
    if (bytes_is(payload->ns, LAB_NS_CARBONS)) return lab_carbons_iq(session, iq);
    if (bytes_is(payload->ns, LAB_NS_ARCHIVE)) return lab_archive_iq(session, iq);
    if (stanza_is(payload, "session", "urn:ietf:params:xml:ns:xmpp-session")) return lab_answer_empty(server, iq);
    if (stanza_is(payload, "ping", "urn:xmpp:ping")) return lab_answer_empty(server, iq);
    return lab_bounce(server, iq, service_unavailable);
}

static sotto_status iq_to_account(lab_server *server, lab_account *whose, lab_account *actor, lab_session *session,
                                  const stanza_element *iq) {
    const stanza_element *payload = stanza_first(iq);
    if (stanza_is(payload, "pubsub", NULL)) return lab_pep_iq(server, whose, actor, iq);
    if (bytes_is(payload->ns, LAB_NS_DISCO_INFO) || bytes_is(payload->ns, LAB_NS_DISCO_ITEMS)) {
        return lab_disco_iq(server, whose, actor->jid, iq);
    }
    if (whose == actor && session) return iq_to_own_account(session, iq);
    return lab_bounce(server, iq, service_unavailable);
}

static sotto_status route_iq(lab_server *server, lab_account *actor, lab_session *session, const stanza_jid *to,
                             const stanza_element *iq) {
    if (!iq_is_whole(iq)) return lab_bounce(server, iq, bad_request);
    if (session && lab_type_is(iq, "result")) {
        bool ours = false;
        SOTTO_TRY(lab_disco_answer(session, iq, &ours));
        if (ours) return SOTTO_OK;
    }
    if (!bytes_equal(to->domain, server->domain)) return lab_bounce(server, iq, remote_not_found);
    if (to->resource.len > 0) {
        lab_session *target = lab_session_find(server, to->full);
        return target ? lab_deliver(target, iq) : lab_bounce(server, iq, service_unavailable);
    }
    if (!iq_is_request(iq)) return SOTTO_OK;
    if (to->local.len == 0) return iq_to_server(server, iq);
    lab_account *whose = lab_account_find(server, to->bare);
    return whose ? iq_to_account(server, whose, actor, session, iq) : lab_bounce(server, iq, service_unavailable);
}

/* ---- all ---- */

sotto_status lab_route(lab_server *server, lab_account *actor, lab_session *session, const stanza_element *stanza) {
    if (stanza_is(stanza, "presence", STANZA_NS_CLIENT)) {
        return session ? lab_presence_take(session, stanza) : SOTTO_OK;
    }
    sotto_bytes address = stanza_attribute_of(stanza, "to");
    stanza_jid to;
    sotto_status status = stanza_jid_parse(&server->arena, address.at ? address : actor->jid, &to);
    if (sotto_is(status, SOTTO_E_BAD_JID)) return SOTTO_OK; /* only a hook can have written that */
    SOTTO_TRY(status);
    bool to_room = lab_room_is(server, to.domain);
    if (to_room && stanza_is(stanza, "message", STANZA_NS_CLIENT)) return lab_room_message(server, stanza, &to);
    if (to_room && stanza_is(stanza, "iq", STANZA_NS_CLIENT))
        return iq_is_whole(stanza) ? lab_room_iq(server, stanza, &to) : lab_bounce(server, stanza, bad_request);
    if (stanza_is(stanza, "message", STANZA_NS_CLIENT)) return route_message(server, session, &to, stanza);
    if (stanza_is(stanza, "iq", STANZA_NS_CLIENT)) return route_iq(server, actor, session, &to, stanza);
    return SOTTO_OK;
}
