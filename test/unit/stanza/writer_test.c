/* SPDX-License-Identifier: ISC
 *
 * Writing: escapes, namespaces, copies; what is written parses to what was meant. */
#include "stanza/writer.h"

#include "rig.h"

#include <sotto/limits.h>

#include "stanza/reader.h"

static stanza_writer begin(rig *r, const char *outer_ns) {
    stanza_writer w;
    bytes_buffer_reset(&r->out);
    stanza_writer_init(&w, &r->out, outer_ns);
    return w;
}

static sotto_bytes written(rig *r) {
    sotto_bytes text;
    assert_fine(bytes_buffer_end(&r->out, &text));
    return text;
}

static sotto_status outcome(rig *r) {
    sotto_bytes text;
    return bytes_buffer_end(&r->out, &text);
}

static void a_message(void **state) {
    rig *r = *state;
    stanza_writer w = begin(r, STANZA_NS_CLIENT);
    stanza_open(&w, "message", STANZA_NS_CLIENT);
    stanza_put_text(&w, "to", "a@b");
    stanza_put(&w, "from", BYTES_NONE);
    stanza_put_text(&w, "type", NULL);
    stanza_put(&w, "id", bytes_of("", 0));
    stanza_put_number(&w, "n", UINT64_MAX);
    stanza_put_text(&w, "xml:lang", "en");
    stanza_leaf(&w, "body", STANZA_NS_CLIENT, bytes_text("a<b"));
    stanza_open(&w, "x", "urn:x");
    stanza_open(&w, "y", "urn:x");
    stanza_close(&w);
    stanza_leaf(&w, "z", "", BYTES_NONE);
    stanza_leaf(&w, "back", STANZA_NS_CLIENT, bytes_text(""));
    stanza_write_text(&w, "tail");
    stanza_close(&w);
    stanza_leaf(&w, "last", STANZA_NS_CLIENT, BYTES_NONE);
    stanza_close(&w);
    assert_int_equal(w.depth, 0);
    assert_bytes(written(r),
                 "<message to='a@b' id='' n='18446744073709551615' xml:lang='en'><body>a&lt;b</body>"
                 "<x xmlns='urn:x'><y/><z xmlns=''/><back xmlns='jabber:client'/>tail</x><last/></message>");
    w = begin(r, STANZA_NS_CLIENT);
    stanza_open(&w, "a", STANZA_NS_XML);
    stanza_leaf(&w, "b", STANZA_NS_CLIENT, BYTES_NONE);
    stanza_close(&w);
    assert_bytes(written(r), "<xml:a><b/></xml:a>");
    w = begin(r, "");
    stanza_leaf(&w, "a", STANZA_NS_CLIENT, BYTES_NONE);
    stanza_leaf(&w, "b", "", BYTES_NONE);
    assert_bytes(written(r), "<a xmlns='jabber:client'/><b/>");
}

static void escapes(void **state) {
    rig *r = *state;
    const char *odd = "<>&'\"\t\n\r]]>\r\n \x7f\xc2\x85\xe2\x80\xa8\xef\xbf\xbd\xf0\x9f\xbf\xbf\xf4\x8f\xbf\xbf";
    stanza_writer w = begin(r, STANZA_NS_CLIENT);
    stanza_open(&w, "a", STANZA_NS_CLIENT);
    stanza_put_text(&w, "b", odd);
    stanza_put_ns(&w,
                  &(stanza_attribute){.name = bytes_text("c"), .ns = bytes_text("<&'\"\n>"), .value = bytes_text(odd)});
    stanza_write_text(&w, odd);
    stanza_close(&w);
    assert_true(bytes_starts_with(written(r),
                                  bytes_text("<a b='&lt;&gt;&amp;&apos;&quot;&#9;&#10;&#13;]]&gt;&#13;&#10; \x7f")));
    const stanza_element *a;
    sotto_bytes text;
    assert_fine(stanza_parse(&r->arena, written(r), &a));
    assert_bytes(stanza_attribute_of(a, "b"), odd);
    assert_bytes(stanza_attribute_ns(a, "c", "<&'\"\n>"), odd);
    assert_true(stanza_text(a, &r->arena, &text));
    assert_bytes(text, odd);
}

