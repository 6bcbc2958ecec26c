/* SPDX-License-Identifier: ISC
 *
 * What programs of others are known to do, before they are tried; and who may be answered because he was shown our
 * presence. */
#include "engine_rig.h"

#include "bytes/base64.h"
#include "context/caps.h"
#include "crypto/hash.h"
#include "engine/state.h"
#include "stanza/element.h"

#define ROMEO      "romeo@montague.example"
#define ORCHARD    ROMEO "/orchard"
#define GARDEN     ROMEO "/garden"
#define QUERY      "<iq type='get' id='q1' to='" ORCHARD "'><query xmlns='test:secret'/></iq>"
#define INFO       "http://jabber.org/protocol/disco#info"
#define WITH_IT    "<identity category='client' type='phone' name='x'/><feature var='test:near'/><feature var='a'/>"
#define WITHOUT_IT "<identity category='client' type='phone' name='x'/><feature var='a'/>"

/* The hash of an answer to disco#info, by the text of XEP-0115 alone. */
static const char *ver_of(bool with) {
    static char text[2][64];
    uint8_t hash[20];
    bytes_buffer out;
    sotto_bytes encoded;
    const char *string = with ? "client/phone//x<a<test:near<" : "client/phone//x<a<";
    assert_ok(crypto_hash_of(CRYPTO_SHA1, hash, bytes_text(string)));
    bytes_buffer_borrowed(&out, text[with], sizeof text[with] - 1);
    bytes_base64_put(&out, bytes_of(hash, sizeof hash));
    assert_ok(bytes_buffer_end(&out, &encoded));
    text[with][encoded.len] = 0;
    return text[with];
}

static void show(engine_rig *r, const char *from, const char *ver) {
    char text[512];
    snprintf(text, sizeof text,
             "<presence from='%s'><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:x' ver='%s'/>"
             "</presence>",
             from, ver);
    step(r, stanza_input(text));
}

/* Answers the question in what was just put out. */
static const char *answer(engine_rig *r, const char *from, const char *asked, const char *inside) {
    char text[1024];
    const char *id = strstr(strstr(asked, "stanza clear 0 <iq"), "id='");
    assert_non_null(id);
    snprintf(text, sizeof text, "<iq type='result' id='%.18s' from='%s'><query xmlns='" INFO "'>%s</query></iq>",
             id + 4, from, inside);
    step(r, stanza_input(text));
    return outputs(r, true);
}

static void begin(engine_rig *r) {
    the_script.promise = SEAL_NEVER;
    the_near.promise = SEAL_READY;
    near_key(0, ROMEO, 12, 0x12);
    go_online(r, false);
}

static void test_a_program_is_asked_what_it_can_before_it_is_tried(void **state) {
    engine_rig *r = *state;
    char want[512];
    begin(r);
    show(r, ORCHARD, ver_of(true));
    step(r, send_input(1, QUERY));
    const char *text = outputs(r, true);
    assert_int_equal(the_near.promises, 0);
    snprintf(want, sizeof want, "to='" ORCHARD "'><query xmlns='" INFO "' node='urn:x#%s'/></iq>", ver_of(true));
    assert_contains(text, want);
    assert_contains(text, "event held 1 " ROMEO " again");
    assert_contains(answer(r, ORCHARD, text, WITH_IT), "stanza near 1 ");
    /* Once for everybody who shows the same, and over restarts. */
    engine_reopen(r);
    go_online(r, false);
    show(r, GARDEN, ver_of(true));
    step(r, send_input(2, "<iq type='get' id='q2' to='" GARDEN "'><a xmlns='b'/></iq>"));
    text = outputs(r, true);
    assert_contains(text, "stanza near 2 ");
    assert_lacks(text, INFO);
}

/* What is known not to have it is not tried. */
static void test_a_program_that_is_known_not_to_is_not_tried(void **state) {
    engine_rig *r = *state;
    begin(r);
    the_near.key_count = 0;
    show(r, ORCHARD, ver_of(false));
    step(r, send_input(1, QUERY));
    const char *text = answer(r, ORCHARD, outputs(r, true), WITHOUT_IT);
    assert_contains(text, "stanza clear 1 "); /* auto, to somebody who never could */
    assert_int_equal(the_near.promises, 0);
    /* One resource of two: the other one is. */
    near_key(0, ROMEO, 12, 0x12);
    the_near.lists_nothing = true;
    show(r, GARDEN, ver_of(true));
    step(r, send_input(2, "<message to='" ROMEO "'><body>x</body></message>"));
    text = answer(r, GARDEN, outputs(r, true), WITH_IT);
    assert_contains(text, "stanza near 2 ");
    assert_string_equal(the_near.resources, GARDEN " ");
}

