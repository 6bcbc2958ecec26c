/* SPDX-License-Identifier: ISC
 *
 * What must be refused, each with its error: forbidden constructs, broken XML, every limit reached and passed. */
#include "rig.h"

#include <sotto/limits.h>

#include "stanza/reader.h"

static const char header[] = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/* What a reader inside a stream says to these bytes. */
static sotto_status read_status(rig *r, sotto_bytes in) {
    stanza_reader *reader;
    stanza_reader_event event;
    const stanza_element *root;
    size_t used;
    assert_fine(stanza_reader_new(&reader, &r->host, SOTTO_STANZA_BYTES_MAX));
    assert_fine(stanza_reader_feed(reader, &r->arena, bytes_text(header), &used, &event, &root));
    assert_int_equal(event, STANZA_READER_OPEN);
    bytes_arena_mark before = bytes_arena_here(&r->arena);
    sotto_status status = stanza_reader_feed(reader, &r->arena, in, &used, &event, &root);
    bytes_arena_mark behind = bytes_arena_here(&r->arena);
    if (!sotto_ok(status)) {
        assert_ptr_equal(before.chunk, behind.chunk);
        assert_int_equal(before.used, behind.used);
        /* The reader repeats its error. */
        assert_int_equal(stanza_reader_feed(reader, &r->arena, bytes_text("<a/>"), &used, &event, &root).code,
                         status.code);
    }
    stanza_reader_free(reader);
    return status;
}

/* The same error from all three. */
static void refused(rig *r, sotto_bytes text, sotto_status wanted) {
    sotto_status got = rig_parse_status(r, text);
    if (got.code != wanted.code)
        fail_msg("%.*s: %d instead of %d", (int)(text.len < 200 ? text.len : 200), (const char *)text.at, got.code,
                 wanted.code);
    got = read_status(r, text);
    if (got.code != wanted.code)
        fail_msg("reader: %.*s: %d", (int)(text.len < 200 ? text.len : 200), (const char *)text.at, got.code);
}

static void forbidden(void **state) {
    static const char *const cases[] = {
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        "<!ENTITY x 'y'>",
        "<a><!DOCTYPE a></a>",
        "<a><!ENTITY x 'y'></a>",
        "<a><!-- comment --></a>",
        "<!-- comment --><a/>",
        "<a><b><!--></b></a>",
        "<a><?php x ?></a>",
        "<?xml-stylesheet href='x'?><a/>",
        "<?xml version='1.0'?><a/>",
        "<a><?xml version='1.0'?></a>",
        "<a>&nbsp;</a>",
        "<a>&x;</a>",
        "<a b='&x;'/>",
        "<a b='&lt;&eacute;'/>",
        "<a><!x></a>",
    };
    rig *r = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refused(r, bytes_text(cases[i]), SOTTO_FAIL(XML_FORBIDDEN));
    /* As soon as the bytes show it, however much is missing. */
    assert_status(read_status(r, bytes_text("<a><!-")), XML_FORBIDDEN);
    assert_status(read_status(r, bytes_text("<a><?")), XML_FORBIDDEN);
    assert_status(read_status(r, bytes_text("<!D")), XML_FORBIDDEN);
}

