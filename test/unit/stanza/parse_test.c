/* SPDX-License-Identifier: ISC
 *
 * One stanza parsed, and looked into. */
#include "rig.h"

static void tree_of_a_message(void **state) {
    rig *r = *state;
    const char *text = "<message from='a@b' to=\"c@d/e\" id='1'><body xml:lang='de'>Gr\xc3\xbc\xc3\x9f &lt;&amp;&gt; "
                       "&#x1F600;</body><x xmlns='urn:x' xmlns:y='urn:y' y:a='b'><y:z/>tail</x></message>";
    const stanza_element *message = rig_parse(r, text);
    assert_true(stanza_is(message, "message", STANZA_NS_CLIENT));
    assert_true(stanza_is(message, NULL, NULL));
    assert_false(stanza_is(message, "message", "jabber:server"));
    assert_null(message->parent);
    assert_bytes(message->raw, text);
    assert_bytes(message->outer_ns, STANZA_NS_CLIENT);
    assert_true(message->standalone);
    assert_false(message->own_default);
    assert_bytes(stanza_attribute_of(message, "to"), "c@d/e");
    assert_null(stanza_attribute_of(message, "type").at);
    assert_int_equal(stanza_count(message), 2);

    const stanza_element *body = stanza_child(message, "body", STANZA_NS_CLIENT);
    assert_ptr_equal(body, stanza_first(message));
    assert_ptr_equal(body->parent, message);
    assert_bytes(body->raw, "<body xml:lang='de'>Gr\xc3\xbc\xc3\x9f &lt;&amp;&gt; &#x1F600;</body>");
    assert_null(stanza_attribute_of(body, "lang").at);
    assert_bytes(stanza_attribute_ns(body, "lang", STANZA_NS_XML), "de");
    assert_true(body->standalone);
    sotto_bytes words;
    assert_true(stanza_text(body, &r->arena, &words));
    assert_bytes(words, "Gr\xc3\xbc\xc3\x9f <&> \xf0\x9f\x98\x80");

    const stanza_element *x = stanza_next(message, body);
    assert_true(stanza_is(x, "x", "urn:x"));
    assert_null(stanza_next(message, x));
    assert_bytes(stanza_attribute_ns(x, "a", "urn:y"), "b");
    assert_null(stanza_attribute_of(x, "a").at);
    assert_true(x->standalone);
    assert_true(x->own_default);
    const stanza_element *z = stanza_child(x, "z", "urn:y");
    assert_non_null(z);
    assert_false(z->standalone); /* y: is bound outside of it */
    assert_bytes(z->raw, "<y:z/>");
    assert_bytes(z->outer_ns, "urn:x");
}

static void looking_at_nothing(void **state) {
    rig *r = *state;
    bool several = true;
    sotto_bytes text = bytes_text("left over");
    uint64_t number = 7;
    assert_false(stanza_is(NULL, NULL, NULL));
    assert_null(stanza_attribute_of(NULL, "a").at);
    assert_null(stanza_attribute_ns(NULL, "a", "b").at);
    assert_null(stanza_first(NULL));
    assert_null(stanza_next(NULL, NULL));
    assert_null(stanza_child(NULL, NULL, NULL));
    assert_null(stanza_only_child(NULL, NULL, NULL, &several));
    assert_false(several);
    assert_int_equal(stanza_count(NULL), 0);
    assert_true(stanza_text(NULL, &r->arena, &text));
    assert_int_equal(text.len, 0);
    assert_false(stanza_attribute_number(NULL, "a", 0, 9, &number));
    assert_int_equal(number, 7);
}

static void only_children(void **state) {
    rig *r = *state;
    const stanza_element *m = rig_parse(r, "<m>t<a/><b/>t<a xmlns='o'/><c/><b/></m>");
    bool several = true;
    assert_non_null(stanza_only_child(m, "a", STANZA_NS_CLIENT, &several));
    assert_false(several);
    assert_null(stanza_only_child(m, "a", NULL, &several));
    assert_true(several);
    assert_null(stanza_only_child(m, "b", STANZA_NS_CLIENT, NULL));
    assert_null(stanza_only_child(m, "d", NULL, &several));
    assert_false(several);
    assert_int_equal(stanza_count(m), 5);
    assert_ptr_equal(stanza_next(m, stanza_child(m, "c", NULL)), stanza_child(m, "c", NULL)->next);
    const stanza_element *other = rig_parse(r, "<n><a/><a/></n>");
    assert_null(stanza_next(m, stanza_first(other)));
}

