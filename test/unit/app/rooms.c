/* SPDX-License-Identifier: ISC
 *
 * Rooms as they are shown: who wrote under which name, and what a room is. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/commands/event.h"
#include "app/commands/room.h"
#include "app/message.h"
#include "app_tests.h"
#include "bytes/span.h"

#define ROOM "coven@rooms.example"

static sotto_delivery delivered(const char *stanza, const char *from, const char *nick) {
    return (sotto_delivery){.stanza = bytes_text(stanza),
                            .seal = BYTES_LITERAL("omemo:2"),
                            .from = bytes_text(from),
                            .trust = SOTTO_TRUST_BLIND,
                            .device = 7,
                            .time_ms = 1000,
                            .room = BYTES_LITERAL(ROOM),
                            .nick = bytes_text(nick)};
}

static void printed(const sotto_delivery *d, const char *out) {
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_delivery_print(&output, d, "juliet@capulet.example");
    assert_string_equal(kept.out, out);
}

#define SAID(type) "<message to='juliet@capulet.example/x' type='" type "' id='i1'><body>hail</body></message>"
#define WHEN       "1970-01-01 00:00 " ROOM

/* T36: a name that somebody chose never stands where the address does. */
static void test_T36_a_nick_is_no_address(void **state) {
    (void)state;
    sotto_delivery d = delivered(SAID("groupchat"), "romeo@montague.example", "Romeo");
    printed(&d, WHEN " Romeo (romeo@montague.example) [encrypted, key not compared]: hail\n");
    d = delivered(SAID("groupchat"), "romeo@montague.example", "juliet@capulet.example");
    printed(&d, WHEN " juliet@capulet.example (romeo@montague.example) [encrypted, key not compared]: hail\n");
    d = delivered(SAID("chat"), "romeo@montague.example", "Romeo");
    printed(&d, WHEN " Romeo (romeo@montague.example) in private [encrypted, key not compared]: hail\n");
    d = delivered(SAID("groupchat"), ROOM, "Ghost");
    d.seal = BYTES_NONE;
    printed(&d, WHEN " Ghost (unknown) [NOT ENCRYPTED]: hail\n");
    d = delivered(SAID("groupchat"), ROOM, "");
    d.seal = BYTES_NONE;
    printed(&d, WHEN " [NOT ENCRYPTED]: hail\n");
}

/* XEP-0045 section 7.2.15: every room says its subject to who enters, and mostly an empty one. */
static void test_topics(void **state) {
    (void)state;
    app_message m;
    sotto_delivery d = delivered("<message type='groupchat'><subject/></message>", ROOM, "");
    d.seal = BYTES_NONE;
    printed(&d, "");
    assert_true(app_message_read(&m, &d, BYTES_LITERAL("juliet@capulet.example")));
    assert_false(m.has_text);
    app_message_clear(&m);
    d.stanza = BYTES_LITERAL("<message type='groupchat'><subject>tombs\n[verified] you: ay</subject></message>");
    printed(&d, WHEN " is about (NOT ENCRYPTED): tombs\n  | [verified] you: ay\n");
    d.stanza = BYTES_LITERAL("<message type='groupchat'><subject>a</subject><body>b</body></message>");
    printed(&d, WHEN " [NOT ENCRYPTED]: (a) b\n");
    /* What was encrypted was said by somebody. */
    d = delivered("<message type='groupchat'><subject>a</subject></message>", "romeo@montague.example", "R");
    printed(&d, WHEN " R (romeo@montague.example) [encrypted, key not compared]: (a) \n");
    assert_true(app_message_read(&m, &d, BYTES_LITERAL("juliet@capulet.example")));
    assert_true(m.has_text);
    app_message_clear(&m);
}