/* Whoever shows another program with each presence, and answers for none. */
static void test_programs_that_were_asked_in_vain_are_bounded(void **state) {
    engine_rig *r = *state;
    size_t count = 0;
    char name[32];
    begin(r);
    for (unsigned i = 0; i < SOTTO_CAPS_MAX; i++) {
        snprintf(name, sizeof name, "fsha-1%c%08u", 0, i);
        assert_ok(engine_stage_put(&r->engine->fleeting, bytes_of(name, 15), BYTES_LITERAL("1")));
    }
    show(r, ORCHARD, ver_of(true));
    step(r, send_input(1, QUERY));
    assert_contains(answer(r, ORCHARD, outputs(r, true), WITHOUT_IT), "stanza near 1 ");
    sotto_bytes at = BYTES_LITERAL("f"), value;
    while (bytes_map_from(&r->engine->fleeting.map, at, true, &at, &value) && at.at[0] == 'f') count++;
    assert_int_equal(count, SOTTO_CAPS_MAX);
}

/* Nobody answers, or something that the hash is not over: it is found out by trying. */
static void test_what_is_not_known_is_tried(void **state) {
    static const char *const wrong[] = {
        WITHOUT_IT,                                   /* not what the hash is over */
        WITH_IT "<feature var='a'/>",                 /* twice */
        WITHOUT_IT "<feature var='b&lt;test:near'/>", /* could be read in two ways */
        "",
    };
    engine_rig *r = *state;
    begin(r);
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        go_online(r, false);
        show(r, ORCHARD, ver_of(true));
        step(r, send_input(1, QUERY));
        assert_contains(answer(r, ORCHARD, outputs(r, true), wrong[i]), "stanza near 1 ");
        step(r, send_input(2, QUERY)); /* and it is not asked again in this stream */
        const char *text = outputs(r, true);
        assert_contains(text, "stanza near 2 ");
        assert_lacks(text, INFO);
    }
    go_online(r, false);
    show(r, ORCHARD, ver_of(true));
    step(r, send_input(3, QUERY));
    (void)outputs(r, true);
    r->now_ms += SOTTO_ASK_WAIT_MS - 1;
    step(r, stanza_input("<iq type='error' id='other' from='" ORCHARD "'/>"));
    (void)outputs(r, true);
    r->now_ms += 1;
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    assert_contains(outputs(r, true), "3 "); /* tried, or its own time was over in the same moment */
    /* Nothing in presence, or too much: tried as well. */
    step(r, stanza_input("<presence from='" GARDEN "'/>"));
    step(r, send_input(4, "<iq type='get' id='q4' to='" GARDEN "'><a xmlns='b'/></iq>"));
    assert_contains(outputs(r, true), "stanza near 4 ");
}

/* limit: SOTTO_CAPS_TEXT_MAX */
static void test_long_texts_say_nothing(void **state) {
    engine_rig *r = *state;
    static char ver[SOTTO_CAPS_TEXT_MAX + 2];
    begin(r);
    memset(ver, 'v', SOTTO_CAPS_TEXT_MAX + 1);
    show(r, ORCHARD, ver);
    step(r, send_input(1, QUERY));
    assert_contains(outputs(r, true), "stanza near 1 ");
    ver[SOTTO_CAPS_TEXT_MAX] = 0;
    show(r, GARDEN, ver);
    step(r, send_input(2, "<iq type='get' id='q2' to='" GARDEN "'><a xmlns='b'/></iq>"));
    assert_contains(outputs(r, true), INFO);
}

/* T8: of somebody who has spoken it a missing feature is told, once, and changes nothing. */
static void test_T8_a_stripped_feature_is_told_and_not_believed(void **state) {
    engine_rig *r = *state;
    begin(r);
    step(r, send_input(1, QUERY)); /* sticky from here on */
    (void)outputs(r, true);
    show(r, ORCHARD, ver_of(false));
    step(r, send_input(2, QUERY));
    const char *text = answer(r, ORCHARD, outputs(r, true), WITHOUT_IT);
    assert_contains(text, "event live-gone 0 " ROMEO " no-live '" ORCHARD "'\n");
    assert_contains(text, "stanza near 2 "); /* tried all the same */
    the_near.promise = SEAL_BROKEN;          /* and when that fails */
    the_near.reason = SOTTO_FAIL(SERVER_REFUSED);
    step(r, send_input(3, QUERY));
    step(r, send_input(4, "<message to='" ROMEO "'><body>x</body></message>"));
    text = outputs(r, true);
    assert_lacks(text, "stanza "); /* nothing leaves in the clear */
    assert_lacks(text, "live-gone");
    /* They are back: the next time it is told again. */
    the_near.promise = SEAL_READY;
    show(r, ORCHARD, ver_of(true));
    step(r, send_input(5, QUERY));
    (void)answer(r, ORCHARD, outputs(r, true), WITH_IT);
    show(r, ORCHARD, ver_of(false));
    step(r, send_input(6, QUERY));
    assert_contains(outputs(r, true), "event live-gone 0 " ROMEO);
}

