/* SPDX-License-Identifier: ISC
 *
 * Envelopes: what is in them is checked, and only what may be is taken out of them. */
#include <sotto/limits.h>

#include "bytes/base64.h"
#include "groups.h"
#include "seal/omemo/envelope.h"
#include "seal/omemo/own.h"
#include "seal/omemo/payload.h"
#include "seal/omemo/peer.h"
#include "two.h"

/* Envelopes that juliet's device really sealed, with whatever in them. */
static sotto_bytes sealed_envelope(two *t, const char *envelope) {
    sotto_bytes sealed = world_say(t->juliet, ROMEO, "replaced");
    const stanza_element *payload =
        stanza_child(stanza_child(world_parse(&t->w, sealed), "encrypted", NULL), "payload", NULL);
    /* A second message of the same session, built by hand: the next ratchet key message is taken from the records. */
    omemo_peer peer;
    uint8_t memory[1024], text_memory[2048], key[32] = {9};
    omemo_payload_keys keys;
    bytes_buffer out, text, cipher;
    sotto_bytes bytes, base64, old = payload->raw;
    bool kex;
    seal_env *env = &t->juliet->env;
    assert_code(omemo_peer_load(env, BYTES_LITERAL(ROMEO), &omemo_dialect_2, world_device_id(t->romeo), &peer), 0);
    bytes_buffer_owned(&cipher, sotto_host_default(), 1u << 20);
    assert_code(omemo_payload_seal(&omemo_dialect_2, key, bytes_text(envelope), &cipher, &keys), 0);
    assert_code(bytes_buffer_end(&cipher, &bytes), 0);
    bytes_buffer_owned(&out, sotto_host_default(), 1u << 20);
    bytes_base64_put(&out, bytes);
    assert_code(bytes_buffer_end(&out, &base64), 0);
    const char *payload_text =
        (const char *)world_text(&t->w, "<payload>%.*s</payload>", (int)base64.len, (const char *)base64.at).at;
    sealed = world_replace(
        &t->w, sealed, (const char *)world_text(&t->w, "%.*s", (int)old.len, (const char *)old.at).at, payload_text);
    bytes_buffer_free(&out);
    bytes_buffer_free(&cipher);
    const stanza_element *element = stanza_child(
        stanza_child(stanza_child(stanza_child(world_parse(&t->w, sealed), "encrypted", NULL), "header", NULL), "keys",
                     NULL),
        "key", NULL);
    crypto_x25519_pair fresh;
    assert_code(omemo_own_pair(env, &fresh), 0);
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    assert_code(
        omemo_session_write(&peer.session, &omemo_dialect_2, 1, &fresh, bytes_of(keys.bytes, keys.len), &out, &kex), 0);
    assert_false(kex);
    assert_code(omemo_peer_save(env, BYTES_LITERAL(ROMEO), &peer), 0);
    assert_code(bytes_buffer_end(&out, &bytes), 0);
    bytes_buffer_borrowed(&text, text_memory, sizeof text_memory);
    bytes_base64_put(&text, bytes);
    assert_code(bytes_buffer_end(&text, &base64), 0);
    old = element->raw;
    const char *key_text = (const char *)world_text(&t->w, "<key rid='%s'>%.*s</key>", romeo_id(t), (int)base64.len,
                                                    (const char *)base64.at)
                               .at;
    sealed = world_replace(&t->w, sealed,
                           (const char *)world_text(&t->w, "%.*s", (int)old.len, (const char *)old.at).at, key_text);
    bytes_arena_clear(&t->juliet->arena);
    return sealed;
}

#define ENVELOPE(content, affixes)                                                                                     \
    "<envelope xmlns='urn:xmpp:sce:1'><content>" content "</content>" affixes "</envelope>"
#define BODY "<body xmlns='jabber:client'>x</body>"
#define FROM "<from jid='" JULIET "'/>"
#define TO   "<to jid='" ROMEO "'/>"

