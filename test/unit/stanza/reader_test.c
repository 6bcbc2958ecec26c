/* SPDX-License-Identifier: ISC
 *
 * Streams cut into events, in any pieces. */
#include "stanza/reader.h"

#include "rig.h"

#include <sotto/limits.h>

#define NS_STREAM "http://etherx.jabber.org/streams"
#define HEADER    "<stream:stream xmlns='jabber:client' xmlns:stream='" NS_STREAM "' from='a' version='1.0'>"

static stanza_reader *new_reader(rig *r) {
    stanza_reader *reader;
    assert_fine(stanza_reader_new(&reader, &r->host, SOTTO_STANZA_BYTES_MAX));
    return reader;
}

/* Feeds everything, at most `step` bytes a call, and notes each event, where it ended, and its tree. */
static sotto_status events(rig *r, stanza_reader *reader, sotto_bytes in, size_t step, bytes_buffer *notes) {
    static const char *const names[] = {"more", "open", "stanza", "close"};
    size_t at = 0;
    for (bool more = true; more;) {
        size_t used = 0;
        stanza_reader_event event;
        const stanza_element *root;
        sotto_bytes piece = {in.at + at, in.len - at < step ? in.len - at : step};
        bytes_arena_mark mark = bytes_arena_here(&r->arena);
        sotto_status status = stanza_reader_feed(reader, &r->arena, piece, &used, &event, &root);
        if (!sotto_ok(status)) return status;
        assert_true(used <= piece.len);
        at += used;
        if (event == STANZA_READER_MORE) {
            assert_int_equal(used, piece.len);
            assert_null(root);
            more = at < in.len;
        } else {
            bytes_buffer_text(notes, names[event]);
            bytes_buffer_text(notes, " ends at ");
            bytes_buffer_decimal(notes, at);
            bytes_buffer_text(notes, "\n");
            if (root) rig_dump_to(notes, root, 0, true);
            assert_int_equal(root == NULL, event == STANZA_READER_CLOSE);
            assert_false(stanza_reader_inside(reader));
            if (event == STANZA_READER_CLOSE) return SOTTO_OK;
        }
        bytes_arena_back(&r->arena, mark);
    }
    return SOTTO_OK;
}

static const char *const documents[] = {
    HEADER "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
           "<message from='a' to=\"b\"><body>x &amp; y\r\n</body></message>\n \t\r\n<presence/><iq\n id='>' "
           "/></stream:stream>",
    "<?xml version='1.0'?>" HEADER "</stream:stream>",
    "<?xml version=\"1.0\" encoding='utf-8' standalone='yes' ?>\n" HEADER " </stream:stream >rest",
    " \n<?xml version='1.0' encoding='UTF-8'?> " HEADER "<a/>",
    "\t" HEADER "<a>]]<![CDATA[ > <b> ]]] ]]]]>]]&gt;</a><b c",
    "<stream:stream xmlns:stream='" NS_STREAM "'/>",
    "<stream:stream xmlns:stream='" NS_STREAM "' a='>'/>x",
    "<stream xmlns='" NS_STREAM "'><message xmlns='jabber:client'/><a/></stream>",
    "<s:stream xmlns:s='" NS_STREAM
    "' xmlns='jabber:server' xmlns:db='jabber:server:dialback'><db:result><a/></db:result>"
    "<iq db:x='y'><a xmlns=''/><s:error/></iq></s:stream>",
    "<open xmlns:x='y' x:a='b'><c x:d='e'/></open>",
    HEADER "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
    HEADER "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><injected/>",
    HEADER "<a xmlns:stream='other'><stream:b/></a><stream:b/>",
    HEADER "<\xc3\xa4 \xc3\xb6='\xc3\xbc'>\xe2\x82\xac \xf0\x9f\x98\x80</\xc3\xa4>",
    HEADER "<a><b/><c></c ><d e = \"'\" f=''/>'\">/</a>",
    "<",
    /* from here on errors */
    "x",
    "</",
    "</stream:stream>",
    "<!DOCTYPE a>",
    "<?xml version='1.1'?>" HEADER,
    "<?xml version='1.0' encoding='UTF-16'?>" HEADER,
    "<?xml version='1.0' encoding='ISO-8859-1'?>" HEADER,
    "<?xml encoding='UTF-8'?>" HEADER,
    "<?php?>" HEADER,
    "<?xmlx version='1.0'?>" HEADER,
    "<?xml version='1.0'?><?xml version='1.0'?>" HEADER,
    "<stream:stream>",
    "<stream:stream xmlns:stream='" NS_STREAM "' a=b>",
    HEADER "text",
    HEADER "<a/>text",
    HEADER "</stream>",
    HEADER "<a></b>",
    HEADER "<a/></stream:streams>",
    HEADER "<a/><!-- -->",
    HEADER "<?xml version='1.0'?>",
    HEADER "</a>",
    HEADER "<a/></a>",
    HEADER "&lt;",
    HEADER "<![CDATA[x]]>",
    HEADER "<p:a/>",
    HEADER "<a>&b;</a>",
    HEADER "\xef\xbb\xbf<a/>",
    "\xef\xbb\xbf" HEADER,
};

