/* SPDX-License-Identifier: ISC
 *
 * Live sessions as people and programs are told of them: every event in words and as JSON, lists of sessions, and what
 * stands in front of the line that is typed. */
#include "app_tests.h"

#include <string.h>

#include "app/chat/compose.h"
#include "app/chat/view.h"
#include "app/commands/event.h"
#include "app/commands/live_event.h"
#include "app/keys.h"
#include "app/sessions.h"
#include "bytes/span.h"

#define JID   "romeo@montague.example"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define TEXT(text)                                                                                                     \
    { (const uint8_t *)(text), sizeof(text) - 1 }
#define LIVE_KEY .seal = TEXT("live"), .known = true

typedef struct told {
    sotto_event event;
    const char *said, *json; /* said NULL: nothing */
} told;

static void assert_told(const told *t) {
    static app_kept kept;
    char room[2048];
    bytes_buffer out;
    sotto_bytes json;
    sotto_event event = t->event;
    event.jid = BYTES_LITERAL(JID);
    const app_output output = app_kept_output(&kept);
    app_event_print(&output, &event);
    if (!t->said) assert_string_equal(kept.err, "");
    if (t->said && !strstr(kept.err, t->said)) print_error("%s", kept.err);
    if (t->said) assert_non_null(strstr(kept.err, t->said));
    if (t->said) assert_int_equal(kept.err[kept.err_len - 1], '\n');
    assert_string_equal(kept.out, "");
    if (!t->json) return;
    bytes_buffer_borrowed(&out, room, sizeof room);
    assert_true(app_event_json(&out, &event));
    bytes_buffer_u8(&out, 0);
    assert_int_equal(bytes_buffer_end(&out, &json).code, 0);
    assert_string_equal(room, t->json);
}