static void test_T13_T33_envelopes(void **state) {
    (void)state;
    static const struct {
        const char *envelope;
        int code; /* 0: read */
    } cases[] = {
        {ENVELOPE(BODY, FROM TO), 0},
        {ENVELOPE(BODY, FROM), 0}, /* to is optional between two people */
        {ENVELOPE(BODY, "<from jid='" JULIET "/balcony'/>" TO), 0},
        {ENVELOPE(BODY, "<rpad/><other xmlns='else'/>" FROM "<time stamp='not a time'/>"), 0},
        {ENVELOPE(BODY, TO), SOTTO_E_WRONG_SENDER},
        {ENVELOPE(BODY, "<from jid='" ROMEO "'/>"), SOTTO_E_WRONG_SENDER},
        {ENVELOPE(BODY, "<from jid=''/>"), SOTTO_E_WRONG_SENDER},
        {ENVELOPE(BODY, "<from xmlns='else' jid='" JULIET "'/>"), SOTTO_E_WRONG_SENDER},
        {ENVELOPE(BODY, "<from/>"), SOTTO_E_MALFORMED},
        {ENVELOPE(BODY, FROM FROM), SOTTO_E_MALFORMED},
        {ENVELOPE(BODY, FROM "<from jid='" ROMEO "'/>"), SOTTO_E_MALFORMED},
        {ENVELOPE(BODY, FROM TO TO), SOTTO_E_MALFORMED},
        {ENVELOPE(BODY, FROM "<to jid='nurse@capulet.example'/>"), SOTTO_E_WRONG_RECIPIENT},
        {"<envelope xmlns='urn:xmpp:sce:0'><content>" BODY "</content>" FROM "</envelope>", SOTTO_E_MALFORMED},
        {"<envelope xmlns='urn:xmpp:sce:1'>" FROM "</envelope>", SOTTO_E_MALFORMED},
        {"<envelope xmlns='urn:xmpp:sce:1'><content/><content>" BODY "</content>" FROM "</envelope>",
         SOTTO_E_MALFORMED},
        {"", SOTTO_E_MALFORMED},
        {"text", SOTTO_E_MALFORMED},
        {"<envelope xmlns='urn:xmpp:sce:1'><content>", SOTTO_E_MALFORMED},
        {ENVELOPE(BODY, FROM) "<more/>", SOTTO_E_MALFORMED},
        {"<!DOCTYPE x [<!ENTITY e 'eee'>]>" ENVELOPE("<body xmlns='jabber:client'>&e;</body>", FROM),
         SOTTO_E_XML_FORBIDDEN},
        {ENVELOPE("<!-- -->" BODY, FROM), SOTTO_E_XML_FORBIDDEN},
        {ENVELOPE("<?x?>" BODY, FROM), SOTTO_E_XML_FORBIDDEN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        two t;
        two_start(&t);
        two_greet(&t);
        sotto_bytes sealed = sealed_envelope(&t, cases[i].envelope);
        sotto_bytes before = world_records(t.romeo);
        world_read read = world_open(t.romeo, t.juliet, sealed, NULL);
        assert_code(read.status, 0);
        if (read.opened.reason.code != cases[i].code)
            fail_msg("%s: %s", cases[i].envelope, sotto_status_name(read.opened.reason));
        if (cases[i].code != 0) {
            assert_int_equal(read.opened.outcome, SEAL_UNREADABLE);
            assert_true(bytes_equal(before, world_records(t.romeo)));
        } else {
            assert_int_equal(read.opened.outcome, SEAL_OPENED);
            assert_int_equal(read.opened.time_ms, 0);
        }
        two_end(&t);
    }
}

/* T1, T2, T4, T33: what is not taken from inside. */
static void test_T33_forbidden_content(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    sotto_bytes sealed =
        sealed_envelope(&t, ENVELOPE("<store xmlns='urn:xmpp:hints'/>"
                                     "<stanza-id xmlns='urn:xmpp:sid:0' id='bad' by='" ROMEO "'/>"
                                     "<origin-id xmlns='urn:xmpp:sid:0' id='good'/>"
                                     "<addresses xmlns='http://jabber.org/protocol/address'/>"
                                     "<encryption xmlns='urn:xmpp:eme:0' namespace='bad'/>"
                                     "<received xmlns='urn:xmpp:carbons:2'><bad/></received>"
                                     "<result xmlns='urn:xmpp:mam:2'><bad/></result>"
                                     "<delay xmlns='urn:xmpp:delay' stamp='bad'/>"
                                     "<x xmlns='http://jabber.org/protocol/muc#user'><bad/></x>"
                                     "<event xmlns='http://jabber.org/protocol/pubsub#event'><bad/></event>"
                                     "<encrypted xmlns='urn:xmpp:omemo:2'><bad/></encrypted>"
                                     "<message xmlns='jabber:client'><bad/></message>"
                                     "<error xmlns='jabber:client'><bad/></error>"
                                     "<body>bad</body>"          /* of the envelope's namespace */
                                     "<body xmlns=''>bad</body>" /* of none */
                                     "<stream xmlns='http://etherx.jabber.org/streams'><bad/></stream>" BODY "bad"
                                     "<reply xmlns='urn:xmpp:reply:0' id='good'/>",
                                     FROM));
    /* ... nor anything that stands beside the encryption in the clear (T6). */
    sealed = world_replace(&t.w, sealed, "<encryption ",
                           "<replace xmlns='urn:xmpp:message-correct:0' id='bad'/><body>bad</body><encryption ");
    world_read read = world_open(t.romeo, t.juliet, sealed, NULL);
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    assert_false(has(read.opened.stanza, "bad"));
    const stanza_element *opened = world_parse(&t.w, read.opened.stanza);
    assert_int_equal(stanza_count(opened), 3);
    assert_non_null(stanza_child(opened, "origin-id", "urn:xmpp:sid:0"));
    assert_non_null(stanza_child(opened, "body", STANZA_NS_CLIENT));
    assert_non_null(stanza_child(opened, "reply", "urn:xmpp:reply:0"));
    two_end(&t);
}

/* T33: depth is bounded inside as it is outside. */
static void test_T33_depth(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    bytes_buffer out;
    sotto_bytes text = BYTES_NONE;
    bytes_buffer_owned(&out, sotto_host_default(), 1u << 20);
    bytes_buffer_text(&out, "<envelope xmlns='urn:xmpp:sce:1'><content>");
    for (unsigned i = 0; i < SOTTO_STANZA_DEPTH_MAX; i++) bytes_buffer_text(&out, "<a xmlns='a'>");
    for (unsigned i = 0; i < SOTTO_STANZA_DEPTH_MAX; i++) bytes_buffer_text(&out, "</a>");
    bytes_buffer_text(&out, "</content>" FROM "</envelope>");
    bytes_buffer_u8(&out, 0);
    assert_code(bytes_buffer_end(&out, &text), 0);
    refused(&t, sealed_envelope(&t, (const char *)text.at), NULL, SOTTO_E_TOO_LARGE);
    bytes_buffer_free(&out);
    two_end(&t);
}

/* T29: short messages have no length of their own, and the padding differs each time.
 * limit: SOTTO_OMEMO_RPAD_MAX, SOTTO_OMEMO_ENVELOPE_BYTES_MIN */
static void test_T29_padding(void **state) {
    (void)state;
    two t;
    size_t shortest = SIZE_MAX, longest = 0;
    two_start(&t);
    two_greet(&t);
    for (int i = 0; i < 300; i++) {
        sotto_bytes sealed =
            world_say(t.juliet, ROMEO, i % 2 ? "no" : "yes, and a good deal more than that, I should say");
        const stanza_element *payload =
            stanza_child(stanza_child(world_parse(&t.w, sealed), "encrypted", NULL), "payload", NULL);
        size_t len = stanza_first(payload) ? 0 : payload->raw.len;
        shortest = len < shortest ? len : shortest;
        longest = len > longest ? len : longest;
        world_expect(t.romeo, t.juliet, sealed, i % 2 ? "no" : "yes, and a good deal more than that, I should say");
    }
    assert_true(shortest >= SOTTO_OMEMO_ENVELOPE_BYTES_MIN * 4 / 3);
    assert_true(longest - shortest > SOTTO_OMEMO_RPAD_MAX);
    assert_true(longest - shortest < (SOTTO_OMEMO_RPAD_MAX + 32) * 4 / 3);
    two_end(&t);
}

static sotto_status envelope_opened(two *t, const char *envelope, const char *from, const char *to, bool own) {
    omemo_content content;
    const stanza_element *outer = world_parse(&t->w, world_text(&t->w, "<message from='%s/x' to='%s'/>", from, to));
    seal_origin origin = {.from = bytes_text(from), .to = bytes_text(to), .own = own};
    sotto_status status =
        omemo_envelope_read(&t->romeo->env, bytes_text(envelope), outer, &origin, omemo_dialect_2.ns, &content);
    bytes_arena_clear(&t->romeo->arena);
    return status;
}

/* T13: of what another own device wrote only the affix says to whom; without it the server could show a message to one
 * contact in the conversation with another. */
static void test_C12_T13_own_messages_say_to_whom(void **state) {
    (void)state;
    two t;
    two_start(&t);
    const char *none = ENVELOPE(BODY, "<from jid='" ROMEO "'/>"),
               *full = ENVELOPE(BODY, "<from jid='" ROMEO "'/><to jid='" JULIET "'/>");
    assert_code(envelope_opened(&t, none, ROMEO, JULIET, true), SOTTO_E_WRONG_RECIPIENT);
    assert_code(envelope_opened(&t, full, ROMEO, JULIET, true), 0);
    assert_code(envelope_opened(&t, full, ROMEO, "nurse@capulet.example", true), SOTTO_E_WRONG_RECIPIENT);
    assert_code(envelope_opened(&t, none, ROMEO, ROMEO, true), 0); /* a note to oneself */
    assert_code(envelope_opened(&t, none, ROMEO, JULIET, false), 0);
    two_end(&t);
}

/* Memory that runs out is ours, and nobody's wrong address. */
static void test_affixes_without_memory(void **state) {
    (void)state;
    two t;
    two_start(&t);
    const char *envelope = ENVELOPE(BODY, "<from jid='Juliet@CAPULET.example/x'/><to jid='" ROMEO "/y'/>");
    unsigned failures = 0;
    for (size_t allowed = 0;; allowed++, failures++) {
        omemo_content content;
        const stanza_element *outer = world_parse(&t.w, BYTES_LITERAL("<message from='" JULIET "/x' to='" ROMEO "'/>"));
        seal_origin origin = {.from = BYTES_LITERAL(JULIET), .to = BYTES_LITERAL(ROMEO)};
        t.w.allocations_left = allowed;
        sotto_status status =
            omemo_envelope_read(&t.romeo->env, bytes_text(envelope), outer, &origin, omemo_dialect_2.ns, &content);
        t.w.allocations_left = SIZE_MAX;
        bytes_arena_clear(&t.romeo->arena);
        if (sotto_ok(status)) break;
        assert_code(status, SOTTO_E_NO_MEMORY);
    }
    assert_true(failures > 0);
    two_end(&t);
}

int envelope_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T13_T33_envelopes),
        cmocka_unit_test(test_T33_forbidden_content),
        cmocka_unit_test(test_T33_depth),
        cmocka_unit_test(test_T29_padding),
        cmocka_unit_test(test_C12_T13_own_messages_say_to_whom),
        cmocka_unit_test(test_affixes_without_memory),
    };
    return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