/* Byte by byte, or in any other pieces: the same events at the same places, the same trees and raw bytes, the same
 * error. */
static void pieces_do_not_matter(void **state) {
    rig *r = *state;
    bool valid = true;
    bytes_buffer whole, parts;
    bytes_buffer_owned(&whole, &r->host, 1 << 20);
    bytes_buffer_owned(&parts, &r->host, 1 << 20);
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        sotto_bytes text = bytes_text(documents[i]), wanted, got;
        stanza_reader *reader = new_reader(r);
        bytes_buffer_reset(&whole);
        sotto_status status = events(r, reader, text, text.len, &whole);
        assert_fine(bytes_buffer_end(&whole, &wanted));
        if (bytes_is(text, "x")) valid = false;
        assert_int_equal(sotto_ok(status), valid);
        for (size_t step = 1; step < text.len; step = step < 20 ? step + 1 : step * 2) {
            assert_fine(stanza_reader_restart(reader));
            bytes_buffer_reset(&parts);
            assert_int_equal(events(r, reader, text, step, &parts).code, status.code);
            assert_fine(bytes_buffer_end(&parts, &got));
            if (!bytes_equal(got, wanted))
                fail_msg("%s in steps of %zu\n%.*s", documents[i], step, (int)got.len, (const char *)got.at);
        }
        stanza_reader_free(reader);
    }
    bytes_buffer_free(&whole);
    bytes_buffer_free(&parts);
}

static void a_session(void **state) {
    rig *r = *state;
    stanza_reader *reader = new_reader(r);
    sotto_bytes notes;
    assert_fine(events(r, reader, bytes_text(documents[0]), SIZE_MAX, &r->out));
    assert_fine(bytes_buffer_end(&r->out, &notes));
    assert_bytes(
        notes,
        "open ends at 108\n"
        "0 element {" NS_STREAM "}stream\n0 attribute {}from\n0 value {}a\n0 attribute {}version\n0 value {}1.0\n"
        "0 entangled {}" HEADER "\n0 there {}\n"
        "stanza ends at 215\n"
        "0 element {" NS_STREAM "}features\n"
        "0 entangled {jabber:client}<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/>"
        "</starttls></stream:features>\n0 anywhere {}\n"
        "1 element {urn:ietf:params:xml:ns:xmpp-tls}starttls\n"
        "1 standalone {jabber:client}<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>\n1 "
        "anywhere {}\n"
        "2 element {urn:ietf:params:xml:ns:xmpp-tls}required\n"
        "2 standalone {urn:ietf:params:xml:ns:xmpp-tls}<required/>\n2 there {}\n"
        "stanza ends at 274\n"
        "0 element {jabber:client}message\n0 attribute {}from\n0 value {}a\n0 attribute {}to\n0 value {}b\n"
        "0 standalone {jabber:client}<message from='a' to=\"b\"><body>x &amp; y\r\n</body></message>\n0 there {}\n"
        "1 element {jabber:client}body\n"
        "1 standalone {jabber:client}<body>x &amp; y\r\n</body>\n1 there {}\n1 text {}x & y\n\n"
        "stanza ends at 290\n"
        "0 element {jabber:client}presence\n0 standalone {jabber:client}<presence/>\n0 there {}\n"
        "stanza ends at 304\n"
        "0 element {jabber:client}iq\n0 attribute {}id\n0 value {}>\n"
        "0 standalone {jabber:client}<iq\n id='>' />\n0 there {}\n"
        "close ends at 320\n");
    stanza_reader_free(reader);
}

static sotto_status feed(rig *r, stanza_reader *reader, sotto_bytes in, size_t *ret_used, stanza_reader_event *ret) {
    const stanza_element *root;
    return stanza_reader_feed(reader, &r->arena, in, ret_used, ret, &root);
}

