/* SPDX-License-Identifier: ISC
 *
 * Archives of the lab's server: what is kept, ids, pages, and each way of lying. */
#include "rig.h"

#define QUERY(id, inside) "<iq type='set' id='" id "'><query xmlns='urn:xmpp:mam:2' queryid='q'>" inside "</query></iq>"
#define SET(inside)       "<set xmlns='http://jabber.org/protocol/rsm'>" inside "</set>"

static void say(rig *r, const char *body) {
    char text[256];
    (void)snprintf(text, sizeof text, "<message to='juliet@lab.example' type='chat'><body>%s</body></message>", body);
    rig_say(r->romeo, text);
}

/* Juliet's archive has these; she gets nothing live. */
static void start(rig *r, lab_archive_mode mode, size_t page, const char *const *bodies, size_t count) {
    assert_fine(lab_server_archive(r->server, "juliet", mode, page));
    for (size_t i = 0; i < count; i++) say(r, bodies[i]);
    rig_drain(r->juliet);
    rig_drain(r->romeo);
}

static void keeps_what_is_said(void **state) {
    rig *r = *state;
    rig_online(r, r->juliet, "");
    start(r, LAB_ARCHIVE_HONEST, 0, NULL, 0);
    rig_say(r->romeo,
            "<message to='juliet@lab.example' type='chat' id='1'><body>one</body><stanza-id xmlns='urn:xmpp:sid:0' "
            "by='juliet@lab.example' id='forged'/></message>");
    const char *got = rig_has(r, r->juliet, "<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@lab.example' id='a");
    assert_null(strstr(got, "forged"));
    rig_say(r->romeo, "<message to='juliet@lab.example' type='chat'><active xmlns='urn:x'/></message>");
    rig_say(r->romeo, "<message to='juliet@lab.example'><body>no</body><no-store xmlns='urn:xmpp:hints'/></message>");
    rig_say(r->juliet, "<message to='romeo@lab.example' type='chat'><body>two</body></message>");
    rig_drain(r->juliet);
    rig_say(r->juliet, QUERY("1", ""));
    rig_has(r, r->juliet, "<body>one</body>");
    rig_has(r, r->juliet, "<body>two</body>");
    rig_has(r, r->juliet, "<fin xmlns='urn:xmpp:mam:2' complete='true'>");
    rig_nothing(r->juliet);
    rig_say(r->juliet, "<iq type='get' id='d' to='juliet@lab.example'><query "
                       "xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    got = rig_has(r, r->juliet, "<feature var='urn:xmpp:mam:2'/>");
    assert_non_null(strstr(got, "<feature var='urn:xmpp:sid:0'/>"));
}

static void the_id_behind(rig *r, const char *stanza, char ret[32]) {
    (void)r;
    const char *at = strstr(stanza, " id='a") + 5;
    size_t len = strcspn(at, "'");
    assert_true(len < 32);
    memcpy(ret, at, len);
    ret[len] = 0;
}

static void pages(void **state) {
    rig *r = *state;
    rig_online(r, r->juliet, "");
    start(r, LAB_ARCHIVE_HONEST, 0, (const char *const[]){"one", "two", "three"}, 3);
    rig_say(r->juliet, QUERY("1", SET("<max>2</max>")));
    rig_has(r, r->juliet, "<body>one</body>");
    char id[32], text[512];
    the_id_behind(r, rig_has(r, r->juliet, "<body>two</body>"), id);
    const char *fin = rig_has(r, r->juliet, "<fin xmlns='urn:xmpp:mam:2'>");
    assert_non_null(strstr(fin, id));
    (void)snprintf(text, sizeof text, QUERY("2", SET("<max>2</max><after>%s</after>")), id);
    rig_say(r->juliet, text);
    rig_has(r, r->juliet, "<body>three</body>");
    rig_has(r, r->juliet, "complete='true'");
    rig_say(r->juliet, QUERY("3", SET("<max>1</max><before/>")));
    rig_has(r, r->juliet, "<body>three</body>");
    rig_has(r, r->juliet, "<fin xmlns='urn:xmpp:mam:2'>");
    rig_say(r->juliet, QUERY("4", SET("<after>nobody</after>")));
    rig_has(r, r->juliet, "<item-not-found");
    assert_fine(lab_server_archive_forget(r->server, "juliet", 2));
    rig_say(r->juliet, text);
    rig_has(r, r->juliet, "<item-not-found");
    rig_say(r->juliet,
            QUERY("5", "<x xmlns='jabber:x:data' type='submit'><field var='start'><value>2999-01-01T00:00:00Z"
                       "</value></field></x>"));
    rig_has(r, r->juliet, "complete='true'");
    rig_say(r->romeo, QUERY("6", ""));
    rig_has(r, r->romeo, "service-unavailable");
}

static void lies(void **state) {
    rig *r = *state;
    rig_online(r, r->juliet, "");
    start(r, LAB_ARCHIVE_WRONG_QUERYID, 2, (const char *const[]){"one", "two", "three"}, 3);
#define AGAIN(mode)                                                                                                    \
    assert_fine(lab_server_archive(r->server, "juliet", mode, 2));                                                     \
    rig_drain(r->juliet);                                                                                              \
    rig_say(r->juliet, QUERY("1", ""))
    AGAIN(LAB_ARCHIVE_WRONG_QUERYID);
    rig_has(r, r->juliet, "queryid='other'");
    AGAIN(LAB_ARCHIVE_WRONG_FROM);
    rig_has(r, r->juliet, "<message from='mallory@lab.example'");
    AGAIN(LAB_ARCHIVE_REVERSED);
    rig_has(r, r->juliet, "<body>two</body>");
    rig_has(r, r->juliet, "<body>one</body>");
    AGAIN(LAB_ARCHIVE_MISSING);
    rig_has(r, r->juliet, "<body>one</body>");
    rig_has(r, r->juliet, "<fin ");
    AGAIN(LAB_ARCHIVE_TWICE);
    rig_has(r, r->juliet, "<body>one</body>");
    rig_has(r, r->juliet, "<body>one</body>");
    AGAIN(LAB_ARCHIVE_SILENT);
    rig_nothing(r->juliet);
    AGAIN(LAB_ARCHIVE_NEVER_COMPLETE);
    rig_drain(r->juliet);
    rig_say(r->juliet, QUERY("2", SET("<before/>")));
    rig_has(r, r->juliet, "<body>two</body>");
    rig_has(r, r->juliet, "<body>three</body>");
    rig_has(r, r->juliet, "<fin xmlns='urn:xmpp:mam:2'>");
    assert_int_equal(lab_server_archive(r->server, "nobody", LAB_ARCHIVE_HONEST, 0).code, SOTTO_E_NOT_FOUND);
}

#define T(f)                                                                                                           \
    { #f, f, rig_setup, rig_teardown, NULL }
const struct CMUnitTest archive_tests[] = {T(keeps_what_is_said), T(pages), T(lies)};
const size_t archive_tests_count = sizeof archive_tests / sizeof archive_tests[0];