static void malformed(void **state) {
    static const char *const cases[] = {
        "<a></b>",
        "<a></A>",
        "<a><b></a></b>",
        "<a / >x</a>",
        "<a b></a>",
        "<a b=c></a>",
        "<a b='1' b='2'/>",
        "<a b='1'c='2'/>",
        "<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>",
        "<a b='<'/>",
        "<a>]]></a>",
        "<a>&</a>",
        "<a>& </a>",
        "<a>&amp</a>",
        "<a>&#0;</a>",
        "<a>&#8;</a>",
        "<a>&#xD800;</a>",
        "<a>&#xFFFE;</a>",
        "<a>&#x110000;</a>",
        "<a>&#99999999999999999999;</a>",
        "<a b='&#11;'/>",
        "<a>\x01</a>",
        "<a b='\x1f'/>",
        "<a>\xff</a>",
        "<a>\xc0\xbc/a></a>",
        "<a>\xed\xa0\x80</a>",
        "<a>\xef\xbf\xbe</a>",
        "<a>\xef\xbf\xbf</a>",
        "<a>\xf4\x90\x80\x80</a>",
        "<a>\xc3</a>",
        "<a b='\xe2\x82'/>",
        "<p:a/>",
        "<a p:b='c'/>",
        "<a xmlns:p=''/>",
        "<a xmlns:xml='x'/>",
        "<a xmlns:xmlns='x'/>",
        "<a xmlns='" STANZA_NS_XML "'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:p='" STANZA_NS_XML "'/>",
        "<a:b:c xmlns:a='x'/>",
        "<:a/>",
        "<a:/>",
        "< a/>",
        "<>",
        "<1/>",
        "<=/>",
        "<a><1/></a>",
        "<a><b <c/></b></a>",
        "<a></a <b>",
        "<a></a b='c'>",
        "<a><![CDAT[x]]></a>",
        "<a><![INCLUDE[x]]></a>",
        "<![CDATA[x]]>",
        "text",
        "&amp;<a/>",
        "\xef\xbb\xbf<a/>",
    };
    rig *r = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) refused(r, bytes_text(cases[i]), SOTTO_FAIL(MALFORMED));
    refused(r, bytes_of("<a>\0</a>", 8), SOTTO_FAIL(MALFORMED));
    refused(r, bytes_of("<a b='\0'/>", 10), SOTTO_FAIL(MALFORMED));
    refused(r, bytes_of("<\0a/>", 5), SOTTO_FAIL(MALFORMED));
    refused(r, bytes_of("\xff\xfe<\0a\0/\0>\0", 10), SOTTO_FAIL(MALFORMED)); /* UTF-16 */
}

/* What one stanza is not, though a stream may have it. */
static void not_one_element(void **state) {
    static const char *const cases[] = {
        "",
        " ",
        "<",
        "<a",
        "<a>",
        "<a><b></a>",
        "<a/><b/>",
        "<a/> ",
        " <a/>",
        "<a/>x",
        "</w>",
        "</w><w>",
        "<a/></w>",
        "</w><w xmlns='x'><a/>",
        "</stream:stream>",
        "<a></a></a>",
        "<a>]]",
        "<a><![CDATA[</a>",
        "<a b='></a>",
        "<a/ >",
    };
    rig *r = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_status(rig_parse_status(r, bytes_text(cases[i])), MALFORMED);
    assert_status(rig_parse_status(r, BYTES_NONE), MALFORMED);
}

/* limit: SOTTO_STANZA_DEPTH_MAX */
static void depth(void **state) {
    rig *r = *state;
    for (size_t d = SOTTO_STANZA_DEPTH_MAX - 1; d <= SOTTO_STANZA_DEPTH_MAX + 1; d++) {
        sotto_bytes down = rig_many(r, "", d, "<a>", ""), all = rig_many(r, (const char *)down.at, d, "</a>", "");
        if (d <= SOTTO_STANZA_DEPTH_MAX)
            assert_fine(rig_parse_status(r, all));
        else
            refused(r, all, SOTTO_FAIL(TOO_LARGE));
    }
    /* The innermost may also be empty; and the limit holds before the rest is there. */
    assert_fine(rig_parse_status(r, rig_many(r, (const char *)rig_many(r, "", 63, "<a>", "<b/>").at, 63, "</a>", "")));
    refused(r, rig_many(r, (const char *)rig_many(r, "", 64, "<a>", "<b/>").at, 64, "</a>", ""), SOTTO_FAIL(TOO_LARGE));
    assert_status(read_status(r, rig_many(r, "", 64, "<a>", "<b")), TOO_LARGE);
}