/* Our own program is not asked what it can. */
static void test_the_same_program_is_known(void **state) {
    engine_rig *r = *state;
    bytes_arena arena;
    sotto_bytes ver;
    char text[64];
    begin(r);
    bytes_arena_init(&arena, &r->host.host, 1 << 20);
    assert_ok(context_caps_ver(&arena, sotto_engine_features(r->engine), &ver));
    snprintf(text, sizeof text, "%.*s", (int)ver.len, (const char *)ver.at);
    bytes_arena_clear(&arena);
    show(r, ORCHARD, text);
    step(r, send_input(1, QUERY));
    assert_lacks(outputs(r, true), INFO);
    assert_int_equal(the_near.protects, 1);
}

/* limit: SOTTO_CAPS_MAX */
static void test_programs_are_bounded(void **state) {
    engine_rig *r = *state;
    static char key[64];
    begin(r);
    for (unsigned i = 0; i < SOTTO_CAPS_MAX; i++) {
        int len = snprintf(key, sizeof key, "Fsha-1%c%u", 0, i);
        sotto_change change = {bytes_of(key, (size_t)len), BYTES_LITERAL("\x04near\x01")};
        assert_ok(r->store.inner->methods->write(r->store.inner, &change, 1));
    }
    engine_reopen(r);
    go_online(r, false);
    show(r, ORCHARD, ver_of(true));
    step(r, send_input(1, QUERY));
    assert_contains(answer(r, ORCHARD, outputs(r, true), WITH_IT), "stanza near 1 ");
    show(r, GARDEN, "7"); /* forgotten with all others, and asked for again */
    step(r, send_input(2, "<iq type='get' id='q2' to='" GARDEN "'><a xmlns='b'/></iq>"));
    assert_contains(outputs(r, true), INFO);
}

/* ---- hashes ---- */

static sotto_status check(const char *inside, const char *hash, const char *ver) {
    static char text[262144];
    bytes_arena arena;
    const stanza_element *iq;
    bytes_arena_init(&arena, sotto_host_default(), 1 << 24);
    snprintf(text, sizeof text, "<iq type='result'><query xmlns='" INFO "'>%s</query></iq>", inside);
    assert_ok(stanza_parse(&arena, bytes_text(text), &iq));
    sotto_status status = context_caps_check(&arena, iq, bytes_text(hash), bytes_text(ver));
    bytes_arena_clear(&arena);
    return status;
}

/* The two examples of XEP-0115 section 5.2 and 5.3. */
#define SIMPLE                                                                                                         \
    "<identity category='client' name='Exodus 0.9.1' type='pc'/><feature var='http://jabber.org/protocol/caps'/>"      \
    "<feature var='http://jabber.org/protocol/disco#items'/><feature var='http://jabber.org/protocol/disco#info'/>"    \
    "<feature var='http://jabber.org/protocol/muc'/>"
#define COMPLEX                                                                                                        \
    "<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/><identity xml:lang='el' category='client' "  \
    "name='\xce\xa8 0.11' type='pc'/><feature var='http://jabber.org/protocol/caps'/>"                                 \
    "<feature var='http://jabber.org/protocol/disco#info'/><feature var='http://jabber.org/protocol/disco#items'/>"    \
    "<feature var='http://jabber.org/protocol/muc'/><x xmlns='jabber:x:data' type='result'>"                           \
    "<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>"                      \
    "<field var='ip_version' type='text-multi'><value>ipv4</value><value>ipv6</value></field>"                         \
    "<field var='os'><value>Mac</value></field><field var='os_version'><value>10.5.1</value></field>"                  \
    "<field var='software'><value>Psi</value></field><field var='software_version'><value>0.11</value></field></x>"

static void test_the_examples_of_the_specification(void **state) {
    (void)state;
    assert_ok(check(SIMPLE, "sha-1", "QgayPKawpkPSDYmwT/WM94uAlu0="));
    assert_ok(check(COMPLEX, "sha-1", "q07IKJEyjvHSyhy//CH0CxmKi8w="));
    assert_status(check(COMPLEX, "sha-1", "QgayPKawpkPSDYmwT/WM94uAlu0="), BAD_MAC);
    assert_status(check(SIMPLE, "sha-256", "QgayPKawpkPSDYmwT/WM94uAlu0="), BAD_MAC);
    assert_status(check(SIMPLE, "md5", "x"), UNSUPPORTED);
    assert_status(check(SIMPLE SIMPLE, "sha-1", "x"), MALFORMED);
    assert_status(check("<identity category='a&lt;b'/>", "sha-1", "x"), MALFORMED);
    assert_status(check("<x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>a</value><value>b</value>"
                        "</field></x>",
                        "sha-1", "x"),
                  MALFORMED);
}