static void errors(void **state) {
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"x", SOTTO_E_MALFORMED},
        {"\xef\xbb\xbf" HEADER, SOTTO_E_MALFORMED},
        {"</stream:stream>", SOTTO_E_MALFORMED},
        {"<!DOCTYPE a []>" HEADER, SOTTO_E_XML_FORBIDDEN},
        {"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]>" HEADER, SOTTO_E_XML_FORBIDDEN},
        {"<!-- c -->" HEADER, SOTTO_E_XML_FORBIDDEN},
        {"<?php x?>" HEADER, SOTTO_E_XML_FORBIDDEN},
        {"<?xml version='1.0'?><?xml version='1.0'?>" HEADER, SOTTO_E_XML_FORBIDDEN},
        {"<?xml version='1.0'?><?a?>" HEADER, SOTTO_E_XML_FORBIDDEN},
        {"<?xml version='1.1'?>" HEADER, SOTTO_E_MALFORMED},
        {"<?xml version='1.0' encoding='UTF-16'?>" HEADER, SOTTO_E_MALFORMED},
        {"<?xml version='1.0' encoding='US-ASCII'?>" HEADER, SOTTO_E_MALFORMED},
        {"<?xml version='1.0' encoding=''?>" HEADER, SOTTO_E_MALFORMED},
        {"<?xml encoding='UTF-8'?>" HEADER, SOTTO_E_MALFORMED},
        {"<stream:stream>", SOTTO_E_MALFORMED},
        {"<stream a='&b;'>", SOTTO_E_XML_FORBIDDEN},
        {HEADER "text", SOTTO_E_MALFORMED},
        {HEADER " \n&#32;", SOTTO_E_MALFORMED},
        {HEADER "<![CDATA[ ]]>", SOTTO_E_MALFORMED},
        {HEADER "<!-- -->", SOTTO_E_XML_FORBIDDEN},
        {HEADER "<?xml version='1.0'?>", SOTTO_E_XML_FORBIDDEN},
        {HEADER "</stream>", SOTTO_E_MALFORMED},
        {HEADER "</a>", SOTTO_E_MALFORMED},
        {HEADER "<a></stream:stream>", SOTTO_E_MALFORMED},
        {HEADER "<a><stream:stream>", 0},
        {HEADER "<x:a/>", SOTTO_E_MALFORMED},
    };
    rig *r = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stanza_reader *reader = new_reader(r);
        bytes_buffer_reset(&r->out);
        sotto_status status = events(r, reader, bytes_text(cases[i].text), SIZE_MAX, &r->out);
        if (status.code != cases[i].code) fail_msg("%s: %d", cases[i].text, status.code);
        /* It says the same again, until it starts anew. */
        size_t used = 77;
        stanza_reader_event event = STANZA_READER_OPEN;
        if (cases[i].code != 0) {
            assert_int_equal(feed(r, reader, bytes_text(HEADER), &used, &event).code, cases[i].code);
            assert_int_equal(used, 77);
        }
        assert_fine(stanza_reader_restart(reader));
        assert_false(stanza_reader_inside(reader));
        assert_fine(feed(r, reader, bytes_text(HEADER), &used, &event));
        assert_int_equal(event, STANZA_READER_OPEN);
        stanza_reader_free(reader);
    }
}

static void bytes_behind_an_event_stay(void **state) {
    rig *r = *state;
    stanza_reader *reader = new_reader(r);
    sotto_bytes in = bytes_text(HEADER "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><iq>");
    size_t used;
    stanza_reader_event event;
    const stanza_element *root;
    assert_fine(stanza_reader_feed(reader, &r->arena, in, &used, &event, &root));
    assert_int_equal(used, strlen(HEADER));
    in = bytes_after(in, used);
    assert_fine(stanza_reader_feed(reader, &r->arena, in, &used, &event, &root));
    assert_int_equal(event, STANZA_READER_STANZA);
    assert_true(stanza_is(root, "proceed", "urn:ietf:params:xml:ns:xmpp-tls"));
    assert_bytes(bytes_after(in, used), "<iq>");
    assert_false(stanza_reader_inside(reader));
    assert_fine(stanza_reader_feed(reader, &r->arena, bytes_text(" \n<iq>"), &used, &event, &root));
    assert_int_equal(used, 6);
    assert_int_equal(event, STANZA_READER_MORE);
    assert_true(stanza_reader_inside(reader));
    /* A new stream: the half stanza and all prefixes are gone. */
    assert_fine(stanza_reader_restart(reader));
    assert_false(stanza_reader_inside(reader));
    assert_status(stanza_reader_feed(reader, &r->arena, bytes_text("<stream:stream>"), &used, &event, &root),
                  MALFORMED);
    stanza_reader_free(reader);
}

