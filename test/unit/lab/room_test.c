/* SPDX-License-Identifier: ISC
 *
 * The lab's rooms: who gets in, who hears what, and what is told of changes (XEP-0045). */
#include "lab/server/room.h"
#include "rig.h"

static const char *domain_of(rig *r, lab_session *session) {
    sotto_bytes jid = lab_session_jid(session);
    const uint8_t *at = memchr(jid.at, '@', jid.len), *slash = memchr(jid.at, '/', jid.len);
    snprintf(r->text, sizeof r->text, "%.*s", (int)(slash - at - 1), (const char *)at + 1);
    return r->text;
}

static char room[128];

static void say(lab_session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(lab_session *session, const char *format, ...) {
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    rig_say(session, text);
}

static void enter(lab_session *session, const char *nick) {
    say(session, "<presence to='%s/%s'><x xmlns='http://jabber.org/protocol/muc'/></presence>", room, nick);
}

static int room_setup(void **state) {
    if (rig_setup(state) != 0) return -1;
    rig *r = *state;
    char jid[128];
    snprintf(room, sizeof room, "coven@rooms.%.100s", domain_of(r, r->juliet));
    assert_fine(lab_server_room(r->server, "coven", true, true));
    assert_status(lab_server_room(r->server, "coven", true, true), STATE);
    const char *domain = room + sizeof "coven@rooms." - 1;
    snprintf(jid, sizeof jid, "juliet@%.100s", domain);
    assert_fine(lab_server_room_affiliate(r->server, "coven", jid, "owner"));
    snprintf(jid, sizeof jid, "romeo@%.100s", domain);
    assert_fine(lab_server_room_affiliate(r->server, "coven", jid, "member"));
    assert_status(lab_server_room_affiliate(r->server, "coven", jid, "king"), USAGE);
    assert_status(lab_server_room_affiliate(r->server, "garden", jid, "member"), NOT_FOUND);
    return 0;
}

static void test_members_enter_and_others_do_not(void **state) {
    rig *r = *state;
    enter(r->juliet, "J");
    rig_has(r, r->juliet, "<status code='110'/>");
    rig_has(r, r->juliet, "<subject");
    enter(r->romeo, "R");
    rig_has(r, r->juliet, "/R'");
    rig_has(r, r->romeo, "/J'");
    rig_has(r, r->romeo, "<status code='110'/>");
    enter(r->nurse, "N");
    rig_has(r, r->nurse, "registration-required");
    enter(r->romeo, "J");
    (void)rig_drain(r->romeo);
    say(r->nurse, "<message to='%s' type='groupchat'><body>x</body></message>", room);
    rig_has(r, r->nurse, "not-acceptable");
}

static void test_everybody_hears_what_is_said(void **state) {
    rig *r = *state;
    enter(r->juliet, "J");
    enter(r->romeo, "R");
    (void)rig_drain(r->juliet), (void)rig_drain(r->romeo);
    say(r->juliet,
        "<message to='%s' type='groupchat' id='1'><body>hi</body><occupant-id xmlns='urn:xmpp:occupant-id:0' "
        "id='forged'/><x xmlns='http://jabber.org/protocol/muc#user'><item jid='a@b'/></x></message>",
        room);
    const char *heard = rig_has(r, r->romeo, "/J'");
    assert_non_null(strstr(heard, "<body>hi</body>"));
    assert_null(strstr(heard, "forged"));
    assert_null(strstr(heard, "a@b"));
    rig_has(r, r->juliet, "<body>hi</body>");
    say(r->juliet, "<message to='%s/R' type='chat'><body>psst</body></message>", room);
    rig_has(r, r->romeo, "psst");
    rig_nothing(r->juliet);
}

static void test_changes_are_told(void **state) {
    rig *r = *state;
    char jid[128];
    snprintf(jid, sizeof jid, "romeo@%.100s", room + sizeof "coven@rooms." - 1);
    enter(r->juliet, "J");
    enter(r->romeo, "R");
    (void)rig_drain(r->juliet), (void)rig_drain(r->romeo);
    assert_fine(lab_server_room_configure(r->server, "coven", true, false));
    rig_has(r, r->juliet, "<status code='104'/><status code='173'/>");
    rig_has(r, r->romeo, "<status code='104'/>");
    say(r->romeo, "<presence to='%s/Montague'/>", room);
    rig_has(r, r->juliet, "<status code='303'/>");
    rig_has(r, r->juliet, "/Montague'");
    (void)rig_drain(r->romeo);
    assert_fine(lab_server_room_affiliate(r->server, "coven", jid, "outcast"));
    rig_has(r, r->juliet, "<status code='301'/>");
    rig_has(r, r->romeo, "<status code='301'/>");
    enter(r->romeo, "R");
    rig_has(r, r->romeo, "forbidden");
    /* Somebody who is not there is told of by a message. */
    snprintf(jid, sizeof jid, "nurse@%.100s", room + sizeof "coven@rooms." - 1);
    assert_fine(lab_server_room_affiliate(r->server, "coven", jid, "member"));
    rig_has(r, r->juliet, "<message");
    assert_fine(lab_server_room_kick(r->server, "coven", "J"));
    rig_has(r, r->juliet, "<status code='307'/>");
    assert_status(lab_server_room_kick(r->server, "coven", "J"), NOT_FOUND);
}

static void test_lists_and_lies(void **state) {
    rig *r = *state;
    say(r->romeo,
        "<iq type='get' id='l' to='%s'><query xmlns='http://jabber.org/protocol/muc#admin'><item "
        "affiliation='owner'/></query></iq>",
        room);
    rig_has(r, r->romeo, "affiliation='owner' jid='juliet@");
    say(r->nurse,
        "<iq type='get' id='l' to='%s'><query xmlns='http://jabber.org/protocol/muc#admin'><item "
        "affiliation='owner'/></query></iq>",
        room);
    rig_has(r, r->nurse, "forbidden");
    assert_fine(lab_server_room_lie(r->server, "coven", LAB_ROOM_FORGES_MEMBER));
    say(r->romeo,
        "<iq type='get' id='l' to='%s'><query xmlns='http://jabber.org/protocol/muc#admin'><item "
        "affiliation='member'/></query></iq>",
        room);
    rig_has(r, r->romeo, "mallory@");
    say(r->romeo, "<iq type='get' id='d' to='%s'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>", room);
    rig_has(r, r->romeo, "muc_membersonly");
}

static void test_leaving_and_vanishing(void **state) {
    rig *r = *state;
    enter(r->juliet, "J");
    enter(r->romeo, "R");
    (void)rig_drain(r->juliet), (void)rig_drain(r->romeo);
    say(r->romeo, "<iq type='get' id='p' to='%s/R'><ping xmlns='urn:xmpp:ping'/></iq>", room);
    rig_has(r, r->romeo, "type='result'");
    lab_session_detach(r->romeo);
    r->romeo = NULL;
    rig_has(r, r->juliet, "type='unavailable'");
    say(r->juliet, "<presence to='%s/J' type='unavailable'/>", room);
    rig_has(r, r->juliet, "type='unavailable'");
    say(r->juliet, "<iq type='get' id='p' to='%s/J'><ping xmlns='urn:xmpp:ping'/></iq>", room);
    rig_has(r, r->juliet, "not-acceptable");
}

#define ROOM_TEST(f) cmocka_unit_test_setup_teardown(f, room_setup, rig_teardown)

const struct CMUnitTest room_tests[] = {
    ROOM_TEST(test_members_enter_and_others_do_not),
    ROOM_TEST(test_everybody_hears_what_is_said),
    ROOM_TEST(test_changes_are_told),
    ROOM_TEST(test_lists_and_lies),
    ROOM_TEST(test_leaving_and_vanishing),
};
const size_t room_tests_count = sizeof room_tests / sizeof *room_tests;