/* limit: SOTTO_CAPS_ENTRIES_MAX, SOTTO_CAPS_FORMS_MAX */
static void test_answers_are_bounded(void **state) {
    (void)state;
    static char text[200000];
    size_t len = 0;
    for (unsigned i = 0; i < SOTTO_CAPS_ENTRIES_MAX + 1; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "<feature var='%u'/>", i);
    assert_status(check(text, "sha-1", "x"), TOO_LARGE);
    *strstr(text, "<feature var='512'/>") = 0;
    assert_status(check(text, "sha-1", "x"), BAD_MAC);
    len = 0;
    for (unsigned i = 0; i < SOTTO_CAPS_FORMS_MAX + 1; i++)
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "<x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>%u</value>"
                                "</field></x>",
                                i);
    assert_status(check(text, "sha-1", "x"), TOO_LARGE);
    char *last = strstr(text, "<value>16<");
    assert_non_null(last);
    while (strncmp(last, "<x ", 3) != 0) last--;
    *last = 0;
    assert_status(check(text, "sha-1", "x"), BAD_MAC);
}

/* ---- who may be answered ---- */

#define CARRIER(from) "<iq type='set' id='outer' from='" from "'><sealed xmlns='" NS_NEAR "'/></iq>"

static bool sees(engine_rig *r, const char *carrier) {
    the_near.outcome = SEAL_NOT_MINE;
    step(r, stanza_input(carrier));
    (void)outputs(r, true);
    return the_near.origin.sees_presence;
}

/* T23: whom we sent directed presence knows that we are here, until we say otherwise or the stream ends. */
static void test_T23_directed_presence_is_permission(void **state) {
    engine_rig *r = *state;
    the_near.promise = SEAL_NEVER;
    go_online(r, false);
    assert_false(sees(r, CARRIER(ORCHARD)));
    step(r, send_input(1, "<presence to='" ORCHARD "'/>"));
    assert_true(sees(r, CARRIER(ORCHARD)));
    assert_false(sees(r, CARRIER(GARDEN)));
    step(r, send_input(2, "<presence to='" ORCHARD "' type='unavailable'/>"));
    assert_false(sees(r, CARRIER(ORCHARD)));
    step(r, send_input(3, "<presence to='" ROMEO "'><status>here</status></presence>"));
    assert_true(sees(r, CARRIER(ORCHARD)) && sees(r, CARRIER(GARDEN)));
    go_online(r, true);
    assert_true(sees(r, CARRIER(ORCHARD)));
    go_online(r, false);
    assert_false(sees(r, CARRIER(ORCHARD)));
    /* Joining a room shows nothing to anybody in it; neither does being asked for something. */
    step(r,
         send_input(4, "<presence to='verona@muc.example/n'><x xmlns='http://jabber.org/protocol/muc'/></presence>"));
    step(r, send_input(5, "<presence to='" ROMEO "' type='subscribe'/>"));
    assert_false(sees(r, CARRIER("verona@muc.example/n")));
    assert_false(sees(r, CARRIER(ORCHARD)));
}

/* limit: SOTTO_DIRECTED_MAX */
static void test_directed_presence_is_bounded(void **state) {
    engine_rig *r = *state;
    char text[128];
    go_online(r, false);
    for (unsigned i = 0; i < SOTTO_DIRECTED_MAX; i++) {
        snprintf(text, sizeof text, "<presence to='x%u@montague.example/r'/>", i);
        step(r, send_input(10 + i, text));
        if (i % 64 == 0) (void)outputs(r, true);
    }
    assert_true(sees(r, CARRIER("x999@montague.example/r")));
    step(r, send_input(1, "<presence to='" ORCHARD "'/>"));
    assert_false(sees(r, CARRIER(ORCHARD)));
}

#define WITH(f)                                                                                                        \
    { #f, f, engine_setup_both, engine_teardown, NULL }

const struct CMUnitTest feature_tests[] = {
    WITH(test_a_program_is_asked_what_it_can_before_it_is_tried),
    WITH(test_a_program_that_is_known_not_to_is_not_tried),
    WITH(test_what_is_not_known_is_tried),
    WITH(test_programs_that_were_asked_in_vain_are_bounded),
    WITH(test_long_texts_say_nothing),
    WITH(test_T8_a_stripped_feature_is_told_and_not_believed),
    WITH(test_the_same_program_is_known),
    WITH(test_programs_are_bounded),
    cmocka_unit_test(test_the_examples_of_the_specification),
    cmocka_unit_test(test_answers_are_bounded),
    WITH(test_T23_directed_presence_is_permission),
    WITH(test_directed_presence_is_bounded),
};
const size_t feature_count = sizeof feature_tests / sizeof *feature_tests;