static void text_in_pieces(void **state) {
    rig *r = *state;
    const stanza_element *m = rig_parse(r, "<m>a&amp;b<x>no</x>c<![CDATA[<d> & ]] ]]>]]&gt;\r\ne\rf&#13;\n</m>");
    sotto_bytes text;
    assert_true(stanza_text(m, &r->arena, &text));
    assert_bytes(text, "a&bc<d> & ]] ]]>\ne\nf\r\n");
    m = rig_parse(r, "<m><![CDATA[]]]><![CDATA[]]]]]]><![CDATA[]]></m>");
    assert_true(stanza_text(m, &r->arena, &text));
    assert_bytes(text, "]]]]]");
    m = rig_parse(r, "<m><![CDATA[]]]></m>");
    assert_bytes(m->first->text, "]");
    /* Many pieces, and what is taken from the arena behind them. */
    sotto_bytes many = rig_many(r, "<m>", 100, "x&lt;", "<b c='dddddddd'>&amp;eeeeeeee</b></m>");
    m = rig_parse(r, (const char *)many.at);
    assert_true(bytes_equal(m->first->text, rig_many(r, "", 100, "x<", "")));
    assert_bytes(stanza_first(m)->first->text, "&eeeeeeee");
    m = rig_parse(r, "<m/>");
    assert_true(stanza_text(m, &r->arena, &text));
    assert_int_equal(text.len, 0);
    /* Text in one run is not copied. */
    m = rig_parse(r, "<m>line\nline\n\nline</m>");
    assert_null(m->first->next);
    assert_ptr_equal(m->first->text.at, m->raw.at + 3);
    assert_bytes(m->first->text, "line\nline\n\nline");
}

static void attribute_values(void **state) {
    rig *r = *state;
    const stanza_element *m = rig_parse(r, "<m a='' b='x\ty\r\nz' c='&#9;&#10;&#13;&lt;&apos;&quot;' d = \"'>/\"\n/>");
    assert_non_null(stanza_attribute_of(m, "a").at);
    assert_bytes(stanza_attribute_of(m, "a"), "");
    assert_bytes(stanza_attribute_of(m, "b"), "x y z");
    assert_bytes(stanza_attribute_of(m, "c"), "\t\n\r<'\"");
    assert_bytes(stanza_attribute_of(m, "d"), "'>/");
    assert_bytes(m->attributes->name, "a");
    assert_bytes(m->attributes->next->next->next->name, "d");
    assert_null(m->attributes->next->next->next->next);
}

static void numbers(void **state) {
    rig *r = *state;
    const stanza_element *m =
        rig_parse(r, "<m a='0' b='007' c='18446744073709551615' d='18446744073709551616' e='-1' f='1 '"
                     " g='' h='+1' i='99999999999999999999999'/>");
    uint64_t n = 1;
    assert_true(stanza_attribute_number(m, "a", 0, 9, &n));
    assert_int_equal(n, 0);
    assert_true(stanza_attribute_number(m, "b", 7, 7, &n));
    assert_int_equal(n, 7);
    assert_false(stanza_attribute_number(m, "b", 8, 9, &n));
    assert_false(stanza_attribute_number(m, "b", 0, 6, &n));
    assert_true(stanza_attribute_number(m, "c", 0, UINT64_MAX, &n));
    assert_true(n == UINT64_MAX);
    const char *wrong[] = {"d", "e", "f", "g", "h", "i", "j"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(stanza_attribute_number(m, wrong[i], 0, UINT64_MAX, &n));
        assert_true(n == UINT64_MAX);
    }
}

typedef struct mark_case {
    const char *text;
    bool standalone, own_default; /* of the root's first child */
    const char *ns, *outer_ns;
} mark_case;

static void marks(void **state) {
    static const mark_case cases[] = {
        {"<m><c/></m>", true, false, STANZA_NS_CLIENT, STANZA_NS_CLIENT},
        {"<m><c xmlns='x'/></m>", true, true, "x", STANZA_NS_CLIENT},
        {"<m xmlns='x'><c/></m>", true, false, "x", "x"},
        {"<m xmlns='x'><c xmlns=''/></m>", true, true, "", "x"},
        {"<m xmlns=''><c/></m>", true, false, "", ""},
        {"<m xmlns:p='x'><p:c/></m>", false, true, "x", STANZA_NS_CLIENT},
        {"<m xmlns:p='x'><p:c xmlns:p='y'/></m>", true, true, "y", STANZA_NS_CLIENT},
        {"<m xmlns:p='x'><c xmlns='x'><d><p:e/></d></c></m>", false, true, "x", STANZA_NS_CLIENT},
        {"<m xmlns:p='x'><c p:a='b'/></m>", false, false, STANZA_NS_CLIENT, STANZA_NS_CLIENT},
        {"<m xmlns:p='x'><c a='b'/></m>", true, false, STANZA_NS_CLIENT, STANZA_NS_CLIENT},
        {"<m xmlns:p='x'><c><d p:a='b'/></c></m>", false, false, STANZA_NS_CLIENT, STANZA_NS_CLIENT},
        {"<m xmlns:p='x'><p:c xmlns:p='y'><p:d xmlns:p='z'/></p:c></m>", true, true, "y", STANZA_NS_CLIENT},
        {"<m><p:c xmlns:p='y'><d/></p:c></m>", true, false, "y", STANZA_NS_CLIENT},
        {"<m><p:c xmlns:p='y'><d xmlns='z'/></p:c></m>", true, true, "y", STANZA_NS_CLIENT},
        {"<m><c xml:lang='en' xml:space='preserve'/></m>", true, false, STANZA_NS_CLIENT, STANZA_NS_CLIENT},
        {"<m><xml:c/></m>", true, true, STANZA_NS_XML, STANZA_NS_CLIENT},
        {"<m xmlns='x' xmlns:xml='" STANZA_NS_XML "'><c/></m>", true, false, "x", "x"},
    };
    rig *r = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const stanza_element *child = stanza_first(rig_parse(r, cases[i].text));
        assert_non_null(child);
        if (child->standalone != cases[i].standalone || child->own_default != cases[i].own_default)
            fail_msg("%s", cases[i].text);
        assert_bytes(child->ns, cases[i].ns);
        assert_bytes(child->outer_ns, cases[i].outer_ns);
    }
}

