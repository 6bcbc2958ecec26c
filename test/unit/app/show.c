/* SPDX-License-Identifier: ISC
 *
 * Messages, events and devices as they are shown: golden lines, and texts that try to look like something else. */
#include "app_tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/commands/event.h"
#include "app/keys.h"
#include "bytes/span.h"

#define NS "urn:ietf:params:xml:ns:xmpp-stanzas"

static sotto_delivery delivered(const char *stanza) {
    sotto_delivery d = {.stanza = bytes_text(stanza),
                        .seal = BYTES_LITERAL("omemo:2"),
                        .from = BYTES_LITERAL("romeo@montague.example"),
                        .trust = SOTTO_TRUST_VERIFIED,
                        .device = 31415,
                        .time_ms = 1000};
    memset(d.fingerprint, 0xab, sizeof d.fingerprint);
    return d;
}

static void printed(const sotto_delivery *d, const char *out, const char *err) {
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_delivery_print(&output, d, "juliet@capulet.example");
    assert_string_equal(kept.out, out);
    assert_string_equal(kept.err, err);
}

#define MESSAGE(inside) "<message to='juliet@capulet.example/x' type='chat' id='i1'>" inside "</message>"
#define WHO             "1970-01-01 00:00 romeo@montague.example "

static void test_marks(void **state) {
    (void)state;
    sotto_delivery d = delivered(MESSAGE("<body>But soft</body>"));
    printed(&d, WHO "[encrypted, verified]: But soft\n", "");
    d.trust = SOTTO_TRUST_BLIND;
    printed(&d, WHO "[encrypted, key not compared]: But soft\n", "");
    d.trust = SOTTO_TRUST_UNDECIDED;
    printed(&d, WHO "[encrypted, key not accepted yet]: But soft\n", "");
    d.trust = SOTTO_TRUST_DISTRUSTED;
    printed(&d, WHO "[encrypted, KEY REFUSED]: But soft\n", "");
    d.seal = BYTES_NONE;
    printed(&d, WHO "[NOT ENCRYPTED]: But soft\n", "");
    d.time_doubtful = true;
    printed(&d, "1970-01-01 00:00 (says the sender) romeo@montague.example [NOT ENCRYPTED]: But soft\n", "");
}

/* What another device of the account sent, and what it sent to the account itself. */
static void test_own_messages(void **state) {
    (void)state;
    sotto_delivery d = delivered("<message to='romeo@montague.example/x' type='chat'><body>Ay me</body></message>");
    d.from = BYTES_LITERAL("juliet@capulet.example");
    printed(&d, "1970-01-01 00:00 you \u2192 romeo@montague.example [encrypted, verified]: Ay me\n", "");
    d = delivered(MESSAGE("<body>a note</body>"));
    d.from = BYTES_LITERAL("juliet@capulet.example");
    printed(&d, "1970-01-01 00:00 juliet@capulet.example (to yourself) [encrypted, verified]: a note\n", "");
}

/* Nothing in a text can look like the beginning of a line of ours. */
static void test_texts_cannot_forge(void **state) {
    (void)state;
    sotto_delivery d = delivered(MESSAGE("<subject>a\nb</subject><body>x\n1970-01-01 00:00 nurse@capulet.example "
                                         "[encrypted, verified]: y&#x202e;&#x9b;</body>"));
    printed(&d,
            WHO "[encrypted, verified]: (a b) x\n  | 1970-01-01 00:00 nurse@capulet.example [encrypted, verified]: "
                "y\xef\xbf\xbd\xef\xbf\xbd\n",
            "");
}

static void test_what_was_missed_is_marked(void **state) {
    (void)state;
    sotto_delivery d = delivered(MESSAGE("<body>b</body>"));
    d.archived = true;
    printed(&d, "1970-01-01 00:00 (missed) romeo@montague.example [encrypted, verified]: b\n", "");
}

static void test_what_is_not_shown(void **state) {
    (void)state;
    sotto_delivery d = delivered("<presence><status>x</status></presence>");
    printed(&d, "", "");
    d = delivered(MESSAGE("<body xmlns='urn:other'>x</body>"));
    printed(&d, "", "");
    d = delivered("<message");
    printed(&d, "", "");
}

