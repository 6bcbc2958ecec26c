/* SPDX-License-Identifier: ISC
 *
 * Rooms and who is in them: presence. */
#include "bytes/memory.h"
#include "lab/server/room_inside.h"

static const lab_error forbidden = {"auth", "forbidden", NULL};
static const lab_error registration = {"auth", "registration-required", NULL};
static const lab_error conflict = {"cancel", "conflict", NULL};
static const lab_error no_nick = {"modify", "jid-malformed", NULL};
static const lab_error full_up = {"wait", "service-unavailable", NULL};

/* ---- tables ---- */

bool lab_room_is(const lab_server *server, sotto_bytes domain) {
    size_t len = sizeof LAB_ROOM_DOMAIN - 1;
    return bytes_starts_with(domain, BYTES_LITERAL(LAB_ROOM_DOMAIN)) &&
           bytes_equal(bytes_after(domain, len), server->domain);
}

lab_room *lab_room_find(const lab_server *server, sotto_bytes bare) {
    lab_room *room = server->rooms;
    while (room && !bytes_equal(room->jid, bare)) room = room->next;
    return room;
}

static lab_member *member_find(const lab_room *room, sotto_bytes bare) {
    lab_member *member = room->members;
    while (member && !bytes_equal(member->jid, bare)) member = member->next;
    return member;
}

lab_affiliation lab_room_affiliation(const lab_room *room, sotto_bytes bare) {
    const lab_member *member = member_find(room, bare);
    return member ? member->affiliation : LAB_NONE;
}

static const char *const names[] = {[LAB_OUTCAST] = "outcast",
                                    [LAB_NONE] = "none",
                                    [LAB_MEMBER] = "member",
                                    [LAB_ADMIN] = "admin",
                                    [LAB_OWNER] = "owner"};

const char *lab_affiliation_name(lab_affiliation affiliation) {
    return names[affiliation];
}

bool lab_affiliation_read(sotto_bytes text, lab_affiliation *ret) {
    for (unsigned i = LAB_OUTCAST; i <= LAB_OWNER; i++) {
        if (!bytes_is(text, names[i])) continue;
        *ret = (lab_affiliation)i;
        return true;
    }
    return false;
}

lab_occupant *lab_room_by_nick(const lab_room *room, sotto_bytes nick) {
    lab_occupant *at = room->occupants;
    while (at && !bytes_equal(at->nick, nick)) at = at->next;
    return at;
}

lab_occupant *lab_room_by_jid(const lab_room *room, sotto_bytes full) {
    lab_occupant *at = room->occupants;
    while (at && !bytes_equal(at->jid, full)) at = at->next;
    return at;
}

static void occupant_free(lab_server *server, lab_occupant *occupant) {
    lab_let_go(server, &occupant->jid);
    lab_let_go(server, &occupant->bare);
    lab_let_go(server, &occupant->nick);
    bytes_free(server->host, occupant, sizeof *occupant);
}

static void occupant_unlink(lab_server *server, lab_room *room, lab_occupant *occupant) {
    lab_occupant **at = &room->occupants;
    while (*at && *at != occupant) at = &(*at)->next;
    if (!*at) return;
    *at = occupant->next;
    room->occupant_count--;
    occupant_free(server, occupant);
}

static void room_free(lab_server *server, lab_room *room) {
    while (room->occupants) occupant_unlink(server, room, room->occupants);
    while (room->members) {
        lab_member *member = room->members;
        room->members = member->next;
        lab_let_go(server, &member->jid);
        bytes_free(server->host, member, sizeof *member);
    }
    lab_let_go(server, &room->jid);
    bytes_free(server->host, room, sizeof *room);
}

void lab_room_free_all(lab_server *server) {
    while (server->rooms) {
        lab_room *room = server->rooms;
        server->rooms = room->next;
        room_free(server, room);
    }
}

static size_t room_count(const lab_server *server) {
    size_t count = 0;
    for (const lab_room *room = server->rooms; room; room = room->next) count++;
    return count;
}