/* Every Char of XML 1.0 survives text and attribute; everything else is refused. */
static void every_character(void **state) {
    rig *r = *state;
    for (uint32_t point = 0; point <= 0x110000;
         point += point < 0x3000 || (point > 0xd700 && point < 0x10100) ? 1 : 0xff1) {
        bool surrogate = point >= 0xd800 && point < 0xe000;
        bool allowed = point == 9 || point == 10 || point == 13 ||
                       (point >= 0x20 && !surrogate && point != 0xfffe && point != 0xffff && point < 0x110000);
        char form[5] = {0};
        size_t len;
        if (point < 0x80) {
            form[0] = (char)point, len = 1;
        } else if (point < 0x800) {
            form[0] = (char)(0xc0 | point >> 6), form[1] = (char)(0x80 | (point & 63)), len = 2;
        } else if (point < 0x10000) {
            form[0] = (char)(0xe0 | point >> 12), form[1] = (char)(0x80 | (point >> 6 & 63));
            form[2] = (char)(0x80 | (point & 63)), len = 3;
        } else {
            form[0] = (char)(0xf0 | point >> 18), form[1] = (char)(0x80 | (point >> 12 & 63));
            form[2] = (char)(0x80 | (point >> 6 & 63)), form[3] = (char)(0x80 | (point & 63)), len = 4;
        }
        stanza_writer w = begin(r, STANZA_NS_CLIENT);
        stanza_open(&w, "a", STANZA_NS_CLIENT);
        stanza_put(&w, "b", bytes_of(form, len));
        stanza_write(&w, bytes_of(form, len));
        stanza_close(&w);
        if (!allowed) {
            assert_status(outcome(r), MALFORMED);
            continue;
        }
        bytes_arena_mark mark = bytes_arena_here(&r->arena);
        const stanza_element *a;
        assert_fine(stanza_parse(&r->arena, written(r), &a));
        assert_true(bytes_equal(stanza_attribute_of(a, "b"), bytes_of(form, len)));
        assert_true(bytes_equal(a->first->text, bytes_of(form, len)));
        bytes_arena_back(&r->arena, mark);
    }
}

static void refuses(void **state) {
    static const char *const broken[] = {
        "\x80",
        "a\xff",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3",
        "\xc3x",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xe2\x82",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xef\xbf\xbe",
        "\xef\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x9f\x98",
        "\x01",
        "\x1b[0m",
        "\x0b",
        "ok\x0c",
    };
    rig *r = *state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        for (size_t where = 0; where < 4; where++) {
            stanza_writer w = begin(r, STANZA_NS_CLIENT);
            stanza_open(&w, where == 3 ? broken[i] : "a", where == 2 ? broken[i] : STANZA_NS_CLIENT);
            if (where == 0) stanza_put_text(&w, "b", broken[i]);
            if (where == 1) stanza_write_text(&w, broken[i]);
            stanza_close(&w);
            assert_status(outcome(r), MALFORMED);
        }
    }
    static const char *const names[] = {"", "a b", "a>", "1", "-a", ".a", "a:b", "a/", "a='", "xmlns:a", "a\n"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        stanza_writer w = begin(r, STANZA_NS_CLIENT);
        stanza_open(&w, names[i], STANZA_NS_CLIENT);
        assert_status(outcome(r), MALFORMED);
        w = begin(r, STANZA_NS_CLIENT);
        stanza_open(&w, "a", STANZA_NS_CLIENT);
        stanza_put_text(&w, names[i], "x");
        assert_status(outcome(r), MALFORMED);
        w = begin(r, STANZA_NS_CLIENT);
        stanza_open(&w, "a", STANZA_NS_CLIENT);
        stanza_put_number(&w, names[i], 1);
        assert_status(outcome(r), MALFORMED);
    }
    stanza_writer w = begin(r, STANZA_NS_CLIENT);
    stanza_open(&w, "a", STANZA_NS_CLIENT);
    stanza_put_text(&w, "xmlns", "x");
    assert_status(outcome(r), MALFORMED);
    w = begin(r, STANZA_NS_CLIENT);
    stanza_open(&w, "a", "http://www.w3.org/2000/xmlns/");
    assert_status(outcome(r), MALFORMED);
}

static void out_of_order(void **state) {
    rig *r = *state;
    stanza_writer w = begin(r, STANZA_NS_CLIENT);
    stanza_close(&w);
    assert_status(outcome(r), STATE);
    w = begin(r, STANZA_NS_CLIENT);
    stanza_write_text(&w, "x");
    assert_status(outcome(r), STATE);
    w = begin(r, STANZA_NS_CLIENT);
    stanza_put_text(&w, "a", "b");
    assert_status(outcome(r), STATE);
    w = begin(r, STANZA_NS_CLIENT);
    stanza_open(&w, "a", STANZA_NS_CLIENT);
    stanza_write_text(&w, "x");
    stanza_put_number(&w, "a", 1);
    assert_status(outcome(r), STATE);
    /* After a failure nothing more is written, and the first failure stays. */
    stanza_open(&w, "<", "");
    stanza_write_text(&w, "\xff");
    assert_status(outcome(r), STATE);
}