static void test_what_came_back(void **state) {
    (void)state;
    sotto_delivery d = delivered("<message type='error' id='i1'><body>x</body><error type='cancel'><text xmlns='" NS
                                 "'>t</text><service-unavailable xmlns='" NS "'/></error></message>");
    d.seal = BYTES_NONE;
    printed(&d, "", "A message to romeo@montague.example came back: service-unavailable.\n");
    d = delivered("<message type='error'/>");
    printed(&d, "", "A message to romeo@montague.example came back: unknown.\n");
}

static void json_is(const sotto_delivery *d, const char *wanted) {
    char room[2048];
    bytes_buffer to;
    sotto_bytes got;
    bytes_buffer_borrowed(&to, room, sizeof room);
    assert_true(app_delivery_json(&to, d));
    assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
    assert_int_equal(got.len, strlen(wanted));
    assert_memory_equal(got.at, wanted, got.len);
}

#define AB16 "abababababababab"

static void test_message_as_json(void **state) {
    (void)state;
    sotto_delivery d = delivered(MESSAGE("<subject>s</subject><body>b</body>"));
    json_is(
        &d,
        "{\"event\":\"message\",\"from\":\"romeo@montague.example\",\"to\":\"juliet@capulet.example\",\"id\":\"i1\","
        "\"type\":\"chat\",\"time\":\"1970-01-01T00:00:01.000Z\",\"body\":\"b\",\"subject\":\"s\","
        "\"seal\":\"omemo:2\",\"trust\":\"verified\",\"device\":31415,\"fingerprint\":\"" AB16 AB16 AB16 AB16
        "\",\"time_doubtful\":false,\"carbon\":null,\"archived\":false}\n");
    d.carbon = SOTTO_CARBON_SENT;
    d.archived = true;
    json_is(
        &d,
        "{\"event\":\"message\",\"from\":\"romeo@montague.example\",\"to\":\"juliet@capulet.example\",\"id\":\"i1\","
        "\"type\":\"chat\",\"time\":\"1970-01-01T00:00:01.000Z\",\"body\":\"b\",\"subject\":\"s\","
        "\"seal\":\"omemo:2\",\"trust\":\"verified\",\"device\":31415,\"fingerprint\":\"" AB16 AB16 AB16 AB16
        "\",\"time_doubtful\":false,\"carbon\":\"sent\",\"archived\":true}\n");
    d = delivered("<message/>");
    d.seal = BYTES_NONE;
    json_is(&d,
            "{\"event\":\"message\",\"from\":\"romeo@montague.example\",\"to\":null,\"id\":null,\"type\":\"normal\","
            "\"time\":\"1970-01-01T00:00:01.000Z\",\"body\":null,\"seal\":null,\"trust\":null,\"device\":null,"
            "\"fingerprint\":null,\"time_doubtful\":false,\"carbon\":null,\"archived\":false}\n");
    d = delivered("<message type='error' id='i2'><error><item-not-found xmlns='" NS "'/></error></message>");
    json_is(&d, "{\"event\":\"error\",\"from\":\"romeo@montague.example\",\"to\":null,\"id\":\"i2\",\"type\":\"error\","
                "\"time\":\"1970-01-01T00:00:01.000Z\",\"condition\":\"item-not-found\"}\n");
}

static void test_presence_is_no_json(void **state) {
    (void)state;
    char room[64];
    bytes_buffer to;
    bytes_buffer_borrowed(&to, room, sizeof room);
    sotto_delivery d = delivered("<presence/>");
    assert_false(app_delivery_json(&to, &d));
    assert_int_equal(to.len, 0);
}

/* ---- events ---- */

static sotto_event event_of(sotto_event_kind kind) {
    sotto_event e = {.kind = kind,
                     .jid = BYTES_LITERAL("romeo@montague.example"),
                     .key = {.device = 31415, .known = true, .seal = BYTES_LITERAL("omemo:2")}};
    memset(e.key.fingerprint, 0xab, sizeof e.key.fingerprint);
    return e;
}

