/* SPDX-License-Identifier: ISC
 *
 * Addresses with fingerprints, in the form of every client that shows them; what is none, with its exact error; and the
 * golden text of what is said about a message that is held. */
#include "app_tests.h"

#include <stdio.h>
#include <string.h>

#include "app/commands/event.h"
#include "app/commands/policy_event.h"
#include "app/home/config.h"
#include "app/verify/uri.h"
#include "bytes/span.h"

/* RFC 8032 section 7.1, test 1: the public key, and its Curve25519 form. */
#define EDWARDS    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define MONTGOMERY "d85e07ec22b0ad881537c2f44d662d1a143cf830c57aca4305d85c7a90f6b62e"
#define FP_A       "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define FP_B       "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define JID        "romeo@montague.example"
#define ZEROS      "0000000000000000000000000000000000000000000000000000000000000000"

static void assert_hex(const uint8_t key[32], const char *wanted) {
    char hex[65];
    for (size_t i = 0; i < 32; i++) (void)snprintf(hex + 2 * i, 3, "%02x", key[i]);
    assert_string_equal(hex, wanted);
}

static app_verify_uri good(const char *text) {
    app_verify_uri uri;
    sotto_status status = app_verify_uri_read(&uri, bytes_text(text));
    if (!sotto_ok(status)) print_error("%s: %s\n", text, sotto_status_name(status));
    assert_int_equal(status.code, 0);
    return uri;
}

static void test_uris_of_each_client(void **state) {
    (void)state;
    static const char *const forms[] = {
        /* Conversations (XmppUri.getFingerprintUri), Monal */
        "xmpp:" JID "?omemo-sid-123=" FP_A ";omemo-sid-2147483647=" FP_B,
        /* Gajim (compose_trust_uri) */
        "xmpp:" JID "?message;omemo-sid-123=" FP_A ";omemo-sid-2147483647=" FP_B,
        /* Conversations' link (getShareableLink) */
        "https://conversations.im/i/" JID "?omemo-sid-123=" FP_A "&omemo-sid-2147483647=" FP_B,
        /* with what else may stand there */
        "  XMPP:Romeo@Montague.Example?otr-fingerprint=811b;omemo-sid-123=" FP_A
        ";name=Romeo;OMEMO-SID-2147483647=" FP_B "#top\n",
        "xmpp:romeo%40montague.example?omemo-sid-123=05" FP_A ";omemo-sid-2147483647=" FP_B ";omemo-sid-123=" FP_A,
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        app_verify_uri uri = good(forms[i]);
        assert_string_equal(uri.jid, JID);
        assert_int_equal(uri.count, 2);
        assert_true(uri.keys[0].has_device && uri.keys[0].device == 123 && !uri.keys[0].distrust);
        assert_hex(uri.keys[0].fingerprint, FP_A);
        assert_int_equal(uri.keys[1].device, 2147483647);
        assert_hex(uri.keys[1].fingerprint, FP_B);
    }
    /* Dino: one key. */
    assert_int_equal(good("xmpp:" JID "?omemo-sid-1=" FP_A).count, 1);
    /* Conversations writes 0 where it does not know the device. */
    assert_false(good("xmpp:" JID "?omemo-sid-0=" FP_A).keys[0].has_device);
}

static void test_kaidans_uri(void **state) {
    (void)state;
    static const char *const forms[] = {"xmpp:" JID "?trust-message;encryption=urn:xmpp:omemo:2;trust=" EDWARDS,
                                        "xmpp:" JID "?trust-message;encryption=urn%3Axmpp%3Aomemo%3A2;trust=" EDWARDS
                                        ";other=x"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        app_verify_uri uri = good(forms[i]);
        assert_int_equal(uri.count, 1);
        assert_false(uri.keys[0].has_device);
        assert_hex(uri.keys[0].fingerprint, MONTGOMERY);
    }
    assert_true(good("xmpp:" JID "?trust-message;encryption=urn:xmpp:omemo:2;distrust=" EDWARDS).keys[0].distrust);
}

