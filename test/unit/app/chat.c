/* SPDX-License-Identifier: ISC
 *
 * Conversations without a session: what messages say, the lines they become (golden), stanzas, what is typed. */
#include "app_tests.h"

#include <string.h>

#include "app/chat/compose.h"
#include "app/chat/view.h"
#include "bytes/span.h"
#include "stanza/element.h"

#define OWN   "juliet@capulet.example"
#define ROMEO "romeo@montague.example"
#define ROOM  "orchard@rooms.example"

/* ---- what a message says ---- */

#define MESSAGE(inside) "<message from='" ROMEO "/o' to='" OWN "/b' type='chat' id='i1'>" inside "</message>"

static sotto_delivery delivered(const char *stanza) {
    return (sotto_delivery){.stanza = bytes_text(stanza),
                            .seal = BYTES_LITERAL("omemo:2"),
                            .from = BYTES_LITERAL(ROMEO),
                            .trust = SOTTO_TRUST_VERIFIED,
                            .device = 7,
                            .time_ms = 60000,
                            .answerable = true};
}

static void test_message(void **state) {
    (void)state;
    app_message m;
    sotto_delivery d = delivered(
        MESSAGE("<body>But soft</body><replace xmlns='urn:xmpp:message-correct:0' id='i0'/>"
                "<request xmlns='urn:xmpp:receipts'/><active xmlns='http://jabber.org/protocol/chatstates'/>"));
    assert_true(app_message_read(&m, &d, BYTES_LITERAL(OWN)));
    assert_true(bytes_is(m.entry.with, ROMEO) && bytes_is(m.entry.who, ROMEO) && bytes_is(m.entry.id, "i1"));
    assert_true(bytes_is(m.entry.body, "But soft") && bytes_is(m.entry.corrects, "i0"));
    assert_true(m.has_text && m.asks_receipt && m.answerable && !m.error && m.receipt.len == 0);
    assert_int_equal(m.typing, APP_TYPING_ACTIVE);
    assert_int_equal(m.entry.direction, APP_RECEIVED);
    app_message_clear(&m);

    d = delivered(MESSAGE("<received xmlns='urn:xmpp:receipts' id='i9'/>"));
    assert_true(app_message_read(&m, &d, BYTES_LITERAL(OWN)));
    assert_true(!m.has_text && bytes_is(m.receipt, "i9"));
    app_message_clear(&m);

    /* By another device of the account: the conversation is with whom it went to. */
    d = delivered("<message from='" OWN "/x' to='" ROMEO "' type='chat'><body>Ay me</body></message>");
    d.from = BYTES_LITERAL(OWN);
    assert_true(app_message_read(&m, &d, BYTES_LITERAL(OWN)));
    assert_true(bytes_is(m.entry.with, ROMEO) && m.entry.elsewhere && m.entry.direction == APP_SENT);
    assert_int_equal(m.entry.fate, APP_FATE_SENT);
    app_message_clear(&m);

    /* The body of a file is its key: the name stands instead (T34: as it would be here). */
#define KEY "000102030405060708090a0b000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    d = delivered(MESSAGE("<body>aesgcm://a.example/x/..%2Fbalcony.jpg#" KEY "</body>"));
    assert_true(app_message_read(&m, &d, BYTES_LITERAL(OWN)));
    assert_true(m.has_text && bytes_is(m.entry.body, "[a file: balcony.jpg]"));
    app_message_clear(&m);
    assert_true(app_message_read_sent(
        &m,
        BYTES_LITERAL("<message to='" ROMEO "' type='chat'><body>aesgcm://a.example/b.txt#" KEY "</body></message>"),
        BYTES_LITERAL(OWN), 1));
    assert_true(bytes_is(m.entry.body, "[a file: b.txt]"));
    app_message_clear(&m);
    d = delivered(MESSAGE("<body>see aesgcm://a.example/b.txt#" KEY "</body>"));
    assert_true(app_message_read(&m, &d, BYTES_LITERAL(OWN)));
    assert_true(bytes_starts_with(m.entry.body, BYTES_LITERAL("see aesgcm:"))); /* a text like any other */
    app_message_clear(&m);

    /* In the clear no trust is claimed, whatever the delivery says. */
    d = delivered(MESSAGE("<body>x</body>"));
    d.seal = BYTES_NONE;
    assert_true(app_message_read(&m, &d, BYTES_LITERAL(OWN)));
    assert_int_equal(m.entry.trust, SOTTO_TRUST_UNDECIDED);
    app_message_clear(&m);

    d = delivered("<message from='" ROOM "/nick' type='groupchat'><body>x</body></message>");
    d.room = BYTES_LITERAL(ROOM);
    d.nick = BYTES_LITERAL("nick");
    assert_true(app_message_read(&m, &d, BYTES_LITERAL(OWN)));
    assert_true(m.entry.room && bytes_is(m.entry.with, ROOM) && bytes_is(m.entry.nick, "nick"));
    assert_true(bytes_is(m.entry.who, ROMEO));
    app_message_clear(&m);
    assert_false(m.entry.private);
    d.stanza = BYTES_LITERAL("<message from='" ROOM "/nick' type='chat'><body>x</body></message>");
    assert_true(app_message_read(&m, &d, BYTES_LITERAL(OWN)));
    assert_true(m.entry.private && m.entry.room && bytes_is(m.entry.with, ROOM) && bytes_is(m.entry.who, ROMEO));
    app_message_clear(&m);
    d.from = BYTES_LITERAL(ROOM); /* the room does not say who (T36) */
    assert_true(app_message_read(&m, &d, BYTES_LITERAL(OWN)));
    assert_int_equal(m.entry.who.len, 0);
    app_message_clear(&m);

    d = delivered("<presence/>");
    assert_false(app_message_read(&m, &d, BYTES_LITERAL(OWN)));
    app_message_clear(&m);
    d = delivered("<message");
    assert_false(app_message_read(&m, &d, BYTES_LITERAL(OWN)));
    app_message_clear(&m);
}

