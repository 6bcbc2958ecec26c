/* SPDX-License-Identifier: ISC
 *
 * What the account knows: notifications, roster, delay stamps, caps. */
#include "context_tests.h"
#include "groups.h"

#include <stdio.h>

#include "context/caps.h"
#include "context/delay.h"
#include "context/notification.h"
#include "context/roster.h"
#include "stanza/time.h"

static bytes_arena arena;

static int setup(void **state) {
    (void)state;
    bytes_arena_init(&arena, sotto_host_default(), 1u << 20);
    return 0;
}
static int teardown(void **state) {
    (void)state;
    bytes_arena_clear(&arena);
    return 0;
}

static const stanza_element *parse(const char *text) {
    const stanza_element *stanza = NULL;
    assert_ok(stanza_parse(&arena, bytes_text(text), &stanza));
    return stanza;
}

/* ---- time ---- */

static void test_times_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-20T09:00:00Z", UINT64_C(1795165200000)},
        {"2026-11-20T09:00:00.5Z", UINT64_C(1795165200500)},
        {"2026-11-20T09:00:00.123456Z", UINT64_C(1795165200123)},
        {"2026-11-20T10:30:00+01:30", UINT64_C(1795165200000)},
        {"2026-11-20T04:00:00-05:00", UINT64_C(1795165200000)},
        {"2000-02-29T00:00:00Z", UINT64_C(951782400000)},
        {"2016-12-31T23:59:60Z", UINT64_C(1483228800000)}, /* a leap second is the second after it */
        {"9999-12-31T23:59:59Z", UINT64_C(253402300799000)},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint64_t ms = 1;
        assert_true(stanza_time_read(bytes_text(good[i].text), &ms));
        assert_true(ms == good[i].ms);
    }
}

static void test_what_is_no_time_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "2026",
                                      "2026-11-20",
                                      "2026-11-20T09:00:00",
                                      "2026-13-20T09:00:00Z",
                                      "2026-00-20T09:00:00Z",
                                      "2026-02-29T09:00:00Z",
                                      "2026-11-31T09:00:00Z",
                                      "2026-11-20T24:00:00Z",
                                      "2026-11-20T09:60:00Z",
                                      "2026-11-20T09:00:61Z",
                                      "2026-11-20T09:00:00+15:00",
                                      "2026-11-20T09:00:00ZZ",
                                      "1969-12-31T23:59:59Z",
                                      "1970-01-01T00:00:00+01:00",
                                      "20261120T09:00:00",
                                      "2026-11-20 09:00:00Z",
                                      "2026-11-20T09:00:00-05:0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t ms = 77;
        assert_false(stanza_time_read(bytes_text(bad[i]), &ms));
        assert_true(ms == 77);
    }
}

static void test_times_written_are_read_again(void **state) {
    (void)state;
    for (uint64_t day = 0; day < 36600; day += 13) {
        uint64_t ms = day * 86400000 + day * 997 % 86400000, again;
        char text[STANZA_TIME_TEXT_SIZE];
        stanza_time_write(ms, text);
        assert_true(stanza_time_read(bytes_text(text), &again));
        assert_true(again == ms);
    }
    char text[STANZA_TIME_TEXT_SIZE];
    stanza_time_write(UINT64_C(1795165200000), text);
    assert_string_equal(text, "2026-11-20T09:00:00.000Z");
    stanza_time_write(UINT64_MAX, text); /* far beyond the format: bounded, not beyond the buffer */
    assert_int_equal(strlen(text), STANZA_TIME_TEXT_SIZE - 1);
}

static void test_delay_stamps(void **state) {
    (void)state;
    uint64_t ms = 5;
    assert_true(context_delay_read(
        parse("<message><delay xmlns='urn:xmpp:delay' stamp='2026-11-20T09:00:00Z'/></message>"), &ms));
    assert_true(ms == UINT64_C(1795165200000));
    ms = 5;
    assert_false(
        context_delay_read(parse("<message><delay xmlns='urn:xmpp:delay' stamp='yesterday'/></message>"), &ms));
    assert_false(
        context_delay_read(parse("<message><delay xmlns='other' stamp='2026-11-20T09:00:00Z'/></message>"), &ms));
    assert_true(ms == 5);
}

/* ---- notifications ---- */

static bool notified(const char *from, const char *inside, context_notification *ret) {
    char text[512];
    snprintf(text, sizeof text, "<message>%s</message>", inside);
    stanza_jid jid;
    if (from != NULL) assert_ok(stanza_jid_parse(&arena, bytes_text(from), &jid));
    return context_notification_read(parse(text), from != NULL ? &jid : NULL, ret);
}

#define EVENT(x) "<event xmlns='http://jabber.org/protocol/pubsub#event'>" x "</event>"

static void test_notifications(void **state) {
    (void)state;
    context_notification n;
    assert_true(notified("romeo@montague.example", EVENT("<items node='n'><item/></items>"), &n));
    assert_true(bytes_is(n.node, "n"));
    assert_non_null(n.items);
    assert_true(notified("romeo@montague.example", EVENT("<purge node='n'/>"), &n));
    assert_null(n.items);
    assert_true(notified("romeo@montague.example", EVENT("<delete node='n'/>"), &n));
    assert_null(n.items);
}

