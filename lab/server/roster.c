/* SPDX-License-Identifier: ISC
 *
 * Rosters and the handshake of subscriptions. Both sides of each handshake live here, so each step changes the one
 * roster, says so to its owner, and goes on to the other. */
#include "lab/server/roster.h"

#include "bytes/memory.h"
#include "lab/server/notify.h"
#include "lab/server/presence.h"

static const lab_error bad_request = {"modify", "bad-request", NULL};
static const lab_error not_found = {"cancel", "item-not-found", NULL};
static const lab_error not_allowed = {"cancel", "not-allowed", NULL};
static const lab_error not_acceptable = {"modify", "not-acceptable", NULL};
static const lab_error full = {"wait", "resource-constraint", NULL};

/* ---- the table ---- */

lab_contact *lab_roster_find(const lab_account *account, sotto_bytes bare) {
    for (lab_contact *contact = account->contacts; contact; contact = contact->next) {
        if (bytes_equal(contact->jid, bare)) return contact;
    }
    return NULL;
}

bool lab_roster_sees(const lab_account *whose, sotto_bytes whom) {
    if (bytes_equal(whose->jid, whom)) return true;
    const lab_contact *contact = lab_roster_find(whose, whom);
    return contact && contact->from;
}

static void contact_free(lab_server *server, lab_contact *contact) {
    lab_let_go(server, &contact->jid);
    lab_let_go(server, &contact->name);
    lab_let_go(server, &contact->request);
    lab_list_clear(server, &contact->groups);
    bytes_free(server->host, contact, sizeof *contact);
}

static sotto_status contact_ensure(lab_server *server, lab_account *account, sotto_bytes jid, lab_contact **ret) {
    *ret = lab_roster_find(account, jid);
    if (*ret) return SOTTO_OK;
    if (account->contact_count >= LAB_CONTACTS_MAX) return SOTTO_FAIL(TOO_LARGE);
    lab_contact *contact = bytes_new(server->host, sizeof *contact);
    if (!contact) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = lab_keep(server, jid, &contact->jid);
    if (!sotto_ok(status)) {
        contact_free(server, contact);
        return status;
    }
    lab_contact **at = &account->contacts;
    while (*at) at = &(*at)->next;
    *at = contact;
    account->contact_count++;
    *ret = contact;
    return SOTTO_OK;
}

static void contact_remove(lab_server *server, lab_account *account, lab_contact *contact) {
    lab_contact **at = &account->contacts;
    while (*at && *at != contact) at = &(*at)->next;
    if (!*at) return;
    *at = contact->next;
    account->contact_count--;
    contact_free(server, contact);
}

void lab_roster_free(lab_server *server, lab_account *account) {
    while (account->contacts) contact_remove(server, account, account->contacts);
}

/* ---- showing it ---- */

static void write_item(lab_draft *draft, const lab_contact *contact, bool removed) {
    const char *subscription = contact->to ? (contact->from ? "both" : "to") : (contact->from ? "from" : "none");
    stanza_open(&draft->w, "item", LAB_NS_ROSTER);
    stanza_put(&draft->w, "jid", contact->jid);
    stanza_put_text(&draft->w, "subscription", removed ? "remove" : subscription);
    if (!removed) {
        if (contact->name.len > 0) stanza_put(&draft->w, "name", contact->name);
        if (contact->asked) stanza_put_text(&draft->w, "ask", "subscribe");
        for (const lab_piece *group = contact->groups.first; group; group = group->next) {
            stanza_leaf(&draft->w, "group", LAB_NS_ROSTER, group->bytes);
        }
    }
    stanza_close(&draft->w);
}

/* RFC 6121 section 2.1.6: to the sessions that asked for the roster. */
static sotto_status push(lab_server *server, lab_account *account, const lab_contact *contact, bool removed) {
    if (!contact->listed) return SOTTO_OK;
    for (lab_session *at = NULL; (at = lab_session_of(server, account, at));) {
        if (!at->roster) continue;
        char room[32];
        lab_draft draft;
        lab_draft_begin(&draft, server);
        stanza_open(&draft.w, "iq", STANZA_NS_CLIENT);
        stanza_put_text(&draft.w, "type", "set");
        stanza_put(&draft.w, "id", lab_next_id(server, room));
        stanza_put(&draft.w, "from", account->jid);
        stanza_put(&draft.w, "to", at->jid);
        stanza_open(&draft.w, "query", LAB_NS_ROSTER);
        write_item(&draft, contact, removed);
        SOTTO_TRY(lab_draft_say(&draft, at));
    }
    return SOTTO_OK;
}

