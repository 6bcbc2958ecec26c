/* SPDX-License-Identifier: ISC
 *
 * context/room.h: what is read of a room is in what it said, exactly once; what cannot be believed of both is read as
 * the worse (T31, T35, T36). */
#include "context/room.h"

#include "senders.h"

static size_t count_of(const stanza_element *parent, const char *name, const char *ns) {
    size_t count = 0;
    for (const stanza_element *child = stanza_first(parent); child; child = stanza_next(parent, child))
        if (stanza_is(child, name, ns)) count++;
    return count;
}

static void check_presence(fuzz_sent *sent) {
    context_room_presence p = {.affiliation = CONTEXT_OWNER, .status = 77};
    sotto_status status = context_room_presence_read(sent->stanza, &sent->arena, &p);
    if (!sotto_ok(status)) {
        MUST(sotto_is(status, SOTTO_E_MALFORMED));
        MUST(p.affiliation == CONTEXT_OWNER && p.status == 77);
        return;
    }
    if (p.kind == CONTEXT_PRESENCE_ERROR) {
        MUST(!p.from_room && !p.has_real && p.status == 0);
        return;
    }
    const stanza_element *user = stanza_child(sent->stanza, "x", CONTEXT_NS_ROOM_USER);
    MUST(p.from_room == (user != NULL));
    MUST(count_of(sent->stanza, "x", CONTEXT_NS_ROOM_USER) <= 1 && count_of(user, "item", CONTEXT_NS_ROOM_USER) <= 1);
    const stanza_element *item = stanza_child(user, "item", CONTEXT_NS_ROOM_USER);
    MUST(p.has_real == (stanza_attribute_of(item, "jid").at != NULL));
    MUST(!p.has_real || p.real.bare.len > 0);
    sotto_bytes affiliation = stanza_attribute_of(item, "affiliation");
    MUST(affiliation.at ? bytes_is(affiliation, context_affiliation_name(p.affiliation))
                        : p.affiliation == CONTEXT_NONE);
    MUST(p.status == 0 || count_of(user, "status", CONTEXT_NS_ROOM_USER) > 0);
    MUST(p.occupant_id.len == 0 || count_of(sent->stanza, "occupant-id", "urn:xmpp:occupant-id:0") == 1);
    MUST(p.new_nick.len == 0 || ((p.status & CONTEXT_ROOM_NICK_CHANGED) && p.kind == CONTEXT_PRESENCE_GONE));
    (void)fuzz_touch(p.new_nick);
    (void)fuzz_touch(p.occupant_id);
}

static void check_notice(fuzz_sent *sent) {
    context_room_notice n = {0};
    sotto_status status = context_room_notice_read(sent->stanza, &sent->arena, &n);
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_MALFORMED));
    MUST(!n.has_item || n.real.bare.len > 0);
    MUST(n.status == 0 || count_of(sent->stanza, "x", CONTEXT_NS_ROOM_USER) == 1);
}

static bool says(const stanza_element *query, const char *var) {
    for (const stanza_element *child = stanza_first(query); child; child = stanza_next(query, child))
        if (bytes_is(child->name, "feature") && bytes_is(stanza_attribute_of(child, "var"), var)) return true;
    return false;
}

static void check_info(fuzz_sent *sent) {
    context_room_info info;
    if (!sotto_ok(context_room_info_read(sent->stanza, &info))) return;
    const stanza_element *query = stanza_child(sent->stanza, "query", "http://jabber.org/protocol/disco#info");
    MUST(says(query, CONTEXT_NS_ROOM));
    MUST(!info.members_only || (says(query, "muc_membersonly") && !says(query, "muc_open")));
    MUST(!info.shows_jids || says(query, "muc_nonanonymous"));
}

typedef struct listing {
    size_t count;
} listing;

static sotto_status count_member(void *arg, sotto_bytes jid) {
    listing *l = arg;
    MUST(jid.len > 0 && !memchr(jid.at, '/', jid.len));
    l->count++;
    return SOTTO_OK;
}

static void check_list(fuzz_sent *sent) {
    for (unsigned i = CONTEXT_OUTCAST; i <= CONTEXT_OWNER; i++) {
        listing l = {0};
        sotto_status status =
            context_room_list_read(sent->stanza, (context_affiliation)i, &sent->arena, count_member, &l);
        MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_MALFORMED));
        const stanza_element *query = stanza_child(sent->stanza, "query", CONTEXT_NS_ROOM_ADMIN);
        if (sotto_ok(status)) MUST(query && l.count == count_of(query, "item", CONTEXT_NS_ROOM_ADMIN));
    }
}

static void check_invitation(fuzz_sent *sent) {
    context_room_invitation invitation = {0};
    bool is;
    MUST_OK(context_room_invitation_read(sent->stanza, fuzz_sent_from(sent), &sent->arena, &invitation, &is));
    MUST(is == (invitation.room.len > 0));
    MUST(!is || (memchr(invitation.room.at, '@', invitation.room.len) && sent->has_from));
    (void)fuzz_touch(invitation.reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_sent sent;
    fuzz_sent_start(&sent, data, size);
    if (sent.stanza) {
        check_presence(&sent);
        check_notice(&sent);
        check_info(&sent);
        check_list(&sent);
        check_invitation(&sent);
    }
    fuzz_sent_end(&sent);
    return 0;
}
