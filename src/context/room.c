/* SPDX-License-Identifier: ISC */
#include "context/room.h"

#include <sotto/limits.h>

#define NS_STANZAS      "urn:ietf:params:xml:ns:xmpp-stanzas"
#define NS_OCCUPANT_ID  "urn:xmpp:occupant-id:0"
#define NS_INFO         "http://jabber.org/protocol/disco#info"
#define NS_ARCHIVE      "urn:xmpp:mam:2"
#define NS_INVITATION   "jabber:x:conference"
#define STATUS_CODE_MAX 999u

static const char *const affiliation_names[] = {
    [CONTEXT_OUTCAST] = "outcast", [CONTEXT_NONE] = "none",   [CONTEXT_MEMBER] = "member",
    [CONTEXT_ADMIN] = "admin",     [CONTEXT_OWNER] = "owner",
};

const char *context_affiliation_name(context_affiliation affiliation) {
    return affiliation <= CONTEXT_OWNER ? affiliation_names[affiliation] : "none";
}

static const struct {
    uint16_t code;
    context_room_status status;
} status_codes[] = {
    {100, CONTEXT_ROOM_SHOWS_JIDS},    {101, CONTEXT_ROOM_AFFILIATION},
    {104, CONTEXT_ROOM_CONFIGURED},    {110, CONTEXT_ROOM_SELF},
    {172, CONTEXT_ROOM_NOW_OPEN_JIDS}, {173, CONTEXT_ROOM_NOW_ANONYMOUS},
    {174, CONTEXT_ROOM_NOW_ANONYMOUS}, {201, CONTEXT_ROOM_CREATED},
    {210, CONTEXT_ROOM_NICK_GIVEN},    {301, CONTEXT_ROOM_BANNED},
    {303, CONTEXT_ROOM_NICK_CHANGED},  {307, CONTEXT_ROOM_KICKED},
    {321, CONTEXT_ROOM_NOT_MEMBER},    {322, CONTEXT_ROOM_MEMBERS_ONLY},
    {332, CONTEXT_ROOM_SHUT_DOWN},     {333, CONTEXT_ROOM_CONNECTION_LOST},
};

static uint32_t read_status(const stanza_element *user) {
    uint32_t all = 0;
    for (const stanza_element *child = stanza_first(user); child != NULL; child = stanza_next(user, child)) {
        uint64_t code;
        if (!stanza_is(child, "status", CONTEXT_NS_ROOM_USER)) continue;
        if (!stanza_attribute_number(child, "code", 0, STATUS_CODE_MAX, &code)) continue;
        for (size_t i = 0; i < sizeof status_codes / sizeof *status_codes; i++)
            if (status_codes[i].code == code) all |= (uint32_t)status_codes[i].status;
    }
    return all;
}

/* Left out means none (section 15.5.2 makes it optional). */
static bool read_affiliation(const stanza_element *item, context_affiliation *ret) {
    sotto_bytes text = stanza_attribute_of(item, "affiliation");
    *ret = CONTEXT_NONE;
    if (text.at == NULL) return true;
    for (unsigned i = CONTEXT_OUTCAST; i <= CONTEXT_OWNER; i++)
        if (bytes_is(text, affiliation_names[i])) {
            *ret = (context_affiliation)i;
            return true;
        }
    return false;
}

/* The JID of a person, out of an attribute that is there: what is none is the sender's mistake. */
static sotto_status read_jid(const stanza_element *element, const char *name, bytes_arena *arena, stanza_jid *ret) {
    sotto_status status = stanza_jid_parse(arena, stanza_attribute_of(element, name), ret);
    return sotto_is(status, SOTTO_E_BAD_JID) ? SOTTO_FAIL(MALFORMED) : status;
}

/* The one <x/> of the room, and its one item; NULL where there is none. */
static sotto_status find_user(const stanza_element *stanza, const stanza_element **ret_user,
                              const stanza_element **ret_item) {
    bool several_users = false, several_items = false;
    *ret_user = stanza_only_child(stanza, "x", CONTEXT_NS_ROOM_USER, &several_users);
    *ret_item = stanza_only_child(*ret_user, "item", CONTEXT_NS_ROOM_USER, &several_items);
    return several_users || several_items ? SOTTO_FAIL(MALFORMED) : SOTTO_OK;
}