static void test_events_about_keys(void **state) {
    (void)state;
    static const told rows[] = {
        {{.kind = SOTTO_EVENT_NEW_KEY, .key = {LIVE_KEY, .trust = SOTTO_TRUST_BLIND}},
         "New live key of " JID ": 00000000 00000000..., accepted, not compared.\n",
         NULL},
        {{.kind = SOTTO_EVENT_NEW_KEY, .key = {LIVE_KEY, .trust = SOTTO_TRUST_UNDECIDED}},
         "not used until you accept it: sotto verify " JID " compares.\n",
         NULL},
        {{.kind = SOTTO_EVENT_NEW_KEY, .key = {LIVE_KEY, .this_device = true}}, NULL, NULL},
        {{.kind = SOTTO_EVENT_QUARANTINED, .key = {LIVE_KEY}},
         "Nothing goes through it until you say so, within ten minutes. Ask them in another way whether they lost "
         "it; then sotto trust " JID " 00000000 00000000.\n",
         "{\"event\":\"quarantined\",\"jid\":\"" JID "\",\"fingerprint\":\"" ZEROS "\"}\n"},
        {{.kind = SOTTO_EVENT_QUARANTINED},
         "They show their key only after yours.",
         "{\"event\":\"quarantined\",\"jid\":\"" JID "\",\"fingerprint\":null}\n"},
        {{.kind = SOTTO_EVENT_MOVED, .text = TEXT("romeo@mantua.example"), .key = {LIVE_KEY}},
         JID " is who was romeo@mantua.example: the same live key, ",
         "{\"event\":\"moved\",\"jid\":\"" JID "\",\"fingerprint\":\"" ZEROS
         "\",\"before\":\"romeo@mantua.example\"}\n"},
        {{.kind = SOTTO_EVENT_MOVED,
          .reason = {SOTTO_E_KEY_CHANGED},
          .text = TEXT("romeo@mantua.example"),
          .key = {LIVE_KEY}},
         "it counts as a new one. Ask in another way before you accept it.\n",
         "{\"event\":\"moved\",\"jid\":\"" JID "\",\"fingerprint\":\"" ZEROS
         "\",\"before\":\"romeo@mantua.example\",\"reason\":\"key-changed\"}\n"},
        {{.kind = SOTTO_EVENT_STATEMENT, .number = 1, .text = TEXT("CN = Romeo"), .key = {LIVE_KEY}},
         "Behind the live key 00000000 00000000... of " JID " stands a certificate: CN = Romeo.\n",
         "{\"event\":\"statement\",\"jid\":\"" JID "\",\"fingerprint\":\"" ZEROS
         "\",\"statement\":\"certificate\",\"whose\":\"CN = Romeo\"}\n"},
        {{.kind = SOTTO_EVENT_STATEMENT,
          .number = 2,
          .reason = {SOTTO_E_NOT_FOUND},
          .text = TEXT("abcd"),
          .key = {LIVE_KEY}},
         "is said to stand an OpenPGP key, abcd; that does not count: your gpg does not know the key.\n",
         "{\"event\":\"statement\",\"jid\":\"" JID "\",\"fingerprint\":\"" ZEROS
         "\",\"statement\":\"openpgp\",\"whose\":\"abcd\",\"reason\":\"not-found\"}\n"},
        {{.kind = SOTTO_EVENT_STATEMENT, .number = 1, .reason = {SOTTO_E_BAD_CERTIFICATE}, .key = {LIVE_KEY}},
         "that does not count: it is not valid today, not for this address, or of no authority that this machine "
         "trusts.\n",
         NULL},
        {{.kind = SOTTO_EVENT_STATEMENT, .number = 3, .reason = {SOTTO_E_NO_TRUSTED_DEVICE}, .key = {LIVE_KEY}},
         NULL,
         NULL},
        {{.kind = SOTTO_EVENT_PASSWORD, .number = SOTTO_PASSWORD_ASKED, .key = {LIVE_KEY}},
         "sotto verify " JID " --password asks for it.\n",
         "{\"event\":\"password\",\"jid\":\"" JID "\",\"fingerprint\":\"" ZEROS "\",\"news\":\"asked\",\"wrong\":0}\n"},
        {{.kind = SOTTO_EVENT_PASSWORD, .number = SOTTO_PASSWORD_WRONG, .total = 3, .key = {LIVE_KEY}},
         "another one (3 wrong so far): a slip, or somebody who does not know it.\n",
         NULL},
        {{.kind = SOTTO_EVENT_PASSWORD, .number = SOTTO_PASSWORD_CONFIRMED, .key = {LIVE_KEY}},
         "typed the same word: the live key 00000000 00000000... is verified.\n",
         NULL},
        {{.kind = SOTTO_EVENT_PASSWORD, .number = SOTTO_PASSWORD_OVER, .reason = {SOTTO_E_TIMEOUT}},
         "Nothing came of the word for " JID ": no word was typed there within ten minutes.\n",
         "{\"event\":\"password\",\"jid\":\"" JID
         "\",\"fingerprint\":null,\"news\":\"over\",\"wrong\":0,\"reason\":\"timeout\"}\n"},
        {{.kind = SOTTO_EVENT_PASSWORD, .number = SOTTO_PASSWORD_OVER, .reason = {SOTTO_E_NO_SESSION}},
         "there is no live session with them, and none could be begun: both have to be online",
         NULL},
        {{.kind = SOTTO_EVENT_PASSWORD, .number = SOTTO_PASSWORD_OVER, .reason = {SOTTO_E_GUESSED_OUT}},
         "there were too many wrong ones. --again allows more.\n",
         NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) assert_told(&rows[i]);
}

static void test_events_about_stanzas(void **state) {
    (void)state;
    static const told rows[] = {
        {{.kind = SOTTO_EVENT_CUT_SHORT, .number = 2, .key = {LIVE_KEY}},
         "was closed, and 2 of what they sent in it are not here",
         "{\"event\":\"cut-short\",\"jid\":\"" JID "\",\"fingerprint\":\"" ZEROS "\",\"count\":2}\n"},
        {{.kind = SOTTO_EVENT_DELIVERY_UNKNOWN, .reason = {SOTTO_E_TIMEOUT}, .text = TEXT("m1")},
         "it is not known whether a message to " JID " arrived",
         "{\"event\":\"delivery-unknown\",\"jid\":\"" JID "\",\"id\":\"m1\",\"reason\":\"timeout\"}\n"},
        {{.kind = SOTTO_EVENT_LIVE_ONLY},
         "a phone that is off, and the archive will not have them. sotto via " JID " stored",
         "{\"event\":\"live-only\",\"jid\":\"" JID "\"}\n"},
        {{.kind = SOTTO_EVENT_LIVE_GONE, .text = TEXT(JID "/orchard")},
         "Nothing leaves unencrypted for that.\n",
         "{\"event\":\"live-gone\",\"jid\":\"" JID "\",\"client\":\"" JID "/orchard\"}\n"},
        {{.kind = SOTTO_EVENT_FALSE_ANSWER, .text = TEXT("q7")},
         "was answered in the clear, in their name. The answer counts for nothing.\n",
         "{\"event\":\"false-answer\",\"jid\":\"" JID "\",\"id\":\"q7\"}\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) assert_told(&rows[i]);
}

/* What somebody else wrote is clean, and one line, wherever it stands. */
static void test_what_others_wrote_is_harmless(void **state) {
    (void)state;
    static app_kept kept;
    const app_output output = app_kept_output(&kept);
    const sotto_event event = {.kind = SOTTO_EVENT_STATEMENT,
                               .number = 1,
                               .jid = BYTES_LITERAL(JID),
                               .text = BYTES_LITERAL("CN = \x1b[2J\nWarning: all is well"),
                               .key = {.known = true}};
    app_event_print(&output, &event);
    assert_null(strchr(kept.err, '\x1b'));
    assert_ptr_equal(strchr(kept.err, '\n'), kept.err + kept.err_len - 1);
}

/* ---- sessions ---- */

static void test_sessions(void **state) {
    (void)state;
    static app_kept kept;
    static app_live_session rows[] = {
        {.jid = JID "/orchard",
         .state = APP_SESSION_READY,
         .known = true,
         .retained = true,
         .trust = SOTTO_TRUST_VERIFIED,
         .group = "X25519MLKEM768",
         .suite = "TLS_AES_128_GCM_SHA256",
         .since_ms = 1000,
         .renewed = 1,
         .stanzas = 12,
         .statements = 1u << 1 | 1u << 3},
        {.jid = JID "/street", .state = APP_SESSION_QUARANTINED, .known = true},
        {.jid = JID "/tomb", .state = APP_SESSION_WAITING, .initiator = true},
        {.jid = JID "/gate", .state = APP_SESSION_OPENING},
    };
    const app_live_sessions sessions = {rows, sizeof rows / sizeof *rows};
    const app_output output = app_kept_output(&kept);
    char room[4096];
    bytes_buffer out;
    sotto_bytes json;
    app_sessions_print(&output, &sessions, 1000 + 35 * 60000);
    assert_string_equal(kept.out, "     " JID "/orchard  verified\n"
                                  "       00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000\n"
                                  "       X25519MLKEM768, TLS_AES_128_GCM_SHA256, and a secret of an earlier session\n"
                                  "       for 35 min, renewed 1 time, begun by them\n"
                                  "       behind the key: a certificate, their OMEMO key\n"
                                  "     " JID "/street  QUARANTINED: nothing goes through it until you confirm it\n"
                                  "       00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000\n"
                                  "     " JID "/tomb  waits until they confirm it\n"
                                  "     " JID "/gate  being opened\n");
    bytes_buffer_borrowed(&out, room, sizeof room);
    app_sessions_json(&out, &(app_live_sessions){rows, 1});
    app_sessions_json(&out, &(app_live_sessions){rows + 2, 1});
    bytes_buffer_u8(&out, 0);
    assert_int_equal(bytes_buffer_end(&out, &json).code, 0);
    assert_string_equal(
        room,
        "{\"event\":\"session\",\"jid\":\"" JID
        "/orchard\",\"state\":\"ready\",\"trust\":\"verified\",\"fingerprint\":\"" ZEROS
        "\",\"group\":\"X25519MLKEM768\",\"cipher\":\"TLS_AES_128_GCM_SHA256\",\"retained\":true,\"initiator\":false,"
        "\"since\":\"1970-01-01T00:00:01.000Z\",\"renewed\":1,\"stanzas\":12,\"certificate\":true,\"openpgp\":false,"
        "\"omemo\":true}\n"
        "{\"event\":\"session\",\"jid\":\"" JID
        "/tomb\",\"state\":\"waiting\",\"trust\":null,\"fingerprint\":null,\"group\":"
        "null,\"cipher\":null,\"retained\":false,\"initiator\":true,\"since\":null,\"renewed\":0,\"stanzas\":0,"
        "\"certificate\":false,\"openpgp\":false,\"omemo\":false}\n");
}

/* ---- in a conversation ---- */

static void test_the_prompt_says_it(void **state) {
    (void)state;
    static app_kept kept;
    static const struct {
        app_view_live live;
        const char *prompt;
    } rows[] = {{APP_VIEW_LIVE, "romeo (live, not compared)> "},
                {APP_VIEW_LIVE_VERIFIED, "romeo (live, verified)> "},
                {APP_VIEW_QUARANTINED, "romeo (live, QUARANTINED)> "},
                {APP_VIEW_NO_LIVE, "romeo> "}};
    app_output output = app_kept_output(&kept);
    static app_view view;
    app_view_begin(&view, &output, JID, false, false);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(kept.prompt, 0, sizeof kept.prompt);
        app_view_live_is(&view, rows[i].live);
        assert_string_equal(kept.prompt, rows[i].prompt);
        memset(kept.prompt, 0, sizeof kept.prompt);
        app_view_live_is(&view, rows[i].live); /* nothing new */
        assert_string_equal(kept.prompt, "");
    }
    view.clear = true; /* what matters more stands there */
    app_view_live_is(&view, APP_VIEW_LIVE_VERIFIED);
    assert_string_equal(kept.prompt, "romeo (NOT ENCRYPTED)> ");
    output = app_kept_output(&kept);
    app_view_begin(&view, &output, JID, false, true);
    app_view_live_is(&view, APP_VIEW_QUARANTINED);
    assert_string_equal(kept.out, "{\"event\":\"live\",\"with\":\"" JID "\",\"state\":\"quarantined\"}\n");
    assert_string_equal(kept.prompt, "");
}

static void test_lines(void **state) {
    (void)state;
    sotto_bytes rest;
    assert_int_equal(app_chat_line(BYTES_LITERAL("/sessions"), &rest), APP_CHAT_SESSIONS);
    assert_int_equal(app_chat_line(BYTES_LITERAL("/via live"), &rest), APP_CHAT_VIA);
    assert_true(bytes_is(rest, "live"));
}

/* Keys of live sessions are keys to decide about, and no devices. */
static void test_live_keys_among_devices(void **state) {
    (void)state;
    static app_kept kept;
    static app_keys keys = {.at = {{.device = 7, .known = true, .active = true, .seal = "omemo:2"},
                                   {.device = 99, .known = true, .live = true, .seal = "live"},
                                   {.device = 98, .known = true, .live = true, .active = true, .seal = "live"},
                                   {.device = 8, .known = true, .active = true, .seal = "omemo:2"}},
                            .count = 4};
    const app_output output = app_kept_output(&kept);
    app_keys_print(&output, &keys, 0);
    assert_non_null(strstr(kept.out, " 1   device 7, not accepted yet"));
    assert_non_null(strstr(kept.out, " 2   live key, not accepted yet, not heard from yet, not in a session now\n"));
    assert_non_null(strstr(kept.out, " 3   live key, not accepted yet, not heard from yet\n"));
    assert_non_null(strstr(kept.out, " 4   device 8, "));
    assert_null(strstr(kept.out, "99"));
    app_keys_devices(&keys);
    assert_int_equal(keys.count, 2);
    assert_int_equal(keys.at[1].device, 8);
}

int app_tests_live(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_about_keys),
        cmocka_unit_test(test_events_about_stanzas),
        cmocka_unit_test(test_what_others_wrote_is_harmless),
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_the_prompt_says_it),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_live_keys_among_devices),
    };
    return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