static void event_says(const sotto_event *e, const char *text, const char *json) {
    app_kept kept;
    app_output output = app_kept_output(&kept);
    char room[1024];
    bytes_buffer to;
    sotto_bytes got;
    app_event_print(&output, e);
    assert_string_equal(kept.err, text);
    assert_string_equal(kept.out, "");
    bytes_buffer_borrowed(&to, room, sizeof room);
    assert_int_equal(app_event_json(&to, e), json != NULL);
    if (!json) return;
    assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
    assert_int_equal(got.len, strlen(json));
    assert_memory_equal(got.at, json, got.len);
}

static void test_new_keys(void **state) {
    (void)state;
    sotto_event e = event_of(SOTTO_EVENT_NEW_KEY);
    e.key.trust = SOTTO_TRUST_BLIND;
    event_says(&e, "New device of romeo@montague.example: 31415, key abababab abababab..., accepted, not compared.\n",
               "{\"event\":\"new-key\",\"jid\":\"romeo@montague.example\",\"device\":31415,\"fingerprint\":\"" AB16 AB16
                   AB16 AB16 "\",\"seal\":\"omemo:2\",\"trust\":\"blind\",\"this_device\":false}\n");
    e.key.trust = SOTTO_TRUST_UNDECIDED;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_event_warn(&output, &e);
    assert_non_null(strstr(kept.err, "not used until you accept it: sotto devices romeo@montague.example shows it"));
}

static void test_alarms(void **state) {
    (void)state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    sotto_event e = event_of(SOTTO_EVENT_KEY_ALARM);
    e.reason = SOTTO_FAIL(KEY_CHANGED);
    app_event_warn(&output, &e);
    assert_memory_equal(kept.err, "Warning: device 31415 of romeo@montague.example turned up with a key that", 73);
}

static void test_other_events(void **state) {
    (void)state;
    sotto_event e = event_of(SOTTO_EVENT_UNREADABLE);
    e.reason = SOTTO_FAIL(NO_SESSION);
    e.text = BYTES_LITERAL("i7");
    e.key.known = false;
    event_says(&e,
               "A message of romeo@montague.example (device 31415) could not be decrypted: no session with the sending "
               "device.\n",
               "{\"event\":\"unreadable\",\"from\":\"romeo@montague.example\",\"id\":\"i7\",\"device\":31415,"
               "\"fingerprint\":null,\"reason\":\"no-session\"}\n");
    e = event_of(SOTTO_EVENT_DEVICES);
    e.number = 3;
    event_says(&e, "", "{\"event\":\"devices\",\"jid\":\"romeo@montague.example\",\"count\":3}\n");
    e = event_of(SOTTO_EVENT_PUBLISHED);
    e.number = 5;
    event_says(&e, "", "{\"event\":\"published\",\"jid\":\"romeo@montague.example\",\"device\":5}\n");
    e = event_of(SOTTO_EVENT_NOT_PUBLISHED);
    e.reason = SOTTO_FAIL(SERVER_REFUSED);
    e.text = BYTES_LITERAL("no\nroom");
    event_says(
        &e,
        "The keys of this device are not on the server (the server refused a request: no room), so others may not "
        "be able to encrypt to it. It is tried again.\n",
        "{\"event\":\"not-published\",\"jid\":\"romeo@montague.example\",\"reason\":\"server-refused\","
        "\"text\":\"no\\nroom\"}\n");
    e = event_of(SOTTO_EVENT_OPT_OUT);
    e.text = BYTES_LITERAL("why");
    event_says(&e,
               "romeo@montague.example asks to go on without encryption: why. Nothing is sent in the clear: what "
               "you send is held until sotto encrypt romeo@montague.example always, or never, answers.\n",
               "{\"event\":\"opt-out\",\"jid\":\"romeo@montague.example\",\"text\":\"why\"}\n");
    e = event_of(SOTTO_EVENT_REFUSED);
    e.reason = SOTTO_FAIL(STREAM_ERROR);
    e.text = BYTES_LITERAL("policy-violation");
    event_says(&e,
               "A message to romeo@montague.example that had not been confirmed was dropped: the server does not take "
               "it: policy-violation.\n",
               NULL);
    e.reason = SOTTO_FAIL(NO_DEVICE); /* whoever sent it is told */
    event_says(&e, "", NULL);
    e = event_of(SOTTO_EVENT_REFRESHED);
    event_says(&e, "", NULL);
}