/* ---- lines ---- */

typedef struct shown {
    app_kept kept;
    app_output output;
    app_view view;
} shown;

static shown the_shown;

static shown *begin(bool room, bool json) {
    shown *s = &the_shown;
    s->output = app_kept_output(&s->kept);
    app_view_begin(&s->view, &s->output, room ? ROOM : ROMEO, room, json);
    s->view.year = 70; /* the day of all these messages was said */
    s->view.day = 1;
    return s;
}

/* What was shown since the last time. */
static void shows(shown *s, const char *wanted) {
    assert_string_equal(s->kept.out, wanted);
    assert_string_equal(s->kept.err, "");
    s->kept.out_len = 0;
    s->kept.out[0] = '\0';
}

static app_entry said(const char *id, const char *body) {
    return (app_entry){.time_ms = 60000,
                       .trust = SOTTO_TRUST_VERIFIED,
                       .device = 7,
                       .with = BYTES_LITERAL(ROMEO),
                       .who = BYTES_LITERAL(ROMEO),
                       .id = bytes_text(id),
                       .seal = BYTES_LITERAL("omemo:2"),
                       .body = bytes_text(body)};
}

static app_entry sent(const char *id, const char *body, app_fate fate) {
    app_entry entry = said(id, body);
    entry.direction = APP_SENT;
    entry.fate = fate;
    entry.who = BYTES_LITERAL(OWN);
    return entry;
}

static void entry_shows(shown *s, app_entry entry, const char *wanted) {
    app_view_entry(&s->view, &entry, false);
    shows(s, wanted);
}

static void test_marks(void **state) {
    (void)state;
    shown *s = begin(false, false);
    app_entry entry = said("1", "But soft");
    entry_shows(s, entry, "00:01 [verified] romeo: But soft\n");
    entry.trust = SOTTO_TRUST_BLIND;
    entry_shows(s, entry, "00:01 [not compared] romeo: But soft\n");
    entry.trust = SOTTO_TRUST_UNDECIDED;
    entry_shows(s, entry, "00:01 [key not accepted] romeo: But soft\n");
    entry.trust = SOTTO_TRUST_DISTRUSTED;
    entry_shows(s, entry, "00:01 [KEY REFUSED] romeo: But soft\n");
    entry.seal = BYTES_NONE;
    entry_shows(s, entry, "00:01 [NOT ENCRYPTED] romeo: But soft\n");
    entry.time_doubtful = true;
    entry.subject = BYTES_LITERAL("light");
    entry_shows(s, entry, "00:01 (says the sender) [NOT ENCRYPTED] romeo: (light) But soft\n");
    s->view.day = 0;
    entry_shows(s, said("2", "x"), "-- 1970-01-01 --\n00:01 [verified] romeo: x\n");
}