static sotto_status answer_roster(lab_session *session, const stanza_element *iq) {
    session->roster = true;
    lab_draft draft;
    lab_draft_begin(&draft, session->server);
    lab_draft_answer(&draft, iq);
    stanza_open(&draft.w, "query", LAB_NS_ROSTER);
    for (const lab_contact *contact = session->account->contacts; contact; contact = contact->next) {
        if (contact->listed) write_item(&draft, contact, false);
    }
    return lab_draft_reply(&draft, iq);
}

/* ---- steps of the handshake ---- */

typedef enum step { SUBSCRIBE, SUBSCRIBED, UNSUBSCRIBE, UNSUBSCRIBED } step;
static const char *const step_names[] = {"subscribe", "subscribed", "unsubscribe", "unsubscribed"};

static sotto_status step_deliver(lab_server *server, lab_account *target, sotto_bytes from,
                                 const stanza_element *presence, step what, bool interested_only) {
    lab_draft draft;
    lab_draft_begin(&draft, server);
    if (presence) {
        lab_draft_copy(&draft, presence, from, target->jid);
    } else {
        stanza_open(&draft.w, "presence", STANZA_NS_CLIENT);
        stanza_put_text(&draft.w, "type", step_names[what]);
        stanza_put(&draft.w, "from", from);
        stanza_put(&draft.w, "to", target->jid);
    }
    sotto_bytes text = BYTES_NONE;
    sotto_status status = lab_draft_end(&draft, &text);
    if (sotto_ok(status) && !presence) status = lab_saw(server, text);
    for (lab_session *at = NULL; sotto_ok(status) && (at = lab_session_of(server, target, at));) {
        if (interested_only ? at->roster || at->available : at->available) {
            status = lab_deliver_bytes(at, text, server->now_ms, false);
        }
    }
    lab_draft_free(&draft);
    return status;
}

static sotto_status tidy(lab_server *server, lab_account *account, lab_contact *contact) {
    if (!contact->listed && contact->request.len == 0) contact_remove(server, account, contact);
    return SOTTO_OK;
}

/* `whose` presence has just become visible to `whom`. */
static sotto_status introduce(lab_server *server, lab_account *whose, lab_account *whom) {
    SOTTO_TRY(lab_presence_show(server, whose, whom, false));
    for (lab_session *at = NULL; (at = lab_session_of(server, whom, at));) SOTTO_TRY(lab_notify_last(at, whose, NULL));
    return SOTTO_OK;
}

/* RFC 6121 section 3.1.6: `asker` learns that `answerer` agreed; only if it had asked. */
static sotto_status subscribed_in(lab_server *server, lab_account *asker, lab_account *answerer,
                                  const stanza_element *presence) {
    lab_contact *contact = lab_roster_find(asker, answerer->jid);
    if (!contact || !contact->asked) return SOTTO_OK;
    contact->to = true;
    contact->asked = false;
    SOTTO_TRY(step_deliver(server, asker, answerer->jid, presence, SUBSCRIBED, true));
    SOTTO_TRY(push(server, asker, contact, false));
    return introduce(server, answerer, asker);
}

/* RFC 6121 section 3.1.3. The request waits at the account until it is answered. */
static sotto_status subscribe_in(lab_server *server, lab_account *asked, lab_account *asker,
                                 const stanza_element *presence) {
    lab_contact *contact = lab_roster_find(asked, asker->jid);
    if (contact && contact->from) return subscribed_in(server, asker, asked, NULL);
    sotto_status status = contact_ensure(server, asked, asker->jid, &contact);
    if (sotto_is(status, SOTTO_E_TOO_LARGE)) return SOTTO_OK;
    SOTTO_TRY(status);
    SOTTO_TRY(lab_keep(server, presence->raw, &contact->request));
    return step_deliver(server, asked, asker->jid, presence, SUBSCRIBE, false);
}

static sotto_status subscribe(lab_server *server, lab_account *asker, sotto_bytes jid, lab_account *asked,
                              const stanza_element *presence) {
    lab_contact *contact = NULL;
    sotto_status status = contact_ensure(server, asker, jid, &contact);
    if (sotto_is(status, SOTTO_E_TOO_LARGE)) return SOTTO_OK;
    SOTTO_TRY(status);
    contact->listed = true;
    if (!contact->to) contact->asked = true;
    SOTTO_TRY(push(server, asker, contact, false));
    return asked ? subscribe_in(server, asked, asker, presence) : SOTTO_OK;
}