static sotto_status room_new(lab_server *server, sotto_bytes bare, bool members_only, bool shows_jids, lab_room **ret) {
    if (room_count(server) >= LAB_ROOMS_MAX) return SOTTO_FAIL(TOO_LARGE);
    lab_room *room = bytes_new(server->host, sizeof *room);
    if (!room) return SOTTO_FAIL(NO_MEMORY);
    room->members_only = members_only;
    room->shows_jids = shows_jids;
    sotto_status status = lab_keep(server, bare, &room->jid);
    if (!sotto_ok(status)) {
        room_free(server, room);
        return status;
    }
    lab_room **at = &server->rooms;
    while (*at) at = &(*at)->next;
    *at = room;
    *ret = room;
    return SOTTO_OK;
}

static sotto_status member_put(lab_server *server, lab_room *room, sotto_bytes bare, lab_affiliation affiliation) {
    lab_member *member = member_find(room, bare);
    if (member) {
        member->affiliation = affiliation;
        return SOTTO_OK;
    }
    member = bytes_new(server->host, sizeof *member);
    if (!member) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = lab_keep(server, bare, &member->jid);
    if (!sotto_ok(status)) {
        bytes_free(server->host, member, sizeof *member);
        return status;
    }
    member->affiliation = affiliation;
    lab_member **at = &room->members;
    while (*at) at = &(*at)->next;
    *at = member;
    return SOTTO_OK;
}

static sotto_status occupant_new(lab_server *server, lab_room *room, sotto_bytes full, sotto_bytes bare,
                                 sotto_bytes nick, lab_occupant **ret) {
    lab_occupant *occupant = bytes_new(server->host, sizeof *occupant);
    if (!occupant) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = lab_keep(server, full, &occupant->jid);
    if (sotto_ok(status)) status = lab_keep(server, bare, &occupant->bare);
    if (sotto_ok(status)) status = lab_keep(server, nick, &occupant->nick);
    if (!sotto_ok(status)) {
        occupant_free(server, occupant);
        return status;
    }
    lab_occupant **at = &room->occupants;
    while (*at) at = &(*at)->next;
    *at = occupant;
    room->occupant_count++;
    *ret = occupant;
    return SOTTO_OK;
}

/* ---- saying ---- */

sotto_status lab_room_say(lab_draft *draft, sotto_bytes full) {
    lab_session *session = lab_session_find(draft->server, full);
    return lab_draft_say(draft, session);
}

/* What the presence of an occupant says, to one of the others. */
typedef struct showing {
    const lab_room *room;
    const lab_occupant *whose;
    bool gone;
    sotto_bytes new_nick;           /* 303 */
    const char *codes[4];           /* ended by NULL */
    const stanza_element *presence; /* what the client itself wrote; NULL: nothing */
} showing;

static void write_address(lab_draft *draft, const char *name, sotto_bytes bare, sotto_bytes nick) {
    uint8_t at[SOTTO_JID_BYTES_MAX];
    bytes_buffer text;
    sotto_bytes address;
    bytes_buffer_borrowed(&text, at, sizeof at);
    bytes_buffer_put(&text, bare);
    if (nick.len > 0) bytes_buffer_u8(&text, '/');
    bytes_buffer_put(&text, nick);
    if (sotto_ok(bytes_buffer_end(&text, &address))) stanza_put(&draft->w, name, address);
}

static void write_item(lab_draft *draft, const showing *s, bool shows_jid) {
    lab_affiliation affiliation = lab_room_affiliation(s->room, s->whose->bare);
    const char *role = s->gone ? "none" : affiliation >= LAB_ADMIN ? "moderator" : "participant";
    stanza_open(&draft->w, "item", LAB_NS_ROOM_USER);
    stanza_put_text(&draft->w, "affiliation", names[affiliation]);
    stanza_put_text(&draft->w, "role", role);
    if (shows_jid) stanza_put(&draft->w, "jid", s->whose->jid);
    if (s->new_nick.len > 0) stanza_put(&draft->w, "nick", s->new_nick);
    stanza_close(&draft->w);
}

