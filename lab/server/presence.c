/* SPDX-License-Identifier: ISC
 *
 * Broadcast, directed and probed presence. */
#include "lab/server/presence.h"

#include "lab/server/disco.h"
#include "lab/server/notify.h"
#include "lab/server/room.h"
#include "lab/server/roster.h"
#include "lab/server/router.h"

static const lab_error bad_request = {"modify", "bad-request", NULL};

static sotto_status show_to(lab_session *target, const stanza_element *presence) {
    lab_server *server = target->server;
    lab_draft draft;
    lab_draft_begin(&draft, server);
    lab_draft_copy(&draft, presence, stanza_attribute_of(presence, "from"), target->account->jid);
    sotto_bytes text = BYTES_NONE;
    sotto_status status = lab_draft_end(&draft, &text);
    if (sotto_ok(status)) status = lab_deliver_bytes(target, text, server->now_ms, false);
    lab_draft_free(&draft);
    return status;
}

/* The last presence of one session to another. */
static sotto_status show_stored(lab_session *of, lab_session *target) {
    lab_server *server = of->server;
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    const stanza_element *presence = NULL;
    sotto_status status = lab_parse(server, of->presence, &presence);
    if (sotto_ok(status)) status = show_to(target, presence);
    bytes_arena_back(&server->arena, mark);
    return status;
}

static sotto_status show_gone(lab_session *of, lab_session *target) {
    lab_draft draft;
    lab_draft_begin(&draft, of->server);
    stanza_open(&draft.w, "presence", STANZA_NS_CLIENT);
    stanza_put_text(&draft.w, "type", "unavailable");
    stanza_put(&draft.w, "from", of->jid);
    stanza_put(&draft.w, "to", target->account->jid);
    return lab_draft_say(&draft, target);
}

sotto_status lab_presence_show(lab_server *server, lab_account *whose, lab_account *whom, bool gone) {
    for (lab_session *of = NULL; (of = lab_session_of(server, whose, of));) {
        if (!of->available) continue;
        for (lab_session *target = NULL; (target = lab_session_of(server, whom, target));) {
            if (target->available) SOTTO_TRY(gone ? show_gone(of, target) : show_stored(of, target));
        }
    }
    return SOTTO_OK;
}

/* To all available sessions of everybody who sees the account's presence, its own included (RFC 6121 sections 4.2.2 and
 * 4.5.2). */
static sotto_status broadcast(lab_session *session, const stanza_element *presence) {
    for (lab_session *target = session->server->sessions; target; target = target->next) {
        if (target->available && lab_roster_sees(session->account, target->account->jid))
            SOTTO_TRY(show_to(target, presence));
    }
    return SOTTO_OK;
}

/* RFC 6121 section 4.3: what is to be seen by somebody who has just arrived. */
static sotto_status probe_all(lab_session *session) {
    for (lab_session *of = session->server->sessions; of; of = of->next) {
        if (of == session || !of->available) continue;
        if (lab_roster_sees(of->account, session->account->jid)) SOTTO_TRY(show_stored(of, session));
    }
    return SOTTO_OK;
}