/* RFC 6121 section 3.1.5: without a request there is nothing to grant. */
static sotto_status subscribed(lab_server *server, lab_account *answerer, sotto_bytes jid, lab_account *asker,
                               const stanza_element *presence) {
    lab_contact *contact = lab_roster_find(answerer, jid);
    if (!contact || contact->request.len == 0) return SOTTO_OK;
    lab_let_go(server, &contact->request);
    contact->from = contact->listed = true;
    SOTTO_TRY(push(server, answerer, contact, false));
    return asker ? subscribed_in(server, asker, answerer, presence) : SOTTO_OK;
}

/* RFC 6121 section 3.3.3. */
static sotto_status unsubscribe_in(lab_server *server, lab_account *seen, lab_account *leaver,
                                   const stanza_element *presence) {
    lab_contact *contact = lab_roster_find(seen, leaver->jid);
    if (!contact || (!contact->from && contact->request.len == 0)) return SOTTO_OK;
    if (contact->from) SOTTO_TRY(lab_presence_show(server, seen, leaver, true));
    contact->from = false;
    lab_let_go(server, &contact->request);
    SOTTO_TRY(step_deliver(server, seen, leaver->jid, presence, UNSUBSCRIBE, true));
    SOTTO_TRY(push(server, seen, contact, false));
    return tidy(server, seen, contact);
}

static sotto_status unsubscribe(lab_server *server, lab_account *leaver, sotto_bytes jid, lab_account *seen,
                                const stanza_element *presence) {
    lab_contact *contact = lab_roster_find(leaver, jid);
    if (!contact || (!contact->to && !contact->asked)) return SOTTO_OK;
    contact->to = contact->asked = false;
    SOTTO_TRY(push(server, leaver, contact, false));
    return seen ? unsubscribe_in(server, seen, leaver, presence) : SOTTO_OK;
}

/* RFC 6121 section 3.2.3. */
static sotto_status unsubscribed_in(lab_server *server, lab_account *refused, lab_account *refuser,
                                    const stanza_element *presence) {
    lab_contact *contact = lab_roster_find(refused, refuser->jid);
    if (!contact || (!contact->to && !contact->asked)) return SOTTO_OK;
    contact->to = contact->asked = false;
    SOTTO_TRY(step_deliver(server, refused, refuser->jid, presence, UNSUBSCRIBED, true));
    return push(server, refused, contact, false);
}

static sotto_status unsubscribed(lab_server *server, lab_account *refuser, sotto_bytes jid, lab_account *refused,
                                 const stanza_element *presence) {
    lab_contact *contact = lab_roster_find(refuser, jid);
    if (!contact || (!contact->from && contact->request.len == 0)) return SOTTO_OK;
    if (contact->from && refused) SOTTO_TRY(lab_presence_show(server, refuser, refused, true));
    contact->from = false;
    lab_let_go(server, &contact->request);
    SOTTO_TRY(push(server, refuser, contact, false));
    SOTTO_TRY(tidy(server, refuser, contact));
    return refused ? unsubscribed_in(server, refused, refuser, presence) : SOTTO_OK;
}

sotto_status lab_roster_subscription(lab_server *server, lab_account *account, const stanza_element *presence) {
    stanza_jid to;
    SOTTO_TRY(stanza_jid_parse(&server->arena, stanza_attribute_of(presence, "to"), &to));
    if (bytes_equal(to.bare, account->jid)) return SOTTO_OK;
    lab_account *other = lab_account_find(server, to.bare);
    if (lab_type_is(presence, "subscribe")) return subscribe(server, account, to.bare, other, presence);
    if (lab_type_is(presence, "subscribed")) return subscribed(server, account, to.bare, other, presence);
    if (lab_type_is(presence, "unsubscribe")) return unsubscribe(server, account, to.bare, other, presence);
    return unsubscribed(server, account, to.bare, other, presence);
}

sotto_status lab_roster_pending(lab_session *session) {
    for (const lab_contact *contact = session->account->contacts; contact; contact = contact->next) {
        if (contact->request.len == 0) continue;
        SOTTO_TRY(lab_deliver_bytes(session, contact->request, session->server->now_ms, false));
    }
    return SOTTO_OK;
}

static sotto_status befriend_one(lab_server *server, lab_account *account, sotto_bytes jid) {
    lab_contact *contact = NULL;
    SOTTO_TRY(contact_ensure(server, account, jid, &contact));
    contact->to = contact->from = contact->listed = true;
    contact->asked = false;
    lab_let_go(server, &contact->request);
    return push(server, account, contact, false);
}