/* limit: SOTTO_STANZA_ELEMENTS_MAX */
static void elements(void **state) {
    rig *r = *state;
    assert_fine(rig_parse_status(r, rig_many(r, "<a>", SOTTO_STANZA_ELEMENTS_MAX - 1, "<b/>", "</a>")));
    refused(r, rig_many(r, "<a>", SOTTO_STANZA_ELEMENTS_MAX, "<b/>", "</a>"), SOTTO_FAIL(TOO_LARGE));
    assert_status(read_status(r, rig_many(r, "<a>", SOTTO_STANZA_ELEMENTS_MAX - 1, "<b/>", "<c")), TOO_LARGE);
}

static sotto_bytes with_attributes(rig *r, size_t plain, size_t declared) {
    bytes_buffer text;
    bytes_buffer_owned(&text, &r->host, 1 << 20);
    bytes_buffer_text(&text, "<a");
    for (size_t i = 0; i < plain; i++) {
        bytes_buffer_text(&text, " a");
        bytes_buffer_decimal(&text, i);
        bytes_buffer_text(&text, "='v'");
    }
    for (size_t i = 0; i < declared; i++) {
        bytes_buffer_text(&text, " xmlns:p");
        bytes_buffer_decimal(&text, i);
        bytes_buffer_text(&text, "='u'");
    }
    bytes_buffer_text(&text, "/>");
    sotto_bytes all, copy;
    assert_fine(bytes_buffer_end(&text, &all));
    assert_true(bytes_arena_copy(&r->arena, all, &copy));
    bytes_buffer_free(&text);
    return copy;
}

/* limit: SOTTO_STANZA_ATTRIBUTES_MAX */
static void attributes(void **state) {
    rig *r = *state;
    assert_fine(rig_parse_status(r, with_attributes(r, SOTTO_STANZA_ATTRIBUTES_MAX, 0)));
    assert_fine(rig_parse_status(r, with_attributes(r, 0, SOTTO_STANZA_ATTRIBUTES_MAX)));
    refused(r, with_attributes(r, SOTTO_STANZA_ATTRIBUTES_MAX + 1, 0), SOTTO_FAIL(TOO_LARGE));
    refused(r, with_attributes(r, 0, SOTTO_STANZA_ATTRIBUTES_MAX + 1), SOTTO_FAIL(TOO_LARGE));
    refused(r, with_attributes(r, SOTTO_STANZA_ATTRIBUTES_MAX, 1), SOTTO_FAIL(TOO_LARGE));
}

/* limit: SOTTO_STANZA_PREFIXES_MAX */
static void prefixes(void **state) {
    rig *r = *state;
    sotto_bytes full = with_attributes(r, 0, SOTTO_STANZA_PREFIXES_MAX); /* ends in /> */
    bytes_buffer text;
    sotto_bytes all;
    bytes_buffer_owned(&text, &r->host, 1 << 20);
    bytes_buffer_put(&text, bytes_of(full.at, full.len - 2));
    bytes_buffer_text(&text, "><b xmlns='x'/><p7:c p9:d='e'/></a>");
    assert_fine(bytes_buffer_end(&text, &all));
    assert_fine(rig_parse_status(r, all));
    bytes_buffer_cut(&text, full.len - 2);
    bytes_buffer_text(&text, "><b xmlns:q='x'/></a>");
    assert_fine(bytes_buffer_end(&text, &all));
    refused(r, all, SOTTO_FAIL(TOO_LARGE));
    bytes_buffer_free(&text);
    /* Side by side they are not bound at one place. */
    assert_fine(rig_parse_status(r, rig_many(r, "<a>", 1000, "<b xmlns:p='q' xmlns:r='s'/>", "</a>")));
}

/* limit: SOTTO_STANZA_NAME_BYTES_MAX */
static void names(void **state) {
    static const struct {
        const char *before, *behind;
    } cases[] = {
        {"<", "/>"}, {"<a ", "='b'/>"}, {"<a xmlns='", "'/>"}, {"<a xmlns:b='", "'/>"}, {"<a xmlns:", "='b'/>"},
    };
    rig *r = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_fine(
            rig_parse_status(r, rig_many(r, cases[i].before, SOTTO_STANZA_NAME_BYTES_MAX, "n", cases[i].behind)));
        refused(r, rig_many(r, cases[i].before, SOTTO_STANZA_NAME_BYTES_MAX + 1, "n", cases[i].behind),
                SOTTO_FAIL(TOO_LARGE));
    }
}