static void closing(void **state) {
    rig *r = *state;
    stanza_reader *reader = new_reader(r);
    size_t used;
    stanza_reader_event event;
    const stanza_element *root;
    assert_fine(stanza_reader_feed(reader, &r->arena, bytes_text("<s xmlns='x'/>more"), &used, &event, &root));
    assert_int_equal(event, STANZA_READER_OPEN);
    assert_int_equal(used, 14);
    assert_true(stanza_is(root, "s", "x"));
    assert_fine(stanza_reader_feed(reader, &r->arena, BYTES_NONE, &used, &event, &root));
    assert_int_equal(event, STANZA_READER_CLOSE);
    assert_int_equal(used, 0);
    assert_null(root);
    assert_status(stanza_reader_feed(reader, &r->arena, bytes_text("more"), &used, &event, &root), STATE);
    assert_fine(stanza_reader_restart(reader));
    assert_fine(stanza_reader_feed(reader, &r->arena, bytes_text("<s>"), &used, &event, &root));
    assert_int_equal(event, STANZA_READER_OPEN);
    assert_fine(stanza_reader_feed(reader, &r->arena, bytes_text("</s>x"), &used, &event, &root));
    assert_int_equal(event, STANZA_READER_CLOSE);
    assert_int_equal(used, 4);
    stanza_reader_free(reader);
    stanza_reader_free(NULL);
}