static void too_deep(void **state) {
    rig *r = *state;
    stanza_writer w = begin(r, STANZA_NS_CLIENT);
    for (unsigned i = 0; i < STANZA_WRITER_DEPTH; i++) stanza_open(&w, "a", STANZA_NS_CLIENT);
    for (unsigned i = 0; i < STANZA_WRITER_DEPTH; i++) stanza_close(&w);
    assert_fine(rig_parse_status(r, written(r)));
    w = begin(r, STANZA_NS_CLIENT);
    for (unsigned i = 0; i < STANZA_WRITER_DEPTH + 5; i++) stanza_open(&w, "a", STANZA_NS_CLIENT);
    assert_status(outcome(r), TOO_LARGE);
    uint8_t little[8];
    bytes_buffer small;
    sotto_bytes text;
    bytes_buffer_borrowed(&small, little, sizeof little);
    stanza_writer_init(&w, &small, "");
    stanza_leaf(&w, "toolong", "", BYTES_NONE);
    assert_status(bytes_buffer_end(&small, &text), NO_ROOM);
}

static const char *const untouched[] = {
    "<message/>",
    "<message   a = \"b\"\n\tc='d'></message >",
    "<message><body>&#x41;&amp;&quot;'\">\r\n</body><![CDATA[<x/>]]></message>",
    "<message xml:lang='en' xmlns='jabber:client'/>",
    "<p:message xmlns:p='jabber:client'><p:body p:a='b'/></p:message>",
    "<x xmlns='urn:x'><y xmlns=''/><z xmlns:a='b' a:c='d'/></x>",
    "<m><a xmlns='b'><c/></a><\xc3\xa4/></m>",
};

static void unchanged_byte_for_byte(void **state) {
    rig *r = *state;
    for (size_t i = 0; i < sizeof untouched / sizeof untouched[0]; i++) {
        const stanza_element *root = rig_parse(r, untouched[i]);
        stanza_writer w = begin(r, STANZA_NS_CLIENT);
        stanza_copy(&w, root);
        assert_bytes(written(r), untouched[i]);
        /* The same inside of something else, and behind an open start tag. */
        w = begin(r, "");
        stanza_open(&w, "outer", STANZA_NS_CLIENT);
        stanza_put_text(&w, "a", "b");
        stanza_copy(&w, root);
        stanza_close(&w);
        sotto_bytes text = written(r);
        text = bytes_after(text, strlen("<outer xmlns='jabber:client' a='b'>"));
        text.len -= strlen("</outer>");
        assert_bytes(text, untouched[i]);
    }
}

static sotto_bytes copied(rig *r, const stanza_element *element, const char *outer_ns) {
    stanza_writer w = begin(r, outer_ns);
    stanza_copy(&w, element);
    return written(r);
}

static void written_anew(void **state) {
    rig *r = *state;
    const stanza_element *m = rig_parse(r, "<m><a b = \"'\"><b xmlns='x' c = ''/></a></m>");
    assert_bytes(copied(r, m, "other"), "<m xmlns='jabber:client'><a b = \"'\"><b xmlns='x' c = ''/></a></m>");
    assert_bytes(copied(r, stanza_first(m), STANZA_NS_CLIENT), "<a b = \"'\"><b xmlns='x' c = ''/></a>");
    assert_bytes(copied(r, stanza_first(stanza_first(m)), "any"), "<b xmlns='x' c = ''/>");

    m = rig_parse(
        r, "<m xmlns:p='x' xmlns:q='y'><p:a p:b='1' q:c=\"2\" d='3' xml:lang='l'><e  /><q:f>&lt;</q:f></p:a></m>");
    assert_bytes(copied(r, stanza_first(m), STANZA_NS_CLIENT),
                 "<a xmlns='x' xmlns:p0='x' p0:b='1' xmlns:p1='y' p1:c='2' d='3' xml:lang='l'>"
                 "<e xmlns='jabber:client'/><f xmlns='y'>&lt;</f></a>");
    m = rig_parse(r, "<m xmlns:p='x'><a p:b='1'><c p:d='2'/></a></m>");
    assert_bytes(copied(r, stanza_first(m), STANZA_NS_CLIENT),
                 "<a xmlns:p0='x' p0:b='1'><c xmlns:p0='x' p0:d='2'/></a>");
    m = rig_parse(r, "<m xmlns='x'><xml:a><b/></xml:a></m>");
    assert_bytes(copied(r, m, "y"), "<m xmlns='x'><xml:a><b/></xml:a></m>");
    assert_bytes(copied(r, stanza_first(m), "y"), "<xml:a><b xmlns='x'/></xml:a>");
    m = rig_parse(r, "<m><a xmlns=''><b/></a></m>");
    assert_bytes(copied(r, stanza_first(stanza_first(m)), "y"), "<b xmlns=''/>");
    assert_bytes(copied(r, stanza_first(stanza_first(m)), ""), "<b/>");
}