/* limit: SOTTO_STANZA_BYTES_MAX */
static void size(void **state) {
    rig *r = *state;
    size_t most = SOTTO_STANZA_BYTES_MAX;
    sotto_bytes fits = rig_many(r, "<a>", most - 7, "x", "</a>"), over = rig_many(r, "<a>", most - 6, "x", "</a>");
    assert_fine(rig_parse_status(r, fits));
    assert_fine(read_status(r, fits));
    refused(r, over, SOTTO_FAIL(TOO_LARGE));
    refused(r, rig_many(r, "<a b='", most, "x", "'/>"), SOTTO_FAIL(TOO_LARGE));
    refused(r, rig_many(r, "<a", most, " ", "/>"), SOTTO_FAIL(TOO_LARGE));
    refused(r, rig_many(r, "<a></a", most, " ", ">"), SOTTO_FAIL(TOO_LARGE));
    refused(r, rig_many(r, "<a><![CDATA[", most, "]", "]]></a>"), SOTTO_FAIL(TOO_LARGE));
}

/* Entities cannot be declared at all, so nothing can grow; what is left is a stanza at its limits. */
static void bombs(void **state) {
    rig *r = *state;
    refused(r,
            bytes_text("<!DOCTYPE b [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
                       "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]><b>&c;</b>"),
            SOTTO_FAIL(XML_FORBIDDEN));
    refused(r, bytes_text("<!DOCTYPE b SYSTEM 'file:///etc/passwd'><b/>"), SOTTO_FAIL(XML_FORBIDDEN));
    refused(r, bytes_text("<!DOCTYPE b [<!ENTITY % p SYSTEM 'http://x/'> %p;]><b/>"), SOTTO_FAIL(XML_FORBIDDEN));

    /* Whatever it is made of, a tree fits into 24 times the largest stanza. */
    static const struct {
        const char *before, *one, *behind;
        size_t count, text_len;
    } worst[] = {
        {"<a>", "x&lt;", "</a>", 200000, 2},
        {"<a>", "<b/>x", "</a>", SOTTO_STANZA_ELEMENTS_MAX - 1, 0},
        {"<a>", "<b a='' b='' c='' d='' e='' f='' g='' h='' i='' j='' k=''/>", "</a>", SOTTO_STANZA_ELEMENTS_MAX - 1,
         0},
        {"<a>", "&amp;", "</a>", 209000, 1},
        {"<a>", "\r\n", "</a>", 500000, 1},
        {"<a>", "<![CDATA[x]]>", "</a>", 80000, 1},
    };
    for (size_t i = 0; i < sizeof worst / sizeof worst[0]; i++) {
        sotto_bytes text = rig_many(r, worst[i].before, worst[i].count, worst[i].one, worst[i].behind);
        bytes_arena arena;
        const stanza_element *root;
        bytes_arena_init(&arena, &r->host, (size_t)24 * SOTTO_STANZA_BYTES_MAX);
        assert_true(text.len <= SOTTO_STANZA_BYTES_MAX);
        assert_fine(stanza_parse(&arena, text, &root));
        if (!stanza_first(root)) { /* all in one text */
            assert_null(root->first->next);
            assert_int_equal(root->first->text.len, worst[i].count * worst[i].text_len);
        }
        bytes_arena_clear(&arena);
    }
}

const struct CMUnitTest hostile_tests[] = {
    RIG_TEST(forbidden),  RIG_TEST(malformed), RIG_TEST(not_one_element), RIG_TEST(depth), RIG_TEST(elements),
    RIG_TEST(attributes), RIG_TEST(prefixes),  RIG_TEST(names),           RIG_TEST(size),  RIG_TEST(bombs),
};
RIG_GROUP(hostile_tests);