static void test_malformed_uris(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int code;
    } rows[] = {
        {"", SOTTO_E_MALFORMED},
        {JID, SOTTO_E_MALFORMED},
        {"mailto:" JID "?omemo-sid-1=" FP_A, SOTTO_E_MALFORMED},
        {"https://conversations.example/i/" JID "?omemo-sid-1=" FP_A, SOTTO_E_MALFORMED},
        {"xmpp://guest@example.com/" JID "?omemo-sid-1=" FP_A, SOTTO_E_MALFORMED},
        {"xmpp:?omemo-sid-1=" FP_A, SOTTO_E_BAD_JID},
        {"xmpp:montague.example?omemo-sid-1=" FP_A, SOTTO_E_BAD_JID},
        {"xmpp:" JID "/phone?omemo-sid-1=" FP_A, SOTTO_E_BAD_JID},
        {"xmpp:%00" JID "?omemo-sid-1=" FP_A, SOTTO_E_MALFORMED},
        {"xmpp:%4?omemo-sid-1=" FP_A, SOTTO_E_MALFORMED},
        {"xmpp:" JID, SOTTO_E_NOT_FOUND},
        {"xmpp:" JID "?", SOTTO_E_NOT_FOUND},
        {"xmpp:" JID "?message;body=hi", SOTTO_E_NOT_FOUND},
        {"xmpp:" JID "?trust-message;encryption=openpgp;trust=0102", SOTTO_E_NOT_FOUND},
        {"xmpp:" JID "?trust-message;trust=" EDWARDS ";encryption=urn:xmpp:omemo:2", SOTTO_E_MALFORMED},
        {"xmpp:" JID "?trust-message;encryption=urn:xmpp:omemo:2;trust=" EDWARDS ";distrust=" EDWARDS,
         SOTTO_E_MALFORMED},
        {"xmpp:" JID "?trust-message;encryption=urn:xmpp:omemo:2;trust=01", SOTTO_E_BAD_KEY},
        /* the neutral element: of small order (T26) */
        {"xmpp:" JID "?trust-message;encryption=urn:xmpp:omemo:2;trust="
         "0100000000000000000000000000000000000000000000000000000000000000",
         SOTTO_E_BAD_KEY},
        {"xmpp:" JID "?omemo-sid-=" FP_A, SOTTO_E_MALFORMED},
        {"xmpp:" JID "?omemo-sid-x=" FP_A, SOTTO_E_MALFORMED},
        {"xmpp:" JID "?omemo-sid--1=" FP_A, SOTTO_E_MALFORMED},
        {"xmpp:" JID "?omemo-sid-01=" FP_A, SOTTO_E_MALFORMED},
        {"xmpp:" JID "?omemo-sid-2147483648=" FP_A, SOTTO_E_MALFORMED},
        {"xmpp:" JID "?omemo-sid-99999999999=" FP_A, SOTTO_E_MALFORMED},
        {"xmpp:" JID "?omemo-sid-1=", SOTTO_E_BAD_KEY},
        {"xmpp:" JID "?omemo-sid-1", SOTTO_E_BAD_KEY},
        {"xmpp:" JID "?omemo-sid-1=" FP_A "00", SOTTO_E_BAD_KEY},
        {"xmpp:" JID "?omemo-sid-1=06" FP_A, SOTTO_E_BAD_KEY},
        {"xmpp:" JID "?omemo-sid-1=g0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf", SOTTO_E_BAD_KEY},
        {"xmpp:" JID "?omemo-sid-1=" FP_A ";omemo-sid-1=" FP_B, SOTTO_E_MALFORMED}, /* one device, two keys */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        app_verify_uri uri = {.count = 77};
        sotto_status status = app_verify_uri_read(&uri, bytes_text(rows[i].text));
        if (status.code != rows[i].code) print_error("%s: %s\n", rows[i].text, sotto_status_name(status));
        assert_int_equal(status.code, rows[i].code);
        assert_int_equal(uri.count, 77); /* untouched */
    }
}