static void write_code(lab_draft *draft, const char *code) {
    stanza_open(&draft->w, "status", LAB_NS_ROOM_USER);
    stanza_put_text(&draft->w, "code", code);
    stanza_close(&draft->w);
}

void lab_room_write_id(lab_draft *draft, const lab_room *room, sotto_bytes bare) {
    char text[32];
    uint64_t sum = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < room->jid.len + bare.len; i++) {
        sum ^= i < room->jid.len ? room->jid.at[i] : bare.at[i - room->jid.len];
        sum *= 1099511628211u;
    }
    for (unsigned i = 0; i < 16; i++) text[i] = "0123456789abcdef"[sum >> (60 - 4 * i) & 15];
    stanza_open(&draft->w, "occupant-id", LAB_NS_OCCUPANT);
    stanza_put(&draft->w, "id", bytes_of(text, 16));
    stanza_close(&draft->w);
}

static sotto_status show_to(lab_server *server, const showing *s, const lab_occupant *viewer) {
    lab_draft draft;
    bool self = bytes_equal(viewer->bare, s->whose->bare) && bytes_equal(viewer->nick, s->whose->nick);
    bool sees = s->room->shows_jids || lab_room_affiliation(s->room, viewer->bare) >= LAB_ADMIN;
    lab_draft_begin(&draft, server);
    stanza_open(&draft.w, "presence", STANZA_NS_CLIENT);
    write_address(&draft, "from", s->room->jid, s->whose->nick);
    stanza_put(&draft.w, "to", viewer->jid);
    if (s->gone) stanza_put_text(&draft.w, "type", "unavailable");
    for (const stanza_element *child = stanza_first(s->presence); child; child = stanza_next(s->presence, child))
        if (!bytes_starts_with(child->ns, BYTES_LITERAL(LAB_NS_ROOM)) && !bytes_is(child->ns, LAB_NS_OCCUPANT))
            stanza_copy(&draft.w, child);
    lab_room_write_id(&draft, s->room, s->whose->bare);
    stanza_open(&draft.w, "x", LAB_NS_ROOM_USER);
    write_item(&draft, s, sees && !(s->room->lies & LAB_ROOM_NO_ITEM));
    if (self) write_code(&draft, "110");
    if (self && s->room->shows_jids && !s->gone) write_code(&draft, "100");
    for (size_t i = 0; i < 4 && s->codes[i]; i++) write_code(&draft, s->codes[i]);
    return lab_room_say(&draft, viewer->jid);
}

static sotto_status show_to_all(lab_server *server, const showing *s) {
    for (const lab_occupant *at = s->room->occupants; at; at = at->next) SOTTO_TRY(show_to(server, s, at));
    return SOTTO_OK;
}

/* ---- leaving ---- */

static sotto_status leave(lab_server *server, lab_room *room, lab_occupant *occupant, const char *code,
                          const stanza_element *presence) {
    showing s = {.room = room, .whose = occupant, .gone = true, .codes = {code}, .presence = presence};
    bool others = false;
    for (const lab_occupant *at = room->occupants; at; at = at->next)
        others = others || (at != occupant && bytes_equal(at->nick, occupant->nick));
    /* Another device with the same nick stays: only this one is told. */
    sotto_status status = others ? show_to(server, &s, occupant) : show_to_all(server, &s);
    occupant_unlink(server, room, occupant);
    return status;
}

/* Everybody who is not allowed to be in it any more. */
static sotto_status sweep(lab_server *server, lab_room *room, const char *code) {
    lab_occupant *next = NULL;
    for (lab_occupant *at = room->occupants; at; at = next) {
        next = at->next;
        lab_affiliation affiliation = lab_room_affiliation(room, at->bare);
        if (affiliation == LAB_OUTCAST)
            SOTTO_TRY(leave(server, room, at, "301", NULL));
        else if (room->members_only && affiliation < LAB_MEMBER)
            SOTTO_TRY(leave(server, room, at, code, NULL));
    }
    return SOTTO_OK;
}

