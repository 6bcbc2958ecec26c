/* SPDX-License-Identifier: ISC
 *
 * A room, its server and archives as moves of the engine's target: the room is entered as it should be, or says
 * anything; what was said comes live, out of an archive, or both, under whatever nick. */
#include "engine_play.h"

#define NS_ARCHIVE "urn:xmpp:mam:2"
#define NS_ROOM    "http://jabber.org/protocol/muc"
#define NS_USER    NS_ROOM "#user"

static const char *nick_of(play *p) {
    static const char *const others[] = {"mallory", "juliet_", "x y", ""};
    uint8_t choice = fuzz_u8(&p->in);
    return choice < 160 ? world_nick[choice & 1] : others[choice & 3];
}

static void put_from(play *p, const char *name, const char *nick) {
    play_put(p, "<");
    play_put(p, name);
    play_put(p, " from='" WORLD_ROOM);
    if (*nick) play_put(p, "/");
    play_put(p, nick);
    play_put(p, "'");
}

/* ---- presence ---- */

static void put_presence(play *p, uint8_t account, bool self) {
    put_from(p, "presence", world_nick[account]);
    play_put(p, "><x xmlns='" NS_USER "'><item affiliation='");
    play_put(p, account == 0 ? "owner' role='moderator' jid='" : "member' role='participant' jid='");
    play_put(p, world_full[account]);
    play_put(p, "'/>");
    if (self) play_put(p, "<status code='100'/><status code='110'/>");
    play_put(p, "</x><occupant-id xmlns='urn:xmpp:occupant-id:0' id='");
    play_put(p, world_nick[account]);
    play_put(p, "'/></presence>");
}

static void join(world_device *d) {
    sotto_input input = {.kind = SOTTO_INPUT_JOIN, .jid = BYTES_LITERAL(WORLD_ROOM)};
    (void)world_step(d, &input, 0, false);
}

/* As it should be: who is there, then we ourselves, then what is asked is answered. */
static void enter(play *p, world_device *d) {
    if (!d->online) return;
    join(d);
    (void)world_commit(d, false);
    put_presence(p, 1 - d->account, false);
    play_send(p, d, 0, false);
    put_presence(p, d->account, true);
    play_send(p, d, 0, false);
    (void)world_commit(d, false);
    play_answer_all(p, d);
}

static void wish(play *p, world_device *d) {
    uint8_t choice = fuzz_u8(&p->in);
    sotto_input input = {.kind = choice & 1 ? SOTTO_INPUT_JOIN : SOTTO_INPUT_PART};
    if ((choice & 6) != 6) input.jid = BYTES_LITERAL(WORLD_ROOM);
    if (choice & 8) input.nick = bytes_text(nick_of(p));
    if (choice > 250) input.jid = bytes_text(play_someone(p, d));
    (void)world_step(d, &input, 0, (choice & 16) != 0);
}

