/* SPDX-License-Identifier: ISC
 *
 * What rooms say, well and badly. */
#include "context_tests.h"

#include <stdio.h>

#include <sotto/limits.h>

#include "context/room.h"

#define USER  CONTEXT_NS_ROOM_USER
#define ADMIN CONTEXT_NS_ROOM_ADMIN

static bytes_arena arena;

static int setup(void **state) {
    (void)state;
    bytes_arena_init(&arena, sotto_host_default(), 1u << 20);
    return 0;
}
static int teardown(void **state) {
    (void)state;
    bytes_arena_clear(&arena);
    return 0;
}

static const stanza_element *parse(const char *text) {
    const stanza_element *stanza = NULL;
    assert_ok(stanza_parse(&arena, bytes_text(text), &stanza));
    return stanza;
}

#define assert_span(bytes, text) assert_true(bytes_is(bytes, text))

/* ---- presence ---- */

static void test_presence(void **state) {
    (void)state;
    context_room_presence p;
    assert_ok(context_room_presence_read(
        parse("<presence from='c@r.example/third' id='x'><show>away</show><x xmlns='" USER
              "'><item affiliation='admin' role='moderator' jid='crone1@S.example/desktop'/><status "
              "code='110'/><status code='100'/></x><occupant-id xmlns='urn:xmpp:occupant-id:0' id='dd72'/></presence>"),
        &arena, &p));
    assert_int_equal(p.kind, CONTEXT_PRESENCE_HERE);
    assert_true(p.from_room && p.has_real);
    assert_span(p.real.bare, "crone1@s.example");
    assert_int_equal(p.affiliation, CONTEXT_ADMIN);
    assert_int_equal(p.status, CONTEXT_ROOM_SELF | CONTEXT_ROOM_SHOWS_JIDS);
    assert_span(p.occupant_id, "dd72");
}

/* Every code of XEP-0045 section 15.6 and what it says here. */
static void test_each_status_code(void **state) {
    (void)state;
    static const struct {
        const char *code;
        uint32_t status;
    } codes[] = {
        {"100", CONTEXT_ROOM_SHOWS_JIDS},
        {"101", CONTEXT_ROOM_AFFILIATION},
        {"102", 0},
        {"103", 0},
        {"104", CONTEXT_ROOM_CONFIGURED},
        {"110", CONTEXT_ROOM_SELF},
        {"170", 0},
        {"171", 0},
        {"172", CONTEXT_ROOM_NOW_OPEN_JIDS},
        {"173", CONTEXT_ROOM_NOW_ANONYMOUS},
        {"174", CONTEXT_ROOM_NOW_ANONYMOUS},
        {"201", CONTEXT_ROOM_CREATED},
        {"210", CONTEXT_ROOM_NICK_GIVEN},
        {"301", CONTEXT_ROOM_BANNED},
        {"303", CONTEXT_ROOM_NICK_CHANGED},
        {"307", CONTEXT_ROOM_KICKED},
        {"321", CONTEXT_ROOM_NOT_MEMBER},
        {"322", CONTEXT_ROOM_MEMBERS_ONLY},
        {"332", CONTEXT_ROOM_SHUT_DOWN},
        {"333", CONTEXT_ROOM_CONNECTION_LOST},
        {"999", 0},
        {"0", 0},
        {"", 0},
        {"11o", 0},
        {"110 ", 0},
        {"1100", 0},
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char text[256];
        context_room_notice notice;
        snprintf(text, sizeof text, "<message><x xmlns='" USER "'><status code='%s'/></x></message>", codes[i].code);
        assert_ok(context_room_notice_read(parse(text), &arena, &notice));
        assert_int_equal(notice.status, codes[i].status);
        assert_false(notice.has_item);
    }
}

static void test_a_presence_without_the_room_says_nothing(void **state) {
    (void)state;
    context_room_presence p;
    assert_ok(context_room_presence_read(parse("<presence from='c@r.example/third'/>"), &arena, &p));
    assert_false(p.from_room || p.has_real);
    assert_int_equal(p.affiliation, CONTEXT_NONE);
    assert_ok(context_room_presence_read(parse("<presence><x xmlns='" USER "'><item role='none'/></x></presence>"),
                                         &arena, &p));
    assert_true(p.from_room);
    assert_int_equal(p.affiliation, CONTEXT_NONE);
    assert_ok(context_room_presence_read(parse("<presence type='subscribe'/>"), &arena, &p));
    assert_int_equal(p.kind, CONTEXT_PRESENCE_OTHER);
}

static void test_why_not(void **state) {
    (void)state;
    context_room_presence p;
    assert_ok(context_room_presence_read(
        parse("<presence type='error'><x xmlns='http://jabber.org/protocol/muc'/><error type='cancel'><text "
              "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no</text><conflict "
              "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"),
        &arena, &p));
    assert_int_equal(p.kind, CONTEXT_PRESENCE_ERROR);
    assert_span(p.condition, "conflict");
    assert_ok(context_room_presence_read(parse("<presence type='error'/>"), &arena, &p));
    assert_int_equal(p.condition.len, 0);
}

