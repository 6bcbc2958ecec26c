/* SPDX-License-Identifier: ISC
 *
 * Archives: questions, results, ends of pages, and ids. */
#include "context_tests.h"

#include "context/archive.h"
#include "context/stanza_id.h"

#define OWN  "juliet@capulet.example"
#define ROOM "coven@chat.example"
#define NS   "urn:xmpp:mam:2"

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

static void assert_written(context_archive_query query, const char *text) {
    bytes_buffer out;
    stanza_writer writer;
    sotto_bytes written;
    bytes_buffer_owned(&out, sotto_host_default(), 4096);
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    context_archive_query_write(&writer, &query);
    assert_ok(bytes_buffer_end(&out, &written));
    assert_true(bytes_is(written, text));
    bytes_buffer_free(&out);
}

static void test_questions(void **state) {
    (void)state;
    assert_written((context_archive_query){.queryid = BYTES_LITERAL("q"), .max = 100, .after = BYTES_LITERAL("a<1")},
                   "<query xmlns='" NS "' queryid='q'><set xmlns='http://jabber.org/protocol/rsm'><max>100</max>"
                   "<after>a&lt;1</after></set></query>");
    assert_written((context_archive_query){.queryid = BYTES_LITERAL("q"), .max = 1, .newest = true},
                   "<query xmlns='" NS "' queryid='q'><set xmlns='http://jabber.org/protocol/rsm'><max>1</max>"
                   "<before/></set></query>");
    assert_written(
        (context_archive_query){.queryid = BYTES_LITERAL("q"), .max = 7, .start_ms = UINT64_C(1795165200000)},
        "<query xmlns='" NS "' queryid='q'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
        "<value>" NS "</value></field><field var='start'><value>2026-11-20T09:00:00.000Z</value></field></x>"
        "<set xmlns='http://jabber.org/protocol/rsm'><max>7</max></set></query>");
}

static void test_support(void **state) {
    (void)state;
    context_archive_support support;
    context_archive_support_read(parse("<iq><query xmlns='" CONTEXT_NS_INFO "'><feature var='" NS
                                       "'/><feature var='urn:xmpp:sid:0'/></query></iq>"),
                                 &support);
    assert_true(support.archive && support.ids);
    context_archive_support_read(parse("<iq><query xmlns='" CONTEXT_NS_INFO
                                       "'><feature var='urn:xmpp:mam:1'/><x var='" NS "'/></query><feature var='" NS
                                       "'/></iq>"),
                                 &support);
    assert_true(!support.archive && !support.ids);
}

#define RESULT(inside)                                                                                                 \
    "<message from='" OWN "'><result xmlns='" NS "' queryid='q' id='a1'>" inside "</result></message>"
#define FORWARDED(inside) "<forwarded xmlns='urn:xmpp:forward:0'>" inside "</forwarded>"
#define MESSAGE           "<message xmlns='jabber:client' from='romeo@montague.example/x' to='" OWN "'><body>b</body></message>"
#define DELAY             "<delay xmlns='urn:xmpp:delay' stamp='2026-11-20T09:00:00Z'/>"

static void test_results(void **state) {
    (void)state;
    context_archive_result result;
    bool is;
    assert_true(context_archive_result_read(parse(RESULT(FORWARDED(DELAY MESSAGE))), &result, &is));
    assert_true(is && bytes_is(result.queryid, "q") && bytes_is(result.id, "a1") && result.message != NULL);
    assert_true(result.has_time && result.time_ms == UINT64_C(1795165200000));
    assert_true(context_archive_result_read(parse(RESULT(FORWARDED(DELAY))), &result, &is));
    assert_true(is && result.message == NULL);
    assert_false(
        context_archive_result_read(parse("<message><result xmlns='urn:xmpp:mam:1'/></message>"), &result, &is));
    assert_false(is);
}

/* They claim to be results, and are none: nobody's message either. */
static void test_T2_results_that_are_none(void **state) {
    (void)state;
    static const char *const bad[] = {
        RESULT(""),
        RESULT(FORWARDED(MESSAGE) FORWARDED(MESSAGE)),
        RESULT(FORWARDED(MESSAGE MESSAGE)),
        RESULT("<forwarded xmlns='other'>" MESSAGE "</forwarded>"),
        "<message><result xmlns='" NS "' queryid='q'>" FORWARDED(MESSAGE) "</result></message>",
        "<message><result xmlns='" NS "' id='a'>" FORWARDED(MESSAGE) "</result><result xmlns='" NS "'/></message>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        context_archive_result result;
        bool is = true;
        assert_true(context_archive_result_read(parse(bad[i]), &result, &is));
        assert_false(is);
    }
}

static void test_ends_of_pages(void **state) {
    (void)state;
    context_archive_page page;
#define FIN(attributes, set)                                                                                           \
    "<iq type='result'><fin xmlns='" NS "'" attributes "><set xmlns='http://jabber.org/protocol/rsm'>" set             \
    "</set></fin></iq>"
    assert_ok(
        context_archive_page_read(parse(FIN(" complete='true'", "<first>a</first><last>b</last>")), &arena, &page));
    assert_true(page.complete && bytes_is(page.last, "b"));
    assert_ok(context_archive_page_read(parse(FIN("", "")), &arena, &page));
    assert_true(!page.complete && page.last.len == 0);
    assert_ok(context_archive_page_read(parse(FIN(" complete='false'", "<last>b</last>")), &arena, &page));
    assert_false(page.complete);
    assert_status(context_archive_page_read(parse("<iq type='result'/>"), &arena, &page), MALFORMED);
    assert_status(
        context_archive_page_read(parse("<iq><fin xmlns='" NS "'/><fin xmlns='" NS "'/></iq>"), &arena, &page),
        MALFORMED);
    assert_true(context_archive_is_lost(parse("<iq type='error'><error type='cancel'><item-not-found "
                                              "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")));
    assert_false(context_archive_is_lost(parse("<iq type='error'><error><forbidden "
                                               "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")));
    assert_false(
        context_archive_is_lost(parse("<iq><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></iq>")));
}