/* Anything that a presence of a room may say. */
static void presence(play *p, world_device *d) {
    static const char *const types[] = {"", " type='unavailable'", " type='error'", " type='subscribe'"};
    static const char *const affiliations[] = {"owner", "admin", "member", "none", "outcast", "duke"};
    static const char *const codes[] = {"110", "100", "303", "307", "301", "332", "173", "104"};
    static const char *const conditions[] = {"conflict", "registration-required", "forbidden", "service-unavailable"};
    uint8_t choice = fuzz_u8(&p->in), which = fuzz_u8(&p->in), said = fuzz_u8(&p->in);
    uint8_t type = choice & 3;
    put_from(p, "presence", nick_of(p));
    play_put(p, types[choice & 128 ? 0 : type]);
    play_put(p, "><x xmlns='" NS_USER "'>");
    for (int i = 0; i < (choice & 64 ? 2 : 1) && which < 240; i++) {
        play_put(p, "<item affiliation='");
        play_put(p, affiliations[which % 6]);
        play_put(p, "'");
        if (choice & 4) {
            play_put(p, " jid='");
            play_put(p, play_someone(p, d));
            play_put(p, "'");
        }
        if (choice & 8) {
            play_put(p, " nick='");
            play_put(p, nick_of(p));
            play_put(p, "'");
        }
        play_put(p, "/>");
    }
    for (unsigned i = 0; i < 8; i++) {
        if (!(said & 1u << i)) continue;
        play_put(p, "<status code='");
        play_put(p, codes[i]);
        play_put(p, "'/>");
    }
    if (which == 241) play_put(p, "<destroy/>");
    play_put(p, "</x>");
    if (choice & 16) {
        play_put(p, "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='");
        play_put(p, nick_of(p));
        play_put(p, "'/>");
    }
    if (type == 2) {
        play_put(p, "<error type='cancel'><");
        play_put(p, conditions[which & 3]);
        play_put(p, " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
    }
    play_put(p, "</presence>");
    if (choice & 32) play_change(p, 0);
    play_send(p, d, 0, true);
}

/* ---- messages ---- */

/* What the room says itself, and invitations of whomever. */
static void notice(play *p, world_device *d) {
    static const char *const codes[] = {"104", "172", "173", "174"};
    static const char *const affiliations[] = {"member", "none", "outcast", "owner"};
    uint8_t choice = fuzz_u8(&p->in);
    if (choice < 16) {
        play_put(p, "<message from='");
        play_put(p, play_someone(p, d));
        play_put(p, "'><x xmlns='jabber:x:conference' reason='why' jid='" WORLD_ROOM "'/></message>");
        play_send(p, d, 0, true);
        return;
    }
    put_from(p, "message", choice & 128 ? nick_of(p) : "");
    play_put(p, choice & 64 ? " type='error'>" : " type='groupchat'>");
    play_put(p, "<x xmlns='" NS_USER "'>");
    if (choice & 1) {
        play_put(p, "<status code='");
        play_put(p, codes[choice >> 1 & 3]);
        play_put(p, "'/>");
    }
    if (choice & 8) {
        play_put(p, "<item affiliation='");
        play_put(p, affiliations[choice >> 1 & 3]);
        play_put(p, "' jid='");
        play_put(p, play_someone(p, d));
        play_put(p, "'/>");
    }
    if (choice & 32) {
        play_put(p, "<invite from='");
        play_put(p, play_someone(p, d));
        play_put(p, "'><reason>why</reason></invite>");
    }
    play_put(p, "</x>");
    if (choice & 16) play_put(p, "<subject>s</subject>");
    play_put(p, "</message>");
    play_send(p, d, 0, true);
}

static void take_out(const play *p, const char *name, char *ret, size_t size) {
    const world_text text = {(char *)p->out.at, p->out.len};
    if (!play_attribute(&text, name, ret, size)) ret[0] = '\0';
}

/* A message that is under way, as if somebody else had said it, or somewhere else. */
static void say_as(play *p, world_device *d) {
    uint8_t choice = fuzz_u8(&p->in);
    const world_text *message = world_message(d, choice & 15);
    char from[128], what[160], with[160];
    if (!message) return;
    bytes_buffer_put(&p->out, bytes_of(message->at, message->len));
    take_out(p, "from", from, sizeof from);
    (void)snprintf(what, sizeof what, "from=\"%s\"", from);
    (void)snprintf(with, sizeof with, "from=\"" WORLD_ROOM "/%s\"", nick_of(p));
    play_replace(p, what, with);
    if (choice & 16) play_replace(p, "\"chat\"", "\"groupchat\"");
    if (choice & 32) play_replace(p, "\"groupchat\"", "\"chat\"");
    if (choice & 64)
        play_replace(p, "</message>", "<delay xmlns='urn:xmpp:delay' stamp='2027-01-01T00:00:00Z'/></message>");
    if (choice & 128)
        play_replace(p, "</message>", "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='romeo'/></message>");
    play_send(p, d, 0, true);
}

/* ---- archives ---- */

static const world_text *find_query(const world_device *d) {
    for (size_t back = 0; back < WORLD_WAITING && back < d->ask_count; back++) {
        const world_text *ask = world_ask(d, back);
        if (memmem(ask->at, ask->len, "queryid=", 8) != NULL) return ask;
    }
    return NULL;
}

static void read_query(const world_text *ask, char queryid[64], char whose[128]) {
    size_t len = 0;
    queryid[0] = '\0';
    const char *at = ask ? memmem(ask->at, ask->len, "queryid=", 8) : NULL;
    if (at) len = strcspn(at + 9, "'\"");
    if (at && len < 64) {
        memcpy(queryid, at + 9, len);
        queryid[len] = '\0';
    }
    if (!ask || !play_attribute(ask, "to", whose, 128)) whose[0] = '\0';
}

/* A message that is under way, or was, out of an archive: the one that was asked, or any. */
static void archived(play *p, world_device *d) {
    uint8_t choice = fuzz_u8(&p->in), id = fuzz_u8(&p->in);
    const world_text *message = world_message(d, choice & 7);
    char queryid[64], whose[128], text[384];
    read_query(find_query(d), queryid, whose);
    if (!message) return;
    (void)snprintf(text, sizeof text,
                   "<message from='%s'><result xmlns='" NS_ARCHIVE "' queryid='%s' id='%u'><forwarded "
                   "xmlns='urn:xmpp:forward:0'>",
                   choice & 8 ? play_someone(p, d)
                   : whose[0] ? whose
                              : world_bare[d->account],
                   choice < 16 ? "other" : queryid, (unsigned)id);
    play_put(p, text);
    if (choice & 16) play_put(p, "<delay xmlns='urn:xmpp:delay' stamp='2027-01-01T00:00:00Z'/>");
    size_t from = p->out.len;
    bytes_buffer_put(&p->out, bytes_of(message->at, message->len));
    play_replace(p, "<forwarded xmlns='urn:xmpp:forward:0'><message",
                 "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'");
    play_replace(p, "Z'/><message", "Z'/><message xmlns='jabber:client'");
    if (choice & 32)
        play_replace(p, "</message>",
                     "<x xmlns='" NS_USER "'><item jid='romeo@montague.example/orchard'/></x></message>");
    if (choice & 64) play_change(p, from);
    play_put(p, "</forwarded></result></message>");
    play_send(p, d, 0, (choice & 128) != 0);
}

static void page_ends(play *p, world_device *d) {
    const world_text *ask = find_query(d);
    uint8_t choice = fuzz_u8(&p->in), id = fuzz_u8(&p->in);
    char question[64], whose[128], queryid[64], text[384];
    if (!ask || !play_attribute(ask, "id", question, sizeof question)) return;
    read_query(ask, queryid, whose);
    (void)snprintf(text, sizeof text, "<iq type='%s' id='%s' from='%s'>", choice == 255 ? "error" : "result", question,
                   whose[0] ? whose : world_bare[d->account]);
    play_put(p, text);
    if (choice == 255)
        play_put(p, "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
    else if (choice & 1)
        play_put(p, "<fin xmlns='" NS_ARCHIVE "' complete='true'>");
    else
        play_put(p, "<fin xmlns='" NS_ARCHIVE "'>");
    (void)snprintf(text, sizeof text,
                   "<set xmlns='http://jabber.org/protocol/rsm'><first>0</first><last>%u</last></set>", (unsigned)id);
    if (choice & 2) play_put(p, text);
    if (choice != 255) play_put(p, "</fin>");
    play_put(p, "</iq>");
    play_send(p, d, 0, (choice & 4) != 0);
}

void play_room_move(play *p, world_device *d, uint8_t move) {
    switch (move) {
    case 0:
        enter(p, d);
        break;
    case 1:
        wish(p, d);
        break;
    case 2:
        presence(p, d);
        break;
    case 3:
        notice(p, d);
        break;
    case 4:
        world_say_in_room(d, fuzz_u8(&p->in) & 1 ? SOTTO_ENCRYPT_ALWAYS : SOTTO_ENCRYPT_DEFAULT);
        break;
    case 5:
        say_as(p, d);
        break;
    case 6:
        archived(p, d);
        break;
    default:
        page_ends(p, d);
        break;
    }
}
