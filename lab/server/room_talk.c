/* SPDX-License-Identifier: ISC
 *
 * What is said in rooms, and asked of them. */
#include "lab/server/room_inside.h"

static const lab_error not_here = {"cancel", "not-acceptable", NULL};
static const lab_error not_found = {"cancel", "item-not-found", NULL};
static const lab_error forbidden = {"auth", "forbidden", NULL};
static const lab_error bad_request = {"modify", "bad-request", NULL};
static const lab_error unavailable = {"cancel", "service-unavailable", NULL};

/* ---- messages ---- */

/* What occupants may not say of themselves is left out. */
static void copy_said(lab_draft *draft, const stanza_element *message) {
    for (const stanza_node *node = message->first; node; node = node->next) {
        const stanza_element *child = node->element;
        if (!child || bytes_is(child->ns, LAB_NS_ROOM_USER) || bytes_is(child->ns, LAB_NS_OCCUPANT)) continue;
        stanza_copy(&draft->w, child);
    }
}

static void write_from(lab_draft *draft, const lab_room *room, const lab_occupant *whose) {
    uint8_t at[SOTTO_JID_BYTES_MAX];
    bytes_buffer text;
    sotto_bytes address;
    bytes_buffer_borrowed(&text, at, sizeof at);
    bytes_buffer_put(&text, room->jid);
    bytes_buffer_u8(&text, '/');
    bytes_buffer_put(&text, whose->nick);
    if (sotto_ok(bytes_buffer_end(&text, &address))) stanza_put(&draft->w, "from", address);
}

static sotto_status pass_on(lab_server *server, const lab_room *room, const lab_occupant *whose,
                            const stanza_element *stanza, const lab_occupant *to, bool privately) {
    lab_draft draft;
    lab_draft_begin(&draft, server);
    stanza_open_as(&draft.w, stanza->name, stanza->ns);
    write_from(&draft, room, whose);
    stanza_put(&draft.w, "to", to->jid);
    stanza_put(&draft.w, "type", stanza_attribute_of(stanza, "type"));
    stanza_put(&draft.w, "id", stanza_attribute_of(stanza, "id"));
    copy_said(&draft, stanza);
    lab_room_write_id(&draft, room, whose->bare);
    if (privately) { /* section 7.5: so that it is known for what it is */
        stanza_open(&draft.w, "x", LAB_NS_ROOM_USER);
        stanza_close(&draft.w);
    }
    return lab_room_say(&draft, to->jid);
}

/* Section 7.8.2: who is invited by an admin into a room for members becomes one (section 9.3). */
static sotto_status invite(lab_server *server, lab_room *room, const stanza_element *asked, sotto_bytes from) {
    stanza_jid whom, who;
    lab_draft draft;
    if (!sotto_ok(stanza_jid_parse(&server->arena, stanza_attribute_of(asked, "to"), &whom))) return SOTTO_OK;
    SOTTO_TRY(stanza_jid_parse(&server->arena, from, &who));
    bool admits = room->members_only && lab_room_affiliation(room, who.bare) >= LAB_ADMIN &&
                  lab_room_affiliation(room, whom.bare) < LAB_MEMBER;
    if (admits) SOTTO_TRY(lab_room_set(server, room, whom.bare, LAB_MEMBER));
    lab_account *account = lab_account_find(server, whom.bare);
    for (lab_session *at = NULL; account && (at = lab_session_of(server, account, at));) {
        if (!at->available) continue;
        lab_draft_begin(&draft, server);
        stanza_open(&draft.w, "message", STANZA_NS_CLIENT);
        stanza_put(&draft.w, "from", room->jid);
        stanza_put(&draft.w, "to", at->jid);
        stanza_open(&draft.w, "x", LAB_NS_ROOM_USER);
        stanza_open(&draft.w, "invite", LAB_NS_ROOM_USER);
        stanza_put(&draft.w, "from", from);
        lab_draft_children(&draft, asked);
        SOTTO_TRY(lab_room_say(&draft, at->jid));
    }
    return SOTTO_OK;
}

static sotto_status say_to_all(lab_server *server, const lab_room *room, const lab_occupant *whose,
                               const stanza_element *message) {
    for (const lab_occupant *at = room->occupants; at; at = at->next)
        SOTTO_TRY(pass_on(server, room, whose, message, at, false));
    return SOTTO_OK;
}