bool context_room_occupant_id(const stanza_element *stanza, sotto_bytes *ret) {
    bool several = false;
    const stanza_element *id = stanza_only_child(stanza, "occupant-id", NS_OCCUPANT_ID, &several);
    *ret = BYTES_NONE;
    if (several) return false;
    if (id == NULL) return true;
    sotto_bytes text = stanza_attribute_of(id, "id");
    if (text.len == 0 || text.len > SOTTO_OCCUPANT_BYTES_MAX) return false; /* it is kept of everybody in the room */
    *ret = text;
    return true;
}

/* ---- presence ---- */

static context_presence_kind kind_of(const stanza_element *presence) {
    sotto_bytes type = stanza_attribute_of(presence, "type");
    if (type.at == NULL) return CONTEXT_PRESENCE_HERE;
    if (bytes_is(type, "unavailable")) return CONTEXT_PRESENCE_GONE;
    return bytes_is(type, "error") ? CONTEXT_PRESENCE_ERROR : CONTEXT_PRESENCE_OTHER;
}

static sotto_bytes read_condition(const stanza_element *stanza) {
    const stanza_element *error = stanza_child(stanza, "error", STANZA_NS_CLIENT);
    for (const stanza_element *child = stanza_first(error); child != NULL; child = stanza_next(error, child))
        if (bytes_is(child->ns, NS_STANZAS) && !bytes_is(child->name, "text")) return child->name;
    return BYTES_NONE;
}