static void test_T4_what_is_no_notification(void **state) {
    (void)state;
    context_notification n;
    static const char *const items = EVENT("<items node='n'/>");
    assert_false(notified(NULL, items, &n));
    assert_false(notified("montague.example", items, &n));
    assert_false(notified("romeo@montague.example/orchard", items, &n));
    assert_false(notified("romeo@montague.example", EVENT("<items/>"), &n));
    assert_false(notified("romeo@montague.example", EVENT(""), &n));
    assert_false(notified("romeo@montague.example", EVENT("<subscription node='n'/>"), &n));
    assert_false(notified("romeo@montague.example", EVENT("<items xmlns='other' node='n'/>"), &n));
    assert_false(notified("romeo@montague.example", EVENT("<items node='n'/>") EVENT("<items node='n'/>"), &n));
    stanza_jid jid;
    assert_ok(stanza_jid_parse(&arena, bytes_text("romeo@montague.example"), &jid));
    assert_false(
        context_notification_read(parse("<message type='error'>" EVENT("<items node='n'/>") "</message>"), &jid, &n));
}

/* ---- roster ---- */

static sotto_status collect(void *arg, const context_roster_item *item) {
    char *text = arg;
    sprintf(text + strlen(text), "%.*s%s%s;", (int)item->jid.len, (const char *)item->jid.at,
            item->sees_our_presence ? "+" : "", item->removed ? "-" : "");
    return SOTTO_OK;
}

static bool roster(const char *iq, const char *from, char *text) {
    stanza_jid jid;
    if (from != NULL) assert_ok(stanza_jid_parse(&arena, bytes_text(from), &jid));
    bool is = true;
    text[0] = 0;
    assert_ok(context_roster_read(parse(iq), from != NULL ? &jid : NULL, bytes_text("juliet@capulet.example"), &arena,
                                  collect, text, &is));
    return is;
}

#define ROSTER(type)                                                                                                   \
    "<iq type='" type "'><query xmlns='jabber:iq:roster'><item jid='A@b.example' subscription='both'/>"                \
    "<item jid='c@d.example' subscription='to'/><item jid='e@f.example' subscription='from'/><item jid='@'/>"          \
    "<item jid='g@h.example' subscription='remove'/></query></iq>"

static void test_rosters(void **state) {
    (void)state;
    char text[256];
    assert_true(roster(ROSTER("result"), NULL, text));
    assert_string_equal(text, "a@b.example+;c@d.example;e@f.example+;g@h.example-;");
    assert_true(roster(ROSTER("set"), "juliet@capulet.example", text));
    assert_int_equal(strlen(text), strlen("a@b.example+;c@d.example;e@f.example+;g@h.example-;"));
}

static void test_T3_rosters_of_others(void **state) {
    (void)state;
    char text[256];
    static const char *const liars[] = {"capulet.example", "juliet@capulet.example/balcony", "mallory@evil.example"};
    for (size_t i = 0; i < 3; i++) {
        assert_false(roster(ROSTER("set"), liars[i], text));
        assert_string_equal(text, "");
    }
    assert_false(roster(ROSTER("get"), NULL, text));
    assert_false(roster("<iq type='result'><query xmlns='other'/></iq>", NULL, text));
}

/* ---- caps ---- */

static void test_caps_hash(void **state) {
    (void)state;
    static const char *const features[] = {"urn:xmpp:omemo:2:devices+notify", NULL};
    sotto_bytes ver;
    assert_ok(context_caps_ver(&arena, features, &ver));
    /* printf 'client/console//Sotto<FEATURES<' | openssl sha1 -binary | base64, features in order, each followed by <
     */
    assert_true(bytes_is(ver, "AGDKbMozvkVDHnCQxs+LtRdhU90="));
}

static void test_caps_refuse_duplicates(void **state) {
    (void)state;
    static const char *const twice[] = {"x", "x", NULL}, *const own[] = {"urn:xmpp:ping", NULL};
    sotto_bytes ver;
    assert_status(context_caps_ver(&arena, twice, &ver), USAGE);
    assert_status(context_caps_ver(&arena, own, &ver), USAGE);
}

static void test_disco_info(void **state) {
    (void)state;
    static const char *const features[] = {"x", NULL};
    char at[2048];
    bytes_buffer buffer;
    bytes_buffer_borrowed(&buffer, at, sizeof at);
    stanza_writer writer;
    stanza_writer_init(&writer, &buffer, STANZA_NS_CLIENT);
    assert_ok(context_caps_info(&writer, &arena, features, bytes_text("n#v")));
    sotto_bytes text;
    assert_ok(bytes_buffer_end(&buffer, &text));
    const stanza_element *query;
    assert_ok(stanza_parse(&arena, text, &query));
    assert_true(bytes_is(stanza_attribute_of(query, "node"), "n#v"));
    const stanza_element *identity = stanza_child(query, "identity", "http://jabber.org/protocol/disco#info");
    assert_true(bytes_is(stanza_attribute_of(identity, "category"), "client"));
    assert_int_equal(stanza_count(query), 5);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest context[] = {
        T(test_times_are_read),
        T(test_what_is_no_time_is_refused),
        T(test_times_written_are_read_again),
        T(test_delay_stamps),
        T(test_notifications),
        T(test_T4_what_is_no_notification),
        T(test_rosters),
        T(test_T3_rosters_of_others),
        T(test_caps_hash),
        T(test_caps_refuse_duplicates),
        T(test_disco_info),
    };
    return cmocka_run_group_tests(context, NULL, NULL) +
           _cmocka_run_group_tests("archive", archive_tests, archive_count, NULL, NULL) +
           _cmocka_run_group_tests("room", room_tests, room_count, NULL, NULL) + trust_message_group() +
           compare_group() + compare_vectors_group();
}