sotto_status lab_room_message(lab_server *server, const stanza_element *message, const stanza_jid *to) {
    sotto_bytes from = stanza_attribute_of(message, "from");
    lab_room *room = lab_room_find(server, to->bare);
    const lab_occupant *whose = room ? lab_room_by_jid(room, from) : NULL;
    if (!room) return lab_bounce(server, message, not_found);
    if (lab_type_is(message, "error")) return SOTTO_OK;
    if (!whose) return lab_bounce(server, message, not_here);
    if (lab_type_is(message, "groupchat"))
        return to->resource.len > 0 ? lab_bounce(server, message, bad_request)
                                    : say_to_all(server, room, whose, message);
    const stanza_element *asked =
        stanza_child(stanza_child(message, "x", LAB_NS_ROOM_USER), "invite", LAB_NS_ROOM_USER);
    if (to->resource.len == 0)
        return asked ? invite(server, room, asked, from) : lab_bounce(server, message, bad_request);
    if (!lab_room_by_nick(room, to->resource)) return lab_bounce(server, message, not_found);
    for (const lab_occupant *at = room->occupants; at; at = at->next)
        if (bytes_equal(at->nick, to->resource)) SOTTO_TRY(pass_on(server, room, whose, message, at, true));
    return SOTTO_OK;
}

/* ---- questions ---- */

static void write_feature(lab_draft *draft, const char *var) {
    stanza_open(&draft->w, "feature", LAB_NS_DISCO_INFO);
    stanza_put_text(&draft->w, "var", var);
    stanza_close(&draft->w);
}

static sotto_status say_info(lab_server *server, const lab_room *room, const stanza_element *iq) {
    lab_draft draft;
    lab_draft_begin(&draft, server);
    lab_draft_answer(&draft, iq);
    stanza_open(&draft.w, "query", LAB_NS_DISCO_INFO);
    stanza_open(&draft.w, "identity", LAB_NS_DISCO_INFO);
    stanza_put_text(&draft.w, "category", "conference");
    stanza_put_text(&draft.w, "type", "text");
    stanza_close(&draft.w);
    write_feature(&draft, LAB_NS_ROOM);
    if (room) {
        write_feature(&draft, room->members_only ? "muc_membersonly" : "muc_open");
        write_feature(&draft, room->shows_jids ? "muc_nonanonymous" : "muc_semianonymous");
        write_feature(&draft, "muc_persistent");
        write_feature(&draft, LAB_NS_OCCUPANT);
        write_feature(&draft, LAB_NS_ROOM "#self-ping-optimization");
    }
    return lab_draft_reply(&draft, iq);
}

static void write_listed(lab_draft *draft, sotto_bytes jid, lab_affiliation affiliation) {
    stanza_open(&draft->w, "item", LAB_NS_ROOM_ADMIN);
    stanza_put_text(&draft->w, "affiliation", lab_affiliation_name(affiliation));
    stanza_put(&draft->w, "jid", jid);
    stanza_close(&draft->w);
}

static sotto_status say_list(lab_server *server, const lab_room *room, const stanza_element *iq,
                             lab_affiliation affiliation) {
    lab_draft draft;
    bool forges = affiliation == LAB_MEMBER && (room->lies & LAB_ROOM_FORGES_MEMBER);
    bool returns = affiliation == LAB_MEMBER && (room->lies & LAB_ROOM_RETURNS_OUTCASTS);
    bool mixes = affiliation == LAB_MEMBER && (room->lies & LAB_ROOM_MIXES_LISTS);
    lab_draft_begin(&draft, server);
    lab_draft_answer(&draft, iq);
    stanza_open(&draft.w, "query", LAB_NS_ROOM_ADMIN);
    for (const lab_member *at = room->members; at; at = at->next) {
        if (at->affiliation == affiliation) write_listed(&draft, at->jid, affiliation);
        if (returns && at->affiliation == LAB_OUTCAST) write_listed(&draft, at->jid, LAB_MEMBER);
        if (mixes && at->affiliation == LAB_OWNER) write_listed(&draft, at->jid, LAB_OWNER);
    }
    if (forges) {
        uint8_t at[SOTTO_JID_BYTES_MAX];
        bytes_buffer text;
        sotto_bytes jid;
        bytes_buffer_borrowed(&text, at, sizeof at);
        bytes_buffer_text(&text, "mallory@");
        bytes_buffer_put(&text, server->domain);
        if (sotto_ok(bytes_buffer_end(&text, &jid))) write_listed(&draft, jid, LAB_MEMBER);
    }
    return lab_draft_reply(&draft, iq);
}