/* ---- entering ---- */

static sotto_status show_room(lab_server *server, const lab_room *room, const lab_occupant *to) {
    for (const lab_occupant *at = room->occupants; at; at = at->next) {
        bool same = bytes_equal(at->nick, to->nick), shown = false;
        for (const lab_occupant *before = room->occupants; before != at; before = before->next)
            shown = shown || bytes_equal(before->nick, at->nick);
        if (!same && !shown) SOTTO_TRY(show_to(server, &(showing){.room = room, .whose = at}, to));
    }
    return SOTTO_OK;
}

static sotto_status say_subject(lab_server *server, const lab_room *room, const lab_occupant *to) {
    lab_draft draft;
    lab_draft_begin(&draft, server);
    stanza_open(&draft.w, "message", STANZA_NS_CLIENT);
    stanza_put(&draft.w, "from", room->jid);
    stanza_put(&draft.w, "to", to->jid);
    stanza_put_text(&draft.w, "type", "groupchat");
    stanza_leaf(&draft.w, "subject", STANZA_NS_CLIENT, BYTES_NONE);
    return lab_room_say(&draft, to->jid);
}

static sotto_status enter(lab_server *server, lab_room *room, const stanza_element *presence, const stanza_jid *from,
                          sotto_bytes nick, bool created) {
    const lab_occupant *holder = lab_room_by_nick(room, nick);
    lab_affiliation affiliation = lab_room_affiliation(room, from->bare);
    lab_occupant *occupant = NULL;
    if (affiliation == LAB_OUTCAST) return lab_bounce(server, presence, forbidden);
    if (room->members_only && affiliation < LAB_MEMBER) return lab_bounce(server, presence, registration);
    if (holder && !bytes_equal(holder->bare, from->bare)) return lab_bounce(server, presence, conflict);
    if (room->occupant_count >= LAB_OCCUPANTS_MAX) return lab_bounce(server, presence, full_up);
    SOTTO_TRY(occupant_new(server, room, from->full, from->bare, nick, &occupant));
    SOTTO_TRY(show_room(server, room, occupant));
    showing s = {.room = room, .whose = occupant, .codes = {created ? "201" : NULL}, .presence = presence};
    for (const lab_occupant *at = room->occupants; at; at = at->next)
        if (at != occupant) SOTTO_TRY(show_to(server, &s, at));
    SOTTO_TRY(show_to(server, &s, occupant)); /* section 7.2.2: the own one comes last */
    return say_subject(server, room, occupant);
}

static sotto_status rename(lab_server *server, lab_room *room, lab_occupant *occupant, sotto_bytes nick,
                           const stanza_element *presence) {
    const lab_occupant *holder = lab_room_by_nick(room, nick);
    if (holder && !bytes_equal(holder->bare, occupant->bare)) return lab_bounce(server, presence, conflict);
    showing old = {.room = room, .whose = occupant, .gone = true, .new_nick = nick, .codes = {"303"}};
    SOTTO_TRY(show_to_all(server, &old));
    SOTTO_TRY(lab_keep(server, nick, &occupant->nick));
    return show_to_all(server, &(showing){.room = room, .whose = occupant, .presence = presence});
}