static void test_fates(void **state) {
    (void)state;
    shown *s = begin(false, false);
    entry_shows(s, sent("1", "a", APP_FATE_SENT), "00:01 [verified] you: a\n");
    entry_shows(s, sent("2", "b", APP_FATE_ARRIVED), "00:01 [verified, arrived] you: b\n");
    entry_shows(s, sent("3", "c", APP_FATE_CLAIMED), "00:01 [verified, arrived, says a receipt in the clear] you: c\n");
    entry_shows(s, sent("4", "d", APP_FATE_WAITING), "00:01 [waiting, not sent yet] you: d\n");
    entry_shows(s, sent("5", "e", APP_FATE_HELD), "00:01 [HELD, not sent] you: e\n");
    entry_shows(s, sent("6", "f", APP_FATE_FAILED), "00:01 [NOT SENT] you: f\n");
    entry_shows(s, sent("7", "g", APP_FATE_RETURNED), "00:01 [verified, CAME BACK] you: g\n");
    app_entry entry = sent("8", "h", APP_FATE_SENT);
    entry.elsewhere = true;
    entry_shows(s, entry, "00:01 [verified] you (another device): h\n");
    app_view_fate(&s->view, BYTES_LITERAL("1"), APP_FATE_ARRIVED);
    shows(s, "      arrived: \"a\"\n");
    app_view_fate(&s->view, BYTES_LITERAL("1"), APP_FATE_RETURNED);
    shows(s, "      CAME BACK: \"a\"\n");
    app_view_fate(&s->view, BYTES_LITERAL("unknown"), APP_FATE_ARRIVED);
    app_view_fate(&s->view, BYTES_LITERAL(""), APP_FATE_ARRIVED);
    shows(s, "");
}

/* T6: only whoever wrote a message, with the same key and as well protected, corrects it. */
static void test_corrections(void **state) {
    (void)state;
    shown *s = begin(false, false);
    app_entry first = said("1", "Wherfore"), next = said("2", "Wherefore");
    next.corrects = BYTES_LITERAL("1");
    entry_shows(s, first, "00:01 [verified] romeo: Wherfore\n");
    entry_shows(s, next, "00:01 [verified] romeo corrects \"Wherfore\": Wherefore\n");
#define NOT_THEIRS " (says that this corrects an earlier message, which is not known to be theirs): Wherefore\n"
    next.fingerprint[0] = 1;
    entry_shows(s, next, "00:01 [verified] romeo" NOT_THEIRS);
    next.fingerprint[0] = 0;
    next.seal = BYTES_NONE;
    entry_shows(s, next, "00:01 [NOT ENCRYPTED] romeo" NOT_THEIRS);
    next = said("3", "Wherefore");
    next.corrects = BYTES_LITERAL("9");
    entry_shows(s, next, "00:01 [verified] romeo" NOT_THEIRS);
    entry_shows(s, sent("4", "mine", APP_FATE_SENT), "00:01 [verified] you: mine\n");
    next.corrects = BYTES_LITERAL("4"); /* ours is nothing they can correct */
    entry_shows(s, next, "00:01 [verified] romeo" NOT_THEIRS);
}