static void test_a_nick_change(void **state) {
    (void)state;
    context_room_presence p;
    assert_ok(context_room_presence_read(parse("<presence type='unavailable'><x xmlns='" USER
                                               "'><item affiliation='member' nick='oldhag'/><status "
                                               "code='303'/></x></presence>"),
                                         &arena, &p));
    assert_span(p.new_nick, "oldhag");
    assert_int_equal(p.kind, CONTEXT_PRESENCE_GONE);
}

/* limit: SOTTO_OCCUPANT_BYTES_MAX: the longest id is one, a longer one is none. */
static void test_an_occupant_id_that_is_too_long(void **state) {
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        char id[SOTTO_OCCUPANT_BYTES_MAX + 2], text[sizeof id + 128];
        context_room_presence p;
        sotto_bytes found;
        memset(id, 'o', SOTTO_OCCUPANT_BYTES_MAX + more);
        id[SOTTO_OCCUPANT_BYTES_MAX + more] = '\0';
        snprintf(text, sizeof text, "<presence><occupant-id xmlns='urn:xmpp:occupant-id:0' id='%s'/></presence>", id);
        assert_int_equal(context_room_occupant_id(parse(text), &found), more == 0);
        assert_int_equal(found.len, more == 0 ? SOTTO_OCCUPANT_BYTES_MAX : 0);
        assert_int_equal(context_room_presence_read(parse(text), &arena, &p).code, more == 0 ? 0 : SOTTO_E_MALFORMED);
    }
}

#define ONE_ID  "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='a'/>"
#define TWO_IDS "<presence>" ONE_ID ONE_ID "</presence>"

/* T31: elements that are there twice, and whatever else cannot be. */
static void test_T31_presence_that_is_none(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "<presence><x xmlns='" USER "'/><x xmlns='" USER "'/></presence>",
        "<presence><x xmlns='" USER "'><item affiliation='owner'/><item affiliation='none'/></x></presence>",
        "<presence><x xmlns='" USER "'><item affiliation=''/></x></presence>",
        "<presence><x xmlns='" USER "'><item affiliation='Owner'/></x></presence>",
        "<presence><x xmlns='" USER "'><item affiliation='member' jid=''/></x></presence>",
        "<presence><x xmlns='" USER "'><item affiliation='member' jid='a@b@c/'/></x></presence>",
        "<presence type='unavailable'><x xmlns='" USER "'><item/><status code='303'/></x></presence>",
        "<presence type='unavailable'><x xmlns='" USER "'><status code='303'/></x></presence>",
        "<presence><occupant-id xmlns='urn:xmpp:occupant-id:0'/></presence>",
        "<presence><occupant-id xmlns='urn:xmpp:occupant-id:0' id=''/></presence>",
        TWO_IDS,
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        context_room_presence p = {.affiliation = CONTEXT_OWNER};
        assert_status(context_room_presence_read(parse(wrong[i]), &arena, &p), MALFORMED);
        assert_int_equal(p.affiliation, CONTEXT_OWNER); /* untouched */
    }
}

/* ---- notices ---- */

static void test_an_affiliation_of_somebody_who_is_not_there(void **state) {
    (void)state;
    context_room_notice n;
    assert_ok(context_room_notice_read(
        parse("<message><x xmlns='" USER "'><item affiliation='outcast' jid='earl@s.example'/></x></message>"), &arena,
        &n));
    assert_true(n.has_item);
    assert_span(n.real.bare, "earl@s.example");
    assert_int_equal(n.affiliation, CONTEXT_OUTCAST);
    assert_status(
        context_room_notice_read(
            parse("<message><x xmlns='" USER "'><item affiliation='serf' jid='a@b'/></x></message>"), &arena, &n),
        MALFORMED);
    assert_status(
        context_room_notice_read(parse("<message><x xmlns='" USER "'><item affiliation='none' jid='@'/></x></message>"),
                                 &arena, &n),
        MALFORMED);
}

/* ---- answers ---- */

static void test_what_a_room_is(void **state) {
    (void)state;
    static const struct {
        const char *features;
        bool members_only, shows_jids;
    } cases[] = {
        {"muc_membersonly muc_nonanonymous", true, true},
        {"muc_membersonly muc_semianonymous", true, false},
        {"muc_open muc_nonanonymous", false, true},
        {"", false, false},
        {"muc_membersonly muc_open muc_nonanonymous", false, true}, /* of both: the worse */
        {"muc_membersonly muc_nonanonymous muc_semianonymous", true, false},
        {"muc_membersonly muc_nonanonymous muc_fullyanonymous", true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        context_room_info info;
        int len = snprintf(text, sizeof text,
                           "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'><feature "
                           "var='http://jabber.org/protocol/muc'/>");
        for (const char *at = cases[i].features; *at != 0;) {
            int one = (int)strcspn(at, " ");
            len += snprintf(text + len, sizeof text - (size_t)len, "<feature var='%.*s'/>", one, at);
            at += one;
            while (*at == ' ') at++;
        }
        snprintf(text + len, sizeof text - (size_t)len, "</query></iq>");
        assert_ok(context_room_info_read(parse(text), &info));
        assert_int_equal(info.members_only, cases[i].members_only);
        assert_int_equal(info.shows_jids, cases[i].shows_jids);
    }
}

static void test_what_is_no_room(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "<iq type='result'/>",
        "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
        "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'><feature "
        "var='muc_membersonly'/></query></iq>",
        "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'><feature "
        "var='http://jabber.org/protocol/muc'/></query></iq>",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        context_room_info info;
        assert_status(context_room_info_read(parse(wrong[i]), &info), MALFORMED);
    }
}

