/* SPDX-License-Identifier: ISC
 *
 * <encrypted/>, device lists and bundles as XML, in both dialects: what is written is what is read, and what hostile or
 * careless clients write. */
#include <stdio.h>
#include <stdlib.h>

#include <sotto/limits.h>

#include "bytes/memory.h"
#include "groups.h"
#include "seal/omemo/bundle.h"
#include "seal/omemo/header.h"
#include "seal/omemo/self.h"
#include "testing.h"
#include "two.h"

#define OLD "eu.siacs.conversations.axolotl"

/* XEP-0384 0.3.0 section 4.4, for device 31415. */
#define KEYS "<key rid='31415'>a2V5</key><key prekey='true' rid='12321'>b3RoZXI=</key>"
#define IV   "<iv>AAECAwQFBgcICQoL</iv>"

static const stanza_element *message_of(world *w, const char *encrypted) {
    return world_parse(w, world_text(w, "<message xmlns='jabber:client'>%s</message>", encrypted));
}

static sotto_status read_as(two *t, const omemo_dialect *dialect, const char *encrypted, omemo_header *ret) {
    return omemo_header_read(message_of(&t->w, encrypted), dialect, BYTES_LITERAL(ROMEO), 31415, &t->w.memory, ret);
}

typedef struct header_case {
    const char *what;
    const char *header; /* what is in <encrypted/> */
    int code;
    bool key, kex, payload;
    uint8_t iv;
} header_case;

#define HEADER(text) "<header sid='27183'>" text "</header>"
static const header_case old_cases[] = {
    {"whole", HEADER(KEYS IV) "<payload>cGF5bG9hZA==</payload>", 0, true, false, true, 12},
    {"key transport", HEADER(KEYS IV), 0, true, false, false, 12},
    {"prekey='true'", HEADER("<key rid='31415' prekey='true'>a2V5</key>" IV), 0, true, true, false, 12},
    {"prekey='1'", HEADER("<key prekey='1' rid='31415'>a2V5</key>" IV), 0, true, true, false, 12},
    {"prekey='false'", HEADER("<key rid='31415' prekey='false'>a2V5</key>" IV), 0, true, false, false, 12},
    {"prekey='0'", HEADER("<key rid='31415' prekey='0'>a2V5</key>" IV), 0, true, false, false, 12},
    {"ids with zeros before them", "<header sid='0027183'><key rid='0031415'>a2V5</key>" IV "</header>", 0, true, false,
     false, 12},
    {"IV of 16 bytes (Conversations)", HEADER(KEYS "<iv>AAECAwQFBgcICQoLDA0ODw==</iv>"), 0, true, false, false, 16},
    {"base64 with line breaks", HEADER(KEYS "<iv>\n  AAECAwQF\n  BgcICQoL\n</iv>"), 0, true, false, false, 12},
    {"IV first", HEADER(IV KEYS), 0, true, false, false, 12},
    {"no IV", HEADER(KEYS), 0, true, false, false, 0},
    {"for others", HEADER("<key rid='1'>a2V5</key>" IV), 0, false, false, false, 12},
    {"for nobody", HEADER(""), 0, false, false, false, 0},
    {"an id of no number is somebody else's", HEADER("<key rid='31415x'>a2V5</key>" IV), 0, false, false, false, 12},
    {"keys are not in <keys/>", HEADER("<keys jid='" ROMEO "'>" KEYS "</keys>" IV), 0, false, false, false, 12},
    {"T31 two keys for us: the first is told of (Profanity)",
     HEADER(KEYS "<key rid='31415' prekey='true'>YQ==</key>" IV), 0, true, false, false, 12},
    {"T31 the other one first", HEADER("<key rid='031415' prekey='true'>YQ==</key>" KEYS IV), 0, true, true, false, 12},
    {"T31 two IVs", HEADER(KEYS IV IV), SOTTO_E_MALFORMED, false, false, false, 0},
    {"T31 two headers", HEADER(KEYS IV) HEADER(KEYS IV), SOTTO_E_MALFORMED, false, false, false, 0},
    {"T31 two payloads", HEADER(KEYS IV) "<payload>YQ==</payload><payload>YQ==</payload>", SOTTO_E_MALFORMED, false,
     false, false, 0},
    {"T30 no header", "<payload>YQ==</payload>", SOTTO_E_MALFORMED, false, false, false, 0},
    {"T30 no sid", "<header>" KEYS IV "</header>", SOTTO_E_MALFORMED, false, false, false, 0},
    {"T30 sid 0", "<header sid='0'>" KEYS IV "</header>", SOTTO_E_MALFORMED, false, false, false, 0},
    {"T30 sid of 32 bits", "<header sid='2147483648'>" KEYS IV "</header>", SOTTO_E_MALFORMED, false, false, false, 0},
    {"T30 negative sid", "<header sid='-1'>" KEYS IV "</header>", SOTTO_E_MALFORMED, false, false, false, 0},
    {"T30 IV of 17 bytes", HEADER(KEYS "<iv>AAECAwQFBgcICQoLDA0ODxA=</iv>"), SOTTO_E_MALFORMED, false, false, false, 0},
    {"T30 IV that is no base64", HEADER(KEYS "<iv>AAEC!</iv>"), SOTTO_E_MALFORMED, false, false, false, 0},
    {"a word for true that is none", HEADER("<key rid='31415' prekey='yes'>a2V5</key>" IV), SOTTO_E_MALFORMED, false,
     false, false, 0},
};