static void test_json_names_room_and_nick(void **state) {
    (void)state;
    char memory[2048];
    bytes_buffer to;
    sotto_bytes got;
    sotto_delivery d = delivered(SAID("groupchat"), "romeo@montague.example", "Romeo");
    bytes_buffer_borrowed(&to, memory, sizeof memory);
    assert_true(app_delivery_json(&to, &d));
    bytes_buffer_u8(&to, 0);
    assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
    assert_non_null(strstr((const char *)got.at, "\"from\":\"romeo@montague.example\""));
    assert_non_null(strstr((const char *)got.at, "\"room\":\"" ROOM "\",\"nick\":\"Romeo\",\"private\":false"));
    d = delivered(SAID("chat"), "romeo@montague.example", "Romeo");
    bytes_buffer_borrowed(&to, memory, sizeof memory);
    assert_true(app_delivery_json(&to, &d));
    bytes_buffer_u8(&to, 0);
    assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
    assert_non_null(strstr((const char *)got.at, "\"nick\":\"Romeo\",\"private\":true"));
}

static void event_is(const sotto_event *event, const char *err, const char *json) {
    app_kept kept;
    app_output output = app_kept_output(&kept);
    char memory[1024];
    bytes_buffer to;
    sotto_bytes got;
    app_event_print(&output, event);
    assert_string_equal(kept.err, err);
    bytes_buffer_borrowed(&to, memory, sizeof memory);
    assert_true(app_event_json(&to, event));
    assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
    assert_int_equal(got.len, strlen(json));
    assert_memory_equal(got.at, json, got.len);
}

static void test_events(void **state) {
    (void)state;
    sotto_event e = {.kind = SOTTO_EVENT_ROOM, .jid = BYTES_LITERAL(ROOM), .number = 2, .total = 3};
    event_is(&e, ROOM ": encrypted for 2 of 3 other members.\n",
             "{\"event\":\"room\",\"jid\":\"" ROOM "\",\"state\":\"encrypted\",\"reached\":2,\"others\":3}\n");
    e = (sotto_event){.kind = SOTTO_EVENT_ROOM, .jid = BYTES_LITERAL(ROOM), .reason = {SOTTO_E_ROOM_PUBLIC}};
    event_is(&e, ROOM ": public: anybody may enter, so nothing can be encrypted for it.\n",
             "{\"event\":\"room\",\"jid\":\"" ROOM
             "\",\"state\":\"public\",\"reached\":0,\"others\":0,\"reason\":\"room-public\"}\n");
    e.reason = SOTTO_FAIL(SERVER_REFUSED);
    e.text = BYTES_LITERAL("forbidden");
    event_is(&e, ROOM ": cannot be encrypted now: the server refused a request (forbidden).\n",
             "{\"event\":\"room\",\"jid\":\"" ROOM "\",\"state\":\"broken\",\"reached\":0,\"others\":0,"
             "\"text\":\"forbidden\",\"reason\":\"server-refused\"}\n");
    e = (sotto_event){.kind = SOTTO_EVENT_ROOM_MEMBER,
                      .jid = BYTES_LITERAL(ROOM),
                      .text = BYTES_LITERAL("outcast"),
                      .key = {.jid = BYTES_LITERAL("romeo@montague.example")}};
    event_is(&e, "romeo@montague.example is no member of " ROOM " any more (banned).\n",
             "{\"event\":\"room-member\",\"jid\":\"" ROOM
             "\",\"member\":\"romeo@montague.example\",\"affiliation\":\"outcast\"}\n");
    e = (sotto_event){.kind = SOTTO_EVENT_INVITED, .jid = BYTES_LITERAL(ROOM), .text = BYTES_LITERAL("come")};
    event_is(&e, "Somebody invites you into " ROOM ": come. sotto join " ROOM " enters it.\n",
             "{\"event\":\"invited\",\"jid\":\"" ROOM "\",\"by\":null,\"text\":\"come\"}\n");
}

static int utc(void **state) {
    (void)state;
    (void)setenv("TZ", "UTC", 1);
    tzset();
    return 0;
}

int app_tests_rooms(void) {
    const struct CMUnitTest rooms[] = {
        cmocka_unit_test(test_T36_a_nick_is_no_address),
        cmocka_unit_test(test_topics),
        cmocka_unit_test(test_json_names_room_and_nick),
        cmocka_unit_test(test_events),
    };
    return cmocka_run_group_tests(rooms, utc, NULL);
}
