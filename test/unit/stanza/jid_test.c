/* SPDX-License-Identifier: ISC
 *
 * Addresses: what they become, and what is none. */
#include "stanza/jid.h"

#include "rig.h"

#include <sotto/limits.h>

typedef struct jid_case {
    const char *text, *local, *domain, *resource;
} jid_case;

static const jid_case valid[] = {
    {"example.com", "", "example.com", ""},
    {"juliet@example.com", "juliet", "example.com", ""},
    {"juliet@example.com/foo", "juliet", "example.com", "foo"},
    {"juliet@example.com/foo bar", "juliet", "example.com", "foo bar"},
    {"juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar"},
    {"a.example.com/b@example.net", "", "a.example.com", "b@example.net"},
    {"example.com/a/b//c", "", "example.com", "a/b//c"},
    {"foo\\20bar@example.com", "foo\\20bar", "example.com", ""},
    {"JULIET@Example.COM/FOO", "juliet", "example.com", "FOO"},
    {"x!#$%*+,-.;=?[]^_`{|}~y@example.com", "x!#$%*+,-.;=?[]^_`{|}~y", "example.com", ""},
    {"a@example.com.", "a", "example.com", ""},
    {"example.com./r", "", "example.com", "r"},
    {"localhost", "", "localhost", ""},
    {"1", "", "1", ""},
    {"my_server.lan", "", "my_server.lan", ""},
    {"xn--a", "", "xn--a", ""}, /* not what it seems to be: stays */
    {"a@127.0.0.1", "a", "127.0.0.1", ""},
    {"a@[::1]/r", "a", "[::1]", "r"},
    {"[2001:DB8:0:0:0:0:0:1]", "", "[2001:db8::1]", ""},
    {"[::ffff:1.2.3.4]", "", "[::ffff:1.2.3.4]", ""},
    /* RFC 7622 section 3.5 */
    {"fussball@example.com", "fussball", "example.com", ""},
    {"\xcf\x80@example.com", "\xcf\x80", "example.com", ""},
    {"king@example.com/\xe2\x99\x9a", "king", "example.com", "\xe2\x99\x9a"},
    /* case and compatibility: sharp s, capital sigma, fullwidth A, ligature fi, A with ring as two, Kelvin sign */
    {"fu\xc3\x9f"
     "ball@example.com",
     "fussball", "example.com", ""},
    {"\xce\xa3@example.com/\xce\xa3", "\xcf\x83", "example.com", "\xce\xa3"},
    {"\xef\xbc\xa1@x/\xef\xbc\xa1", "a", "x", "A"},
    {"\xef\xac\x81@x/\xef\xac\x81", "fi", "x", "fi"},
    {"A\xcc\x8a@x/A\xcc\x8a", "\xc3\xa5", "x", "\xc3\x85"},
    {"\xe2\x84\xaa@x", "k", "x", ""},
    {"a\xc2\xad"
     "b@x",
     "ab", "x", ""},                                        /* the soft hyphen is mapped to nothing */
    {"a@x/\xf0\x9f\x98\x80", "a", "x", "\xf0\x9f\x98\x80"}, /* unassigned in Unicode 3.2, and common */
    {"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d@x", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "x", ""},
    /* domains */
    {"a@M\xc3\x9cNCHEN.example", "a", "m\xc3\xbcnchen.example", ""},
    {"a@xn--mnchen-3ya.example", "a", "m\xc3\xbcnchen.example", ""},
    {"a@XN--Mnchen-3YA.example", "a", "m\xc3\xbcnchen.example", ""},
    {"a@b\xe3\x80\x82"
     "c\xef\xbc\x8e"
     "d\xef\xbd\xa1",
     "a", "b.c.d", ""},
    {"\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88", "",
     "\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88", ""},
    {"a@\xef\xbc\xa5xample.com", "a", "example.com", ""},
    /* right to left in one label, left to right in the next */
    {"a@xn--9dbne9b.example.com", "a", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d.example.com", ""},
    {"a@\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d.example", "a", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d.example", ""},
};

static void check(rig *r, const jid_case *c, sotto_bytes text) {
    stanza_jid jid;
    sotto_status status = stanza_jid_parse(&r->arena, text, &jid);
    if (!sotto_ok(status)) fail_msg("%s: refused", c->text);
    assert_bytes(jid.local, c->local);
    assert_bytes(jid.domain, c->domain);
    assert_bytes(jid.resource, c->resource);
    bytes_buffer_reset(&r->out);
    if (*c->local) {
        bytes_buffer_text(&r->out, c->local);
        bytes_buffer_text(&r->out, "@");
    }
    bytes_buffer_text(&r->out, c->domain);
    sotto_bytes wanted;
    assert_fine(bytes_buffer_end(&r->out, &wanted));
    assert_true(bytes_equal(jid.bare, wanted));
    assert_ptr_equal(jid.bare.at, jid.full.at);
    if (*c->resource) {
        bytes_buffer_text(&r->out, "/");
        bytes_buffer_text(&r->out, c->resource);
    }
    assert_fine(bytes_buffer_end(&r->out, &wanted));
    assert_true(bytes_equal(jid.full, wanted));
}

static void accepted(void **state) {
    rig *r = *state;
    for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++) {
        check(r, &valid[i], bytes_text(valid[i].text));
        /* What came out is its own normal form. */
        stanza_jid jid;
        assert_fine(stanza_jid_parse(&r->arena, bytes_text(valid[i].text), &jid));
        check(r, &valid[i], jid.full);
    }
}

static void refused(void **state) {
    static const char *const cases[] = {
        "",
        "@",
        "/",
        "@/",
        "@example.com",
        "@example.com/r",
        "a@",
        "a@/r",
        "/r",
        "example.com/",
        "a@example.com/",
        "a@b@c",
        "a b@example.com",
        "a@exa mple.com",
        "\"juliet\"@example.com",
        "foo bar@example.com",
        "<a>@b",
        "a&b@c",
        "a'b@c",
        "a:b@c",
        "a\"b@c",
        "a>b@c",
        "a<b@c",
        "a\tb@c",
        "a\x7f@c",
        "a@b/c\x01",
        "a@b/c\n",
        "a@b/\x7f",
        /* domains */
        ".",
        "..",
        "a..b",
        ".a",
        "a@.",
        "a@b..",
        "a@-b",
        "a@b-",
        "a@b-.c",
        "a@b,c",
        "a@b:5222",
        "a@b%c",
        "a@b\\c",
        "a@b?c",
        "a@[::1",
        "a@::1",
        "a@[]",
        "a@[1.2.3.4]",
        "a@[::g]",
        "a@[::1]x",
        "a@[fe80::1%eth0]",
        "a@[0:0:0:0:0:0:0:0:1]",
        /* RFC 7622 section 3.5: henriciv is fine as a resource only; so is the chess king as an account for libidn */
        "henry\xe2\x85\xa3 @example.com",
        /* broken UTF-8 */
        "\xff@b",
        "a@\xc3",
        "a@b/\xed\xa0\x80",
        "a@b/\xc0\xaf",
        "\xf4\x90\x80\x80@b",
        /* prohibited: no-break space, private use, noncharacter, bidirectional controls, ideographic space */
        "a\xc2\xa0@b",
        "\xee\x80\x80@b",
        "a@b/\xef\xbf\xbf",
        "a@b/\xe2\x80\xae",
        "a\xe3\x80\x80@b",
        "a@b/\xc2\x85",
        /* that become what is forbidden: fullwidth @ and /, account of */
        "a\xef\xbc\xa0@b",
        "a\xef\xbc\x8f@b",
        "\xe2\x84\x80@b",
        "a@b\xef\xbc\xa0"
        "c",
        "a@b\xef\xbc\x8f"
        "c",
        "a@\xe2\x84\x80"
        "c",
        "a@b\xef\xbc\x9a"
        "c",
        /* right-to-left and left-to-right mixed (RFC 3454 section 6) */
        "a\xd7\xa9@b",
        "\xd7\xa9"
        "1@b",
        /* that become nothing */
        "\xc2\xad@b",
        "a@\xc2\xad",
        "a@b/\xc2\xad",
        "a@xn--\xc3\xbc",
        "a@b\xe3\x80\x82\xe3\x80\x82",
    };
    rig *r = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stanza_jid jid = {.full = {NULL, 77}};
        bytes_arena_mark before = bytes_arena_here(&r->arena);
        sotto_status status = stanza_jid_parse(&r->arena, bytes_text(cases[i]), &jid);
        if (status.code != SOTTO_E_BAD_JID) fail_msg("%s: %d", cases[i], status.code);
        assert_int_equal(jid.full.len, 77);
        bytes_arena_mark behind = bytes_arena_here(&r->arena);
        assert_ptr_equal(before.chunk, behind.chunk);
        assert_int_equal(before.used, behind.used);
    }
    stanza_jid jid;
    assert_status(stanza_jid_parse(&r->arena, bytes_of("a\0@b", 4), &jid), BAD_JID);
    assert_status(stanza_jid_parse(&r->arena, bytes_of("a@b\0", 4), &jid), BAD_JID);
    assert_status(stanza_jid_parse(&r->arena, bytes_of("a@b/\0", 5), &jid), BAD_JID);
    assert_status(stanza_jid_parse(&r->arena, bytes_of("\xc3\xbc\0@b", 5), &jid), BAD_JID);
    assert_status(stanza_jid_parse(&r->arena, bytes_of("[::1\0]", 6), &jid), BAD_JID);
    assert_status(stanza_jid_parse(&r->arena, BYTES_NONE, &jid), BAD_JID);
}

