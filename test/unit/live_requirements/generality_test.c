/* SPDX-License-Identifier: ISC
 *
 * "Generally applicable to the full content of any XML stanza type": each kind arrives as it was said, to the last
 * attribute; a request gets its answer, or an error. */
#include "people.h"

#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"

/* ---- equal trees ---- */

static void same(const stanza_element *a, const stanza_element *b, bool outermost);

static void assert_bytes(sotto_bytes a, sotto_bytes b) {
    if (!bytes_equal(a, b))
        fail_msg("\"%.*s\" instead of \"%.*s\"", (int)b.len, (const char *)b.at, (int)a.len, (const char *)a.at);
}

static bool is_address(const stanza_attribute *a) {
    return a->ns.len == 0 && (bytes_is(a->name, "from") || bytes_is(a->name, "to"));
}

static size_t attribute_count(const stanza_element *e, bool outermost) {
    size_t count = 0;
    for (const stanza_attribute *a = e->attributes; a != NULL; a = a->next) count += !outermost || !is_address(a);
    return count;
}

static void same_attributes(const stanza_element *a, const stanza_element *b, bool outermost) {
    assert_int_equal(attribute_count(a, outermost), attribute_count(b, outermost));
    for (const stanza_attribute *x = a->attributes; x != NULL; x = x->next) {
        const stanza_attribute *y = b->attributes;
        if (outermost && is_address(x)) continue;
        while (y != NULL && !(bytes_equal(x->name, y->name) && bytes_equal(x->ns, y->ns))) y = y->next;
        if (y == NULL)
            fail_msg("no %.*s", (int)x->name.len, (const char *)x->name.at);
        else
            assert_bytes(x->value, y->value);
    }
}

static void same_content(const stanza_node *a, const stanza_node *b) {
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        assert_int_equal(a->element != NULL, b->element != NULL);
        if (a->element != NULL)
            same(a->element, b->element, false);
        else
            assert_bytes(a->text, b->text);
    }
    assert_true(a == NULL && b == NULL);
}

static void same(const stanza_element *a, const stanza_element *b, bool outermost) {
    assert_bytes(a->name, b->name);
    assert_bytes(a->ns, b->ns);
    same_attributes(a, b, outermost);
    same_content(a->first, b->first);
}

/* What she said, with the mark in it, is what he was handed, once; from her and to him. */
static void assert_arrived(talk *k, const device *to, const char *said, const char *mark) {
    const stanza_element *a, *b;
    sotto_bytes all;
    assert_int_equal(people_count_in(to, mark), 1);
    assert_ok(bytes_buffer_end(&to->transcript, &all));
    const uint8_t *at = memmem(all.at, all.len, mark, strlen(mark)), *end = at;
    while (at > all.at && at[-1] != '\n') at--;
    while (*at != '<') at++; /* behind its number and kind */
    end = memchr(end, '\n', (size_t)(all.at + all.len - end));
    bytes_arena_mark here = bytes_arena_here(&k->t.w.arena);
    assert_ok(stanza_parse(&k->t.w.arena, bytes_text(said), &a));
    assert_ok(stanza_parse(&k->t.w.arena, bytes_of(at, (size_t)(end - at)), &b));
    same(a, b, true);
    assert_true(bytes_is(stanza_attribute_of(b, "from"), to == k->t.romeo ? BALCONY : ORCHARD));
    assert_true(bytes_is(stanza_attribute_of(b, "to"), to == k->t.romeo ? ORCHARD : BALCONY));
    bytes_arena_back(&k->t.w.arena, here);
}

static void arrives(talk *k, const char *said, const char *mark) {
    device_send(k->t.juliet, said);
    live_run(k);
    assert_arrived(k, k->t.romeo, said, mark);
    assert_false(people_server_saw(k, "mark-"));
}

#define TO " to='" ORCHARD "'"

static void req_generality_messages_arrive_whole(void **state) {
    (void)state;
    talk k;
    people_meet(&k, LIVE_ALONE);
    arrives(&k,
            "<message" TO " type='chat' id='mark-1' xml:lang='it'><body>Buona notte</body>"
            "<body xml:lang='en'>Good night</body><subject xml:lang='de-AT'>Nacht</subject><thread parent='p'>t"
            "</thread></message>",
            "id='mark-1'");
    arrives(&k,
            "<message" TO " type='normal' id='mark-2'><x xmlns='urn:a:1' n='1'>one<y xmlns='urn:b'/>two<y/>three"
            "</x></message>",
            "id='mark-2'");
    arrives(&k,
            "<message" TO " type='headline' id='mark-3'><p:x xmlns:p='urn:a:1' p:n='&lt;&quot;&apos;&amp;' "
            "xml:lang='fr' xml:space='preserve'> <p:z/>  </p:x></message>",
            "id='mark-3'");
    arrives(&k,
            "<message" TO " type='error' id='mark-4'><body>x</body><error type='cancel'><item-not-found "
            "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' "
            "xml:lang='en'>no</text></error></message>",
            "id='mark-4'");
    arrives(&k, "<message" TO " id='mark-5'><body>\xE2\x98\xBE &#x1F339; &lt;body&gt; ]]&gt;</body></message>",
            "id='mark-5'");
    world_end(&k.t.w);
}