static void test_uris_that_are_too_long(void **state) {
    (void)state;
    static char text[APP_VERIFY_BYTES_MAX + 64];
    app_verify_uri uri;
    size_t len = (size_t)snprintf(text, sizeof text, "xmpp:" JID "?a=");
    memset(text + len, 'x', sizeof text - len);
    assert_int_equal(app_verify_uri_read(&uri, bytes_of((const uint8_t *)text, sizeof text)).code, SOTTO_E_TOO_LARGE);
    len = (size_t)snprintf(text, sizeof text, "xmpp:" JID "?x");
    for (unsigned i = 1; i <= APP_VERIFY_KEYS_MAX + 1; i++) {
        char key[65];
        for (size_t k = 0; k < 32; k++) (void)snprintf(key + 2 * k, 3, "%02x", i);
        len += (size_t)snprintf(text + len, sizeof text - len, ";omemo-sid-%u=%s", i, key);
        assert_int_equal(app_verify_uri_read(&uri, bytes_of((const uint8_t *)text, len)).code,
                         i <= APP_VERIFY_KEYS_MAX ? 0 : SOTTO_E_TOO_LARGE);
    }
}

static void test_what_is_written_is_read_again(void **state) {
    (void)state;
    char room[4096];
    bytes_buffer out;
    sotto_bytes text;
    app_verify_key keys[2] = {{.has_device = true, .device = 7}, {.has_device = true, .device = 2147483647}};
    memset(keys[0].fingerprint, 0xa7, 32);
    memset(keys[1].fingerprint, 0x0b, 32);
    bytes_buffer_borrowed(&out, room, sizeof room);
    app_verify_uri_put(&out, BYTES_LITERAL("j\xc3\xbcrgen/o'neil@x.example"), keys, 2);
    assert_int_equal(bytes_buffer_end(&out, &text).code, 0);
    assert_true(bytes_starts_with(text, BYTES_LITERAL("xmpp:j%c3%bcrgen%2fo%27neil@x.example?omemo-sid-7=a7a7")));
    bytes_buffer_borrowed(&out, room, sizeof room);
    app_verify_uri_put(&out, BYTES_LITERAL("j\xc3\xbcrgen@x.example"), keys, 2);
    assert_int_equal(bytes_buffer_end(&out, &text).code, 0);
    app_verify_uri uri;
    assert_int_equal(app_verify_uri_read(&uri, text).code, 0);
    assert_string_equal(uri.jid, "j\xc3\xbcrgen@x.example");
    assert_int_equal(uri.count, 2);
    assert_memory_equal(uri.keys[1].fingerprint, keys[1].fingerprint, 32);
    uint8_t names[1][32];
    for (unsigned i = 0; i < 32; i++) {
        unsigned byte;
        assert_int_equal(sscanf(&EDWARDS[(size_t)2 * i], "%2x", &byte), 1);
        names[0][i] = (uint8_t)byte;
    }
    bytes_buffer_borrowed(&out, room, sizeof room);
    app_verify_uri_put_trust(&out, BYTES_LITERAL(JID), (const uint8_t(*)[32])names, 1);
    assert_int_equal(bytes_buffer_end(&out, &text).code, 0);
    assert_true(bytes_is(text, "xmpp:" JID "?trust-message;encryption=urn:xmpp:omemo:2;trust=" EDWARDS));
    assert_int_equal(app_verify_uri_read(&uri, text).code, 0);
    assert_hex(uri.keys[0].fingerprint, MONTGOMERY);
}

/* ---- what is said ---- */

static void test_what_is_said_about_a_held_message_is_the_golden_text(void **state) {
    (void)state;
    static char golden[8192], text[8192];
    size_t len = 0;
    FILE *file = fopen(POLICY_FOLDER "/held.txt", "r");
    assert_non_null(file);
    golden[fread(golden, 1, sizeof golden - 1, file)] = 0;
    fclose(file);
    for (uint32_t removed = 0; removed < 3; removed++)
        for (uint32_t fresh = 0; fresh < 3; fresh++) {
            sotto_event event = {.kind = SOTTO_EVENT_HELD,
                                 .jid = BYTES_LITERAL(JID),
                                 .reason = {SOTTO_E_NO_TRUSTED_DEVICE},
                                 .number = fresh,
                                 .total = removed};
            char room[1024];
            bytes_buffer out;
            sotto_bytes said;
            bytes_buffer_borrowed(&out, room, sizeof room);
            app_held_text(&out, &event);
            assert_int_equal(bytes_buffer_end(&out, &said).code, 0);
            len += (size_t)snprintf(text + len, sizeof text - len, "%u new, %u removed: %.*s\n", (unsigned)fresh,
                                    (unsigned)removed, (int)said.len, (const char *)said.at);
        }
    const char *table = strstr(golden, "\n\n0 new");
    assert_non_null(table);
    assert_string_equal(table + 2, text);
}