sotto_status lab_roster_befriend(lab_server *server, lab_account *a, lab_account *b) {
    SOTTO_TRY(befriend_one(server, a, b->jid));
    SOTTO_TRY(befriend_one(server, b, a->jid));
    SOTTO_TRY(introduce(server, a, b));
    return introduce(server, b, a);
}

/* ---- iqs ---- */

/* RFC 6121 section 2.5: subscriptions in both directions end with the item. */
static sotto_status set_remove(lab_session *session, const stanza_element *iq, sotto_bytes jid) {
    lab_server *server = session->server;
    lab_account *account = session->account;
    lab_contact *contact = lab_roster_find(account, jid);
    if (!contact || !contact->listed) return lab_bounce(server, iq, not_found);
    lab_account *other = lab_account_find(server, jid);
    if (other && (contact->to || contact->asked)) SOTTO_TRY(unsubscribe_in(server, other, account, NULL));
    if (other && contact->from) SOTTO_TRY(lab_presence_show(server, account, other, true));
    if (other && (contact->from || contact->request.len > 0)) SOTTO_TRY(unsubscribed_in(server, other, account, NULL));
    SOTTO_TRY(push(server, account, contact, true));
    contact_remove(server, account, contact);
    return lab_answer_empty(server, iq);
}

/* The groups of an item; *ret_valid is false for an empty name, one that comes twice, or too many. */
static sotto_status read_groups(lab_server *server, const stanza_element *item, lab_list *groups, bool *ret_valid) {
    *ret_valid = true;
    for (const stanza_element *at = stanza_first(item); at; at = stanza_next(item, at)) {
        sotto_bytes name = BYTES_NONE;
        if (!stanza_is(at, "group", LAB_NS_ROSTER)) continue;
        if (!stanza_text(at, &server->arena, &name)) return SOTTO_FAIL(NO_MEMORY);
        if (name.len == 0 || groups->count >= LAB_CONTACTS_MAX || lab_list_has(groups, name)) {
            *ret_valid = false;
            return SOTTO_OK;
        }
        SOTTO_TRY(lab_list_add(server, groups, name));
    }
    return SOTTO_OK;
}

static sotto_status set_item(lab_session *session, const stanza_element *iq, const stanza_element *item,
                             sotto_bytes jid) {
    lab_server *server = session->server;
    lab_list groups = {0};
    lab_contact *contact = NULL;
    bool valid = false;
    sotto_status status = read_groups(server, item, &groups, &valid);
    if (sotto_ok(status) && valid) status = contact_ensure(server, session->account, jid, &contact);
    if (sotto_ok(status) && contact) status = lab_keep(server, stanza_attribute_of(item, "name"), &contact->name);
    if (!sotto_ok(status) || !contact) {
        lab_list_clear(server, &groups);
        if (sotto_is(status, SOTTO_E_TOO_LARGE)) return lab_bounce(server, iq, full);
        SOTTO_TRY(status);
        return lab_bounce(server, iq, not_acceptable);
    }
    lab_list_clear(server, &contact->groups);
    contact->groups = groups;
    contact->listed = true;
    SOTTO_TRY(push(server, session->account, contact, false));
    return lab_answer_empty(server, iq);
}

sotto_status lab_roster_iq(lab_session *session, const stanza_element *iq) {
    lab_server *server = session->server;
    const stanza_element *query = stanza_first(iq);
    if (lab_type_is(iq, "get")) return answer_roster(session, iq);
    bool several = false;
    const stanza_element *item = stanza_only_child(query, "item", LAB_NS_ROSTER, &several);
    if (!item) return lab_bounce(server, iq, bad_request);
    stanza_jid jid;
    sotto_status status = stanza_jid_parse(&server->arena, stanza_attribute_of(item, "jid"), &jid);
    if (sotto_is(status, SOTTO_E_BAD_JID)) return lab_bounce(server, iq, bad_request);
    SOTTO_TRY(status);
    if (jid.resource.len > 0) return lab_bounce(server, iq, bad_request);
    if (bytes_equal(jid.bare, session->account->jid)) return lab_bounce(server, iq, not_allowed);
    bool remove = bytes_is(stanza_attribute_of(item, "subscription"), "remove");
    return remove ? set_remove(session, iq, jid.bare) : set_item(session, iq, item, jid.bare);
}