static sotto_status join_members(void *arg, sotto_bytes jid) {
    char *text = arg;
    size_t len = strlen(text);
    snprintf(text + len, 256 - len, "%.*s ", (int)jid.len, (const char *)jid.at);
    return SOTTO_OK;
}

static void test_T35_lists_are_of_one_affiliation(void **state) {
    (void)state;
    char text[256] = "";
    assert_ok(context_room_list_read(parse("<iq><query xmlns='" ADMIN
                                           "'><item affiliation='member' jid='A@s.example/x' role='visitor'/><other "
                                           "xmlns='o'/><item affiliation='member' jid='b@s.example'/></query></iq>"),
                                     CONTEXT_MEMBER, &arena, join_members, text));
    assert_string_equal(text, "a@s.example b@s.example ");
    static const char *const wrong[] = {
        "<iq/>",
        "<iq><query xmlns='" ADMIN "'/><query xmlns='" ADMIN "'/></iq>",
        "<iq><query xmlns='" ADMIN "'><item jid='a@s.example'/></query></iq>",
        "<iq><query xmlns='" ADMIN "'><item affiliation='owner' jid='a@s.example'/></query></iq>",
        "<iq><query xmlns='" ADMIN "'><item affiliation='outcast' jid='a@s.example'/></query></iq>",
        "<iq><query xmlns='" ADMIN "'><item affiliation='member'/></query></iq>",
        "<iq><query xmlns='" ADMIN "'><item affiliation='member' jid='a@'/></query></iq>",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_status(context_room_list_read(parse(wrong[i]), CONTEXT_MEMBER, &arena, join_members, text), MALFORMED);
}

/* ---- invitations ---- */

static bool invited(const char *text, const char *from, context_room_invitation *ret) {
    stanza_jid jid;
    bool is;
    if (from != NULL) assert_ok(stanza_jid_parse(&arena, bytes_text(from), &jid));
    assert_ok(context_room_invitation_read(parse(text), from != NULL ? &jid : NULL, &arena, ret, &is));
    return is;
}

static void test_invitations(void **state) {
    (void)state;
    context_room_invitation i;
    assert_true(invited("<message><x xmlns='" USER "'><invite from='crone@s.example/desktop'><reason>Hey</reason>"
                        "</invite></x></message>",
                        "coven@r.example", &i));
    assert_span(i.room, "coven@r.example");
    assert_span(i.from, "crone@s.example");
    assert_span(i.reason, "Hey");
    assert_true(invited("<message><x xmlns='jabber:x:conference' jid='coven@r.example' reason='Hey'/></message>",
                        "crone@s.example/desktop", &i));
    assert_span(i.from, "crone@s.example");
    assert_span(i.room, "coven@r.example");
    assert_true(invited("<message><x xmlns='" USER "'><invite/></x></message>", "coven@r.example", &i));
    assert_int_equal(i.from.len, 0);
    /* From an occupant, of no room, of nothing: none. */
    assert_false(invited("<message><x xmlns='" USER "'><invite from='a@b'/></x></message>", "coven@r.example/x", &i));
    assert_false(invited("<message><x xmlns='" USER "'><invite from='a@b'/></x></message>", NULL, &i));
    assert_false(invited("<message type='error'><x xmlns='" USER "'><invite/></x></message>", "coven@r.example", &i));
    assert_false(invited("<message><x xmlns='jabber:x:conference' jid='r.example'/></message>", "a@b/c", &i));
    assert_false(invited("<message><x xmlns='jabber:x:conference' jid='c@r.example/n'/></message>", "a@b/c", &i));
    assert_false(invited("<message><x xmlns='jabber:x:conference'/></message>", "a@b/c", &i));
    assert_false(invited("<message><body>hi</body></message>", "a@b/c", &i));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

const struct CMUnitTest room_tests[] = {
    T(test_presence),
    T(test_each_status_code),
    T(test_a_presence_without_the_room_says_nothing),
    T(test_why_not),
    T(test_a_nick_change),
    T(test_an_occupant_id_that_is_too_long),
    T(test_T31_presence_that_is_none),
    T(test_an_affiliation_of_somebody_who_is_not_there),
    T(test_what_a_room_is),
    T(test_what_is_no_room),
    T(test_T35_lists_are_of_one_affiliation),
    T(test_invitations),
};
const size_t room_count = sizeof room_tests / sizeof *room_tests;