/* Each event in words, with the command that helps, and as JSON. */
static void test_events(void **state) {
    (void)state;
    static const struct {
        sotto_event event;
        const char *said, *json;
    } rows[] = {
        {{.kind = SOTTO_EVENT_LIST_GONE, .reason = {SOTTO_E_DEVICES_GONE}},
         "Nothing leaves unencrypted. Ask in another way; sotto devices " JID " looks again.\n",
         "{\"event\":\"list-gone\",\"jid\":\"" JID "\",\"reason\":\"devices-gone\"}\n"},
        {{.kind = SOTTO_EVENT_DOUBTFUL, .reason = {SOTTO_E_IN_THE_CLEAR}, .number = 1},
         "a message in the clear came in their name. It is encrypted all the same, and 1 unconfirmed message is kept. "
         "When they have a new device, sotto resend " JID " sends it what they missed.\n",
         "{\"event\":\"doubtful\",\"jid\":\"" JID "\",\"unconfirmed\":1,\"reason\":\"in-the-clear\"}\n"},
        {{.kind = SOTTO_EVENT_DOUBTFUL, .reason = {SOTTO_E_DEVICES_GONE}, .number = 2},
         "",
         "{\"event\":\"doubtful\",\"jid\":\"" JID "\",\"unconfirmed\":2,\"reason\":\"devices-gone\"}\n"},
        {{.kind = SOTTO_EVENT_MISSED, .number = 3, .key = {.device = 7, .trust = SOTTO_TRUST_BLIND}},
         "The new device 7 of " JID " has not got 3 messages that nobody confirmed: sotto resend " JID
         ". Its key was not compared: ask in another way first, or whoever added it reads them.\n",
         "{\"event\":\"missed\",\"jid\":\"" JID "\",\"messages\":3,\"device\":7,\"fingerprint\":\"" ZEROS
         "\",\"trust\":\"blind\"}\n"},
        {{.kind = SOTTO_EVENT_VOUCHED, .key = {.device = 7, .trust = SOTTO_TRUST_VERIFIED}},
         "is verified now: a verified device of juliet@capulet.example said so. sotto distrust " JID
         " 7 takes that back.\n",
         "{\"event\":\"vouched\",\"jid\":\"" JID "\",\"device\":7,\"fingerprint\":\"" ZEROS
         "\",\"trust\":\"verified\",\"by\":\"juliet@capulet.example\"}\n"},
        {{.kind = SOTTO_EVENT_POLICY_ENDED},
         "The time without encryption with " JID " is over: messages to them are encrypted again.\n",
         "{\"event\":\"policy-ended\",\"jid\":\"" JID "\"}\n"},
        {{.kind = SOTTO_EVENT_NEW_KEY, .number = 1, .key = {.device = 9, .trust = SOTTO_TRUST_UNDECIDED}},
         "Another device of yours appeared: 9, key 00000000 00000000..., not accepted yet. If it is yours, sotto "
         "verify "
         "confirms it; if not, sotto distrust " JID " 9.\n",
         NULL},
        {{.kind = SOTTO_EVENT_COMPARE, .number = SOTTO_COMPARE_ASKED},
         JID " wants to compare keys with you: sotto verify " JID ", or /verify in a chat.\n",
         "{\"event\":\"compare\",\"jid\":\"" JID "\",\"stage\":\"asked\",\"string\":null,\"fruitless\":0}\n"},
        {{.kind = SOTTO_EVENT_COMPARE,
          .number = SOTTO_COMPARE_READY,
          .total = 2,
          .text = {(const uint8_t *)"SGV3JLTR", 8}},
         "Compare with " JID ", by voice or side by side: SGV3-JLTR. sotto verify " JID
         " asks whether it is the same on both sides.\n2 comparisons came to nothing since the last good one.\n",
         "{\"event\":\"compare\",\"jid\":\"" JID "\",\"stage\":\"ready\",\"string\":\"SGV3JLTR\",\"fruitless\":2}\n"},
        {{.kind = SOTTO_EVENT_COMPARE, .number = SOTTO_COMPARE_THEY_AGREED, .text = {(const uint8_t *)"SGV3JLTR", 8}},
         JID " said that they see SGV3-JLTR as well. Not answered here yet: sotto verify " JID " asks.\n",
         NULL},
        {{.kind = SOTTO_EVENT_COMPARE, .number = SOTTO_COMPARE_AGREED},
         "Both of you have compared: " JID " and you are verified on both sides.\n",
         "{\"event\":\"compare\",\"jid\":\"" JID "\",\"stage\":\"agreed\",\"string\":null,\"fruitless\":0}\n"},
        {{.kind = SOTTO_EVENT_COMPARE, .number = SOTTO_COMPARE_ABORTED, .reason = {SOTTO_E_DIFFERS}, .total = 1},
         "Nothing was verified by it; compare again, or fingerprints: sotto verify " JID " --fingerprints.\n",
         "{\"event\":\"compare\",\"jid\":\"" JID
         "\",\"stage\":\"aborted\",\"string\":null,\"fruitless\":1,\"reason\":\"differs\"}\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static app_kept kept;
        char room[1024];
        bytes_buffer out;
        sotto_bytes json;
        sotto_event event = rows[i].event;
        event.jid = BYTES_LITERAL(JID);
        if (event.kind == SOTTO_EVENT_VOUCHED) event.text = BYTES_LITERAL("juliet@capulet.example");
        const app_output output = app_kept_output(&kept);
        app_event_warn(&output, &event);
        if (rows[i].said[0] == '\0') assert_string_equal(kept.err, "");
        if (!strstr(kept.err, rows[i].said)) print_error("%s", kept.err);
        assert_non_null(strstr(kept.err, rows[i].said));
        if (!rows[i].json) continue;
        bytes_buffer_borrowed(&out, room, sizeof room);
        assert_true(app_event_json(&out, &event));
        bytes_buffer_u8(&out, 0);
        assert_int_equal(bytes_buffer_end(&out, &json).code, 0);
        assert_string_equal(room, rows[i].json);
    }
}

static void test_the_policy_in_the_settings(void **state) {
    (void)state;
    static const struct {
        const char *line, *wrong;
        sotto_trust_policy policy;
    } rows[] = {
        {"", NULL, SOTTO_BLIND_UNTIL_VERIFIED},
        {"trust = blind-until-verified\n", NULL, SOTTO_BLIND_UNTIL_VERIFIED},
        {"trust = first-use\n", NULL, SOTTO_FIRST_USE},
        {"trust = verified-only\n", NULL, SOTTO_VERIFIED_ONLY},
        {"trust = ca\n", NULL, SOTTO_CERTIFIED},
        {"trust = everybody\n", "neither blind-until-verified nor first-use nor verified-only nor ca", SOTTO_FIRST_USE},
        {"trust = first-use\ntrust = first-use\n", "this is said twice", SOTTO_FIRST_USE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static app_config config, again;
        app_trouble trouble;
        char text[256], room[1024];
        bytes_buffer out;
        sotto_bytes written;
        (void)snprintf(text, sizeof text, "account = " JID "\n%s", rows[i].line);
        assert_int_equal(app_config_parse(&config, bytes_text(text), "account.conf", &trouble), rows[i].wrong == NULL);
        if (rows[i].wrong) {
            assert_non_null(strstr(trouble.text, rows[i].wrong));
            continue;
        }
        assert_int_equal(config.trust, rows[i].policy);
        bytes_buffer_borrowed(&out, room, sizeof room);
        app_config_format(&config, &out);
        assert_int_equal(bytes_buffer_end(&out, &written).code, 0);
        assert_true(app_config_parse(&again, written, "account.conf", &trouble));
        assert_int_equal(again.trust, rows[i].policy);
    }
}

int app_tests_verify(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uris_of_each_client),
        cmocka_unit_test(test_kaidans_uri),
        cmocka_unit_test(test_malformed_uris),
        cmocka_unit_test(test_uris_that_are_too_long),
        cmocka_unit_test(test_what_is_written_is_read_again),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_the_policy_in_the_settings),
        cmocka_unit_test(test_what_is_said_about_a_held_message_is_the_golden_text),
    };
    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