static void copy_of_a_start_tag(void **state) {
    rig *r = *state;
    const stanza_element *m = rig_parse(r, "<m xmlns:p='x' a='1' p:b='2'><c  /></m>");
    stanza_writer w = begin(r, STANZA_NS_CLIENT);
    stanza_copy_open(&w, m);
    stanza_put_text(&w, "d", "4");
    stanza_copy(&w, stanza_first(m));
    stanza_close(&w);
    assert_bytes(written(r), "<m a='1' xmlns:p0='x' p0:b='2' d='4'><c  /></m>");
}

static void stream_elements(void **state) {
    rig *r = *state;
    const char *in = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1'>"
                     "<stream:error><host-unknown  xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";
    stanza_reader *reader;
    stanza_reader_event event;
    const stanza_element *root;
    size_t used;
    assert_fine(stanza_reader_new(&reader, &r->host, 1000));
    assert_fine(stanza_reader_feed(reader, &r->arena, bytes_text(in), &used, &event, &root));
    assert_bytes(copied(r, root, ""), "<stream xmlns='http://etherx.jabber.org/streams' id='1'/>");
    assert_fine(stanza_reader_feed(reader, &r->arena, bytes_after(bytes_text(in), used), &used, &event, &root));
    assert_bytes(copied(r, root, STANZA_NS_CLIENT), "<error xmlns='http://etherx.jabber.org/streams'><host-unknown  "
                                                    "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>");
    stanza_reader_free(reader);
}

/* Wherever an element is copied to, it means the same there. */
static void copies_mean_the_same(void **state) {
    static const char *const documents[] = {
        "<m/>",
        "<m xmlns=''/>",
        "<m xmlns='x'><a/></m>",
        "<m xmlns:p='x'><p:a><b p:c='d'/></p:a><p:e xmlns:p='y'><p:f/></p:e></m>",
        "<m xmlns='x'><a xmlns=''><b/><c xmlns='x'/></a></m>",
        "<m><p:a xmlns:p='x'><b/></p:a></m>",
        "<m xml:lang='x'><xml:a xml:b='c'><d/></xml:a></m>",
        "<m xmlns:p='&lt;'><p:a>x&#13;y\r\n</p:a></m>",
        "<m xmlns:p='x' xmlns:q='x'><q:a p:b='1' q:c='2'/></m>",
        "<m xmlns:p='jabber:client'><p:a><b/></p:a></m>",
        "<m xmlns:p0='z' p0:a='&#9;'><b p0:c='&#xa;'/><a xmlns:p0='y' p0:d='e' f=''><p0:g/></a></m>",
        "<m a\xc2\xb7z='c'><\xc3\xa4\xcc\x81/></m>",
    };
    static const char *const places[] = {"", STANZA_NS_CLIENT, "x", "y"};
    rig *r = *state;
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        const stanza_element *root = rig_parse(r, documents[i]);
        for (const stanza_element *e = root; e; e = stanza_first(e)) {
            for (const stanza_element *one = e; one; one = one->next) {
                for (size_t k = 0; k < sizeof places / sizeof places[0]; k++) {
                    sotto_bytes wanted, copy;
                    assert_true(bytes_arena_copy(&r->arena, rig_dump(r, one, false), &wanted));
                    stanza_writer w = begin(r, "q");
                    stanza_open(&w, "place", places[k]);
                    stanza_copy(&w, one);
                    stanza_close(&w);
                    const stanza_element *place;
                    assert_fine(stanza_parse(&r->arena, written(r), &place));
                    copy = rig_dump(r, stanza_first(place), false);
                    if (!bytes_equal(copy, wanted))
                        fail_msg("%s in %s: %.*s", documents[i], places[k], (int)copy.len, (const char *)copy.at);
                }
            }
        }
    }
}

const struct CMUnitTest writer_tests[] = {
    RIG_TEST(a_message),           RIG_TEST(escapes),         RIG_TEST(every_character),         RIG_TEST(refuses),
    RIG_TEST(out_of_order),        RIG_TEST(too_deep),        RIG_TEST(unchanged_byte_for_byte), RIG_TEST(written_anew),
    RIG_TEST(copy_of_a_start_tag), RIG_TEST(stream_elements), RIG_TEST(copies_mean_the_same),
};
RIG_GROUP(writer_tests);