/* The mark stands in front of everything that somebody else chose (T33). */
static void test_forgeries(void **state) {
    (void)state;
    shown *s = begin(false, false);
    entry_shows(s, said("1", "x\n00:02 [verified] you: y\xe2\x80\xae\x1b[2J"),
                "00:01 [verified] romeo: x\n  | 00:02 [verified] you: y\xef\xbf\xbd\xef\xbf\xbd[2J\n");
    entry_shows(s, said("2", "/me waves"), "00:01 [verified] * romeo waves\n");
    entry_shows(s, said("3", "/metal"), "00:01 [verified] romeo: /metal\n");
    s = begin(true, false);
    app_entry entry = said("4", "z");
    entry.room = true;
    entry.trust = SOTTO_TRUST_BLIND;
    entry.nick = BYTES_LITERAL("you: hello\n00:01 [verified] nurse");
    entry_shows(s, entry, "00:01 [not compared] you: hello 00:01 [verified] nurse (" ROMEO "): z\n");
    entry.who = BYTES_NONE;
    entry.nick = BYTES_LITERAL("romeo");
    entry_shows(s, entry, "00:01 [not compared] romeo (the room does not say who): z\n");
}

/* What was said to one alone never looks like what was said to all of them, and neither corrects the other. */
static void test_private(void **state) {
    (void)state;
    shown *s = begin(true, false);
    app_entry all = said("1", "to all"), one = said("2", "to one");
    all.room = one.room = one.private = true;
    all.nick = one.nick = BYTES_LITERAL("romeo");
    entry_shows(s, all, "00:01 [verified] romeo (" ROMEO "): to all\n");
    entry_shows(s, one, "00:01 [verified] romeo (" ROMEO ") in private: to one\n");
    one.id = BYTES_LITERAL("3");
    one.corrects = BYTES_LITERAL("1");
    entry_shows(s, one,
                "00:01 [verified] romeo (" ROMEO
                ") in private (says that this corrects an earlier message, which is not known to be theirs): to one\n");
    one.corrects = BYTES_LITERAL("2");
    entry_shows(s, one, "00:01 [verified] romeo (" ROMEO ") in private corrects \"to one\": to one\n");
    app_entry ours = sent("4", "psst", APP_FATE_SENT);
    ours.room = ours.private = true;
    ours.nick = BYTES_LITERAL("romeo");
    entry_shows(s, ours, "00:01 [encrypted] you to romeo, in private: psst\n");
    s = begin(true, true);
    app_view_entry(&s->view, &ours, false);
    assert_non_null(strstr(s->kept.out, "\"nick\":\"romeo\",\"room\":true,\"private\":true"));
}

static void test_prompts(void **state) {
    (void)state;
    shown *s = begin(false, false);
    s->output.screen.out_terminal = true;
    app_view_typing(&s->view, BYTES_LITERAL(ROMEO), APP_TYPING_COMPOSING);
    app_view_typing(&s->view, BYTES_LITERAL(ROMEO), APP_TYPING_COMPOSING);
    app_view_typing(&s->view, BYTES_LITERAL(ROMEO), APP_TYPING_PAUSED);
    app_entry clear = sent("1", "x", APP_FATE_SENT);
    clear.seal = BYTES_NONE;
    app_view_entry(&s->view, &clear, false);
    assert_string_equal(s->kept.prompt, "romeo is typing> romeo> romeo (NOT ENCRYPTED)> ");
}

static void test_events(void **state) {
    (void)state;
    shown *s = begin(false, false);
    sotto_event event = {.kind = SOTTO_EVENT_HELD, .ticket = 1, .jid = BYTES_LITERAL(ROMEO)};
    event.reason = SOTTO_FAIL(NO_TRUSTED_DEVICE);
    app_view_event(&s->view, &event, OWN, BYTES_LITERAL("But soft"));
    shows(s, "!! Held, not sent: \"But soft\": no device of theirs is accepted. /devices shows the new ones; compare, "
             "then /trust NUMBER. Nothing left unencrypted.\n");
    event.kind = SOTTO_EVENT_REFUSED;
    event.reason = SOTTO_FAIL(NO_DEVICE);
    app_view_event(&s->view, &event, OWN, BYTES_LITERAL("But soft"));
    shows(s,
          "!! NOT SENT: \"But soft\": they have no device that can read encrypted messages. /devices looks again.\n");
    event = (sotto_event){.kind = SOTTO_EVENT_LEFT_OUT, .ticket = 1, .jid = BYTES_LITERAL(ROMEO)};
    event.reason = SOTTO_FAIL(NO_TRUSTED_DEVICE);
    event.key.device = 31;
    app_view_event(&s->view, &event, OWN, BYTES_NONE);
    shows(s, "!! Device 31 of " ROMEO " cannot read what you send: its key 00000000... is not accepted. /devices, "
             "compare, then /trust NUMBER.\n");
    event = (sotto_event){.kind = SOTTO_EVENT_KEY_ALARM, .jid = BYTES_LITERAL(ROMEO)};
    event.reason = SOTTO_FAIL(KEY_CHANGED);
    event.key.device = 31;
    app_view_event(&s->view, &event, OWN, BYTES_NONE);
    assert_memory_equal(s->kept.out, "!! Warning: device 31 of " ROMEO " turned up with a key that does not", 70);
}