static sotto_status take_available(lab_server *server, const stanza_element *presence, const stanza_jid *from,
                                   const stanza_jid *to) {
    lab_room *room = lab_room_find(server, to->bare);
    lab_occupant *occupant = room ? lab_room_by_jid(room, from->full) : NULL;
    bool joins = stanza_child(presence, "x", LAB_NS_ROOM) != NULL, created = room == NULL;
    if (to->resource.len == 0) return lab_bounce(server, presence, no_nick);
    if (occupant && joins) { /* section 7.2.1: as if it had come anew, because it may not know that it is here */
        occupant_unlink(server, room, occupant);
        occupant = NULL;
    }
    if (occupant && !bytes_equal(occupant->nick, to->resource))
        return rename(server, room, occupant, to->resource, presence);
    if (occupant) return show_to_all(server, &(showing){.room = room, .whose = occupant, .presence = presence});
    if (!joins) return lab_bounce(server, presence, (lab_error){"cancel", "not-acceptable", NULL});
    if (created) {
        if (room_count(server) >= LAB_ROOMS_MAX) return lab_bounce(server, presence, full_up);
        SOTTO_TRY(room_new(server, to->bare, false, false, &room));
        SOTTO_TRY(member_put(server, room, from->bare, LAB_OWNER));
    }
    return enter(server, room, presence, from, to->resource, created);
}

sotto_status lab_room_presence(lab_server *server, const stanza_element *presence, const stanza_jid *to) {
    stanza_jid from;
    SOTTO_TRY(stanza_jid_parse(&server->arena, stanza_attribute_of(presence, "from"), &from));
    if (!stanza_attribute_of(presence, "type").at) return take_available(server, presence, &from, to);
    if (!lab_type_is(presence, "unavailable")) return SOTTO_OK;
    lab_room *room = lab_room_find(server, to->bare);
    lab_occupant *occupant = room ? lab_room_by_jid(room, from.full) : NULL;
    return occupant ? leave(server, room, occupant, NULL, presence) : SOTTO_OK;
}

/* ---- changes ---- */

/* Section 9: somebody who is not there is told of by a message of the room. */
static sotto_status tell_absent(lab_server *server, const lab_room *room, sotto_bytes bare,
                                lab_affiliation affiliation) {
    for (const lab_occupant *at = room->occupants; at; at = at->next) {
        lab_draft draft;
        lab_draft_begin(&draft, server);
        stanza_open(&draft.w, "message", STANZA_NS_CLIENT);
        stanza_put(&draft.w, "from", room->jid);
        stanza_put(&draft.w, "to", at->jid);
        stanza_open(&draft.w, "x", LAB_NS_ROOM_USER);
        stanza_open(&draft.w, "item", LAB_NS_ROOM_USER);
        stanza_put_text(&draft.w, "affiliation", names[affiliation]);
        stanza_put(&draft.w, "jid", bare);
        stanza_put_text(&draft.w, "role", "none");
        SOTTO_TRY(lab_room_say(&draft, at->jid));
    }
    return SOTTO_OK;
}

sotto_status lab_room_set(lab_server *server, lab_room *room, sotto_bytes bare, lab_affiliation affiliation) {
    bool here = false;
    SOTTO_TRY(member_put(server, room, bare, affiliation));
    if (affiliation == LAB_OUTCAST || (room->members_only && affiliation < LAB_MEMBER)) {
        for (const lab_occupant *at = room->occupants; at; at = at->next) here = here || bytes_equal(at->bare, bare);
        return here ? sweep(server, room, "321") : tell_absent(server, room, bare, affiliation);
    }
    for (const lab_occupant *at = room->occupants; at; at = at->next) {
        if (!bytes_equal(at->bare, bare)) continue;
        here = true;
        SOTTO_TRY(show_to_all(server, &(showing){.room = room, .whose = at}));
    }
    return here ? SOTTO_OK : tell_absent(server, room, bare, affiliation);
}

static sotto_status tell_configured(lab_server *server, const lab_room *room, const char *also) {
    for (const lab_occupant *at = room->occupants; at; at = at->next) {
        lab_draft draft;
        lab_draft_begin(&draft, server);
        stanza_open(&draft.w, "message", STANZA_NS_CLIENT);
        stanza_put(&draft.w, "from", room->jid);
        stanza_put(&draft.w, "to", at->jid);
        stanza_put_text(&draft.w, "type", "groupchat");
        stanza_open(&draft.w, "x", LAB_NS_ROOM_USER);
        write_code(&draft, "104");
        if (also) write_code(&draft, also);
        SOTTO_TRY(lab_room_say(&draft, at->jid));
    }
    return SOTTO_OK;
}