/* ---- devices ---- */

static app_keys three_keys(void) {
    app_keys keys = {.count = 3};
    keys.at[0] = (app_key){.device = 1, .known = true, .active = true, .this_device = true, .seal = "omemo:2"};
    keys.at[1] =
        (app_key){.device = 2, .known = true, .trust = SOTTO_TRUST_BLIND, .seal = "omemo:2", .first_seen_ms = 1000};
    keys.at[2] = (app_key){.device = 3, .active = true, .seal = "omemo:2"};
    memset(keys.at[0].fingerprint, 0x11, 32);
    memset(keys.at[1].fingerprint, 0x11, 32);
    keys.at[1].fingerprint[10] = 0x22;
    for (size_t i = 0; i < 2; i++) memcpy(keys.at[i].key, keys.at[i].fingerprint, sizeof keys.at[i].key);
    return keys;
}

#define ONES "11111111 11111111 11111111 11111111 11111111 11111111 11111111 11111111"

static void test_list_of_devices(void **state) {
    (void)state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_keys keys = three_keys();
    app_keys_print(&output, &keys, 5000);
    assert_string_equal(kept.out,
                        " 1   device 1, this one\n     " ONES "\n"
                        " 2   device 2, accepted, not compared, not heard from yet, not on the list any more\n"
                        "     11111111 11111111 11112211 11111111 11111111 11111111 11111111 11111111\n"
                        " 3   device 3, its key could not be read\n");
    output = app_kept_output(&kept);
    keys.at[2].known = true;
    keys.at[2].trust = SOTTO_TRUST_VERIFIED;
    app_keys_print(&output, &keys, 5000);
    assert_non_null(strstr(kept.out, " 2   device 2, accepted, but not used any more: another key was verified, not "));
    output = app_kept_output(&kept);
    keys.count = 1;
    keys.at[0].active = false;
    app_keys_print(&output, &keys, 5000);
    assert_string_equal(kept.out, " 1   device 1, this one, not on the server's list at the moment\n     " ONES "\n");
    output = app_kept_output(&kept);
    keys.at[0].active = true;
    output.screen.out_terminal = true;
    output.screen.width = 50; /* two lines for a fingerprint then */
    keys.count = 1;
    app_keys_print(&output, &keys, 5000);
    assert_string_equal(kept.out, " 1   device 1, this one\n     11111111 11111111 11111111 11111111\n"
                                  "     11111111 11111111 11111111 11111111\n");
}

/* T10: what somebody calls a device stands where nothing else can follow it. */
static void test_labels_cannot_forge(void **state) {
    (void)state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_keys keys = three_keys();
    keys.count = 1;
    (void)snprintf(keys.at[0].label, sizeof keys.at[0].label, "x\", verified\n 2   device 9, verified");
    app_keys_print(&output, &keys, 5000);
    assert_string_equal(kept.out, " 1   device 1, this one\n     " ONES
                                  "\n     calls itself x\", verified  2   device 9, verified\n");
}

static void test_devices_as_json(void **state) {
    (void)state;
    char room[2048];
    bytes_buffer to;
    sotto_bytes got;
    app_keys keys = three_keys();
    keys.at[0] = keys.at[2];
    keys.count = 1;
    bytes_buffer_borrowed(&to, room, sizeof room);
    app_keys_json(&to, &keys, "a@b");
    assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
    const char *wanted = "{\"number\":1,\"jid\":\"a@b\",\"device\":3,\"seal\":\"omemo:2\",\"fingerprint\":null,"
                         "\"trust\":\"undecided\",\"active\":true,\"this_device\":false,\"label\":null,"
                         "\"first_seen\":null,\"last_used\":null}\n";
    assert_int_equal(got.len, strlen(wanted));
    assert_memory_equal(got.at, wanted, got.len);
    (void)snprintf(keys.at[0].label, sizeof keys.at[0].label, "Dino \"here\"");
    bytes_buffer_borrowed(&to, room, sizeof room);
    app_keys_json(&to, &keys, "a@b");
    assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
    assert_non_null(memmem(got.at, got.len, "\"label\":\"Dino \\\"here\\\"\",", 24));
}