/* The offer says whose device it is and how far its key is trusted: that is what it is decided by. */
static void test_offer(void **state) {
    (void)state;
    shown *s = begin(false, false);
    sotto_event event = {.kind = SOTTO_EVENT_MISSED, .jid = BYTES_LITERAL(ROMEO), .number = 2};
    event.key.device = 31;
    event.key.trust = SOTTO_TRUST_VERIFIED;
    memset(event.key.fingerprint, 0xab, sizeof event.key.fingerprint);
    app_view_event(&s->view, &event, OWN, BYTES_NONE);
    shows(s,
          "!! New device 31 of " ROMEO ", key abababab..., verified: it has not got 2 messages that nobody confirmed. "
          "Ctrl-R sends them again, encrypted; so does /resend. Otherwise nothing is sent.\n");
    event.number = 1;
    event.key.trust = SOTTO_TRUST_BLIND;
    app_view_event(&s->view, &event, OWN, BYTES_NONE);
    shows(s, "!! New device 31 of " ROMEO ", key abababab..., accepted, not compared: it has not got 1 message that "
             "nobody confirmed. Ask them in another way first: whoever added that device reads them. Ctrl-R sends it "
             "again, encrypted; so does /resend. Otherwise nothing is sent.\n");
    s = begin(false, true);
    app_view_event(&s->view, &event, OWN, BYTES_NONE);
    shows(s, "{\"event\":\"missed\",\"jid\":\"" ROMEO "\",\"messages\":1,\"device\":31,\"fingerprint\":\""
             "abababababababababababababababababababababababababababababababab\",\"trust\":\"blind\"}\n");
}

static void test_json(void **state) {
    (void)state;
    shown *s = begin(false, true);
    entry_shows(s, said("1", "But\nsoft"),
                "{\"event\":\"message\",\"with\":\"" ROMEO "\",\"sent\":false,\"from\":\"" ROMEO
                "\",\"room\":false,\"id\":\"1\",\"time\":\"1970-01-01T00:01:00.000Z\",\"body\":\"But\\nsoft\","
                "\"seal\":\"omemo:2\",\"trust\":\"verified\",\"device\":7,\"fingerprint\":"
                "\"0000000000000000000000000000000000000000000000000000000000000000\",\"state\":null,"
                "\"time_doubtful\":false,\"elsewhere\":false,\"old\":false}\n");
    app_view_fate(&s->view, BYTES_LITERAL("7"), APP_FATE_ARRIVED);
    shows(s, "{\"event\":\"state\",\"with\":\"" ROMEO "\",\"id\":\"7\",\"state\":\"arrived\"}\n");
    app_view_typing(&s->view, BYTES_LITERAL(ROMEO), APP_TYPING_COMPOSING);
    shows(s, "{\"event\":\"typing\",\"with\":\"" ROMEO "\",\"from\":\"" ROMEO "\",\"state\":\"composing\"}\n");
    app_view_warning(&s->view, "a \"b\" %s", "c\x1b");
    shows(s, "{\"event\":\"warning\",\"text\":\"a \\\"b\\\" c\xef\xbf\xbd\"}\n");
}

/* ---- what leaves, what is typed ---- */