sotto_status lab_room_reconfigure(lab_server *server, lab_room *room, bool members_only, bool shows_jids) {
    const char *also = room->shows_jids == shows_jids ? NULL : shows_jids ? "172" : "173";
    room->members_only = members_only;
    room->shows_jids = shows_jids;
    if (!(room->lies & LAB_ROOM_SAYS_NOTHING)) SOTTO_TRY(tell_configured(server, room, also));
    return sweep(server, room, "322");
}

/* ---- from outside ---- */

static sotto_status room_jid(lab_server *server, const char *local, stanza_jid *ret) {
    lab_draft draft;
    sotto_bytes text = BYTES_NONE;
    lab_draft_begin(&draft, server);
    bytes_buffer_text(&draft.out, local);
    bytes_buffer_text(&draft.out, "@" LAB_ROOM_DOMAIN);
    bytes_buffer_put(&draft.out, server->domain);
    sotto_status status = lab_draft_end(&draft, &text);
    if (sotto_ok(status)) status = stanza_jid_parse(&server->arena, text, ret);
    lab_draft_free(&draft);
    return status;
}

sotto_status lab_server_room(lab_server *server, const char *local, bool members_only, bool shows_jids) {
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    stanza_jid jid;
    lab_room *room = NULL;
    sotto_status status = room_jid(server, local, &jid);
    if (sotto_ok(status) && lab_room_find(server, jid.bare)) status = SOTTO_FAIL(STATE);
    if (sotto_ok(status)) status = room_new(server, jid.bare, members_only, shows_jids, &room);
    bytes_arena_back(&server->arena, mark);
    return status;
}

static sotto_status room_of(lab_server *server, const char *local, lab_room **ret) {
    stanza_jid jid;
    SOTTO_TRY(room_jid(server, local, &jid));
    *ret = lab_room_find(server, jid.bare);
    return *ret ? SOTTO_OK : SOTTO_FAIL(NOT_FOUND);
}

sotto_status lab_server_room_configure(lab_server *server, const char *local, bool members_only, bool shows_jids) {
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    lab_room *room = NULL;
    sotto_status status = room_of(server, local, &room);
    if (sotto_ok(status)) status = lab_room_reconfigure(server, room, members_only, shows_jids);
    bytes_arena_back(&server->arena, mark);
    return status;
}

sotto_status lab_server_room_affiliate(lab_server *server, const char *local, const char *jid,
                                       const char *affiliation) {
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    lab_room *room = NULL;
    lab_affiliation read;
    stanza_jid whose;
    sotto_status status = room_of(server, local, &room);
    if (sotto_ok(status)) status = stanza_jid_parse(&server->arena, bytes_text(jid), &whose);
    if (sotto_ok(status) && !lab_affiliation_read(bytes_text(affiliation), &read)) status = SOTTO_FAIL(USAGE);
    if (sotto_ok(status)) status = lab_room_set(server, room, whose.bare, read);
    bytes_arena_back(&server->arena, mark);
    return status;
}

sotto_status lab_server_room_kick(lab_server *server, const char *local, const char *nick) {
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    lab_room *room = NULL;
    sotto_status status = room_of(server, local, &room);
    lab_occupant *occupant = room ? lab_room_by_nick(room, bytes_text(nick)) : NULL;
    if (sotto_ok(status)) status = occupant ? leave(server, room, occupant, "307", NULL) : SOTTO_FAIL(NOT_FOUND);
    bytes_arena_back(&server->arena, mark);
    return status;
}

sotto_status lab_server_room_lie(lab_server *server, const char *local, unsigned lies) {
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    lab_room *room = NULL;
    sotto_status status = room_of(server, local, &room);
    if (room) room->lies = lies;
    bytes_arena_back(&server->arena, mark);
    return status;
}