static sotto_status status_of(rig *r, sotto_bytes text) {
    stanza_jid jid;
    return stanza_jid_parse(&r->arena, text, &jid);
}

/* limit: SOTTO_JID_PART_BYTES_MAX, SOTTO_JID_BYTES_MAX */
static void limits(void **state) {
    rig *r = *state;
    const size_t most = SOTTO_JID_PART_BYTES_MAX;
    assert_fine(status_of(r, rig_many(r, "", most, "a", "@b")));
    assert_status(status_of(r, rig_many(r, "", most + 1, "a", "@b")), BAD_JID);
    assert_fine(status_of(r, rig_many(r, "b/", most, "a", "")));
    assert_status(status_of(r, rig_many(r, "b/", most + 1, "a", "")), BAD_JID);
    /* 15 labels of 63 with their dots are 960 bytes. */
    const char *label = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk.";
    assert_int_equal(strlen(label), 64);
    const char *longest = (const char *)rig_many(r, "", 15, label, "").at;
    assert_fine(status_of(r, rig_many(r, longest, 63, "z", "")));
    assert_fine(status_of(r, rig_many(r, longest, 63, "z", ".")));
    assert_status(status_of(r, rig_many(r, longest, 62, "z", ".y")), BAD_JID); /* 1024 */
    assert_fine(status_of(r, rig_many(r, longest, 61, "z", ".y")));
    assert_fine(status_of(r, rig_many(r, "", 63, "z", "")));
    assert_status(status_of(r, rig_many(r, "", 64, "z", "")), BAD_JID);
    /* The limits hold for what comes out: 341 letters of three bytes are 1023, and sharp s is as long as two s. */
    assert_fine(status_of(r, rig_many(r, "", 341, "\xe4\xbe\x8b", "@b")));
    assert_status(status_of(r, rig_many(r, "", 341, "\xe4\xbe\x8b", "a@b")), BAD_JID);
    assert_fine(status_of(r, rig_many(r, "a", 511, "\xc3\x9f", "@b")));
    assert_status(status_of(r, rig_many(r, "", 512, "\xc3\x9f", "@b")), BAD_JID);
    assert_fine(status_of(r, rig_many(r, "b/", 1000, "\xef\xbc\xa1", "")));
    assert_fine(status_of(r, rig_many(r, "a", 1000, "\xc2\xad", "@b")));
    /* U+FDFA becomes 18 letters. */
    assert_fine(status_of(r, rig_many(r, "b/", 30, "\xef\xb7\xba", "")));
    assert_status(status_of(r, rig_many(r, "b/", 1000, "\xef\xb7\xba", "")), BAD_JID);
    /* Everything together. */
    sotto_bytes local = rig_many(r, "", most, "a", "@"), host = rig_many(r, (const char *)local.at, 15, label, "");
    sotto_bytes host_full = rig_many(r, (const char *)host.at, 63, "z", "/");
    sotto_bytes whole = rig_many(r, (const char *)host_full.at, most, "r", "");
    assert_int_equal(whole.len, SOTTO_JID_BYTES_MAX);
    assert_fine(status_of(r, whole));
    assert_status(status_of(r, rig_many(r, (const char *)whole.at, 1, "r", "")), BAD_JID);
}

static void comparing(void **state) {
    rig *r = *state;
    stanza_jid a, b, c, none = {.full = {NULL, 0}};
    assert_fine(stanza_jid_parse(&r->arena, bytes_text("Romeo@Montague.Example/orchard"), &a));
    assert_fine(stanza_jid_parse(&r->arena, bytes_text("romeo@montague.example./Balcony"), &b));
    assert_fine(stanza_jid_parse(&r->arena, bytes_text("montague.example/romeo"), &c));
    assert_true(stanza_jid_same_bare(&a, &b));
    assert_true(stanza_jid_same_bare(&a, &a));
    assert_false(stanza_jid_same_bare(&a, &c));
    assert_false(stanza_jid_same_bare(&none, &none));
    assert_false(stanza_jid_same_bare(&none, &a));
    assert_false(stanza_jid_same_bare(NULL, &a));
    assert_false(stanza_jid_same_bare(NULL, NULL));
}

const struct CMUnitTest jid_tests[] = {RIG_TEST(accepted), RIG_TEST(refused), RIG_TEST(limits), RIG_TEST(comparing)};
RIG_GROUP(jid_tests);