static void test_headers_of_03(void **state) {
    (void)state;
    two t;
    two_start(&t);
    for (size_t i = 0; i < sizeof old_cases / sizeof old_cases[0]; i++) {
        const header_case *one = &old_cases[i];
        omemo_header header = {.sender = 4711};
        const char *text = (const char *)world_text(&t.w, "<encrypted xmlns='" OLD "'>%s</encrypted>", one->header).at;
        sotto_status status = read_as(&t, &omemo_dialect_03, text, &header);
        if (status.code != one->code) fail_msg("%s: %s", one->what, sotto_status_name(status));
        bool same = sotto_ok(status)
                        ? header.sender == 27183 && (header.key != NULL) == one->key && header.is_kex == one->kex &&
                              (header.payload != NULL) == one->payload && header.iv_len == one->iv
                        : header.sender == 4711;
        if (!same) fail_msg("%s", one->what);
        /* The other dialect's are not looked at. */
        assert_code(read_as(&t, &omemo_dialect_2, text, &header), SOTTO_E_MALFORMED);
    }
    omemo_header header;
    const char *twice = "<encrypted xmlns='" OLD "'>" HEADER(KEYS IV) "</encrypted>";
    assert_code(read_as(&t, &omemo_dialect_03, (const char *)world_text(&t.w, "%s%s", twice, twice).at, &header),
                SOTTO_E_MALFORMED); /* T31 */
    two_end(&t);
}

/* limit: SOTTO_OMEMO_KEYS_MAX */
static void test_too_many_keys(void **state) {
    (void)state;
    two t;
    bytes_buffer out;
    omemo_header header;
    two_start(&t);
    for (unsigned more = 0; more < 2; more++) {
        bytes_buffer_owned(&out, sotto_host_default(), 1u << 22);
        bytes_buffer_text(&out, "<encrypted xmlns='" OLD "'><header sid='1'>");
        for (unsigned i = 0; i < SOTTO_OMEMO_KEYS_MAX + more; i++) bytes_buffer_text(&out, "<key rid='7'/>");
        bytes_buffer_text(&out, "</header></encrypted>");
        bytes_buffer_u8(&out, 0);
        assert_code(out.status, 0);
        assert_code(read_as(&t, &omemo_dialect_03, (const char *)out.at, &header), more ? SOTTO_E_TOO_LARGE : 0);
        bytes_buffer_free(&out);
    }
    two_end(&t);
}