static void parser_reads_on(void **state) {
    rig *r = *state;
    stanza_parser *parser;
    const stanza_element *root;
    assert_fine(stanza_parser_new(&parser, &r->host));
    /* Several times what makes it take a new expat; and errors in between change nothing. */
    static const char *const bad[] = {"<a",     "<a></b>",    "<a/><b/>", "</w>", "</w><w>", "<a><!-- --></a>",
                                      "<p:a/>", "<a>&x;</a>", "x"};
    sotto_bytes text = rig_many(r, "<message xmlns:p='q'><p:body>", 9000, "word ", "</p:body></message>");
    sotto_bytes wanted = rig_dump(r, rig_parse(r, (const char *)text.at), true);
    bytes_buffer kept;
    bytes_buffer_owned(&kept, &r->host, 1 << 20);
    bytes_buffer_put(&kept, wanted);
    for (size_t i = 0; i < 50; i++) {
        bytes_arena_mark mark = bytes_arena_here(&r->arena);
        assert_fine(stanza_parser_read(parser, &r->arena, text, &root));
        sotto_bytes before;
        assert_fine(bytes_buffer_end(&kept, &before));
        sotto_bytes now = rig_dump(r, root, true);
        assert_true(bytes_equal(now, before));
        bytes_arena_back(&r->arena, mark);
        sotto_status status =
            stanza_parser_read(parser, &r->arena, bytes_text(bad[i % (sizeof bad / sizeof bad[0])]), &root);
        assert_false(sotto_ok(status));
        bytes_arena_mark behind = bytes_arena_here(&r->arena);
        assert_ptr_equal(mark.chunk, behind.chunk);
        assert_int_equal(mark.used, behind.used);
    }
    bytes_buffer_free(&kept);
    stanza_parser_free(parser);
    stanza_parser_free(NULL);
}

static void nothing_stays_between_stanzas(void **state) {
    rig *r = *state;
    stanza_parser *parser;
    const stanza_element *root;
    assert_fine(stanza_parser_new(&parser, &r->host));
    assert_fine(stanza_parser_read(parser, &r->arena, bytes_text("<a xmlns='x' xmlns:p='y'><p:b/></a>"), &root));
    assert_fine(stanza_parser_read(parser, &r->arena, bytes_text("<a/>"), &root));
    assert_bytes(root->ns, STANZA_NS_CLIENT);
    assert_status(stanza_parser_read(parser, &r->arena, bytes_text("<p:a/>"), &root), MALFORMED);
    assert_fine(stanza_parser_read(parser, &r->arena, bytes_text("<a/>"), &root));
    assert_bytes(root->ns, STANZA_NS_CLIENT);
    stanza_parser_free(parser);
}

/* The tree must not point into what the caller gave. */
static void text_is_copied(void **state) {
    rig *r = *state;
    char text[] = "<m a='b' xmlns='c'>d<e/></m>";
    const stanza_element *root = rig_parse(r, text);
    memset(text, 'x', sizeof text - 1);
    assert_bytes(root->raw, "<m a='b' xmlns='c'>d<e/></m>");
    assert_bytes(rig_dump(r, root, false),
                 "0 element {c}m\n0 attribute {}a\n0 value {}b\n0 text {}d\n1 element {c}e\n");
}

const struct CMUnitTest parse_tests[] = {
    RIG_TEST(tree_of_a_message),
    RIG_TEST(looking_at_nothing),
    RIG_TEST(only_children),
    RIG_TEST(text_in_pieces),
    RIG_TEST(attribute_values),
    RIG_TEST(numbers),
    RIG_TEST(marks),
    RIG_TEST(parser_reads_on),
    RIG_TEST(nothing_stays_between_stanzas),
    RIG_TEST(text_is_copied),
};
RIG_GROUP(parse_tests);