/* T1, T2: whose message it can be. */
static void test_T2_whose_message_it_is(void **state) {
    (void)state;
    static const struct {
        const char *message;
        bool room;
        context_archived is;
    } cases[] = {
        {MESSAGE, false, CONTEXT_ARCHIVED_RECEIVED},
        {"<message from='" OWN "/x' to='romeo@montague.example'/>", false, CONTEXT_ARCHIVED_SENT},
        {"<message from='" OWN "/x' to='" OWN "'/>", false, CONTEXT_ARCHIVED_SENT},
        {"<message from='romeo@montague.example/x'/>", false, CONTEXT_ARCHIVED_RECEIVED},
        {"<message from='" ROOM "/a' to='" OWN "' type='groupchat'/>", false, CONTEXT_ARCHIVED_NOT},
        {"<message from='" ROOM "/a' type='groupchat'/>", true, CONTEXT_ARCHIVED_ROOM},
        {"<message from='" ROOM "/a'/>", true, CONTEXT_ARCHIVED_NOT},
        {"<message from='other@chat.example/a' type='groupchat'/>", true, CONTEXT_ARCHIVED_NOT},
        {"<message from='a@b.example' to='c@d.example'/>", false, CONTEXT_ARCHIVED_NOT},
        {"<message to='" OWN "'/>", false, CONTEXT_ARCHIVED_NOT},
        {"<message from='a@@b' to='" OWN "'/>", false, CONTEXT_ARCHIVED_NOT},
        {"<message from='a@b.example' to='a@@b'/>", false, CONTEXT_ARCHIVED_NOT},
        {"<message from='" OWN "' to='" OWN "'><sent xmlns='urn:xmpp:carbons:2'/></message>", false,
         CONTEXT_ARCHIVED_NOT},
        {"<message from='" OWN "' to='" OWN "'><result xmlns='" NS "'/></message>", false, CONTEXT_ARCHIVED_NOT},
        {"<message from='a@b.example' to='" OWN "'><event xmlns='http://jabber.org/protocol/pubsub#event'><items "
         "node='n'/></event></message>",
         false, CONTEXT_ARCHIVED_NOT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        context_archived is;
        stanza_jid from;
        sotto_bytes archive = cases[i].room ? BYTES_LITERAL(ROOM) : BYTES_LITERAL(OWN);
        assert_ok(context_archive_origin(parse(cases[i].message), archive, cases[i].room, &arena, &is, &from));
        assert_int_equal(is, cases[i].is);
    }
}

/* T2: XEP-0313 section 8.4; only one, only with an item that names somebody. */
static void test_T2_occupants(void **state) {
    (void)state;
    stanza_jid jid;
    bool is;
#define X(inside) "<x xmlns='http://jabber.org/protocol/muc#user'>" inside "</x>"
    assert_ok(context_archive_occupant(parse("<message>" X("<item jid='Romeo@montague.example/x'/>") "</message>"),
                                       &arena, &is, &jid));
    assert_true(is && bytes_is(jid.bare, "romeo@montague.example"));
    static const char *const none[] = {
        "<message/>",
        "<message>" X("") "</message>",
        "<message>" X("<item/>") "</message>",
        "<message>" X("<item jid='a@@b'/>") "</message>",
        "<message>" X("<item jid='a@b.example'/>") X("<item jid='a@b.example'/>") "</message>",
        "<message>" X("<item jid='a@b.example'/><item jid='c@d.example'/>") "</message>",
        "<message><y>" X("<item jid='a@b.example'/>") "</y></message>",
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_ok(context_archive_occupant(parse(none[i]), &arena, &is, &jid));
        assert_false(is);
    }
}

static void test_ids(void **state) {
    (void)state;
#define ID(by, id) "<stanza-id xmlns='urn:xmpp:sid:0' by='" by "' id='" id "'/>"
    assert_true(bytes_is(
        context_stanza_id(parse("<message>" ID("a@b.example", "1") ID(OWN, "2") "</message>"), BYTES_LITERAL(OWN)),
        "2"));
    static const char *const none[] = {
        "<message>" ID(OWN, "1") ID(OWN, "2") "</message>",
        "<message>" ID(OWN, "") ID(OWN, "2") "</message>",
        "<message>" ID(OWN "/x", "1") "</message>",
        "<message><stanza-id xmlns='urn:xmpp:sid:0' id='1'/></message>",
        "<message><stanza-id xmlns='other' by='" OWN "' id='1'/></message>",
        "<message><x>" ID(OWN, "1") "</x></message>",
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(context_stanza_id(parse(none[i]), BYTES_LITERAL(OWN)).len, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
const struct CMUnitTest archive_tests[] = {
    T(test_questions),     T(test_support),
    T(test_results),       T(test_T2_results_that_are_none),
    T(test_ends_of_pages), T(test_T2_whose_message_it_is),
    T(test_T2_occupants),  T(test_ids),
};
const size_t archive_count = sizeof archive_tests / sizeof archive_tests[0];