/* limit: SOTTO_STANZA_HEADER_BYTES_MAX */
static void header_size(void **state) {
    rig *r = *state;
    const size_t most = SOTTO_STANZA_HEADER_BYTES_MAX;
    const char *const cases[][3] = {
        {"<s a='", "x", "'>"}, {"<s", " ", ">"}, {"", "\n", "<s>"}, {"<?xml version='1.0'", " ", "?><s>"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t rest = strlen(cases[i][0]) + strlen(cases[i][2]);
        for (size_t over = 0; over < 2; over++) {
            sotto_bytes text = rig_many(r, cases[i][0], most - rest + over, cases[i][1], cases[i][2]);
            for (size_t step = 1; step <= text.len; step += text.len - 1) {
                stanza_reader *reader = new_reader(r);
                bytes_buffer_reset(&r->out);
                sotto_status status = events(r, reader, text, step, &r->out);
                assert_int_equal(status.code, over ? SOTTO_E_TOO_LARGE : 0);
                stanza_reader_free(reader);
            }
        }
        /* Before the end is there. */
        stanza_reader *reader = new_reader(r);
        sotto_bytes text = rig_many(r, cases[i][0], most, cases[i][1], "");
        assert_status(events(r, reader, bytes_of(text.at, most), SIZE_MAX, &r->out), TOO_LARGE);
        stanza_reader_free(reader);
    }
}

static void stanza_size(void **state) {
    rig *r = *state;
    for (size_t step = 1; step < 2000; step += 1998) {
        stanza_reader *reader;
        assert_fine(stanza_reader_new(&reader, &r->host, 1000));
        bytes_buffer_reset(&r->out);
        assert_fine(events(r, reader, bytes_text(HEADER), SIZE_MAX, &r->out));
        /* Whitespace between stanzas does not count, stanzas count one by one. */
        assert_fine(events(r, reader, rig_many(r, "", 5000, " \n", ""), step, &r->out));
        for (size_t i = 0; i < 5; i++)
            assert_fine(events(r, reader, rig_many(r, "<a>", 993, "x", "</a>"), step, &r->out));
        assert_status(events(r, reader, rig_many(r, "<a>", 994, "x", "</a>"), step, &r->out), TOO_LARGE);
        assert_fine(stanza_reader_restart(reader));
        assert_fine(events(r, reader, bytes_text(HEADER), SIZE_MAX, &r->out));
        assert_fine(events(r, reader, rig_many(r, "<a>", 996, "x", ""), step, &r->out));
        assert_status(events(r, reader, bytes_text("x"), step, &r->out), TOO_LARGE);
        assert_fine(stanza_reader_restart(reader));
        stanza_reader_limit(reader, 1001);
        assert_fine(events(r, reader, bytes_text(HEADER), SIZE_MAX, &r->out));
        assert_fine(events(r, reader, rig_many(r, "<a>", 994, "x", "</a>"), step, &r->out));
        /* Lowered below what is inside already. */
        assert_fine(events(r, reader, bytes_text("<a>xxxxxx"), step, &r->out));
        stanza_reader_limit(reader, 4);
        assert_status(events(r, reader, bytes_text("x"), step, &r->out), TOO_LARGE);
        /* Never more than what can be parsed again. */
        assert_fine(stanza_reader_restart(reader));
        stanza_reader_limit(reader, SIZE_MAX);
        assert_fine(events(r, reader, bytes_text(HEADER), SIZE_MAX, &r->out));
        stanza_reader_free(reader);
    }
    stanza_reader *reader;
    assert_fine(stanza_reader_new(&reader, &r->host, SIZE_MAX));
    assert_fine(events(r, reader, bytes_text(HEADER), SIZE_MAX, &r->out));
    assert_status(events(r, reader, rig_many(r, "<a>", SOTTO_STANZA_BYTES_MAX, "x", "</a>"), SIZE_MAX, &r->out),
                  TOO_LARGE);
    stanza_reader_free(reader);
}

/* Longer than one expat lives: the header's prefixes and default namespace are still there. */
static void long_stream(void **state) {
    rig *r = *state;
    stanza_reader *reader = new_reader(r);
    size_t used;
    stanza_reader_event event;
    const stanza_element *root;
    assert_fine(feed(r, reader, bytes_text("<s:s xmlns:s='streams' xmlns='jabber:server' xmlns:db='dialback'>"), &used,
                     &event));
    sotto_bytes text = rig_many(r, "<a db:b='c'><s:d/>", 3000, "some words ", "</a>");
    for (size_t i = 0; i < 100; i++) {
        bytes_arena_mark mark = bytes_arena_here(&r->arena);
        assert_fine(stanza_reader_feed(reader, &r->arena, text, &used, &event, &root));
        assert_int_equal(used, text.len);
        assert_int_equal(event, STANZA_READER_STANZA);
        assert_true(stanza_is(root, "a", "jabber:server"));
        assert_bytes(root->outer_ns, "jabber:server");
        assert_bytes(stanza_attribute_ns(root, "b", "dialback"), "c");
        assert_non_null(stanza_child(root, "d", "streams"));
        bytes_arena_back(&r->arena, mark);
    }
    assert_fine(feed(r, reader, bytes_text("</s:s>"), &used, &event));
    assert_int_equal(event, STANZA_READER_CLOSE);
    stanza_reader_free(reader);
}

/* A tree outlives the reader and the bytes it came from. */
static void trees_outlive(void **state) {
    rig *r = *state;
    stanza_reader *reader = new_reader(r);
    char text[] = "<s:s xmlns:s='streams' xmlns='jabber:server'><s:a s:b='c'>d<e/></s:a>";
    size_t used, second;
    stanza_reader_event event;
    const stanza_element *open, *root;
    assert_fine(stanza_reader_feed(reader, &r->arena, bytes_text(text), &used, &event, &open));
    assert_fine(stanza_reader_feed(reader, &r->arena, bytes_after(bytes_text(text), used), &second, &event, &root));
    stanza_reader_free(reader);
    memset(text, 'x', sizeof text);
    assert_true(stanza_is(open, "s", "streams"));
    assert_bytes(open->raw, "<s:s xmlns:s='streams' xmlns='jabber:server'>");
    assert_bytes(rig_dump(r, root, true),
                 "0 element {streams}a\n0 attribute {streams}b\n0 value {}c\n"
                 "0 entangled {jabber:server}<s:a s:b='c'>d<e/></s:a>\n0 there {}\n0 text {}d\n"
                 "1 element {jabber:server}e\n1 standalone {jabber:server}<e/>\n1 there {}\n");
}

const struct CMUnitTest reader_tests[] = {
    RIG_TEST(pieces_do_not_matter),
    RIG_TEST(a_session),
    RIG_TEST(errors),
    RIG_TEST(bytes_behind_an_event_stay),
    RIG_TEST(closing),
    RIG_TEST(header_size),
    RIG_TEST(stanza_size),
    RIG_TEST(long_stream),
    RIG_TEST(trees_outlive),
};
RIG_GROUP(reader_tests);