/* RFC 6121 section 4.7.2.3: -128 to 127; 0 where there is none. */
static sotto_status read_priority(lab_session *session, const stanza_element *presence, bool *ret_valid, int *ret) {
    const stanza_element *element = stanza_child(presence, "priority", STANZA_NS_CLIENT);
    sotto_bytes text = BYTES_NONE;
    *ret_valid = true;
    *ret = 0;
    if (!element) return SOTTO_OK;
    if (!stanza_text(element, &session->server->arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    bool negative = text.len > 0 && text.at[0] == '-';
    sotto_bytes digits = negative ? bytes_after(text, 1) : text;
    *ret_valid = digits.len > 0 && digits.len <= 3;
    int value = 0;
    for (size_t i = 0; *ret_valid && i < digits.len; i++) {
        *ret_valid = digits.at[i] >= '0' && digits.at[i] <= '9';
        value = value * 10 + (digits.at[i] - '0');
    }
    if (*ret_valid && value > (negative ? 128 : 127)) *ret_valid = false;
    if (*ret_valid) *ret = negative ? -value : value;
    return SOTTO_OK;
}

static sotto_status available(lab_session *session, const stanza_element *presence) {
    bool valid = false;
    int priority = 0;
    SOTTO_TRY(read_priority(session, presence, &valid, &priority));
    if (!valid) return lab_bounce(session->server, presence, bad_request);
    SOTTO_TRY(lab_keep(session->server, presence->raw, &session->presence));
    bool first = !session->available;
    bool reachable = !first && session->priority >= 0;
    session->available = true;
    session->priority = priority;
    SOTTO_TRY(broadcast(session, presence));
    if (first) {
        SOTTO_TRY(probe_all(session));
        SOTTO_TRY(lab_roster_pending(session));
    }
    if (priority >= 0 && !reachable) SOTTO_TRY(lab_offline_release(session));
    bool asked = false;
    SOTTO_TRY(lab_disco_caps(session, presence, &asked));
    return first && !asked ? lab_notify_arrival(session, NULL) : SOTTO_OK;
}

/* ---- directed presence ---- */

/* Presence to one address: all its available sessions, or the one with that full JID. */
static sotto_status direct_to(lab_server *server, sotto_bytes full_or_bare, const stanza_element *presence) {
    stanza_jid to;
    if (sotto_ok(stanza_jid_parse(&server->arena, full_or_bare, &to)) && lab_room_is(server, to.domain))
        return lab_room_presence(server, presence, &to);
    lab_session *one = lab_session_find(server, full_or_bare);
    if (one) return lab_deliver(one, presence);
    lab_account *account = lab_account_find(server, full_or_bare);
    if (!account) return SOTTO_OK;
    for (lab_session *at = NULL; (at = lab_session_of(server, account, at));) {
        if (at->available) SOTTO_TRY(lab_deliver(at, presence));
    }
    return SOTTO_OK;
}

static void directed_forget(lab_session *session, sotto_bytes address) {
    lab_list rest = {0};
    lab_piece *piece = NULL;
    while ((piece = lab_list_shift(&session->directed))) {
        if (bytes_equal(piece->bytes, address)) {
            lab_piece_free(session->server, piece);
        } else {
            lab_list_append(&rest, piece);
        }
    }
    session->directed = rest;
}

/* RFC 6121 section 4.6.3: who was told by name that somebody is here is told as well when that ends. */
static sotto_status direct(lab_session *session, const stanza_jid *to, const stanza_element *presence) {
    if (lab_type_is(presence, "unavailable")) {
        directed_forget(session, to->full);
    } else if (!lab_type_is(presence, "error") && !lab_list_has(&session->directed, to->full)) {
        if (session->directed.count >= LAB_DIRECTED_MAX) {
            return lab_bounce(session->server, presence, (lab_error){"wait", "resource-constraint", NULL});
        }
        SOTTO_TRY(lab_list_add(session->server, &session->directed, to->full));
    }
    return direct_to(session->server, to->full, presence);
}

static bool sees_anyway(lab_session *session, sotto_bytes address) {
    const lab_session *one = lab_session_find(session->server, address);
    return lab_roster_sees(session->account, one ? one->account->jid : address) && (!one || one->available);
}

static sotto_status directed_end(lab_session *session, const stanza_element *presence) {
    lab_server *server = session->server;
    lab_piece *piece = NULL;
    while ((piece = lab_list_shift(&session->directed))) {
        lab_draft draft;
        lab_draft_begin(&draft, server);
        lab_draft_copy(&draft, presence, session->jid, piece->bytes);
        sotto_bytes text = BYTES_NONE;
        const stanza_element *element = NULL;
        sotto_status status = lab_draft_end(&draft, &text);
        if (sotto_ok(status)) status = lab_parse(server, text, &element);
        if (sotto_ok(status) && !sees_anyway(session, piece->bytes)) status = direct_to(server, piece->bytes, element);
        lab_draft_free(&draft);
        lab_piece_free(server, piece);
        SOTTO_TRY(status);
    }
    return SOTTO_OK;
}

static sotto_status unavailable(lab_session *session, const stanza_element *presence) {
    bool was = session->available;
    session->available = false;
    lab_let_go(session->server, &session->presence);
    if (was) SOTTO_TRY(broadcast(session, presence));
    return directed_end(session, presence);
}

sotto_status lab_presence_lost(lab_session *session) {
    if (!session->available && session->directed.count == 0) return SOTTO_OK;
    lab_server *server = session->server;
    lab_draft draft;
    lab_draft_begin(&draft, server);
    stanza_open(&draft.w, "presence", STANZA_NS_CLIENT);
    stanza_put_text(&draft.w, "type", "unavailable");
    stanza_put(&draft.w, "from", session->jid);
    sotto_bytes text = BYTES_NONE;
    const stanza_element *presence = NULL;
    sotto_status status = lab_draft_end(&draft, &text);
    if (sotto_ok(status)) status = lab_saw(server, text);
    if (sotto_ok(status)) status = lab_parse(server, text, &presence);
    lab_draft_free(&draft);
    SOTTO_TRY(status);
    return unavailable(session, presence);
}

/* ---- all ---- */

static sotto_status probe(lab_session *session, const stanza_jid *to) {
    lab_account *whose = lab_account_find(session->server, to->bare);
    if (!whose || !lab_roster_sees(whose, session->account->jid)) return SOTTO_OK;
    for (lab_session *of = NULL; (of = lab_session_of(session->server, whose, of));) {
        if (of->available) SOTTO_TRY(show_stored(of, session));
    }
    return SOTTO_OK;
}

static bool is_subscription_type(sotto_bytes type) {
    return bytes_is(type, "subscribe") || bytes_is(type, "subscribed") || bytes_is(type, "unsubscribe") ||
           bytes_is(type, "unsubscribed");
}

static sotto_status with_recipient(lab_session *session, sotto_bytes address, const stanza_element *presence) {
    sotto_bytes type = stanza_attribute_of(presence, "type");
    stanza_jid to;
    sotto_status status = stanza_jid_parse(&session->server->arena, address, &to);
    if (sotto_is(status, SOTTO_E_BAD_JID)) return SOTTO_OK; /* only a hook can have written that */
    SOTTO_TRY(status);
    if (is_subscription_type(type)) return lab_roster_subscription(session->server, session->account, presence);
    if (bytes_is(type, "probe")) return probe(session, &to);
    if (!bytes_equal(to.domain, session->server->domain) && !lab_room_is(session->server, to.domain)) {
        if (bytes_is(type, "unavailable")) return SOTTO_OK;
        return lab_bounce(session->server, presence, (lab_error){"cancel", "remote-server-not-found", NULL});
    }
    return direct(session, &to, presence);
}

sotto_status lab_presence_take(lab_session *session, const stanza_element *presence) {
    sotto_bytes type = stanza_attribute_of(presence, "type"), to = stanza_attribute_of(presence, "to");
    bool known = !type.at || bytes_is(type, "unavailable") || bytes_is(type, "probe") || bytes_is(type, "error") ||
                 is_subscription_type(type);
    if (!known) return lab_bounce(session->server, presence, bad_request);
    if (to.at) return with_recipient(session, to, presence);
    if (!type.at) return available(session, presence);
    return bytes_is(type, "unavailable") ? unavailable(session, presence)
                                         : lab_bounce(session->server, presence, bad_request);
}