static sotto_status read_item(const stanza_element *item, bytes_arena *arena, context_room_presence *ret) {
    if (!read_affiliation(item, &ret->affiliation)) return SOTTO_FAIL(MALFORMED);
    ret->has_real = stanza_attribute_of(item, "jid").at != NULL;
    if (ret->has_real) SOTTO_TRY(read_jid(item, "jid", arena, &ret->real));
    if ((ret->status & CONTEXT_ROOM_NICK_CHANGED) == 0 || ret->kind != CONTEXT_PRESENCE_GONE) return SOTTO_OK;
    /* Prepared as the resource it will be. */
    sotto_bytes nick = stanza_attribute_of(item, "nick");
    ret->new_nick = nick;
    return nick.len > 0 ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

sotto_status context_room_presence_read(const stanza_element *presence, bytes_arena *arena,
                                        context_room_presence *ret) {
    const stanza_element *user, *item;
    context_room_presence read = {.kind = kind_of(presence), .affiliation = CONTEXT_NONE};
    if (read.kind == CONTEXT_PRESENCE_ERROR) { /* it repeats what was sent: only why matters */
        read.condition = read_condition(presence);
        *ret = read;
        return SOTTO_OK;
    }
    SOTTO_TRY(find_user(presence, &user, &item));
    read.from_room = user != NULL;
    read.status = read_status(user);
    if (!context_room_occupant_id(presence, &read.occupant_id)) return SOTTO_FAIL(MALFORMED);
    bool renamed = (read.status & CONTEXT_ROOM_NICK_CHANGED) != 0 && read.kind == CONTEXT_PRESENCE_GONE;
    if (item == NULL && renamed) return SOTTO_FAIL(MALFORMED);
    if (item != NULL) SOTTO_TRY(read_item(item, arena, &read));
    *ret = read;
    return SOTTO_OK;
}

/* ---- messages of the room ---- */

sotto_status context_room_notice_read(const stanza_element *message, bytes_arena *arena, context_room_notice *ret) {
    const stanza_element *user, *item;
    context_room_notice read = {.affiliation = CONTEXT_NONE};
    SOTTO_TRY(find_user(message, &user, &item));
    read.status = read_status(user);
    if (item != NULL && stanza_attribute_of(item, "jid").at != NULL) {
        read.has_item = true;
        if (!read_affiliation(item, &read.affiliation)) return SOTTO_FAIL(MALFORMED);
        SOTTO_TRY(read_jid(item, "jid", arena, &read.real));
    }
    *ret = read;
    return SOTTO_OK;
}

/* ---- answers ---- */

sotto_status context_room_info_read(const stanza_element *iq, context_room_info *ret) {
    const stanza_element *query = stanza_only_child(iq, "query", NS_INFO, NULL);
    context_room_info info = {0};
    bool is_room = false, open = false, hides_jids = false;
    for (const stanza_element *child = stanza_first(query); child != NULL; child = stanza_next(query, child)) {
        if (!stanza_is(child, "feature", NS_INFO)) continue;
        sotto_bytes var = stanza_attribute_of(child, "var");
        is_room = is_room || bytes_is(var, CONTEXT_NS_ROOM);
        info.members_only = info.members_only || bytes_is(var, "muc_membersonly");
        open = open || bytes_is(var, "muc_open");
        info.shows_jids = info.shows_jids || bytes_is(var, "muc_nonanonymous");
        hides_jids = hides_jids || bytes_is(var, "muc_semianonymous") || bytes_is(var, "muc_anonymous") ||
                     bytes_is(var, "muc_fullyanonymous");
        info.persistent = info.persistent || bytes_is(var, "muc_persistent");
        info.occupant_ids = info.occupant_ids || bytes_is(var, NS_OCCUPANT_ID);
        info.archive = info.archive || bytes_is(var, NS_ARCHIVE);
    }
    if (!is_room) return SOTTO_FAIL(MALFORMED);
    info.members_only = info.members_only && !open;
    info.shows_jids = info.shows_jids && !hides_jids;
    *ret = info;
    return SOTTO_OK;
}

sotto_status context_room_list_read(const stanza_element *iq, context_affiliation affiliation, bytes_arena *arena,
                                    context_room_member_visit *visit, void *arg) {
    const stanza_element *query = stanza_only_child(iq, "query", CONTEXT_NS_ROOM_ADMIN, NULL);
    if (query == NULL) return SOTTO_FAIL(MALFORMED);
    for (const stanza_element *item = stanza_first(query); item != NULL; item = stanza_next(query, item)) {
        context_affiliation found;
        stanza_jid jid;
        if (!stanza_is(item, "item", CONTEXT_NS_ROOM_ADMIN)) continue;
        if (!read_affiliation(item, &found) || found != affiliation) return SOTTO_FAIL(MALFORMED);
        SOTTO_TRY(read_jid(item, "jid", arena, &jid));
        SOTTO_TRY(visit(arg, jid.bare));
    }
    return SOTTO_OK;
}

/* ---- invitations ---- */

/* A JID that may be left out, and is no reason to fail. */
static sotto_status maybe_jid(sotto_bytes text, bytes_arena *arena, stanza_jid *ret, bool *ret_is) {
    *ret_is = false;
    if (text.len == 0) return SOTTO_OK;
    sotto_status status = stanza_jid_parse(arena, text, ret);
    if (sotto_is(status, SOTTO_E_BAD_JID)) return SOTTO_OK;
    *ret_is = sotto_ok(status);
    return status;
}

static bool is_room_jid(const stanza_jid *jid) {
    return jid->local.len > 0 && jid->resource.len == 0;
}

static sotto_status read_mediated(const stanza_element *invite, const stanza_jid *from, bytes_arena *arena,
                                  context_room_invitation *ret, bool *ret_is) {
    stanza_jid who;
    bool named;
    if (from == NULL || !is_room_jid(from)) return SOTTO_OK;
    SOTTO_TRY(maybe_jid(stanza_attribute_of(invite, "from"), arena, &who, &named));
    *ret = (context_room_invitation){.room = from->bare, .from = named ? who.bare : BYTES_NONE};
    const stanza_element *reason = stanza_only_child(invite, "reason", CONTEXT_NS_ROOM_USER, NULL);
    if (reason != NULL && !stanza_text(reason, arena, &ret->reason)) return SOTTO_FAIL(NO_MEMORY);
    *ret_is = true;
    return SOTTO_OK;
}

sotto_status context_room_invitation_read(const stanza_element *message, const stanza_jid *from, bytes_arena *arena,
                                          context_room_invitation *ret, bool *ret_is) {
    *ret_is = false;
    if (bytes_is(stanza_attribute_of(message, "type"), "error")) return SOTTO_OK;
    const stanza_element *user = stanza_only_child(message, "x", CONTEXT_NS_ROOM_USER, NULL);
    const stanza_element *invite = stanza_only_child(user, "invite", CONTEXT_NS_ROOM_USER, NULL);
    if (invite != NULL) return read_mediated(invite, from, arena, ret, ret_is);
    const stanza_element *direct = stanza_only_child(message, "x", NS_INVITATION, NULL);
    stanza_jid room;
    bool is;
    if (direct == NULL || from == NULL) return SOTTO_OK;
    SOTTO_TRY(maybe_jid(stanza_attribute_of(direct, "jid"), arena, &room, &is));
    if (!is || !is_room_jid(&room)) return SOTTO_OK;
    *ret = (context_room_invitation){room.bare, from->bare, stanza_attribute_of(direct, "reason")};
    *ret_is = true;
    return SOTTO_OK;
}