static void test_choosing_a_device(void **state) {
    (void)state;
    app_keys keys = three_keys();
    size_t at = 99;
    assert_int_equal(app_keys_choose(&keys, "2", &at), APP_KEYS_ONE);
    assert_int_equal(at, 1);
    assert_int_equal(app_keys_choose(&keys, "0", &at), APP_KEYS_NONE);
    assert_int_equal(app_keys_choose(&keys, "4", &at), APP_KEYS_NONE);
    assert_int_equal(app_keys_choose(&keys, "4294967299", &at), APP_KEYS_NONE); /* 3, were it cut to 32 bits */
    keys.at[1].device = 1886414321;
    assert_int_equal(app_keys_choose(&keys, "1886414321", &at), APP_KEYS_ONE);
    assert_int_equal(at, 1);
    keys.at[2].device = 1886414321;
    assert_int_equal(app_keys_choose(&keys, "1886414321", &at), APP_KEYS_SEVERAL);
    keys = three_keys();
    assert_int_equal(app_keys_choose(&keys, "11111111 11111111", &at), APP_KEYS_SEVERAL);
    assert_int_equal(app_keys_choose(&keys, "11111111 11111111 11", &at), APP_KEYS_SEVERAL);
    assert_int_equal(app_keys_choose(&keys, "11111111 11111111 1111 2", &at), APP_KEYS_ONE);
    assert_int_equal(at, 1);
    assert_int_equal(app_keys_choose(&keys, ONES, &at), APP_KEYS_ONE);
    assert_int_equal(at, 0);
    assert_int_equal(app_keys_choose(&keys, "00000000 00000000", &at), APP_KEYS_NONE); /* the unknown key is all zero */
    assert_int_equal(app_keys_choose(&keys, "12345678 1234567", &at), APP_KEYS_UNREADABLE);
    assert_int_equal(app_keys_choose(&keys, "", &at), APP_KEYS_UNREADABLE);
    assert_int_equal(app_keys_choose(&keys, "-1", &at), APP_KEYS_UNREADABLE);
}

/* A contact whose store came back from a backup: another device, the same key. */
static void test_choosing_a_key_of_two_devices(void **state) {
    (void)state;
    app_keys keys = three_keys();
    size_t at = 99;
    keys.at[2] = keys.at[1]; /* device 2, which is not on the list any more, and 3 */
    keys.at[2].device = 3;
    keys.at[2].active = true;
    assert_int_equal(app_keys_choose(&keys, "11111111 11111111 1111 2", &at), APP_KEYS_ONE);
    assert_int_equal(at, 2);
    keys.at[1].active = true;
    assert_int_equal(app_keys_choose(&keys, "11111111 11111111 1111 2", &at), APP_KEYS_ONE);
    assert_int_equal(at, 1);
    assert_int_equal(app_keys_choose(&keys, "11111111 11111111", &at), APP_KEYS_SEVERAL);
    keys.at[1].key[31] ^= 0x80; /* the same digits, and another key after all: the sign is not in a fingerprint */
    assert_int_equal(app_keys_choose(&keys, "11111111 11111111 1111 2", &at), APP_KEYS_SEVERAL);
}

static int utc(void **state) {
    (void)state;
    if (setenv("TZ", "UTC", 1) != 0) return -1;
    tzset();
    return 0;
}

int app_tests_show(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_own_messages),
        cmocka_unit_test(test_texts_cannot_forge),
        cmocka_unit_test(test_what_was_missed_is_marked),
        cmocka_unit_test(test_what_is_not_shown),
        cmocka_unit_test(test_what_came_back),
        cmocka_unit_test(test_message_as_json),
        cmocka_unit_test(test_presence_is_no_json),
        cmocka_unit_test(test_new_keys),
        cmocka_unit_test(test_alarms),
        cmocka_unit_test(test_other_events),
        cmocka_unit_test(test_list_of_devices),
        cmocka_unit_test(test_labels_cannot_forge),
        cmocka_unit_test(test_devices_as_json),
        cmocka_unit_test(test_choosing_a_device),
        cmocka_unit_test(test_choosing_a_key_of_two_devices),
    };
    return cmocka_run_group_tests_name("app: show", tests, utc, NULL);
}