/* (One without content, which says no more than its address does, is routing and stays outside.) */
static void req_generality_presence_arrives_whole(void **state) {
    (void)state;
    talk k;
    people_meet(&k, LIVE_ALONE);
    arrives(&k,
            "<presence" TO " id='mark-1' xml:lang='it'><show>xa</show><status>Non c'\xC3\xA8</status>"
            "<status xml:lang='en'>away</status><priority>-7</priority><c xmlns='http://jabber.org/protocol/caps' "
            "hash='sha-1' node='urn:n' ver='QgayPKawpkPSDYmwT/WM94uAlu0='/><x xmlns='vcard-temp:x:update'><photo/>"
            "</x></presence>",
            "id='mark-1'");
    arrives(&k, "<presence" TO " id='mark-2'><x xmlns='urn:x'/></presence>", "id='mark-2'");
    arrives(&k, "<presence" TO " id='mark-3' type='unavailable'><status>gone</status></presence>", "id='mark-3'");
    world_end(&k.t.w);
}

/* Get and set, result with and without content, and error: through the session, in both directions. */
static void req_generality_requests_and_answers_arrive_whole(void **state) {
    (void)state;
    talk k;
    static const char *const types[] = {"result", "result", "error"};
    static const char *const contents[] = {
        "<query xmlns='urn:q' xml:lang='de'>ja<z/></query>", "",
        "<query xmlns='urn:q'/><error type='auth' by='x'><forbidden xmlns='" NS_STANZAS
        "'/><why xmlns='urn:q'/></error>"};
    people_meet(&k, LIVE_ALONE);
    for (unsigned i = 0; i < 6; i++) {
        char said[512], answer[512], mark[16];
        snprintf(mark, sizeof mark, "id='mark-%u'", i);
        snprintf(said, sizeof said,
                 "<iq" TO " type='%s' id='mark-%u'><query xmlns='urn:q' node='%u'><item/>text</query></iq>",
                 i < 3 ? "get" : "set", i, i);
        arrives(&k, said, mark);
        snprintf(answer, sizeof answer, "<iq to='" BALCONY "' type='%s' id='mark-%u'>%s</iq>", types[i % 3], i,
                 contents[i % 3]);
        device_send(k.t.romeo, answer);
        live_run(&k);
        assert_arrived(&k, k.t.juliet, answer, mark);
        assert_false(people_server_saw(&k, "mark-"));
    }
    people_wait(&k, 10); /* and none of them becomes an error afterwards */
    assert_int_equal(people_count_in(k.t.juliet, "id='mark-"), 6);
    world_end(&k.t.w);
}

/* Whatever becomes of the other side, the session or the answer: one answer, or one error. */
static void req_generality_a_request_is_never_met_with_silence(void **state) {
    (void)state;
    for (unsigned what = 0; what < 6; what++) {
        talk k;
        people_meet(&k, LIVE_ALONE);
        people_talk(&k);
        unsigned at = k.h.seen;
        if (what == 0) k.h = (hostile){.what = DROPS, .at = 1, .until = 100000};
        if (what == 1) k.h = (hostile){.what = REFUSES, .at = 1, .until = 100000};
        if (what == 2) k.h = (hostile){.what = DROPS, .at = at + 2, .until = 100000, .seen = at}; /* the answer */
        if (what == 3) device_leave(k.t.romeo);
        device_send(k.t.juliet, "<iq" TO " type='get' id='mark-1'><query xmlns='urn:q'/></iq>");
        live_run(&k);
        if (what == 4) device_leave(k.t.romeo); /* asked, and gone */
        bool asked = people_count_in(k.t.romeo, "id='mark-1'") > 0;
        assert_int_equal(asked, what == 2 || what == 4 || what == 5);
        if (what == 2) {
            device_send(k.t.romeo, "<iq to='" BALCONY "' type='result' id='mark-1'/>");
            live_run(&k);
        } /* 5: he never answers */
        people_wait(&k, 12);
        assert_int_equal(people_count_in(k.t.juliet, "<iq type='error' id='mark-1'"), 1);
        assert_int_equal(people_count_in(k.t.juliet, "id='mark-1'"), 1);
        assert_int_equal(device_held(k.t.juliet), 0);
        world_end(&k.t.w);
    }
}

const struct CMUnitTest generality_tests[] = {
    REQUIREMENT(req_generality_messages_arrive_whole),
    REQUIREMENT(req_generality_presence_arrives_whole),
    REQUIREMENT(req_generality_requests_and_answers_arrive_whole),
    REQUIREMENT(req_generality_a_request_is_never_met_with_silence),
};
const size_t generality_count = sizeof generality_tests / sizeof *generality_tests;