static sotto_bytes header_written(world *w, const omemo_dialect *dialect, bool payload) {
    static const uint8_t iv[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    bytes_buffer out;
    stanza_writer writer;
    bytes_buffer_owned(&out, sotto_host_default(), 4096);
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    omemo_header_open(&writer, dialect, 27183);
    omemo_header_keys_open(&writer, dialect, BYTES_LITERAL(ROMEO));
    omemo_header_key(&writer, dialect, 31415, true, BYTES_LITERAL("a2V5"));
    omemo_header_key(&writer, dialect, 12321, false, BYTES_LITERAL("b3RoZXI="));
    omemo_header_keys_close(&writer, dialect);
    omemo_header_close(&writer, dialect, bytes_of(iv, dialect->names->iv ? 12 : 0));
    omemo_header_end(&writer, dialect, payload ? BYTES_LITERAL("cGF5bG9hZA==") : BYTES_NONE);
    assert_code(out.status, 0);
    sotto_bytes text = world_text(w, "%.*s", (int)out.len, (const char *)out.at);
    bytes_buffer_free(&out);
    return text;
}

static void test_written_headers_are_read(void **state) {
    (void)state;
    two t;
    two_start(&t);
    assert_text(header_written(&t.w, &omemo_dialect_03, true),
                "<encrypted xmlns='" OLD "'><header sid='27183'><key rid='31415' prekey='true'>a2V5</key>"
                "<key rid='12321'>b3RoZXI=</key>" IV "</header><payload>cGF5bG9hZA==</payload></encrypted>");
    assert_text(header_written(&t.w, &omemo_dialect_2, false),
                "<encrypted xmlns='urn:xmpp:omemo:2'><header sid='27183'><keys jid='" ROMEO
                "'><key rid='31415' kex='true'>a2V5</key><key rid='12321'>b3RoZXI=</key></keys></header></encrypted>");
    for (unsigned i = 0; i < 2 * OMEMO_DIALECTS; i++) {
        const omemo_dialect *dialect = omemo_dialects[i / 2];
        omemo_header header;
        sotto_bytes text = header_written(&t.w, dialect, i % 2);
        assert_code(read_as(&t, dialect, (const char *)text.at, &header), 0);
        assert_int_equal(header.sender, 27183);
        assert_true(header.is_kex);
        assert_int_equal(header.payload != NULL, i % 2);
        assert_int_equal(header.iv_len, dialect->names->iv ? 12 : 0);
        assert_text(stanza_attribute_of(header.key, "rid"), "31415");
    }
    two_end(&t);
}

/* ---- device lists ---- */

static void test_lists_of_03(void **state) {
    (void)state;
    two t;
    omemo_devices devices;
    two_start(&t);
    const stanza_element *items =
        world_parse(&t.w, BYTES_LITERAL("<items node='" OLD ".devicelist'><item id='current'><list xmlns='" OLD
                                        "'><device id='12345'/><device id='4223'/><device id='12345'/><device id='0'/>"
                                        "<device/><device id='2147483648'/></list></item></items>"));
    const stanza_element *list = omemo_devices_find(items, &omemo_dialect_03);
    assert_non_null(list);
    assert_null(omemo_devices_find(items, &omemo_dialect_2));
    omemo_devices_read(list, &omemo_dialect_03, &devices);
    assert_int_equal(devices.count, 2);
    assert_int_equal(devices.ids[0], 4223);
    assert_int_equal(devices.ids[1], 12345);
    uint8_t memory[512];
    bytes_buffer out;
    stanza_writer w;
    uint32_t count;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    omemo_devices_write(&w, &omemo_dialect_03, NULL, 0, 31415, &count);
    assert_int_equal(count, 1);
    assert_text(bytes_of(memory, out.len), "<list xmlns='" OLD "'><device id='31415'/></list>");
    two_end(&t);
}

/* ---- bundles ---- */

/* Juliet's bundle in a dialect, and the signature in it. */
static sotto_bytes bundle_written(two *t, const omemo_dialect *dialect, crypto_signature *ret_signature) {
    seal_env *env = &t->juliet->env;
    omemo_self *self = t->juliet->self;
    omemo_own own;
    bytes_buffer out;
    stanza_writer w;
    assert_code(omemo_own_load(env, &own), 0);
    assert_code(
        omemo_offer_sign(dialect, &self->identity, &own.signed_pair.public_key, sotto_host_default(), ret_signature),
        0);
    bytes_buffer_owned(&out, sotto_host_default(), 1u << 20);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    assert_code(omemo_bundle_write(&w, dialect, env, &own, &self->identity, ret_signature), 0);
    assert_code(out.status, 0);
    sotto_bytes text = world_text(&t->w, "%.*s", (int)out.len, (const char *)out.at);
    bytes_buffer_free(&out);
    bytes_wipe(&own, sizeof own);
    return text;
}

static void test_written_bundles_are_read(void **state) {
    (void)state;
    two t;
    two_start(&t);
    omemo_self *self = t.juliet->self;
    for (unsigned i = 0; i < OMEMO_DIALECTS; i++) {
        const omemo_dialect *dialect = omemo_dialects[i], *other = omemo_dialects[1 - i];
        crypto_signature signature, another = {{0}};
        omemo_offer offer;
        omemo_own own;
        omemo_identity named;
        bool same;
        const stanza_element *bundle = world_parse(&t.w, bundle_written(&t, dialect, &signature));
        assert_code(omemo_bundle_read(bundle, dialect, &t.romeo->env, &offer), 0);
        assert_true(offer.verified);
        assert_memory_equal(offer.form.bytes, self->identity.x25519.bytes, 32);
        assert_code(omemo_bundle_identity(bundle, dialect, &t.w.memory, &named), 0);
        assert_memory_equal(named.bytes, offer.identity.bytes, 32);
        assert_code(omemo_bundle_read(bundle, other, &t.romeo->env, &offer), SOTTO_E_MALFORMED);
        assert_code(omemo_own_load(&t.juliet->env, &own), 0);
        assert_code(omemo_bundle_is_own(bundle, dialect, &t.juliet->env, &own, &self->identity, &signature, &same), 0);
        assert_true(same);
        assert_code(omemo_bundle_is_own(bundle, dialect, &t.juliet->env, &own, &self->identity, &another, &same), 0);
        assert_false(same);
        assert_code(omemo_bundle_is_own(bundle, other, &t.juliet->env, &own, &self->identity, &signature, &same), 0);
        assert_false(same);
    }
    two_end(&t);
}

static void bundle_refused(two *t, const char *text, int code, const char *what) {
    omemo_offer offer = {.signed_id = 4711};
    sotto_status status =
        omemo_bundle_read(world_parse(&t->w, bytes_text(text)), &omemo_dialect_03, &t->romeo->env, &offer);
    if (status.code != code) fail_msg("%s: %s", what, sotto_status_name(status));
    if (code != 0) assert_int_equal(offer.signed_id, 4711);
}

/* T30, T31: one part of a true bundle replaced. */
static void test_T30_T31_bundles_of_03(void **state) {
    (void)state;
    two t;
    crypto_signature signature;
    omemo_own own;
    two_start(&t);
    sotto_bytes whole = bundle_written(&t, &omemo_dialect_03, &signature);
    bundle_refused(&t, (const char *)whole.at, 0, "whole");
    assert_code(omemo_own_load(&t.juliet->env, &own), 0);
    const char *id = (const char *)world_text(&t.w, "signedPreKeyId='%u'", own.signed_id).at;
    const struct {
        const char *what, *part, *with;
        int code;
    } cases[] = {
        {"a signed prekey with the id 0 (lurch)", id, "signedPreKeyId='0'", 0},
        {"a signed prekey with an id of 32 bits", id, "signedPreKeyId='4294967295'", 0},
        {"blanks and line breaks around base64", "<identityKey>", "<identityKey>\n   ", 0},
        {"an id of 33 bits", id, "signedPreKeyId='4294967296'", SOTTO_E_MALFORMED},
        {"no id", id, "", SOTTO_E_MALFORMED},
        {"no identity", "identityKey>", "identity>", SOTTO_E_MALFORMED},
        {"no signature", "<signedPreKeySignature>", "<s/><signedPreKeySignature xmlns='other'>", SOTTO_E_MALFORMED},
        {"two identities", "<identityKey>", "<identityKey>BQ==</identityKey><identityKey>", SOTTO_E_MALFORMED},
        {"two lists", "<prekeys>", "<prekeys/><prekeys>", SOTTO_E_MALFORMED},
        {"an empty list", "<prekeys>", "<prekeys/><other>", SOTTO_E_NO_PREKEY},
        {"a key of another type", "<identityKey>B", "<identityKey>C", SOTTO_E_MALFORMED},
        {"a key of another length", "<identityKey>", "<identityKey>AAAA", SOTTO_E_MALFORMED},
        {"a prekey without an id", "<prekeys>", "<prekeys><preKeyPublic>BQ==</preKeyPublic>", SOTTO_E_MALFORMED},
        {"no bundle", "<bundle", "<other", SOTTO_E_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sotto_bytes changed = whole;
        /* A start tag that takes another's place takes its end tag along. */
        if (strncmp(cases[i].with, "<prekeys/><other>", 17) == 0)
            changed = world_replace(&t.w, changed, "</prekeys>", "</other>");
        if (strcmp(cases[i].with, "<other") == 0) changed = world_replace(&t.w, changed, "</bundle>", "</other>");
        if (strcmp(cases[i].part, "identityKey>") == 0)
            changed = world_replace(&t.w, changed, "</identityKey>", "</identity>");
        changed = world_replace(&t.w, changed, cases[i].part, cases[i].with);
        bundle_refused(&t, (const char *)changed.at, cases[i].code, cases[i].what);
    }
    /* Another signature, and that of the other dialect over the same key. */
    omemo_self *self = t.juliet->self;
    seal_env *env = &t.juliet->env;
    for (unsigned i = 0; i < 2; i++) {
        crypto_signature wrong = i == 0 ? signature : own.signatures[0];
        if (i == 0) wrong.bytes[3] ^= 1;
        bytes_buffer out;
        stanza_writer w;
        bytes_buffer_owned(&out, sotto_host_default(), 1u << 20);
        stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
        assert_code(omemo_bundle_write(&w, &omemo_dialect_03, env, &own, &self->identity, &wrong), 0);
        bytes_buffer_u8(&out, 0);
        bundle_refused(&t, (const char *)out.at, SOTTO_E_BAD_SIGNATURE, "signature");
        bytes_buffer_free(&out);
    }
    bytes_wipe(&own, sizeof own);
    two_end(&t);
}

int header_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers_of_03),
        cmocka_unit_test(test_too_many_keys),
        cmocka_unit_test(test_written_headers_are_read),
        cmocka_unit_test(test_lists_of_03),
        cmocka_unit_test(test_written_bundles_are_read),
        cmocka_unit_test(test_T30_T31_bundles_of_03),
    };
    return cmocka_run_group_tests_name("header", tests, NULL, NULL);
}