/* Section 9.5: lists are shown to admins, and in rooms that show JIDs to members. */
static sotto_status get_list(lab_server *server, const lab_room *room, const stanza_element *iq,
                             lab_affiliation asker) {
    const stanza_element *item = stanza_child(stanza_first(iq), "item", LAB_NS_ROOM_ADMIN);
    lab_affiliation affiliation;
    bool may = asker >= LAB_ADMIN || (room->shows_jids && asker >= LAB_MEMBER);
    if (!lab_affiliation_read(stanza_attribute_of(item, "affiliation"), &affiliation))
        return lab_bounce(server, iq, bad_request);
    may = may && (affiliation != LAB_OUTCAST || asker >= LAB_ADMIN);
    if (!may || (room->lies & LAB_ROOM_REFUSES_LISTS)) return lab_bounce(server, iq, forbidden);
    return say_list(server, room, iq, affiliation);
}

static sotto_status set_list(lab_server *server, lab_room *room, const stanza_element *iq, lab_affiliation asker) {
    const stanza_element *query = stanza_first(iq);
    if (asker < LAB_ADMIN) return lab_bounce(server, iq, forbidden);
    for (const stanza_element *item = stanza_first(query); item; item = stanza_next(query, item)) {
        lab_affiliation affiliation;
        stanza_jid jid;
        bool good = lab_affiliation_read(stanza_attribute_of(item, "affiliation"), &affiliation) &&
                    sotto_ok(stanza_jid_parse(&server->arena, stanza_attribute_of(item, "jid"), &jid));
        if (!good) return lab_bounce(server, iq, bad_request);
        SOTTO_TRY(lab_room_set(server, room, jid.bare, affiliation));
    }
    return lab_answer_empty(server, iq);
}

static bool form_value(lab_server *server, const stanza_element *form, const char *name, sotto_bytes *ret) {
    for (const stanza_element *at = stanza_first(form); at; at = stanza_next(form, at)) {
        if (!bytes_is(stanza_attribute_of(at, "var"), name)) continue;
        return stanza_text(stanza_child(at, "value", LAB_NS_FORMS), &server->arena, ret);
    }
    return false;
}

static sotto_status configure(lab_server *server, lab_room *room, const stanza_element *iq, lab_affiliation asker) {
    const stanza_element *form = stanza_child(stanza_first(iq), "x", LAB_NS_FORMS);
    sotto_bytes value;
    bool members_only = room->members_only, shows_jids = room->shows_jids;
    if (asker != LAB_OWNER) return lab_bounce(server, iq, forbidden);
    if (!form || !lab_type_is(iq, "set")) return lab_bounce(server, iq, bad_request);
    if (form_value(server, form, "muc#roomconfig_membersonly", &value))
        members_only = bytes_is(value, "1") || bytes_is(value, "true");
    if (form_value(server, form, "muc#roomconfig_whois", &value)) shows_jids = bytes_is(value, "anyone");
    SOTTO_TRY(lab_room_reconfigure(server, room, members_only, shows_jids));
    return lab_answer_empty(server, iq);
}

static sotto_status iq_to_nick(lab_server *server, const lab_room *room, const stanza_element *iq,
                               const stanza_jid *to) {
    const lab_occupant *whose = lab_room_by_jid(room, stanza_attribute_of(iq, "from"));
    bool self = whose && bytes_equal(whose->nick, to->resource);
    if (!whose) return lab_bounce(server, iq, not_here);
    if (self && stanza_is(stanza_first(iq), "ping", LAB_NS_PING)) return lab_answer_empty(server, iq);
    const lab_occupant *target = lab_room_by_nick(room, to->resource);
    return target ? pass_on(server, room, whose, iq, target, false) : lab_bounce(server, iq, not_found);
}

sotto_status lab_room_iq(lab_server *server, const stanza_element *iq, const stanza_jid *to) {
    const stanza_element *payload = stanza_first(iq);
    stanza_jid from;
    bool get = lab_type_is(iq, "get");
    if (!get && !lab_type_is(iq, "set")) return SOTTO_OK;
    SOTTO_TRY(stanza_jid_parse(&server->arena, stanza_attribute_of(iq, "from"), &from));
    lab_room *room = lab_room_find(server, to->bare);
    if (to->local.len == 0 && get && bytes_is(payload->ns, LAB_NS_DISCO_INFO)) return say_info(server, NULL, iq);
    if (!room) return lab_bounce(server, iq, not_found);
    if (to->resource.len > 0) return iq_to_nick(server, room, iq, to);
    lab_affiliation asker = lab_room_affiliation(room, from.bare);
    if (get && bytes_is(payload->ns, LAB_NS_DISCO_INFO)) return say_info(server, room, iq);
    if (bytes_is(payload->ns, LAB_NS_ROOM_ADMIN))
        return get ? get_list(server, room, iq, asker) : set_list(server, room, iq, asker);
    if (bytes_is(payload->ns, LAB_NS_ROOM_OWNER)) return configure(server, room, iq, asker);
    return lab_bounce(server, iq, unavailable);
}