static void test_stanzas(void **state) {
    (void)state;
    char room[1024];
    bytes_buffer to;
    sotto_bytes made;
    app_chat_text text = {.to = ROMEO, .extras = true, .id = "i", .corrects = "h", .body = BYTES_LITERAL("a<b")};
    bytes_buffer_borrowed(&to, room, sizeof room);
    assert_int_equal(app_chat_put_text(&to, &text).code, 0);
    assert_int_equal(bytes_buffer_end(&to, &made).code, 0);
    assert_true(bytes_is(made, "<message to='" ROMEO "' type='chat' id='i'><body>a&lt;b</body><replace "
                               "xmlns='urn:xmpp:message-correct:0' id='h'/><active "
                               "xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/>"
                               "</message>"));
    bytes_buffer_borrowed(&to, room, sizeof room);
    text.body = BYTES_LITERAL("\x1b");
    assert_int_equal(app_chat_put_text(&to, &text).code, SOTTO_E_MALFORMED);
    bytes_buffer_borrowed(&to, room, sizeof room);
    assert_int_equal(app_chat_put_typing(&to, ROMEO, "i", APP_TYPING_PAUSED).code, 0);
    assert_int_equal(bytes_buffer_end(&to, &made).code, 0);
    assert_true(bytes_is(made, "<message to='" ROMEO "' type='chat' id='i'><paused "
                               "xmlns='http://jabber.org/protocol/chatstates'/><no-store xmlns='urn:xmpp:hints'/>"
                               "</message>"));
}

static void private_is(const char *rest, const char *nick, const char *text) {
    sotto_bytes got_nick, got_text;
    assert_int_equal(app_chat_private(bytes_text(rest), &got_nick, &got_text), nick != NULL);
    if (nick == NULL) return;
    assert_true(bytes_is(got_nick, nick));
    assert_true(bytes_is(got_text, text));
}

/* A name ends where the line says so, whatever names there are in the room: others choose them. */
static void test_private_lines(void **state) {
    (void)state;
    private_is("romeo come hither", "romeo", "come hither");
    private_is("\"Romeo M\" come \"hither\"", "Romeo M", "come \"hither\"");
    private_is("'Romeo M'  come", "Romeo M", "come");
    private_is("o'brien come", "o'brien", "come");
    private_is("romeo", NULL, NULL);
    private_is("", NULL, NULL);
    private_is("\"Romeo M come", NULL, NULL);
    private_is("\"Romeo M\"come", NULL, NULL);
    private_is("\"\" come", NULL, NULL);
    private_is("\"Romeo M\"", NULL, NULL);
    private_is("\"Romeo M\" ", NULL, NULL);
}

static void line_is(const char *line, app_chat_verb verb, const char *rest) {
    sotto_bytes got;
    assert_int_equal(app_chat_line(bytes_text(line), &got), verb);
    assert_true(bytes_is(got, rest));
}

static void test_lines(void **state) {
    (void)state;
    line_is(" two words ", APP_CHAT_SAY, " two words ");
    line_is("//me", APP_CHAT_SAY, "/me");
    line_is("/me waves", APP_CHAT_SAY, "/me waves");
    line_is("/trust  2 ", APP_CHAT_TRUST, "2");
    line_is("/msg romeo come", APP_CHAT_PRIVATE, "romeo come");
    line_is("/quit", APP_CHAT_QUIT, "");
    line_is("/quit\r", APP_CHAT_QUIT, "");
    line_is("/qui", APP_CHAT_UNKNOWN, "/qui");
    line_is("/", APP_CHAT_UNKNOWN, "/");
    line_is("  ", APP_CHAT_NOTHING, "  ");
    line_is("", APP_CHAT_NOTHING, "");
}

int app_tests_chat(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message),     cmocka_unit_test(test_marks),     cmocka_unit_test(test_fates),
        cmocka_unit_test(test_corrections), cmocka_unit_test(test_forgeries), cmocka_unit_test(test_prompts),
        cmocka_unit_test(test_events),      cmocka_unit_test(test_json),      cmocka_unit_test(test_stanzas),
        cmocka_unit_test(test_lines),       cmocka_unit_test(test_private),   cmocka_unit_test(test_private_lines),
        cmocka_unit_test(test_offer),
    };
    return cmocka_run_group_tests_name("app: chat", tests, NULL, NULL);
}
